//! Exactly one effect: every message one to five times, in random order, and a crash around every effect of every step.

mod chaos;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use documents::{Document, State};
use localstack::Stack;
use serde_json::{Value, json};

use crate::support::messages::{history, kept_sidecar, newest, parked, put_sidecar, types};
use crate::support::{TENANT, assert_issued_once, drop_pdf, http_event, sample, skipped_elsewhere, stack};
use chaos::{Chaos, Crashes, QUEUES};

const DOCUMENTS: usize = 200;

/// What is to become of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Issued,
    /// As it came it is no PDF.
    Quarantined,
    Rejected,
    Returned,
}

impl Fate {
    fn of_index(index: usize) -> Self {
        match index % 10 {
            3 => Self::Quarantined,
            7 => Self::Rejected,
            8 => Self::Returned,
            _ => Self::Issued,
        }
    }

    /// Of the document that was dropped as `…/izin-<index>.pdf`.
    fn of_key(key: &str) -> Self {
        let (_, index) = key.trim_end_matches(".pdf").rsplit_once('-').unwrap();
        Self::of_index(index.parse().unwrap())
    }
}

fn name(index: usize) -> String {
    format!("izin-{index:03}")
}

/// What the sidecars of a document say, in the order of their uploads.
fn sidecars(index: usize) -> &'static [&'static str] {
    match index % 8 {
        0 => &["A", "B", "A"],
        4 => &["A", "B"],
        _ => &[],
    }
}

async fn drop_everything(stack: &Stack) {
    for index in 0..DOCUMENTS {
        let name = name(index);
        let bytes = match Fate::of_index(index) {
            Fate::Issued | Fate::Rejected | Fate::Returned => sample(),
            Fate::Quarantined => Bytes::from_static(b"bukan PDF"),
        };
        drop_pdf(stack, &name, bytes, &[("number", &name)]).await;
        for number in sidecars(index) {
            put_sidecar(stack, &name, &json!({ "number": number })).await;
        }
    }
}

/// Each effect of each step, with how many it has had before when it handles one message. A message that comes again
/// after a crash has fewer before it.
const EFFECTS: [&str; 18] = [
    "advance-approval 0 DynamoDB.TransactWriteItems",
    // Two counters of requests, the idempotency record, the decision, the response; the latter two by whoever takes over.
    "decide 0 DynamoDB.UpdateItem",
    "decide 1 DynamoDB.UpdateItem",
    "decide 2 DynamoDB.TransactWriteItems",
    "decide 3 DynamoDB.TransactWriteItems",
    "decide 4 DynamoDB.TransactWriteItems",
    "detect 0 DynamoDB.TransactWriteItems",
    // A sidecar: kept, applied.
    "import 0 DynamoDB.TransactWriteItems",
    "import 1 DynamoDB.TransactWriteItems",
    "import 0 S3.PUT",
    // Approved, signed, stored; the latter two by whoever finds it approved.
    "sign 0 DynamoDB.TransactWriteItems",
    "sign 1 S3.PUT",
    "sign 2 DynamoDB.TransactWriteItems",
    "sign 0 S3.PUT",
    "sign 1 DynamoDB.TransactWriteItems",
    "stamp 0 S3.PUT",
    "stamp 1 DynamoDB.TransactWriteItems",
    "track-approval 0 DynamoDB.TransactWriteItems",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_documents_end_once_each_although_messages_repeat_overtake_and_every_step_dies_at_every_effect() {
    if skipped_elsewhere("it makes functions within this process die at chosen effects") {
        return;
    }
    let crashes = Arc::new(Crashes::default());
    let stack = stack(false, Some(crashes.hook())).await;
    drop_everything(&stack).await;
    let mut chaos = Chaos::new(&stack).await;
    chaos.run().await;

    let expected = EFFECTS
        .iter()
        .flat_map(|effect| [format!("{effect} After"), format!("{effect} Before")]);
    assert_eq!(
        crashes.points(),
        expected.collect(),
        "every effect of every step, on both of its sides, and no other"
    );
    let in_batches = crashes.in_batches();
    for effect in [
        "detect DynamoDB.TransactWriteItems",
        "import S3.PUT",
        "relay SQS.SendMessageBatch",
        "sign S3.PUT",
        "stamp S3.PUT",
    ] {
        for moment in ["After", "Before"] {
            let point = format!("{effect} {moment}");
            assert!(in_batches.contains(&point), "{point} among {in_batches:?}");
        }
    }
    assert!(chaos.crashed_invocations >= 2 * EFFECTS.len());
    assert!(chaos.taken_over > 0, "no command was taken over");
    check_everything(&stack).await;
    check_register(&stack, &chaos.public).await;
    stack.stop().await;
}

async fn check_everything(stack: &Stack) {
    let mut expected_files = BTreeSet::new();
    for index in 0..DOCUMENTS {
        let (name, fate) = (name(index), Fate::of_index(index));
        let document = newest(stack, &name).await;
        let id = document.id.to_string();
        let of_document = history(stack, TENANT, "document", &id).await;
        let of_approval = history(stack, TENANT, "approval", &id).await;
        let flows = of_document
            .iter()
            .chain(&of_approval)
            .map(|event| event.traceparent.trace_id());
        assert_eq!(flows.collect::<BTreeSet<_>>().len(), 1, "{name}: one flow");
        let (events, approval) = (types(&of_document), types(&of_approval));
        let ended = match fate {
            Fate::Issued => "issued",
            Fate::Quarantined => "quarantined",
            Fate::Rejected => "rejected",
            Fate::Returned => "returned",
        };
        assert_eq!(document.state.name(), ended, "{name}");
        let stages: &[&str] = match fate {
            Fate::Issued => {
                assert_issued_once(&events);
                assert_eq!(approval, ["approval.opened", "approval.approved"], "{name}");
                &["original", "signed", "final"]
            }
            Fate::Quarantined => {
                assert_eq!(events, ["document.detected", "document.quarantined"], "{name}");
                assert!(approval.is_empty(), "{name}");
                &["original"]
            }
            Fate::Rejected | Fate::Returned => {
                let last = format!("document.{ended}");
                assert_eq!(events.iter().filter(|event| **event == last).count(), 1, "{name}");
                assert_eq!(events.last(), Some(&last.as_str()), "{name}: {events:?}");
                assert_eq!(approval, ["approval.opened", &format!("approval.{ended}")], "{name}");
                &["original"]
            }
        };
        check_description(stack, index, &document).await;
        let file = |stage: &&str| format!("{TENANT}/documents/{id}/{stage}.pdf");
        expected_files.extend(stages.iter().map(file));
    }
    let files = stack.vault().list_versions("").await.unwrap();
    let unique: BTreeSet<_> = files.iter().cloned().collect();
    assert_eq!(files.len(), unique.len(), "a file was written twice");
    assert_eq!(
        unique, expected_files,
        "files without a document, or documents without files"
    );
    for step in QUEUES {
        let parked = parked(stack, step).await;
        assert!(parked.is_empty(), "{step} parked {parked:?}");
    }
}

/// The newest sidecar is the one that is kept, and a document says what its metadata or one of its sidecars said.
async fn check_description(stack: &Stack, index: usize, document: &Document) {
    let name = name(index);
    let kept = kept_sidecar(stack, &name).await.and_then(|kept| kept.number);
    assert_eq!(kept.as_deref(), sidecars(index).last().copied(), "{name}");
    if Fate::of_index(index) == Fate::Quarantined {
        return;
    }
    let told = document.description.number.as_deref().unwrap();
    assert!(told == name || sidecars(index).contains(&told), "{name} says {told}");
}

/// The public register holds each issued document with both of its files, says what the document says, and nothing else.
async fn check_register(stack: &Stack, written: &BTreeMap<String, usize>) {
    let mut expected = BTreeSet::new();
    for index in 0..DOCUMENTS {
        let document = newest(stack, &name(index)).await;
        let (status, entry) = ask(stack, "GET", &format!("/api/v1/documents/{}", document.id), "").await;
        let State::Issued { signed, sealed } = &document.state else {
            assert_eq!(status, 404, "{} is {}", document.id, document.state.name());
            continue;
        };
        assert_eq!(
            (status, entry["number"].as_str()),
            (200, document.description.number.as_deref())
        );
        for (sha256, verdict) in [(signed.sha256, "signed_base"), (sealed.sha256, "authentic")] {
            let body = json!({ "sha256": sha256 }).to_string();
            let (_, answer) = ask(stack, "POST", "/api/v1/verify", &body).await;
            assert_eq!(answer["verdict"], verdict);
            assert_eq!(answer["document"]["id"], document.id.to_string());
            expected.insert(format!("public#sha256#{sha256}"));
        }
        expected.insert(format!("public#document#{}", document.id));
    }
    assert_eq!(expected.len(), 3 * 140);
    assert_eq!(written.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert!(
        written.values().all(|times| *times == 1),
        "a public row was written again"
    );
}

async fn ask(stack: &Stack, method: &str, path: &str, body: &str) -> (u64, Value) {
    let request = http_event(method, path, &[("content-type", "application/json")], body);
    let answer = stack.functions["verify"].invoke(request).await.unwrap();
    let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (answer["statusCode"].as_u64().unwrap(), body)
}
