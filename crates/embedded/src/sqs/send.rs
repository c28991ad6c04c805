//! Sending: limits, digests, and the row that is stored.

use std::collections::BTreeMap;

use super::attributes::MAX_BYTES;
use super::batch;
use super::error::SqsError;
use super::protocol::{AttributeValue, BatchResult, NewMessage, SendEntry, Sent};
use super::queues::{self, Queue};
use super::schema::{self, NewRow, topic};
use super::{digest, random};
use crate::store::Tx;

const MAX_ATTRIBUTES: usize = 10;

pub(super) fn one(tx: &Tx<'_>, queue_name: &str, message: &NewMessage, now_ms: i64) -> Result<Sent, SqsError> {
    let queue = queues::find(tx, queue_name)?;
    let sent = store(tx, &queue, message, now_ms)?;
    tx.touch(&topic(queue_name));
    Ok(sent)
}

pub(super) fn many(
    tx: &Tx<'_>,
    queue_name: &str,
    entries: &[SendEntry],
    now_ms: i64,
) -> Result<BatchResult<Sent>, SqsError> {
    let queue = queues::find(tx, queue_name)?;
    let limit = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let total: usize = entries.iter().map(|entry| weight(&entry.message)).sum();
    if total > limit {
        return Err(SqsError::BatchRequestTooLong { limit, size: total });
    }
    let result = batch::each(entries, |entry| store(tx, &queue, &entry.message, now_ms))?;
    tx.touch(&topic(queue_name));
    Ok(result)
}

fn store(tx: &Tx<'_>, queue: &Queue, message: &NewMessage, now_ms: i64) -> Result<Sent, SqsError> {
    check(message, queue)?;
    let delay_s = match message.delay_seconds {
        None => queue.delay_s,
        Some(delay) if (0..=900).contains(&delay) => delay,
        Some(_) => {
            return Err(SqsError::parameter(
                "DelaySeconds",
                "DelaySeconds must be >= 0 and <= 900.",
            ));
        }
    };
    let sent = Sent {
        message_id: random::uuid(),
        md5_of_body: digest::of_body(&message.message_body),
        md5_of_attributes: digest::of_attributes(&message.message_attributes),
        md5_of_system_attributes: digest::of_attributes(&message.message_system_attributes),
    };
    let attributes = if message.message_attributes.is_empty() {
        None
    } else {
        let json = serde_json::to_string(&message.message_attributes);
        Some(json.map_err(|error| SqsError::Serialization(error.to_string()))?)
    };
    let trace = message.message_system_attributes.get("AWSTraceHeader");
    schema::insert(
        tx,
        &NewRow {
            queue: queue.id,
            message_id: &sent.message_id,
            sent_ms: now_ms,
            visible_ms: now_ms.saturating_add(delay_s.saturating_mul(1000)),
            body_md5: &sent.md5_of_body,
            attributes_md5: sent.md5_of_attributes.as_deref(),
            trace: trace.and_then(|trace| trace.string_value.as_deref()),
            attributes: attributes.as_deref(),
            body: &message.message_body,
        },
    )?;
    Ok(sent)
}

fn check(message: &NewMessage, queue: &Queue) -> Result<(), SqsError> {
    if message.message_group_id.is_some() || message.message_deduplication_id.is_some() {
        return Err(SqsError::UnsupportedOperation(
            "Message groups and deduplication ids are not supported by this endpoint.".to_owned(),
        ));
    }
    if message.message_body.is_empty() {
        return Err(SqsError::MissingParameter("MessageBody".to_owned()));
    }
    let limit = usize::try_from(queue.max_bytes).unwrap_or(usize::MAX);
    if weight(message) > limit {
        let reason = format!("One or more parameters are invalid. Message must be shorter than {limit} bytes.");
        return Err(SqsError::parameter("MessageBody", reason));
    }
    check_text(&message.message_body)?;
    if message.message_attributes.len() > MAX_ATTRIBUTES {
        return Err(SqsError::parameter(
            "MessageAttributes",
            "Number of message attributes is over the limit of 10.",
        ));
    }
    for (name, value) in &message.message_attributes {
        check_attribute(name, value)?;
    }
    for (name, value) in &message.message_system_attributes {
        if name != "AWSTraceHeader" || value.data_type != "String" {
            return Err(SqsError::parameter(
                "MessageSystemAttributes",
                "Only AWSTraceHeader of type String is allowed.",
            ));
        }
    }
    Ok(())
}

fn check_attribute(name: &str, value: &AttributeValue) -> Result<(), SqsError> {
    let lower = name.to_ascii_lowercase();
    let well_named = (1..=256).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.");
    if !well_named {
        return Err(SqsError::parameter(
            "MessageAttributes",
            format!("'{name}' is not a valid attribute name."),
        ));
    }
    let kind = value.data_type.split('.').next().unwrap_or_default();
    let filled = match kind {
        "String" | "Number" => value.string_value.as_ref().is_some_and(|text| !text.is_empty()),
        "Binary" => value.string_value.is_none() && value.binary_value.as_ref().is_some_and(|blob| !blob.0.is_empty()),
        _ => {
            return Err(SqsError::parameter(
                "MessageAttributes",
                format!("The type of message attribute '{name}' must be String, Number or Binary."),
            ));
        }
    };
    if !filled || value.data_type.len() > 256 {
        let reason = format!("The message attribute '{name}' must contain a non-empty value of its type.");
        return Err(SqsError::parameter("MessageAttributes", reason));
    }
    value.string_value.as_deref().map_or(Ok(()), check_text)
}

/// The characters of XML 1.0, in which SQS once spoke.
fn check_text(text: &str) -> Result<(), SqsError> {
    let allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if text.chars().all(allowed) {
        Ok(())
    } else {
        Err(SqsError::InvalidMessageContents)
    }
}

/// The bytes that count against the limits: the body, and each attribute's name, type and value.
fn weight(message: &NewMessage) -> usize {
    message.message_body.len() + attributes_weight(&message.message_attributes)
}

fn attributes_weight(attributes: &BTreeMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| {
        value.string_value.as_ref().map_or(0, String::len) + value.binary_value.as_ref().map_or(0, |blob| blob.0.len())
    };
    attributes
        .iter()
        .map(|(name, attribute)| name.len() + attribute.data_type.len() + value(attribute))
        .sum()
}
