//! Which route an item gets, and in whose name it is issued: by the type of permit or letter, as data.

use std::collections::BTreeMap;

use kernel::{Disposition, Fault, MalformedJson};
use serde::{Deserialize, Serialize};

use crate::item::{Attributes, ItemKind};
use crate::route::is_name;

/// No office issues more kinds of paper.
const TYPES: usize = 1_000;
const TEXT_LIMIT: usize = 300;

/// The types of one tenant. Schema: `events/schemas/item-types.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemTypes {
    /// Counts from 1; the highest counts.
    pub version: u32,
    /// Documents: permits.
    #[serde(default)]
    pub document: OfKind,
    /// Residents' letters.
    #[serde(default)]
    pub letter: OfKind,
}

/// The types of one kind of item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfKind {
    /// For every type that is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<ItemType>,
    /// By the name of the type; case and spaces do not matter.
    #[serde(default)]
    pub types: BTreeMap<String, ItemType>,
}

/// What becomes of an item of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemType {
    /// The name of its route.
    pub route: String,
    /// The office in whose name it is issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// What steps may ask about every item of the type.
    #[serde(default)]
    pub attributes: Attributes,
}

/// An office that issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// What it is called, such as `Kepala Dinas Kesehatan`.
    pub office: String,
    /// The unit whose people decide at steps of scope `org_unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_unit: Option<String>,
}

/// A file does not say which routes items get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemTypesError {
    /// Not JSON of the schema.
    #[error("the file is not JSON of item types")]
    Malformed(#[source] MalformedJson),
    /// Versions count from 1.
    #[error("the version is a number from 1")]
    Version,
    /// More types than there are papers.
    #[error("there are at most {TYPES} types")]
    TooMany,
    /// A route, type or office has no name, or one that is too long.
    #[error("a route, type or office has no name, or one of over {TEXT_LIMIT} characters")]
    Text,
    /// Two types differ by case or spaces only.
    #[error("two types differ by case or spaces only")]
    Twice,
}

impl Fault for ItemTypesError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "item_types.malformed",
            Self::Version => "item_types.version",
            Self::TooMany => "item_types.too_many",
            Self::Text => "item_types.text",
            Self::Twice => "item_types.twice",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Malformed(_) | Self::Version | Self::TooMany | Self::Text | Self::Twice => Disposition::Reject,
        }
    }
}

impl ItemTypes {
    /// Reads a file, with the reason where it cannot be used.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ItemTypesError> {
        let types: Self = serde_json::from_slice(bytes).map_err(|error| ItemTypesError::Malformed(error.into()))?;
        if types.version == 0 {
            return Err(ItemTypesError::Version);
        }
        let document = types.document.checked()?;
        let letter = types.letter.checked()?;
        Ok(Self {
            version: types.version,
            document,
            letter,
        })
    }

    /// What becomes of an item of this type.
    #[must_use]
    pub fn of(&self, kind: ItemKind, item_type: Option<&str>) -> Option<&ItemType> {
        let of_kind = match kind {
            ItemKind::Document => &self.document,
            ItemKind::Letter => &self.letter,
        };
        let named = item_type.and_then(|name| of_kind.types.get(&folded(name)));
        named.or(of_kind.default.as_ref())
    }

    /// The names of all routes that items may get.
    pub fn routes(&self) -> impl Iterator<Item = &str> {
        let kinds = [&self.document, &self.letter].into_iter();
        kinds.flat_map(|kind| kind.all().map(|of_type| of_type.route.as_str()))
    }
}

impl OfKind {
    fn all(&self) -> impl Iterator<Item = &ItemType> {
        self.types.values().chain(&self.default)
    }

    /// With the names of its types as they are looked up.
    fn checked(self) -> Result<Self, ItemTypesError> {
        if self.types.len() > TYPES {
            return Err(ItemTypesError::TooMany);
        }
        let usable = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_LIMIT;
        let named = |of_type: &ItemType| {
            let authority = of_type.authority.as_ref();
            let unit = authority.and_then(|authority| authority.org_unit.as_deref());
            is_name(&of_type.route)
                && authority.is_none_or(|authority| usable(&authority.office))
                && unit.is_none_or(|unit| !unit.is_empty() && unit.len() <= 100)
        };
        if !self.all().all(named) || !self.types.keys().all(|name| usable(name)) {
            return Err(ItemTypesError::Text);
        }
        let count = self.types.len();
        let types: BTreeMap<_, _> = self
            .types
            .into_iter()
            .map(|(name, of_type)| (folded(&name), of_type))
            .collect();
        if types.len() < count {
            return Err(ItemTypesError::Twice);
        }
        Ok(Self {
            default: self.default,
            types,
        })
    }
}

/// Whoever types a name a second time writes it a little differently.
fn folded(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    fn read(json: &serde_json::Value) -> Result<ItemTypes, ItemTypesError> {
        ItemTypes::from_json(json.to_string().as_bytes())
    }

    #[test]
    fn eighty_nine_permit_types_need_only_data() {
        let types: BTreeMap<_, _> = (1..=89)
            .map(|number| {
                let office = format!("Kepala Dinas Contoh {}", number % 7);
                let of_type = json!({ "route": "izin", "authority": { "office": office, "org_unit": "perizinan" } });
                (format!("Izin Contoh {number}"), of_type)
            })
            .collect();
        let types = read(&json!({ "version": 1, "document": { "types": types } })).unwrap();
        for number in 1..=89 {
            let of_type = types.of(ItemKind::Document, Some(&format!("IZIN  contoh {number} ")));
            let authority = of_type.unwrap().authority.as_ref().unwrap();
            assert_eq!(authority.office, format!("Kepala Dinas Contoh {}", number % 7));
        }
        assert_eq!(types.of(ItemKind::Letter, Some("Izin Contoh 1")), None);
        assert_eq!(types.of(ItemKind::Document, Some("Izin Lain")), None);
    }

    #[test]
    fn a_type_that_is_not_named_gets_the_default_of_its_kind() {
        let types = read(&json!({ "version": 2, "letter": { "default": { "route": "surat" },
            "types": { "SKM": { "route": "surat-penting" } } } }))
        .unwrap();
        let route = |item_type| {
            types
                .of(ItemKind::Letter, item_type)
                .map(|of_type| of_type.route.as_str())
        };
        assert_eq!(
            [Some("skm"), Some("SP"), None].map(route),
            [Some("surat-penting"), Some("surat"), Some("surat")]
        );
        assert_eq!(types.routes().collect::<Vec<_>>(), ["surat-penting", "surat"]);
    }

    #[test]
    fn types_that_cannot_be_used_are_refused_with_their_reason() {
        let of = |types: serde_json::Value| json!({ "version": 1, "document": { "types": types } });
        let many: BTreeMap<_, _> = (0..1_001)
            .map(|number| (number.to_string(), json!({ "route": "izin" })))
            .collect();
        for (bad, code) in [
            (json!({ "version": 0 }), "item_types.version"),
            (json!({ "version": 1, "invoice": {} }), "item_types.malformed"),
            (of(json!({ "Izin": { "route": "Izin Usaha" } })), "item_types.text"),
            (of(json!({ " ": { "route": "izin" } })), "item_types.text"),
            (
                of(json!({ "Izin": { "route": "izin", "authority": { "office": "" } } })),
                "item_types.text",
            ),
            (
                of(json!({ "Izin A": { "route": "izin" }, "izin  a": { "route": "izin" } })),
                "item_types.twice",
            ),
            (of(json!(many)), "item_types.too_many"),
        ] {
            assert_eq!(read(&bad).unwrap_err().code(), code);
        }
    }
}
