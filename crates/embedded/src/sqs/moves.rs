//! Moving messages out of a dead-letter queue, in steps, so that neither the writer nor a restart is held up.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::SqsError;
use super::names::Account;
use super::protocol::{MoveTask, StartMessageMoveTask};
use super::queues;
use super::random;
use super::schema::topic;
use crate::store::{Store, Tx};

/// Messages in one transaction.
const STEP: i64 = 500;
const MAX_PER_SECOND: i64 = 500;

const RUNNING: &str = "RUNNING";

/// A task that was accepted.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) id: i64,
    pub(super) handle: String,
}

pub(super) fn start(
    tx: &Tx<'_>,
    request: &StartMessageMoveTask,
    account: &Account,
    now_ms: i64,
) -> Result<Started, SqsError> {
    let missing = || SqsError::ResourceNotFound("The resource that you specified doesn't exist.");
    let source = account.queue_of_arn(&request.source_arn).ok_or_else(missing)?;
    let queue = known(tx, source)?;
    let destination = match &request.destination_arn {
        None => None,
        Some(arn) => {
            let name = account.queue_of_arn(arn).ok_or_else(missing)?;
            known(tx, name)?;
            Some(name)
        }
    };
    if request
        .max_number_of_messages_per_second
        .is_some_and(|rate| !(1..=MAX_PER_SECOND).contains(&rate))
    {
        return Err(SqsError::parameter(
            "MaxNumberOfMessagesPerSecond",
            "Must be between 1 and 500.",
        ));
    }
    if queues::sources(tx, source, 1, None)?.names.is_empty() {
        return Err(SqsError::parameter(
            "SourceArn",
            "Source queue must be configured as a Dead Letter Queue.",
        ));
    }
    let busy: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqs_moves WHERE source = ?1 AND status = ?2)",
        [source, RUNNING],
        |row| row.get(0),
    )?;
    if busy {
        return Err(SqsError::UnsupportedOperation(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
                .to_owned(),
        ));
    }
    let to_move = queues::counts(tx, queue, now_ms)?.visible;
    let handle = random::uuid();
    tx.execute(
        "INSERT INTO sqs_moves (handle, source, destination, per_second, status, to_move, started_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            handle,
            source,
            destination,
            request.max_number_of_messages_per_second,
            RUNNING,
            to_move,
            now_ms
        ],
    )?;
    Ok(Started {
        id: tx.last_insert_rowid(),
        handle,
    })
}

/// The newest tasks of a source first.
pub(super) fn list(
    db: &Connection,
    source_arn: &str,
    limit: Option<i64>,
    account: &Account,
) -> Result<Vec<MoveTask>, SqsError> {
    let limit = limit.unwrap_or(1);
    if !(1..=10).contains(&limit) {
        return Err(SqsError::parameter("MaxResults", "Must be between 1 and 10."));
    }
    let source = account.queue_of_arn(source_arn).ok_or(SqsError::ResourceNotFound(
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    ))?;
    known(db, source)?;
    let tasks = db
        .prepare_cached(
            "SELECT handle, status, destination, per_second, moved, to_move, failure, started_ms
             FROM sqs_moves WHERE source = ?1 ORDER BY id DESC LIMIT ?2",
        )?
        .query_map(params![source, limit], |row| {
            let status: String = row.get(1)?;
            let handle: String = row.get(0)?;
            let destination: Option<String> = row.get(2)?;
            Ok(MoveTask {
                task_handle: (status == RUNNING).then_some(handle),
                status,
                source_arn: source_arn.to_owned(),
                destination_arn: destination.map(|name| account.arn(&name)),
                max_number_of_messages_per_second: row.get(3)?,
                approximate_number_of_messages_moved: row.get(4)?,
                approximate_number_of_messages_to_move: row.get(5)?,
                failure_reason: row.get(6)?,
                started_timestamp: row.get(7)?,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(tasks)
}

/// Stops a task; gives the number of messages it had moved. What it moved stays moved.
pub(super) fn cancel(tx: &Tx<'_>, handle: &str) -> Result<i64, SqsError> {
    let moved = tx
        .query_row(
            "UPDATE sqs_moves SET status = 'CANCELLED' WHERE handle = ?1 AND status = ?2 RETURNING moved",
            [handle, RUNNING],
            |row| row.get(0),
        )
        .optional()?;
    moved.ok_or(SqsError::ResourceNotFound("Task does not exist."))
}

/// The tasks that a restart interrupted.
pub(super) fn unfinished(db: &Connection) -> Result<Vec<i64>, SqsError> {
    let ids = db
        .prepare("SELECT id FROM sqs_moves WHERE status = ?1 ORDER BY id")?
        .query_map([RUNNING], |row| row.get(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ids)
}

/// Steps until the task is over.
pub(super) async fn run(store: Store, id: i64) {
    loop {
        let now_ms = super::now_ms();
        match store.write(move |tx| step(tx, id, now_ms)).await {
            Ok(Step::Over) => return,
            Ok(Step::Again { pause }) => tokio::time::sleep(pause).await,
            Err(error) => {
                tracing::error!(error = %error, sqs.move_task = id, "a message move task stopped until the next start");
                return;
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Over,
    Again { pause: Duration },
}

/// Moves one batch. Ends after as many messages as there were at the start: those that come back meanwhile stay.
fn step(tx: &Tx<'_>, id: i64, now_ms: i64) -> Result<Step, SqsError> {
    let task = tx
        .prepare_cached(
            "SELECT source, destination, per_second, to_move - moved FROM sqs_moves WHERE id = ?1 AND status = ?2",
        )?
        .query_row(params![id, RUNNING], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Option<i64>>(2)?,
                row.get::<_, i64>(3)?,
            ))
        })
        .optional()?;
    let Some((source, destination, per_second, left)) = task else {
        return Ok(Step::Over);
    };

    let source = match queues::find(tx, &source) {
        Ok(queue) => queue.id,
        Err(SqsError::QueueDoesNotExist) => {
            return end(tx, id, "FAILED", Some("AWS.SimpleQueueService.NonExistentQueue"));
        }
        Err(other) => return Err(other),
    };
    let limit = per_second.unwrap_or(STEP).min(left);
    let candidates = tx
        .prepare_cached(
            "SELECT id, origin FROM sqs_messages WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3",
        )?
        .query_map(params![source, now_ms, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, Option<String>)>, _>>()?;
    let found = i64::try_from(candidates.len()).unwrap_or(i64::MAX);
    for (message, origin) in candidates {
        let Some(target) = destination.as_ref().or(origin.as_ref()) else {
            return end(tx, id, "FAILED", Some("CouldNotDetermineMessageSource"));
        };
        let queue = match queues::find(tx, target) {
            Ok(queue) => queue.id,
            Err(SqsError::QueueDoesNotExist) => {
                return end(tx, id, "FAILED", Some("AWS.SimpleQueueService.NonExistentQueue"));
            }
            Err(other) => return Err(other),
        };
        // A moved message is a new one to its queue, with a new id and its retention begun again.
        tx.prepare_cached(
            "UPDATE sqs_messages SET queue = ?2, message_id = ?3, sent_ms = ?4, visible_ms = ?4, receives = 0,
                    first_ms = NULL, receipt = NULL, origin = NULL
             WHERE id = ?1",
        )?
        .execute(params![message, queue, random::uuid(), now_ms])?;
        tx.prepare_cached("UPDATE sqs_moves SET moved = moved + 1 WHERE id = ?1")?
            .execute([id])?;
        tx.touch(&topic(target));
    }
    if found < limit || found == left {
        return end(tx, id, "COMPLETED", None);
    }
    let pause = if per_second.is_some() {
        Duration::from_secs(1)
    } else {
        Duration::ZERO
    };
    Ok(Step::Again { pause })
}

fn end(tx: &Tx<'_>, id: i64, status: &str, failure: Option<&str>) -> Result<Step, SqsError> {
    tx.execute(
        "UPDATE sqs_moves SET status = ?2, failure = ?3 WHERE id = ?1",
        params![id, status, failure],
    )?;
    Ok(Step::Over)
}

fn known(db: &Connection, name: &str) -> Result<i64, SqsError> {
    match queues::find(db, name) {
        Ok(queue) => Ok(queue.id),
        Err(SqsError::QueueDoesNotExist) => Err(SqsError::ResourceNotFound(
            "The resource that you specified doesn't exist.",
        )),
        Err(other) => Err(other),
    }
}
