//! Lambda at its worst: deliveries that repeat, overtake each other and come late, and processes that die.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use localstack::Stack;
use platform::{Effect, EffectHook, Environment, Function, Moment, ReceivedMessage};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::Fate;
use crate::support::clock::MovingClock;
use crate::support::messages::{assert_of_schema, batch_event, drain, failures};
use crate::support::stream::{StreamPlace, envelope};
use crate::support::{decision, environment, key_file};

/// The steps that queues trigger.
pub(super) const QUEUES: [&str; 6] = [
    "detect",
    "import",
    "advance-approval",
    "track-approval",
    "sign",
    "stamp",
];

const ROUTE: &str =
    r#"{"name":"izin","version":1,"steps":[{"name":"kepala_dinas","role":"head_of_office","on_reject":"origin"}]}"#;

/// Where a process may die: the step, how many effects it has had, what the next is, and on which side of it. In a
/// batch, effects of several messages mix, and are not counted.
type Point = (String, Option<usize>, Effect, Moment);

/// An invocation: the step, whether it has one message only, and its effects so far.
type Invocation = (String, bool, Mutex<usize>);

tokio::task_local! {
    static INVOCATION: Invocation;
}

/// Kills the step at every point when it first comes there, and at every third visit afterwards. Batches visit the same
/// points many times each, and are killed more seldom, so that they end.
#[derive(Default)]
pub(super) struct Crashes {
    points: Mutex<BTreeMap<Point, usize>>,
}

impl Crashes {
    pub(super) fn hook(self: &Arc<Self>) -> EffectHook {
        let crashes = self.clone();
        Arc::new(move |effect, moment| {
            let here = INVOCATION.try_with(|(step, alone, effects)| {
                let mut effects = effects.lock().unwrap();
                let place = (step.clone(), alone.then_some(*effects), effect.clone(), moment);
                *effects += usize::from(moment == Moment::After);
                (place, if *alone { 3 } else { 97 })
            });
            let Ok((place, often)) = here else { return };
            let mut points = crashes.points.lock().unwrap();
            let visits = points.entry(place).or_default();
            *visits += 1;
            let dies = *visits == 1 || visits.is_multiple_of(often);
            drop(points);
            if dies {
                // As a killed process: no message, no clean-up.
                std::panic::resume_unwind(Box::new("killed"));
            }
        })
    }

    /// Where invocations with one message died: `<step> <effects before> <effect> <moment>`.
    pub(super) fn points(&self) -> BTreeSet<String> {
        let points = self.points.lock().unwrap();
        let alone = points.keys().filter_map(|(step, before, effect, moment)| {
            let before = (*before)?;
            Some(format!("{step} {before} {} {moment:?}", effect.0))
        });
        alone.collect()
    }

    /// Where invocations with several messages died: `<step> <effect> <moment>`.
    pub(super) fn in_batches(&self) -> BTreeSet<String> {
        let points = self.points.lock().unwrap();
        let mixed = points.keys().filter(|(_, before, ..)| before.is_none());
        mixed
            .map(|(step, _, effect, moment)| format!("{step} {} {moment:?}", effect.0))
            .collect()
    }
}

/// Whoever delivers.
pub(super) struct Chaos<'a> {
    stack: &'a Stack,
    place: StreamPlace,
    random: StdRng,
    /// Deliveries that are still to come, of all queues.
    waiting: Vec<(&'static str, ReceivedMessage)>,
    /// What is to become of each document, by its id.
    fates: BTreeMap<String, Fate>,
    clock: Arc<MovingClock>,
    decide: Function,
    pub(super) crashed_invocations: usize,
    /// How often a command was taken over from a process that died with it.
    pub(super) taken_over: usize,
    /// How often each public row was written.
    pub(super) public: BTreeMap<String, usize>,
}

impl<'a> Chaos<'a> {
    pub(super) async fn new(stack: &'a Stack) -> Self {
        let clock = Arc::new(MovingClock::default());
        let public_key = key_file("token.pub.pem");
        let environment = Environment {
            clock: clock.clone(),
            ..environment(stack, &[("APPROVAL_ROUTE", ROUTE), ("TOKEN_PUBLIC_KEY", &public_key)])
        };
        Self {
            stack,
            place: StreamPlace::open(stack).await,
            random: StdRng::seed_from_u64(20_260_105),
            waiting: Vec::new(),
            fates: BTreeMap::new(),
            clock,
            decide: approvals::decide::function(&environment).unwrap(),
            crashed_invocations: 0,
            taken_over: 0,
            public: BTreeMap::new(),
        }
    }

    /// Delivers until nothing is left to do.
    pub(super) async fn run(&mut self) {
        loop {
            let received = self.receive().await;
            self.deliver().await;
            let relayed = self.relay().await;
            if !received && !relayed && self.waiting.is_empty() {
                return;
            }
        }
    }

    async fn invoke(&mut self, step: &str, alone: bool, event: Value) -> Option<Value> {
        let function = if step == "decide" {
            &self.decide
        } else {
            &self.stack.functions[step]
        };
        let invocation = (step.to_owned(), alone, Mutex::new(0));
        let answer = INVOCATION.scope(invocation, function.invoke(event)).await.ok();
        self.crashed_invocations += usize::from(answer.is_none());
        answer
    }

    /// Takes everything that waits in the queues and makes one to five deliveries of each message.
    async fn receive(&mut self) -> bool {
        let mut any = false;
        for step in QUEUES {
            for message in drain(self.stack, step).await {
                any = true;
                let copies = self.random.random_range(1..=5);
                self.waiting.extend(std::iter::repeat_n((step, message), copies));
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
            // Mostly one message alone, so that each of its effects has a place of its own.
            let size = if attempts % 8 == 0 {
                self.random.random_range(2..=10)
            } else {
                1
            };
            let step = self.waiting[self.waiting.len() - 1].0;
            let (mut batch, mut others) = (Vec::new(), Vec::new());
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
            let failed = match self.invoke(step, batch.len() == 1, batch_event(&batch)).await {
                Some(answer) => failures(&answer),
                None => batch.iter().map(|message| message.message_id.clone()).collect(),
            };
            let again = batch.into_iter().filter(|message| failed.contains(&message.message_id));
            self.waiting.splice(0..0, again.map(|message| (step, message)));
        }
    }

    /// Hands new event rows to the relay, several times over and out of order, and decides what was opened.
    async fn relay(&mut self) -> bool {
        let records = self.place.read().await;
        let mut opened = Vec::new();
        for record in &records {
            let row = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap();
            if row.starts_with("public#") {
                *self.public.entry(row.to_owned()).or_default() += 1;
            }
            let Some(event) = envelope(record) else { continue };
            assert_of_schema(&event);
            match event.event_type.as_str() {
                "approval.opened" => opened.push(event.subject),
                "document.detected" => {
                    let fate = Fate::of_key(event.data["key"].as_str().unwrap());
                    self.fates.insert(event.subject, fate);
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
                let answer = self.invoke("relay", false, json!({ "Records": batch })).await;
                if answer.is_some_and(|answer| failures(&answer).is_empty()) {
                    break;
                }
            }
        }
        for document in opened {
            self.decide(&document).await;
        }
        any
    }

    /// The official decides, and asks again and again, until he was answered one to five times. A command whose process
    /// died is his again when its lease is over.
    async fn decide(&mut self, document: &str) {
        let verdict = match self.fates[document] {
            Fate::Issued | Fate::Quarantined => json!({ "verdict": "approve" }),
            Fate::Rejected => json!({ "verdict": "reject", "note": "Tidak memenuhi syarat." }),
            Fate::Returned => json!({ "verdict": "return", "note": "Lampirkan KTP." }),
        };
        let mut answers = self.random.random_range(1..=5);
        let mut first = None;
        while answers > 0 {
            let answer = self
                .invoke("decide", true, decision(document, document, &verdict))
                .await;
            let Some(answer) = answer else { continue };
            match answer["statusCode"].as_u64().unwrap() {
                200 => {
                    answers -= 1;
                    let body = first.get_or_insert_with(|| answer["body"].clone());
                    assert_eq!(answer["body"], *body, "the same question, another answer");
                }
                409 => {
                    assert!(
                        answer["body"].as_str().unwrap().contains("idempotency.in_progress"),
                        "{answer}"
                    );
                    self.taken_over += 1;
                    self.clock.move_on(SignedDuration::from_secs(61));
                }
                other => panic!("decide answered {other}: {answer}"),
            }
        }
    }
}
