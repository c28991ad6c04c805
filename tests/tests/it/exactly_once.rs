//! Exactly one effect: every message one to five times, in random order, and a crash around every effect of every step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use documents::{Document, State};
use localstack::Stack;
use platform::{Effect, EffectHook, Function, Key, Moment, Queues, ReceivedMessage, StreamRecord, Streams};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Newest, TENANT, decision, drop_pdf, sample, stack, tenant};

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
    waiting: BTreeMap<&'static str, VecDeque<ReceivedMessage>>,
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
                let messages = queues.receive(url, 0).await.unwrap();
                if messages.is_empty() {
                    break;
                }
                any = true;
                let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
                queues.delete(url, &handles).await.unwrap();
                let pool = self.waiting.entry(step).or_default();
                for message in messages {
                    let copies = self.random.random_range(1..=5);
                    pool.extend(std::iter::repeat_n(message, copies));
                }
            }
        }
        any
    }

    /// Delivers everything that was received, in random order; what fails is delivered again.
    async fn deliver(&mut self) {
        for step in QUEUES {
            let mut pool: Vec<_> = self.waiting.remove(step).unwrap_or_default().into();
            pool.shuffle(&mut self.random);
            let mut rounds = 0;
            while !pool.is_empty() {
                rounds += 1;
                assert!(rounds < 10_000, "{step} never finishes: {:?}", pool[0].body);
                // One message at a time while points are counted, so that each has a place of its own.
                let size = if rounds % 2 == 0 {
                    1
                } else {
                    self.random.random_range(1..=10)
                };
                let batch: Vec<_> = pool.split_off(pool.len().saturating_sub(size));
                let failed = match self.invoke(step, batch_event(&batch)).await {
                    Some(answer) => failures(&answer),
                    None => batch.iter().map(|message| message.message_id.clone()).collect(),
                };
                let again = batch.into_iter().filter(|message| failed.contains(&message.message_id));
                pool.splice(0..0, again);
            }
        }
    }

    /// Hands new event rows to the relay, several times over and out of order, and decides what was opened.
    async fn relay(&mut self, place: &mut StreamPlace) -> bool {
        let records = place.read().await;
        let opened: Vec<String> = records
            .iter()
            .filter_map(|record| {
                serde_json::from_value::<StreamRecord>(record.clone())
                    .unwrap()
                    .envelope()
            })
            .filter(|event| event.event_type.as_str() == "approval.opened")
            .map(|event| event.subject)
            .collect();
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
            let mut successes = self.random.random_range(1..=5);
            while successes > 0 {
                let event = decision(&document, &document, &json!({ "verdict": "approve" }));
                match self
                    .invoke("decide", event)
                    .await
                    .map(|answer| answer["statusCode"].as_u64().unwrap())
                {
                    Some(200) => successes -= 1,
                    // The process died while it held the command: the next one may have it when its minute is over.
                    // The decision itself is in the approval's history by then, or was never taken.
                    Some(409) | None => {
                        let command = json!({
                            "tenant": TENANT, "document_id": document,
                            "decision": {
                                "id": format!("kepala-dinas:{document}"), "verdict": "approve",
                                "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat", "roles": ["head_of_office"] },
                            },
                        });
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

fn batch_event(messages: &[ReceivedMessage]) -> Value {
    let record = |message: &ReceivedMessage| {
        json!({
            "messageId": message.message_id, "receiptHandle": message.receipt_handle, "body": message.body,
            "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "ap-southeast-3",
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

fn failures(answer: &Value) -> BTreeSet<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_documents_end_once_each_although_messages_repeat_and_every_step_dies_at_every_effect() {
    let crashes = Arc::new(Crashes::default());
    let stack = stack(false, Some(crashes.hook())).await;
    let names: Vec<_> = (0..DOCUMENTS).map(|index| format!("izin-{index:03}")).collect();
    for name in &names {
        drop_pdf(&stack, name, sample(), &[("number", name)]).await;
    }
    let mut place = StreamPlace::open(&stack).await;
    let random = StdRng::seed_from_u64(20_260_105);
    let mut chaos = Chaos {
        stack: &stack,
        random,
        waiting: BTreeMap::new(),
        crashed_invocations: 0,
    };
    loop {
        let received = chaos.receive().await;
        chaos.deliver().await;
        let relayed = chaos.relay(&mut place).await;
        if !received && !relayed {
            break;
        }
    }

    let points = crashes.points.lock().unwrap().clone();
    let steps_that_died: BTreeSet<_> = points.keys().map(|(step, ..)| step.as_str()).collect();
    let expected = [
        "advance-approval",
        "decide",
        "detect",
        "import",
        "relay",
        "sign",
        "stamp",
        "track-approval",
    ];
    assert_eq!(steps_that_died, BTreeSet::from(expected));
    for (step, effect) in [
        ("import", "S3.PUT"),
        ("sign", "S3.PUT"),
        ("stamp", "S3.PUT"),
        ("relay", "SQS.SendMessageBatch"),
    ] {
        for moment in [Moment::Before, Moment::After] {
            let died = points
                .keys()
                .any(|(s, _, e, m)| (s.as_str(), e.0.as_str(), *m) == (step, effect, moment));
            assert!(died, "{step} never died {moment:?} {effect}");
        }
    }
    assert!(points.len() >= 24, "{points:?}");
    check_everything(&stack, &names).await;
    stack.stop().await;
}

async fn check_everything(stack: &Stack, names: &[String]) {
    let table = stack.table().unwrap();
    let mut expected_files = BTreeSet::new();
    for name in names {
        let newest = table.load::<Newest>(Newest::key_of(name)).await.unwrap();
        let id = newest.value.document_id;
        let key = Document::key_of(&tenant(), id);
        let document = table
            .load::<Document>(Key {
                pk: key.pk.clone(),
                sk: key.sk.clone(),
            })
            .await
            .unwrap()
            .value;
        assert!(
            matches!(document.state, State::Issued { .. }),
            "{name} is {}",
            document.state.name()
        );
        assert_eq!(document.description.number.as_deref(), Some(name.as_str()));
        let types = |events: Vec<kernel::Envelope<Value>>| -> Vec<String> {
            events.into_iter().map(|event| event.event_type.to_string()).collect()
        };
        let events = types(table.events(&key, 100).await.unwrap());
        assert_eq!(
            events,
            [
                "document.detected",
                "document.imported",
                "document.signed",
                "document.issued"
            ],
            "{name}"
        );
        let approval = Key::state(TENANT, "approval", &id.to_string());
        let events = types(table.events(&approval, 100).await.unwrap());
        assert_eq!(events, ["approval.opened", "approval.approved"], "{name}");
        expected_files
            .extend(["original", "signed", "final"].map(|stage| format!("{TENANT}/documents/{id}/{stage}.pdf")));
    }
    let files = stack.vault().list_versions("").await.unwrap();
    let unique: BTreeSet<_> = files.iter().cloned().collect();
    assert_eq!(files.len(), unique.len(), "a file was written twice");
    assert_eq!(
        unique, expected_files,
        "files without a document, or documents without files"
    );
    for step in QUEUES {
        let parked = table
            .list::<platform::Parking>(&platform::Parking::partition(step), "", true, 10)
            .await
            .unwrap();
        assert!(parked.is_empty(), "{step} parked {parked:?}");
    }
}
