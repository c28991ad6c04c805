//! Exactly one effect: every message one to five times, in random order, and a crash around every effect of every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use documents::{Document, State};
use kernel::DocumentId;
use localstack::Stack;
use platform::{Effect, EffectHook, Function, Key, Moment, Queues, ReceivedMessage, StreamRecord, Streams};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::{
    Newest, TENANT, assert_issued_once, batch_event, decision, document, drop_pdf, failures, http_event, sample, stack,
    tenant,
};

const DOCUMENTS: usize = 200;
const QUEUES: [&str; 6] = [
    "detect",
    "import",
    "advance-approval",
    "track-approval",
    "sign",
    "stamp",
];

/// Where a process may die: the step, its effects so far, what the next is, and on which side of it.
type Point = (String, usize, Effect, Moment);

tokio::task_local! {
    static INVOCATION: (String, Mutex<usize>);
}

/// Kills the step at every point when it first comes there, and now and then afterwards.
#[derive(Default)]
struct Crashes {
    points: Mutex<BTreeMap<Point, usize>>,
}

impl Crashes {
    fn hook(self: &Arc<Self>) -> EffectHook {
        let crashes = self.clone();
        Arc::new(move |effect, moment| {
            let here = INVOCATION.try_with(|(step, effects)| {
                let mut effects = effects.lock().unwrap();
                let place = (step.clone(), *effects, effect.clone(), moment);
                *effects += usize::from(moment == Moment::After);
                place
            });
            let Ok(place) = here else { return };
            let mut points = crashes.points.lock().unwrap();
            let visits = points.entry(place).or_default();
            *visits += 1;
            let dies = *visits == 1 || visits.is_multiple_of(97);
            drop(points);
            if dies {
                // As a killed process: no message, no clean-up.
                std::panic::resume_unwind(Box::new("killed"));
            }
        })
    }
}

/// Lambda at its worst.
struct Chaos<'a> {
    stack: &'a Stack,
    random: StdRng,
    /// Deliveries that are still to come, of all queues.
    waiting: Vec<(&'static str, ReceivedMessage)>,
    /// Documents that the official does not approve.
    rejected: BTreeSet<String>,
    crashed_invocations: usize,
}

impl Chaos<'_> {
    async fn invoke(&mut self, step: &str, event: Value) -> Option<Value> {
        let function: &Function = &self.stack.functions[step];
        let answer = INVOCATION
            .scope((step.to_owned(), Mutex::new(0)), function.invoke(event))
            .await
            .ok();
        self.crashed_invocations += usize::from(answer.is_none());
        answer
    }

    /// Takes everything that waits in the queues and makes one to five deliveries of each message.
    async fn receive(&mut self) -> bool {
        let queues = Queues::new(&self.stack.environment.aws);
        let mut any = false;
        for step in QUEUES {
            let url = &self.stack.queues[&format!("absah-{step}")];
            loop {
                let messages = queues.receive(url, 10, 0).await.unwrap();
                if messages.is_empty() {
                    break;
                }
                any = true;
                let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
                queues.delete(url, &handles).await.unwrap();
                for message in messages {
                    let copies = self.random.random_range(1..=5);
                    self.waiting.extend(std::iter::repeat_n((step, message), copies));
                }
            }
        }
        any
    }

    /// Delivers about two thirds of what waits, in random order over all queues, and what fails again; the rest comes
    /// late, when other events have overtaken it.
    async fn deliver(&mut self) {
        self.waiting.shuffle(&mut self.random);
        let late = if self.waiting.len() < 20 {
            0
        } else {
            self.waiting.len() / 3
        };
        let mut attempts = 0;
        while self.waiting.len() > late {
            attempts += 1;
            assert!(attempts < 20_000, "never finishes: {:?}", self.waiting.last());
            // Every other time one message alone, so that each point has a place of its own.
            let size = if attempts % 2 == 0 {
                1
            } else {
                self.random.random_range(1..=10)
            };
            let step = self.waiting[self.waiting.len() - 1].0;
            let mut batch = Vec::new();
            let mut others = Vec::new();
            while batch.len() < size
                && let Some((of, message)) = self.waiting.pop()
            {
                if of == step {
                    batch.push(message);
                } else {
                    others.push((of, message));
                }
            }
            self.waiting.extend(others);
            let failed = match self.invoke(step, batch_event(&batch)).await {
                Some(answer) => failures(&answer),
                None => batch.iter().map(|message| message.message_id.clone()).collect(),
            };
            let again = batch.into_iter().filter(|message| failed.contains(&message.message_id));
            self.waiting.splice(0..0, again.map(|message| (step, message)));
        }
    }

    /// Hands new event rows to the relay, several times over and out of order, and decides what was opened.
    async fn relay(&mut self, place: &mut StreamPlace) -> bool {
        let records = place.read().await;
        let mut opened = Vec::new();
        for record in &records {
            let record: StreamRecord = serde_json::from_value(record.clone()).unwrap();
            let Some(event) = record.envelope() else { continue };
            match event.event_type.as_str() {
                "approval.opened" => opened.push(event.subject),
                "document.detected" if Fate::of_key(event.data["key"].as_str().unwrap()) == Fate::Rejected => {
                    self.rejected.insert(event.subject);
                }
                _ => {}
            }
        }
        let any = !records.is_empty();
        let mut copies: Vec<Value> = Vec::new();
        for record in records {
            copies.extend(std::iter::repeat_n(record, self.random.random_range(1..=2)));
        }
        copies.shuffle(&mut self.random);
        for batch in copies.chunks(25) {
            loop {
                let answer = self.invoke("relay", json!({ "Records": batch })).await;
                if answer.is_some_and(|answer| failures(&answer).is_empty()) {
                    break;
                }
            }
        }
        for document in opened {
            let body = if self.rejected.contains(&document) {
                json!({ "verdict": "reject", "note": "Tidak memenuhi syarat." })
            } else {
                json!({ "verdict": "approve" })
            };
            let mut successes = self.random.random_range(1..=5);
            while successes > 0 {
                let event = decision(&document, &document, &body);
                match self
                    .invoke("decide", event)
                    .await
                    .map(|answer| answer["statusCode"].as_u64().unwrap())
                {
                    Some(200) => successes -= 1,
                    // The process died while it held the command: the next one may have it when its minute is over.
                    // The decision itself is in the approval's history by then, or was never taken.
                    Some(409) | None => {
                        let mut decided = body.clone();
                        decided["id"] = format!("kepala-dinas:{document}").into();
                        decided["actor"] =
                            json!({ "id": "kepala-dinas", "name": "Contoh Pejabat", "roles": ["head_of_office"] });
                        let command = json!({ "tenant": TENANT, "document_id": document, "decision": decided });
                        let queues = Queues::new(&self.stack.environment.aws);
                        let url = &self.stack.queues["absah-advance-approval"];
                        queues.send(url, &[command.to_string()]).await.unwrap();
                        break;
                    }
                    Some(other) => panic!("decide answered {other}"),
                }
            }
        }
        any
    }
}

/// A place in the table's stream.
struct StreamPlace {
    streams: Streams,
    cursors: Vec<platform::Cursor>,
}

impl StreamPlace {
    async fn open(stack: &Stack) -> Self {
        let streams = Streams::new(&stack.environment.aws);
        let arn = streams.find("absah-main-table").await.unwrap();
        let mut cursors = Vec::new();
        for shard in streams.shards(&arn).await.unwrap() {
            cursors.push(streams.seek(&arn, &shard, None).await.unwrap());
        }
        Self { streams, cursors }
    }

    async fn read(&mut self) -> Vec<Value> {
        let mut records = Vec::new();
        let mut next = Vec::new();
        for cursor in std::mem::take(&mut self.cursors) {
            let page = self.streams.read(&cursor, 1000).await.unwrap();
            records.extend(page.records);
            next.extend(page.next);
        }
        self.cursors = next;
        records
    }
}

/// What is to become of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Issued,
    /// As it came it is no PDF.
    Quarantined,
    Rejected,
}

impl Fate {
    fn of_index(index: usize) -> Self {
        match index % 10 {
            3 => Self::Quarantined,
            7 => Self::Rejected,
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

async fn drop_everything(stack: &Stack) {
    for index in 0..DOCUMENTS {
        let name = name(index);
        let bytes = match Fate::of_index(index) {
            Fate::Issued | Fate::Rejected => sample(),
            Fate::Quarantined => Bytes::from_static(b"bukan PDF"),
        };
        drop_pdf(stack, &name, bytes, &[("number", &name)]).await;
        if index % 4 == 0 {
            let sidecar = json!({ "number": format!("S-{name}") }).to_string();
            let key = format!("{TENANT}/loket/{name}.json");
            let (inbox, kind) = (stack.inbox(), "application/json");
            inbox
                .drop_off("inbox", &key, kind, BTreeMap::new(), sidecar.into())
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_documents_end_once_each_although_messages_repeat_overtake_and_every_step_dies_at_every_effect() {
    let crashes = Arc::new(Crashes::default());
    let stack = stack(false, Some(crashes.hook())).await;
    drop_everything(&stack).await;
    let mut place = StreamPlace::open(&stack).await;
    let mut chaos = Chaos {
        stack: &stack,
        random: StdRng::seed_from_u64(20_260_105),
        waiting: Vec::new(),
        rejected: BTreeSet::new(),
        crashed_invocations: 0,
    };
    loop {
        let received = chaos.receive().await;
        chaos.deliver().await;
        let relayed = chaos.relay(&mut place).await;
        if !received && !relayed && chaos.waiting.is_empty() {
            break;
        }
    }
    assert!(chaos.crashed_invocations > 0);

    let points = crashes.points.lock().unwrap().clone();
    let died: BTreeSet<_> = points
        .keys()
        .map(|(step, _, effect, moment)| format!("{step} {} {moment:?}", effect.0))
        .collect();
    let effects = [
        "advance-approval DynamoDB.TransactWriteItems",
        "decide DynamoDB.TransactWriteItems",
        "detect DynamoDB.TransactWriteItems",
        "import DynamoDB.TransactWriteItems",
        "import S3.PUT",
        "relay SQS.SendMessageBatch",
        "sign DynamoDB.TransactWriteItems",
        "sign S3.PUT",
        "stamp DynamoDB.TransactWriteItems",
        "stamp S3.PUT",
        "track-approval DynamoDB.TransactWriteItems",
    ];
    let expected = effects
        .iter()
        .flat_map(|effect| [format!("{effect} After"), format!("{effect} Before")]);
    assert_eq!(
        died,
        expected.collect(),
        "every effect of every step, on both of its sides, and nothing else"
    );
    check_everything(&stack).await;
    stack.stop().await;
}

/// The events of a document, and of its approval.
async fn history(stack: &Stack, id: DocumentId) -> (Vec<String>, Vec<String>) {
    let table = stack.table().unwrap();
    let types = |events: Vec<kernel::Envelope<Value>>| -> Vec<String> {
        events.into_iter().map(|event| event.event_type.to_string()).collect()
    };
    let document = table.events(&Document::key_of(&tenant(), id), 100).await.unwrap();
    let approval = Key::state(TENANT, "approval", &id.to_string());
    let approval = table.events(&approval, 100).await.unwrap();
    let traces: BTreeSet<_> = document
        .iter()
        .chain(&approval)
        .map(|event| event.traceparent.trace_id())
        .collect();
    assert_eq!(traces.len(), 1, "one flow");
    (types(document), types(approval))
}

async fn check_everything(stack: &Stack) {
    let mut expected_files = BTreeSet::new();
    for index in 0..DOCUMENTS {
        let name = name(index);
        let newest = stack
            .table()
            .unwrap()
            .load::<Newest>(Newest::key_of(&name))
            .await
            .unwrap();
        let id = newest.value.document_id;
        let document = document(stack, &id.to_string()).await;
        let (events, approval) = history(stack, id).await;
        let stages: &[&str] = match Fate::of_index(index) {
            Fate::Issued => {
                assert_eq!(document.state.name(), "issued", "{name}");
                assert_issued_once(&events);
                assert_eq!(approval, ["approval.opened", "approval.approved"], "{name}");
                check_public(stack, &document).await;
                &["original", "signed", "final"]
            }
            Fate::Quarantined => {
                assert_eq!(document.state.name(), "quarantined", "{name}");
                assert_eq!(events, ["document.detected", "document.quarantined"], "{name}");
                assert!(approval.is_empty(), "{name}");
                &["original"]
            }
            Fate::Rejected => {
                assert_eq!(document.state.name(), "rejected", "{name}");
                assert_eq!(events.last().unwrap(), "document.rejected", "{name}");
                assert_eq!(approval, ["approval.opened", "approval.rejected"], "{name}");
                &["original"]
            }
        };
        let described = document.description.number;
        let sidecar = format!("S-{name}");
        let told = described.as_deref() == Some(&name) || (index % 4 == 0 && described == Some(sidecar));
        assert!(
            told || Fate::of_index(index) == Fate::Quarantined,
            "{name} is {described:?}"
        );
        expected_files.extend(
            stages
                .iter()
                .map(|stage| format!("{TENANT}/documents/{id}/{stage}.pdf")),
        );
    }
    let files = stack.vault().list_versions("").await.unwrap();
    let unique: BTreeSet<_> = files.iter().cloned().collect();
    assert_eq!(files.len(), unique.len(), "a file was written twice");
    assert_eq!(
        unique, expected_files,
        "files without a document, or documents without files"
    );
    for step in QUEUES {
        let partition = platform::Parking::partition(step);
        let parked = stack
            .table()
            .unwrap()
            .list::<platform::Parking>(&partition, "", true, 10)
            .await
            .unwrap();
        assert!(parked.is_empty(), "{step} parked {parked:?}");
    }
}

/// The public register says what the document says, and knows both of its files.
async fn check_public(stack: &Stack, document: &Document) {
    let State::Issued { signed, sealed } = &document.state else {
        panic!("{} is not issued", document.id)
    };
    let ask = async |event: Value| -> Value {
        let answer = stack.functions["verify"].invoke(event).await.unwrap();
        assert_eq!(answer["statusCode"], 200);
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    };
    let entry = ask(http_event(
        "GET",
        &format!("/api/v1/documents/{}", document.id),
        &[],
        "",
    ))
    .await;
    assert_eq!(entry["number"].as_str(), document.description.number.as_deref());
    for (sha256, verdict) in [(signed.sha256, "signed_base"), (sealed.sha256, "authentic")] {
        let body = json!({ "sha256": sha256 }).to_string();
        let headers = [("content-type", "application/json")];
        let answer = ask(http_event("POST", "/api/v1/verify", &headers, &body)).await;
        assert_eq!(answer["verdict"], verdict);
    }
}
