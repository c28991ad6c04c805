//! Amazon SQS, standard queues, on `SQLite`.
//!
//! Left out on purpose: FIFO queues, permissions, and the query protocol, which no current SDK or CLI speaks.

mod attributes;
mod batch;
mod digest;
mod error;
mod moves;
mod names;
mod protocol;
mod queues;
mod random;
mod receive;
mod retention;
mod schema;
mod send;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::Clock as _;
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::store::{Store, Tx};
use names::Account;
use protocol as wire;

pub(crate) use error::SqsError;
pub(crate) use schema::{SCHEMA, enqueue};

const MAX_WAIT_S: i64 = 20;
const MAX_PAGE: i64 = 1000;

/// The queues of one account in one region.
#[derive(Debug, Clone)]
pub(crate) struct Sqs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    account: Account,
    /// Message move tasks at work. They end with the service.
    moves: Mutex<JoinSet<()>>,
}

impl Sqs {
    /// Takes up the message move tasks that a stop interrupted.
    pub(crate) async fn open(store: Store, region: &str, account: &str) -> Result<Self, SqsError> {
        let unfinished = store.read(moves::unfinished).await?;
        let account = Account {
            region: region.to_owned(),
            id: account.to_owned(),
        };
        let sqs = Self {
            inner: Arc::new(Inner {
                store,
                account,
                moves: Mutex::default(),
            }),
        };
        for id in unfinished {
            sqs.run_move(id);
        }
        Ok(sqs)
    }

    /// Stops background work and waits until it has let go of the store.
    pub(crate) async fn close(&self) {
        let mut moves = std::mem::take(&mut *self.inner.moves.lock().unwrap_or_else(PoisonError::into_inner));
        moves.shutdown().await;
    }

    /// Makes every message visible that a receiver took and neither deleted nor gave back; gives their number.
    pub(crate) async fn release_in_flight(&self) -> Result<usize, SqsError> {
        self.write(|tx| {
            let now_ms = now_ms();
            let released = tx
                .prepare_cached("UPDATE sqs_messages SET visible_ms = ?1 WHERE receives > 0 AND visible_ms > ?1")?
                .execute([now_ms])?;
            Ok(released)
        })
        .await
    }

    /// Deletes messages that are older than their queues keep them; gives their number.
    pub(crate) async fn sweep(&self) -> Result<usize, SqsError> {
        retention::sweep(&self.inner.store, now_ms()).await
    }

    /// Answers one request. `endpoint` is where the client found us, such as `http://127.0.0.1:9000`: queue URLs begin
    /// with it.
    #[allow(
        clippy::too_many_lines,
        reason = "one line per operation reads better than two tables"
    )]
    pub(crate) async fn call(&self, operation: &str, body: &[u8], endpoint: &str) -> Result<Vec<u8>, SqsError> {
        let account = self.inner.account.clone();
        match operation {
            "SendMessage" => {
                let request: wire::SendMessage = parse(body)?;
                let queue = self.queue(&request.queue_url)?;
                answer(
                    &self
                        .write(move |tx| send::one(tx, &queue, &request.message, now_ms()))
                        .await?,
                )
            }
            "SendMessageBatch" => {
                let request: wire::Batch<wire::SendEntry> = parse(body)?;
                let queue = self.queue(&request.queue_url)?;
                batch::check(&request.entries, "SendMessageBatchRequestEntry")?;
                answer(
                    &self
                        .write(move |tx| send::many(tx, &queue, &request.entries, now_ms()))
                        .await?,
                )
            }
            "ReceiveMessage" => answer(&self.receive(parse(body)?).await?),
            "DeleteMessage" => {
                let request: wire::DeleteMessage = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let delete = move |tx: &Tx<'_>| {
                    let queue = queues::find(tx, &name)?.id;
                    receive::delete(tx, queue, &request.receipt_handle)
                };
                answer(&self.write(delete).await?)
            }
            "DeleteMessageBatch" => {
                let request: wire::Batch<wire::DeleteEntry> = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                batch::check(&request.entries, "DeleteMessageBatchRequestEntry")?;
                let delete = move |tx: &Tx<'_>| {
                    let queue = queues::find(tx, &name)?.id;
                    batch::each(&request.entries, |entry| {
                        receive::delete(tx, queue, &entry.receipt_handle)
                    })
                };
                answer(&self.write(delete).await?)
            }
            "ChangeMessageVisibility" => {
                let request: wire::ChangeMessageVisibility = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let change = move |tx: &Tx<'_>| {
                    let queue = queues::find(tx, &name)?.id;
                    let (handle, seconds) = (&request.receipt_handle, request.visibility_timeout);
                    receive::change_visibility(tx, &name, queue, handle, seconds, now_ms())
                };
                answer(&self.write(change).await?)
            }
            "ChangeMessageVisibilityBatch" => {
                let request: wire::Batch<wire::VisibilityEntry> = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                batch::check(&request.entries, "ChangeMessageVisibilityBatchRequestEntry")?;
                let change = move |tx: &Tx<'_>| {
                    let queue = queues::find(tx, &name)?.id;
                    batch::each(&request.entries, |entry| {
                        let (handle, seconds) = (&entry.receipt_handle, entry.visibility_timeout);
                        receive::change_visibility(tx, &name, queue, handle, seconds, now_ms())
                    })
                };
                answer(&self.write(change).await?)
            }
            "CreateQueue" => {
                let request: wire::CreateQueue = parse(body)?;
                let url = account.url(endpoint, &request.queue_name);
                let create = move |tx: &Tx<'_>| {
                    queues::create(
                        tx,
                        &request.queue_name,
                        &request.attributes,
                        &request.tags,
                        &account,
                        now_ms(),
                    )
                };
                self.write(create).await?;
                answer(&json!({ "QueueUrl": url }))
            }
            "GetQueueUrl" => {
                let request: wire::GetQueueUrl = parse(body)?;
                let url = account.url(endpoint, &request.queue_name);
                self.read(move |db| queues::find(db, &request.queue_name)).await?;
                answer(&json!({ "QueueUrl": url }))
            }
            "ListQueues" => {
                let request: wire::ListQueues = parse(body)?;
                let limit = page_size(request.max_results)?;
                let list = move |db: &Connection| {
                    queues::list(db, &request.queue_name_prefix, limit, request.next_token.as_deref())
                };
                answer(&urls("QueueUrls", self.read(list).await?, &account, endpoint))
            }
            "ListDeadLetterSourceQueues" => {
                let request: wire::ListDeadLetterSourceQueues = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let limit = page_size(request.max_results)?;
                let list = move |db: &Connection| {
                    queues::find(db, &name)?;
                    queues::sources(db, &name, limit, request.next_token.as_deref())
                };
                answer(&urls("queueUrls", self.read(list).await?, &account, endpoint))
            }
            "GetQueueAttributes" => {
                let request: wire::GetQueueAttributes = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let names = request.attribute_names;
                let get = move |db: &Connection| queues::attributes(db, &name, &names, &account, now_ms());
                answer(&json!({ "Attributes": self.read(get).await? }))
            }
            "SetQueueAttributes" => {
                let request: wire::SetQueueAttributes = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let set = move |tx: &Tx<'_>| queues::set_attributes(tx, &name, &request.attributes, &account, now_ms());
                self.write(set).await?;
                answer(&json!({}))
            }
            "DeleteQueue" => {
                let request: wire::OfQueue = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                self.write(move |tx| queues::delete(tx, &name)).await?;
                answer(&json!({}))
            }
            "PurgeQueue" => {
                let request: wire::OfQueue = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                self.write(move |tx| queues::purge(tx, &name)).await?;
                answer(&json!({}))
            }
            "ListQueueTags" => {
                let request: wire::OfQueue = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                answer(&json!({ "Tags": self.read(move |db| queues::tags(db, &name)).await? }))
            }
            "TagQueue" => {
                let request: wire::TagQueue = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let tag = move |tx: &Tx<'_>| {
                    let mut tags = queues::tags(tx, &name)?;
                    tags.extend(request.tags);
                    queues::set_tags(tx, &name, &tags)
                };
                self.write(tag).await?;
                answer(&json!({}))
            }
            "UntagQueue" => {
                let request: wire::UntagQueue = parse(body)?;
                let name = self.queue(&request.queue_url)?;
                let untag = move |tx: &Tx<'_>| {
                    let mut tags = queues::tags(tx, &name)?;
                    tags.retain(|key, _| !request.tag_keys.contains(key));
                    queues::set_tags(tx, &name, &tags)
                };
                self.write(untag).await?;
                answer(&json!({}))
            }
            "StartMessageMoveTask" => {
                let request: wire::StartMessageMoveTask = parse(body)?;
                let started = self
                    .write(move |tx| moves::start(tx, &request, &account, now_ms()))
                    .await?;
                self.run_move(started.id);
                answer(&json!({ "TaskHandle": started.handle }))
            }
            "ListMessageMoveTasks" => {
                let request: wire::ListMessageMoveTasks = parse(body)?;
                let list = move |db: &Connection| moves::list(db, &request.source_arn, request.max_results, &account);
                answer(&json!({ "Results": self.read(list).await? }))
            }
            "CancelMessageMoveTask" => {
                let request: wire::CancelMessageMoveTask = parse(body)?;
                let moved = self.write(move |tx| moves::cancel(tx, &request.task_handle)).await?;
                answer(&json!({ "ApproximateNumberOfMessagesMoved": moved }))
            }
            unknown => Err(SqsError::UnknownOperation(unknown.to_owned())),
        }
    }

    /// Looks, and looks again whenever the queue changes or a hidden message is due, until there is something or the wait
    /// is over.
    async fn receive(&self, request: wire::ReceiveMessage) -> Result<wire::ReceivedMessages, SqsError> {
        let name = self.queue(&request.queue_url)?;
        let wanted = receive::Wanted::of(&request)?;
        let wait_s = if let Some(wait_s) = request.wait_time_seconds {
            wait_s
        } else {
            let name = name.clone();
            self.read(move |db| queues::wait_s(db, &name)).await?
        };
        if !(0..=MAX_WAIT_S).contains(&wait_s) {
            return Err(SqsError::parameter(
                "WaitTimeSeconds",
                "Must be >= 0 and <= 20, if provided.",
            ));
        }
        let deadline = Instant::now() + Duration::from_secs(wait_s.unsigned_abs());
        let mut changes = self.inner.store.subscribe(&schema::topic(&name));
        loop {
            changes.mark_unchanged();
            let out_of_time = Instant::now() >= deadline;
            let (name, wanted, account) = (name.clone(), wanted.clone(), self.inner.account.clone());
            let look = self
                .write(move |tx| receive::look(tx, &name, &wanted, |queue| account.arn(queue), now_ms()))
                .await?;
            if !look.messages.is_empty() || out_of_time {
                return Ok(wire::ReceivedMessages {
                    messages: look.messages,
                });
            }
            let due = look.next_ms.map_or(deadline, |next_ms| {
                let in_ms = next_ms.saturating_sub(now_ms()).max(1).unsigned_abs();
                deadline.min(Instant::now() + Duration::from_millis(in_ms))
            });
            tokio::select! {
                // An error means that the store is closing; the next look says so.
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(due) => {}
            }
        }
    }

    fn queue(&self, url: &str) -> Result<String, SqsError> {
        self.inner.account.queue_of_url(url).map(ToOwned::to_owned)
    }

    async fn write<T, F>(&self, job: F) -> Result<T, SqsError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, SqsError> + Send + 'static,
    {
        self.inner.store.write(job).await
    }

    async fn read<T, F>(&self, query: F) -> Result<T, SqsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, SqsError> + Send + 'static,
    {
        self.inner.store.read(query).await
    }

    fn run_move(&self, id: i64) {
        let mut moves = self.inner.moves.lock().unwrap_or_else(PoisonError::into_inner);
        while moves.try_join_next().is_some() {}
        moves.spawn(moves::run(self.inner.store.clone(), id));
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    kernel::SystemClock.now().as_millisecond()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(if body.is_empty() { b"{}" } else { body }).map_err(|error| {
        let text = error.to_string();
        match text
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next())
        {
            Some(field) => SqsError::MissingParameter(field.to_owned()),
            None => SqsError::Serialization(text),
        }
    })
}

fn answer<T: Serialize>(value: &T) -> Result<Vec<u8>, SqsError> {
    serde_json::to_vec(value).map_err(|error| SqsError::Serialization(error.to_string()))
}

fn urls(field: &str, page: queues::Page, account: &Account, endpoint: &str) -> Value {
    let urls: Vec<String> = page.names.iter().map(|name| account.url(endpoint, name)).collect();
    let mut value = json!({ field: urls });
    if let (Some(next), Some(fields)) = (page.next, value.as_object_mut()) {
        fields.insert("NextToken".to_owned(), Value::String(next));
    }
    value
}

fn page_size(asked: Option<i64>) -> Result<usize, SqsError> {
    let size = asked.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&size) {
        return Err(SqsError::parameter("MaxResults", "Must be between 1 and 1000."));
    }
    Ok(usize::try_from(size).unwrap_or_default())
}
