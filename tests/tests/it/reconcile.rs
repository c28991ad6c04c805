//! Notifications get lost, and files too: what `reconcile` makes up for, and what it reports.

mod office;
mod vault;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use kernel::Clock;
use localstack::Stack;
use platform::{Environment, Key, Record};
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::clock::MovingClock;
use crate::support::messages::{deliver_to, detect_all, drain, history, newest, put_sidecar, types};
use crate::support::stream::StreamPlace;
use crate::support::{Newest, TENANT, drop_pdf, environment, sample, skipped_elsewhere, stack};

const INBOX: &str = "inbox";

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
