//! Tells queues what happened to objects, in AWS's event format (Amazon S3 User Guide, "Event message structure").

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Region;
use super::buckets::Bucket;
use super::error::ObjectError;
use super::objects::Change;
use crate::blobs::random_id;
use crate::sqs;
use crate::store::Tx;

/// One queue that wants to hear of some events. Stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rule {
    pub(super) id: String,
    /// An ARN.
    pub(super) queue: String,
    /// As the protocol writes them, such as `s3:ObjectCreated:*`.
    pub(super) events: Vec<String>,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) suffix: String,
}

impl Rule {
    fn wants(&self, event: Event, key: &str) -> bool {
        let named = |wanted: &String| {
            let wanted = wanted.strip_prefix("s3:").unwrap_or(wanted);
            match wanted.strip_suffix('*') {
                Some(family) => event.name().starts_with(family),
                None => wanted == event.name(),
            }
        };
        self.events.iter().any(named) && key.starts_with(&self.prefix) && key.ends_with(&self.suffix)
    }
}

/// What can happen to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Put,
    Copy,
    CompleteMultipartUpload,
    Delete,
    DeleteMarkerCreated,
}

impl Event {
    const ALL: [Self; 5] = [
        Self::Put,
        Self::Copy,
        Self::CompleteMultipartUpload,
        Self::Delete,
        Self::DeleteMarkerCreated,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copy => "ObjectCreated:Copy",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::Delete => "ObjectRemoved:Delete",
            Self::DeleteMarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
        }
    }

    /// Whether a rule may name it: the events above and their families.
    pub(super) fn is_known(wanted: &str) -> bool {
        matches!(wanted, "s3:ObjectCreated:*" | "s3:ObjectRemoved:*")
            || Self::ALL
                .iter()
                .any(|event| wanted.strip_prefix("s3:") == Some(event.name()))
    }
}

/// The object that an event is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) key: &'a str,
    pub(super) size: u64,
    pub(super) etag: &'a str,
}

/// Puts a message into every queue that wants `event`, in the transaction that makes it true.
pub(super) fn announce(
    tx: &Tx<'_>,
    region: &Region,
    bucket: &Bucket,
    event: Event,
    subject: Subject<'_>,
    change: &Change,
    now_ms: i64,
) -> Result<(), ObjectError> {
    for rule in bucket.rules.iter().filter(|rule| rule.wants(event, subject.key)) {
        let Some(queue) = region.queue_of(&rule.queue) else {
            continue;
        };
        let body = record(region, bucket, rule, event, subject, change, now_ms).to_string();
        sqs::enqueue(tx, queue, &body, now_ms)?;
    }
    Ok(())
}

/// Sends `s3:TestEvent` to the queue of each rule. A queue that does not exist is refused unless `unchecked`.
pub(super) fn greet(
    tx: &Tx<'_>,
    region: &Region,
    bucket: &Bucket,
    rules: &[Rule],
    unchecked: bool,
    now_ms: i64,
) -> Result<(), ObjectError> {
    for rule in rules {
        let queue = region.queue_of(&rule.queue).ok_or_else(|| unreachable(rule))?;
        let exists = tx
            .query_row("SELECT 1 FROM sqs_queues WHERE name = ?1", [queue], |_| Ok(()))
            .optional()?;
        match exists {
            Some(()) => sqs::enqueue(tx, queue, &test_event(bucket, now_ms).to_string(), now_ms)?,
            None if unchecked => {}
            None => return Err(unreachable(rule)),
        }
    }
    Ok(())
}

fn unreachable(rule: &Rule) -> ObjectError {
    ObjectError::InvalidArgument(format!(
        "Unable to validate the following destination configurations: {} is not a queue of this endpoint",
        rule.queue
    ))
}

fn record(
    region: &Region,
    bucket: &Bucket,
    rule: &Rule,
    event: Event,
    subject: Subject<'_>,
    change: &Change,
    now_ms: i64,
) -> Value {
    let mut object = json!({
        "key": encode_key(subject.key),
        "sequencer": sequencer(event, change),
    });
    if let Value::Object(object) = &mut object {
        match event {
            Event::Put | Event::Copy | Event::CompleteMultipartUpload => {
                object.insert("size".to_owned(), subject.size.into());
                object.insert("eTag".to_owned(), subject.etag.into());
            }
            Event::DeleteMarkerCreated => {
                object.insert("eTag".to_owned(), subject.etag.into());
            }
            Event::Delete => {}
        }
        if let Some(version) = &change.version {
            object.insert("versionId".to_owned(), version.as_str().into());
        }
    }
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region.name,
        "eventTime": rfc3339(now_ms),
        "eventName": event.name(),
        "userIdentity": {"principalId": region.account},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": random_id(), "x-amz-id-2": random_id()},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule.id,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": region.account},
                "arn": format!("arn:aws:s3:::{}", bucket.name),
            },
            "object": object,
        },
    }]})
}

/// Orders the events of one key: the shorter of two is filled up with zeros before they are compared, so a version's
/// removal comes right behind its arrival.
fn sequencer(event: Event, change: &Change) -> String {
    let removal = match event {
        Event::Put | Event::Copy | Event::CompleteMultipartUpload | Event::DeleteMarkerCreated => "",
        Event::Delete => "01",
    };
    format!("{:018X}{removal}", change.sequence)
}

fn test_event(bucket: &Bucket, now_ms: i64) -> Value {
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": rfc3339(now_ms),
        "Bucket": bucket.name,
        "RequestId": random_id(),
        "HostId": random_id(),
    })
}

fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map(|at| format!("{at:.3}"))
        .unwrap_or_default()
}

/// A key as AWS writes it in events: form encoding, but slashes stay.
pub(super) fn encode_key(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                encoded.push('%');
                encoded.push_str(&hex::encode_upper([byte]));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_aws_writes_them() {
        for (key, expected) in [
            ("in/my file.pdf", "in/my+file.pdf"),
            ("a+b%c~d(1)*.pdf", "a%2Bb%25c%7Ed%281%29*.pdf"),
            ("surat/izin é.pdf", "surat/izin+%C3%A9.pdf"),
            ("//x", "//x"),
        ] {
            assert_eq!(encode_key(key), expected);
        }
    }

    #[test]
    fn a_rule_picks_by_event_and_by_both_ends_of_the_key() {
        let rule = Rule {
            id: "r".to_owned(),
            queue: "q".to_owned(),
            events: vec!["s3:ObjectCreated:*".to_owned()],
            prefix: "in/".to_owned(),
            suffix: ".pdf".to_owned(),
        };
        for (event, key, wanted) in [
            (Event::Put, "in/a.pdf", true),
            (Event::Copy, "in/a.pdf", true),
            (Event::CompleteMultipartUpload, "in/a.pdf", true),
            (Event::Delete, "in/a.pdf", false),
            (Event::Put, "in/a.PDF", false),
            (Event::Put, "out/in/a.pdf", false),
        ] {
            assert_eq!(rule.wants(event, key), wanted, "{event:?} {key}");
        }
        let exact = Rule {
            events: vec!["s3:ObjectCreated:Copy".to_owned()],
            ..rule
        };
        assert!(exact.wants(Event::Copy, "in/a.pdf") && !exact.wants(Event::Put, "in/a.pdf"));
    }

    #[test]
    fn only_events_that_can_happen_may_be_asked_for() {
        for known in ["s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete"] {
            assert!(Event::is_known(known), "{known}");
        }
        for unknown in ["s3:*", "ObjectCreated:Put", "s3:ObjectTagging:*", "s3:TestEvent", ""] {
            assert!(!Event::is_known(unknown), "{unknown}");
        }
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(rfc3339(1_767_574_800_005), "2026-01-05T01:00:00.005Z");
    }
}
