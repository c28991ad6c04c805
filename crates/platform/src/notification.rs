//! The edge where object-store notifications come in: AWS S3 through SQS, and MinIO's webhook. One type shields the
//! rest of the code from both envelopes.

use std::cmp::Ordering;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::inbox::ObjectVersion;

/// What an object store tells us.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Notification {
    /// Objects have changed.
    Objects(Records),
    /// S3 proves that it can reach us (`s3:TestEvent`), once, when notifications are set up.
    Test(TestEvent),
}

/// The records of one notification.
#[derive(Debug, Clone, Deserialize)]
pub struct Records {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

/// The test event. Nothing in it matters.
#[derive(Debug, Clone, Deserialize)]
pub struct TestEvent {
    #[serde(rename = "Event")]
    _event: TestEventName,
}

#[derive(Debug, Clone, Deserialize)]
enum TestEventName {
    #[serde(rename = "s3:TestEvent")]
    TestEvent,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    #[serde(default)]
    event_time: Option<String>,
    s3: Entity,
}

#[derive(Debug, Clone, Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Debug, Clone, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(default)]
    e_tag: Option<String>,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default)]
    sequencer: Option<String>,
}

/// An object that was created, as its store tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The exact object.
    pub object: ObjectVersion,
    /// When it was created among those of the same key; none where the store does not say.
    pub sequencer: Option<Sequencer>,
    /// When it was created, by the store's clock; none where the store does not say.
    pub at: Option<Timestamp>,
}

/// The order of events on one key, as S3 gives it: hexadecimal digits, compared after padding the shorter with zeros on
/// the left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sequencer(String);

/// A notification names an object in a way that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// The key is not URL-encoded UTF-8.
    #[error("the object's key is not URL-encoded UTF-8")]
    Key,
    /// Without an `ETag` nobody can tell one upload from the next.
    #[error("the object has no ETag")]
    NoETag,
    /// A sequencer is no hexadecimal number.
    #[error("a sequencer is no hexadecimal number")]
    Sequencer,
}

impl Notification {
    /// The objects that were created, decoded, each by itself: one that cannot be read does not hide the others. Other
    /// events (removals, tests) name none.
    pub fn created(self) -> impl Iterator<Item = Result<Created, NotificationError>> {
        let records = match self {
            Self::Objects(records) => records.records,
            Self::Test(_) => Vec::new(),
        };
        // AWS says `ObjectCreated:Put`, MinIO `s3:ObjectCreated:Put`.
        let created = |record: &Record| {
            record
                .event_name
                .trim_start_matches("s3:")
                .starts_with("ObjectCreated:")
        };
        records.into_iter().filter(created).map(object)
    }
}

fn object(record: Record) -> Result<Created, NotificationError> {
    let Entity { bucket, object } = record.s3;
    // Both stores form-encode the key: `+` is a space. AWS leaves `/` as it is, MinIO does not.
    let spaced = object.key.replace('+', " ");
    let key = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| NotificationError::Key)?
        .into_owned();
    let etag = object
        .e_tag
        .map(|etag| etag.trim_matches('"').to_owned())
        .filter(|etag| !etag.is_empty());
    let object_version = ObjectVersion {
        bucket: bucket.name,
        key,
        etag: etag.ok_or(NotificationError::NoETag)?,
        // MinIO sends an empty version, or "null", where the bucket keeps none.
        version_id: object
            .version_id
            .filter(|version| !version.is_empty() && version != "null"),
    };
    Ok(Created {
        object: object_version,
        // One that is no number orders nothing.
        sequencer: object.sequencer.and_then(|text| Sequencer::try_from(text).ok()),
        at: record.event_time.and_then(|text| text.parse().ok()),
    })
}

impl Sequencer {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sequencer {
    type Error = NotificationError;

    fn try_from(text: String) -> Result<Self, NotificationError> {
        let digits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits
            .then(|| Self(text.to_ascii_uppercase()))
            .ok_or(NotificationError::Sequencer)
    }
}

impl From<Sequencer> for String {
    fn from(sequencer: Sequencer) -> Self {
        sequencer.0
    }
}

impl PartialOrd for Sequencer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sequencer {
    fn cmp(&self, other: &Self) -> Ordering {
        let padded = |text: &str| format!("{text:0>64}");
        padded(&self.0).cmp(&padded(&other.0))
    }
}

/// Whether what came with `this` is older than, or the same as, what came with `that`. Without both nobody knows: then
/// the last to arrive counts.
#[must_use]
pub fn is_not_newer(this: Option<&Sequencer>, that: Option<&Sequencer>) -> bool {
    matches!((this, that), (Some(this), Some(that)) if this <= that)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn sequencer(text: &str) -> Sequencer {
        Sequencer::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn sequencers_compare_as_numbers_whatever_their_length_and_case() {
        assert!(sequencer("0055AED6DCD90281E5") < sequencer("55AED6DCD90281E6"));
        assert!(sequencer("ff") < sequencer("100"));
        assert!(sequencer("0f") <= sequencer("F"));
        for bad in ["", "0x1", "1 ", &"1".repeat(65)] {
            assert!(Sequencer::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert!(is_not_newer(Some(&sequencer("1")), Some(&sequencer("1"))));
        assert!(!is_not_newer(None, Some(&sequencer("1"))));
    }

    proptest! {
        #[test]
        fn the_key_that_a_store_encodes_is_the_key_that_is_read(key in "[a-z]{1,8}/[^\\p{C}]{1,40}") {
            let encoded = percent_encoding::utf8_percent_encode(&key, percent_encoding::NON_ALPHANUMERIC).to_string();
            for sent in [encoded.clone(), encoded.replace("%20", "+"), encoded.replace("%2F", "/")] {
                let json = serde_json::json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": {
                    "bucket": { "name": "inbox" }, "object": { "key": sent, "eTag": "\"e\"", "sequencer": "1" } } }] });
                let notification: Notification = serde_json::from_value(json).unwrap();
                let created: Vec<_> = notification.created().collect::<Result<_, _>>().unwrap();
                prop_assert_eq!(created.len(), 1);
                prop_assert_eq!(&created[0].object.key, &key);
            }
        }
    }
}
