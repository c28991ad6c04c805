//! Reads of callers that ask at about the same time travel together, as one `BatchGetItem`.
//!
//! A caller who asks while reads are under way waits for the next one. So no read begins before it was asked for, and
//! what each caller sees is as fresh as if it had asked alone.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use tokio::sync::oneshot;

use super::{Item, Key, TableError, unavailable};

/// Requests at once. The second keeps a slow one from holding up everybody.
const CARRIERS: usize = 2;
/// Rows in one request: `DynamoDB`'s own limit.
const TOGETHER: usize = 100;
/// How often a request is sent for rows that the service left out.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; doubled before each further one.
const PAUSE: Duration = Duration::from_millis(20);
/// For all attempts together: those who wait behind them must not wait for ever.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The reads of one table. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Reads(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Client,
    table: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they asked.
    waiting: VecDeque<(Key, Caller)>,
    /// While anybody waits, there is at least one.
    carriers: usize,
}

type Caller = oneshot::Sender<Result<Option<Item>, TableError>>;
type Failure = Arc<dyn Error + Send + Sync>;

impl Reads {
    pub(super) fn new(client: Client, table: String) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Shared { client, table, state }))
    }

    /// The row at `key`, strongly consistent. `key` must be one that the service takes, or it refuses all that
    /// travel with it.
    pub(super) async fn item(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let (caller, answer) = oneshot::channel();
        if let Some(carrier) = self.ask(key.clone(), caller) {
            // A task of its own: the caller may go away, and the others who travel along must not notice.
            tokio::spawn(carrier.run());
        }
        let lost = |_| unavailable("the runtime that carried the read has ended");
        answer.await.map_err(lost)?
    }

    /// Lets a caller wait; a new carrier if one may set out.
    fn ask(&self, key: Key, caller: Caller) -> Option<Carrier> {
        let mut state = self.0.lock();
        state.waiting.push_back((key, caller));
        (state.carriers < CARRIERS).then(|| {
            state.carriers += 1;
            Carrier {
                shared: self.0.clone(),
                counted: true,
            }
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads for those who wait, until nobody does.
struct Carrier {
    shared: Arc<Shared>,
    counted: bool,
}

impl Carrier {
    async fn run(mut self) {
        while let Some(callers) = self.next() {
            let mut read = Read {
                left: callers.keys().cloned().collect(),
                found: HashMap::with_capacity(callers.len()),
            };
            let carried = tokio::time::timeout(TIME_LIMIT, read.carry(&self.shared)).await;
            let failure: Failure = match carried {
                Ok(Ok(())) => Arc::new(ReadError::LeftOut),
                Ok(Err(failure)) => Arc::new(failure),
                Err(_elapsed) => Arc::new(ReadError::TooSlow),
            };
            for (key, callers) in callers {
                read.answer(&key, callers, &failure);
            }
        }
    }

    /// Those who wait, by the row that they ask for, as many as may travel together. None when nobody does, and this
    /// carrier is then no longer counted.
    fn next(&mut self) -> Option<HashMap<Key, Vec<Caller>>> {
        let mut state = self.shared.lock();
        let mut together = HashMap::<Key, Vec<Caller>>::new();
        while together.len() < TOGETHER
            && let Some((key, caller)) = state.waiting.pop_front()
        {
            // Whoever has gone away needs no row.
            if !caller.is_closed() {
                together.entry(key).or_default().push(caller);
            }
        }
        if together.is_empty() {
            // Under the same lock: whoever asks from now on finds it gone.
            state.carriers -= 1;
            self.counted = false;
            return None;
        }
        Some(together)
    }
}

impl Drop for Carrier {
    /// A carrier that is dropped at work, with its runtime, leaves nobody waiting for ever.
    fn drop(&mut self) {
        if self.counted {
            let mut state = self.shared.lock();
            state.carriers -= 1;
            if state.carriers == 0 {
                state.waiting.clear();
            }
        }
    }
}

/// One journey.
struct Read {
    /// Rows that the service has not spoken of.
    left: Vec<Key>,
    found: HashMap<Key, Item>,
}

impl Read {
    async fn carry(&mut self, shared: &Shared) -> Result<(), ReadError> {
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            let output = self.send(shared).await?;
            let found = output.responses.unwrap_or_default().into_values().flatten();
            for item in found {
                let key = key_of(&item).ok_or(ReadError::NoKey)?;
                self.found.insert(key, item);
            }
            let left_out = output.unprocessed_keys.unwrap_or_default().into_values();
            let left_out: Option<Vec<Key>> = left_out.flat_map(|left| left.keys).map(|key| key_of(&key)).collect();
            self.left = left_out.ok_or(ReadError::NoKey)?;
            if self.left.is_empty() {
                break;
            }
            if attempt < ATTEMPTS {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
        Ok(())
    }

    async fn send(&self, shared: &Shared) -> Result<BatchGetItemOutput, ReadError> {
        let keys = self.left.iter().map(|Key { pk, sk }| {
            Item::from([
                ("pk".into(), AttributeValue::S(pk.clone())),
                ("sk".into(), AttributeValue::S(sk.clone())),
            ])
        });
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .consistent_read(true)
            .build()
            .map_err(SdkError::construction_failure)?;
        let request = shared.client.batch_get_item().request_items(&shared.table, keys);
        Ok(request.send().await?)
    }

    fn answer(&mut self, key: &Key, mut callers: Vec<Caller>, failure: &Failure) {
        let found = self.found.remove(key);
        let last = callers.pop();
        let answer = |found| {
            if self.left.contains(key) {
                Err(unavailable(failure.clone()))
            } else {
                Ok(found)
            }
        };
        // Whoever has gone away meanwhile needs no answer.
        for caller in callers {
            let _gone = caller.send(answer(found.clone()));
        }
        if let Some(caller) = last {
            let _gone = caller.send(answer(found));
        }
    }
}

impl From<SdkError<BatchGetItemError>> for ReadError {
    fn from(error: SdkError<BatchGetItemError>) -> Self {
        Self::Service(Box::new(error))
    }
}

/// Why rows were not read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("the service refused")]
    Service(#[source] Box<SdkError<BatchGetItemError>>),
    #[error("the service left rows out, {ATTEMPTS} times")]
    LeftOut,
    #[error("a row came without its key")]
    NoKey,
    #[error("the service did not answer within {TIME_LIMIT:?}")]
    TooSlow,
}

fn key_of(item: &Item) -> Option<Key> {
    match (item.get("pk"), item.get("sk")) {
        (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Some(Key {
            pk: pk.clone(),
            sk: sk.clone(),
        }),
        _ => None,
    }
}
