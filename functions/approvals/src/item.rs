//! What an approval is about: a document, a letter. Only what routes and lists need of it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use kernel::{DocumentId, ParseIdError, Sha256Digest, TenantId, serde_as_text};
use platform::Sealed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most attributes of an item.
const ATTRIBUTES: usize = 32;
/// The longest name or text of an attribute, in bytes.
const ATTRIBUTE_LENGTH: usize = 100;

/// What is to be approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which context it belongs to.
    pub kind: ItemKind,
    /// Its id there.
    pub id: ItemId,
    /// The type of permit or letter.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub item_type: Option<String>,
    /// What it is about, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The applicant's name, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant: Option<String>,
    /// The id of the user who submitted it; none where no user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// What steps ask about it.
    #[serde(default)]
    pub attributes: Attributes,
    /// Which state of it this is: how often a document was described anew, or which submission of a letter, from 1.
    #[serde(default)]
    pub revision: u32,
    /// Of a letter: what its resident filled in, encrypted under [`Item::answers_place`]. Nobody reads it here but whoever may
    /// decide on it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_answers: Option<Sealed>,
    /// The digest of everything that is said of a document; lists show only a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Sha256Digest>,
}

/// Which context an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A PDF that is to be signed.
    Document,
    /// A resident's request for a letter.
    Letter,
}

/// The id of an item, and so of its approval: a document's id, or 1 to 64 letters, digits and hyphens. A document's id is
/// kept in upper case, so that a link survives being retyped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(String);

/// What is known of an item, by name: `rw`, `rt`, `org_unit`, `require_rt` and whatever else its context says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, AttributeValue>")]
pub struct Attributes(BTreeMap<String, AttributeValue>);

/// A yes or no, or a short text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no.
    Flag(bool),
    /// A short text.
    Text(String),
}

/// Attributes are too many or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an item has at most {ATTRIBUTES} attributes of at most {ATTRIBUTE_LENGTH} bytes")]
pub struct AttributesError;

impl Item {
    /// Where the answers of a letter were encrypted for, as its schema says: nowhere else can they be read.
    #[must_use]
    pub fn answers_place(&self, tenant: &TenantId) -> String {
        format!("{tenant}#letter#{}#answers", self.id)
    }
}

impl ItemKind {
    /// As it is written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Letter => "letter",
        }
    }
}

impl ItemId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document's id, where it is one.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        self.0.parse().ok()
    }
}

impl From<DocumentId> for ItemId {
    fn from(id: DocumentId) -> Self {
        Self(id.to_string())
    }
}

impl FromStr for ItemId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if let Ok(document) = text.parse::<DocumentId>() {
            return Ok(document.into());
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=64).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError { kind: "item id" })
        }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(ItemId);

impl Attributes {
    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    /// The text of an attribute; none where it is empty or no text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(AttributeValue::Text(text)) => Some(text.as_str()).filter(|text| !text.is_empty()),
            Some(AttributeValue::Flag(_)) | None => None,
        }
    }

    /// Says one thing more about an item.
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), AttributeValue::Text(text.to_owned()));
    }

    /// With the attributes of `more`, which win.
    pub fn with(mut self, more: Self) -> Result<Self, AttributesError> {
        self.0.extend(more.0);
        self.0.try_into()
    }
}

impl TryFrom<BTreeMap<String, AttributeValue>> for Attributes {
    type Error = AttributesError;

    fn try_from(attributes: BTreeMap<String, AttributeValue>) -> Result<Self, AttributesError> {
        let short = |text: &str| text.len() <= ATTRIBUTE_LENGTH;
        let fits = |(name, value): (&String, &AttributeValue)| {
            short(name)
                && match value {
                    AttributeValue::Flag(_) => true,
                    AttributeValue::Text(text) => short(text),
                }
        };
        if attributes.len() <= ATTRIBUTES && attributes.iter().all(fits) {
            Ok(Self(attributes))
        } else {
            Err(AttributesError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_id_is_read_in_either_case_and_other_ids_as_they_are() {
        let id = |text: &str| text.parse::<ItemId>().map(|id| id.to_string());
        assert_eq!(
            id("aaaqeayeaudaocajbifqydiob4").as_deref(),
            Ok("AAAQEAYEAUDAOCAJBIFQYDIOB4")
        );
        assert_eq!(id("surat-Lama-1").as_deref(), Ok("surat-Lama-1"));
        for bad in ["", "a#b", "a/b", "a b", &"a".repeat(65)] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_item_says_only_so_much_of_itself() {
        let attributes = |json: &str| serde_json::from_str::<Attributes>(json);
        assert!(attributes(r#"{"rw":"003","require_rt":true}"#).is_ok());
        let many: BTreeMap<_, _> = (0..33).map(|index| (index.to_string(), true)).collect();
        for bad in [
            serde_json::to_string(&many).unwrap_or_default(),
            format!(r#"{{"rw":"{}"}}"#, "0".repeat(101)),
            format!(r#"{{"{}":true}}"#, "a".repeat(101)),
            r#"{"rw":3}"#.to_owned(),
        ] {
            assert!(attributes(&bad).is_err(), "{bad}");
        }
    }
}
