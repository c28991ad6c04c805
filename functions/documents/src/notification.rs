//! The edge where object-store notifications come in: AWS S3 through SQS, and MinIO's webhook. One type shields the
//! rest of the code from both envelopes.

use percent_encoding::percent_decode_str;
use platform::ObjectVersion;
use serde::Deserialize;

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
}

/// A notification names an object in a way that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// The key is not URL-encoded UTF-8.
    #[error("the object's key is not URL-encoded UTF-8")]
    Key,
    /// Without an `ETag` nobody can tell one upload from the next.
    #[error("the object has no ETag")]
    NoETag,
}

impl Notification {
    /// The objects that were created, decoded. Other events (removals, tests) name none.
    pub fn created(self) -> Result<Vec<ObjectVersion>, NotificationError> {
        let records = match self {
            Self::Objects(records) => records.records,
            Self::Test(_) => return Ok(Vec::new()),
        };
        // AWS says `ObjectCreated:Put`, MinIO `s3:ObjectCreated:Put`.
        let created = |record: &Record| {
            record
                .event_name
                .trim_start_matches("s3:")
                .starts_with("ObjectCreated:")
        };
        records.into_iter().filter(created).map(object).collect()
    }
}

fn object(record: Record) -> Result<ObjectVersion, NotificationError> {
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
    Ok(ObjectVersion {
        bucket: bucket.name,
        key,
        etag: etag.ok_or(NotificationError::NoETag)?,
        // MinIO sends an empty version, or "null", where the bucket keeps none.
        version_id: object
            .version_id
            .filter(|version| !version.is_empty() && version != "null"),
    })
}
