//! The tables of SQS, and the one way in for messages that the engine itself sends.

use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::digest;
use super::random;
use crate::store::Tx;

/// Runs at every start.
///
/// A message leaves its queue through the primary key: the receipt handle holds it, so that deletes stay fast on a
/// backlog. `sqs_messages_visible` gives the next message to receive, and the moment at which there will be one.
pub(crate) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS sqs_queues (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL UNIQUE,
    created_ms      INTEGER NOT NULL,
    modified_ms     INTEGER NOT NULL,
    delay_s         INTEGER NOT NULL,
    visibility_s    INTEGER NOT NULL,
    retention_s     INTEGER NOT NULL,
    wait_s          INTEGER NOT NULL,
    max_bytes       INTEGER NOT NULL,
    dead_letter     TEXT,
    max_receives    INTEGER,
    others          TEXT NOT NULL,
    tags            TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sqs_queues_dead_letter ON sqs_queues (dead_letter) WHERE dead_letter IS NOT NULL;

CREATE TABLE IF NOT EXISTS sqs_messages (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    queue           INTEGER NOT NULL,
    message_id      TEXT NOT NULL,
    sent_ms         INTEGER NOT NULL,
    visible_ms      INTEGER NOT NULL,
    receives        INTEGER NOT NULL DEFAULT 0,
    first_ms        INTEGER,
    receipt         BLOB,
    origin          TEXT,
    body_md5        TEXT NOT NULL,
    attributes_md5  TEXT,
    trace           TEXT,
    attributes      TEXT,
    body            TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sqs_messages_visible ON sqs_messages (queue, visible_ms, id);

CREATE TABLE IF NOT EXISTS sqs_moves (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    handle          TEXT NOT NULL UNIQUE,
    source          TEXT NOT NULL,
    destination     TEXT,
    per_second      INTEGER,
    status          TEXT NOT NULL,
    moved           INTEGER NOT NULL DEFAULT 0,
    to_move         INTEGER NOT NULL,
    started_ms      INTEGER NOT NULL,
    failure         TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS sqs_moves_source ON sqs_moves (source, id);
";

/// Puts a message of the engine's own (an S3 notification) into a queue, as one change with whatever else `tx` does.
///
/// A queue that is gone is no error: S3 drops such notifications too. `now_ms` is in milliseconds since 1970.
pub(crate) fn enqueue(tx: &Tx<'_>, queue: &str, body: &str, now_ms: i64) -> rusqlite::Result<()> {
    let found = tx
        .prepare_cached("SELECT id, delay_s FROM sqs_queues WHERE name = ?1")?
        .query_row([queue], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let Some((id, delay_s)) = found else {
        tracing::warn!(
            sqs.queue = queue,
            "a notification was dropped: its queue does not exist"
        );
        return Ok(());
    };
    insert(
        tx,
        &NewRow {
            queue: id,
            message_id: &random::uuid(),
            sent_ms: now_ms,
            visible_ms: now_ms.saturating_add(delay_s.saturating_mul(1000)),
            body_md5: &digest::of_body(body),
            attributes_md5: None,
            trace: None,
            attributes: None,
            body,
        },
    )?;
    tx.touch(&topic(queue));
    Ok(())
}

/// A message as it is first stored.
#[derive(Debug)]
pub(super) struct NewRow<'a> {
    pub(super) queue: i64,
    pub(super) message_id: &'a str,
    pub(super) sent_ms: i64,
    pub(super) visible_ms: i64,
    pub(super) body_md5: &'a str,
    pub(super) attributes_md5: Option<&'a str>,
    pub(super) trace: Option<&'a str>,
    /// JSON.
    pub(super) attributes: Option<&'a str>,
    pub(super) body: &'a str,
}

pub(super) fn insert(tx: &Tx<'_>, row: &NewRow<'_>) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO sqs_messages
             (queue, message_id, sent_ms, visible_ms, body_md5, attributes_md5, trace, attributes, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        row.queue,
        row.message_id,
        row.sent_ms,
        row.visible_ms,
        row.body_md5,
        row.attributes_md5,
        row.trace,
        row.attributes,
        row.body
    ])?;
    Ok(())
}

/// What waiting receivers of a queue listen to.
pub(super) fn topic(queue: &str) -> String {
    format!("sqs/{queue}")
}
