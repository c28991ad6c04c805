//! What a document is about, as its producer says: object metadata, a JSON sidecar, or the PDF's own title.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::MalformedJson;
use serde::{Deserialize, Serialize};

/// Longer texts are refused: they go onto a phone's screen.
const TEXT_LIMIT: usize = 300;
/// The most that a sidecar may hold, in bytes.
pub(crate) const SIDECAR_LIMIT: u64 = 16 * 1024;

/// What a document is about. Every part may be missing. Schema: `events/schemas/sidecar.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The document's own number, such as `503/0042/DPMPTSP/2026`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The kind of permit or letter.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub document_type: Option<String>,
    /// The date on the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whom it was given to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The office that issues it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuing_unit: Option<String>,
    /// The last day on which it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// The id of the user who submitted it: where the route says so, they do not approve it. Does not become public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
}

/// A description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// Not JSON of the schema.
    #[error("the description is not JSON of its schema")]
    Malformed(#[source] MalformedJson),
    /// A text is empty, too long or has control characters.
    #[error("the field {0} is empty, longer than {TEXT_LIMIT} characters or has control characters")]
    Text(&'static str),
}

/// What object metadata says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// What could be read.
    pub description: Description,
    /// The names of what could not.
    pub unreadable: Vec<&'static str>,
}

impl Description {
    /// Reads a JSON sidecar.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DescriptionError> {
        let description: Self =
            serde_json::from_slice(bytes).map_err(|error| DescriptionError::Malformed(error.into()))?;
        description.checked()
    }

    /// Reads `x-amz-meta-*` (without the prefix): `number`, `type`, `date`, `subject`, `holder`, `issuing-unit`,
    /// `valid-until` and `submitted-by`, each perhaps in RFC 2047 encoding. Other names are somebody else's and are left alone.
    #[must_use]
    pub fn from_metadata(metadata: &BTreeMap<String, String>) -> Metadata {
        let mut unreadable = Vec::new();
        let mut field = |name: &'static str| {
            let text = decode_rfc_2047(metadata.get(name)?);
            if is_usable(&text) {
                Some(text)
            } else {
                unreadable.push(name);
                None
            }
        };
        let (number, document_type, subject) = (field("number"), field("type"), field("subject"));
        let (holder, issuing_unit, submitted_by) = (field("holder"), field("issuing-unit"), field("submitted-by"));
        let mut date = |name: &'static str| {
            let read = metadata.get(name)?.trim().parse::<Date>();
            read.inspect_err(|_| unreadable.push(name)).ok()
        };
        let (date, valid_until) = (date("date"), date("valid-until"));
        let description = Self {
            number,
            document_type,
            date,
            subject,
            holder,
            issuing_unit,
            valid_until,
            submitted_by,
        };
        Metadata {
            description,
            unreadable,
        }
    }

    /// Fills what is missing here from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            number: self.number.or(other.number),
            document_type: self.document_type.or(other.document_type),
            date: self.date.or(other.date),
            subject: self.subject.or(other.subject),
            holder: self.holder.or(other.holder),
            issuing_unit: self.issuing_unit.or(other.issuing_unit),
            valid_until: self.valid_until.or(other.valid_until),
            submitted_by: self.submitted_by.or(other.submitted_by),
        }
    }

    fn checked(self) -> Result<Self, DescriptionError> {
        let texts = [
            ("number", &self.number),
            ("type", &self.document_type),
            ("subject", &self.subject),
            ("holder", &self.holder),
            ("issuing_unit", &self.issuing_unit),
            ("submitted_by", &self.submitted_by),
        ];
        for (name, text) in texts {
            if text.as_ref().is_some_and(|text| !is_usable(text)) {
                return Err(DescriptionError::Text(name));
            }
        }
        Ok(self)
    }
}

fn is_usable(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= TEXT_LIMIT && !text.chars().any(char::is_control)
}

/// S3 hands metadata back in RFC 2047 encoding where it is not plain ASCII.
fn decode_rfc_2047(value: &str) -> String {
    let header = format!("x-amz-meta: {value}");
    mailparse::parse_header(header.as_bytes()).map_or_else(|_| value.to_owned(), |(header, _)| header.get_value())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_sidecar_wins_over_metadata_and_metadata_over_the_title() {
        let sidecar = Description::from_json(br#"{"number":"1/2026","date":"2026-01-05"}"#).unwrap();
        let metadata = BTreeMap::from([("number".into(), "2/2026".into()), ("type".into(), "Izin".into())]);
        let merged = sidecar.or(Description::from_metadata(&metadata).description);
        assert_eq!(merged.number.as_deref(), Some("1/2026"));
        assert_eq!(merged.document_type.as_deref(), Some("Izin"));
    }

    #[test]
    fn metadata_that_is_not_ascii_is_read_as_s3_returns_it() {
        let metadata = BTreeMap::from([("subject".into(), "=?UTF-8?B?SXppbiBDYWbDqQ==?=".into())]);
        assert_eq!(
            Description::from_metadata(&metadata).description.subject.as_deref(),
            Some("Izin Café")
        );
    }

    #[test]
    fn unknown_fields_empty_texts_long_texts_and_wrong_dates_are_refused() {
        let long = format!(r#"{{"number":"{}"}}"#, "9".repeat(301));
        for bad in [
            r#"{"nik":"1"}"#,
            r#"{"number":" "}"#,
            &long,
            r#"{"date":"5 Januari"}"#,
            r#"{"subject":"a\u0000"}"#,
        ] {
            assert!(Description::from_json(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_that_cannot_be_read_is_named_and_hides_nothing_else() {
        let metadata = [
            ("date", "31-12-2026"),
            ("valid-until", "2027-01-05"),
            ("number", " "),
            ("type", "Izin"),
        ];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let read = Description::from_metadata(&BTreeMap::from(metadata));
        assert_eq!(read.unreadable, ["number", "date"]);
        assert_eq!(read.description.document_type.as_deref(), Some("Izin"));
        assert!(read.description.valid_until.is_some());
    }

    #[test]
    fn what_a_bad_sidecar_says_is_not_repeated() {
        for bad in [
            r#"{"holder":9900112233445566}"#,
            r#"{"9900112233445566":1}"#,
            r#"{"date":"9900112233445566"}"#,
        ] {
            let error = Description::from_json(bad.as_bytes()).unwrap_err();
            assert!(!kernel::chain(&error).contains("99001122"), "{}", kernel::chain(&error));
        }
    }
}
