//! Receiving, acknowledging, and the way to the dead-letter queue.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

use super::error::SqsError;
use super::protocol::{AttributeValue, ReceiveMessage, ReceivedMessage};
use super::queues::{self, Queue};
use super::random;
use super::schema::topic;
use crate::store::Tx;

/// Rounds over a backlog of messages that are all expired or due for the dead-letter queue, so that one receive does not
/// hold the writer for long.
const MAX_ROUNDS: usize = 20;
const MAX_VISIBILITY_S: i64 = 43_200;

/// What one look into the queue gave.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) messages: Vec<ReceivedMessage>,
    /// When the next message becomes visible by itself, in milliseconds since 1970.
    pub(super) next_ms: Option<i64>,
}

/// The answer of operations that say nothing.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

/// What a receiver asked for, checked.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    limit: usize,
    visibility_s: Option<i64>,
    system: Names,
    attributes: Names,
}

impl Wanted {
    pub(super) fn of(request: &ReceiveMessage) -> Result<Self, SqsError> {
        let limit = usize::try_from(request.max_number_of_messages.unwrap_or(1)).unwrap_or_default();
        if !(1..=10).contains(&limit) {
            return Err(SqsError::parameter(
                "MaxNumberOfMessages",
                "Must be between 1 and 10, if provided.",
            ));
        }
        request.visibility_timeout.map_or(Ok(()), check_visibility)?;
        let mut system = request.attribute_names.clone();
        system.extend_from_slice(&request.message_system_attribute_names);
        Ok(Self {
            limit,
            visibility_s: request.visibility_timeout,
            system: Names(system),
            attributes: Names(request.message_attribute_names.clone()),
        })
    }

    #[cfg(test)]
    pub(super) fn ten() -> Self {
        Self {
            limit: 10,
            visibility_s: None,
            system: Names(Vec::new()),
            attributes: Names(Vec::new()),
        }
    }
}

/// Takes up to `wanted.limit` visible messages and hides them for the visibility timeout.
pub(super) fn look(
    tx: &Tx<'_>,
    queue_name: &str,
    wanted: &Wanted,
    account_arn: impl Fn(&str) -> String,
    now_ms: i64,
) -> Result<Look, SqsError> {
    let queue = queues::find(tx, queue_name)?;
    let hidden_until = now_ms.saturating_add(wanted.visibility_s.unwrap_or(queue.visibility_s).saturating_mul(1000));
    let mut messages = Vec::new();
    // With a visibility timeout of 0 a message is visible again at once, but not to the same receive.
    let mut taken = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let missing = wanted.limit.saturating_sub(messages.len());
        let candidates = visible(tx, queue.id, missing, now_ms)?;
        let exhausted = candidates.len() < missing;
        for row in candidates {
            if taken.contains(&row.id) {
                continue;
            }
            if row.sent_ms.saturating_add(queue.retention_s.saturating_mul(1000)) <= now_ms {
                tx.prepare_cached("DELETE FROM sqs_messages WHERE id = ?1")?
                    .execute([row.id])?;
            } else if !bury(tx, queue_name, &queue, &row, now_ms)? {
                taken.push(row.id);
                messages.push(hand_out(tx, row, wanted, &account_arn, hidden_until, now_ms)?);
            }
        }
        if exhausted || messages.len() >= wanted.limit {
            break;
        }
    }
    let next_ms = if messages.is_empty() {
        next_visible(tx, queue.id, now_ms)?
    } else {
        None
    };
    Ok(Look { messages, next_ms })
}

/// A handle that is outdated or whose message is gone deletes nothing, and that is a success.
pub(super) fn delete(tx: &Tx<'_>, queue: i64, handle: &str) -> Result<Nothing, SqsError> {
    let Receipt { id, nonce } = Receipt::parse(handle)?;
    tx.prepare_cached("DELETE FROM sqs_messages WHERE id = ?1 AND queue = ?2 AND receipt = ?3")?
        .execute(params![id, queue, nonce])?;
    Ok(Nothing {})
}

/// Hides a message that is in flight for `visibility_s` from now; 0 gives it back.
pub(super) fn change_visibility(
    tx: &Tx<'_>,
    queue_name: &str,
    queue: i64,
    handle: &str,
    visibility_s: i64,
    now_ms: i64,
) -> Result<Nothing, SqsError> {
    check_visibility(visibility_s)?;
    let Receipt { id, nonce } = Receipt::parse(handle)?;
    let visible_ms: Option<i64> = tx
        .prepare_cached("SELECT visible_ms FROM sqs_messages WHERE id = ?1 AND queue = ?2 AND receipt = ?3")?
        .query_row(params![id, queue, nonce], |row| row.get(0))
        .optional()?;
    match visible_ms {
        None => Err(SqsError::parameter(
            "ReceiptHandle",
            "Message does not exist or is not available for visibility timeout change.",
        )),
        Some(visible_ms) if visible_ms <= now_ms => Err(SqsError::MessageNotInflight),
        Some(_) => {
            tx.prepare_cached("UPDATE sqs_messages SET visible_ms = ?2 WHERE id = ?1")?
                .execute(params![id, now_ms.saturating_add(visibility_s.saturating_mul(1000))])?;
            // Waiting receivers may have to wake earlier than they thought.
            tx.touch(&topic(queue_name));
            Ok(Nothing {})
        }
    }
}

#[derive(Debug)]
struct Stored {
    id: i64,
    message_id: String,
    sent_ms: i64,
    receives: i64,
    first_ms: Option<i64>,
    origin: Option<String>,
    body_md5: String,
    attributes_md5: Option<String>,
    trace: Option<String>,
    attributes: Option<String>,
    body: String,
}

/// Attribute names as a receiver lists them: exact, `prefix.*`, `All` or `.*`.
#[derive(Debug, Clone)]
struct Names(Vec<String>);

impl Names {
    fn admit(&self, name: &str) -> bool {
        self.0.iter().any(|wanted| {
            wanted == "All"
                || wanted == name
                || wanted
                    .strip_suffix(".*")
                    .is_some_and(|prefix| prefix.is_empty() || name.starts_with(prefix))
        })
    }
}

/// A receipt handle holds the message's key, so that nothing has to be searched.
#[derive(Debug)]
struct Receipt {
    id: i64,
    nonce: [u8; 16],
}

impl Receipt {
    fn parse(handle: &str) -> Result<Self, SqsError> {
        let parse = || {
            let (id, nonce) = handle.split_once('-')?;
            let id = i64::from_str_radix(id, 16).ok()?;
            let nonce = u128::from_str_radix(nonce, 16).ok().filter(|_| nonce.len() == 32)?;
            Some(Self {
                id,
                nonce: nonce.to_be_bytes(),
            })
        };
        parse().ok_or(SqsError::ReceiptHandleIsInvalid)
    }

    fn handle(&self) -> String {
        format!("{:x}-{}", self.id, hex::encode(self.nonce))
    }
}

fn visible(tx: &Tx<'_>, queue: i64, limit: usize, now_ms: i64) -> Result<Vec<Stored>, SqsError> {
    let rows = tx
        .prepare_cached(
            "SELECT id, message_id, sent_ms, receives, first_ms, origin, body_md5, attributes_md5, trace, attributes, body
             FROM sqs_messages WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, id LIMIT ?3",
        )?
        .query_map(params![queue, now_ms, i64::try_from(limit).unwrap_or(10)], stored)?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(rows)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        message_id: row.get(1)?,
        sent_ms: row.get(2)?,
        receives: row.get(3)?,
        first_ms: row.get(4)?,
        origin: row.get(5)?,
        body_md5: row.get(6)?,
        attributes_md5: row.get(7)?,
        trace: row.get(8)?,
        attributes: row.get(9)?,
        body: row.get(10)?,
    })
}

fn next_visible(tx: &Tx<'_>, queue: i64, now_ms: i64) -> Result<Option<i64>, SqsError> {
    let next = tx
        .prepare_cached(
            "SELECT visible_ms FROM sqs_messages WHERE queue = ?1 AND visible_ms > ?2 ORDER BY visible_ms LIMIT 1",
        )?
        .query_row(params![queue, now_ms], |row| row.get(0))
        .optional()?;
    Ok(next)
}

/// Moves a message that was received too often to the dead-letter queue; false when it stays.
fn bury(tx: &Tx<'_>, queue_name: &str, queue: &Queue, row: &Stored, now_ms: i64) -> Result<bool, SqsError> {
    let Some(redrive) = queue
        .redrive
        .as_ref()
        .filter(|redrive| row.receives >= redrive.max_receives)
    else {
        return Ok(false);
    };
    let target = match queues::find(tx, &redrive.dead_letter) {
        Ok(target) => target,
        // The dead-letter queue was deleted: the message goes on being received.
        Err(SqsError::QueueDoesNotExist) => return Ok(false),
        Err(other) => return Err(other),
    };
    tx.prepare_cached(
        "UPDATE sqs_messages SET queue = ?2, visible_ms = ?3, receipt = NULL, origin = ?4 WHERE id = ?1",
    )?
    .execute(params![row.id, target.id, now_ms, queue_name])?;
    tx.touch(&topic(&redrive.dead_letter));
    Ok(true)
}

fn hand_out(
    tx: &Tx<'_>,
    row: Stored,
    wanted: &Wanted,
    account_arn: &impl Fn(&str) -> String,
    hidden_until_ms: i64,
    now_ms: i64,
) -> Result<ReceivedMessage, SqsError> {
    let receipt = Receipt {
        id: row.id,
        nonce: random::bits(),
    };
    let first_ms = row.first_ms.unwrap_or(now_ms);
    let receives = row.receives.saturating_add(1);
    tx.prepare_cached(
        "UPDATE sqs_messages SET visible_ms = ?2, receives = ?3, first_ms = ?4, receipt = ?5 WHERE id = ?1",
    )?
    .execute(params![row.id, hidden_until_ms, receives, first_ms, receipt.nonce])?;

    let mut attributes = BTreeMap::new();
    for (name, value) in [
        ("SenderId", Some("AIDAABSAHEMBEDDED".to_owned())),
        ("SentTimestamp", Some(row.sent_ms.to_string())),
        ("ApproximateReceiveCount", Some(receives.to_string())),
        ("ApproximateFirstReceiveTimestamp", Some(first_ms.to_string())),
        ("AWSTraceHeader", row.trace),
        ("DeadLetterQueueSourceArn", row.origin.as_deref().map(account_arn)),
    ] {
        if let Some(value) = value.filter(|_| wanted.system.admit(name)) {
            attributes.insert(name, value);
        }
    }
    let (message_attributes, md5_of_attributes) = chosen(row.attributes.as_deref(), row.attributes_md5, wanted)?;
    Ok(ReceivedMessage {
        message_id: row.message_id,
        receipt_handle: receipt.handle(),
        md5_of_body: row.body_md5,
        body: row.body,
        attributes,
        md5_of_attributes,
        message_attributes,
    })
}

type Chosen = (BTreeMap<String, AttributeValue>, Option<String>);

/// The attributes that the receiver asked for, with the digest of exactly those.
fn chosen(json: Option<&str>, md5: Option<String>, wanted: &Wanted) -> Result<Chosen, SqsError> {
    let Some(json) = json.filter(|_| !wanted.attributes.0.is_empty()) else {
        return Ok((BTreeMap::new(), None));
    };
    let mut attributes: BTreeMap<String, AttributeValue> =
        serde_json::from_str(json).map_err(|error| SqsError::Serialization(error.to_string()))?;
    let all = attributes.len();
    attributes.retain(|name, _| wanted.attributes.admit(name));
    let md5 = if attributes.len() == all {
        md5
    } else {
        super::digest::of_attributes(&attributes)
    };
    Ok((attributes, md5))
}

fn check_visibility(seconds: i64) -> Result<(), SqsError> {
    if (0..=MAX_VISIBILITY_S).contains(&seconds) {
        Ok(())
    } else {
        Err(SqsError::parameter("VisibilityTimeout", "Must be between 0 and 43200."))
    }
}
