//! Notifications get lost, and files too: what `reconcile` makes up for, and what it reports.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use documents::{Document, File, InboxName, Sealed, Signed, State};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, DocumentId, Sha256Digest, Traceparent};
use localstack::Stack;
use platform::{Environment, Function, Inbox, Key, ObjectVersion, Provision, Put, Record, Upload};
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::clock::MovingClock;
use crate::support::messages::{deliver_to, detect_all, drain, history, newest, put_sidecar, types};
use crate::support::stream::StreamPlace;
use crate::support::{Newest, TENANT, drop_pdf, environment, home, sample, skipped_elsewhere, stack, tenant};

const INBOX: &str = "inbox";
/// An inbox that keeps no versions.
const OFFICE: &str = "kantor";

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Compares an inbox and the vault with the table; what it logs.
async fn reconcile_by(stack: &Stack, inbox: &str, clock: Arc<dyn Clock>) -> Log {
    let environment = Environment {
        clock,
        ..environment(stack, &[("INBOX_BUCKET", inbox), ("VAULT_BUCKET", "vault")])
    };
    let function = documents::reconcile::function(&environment).unwrap();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(log.clone())
        .finish();
    function.invoke(json!({})).with_subscriber(subscriber).await.unwrap();
    log
}

/// As [`reconcile_by`], some time from now.
async fn reconcile(stack: &Stack, inbox: &str, minutes: i64) -> Log {
    let clock = MovingClock::default();
    clock.move_on(SignedDuration::from_mins(minutes));
    reconcile_by(stack, inbox, Arc::new(clock)).await
}

/// What the last line says that a run logs: uploads found, files that are strange, and what failed.
fn tally(log: &Log) -> [u64; 3] {
    let lines = log.lines();
    let compared = lines.iter().find(|line| line["message"] == "compared").unwrap();
    ["found", "strange", "failed"].map(|what| compared[format!("reconcile.{what}")].as_u64().unwrap())
}

/// How many events of a type there are in all.
async fn detections(stack: &Stack, event_type: &str) -> usize {
    let events = StreamPlace::open(stack).await.events().await;
    let of_type = events.iter().filter(|event| event.event_type.as_str() == event_type);
    of_type.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_which_nobody_was_told_is_detected_once_whenever_its_notification_comes() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    drop_pdf(&stack, "hilang", sample(), &[("number", "1/2026")]).await;
    drop_pdf(&stack, "hilang", sample(), &[("number", "2/2026")]).await;
    put_sidecar(&stack, "hilang", &json!({ "number": "3/2026" })).await;
    let lost = drain(&stack, "detect").await;
    drop_pdf(&stack, "dikenal", sample(), &[]).await;
    detect_all(&stack).await;
    let known = newest(&stack, "dikenal").await.id;

    reconcile(&stack, INBOX, 0).await;
    let rows = stack.table().unwrap();
    let key = Newest::key_of("hilang");
    let found = rows.find::<Newest>(&key).await.unwrap();
    assert!(found.is_none(), "its notification may be on its way");

    reconcile(&stack, INBOX, 11).await;
    let caught_up = newest(&stack, "hilang").await;
    let id = caught_up.id.to_string();
    assert_eq!(
        types(&history(&stack, TENANT, "document", &id).await),
        ["document.detected"]
    );
    let uploads = stack.inbox().uploads(INBOX, None).await.unwrap().uploads;
    let latest = uploads
        .iter()
        .find(|upload| upload.is_latest && upload.object.key.ends_with("hilang.pdf"));
    assert_eq!(
        caught_up.object,
        latest.unwrap().object,
        "the name stands for its newest upload"
    );

    // Again, and then the notifications come after all.
    reconcile(&stack, INBOX, 30).await;
    for message in lost {
        deliver_to(&stack.functions["detect"], &message.body).await;
    }
    assert_eq!(newest(&stack, "hilang").await.id, caught_up.id);
    assert_eq!(newest(&stack, "dikenal").await.id, known);
    let counted = [
        detections(&stack, "document.detected").await,
        detections(&stack, "description.detected").await,
    ];
    assert_eq!(counted, [3, 1]);
    stack.stop().await;
}

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

/// The row of an upload, holding what no program can read.
#[derive(serde::Serialize, serde::Deserialize)]
struct Damaged {
    version_id: String,
    key: String,
}

impl Record for Damaged {
    fn key(&self) -> Key {
        let Self { version_id, key } = self;
        Key::state(TENANT, "object", &format!("{key}#version#{version_id}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_that_cannot_be_compared_keeps_no_other_from_being_found() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    for name in ["a-rusak", "hilang"] {
        drop_pdf(&stack, name, sample(), &[]).await;
    }
    let uploads = stack.inbox().uploads(INBOX, None).await.unwrap().uploads;
    let damaged = Damaged {
        version_id: uploads[0].object.version_id.clone().unwrap(),
        key: uploads[0].object.key.clone(),
    };
    assert!(damaged.key.ends_with("a-rusak.pdf"));
    let table = stack.table().unwrap();
    let transaction = table.transaction().overwrite(&damaged).unwrap();
    transaction.commit().await.unwrap();

    let log = reconcile(&stack, INBOX, 11).await;
    assert_eq!(tally(&log), [1, 0, 1]);
    assert!(log.lines().iter().any(|line| line["error.code"] == "table.format"));
    newest(&stack, "hilang").await;
    stack.stop().await;
}

/// A clock that is a minute later each time that it is looked at.
struct Hurrying {
    begun: Timestamp,
    minutes: AtomicI64,
}

impl Clock for Hurrying {
    fn now(&self) -> Timestamp {
        self.begun + SignedDuration::from_mins(self.minutes.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_time_is_up_keeps_how_far_it_came_and_the_next_one_goes_on_there() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let (inbox, nothing) = (stack.inbox(), Bytes::new());
    // A page of what is nobody's document, and then a lost upload.
    let drops = (0..1000).map(async |index| {
        let key = format!("{TENANT}/loket/a-{index:04}.txt");
        let dropped = inbox.drop_off(INBOX, &key, "text/plain", BTreeMap::new(), nothing.clone());
        dropped.await.unwrap();
    });
    futures::stream::iter(drops)
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await;
    drop_pdf(&stack, "hilang", sample(), &[]).await;
    let mut found = Vec::new();
    for _ in 0..2 {
        let clock = Hurrying {
            begun: Timestamp::now() + SignedDuration::from_mins(11),
            minutes: AtomicI64::new(0),
        };
        found.push(tally(&reconcile_by(&stack, INBOX, Arc::new(clock)).await)[0]);
    }
    assert_eq!(found, [0, 1]);
    newest(&stack, "hilang").await;
    stack.stop().await;
}

fn document(id: DocumentId, state: State) -> Document {
    let key = format!("{TENANT}/loket/izin-{id}.pdf");
    let object = ObjectVersion {
        bucket: INBOX.into(),
        key: key.clone(),
        etag: "e".into(),
        version_id: Some("v".into()),
    };
    let traceparent: Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        .parse()
        .unwrap();
    let document = Document::detected(
        id,
        InboxName::parse(&key).unwrap(),
        object,
        Timestamp::UNIX_EPOCH,
        traceparent,
    );
    Document { state, ..document }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_nobodys_and_documents_without_their_files_are_reported_and_no_name_is_told() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let signed = Signed {
        sha256: Sha256Digest::of(b"F1"),
        length: 2,
        signer: "Contoh Pejabat".into(),
        office: None,
        at: Timestamp::UNIX_EPOCH,
    };
    let sealed = Sealed {
        sha256: Sha256Digest::of(b"F2"),
        length: 2,
        at: Timestamp::UNIX_EPOCH,
    };
    let file = File {
        original_sha256: Sha256Digest::of(b"F0"),
        prepared: true,
        pages: 1,
    };
    let ids: [DocumentId; 4] = std::array::from_fn(|_| stack.environment.ids.document_id());
    let [whole, half, gone, orphan] = ids;
    let issued = State::Issued {
        signed: signed.clone(),
        sealed,
    };
    for (id, state) in [
        (whole, State::AwaitingApproval { file }),
        (half, State::Signed { signed }),
        (gone, issued),
    ] {
        let table = stack.table().unwrap();
        let transaction = table.transaction().insert(&document(id, state)).unwrap();
        transaction.commit().await.unwrap();
    }
    let foreign = "surat Budi Contoh 9900112233445566.pdf".to_owned();
    let of = |id: DocumentId, stage: &str| format!("{}/documents/{id}/{stage}.pdf", tenant());
    let kept = [
        foreign.clone(),
        of(whole, "original"),
        of(whole, "prepared"),
        of(half, "original"),
        of(orphan, "original"),
    ];
    for key in &kept {
        let put = stack.vault().put_once(key, "application/pdf", sample()).await;
        assert_eq!(put.unwrap(), Put::Stored);
    }

    let log = reconcile(&stack, INBOX, 0).await;
    let mut reported: Vec<_> = log
        .lines()
        .iter()
        .filter(|line| line["level"] == "ERROR")
        .map(|line| {
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            let about = text("document.id") + &text("vault.key_sha256");
            (text("error.code"), about, text("vault.stage"))
        })
        .collect();
    reported.sort();
    let report = |code: &str, whose: String, stage: &str| (format!("reconcile.{code}"), whose, stage.to_owned());
    let mut expected = vec![
        report("file_missing", half.to_string(), "signed"),
        report("file_missing", gone.to_string(), "original"),
        report("file_missing", gone.to_string(), "signed"),
        report("file_missing", gone.to_string(), "final"),
        report("foreign_file", Sha256Digest::of(foreign.as_bytes()).to_string(), ""),
        report("orphan_file", orphan.to_string(), ""),
    ];
    expected.sort();
    assert_eq!(reported, expected);
    assert_eq!(tally(&log), [0, 6, 0]);
    assert!(!log.text().contains("Budi") && !log.text().contains("99001122"));
    stack.stop().await;
}
