//! An inbox in a store that keeps no versions.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::SignedDuration;
use localstack::Stack;
use platform::{Function, Inbox, ObjectVersion, Provision, Upload};
use serde_json::json;

use super::{detections, reconcile, tally};
use crate::support::messages::{deliver_to, newest};
use crate::support::{TENANT, environment, home, sample, skipped_elsewhere, stack};

const OFFICE: &str = "kantor";

/// A stack whose inbox is in a store that keeps no versions, and what its webhook tells.
struct Office {
    stack: Stack,
    detect: Function,
}

impl Office {
    async fn open() -> Self {
        let stack = stack(false, None).await;
        let provision = Provision::new(&stack.environment.aws);
        provision.bucket(OFFICE, false).await.unwrap();
        let token = home().webhook_token().to_owned();
        let own = [("INBOX_BUCKET", OFFICE), ("WEBHOOK_TOKEN", token.as_str())];
        let detect = documents::detect::function(&environment(&stack, &own)).unwrap();
        Self { stack, detect }
    }

    fn inbox(&self) -> Inbox {
        self.stack.inbox()
    }

    /// Drops a file; how a listing tells of it.
    async fn drop(&self, file: &str, bytes: impl Into<Bytes>) -> Upload {
        let (inbox, key) = (self.inbox(), format!("{TENANT}/loket/{file}"));
        let dropped = inbox.drop_off(OFFICE, &key, "application/octet-stream", BTreeMap::new(), bytes.into());
        dropped.await.unwrap();
        let uploads = inbox.uploads(OFFICE, None).await.unwrap().uploads;
        uploads.into_iter().find(|upload| upload.object.key == key).unwrap()
    }

    /// Tells `detect` of an upload that happened some minutes after the one that is listed.
    async fn tell(&self, upload: &Upload, sequencer: &str, minutes_later: i64) {
        let ObjectVersion { key, etag, .. } = &upload.object;
        let time = upload.at + SignedDuration::from_mins(minutes_later);
        let object = json!({ "key": key, "eTag": etag, "sequencer": sequencer });
        let record = json!({ "eventName": "s3:ObjectCreated:Put", "eventTime": time.to_string(),
            "s3": { "bucket": { "name": OFFICE }, "object": object } });
        deliver_to(&self.detect, &json!({ "Records": [record] }).to_string()).await;
    }

    async fn detected(&self) -> [usize; 2] {
        [
            detections(&self.stack, "document.detected").await,
            detections(&self.stack, "description.detected").await,
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_versions_an_upload_that_was_found_is_the_one_that_its_late_notification_tells_of() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let office = Office::open().await;
    let upload = office.drop("izin.pdf", sample()).await;
    assert_eq!(upload.object.version_id, None);
    assert_eq!(tally(&reconcile(&office.stack, OFFICE, 11).await), [1, 0, 0]);
    let found = newest(&office.stack, "izin").await.id;

    // The store had kept the notification, and sends it again and again.
    for _ in 0..2 {
        office.tell(&upload, "17A2", 0).await;
    }
    assert_eq!(tally(&reconcile(&office.stack, OFFICE, 30).await), [0, 0, 0]);
    assert_eq!(office.detected().await, [1, 0]);
    assert_eq!(newest(&office.stack, "izin").await.id, found);

    // What was dropped before it and told of after it is older; the same bytes dropped again are another upload.
    let older = Upload {
        object: ObjectVersion {
            etag: "lama".into(),
            ..upload.object.clone()
        },
        ..upload.clone()
    };
    office.tell(&older, "17A1", -1).await;
    assert_eq!(newest(&office.stack, "izin").await.id, found);
    office.tell(&upload, "17A3", 20).await;
    assert_eq!(office.detected().await, [3, 0]);
    assert_ne!(newest(&office.stack, "izin").await.id, found);
    office.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_versions_a_sidecar_that_was_replaced_is_found_and_one_that_is_known_is_not() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let office = Office::open().await;
    let known = office.drop("izin.json", r#"{"number":"1/2026"}"#).await;
    office.tell(&known, "17A1", 0).await;
    assert_eq!(tally(&reconcile(&office.stack, OFFICE, 11).await), [0, 0, 0]);

    let replaced = office.drop("izin.json", r#"{"number":"2/2026"}"#).await;
    assert_eq!(tally(&reconcile(&office.stack, OFFICE, 11).await), [1, 0, 0]);
    assert_eq!(tally(&reconcile(&office.stack, OFFICE, 30).await), [0, 0, 0]);
    office.tell(&replaced, "17A2", 0).await;
    assert_eq!(office.detected().await, [0, 2]);
    office.stack.stop().await;
}
