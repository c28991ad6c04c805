//! Which route an item gets, and in whose name it is issued: by the type of permit or letter, as data.

use std::collections::BTreeMap;

use kernel::{Disposition, Fault, MalformedJson};
use serde::{Deserialize, Serialize};

use crate::actor::{Reach, Scope};
use crate::item::{Attributes, ItemKind};
use crate::route::{Route, RouteStep, is_name};

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
        self.all().map(|(_, of_type)| of_type.route.as_str())
    }

    /// The first step of a route that asks items of these types, where they get it, for a place that none of them has.
    #[must_use]
    pub fn placeless<'a>(&self, route: &'a Route) -> Option<&'a RouteStep> {
        let mut of_route = self.all().filter(|(_, of_type)| of_type.route == route.name());
        of_route.find_map(|(kind, of_type)| of_type.placeless(kind, route))
    }

    fn all(&self) -> impl Iterator<Item = (ItemKind, &ItemType)> {
        let documents = self.document.all().map(|of_type| (ItemKind::Document, of_type));
        documents.chain(self.letter.all().map(|of_type| (ItemKind::Letter, of_type)))
    }
}

impl ItemType {
    /// What steps may ask about every item of the type, with its authority's unit.
    #[must_use]
    pub fn says(&self) -> Attributes {
        let mut says = self.attributes.clone();
        let authority = self.authority.as_ref();
        if let Some(unit) = authority.and_then(|authority| authority.org_unit.as_deref()) {
            says.set("org_unit", unit);
        }
        says
    }

    /// The first step that asks items of this type for a place that none of them has.
    fn placeless<'a>(&self, kind: ItemKind, route: &'a Route) -> Option<&'a RouteStep> {
        let says = self.says();
        let asked = Reach::asked_by(&says);
        route.steps().iter().find(|step| {
            let is_told_by_item = match step.scope {
                Scope::Any => true,
                Scope::Rt | Scope::Rw => kind == ItemKind::Letter,
                Scope::OrgUnit => false,
            };
            !is_told_by_item && may_count(step, kind, &says) && step.scope.place(&asked).is_none()
        })
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

/// Whether a step may count for an item of which the type says so much. A document itself says only where it came from.
fn may_count(step: &RouteStep, kind: ItemKind, says: &Attributes) -> bool {
    step.required_if
        .iter()
        .all(|condition| match (says.get(&condition.attribute), kind) {
            (Some(value), _) => *value == condition.equals,
            (None, ItemKind::Letter) => true,
            (None, ItemKind::Document) => condition.attribute == "source",
        })
}

/// Whether two items are of one type.
pub(crate) fn is_same_type(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(folded) == other.map(folded)
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
    fn a_step_that_asks_for_a_place_that_no_item_of_a_type_has_is_found() {
        let route = |step: serde_json::Value| -> Route {
            let mut step = step;
            step["name"] = "tahap".into();
            step["role"] = "examiner".into();
            let last = json!({ "name": "akhir", "role": "head_of_office" });
            serde_json::from_value(json!({ "name": "izin", "version": 1, "steps": [step, last] })).unwrap()
        };
        let types = |kind: &str, more: serde_json::Value| {
            let mut of_type = more;
            of_type["route"] = "izin".into();
            read(&json!({ "version": 1, kind: { "types": { "A": of_type } } })).unwrap()
        };
        let unit = json!({ "authority": { "office": "Kepala Dinas", "org_unit": "kesehatan" } });
        let place = json!({ "attributes": { "rw": "003", "rt": "001" } });
        let surveyed = json!({ "scope": "org_unit", "required_if": { "attribute": "survei", "equals": true } });
        let from_desk = json!({ "scope": "org_unit", "required_if": { "attribute": "source", "equals": "loket" } });
        for (kind, of_type, step, is_placeless) in [
            ("document", json!({}), json!({}), false),
            ("document", json!({}), json!({ "scope": "org_unit" }), true),
            ("document", unit.clone(), json!({ "scope": "org_unit" }), false),
            ("document", unit, json!({ "scope": "rw" }), true),
            ("document", place.clone(), json!({ "scope": "rt" }), false),
            (
                "document",
                json!({ "attributes": { "rw": "003" } }),
                json!({ "scope": "rt" }),
                true,
            ),
            ("document", json!({}), surveyed.clone(), false),
            ("document", json!({}), from_desk, true),
            ("letter", json!({}), json!({ "scope": "rt" }), false),
            ("letter", json!({}), surveyed, true),
        ] {
            let found = types(kind, of_type.clone()).placeless(&route(step.clone())).is_some();
            assert_eq!(found, is_placeless, "{kind} {of_type} {step}");
        }
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
