//! Queues: making, finding, describing and deleting them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;

use super::attributes::{Redrive, Settings};
use super::error::SqsError;
use super::names::{Account, check_name};
use super::schema::topic;
use crate::store::Tx;

/// What sending and receiving need to know of a queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) id: i64,
    pub(super) delay_s: i64,
    pub(super) visibility_s: i64,
    pub(super) retention_s: i64,
    pub(super) max_bytes: i64,
    pub(super) redrive: Option<Redrive>,
}

/// One page of queue names.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) names: Vec<String>,
    pub(super) next: Option<String>,
}

/// How many messages a queue holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: i64,
    pub(super) in_flight: i64,
    pub(super) delayed: i64,
}

pub(super) fn find(db: &Connection, name: &str) -> Result<Queue, SqsError> {
    let found = db
        .prepare_cached(
            "SELECT id, delay_s, visibility_s, retention_s, max_bytes, dead_letter, max_receives
             FROM sqs_queues WHERE name = ?1",
        )?
        .query_row([name], |row| {
            Ok(Queue {
                id: row.get(0)?,
                delay_s: row.get(1)?,
                visibility_s: row.get(2)?,
                retention_s: row.get(3)?,
                max_bytes: row.get(4)?,
                redrive: redrive(row, 5)?,
            })
        })
        .optional()?;
    found.ok_or(SqsError::QueueDoesNotExist)
}

/// How long `ReceiveMessage` waits when it does not say.
pub(super) fn wait_s(db: &Connection, name: &str) -> Result<i64, SqsError> {
    let found = db
        .prepare_cached("SELECT wait_s FROM sqs_queues WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    found.ok_or(SqsError::QueueDoesNotExist)
}

/// Making a queue twice with the same attributes is one queue.
pub(super) fn create(
    tx: &Tx<'_>,
    name: &str,
    attributes: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
    account: &Account,
    now_ms: i64,
) -> Result<(), SqsError> {
    check_name(name)?;
    match find(tx, name) {
        Ok(_) => {
            let (present, _) = settings(tx, name)?;
            let wanted = present.clone().set(attributes, account)?;
            let (present, wanted) = (present.shown(account), wanted.shown(account));
            let differing = wanted.iter().find(|(name, value)| present.get(*name) != Some(*value));
            match differing {
                None => Ok(()),
                Some((attribute, _)) => Err(SqsError::QueueNameExists(attribute.clone())),
            }
        }
        Err(SqsError::QueueDoesNotExist) => {
            let settings = Settings::default().set(attributes, account)?;
            check_dead_letter(tx, &settings)?;
            tx.prepare_cached(
                "INSERT INTO sqs_queues (name, created_ms, modified_ms, delay_s, visibility_s, retention_s, wait_s,
                                         max_bytes, dead_letter, max_receives, others, tags)
                 VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                name,
                now_ms,
                settings.delay_s,
                settings.visibility_s,
                settings.retention_s,
                settings.wait_s,
                settings.max_bytes,
                settings.redrive.as_ref().map(|redrive| &redrive.dead_letter),
                settings.redrive.as_ref().map(|redrive| redrive.max_receives),
                json(&settings.others),
                json(tags),
            ])?;
            Ok(())
        }
        Err(other) => Err(other),
    }
}

pub(super) fn set_attributes(
    tx: &Tx<'_>,
    name: &str,
    attributes: &BTreeMap<String, String>,
    account: &Account,
    now_ms: i64,
) -> Result<(), SqsError> {
    let (present, _) = settings(tx, name)?;
    let settings = present.set(attributes, account)?;
    check_dead_letter(tx, &settings)?;
    tx.execute(
        "UPDATE sqs_queues SET modified_ms = ?2, delay_s = ?3, visibility_s = ?4, retention_s = ?5, wait_s = ?6,
                max_bytes = ?7, dead_letter = ?8, max_receives = ?9, others = ?10
         WHERE name = ?1",
        params![
            name,
            now_ms,
            settings.delay_s,
            settings.visibility_s,
            settings.retention_s,
            settings.wait_s,
            settings.max_bytes,
            settings.redrive.as_ref().map(|redrive| &redrive.dead_letter),
            settings.redrive.as_ref().map(|redrive| redrive.max_receives),
            json(&settings.others),
        ],
    )?;
    Ok(())
}

/// `names` as in the request; `All` means every one.
pub(super) fn attributes(
    db: &Connection,
    name: &str,
    names: &[String],
    account: &Account,
    now_ms: i64,
) -> Result<BTreeMap<String, String>, SqsError> {
    let (settings, (created_ms, modified_ms)) = settings(db, name)?;
    let mut shown = settings.shown(account);
    shown.insert("QueueArn".to_owned(), account.arn(name));
    shown.insert("CreatedTimestamp".to_owned(), (created_ms / 1000).to_string());
    shown.insert("LastModifiedTimestamp".to_owned(), (modified_ms / 1000).to_string());
    let counts = counts(db, find(db, name)?.id, now_ms)?;
    shown.insert("ApproximateNumberOfMessages".to_owned(), counts.visible.to_string());
    shown.insert(
        "ApproximateNumberOfMessagesNotVisible".to_owned(),
        counts.in_flight.to_string(),
    );
    shown.insert(
        "ApproximateNumberOfMessagesDelayed".to_owned(),
        counts.delayed.to_string(),
    );

    if names.iter().any(|name| name == "All") {
        return Ok(shown);
    }
    let known = |name: &String| {
        shown.contains_key(name)
            || matches!(
                name.as_str(),
                "Policy" | "RedrivePolicy" | "RedriveAllowPolicy" | "KmsMasterKeyId" | "KmsDataKeyReusePeriodSeconds"
            )
    };
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(SqsError::InvalidAttributeName(unknown.clone()));
    }
    shown.retain(|name, _| names.contains(name));
    Ok(shown)
}

pub(super) fn counts(db: &Connection, queue: i64, now_ms: i64) -> Result<Counts, SqsError> {
    let visible = db
        .prepare_cached("SELECT count(*) FROM sqs_messages WHERE queue = ?1 AND visible_ms <= ?2")?
        .query_row(params![queue, now_ms], |row| row.get(0))?;
    // A message that was received once has a receipt; one that was only delayed has none.
    let (in_flight, delayed) = db
        .prepare_cached(
            "SELECT count(receipt), count(*) - count(receipt) FROM sqs_messages WHERE queue = ?1 AND visible_ms > ?2",
        )?
        .query_row(params![queue, now_ms], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Counts {
        visible,
        in_flight,
        delayed,
    })
}

pub(super) fn list(db: &Connection, prefix: &str, limit: usize, after: Option<&str>) -> Result<Page, SqsError> {
    let names = db
        .prepare_cached(
            "SELECT name FROM sqs_queues WHERE substr(name, 1, ?1) = ?2 AND name > ?3 ORDER BY name LIMIT ?4",
        )?
        .query_map(
            params![size(prefix.len()), prefix, after.unwrap_or_default(), size(limit) + 1],
            |row| row.get(0),
        )?
        .collect::<Result<Vec<String>, _>>()?;
    Ok(page(names, limit))
}

/// The queues whose messages end in `dead_letter`.
pub(super) fn sources(db: &Connection, dead_letter: &str, limit: usize, after: Option<&str>) -> Result<Page, SqsError> {
    let names = db
        .prepare_cached("SELECT name FROM sqs_queues WHERE dead_letter = ?1 AND name > ?2 ORDER BY name LIMIT ?3")?
        .query_map(
            params![dead_letter, after.unwrap_or_default(), size(limit) + 1],
            |row| row.get(0),
        )?
        .collect::<Result<Vec<String>, _>>()?;
    Ok(page(names, limit))
}

pub(super) fn delete(tx: &Tx<'_>, name: &str) -> Result<(), SqsError> {
    purge(tx, name)?;
    tx.execute("DELETE FROM sqs_queues WHERE name = ?1", [name])?;
    // Waiting receivers learn that there is nothing to wait for.
    tx.touch(&topic(name));
    Ok(())
}

pub(super) fn purge(tx: &Tx<'_>, name: &str) -> Result<(), SqsError> {
    let queue = find(tx, name)?;
    tx.execute("DELETE FROM sqs_messages WHERE queue = ?1", [queue.id])?;
    Ok(())
}

pub(super) fn tags(db: &Connection, name: &str) -> Result<BTreeMap<String, String>, SqsError> {
    let tags: Option<String> = db
        .query_row("SELECT tags FROM sqs_queues WHERE name = ?1", [name], |row| row.get(0))
        .optional()?;
    Ok(map(&tags.ok_or(SqsError::QueueDoesNotExist)?))
}

pub(super) fn set_tags(tx: &Tx<'_>, name: &str, tags: &BTreeMap<String, String>) -> Result<(), SqsError> {
    tx.execute(
        "UPDATE sqs_queues SET tags = ?2 WHERE name = ?1",
        params![name, json(tags)],
    )?;
    Ok(())
}

type Times = (i64, i64);

fn settings(db: &Connection, name: &str) -> Result<(Settings, Times), SqsError> {
    let found = db
        .prepare_cached(
            "SELECT delay_s, visibility_s, retention_s, wait_s, max_bytes, dead_letter, max_receives, others,
                    created_ms, modified_ms
             FROM sqs_queues WHERE name = ?1",
        )?
        .query_row([name], |row| {
            let settings = Settings {
                delay_s: row.get(0)?,
                visibility_s: row.get(1)?,
                retention_s: row.get(2)?,
                wait_s: row.get(3)?,
                max_bytes: row.get(4)?,
                redrive: redrive(row, 5)?,
                others: map(&row.get::<_, String>(7)?),
            };
            Ok((settings, (row.get(8)?, row.get(9)?)))
        })
        .optional()?;
    found.ok_or(SqsError::QueueDoesNotExist)
}

fn redrive(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Redrive>> {
    let dead_letter: Option<String> = row.get(at)?;
    let max_receives: Option<i64> = row.get(at + 1)?;
    Ok(dead_letter
        .zip(max_receives)
        .map(|(dead_letter, max_receives)| Redrive {
            dead_letter,
            max_receives,
        }))
}

fn check_dead_letter(db: &Connection, settings: &Settings) -> Result<(), SqsError> {
    let Some(redrive) = &settings.redrive else {
        return Ok(());
    };
    match find(db, &redrive.dead_letter) {
        Ok(_) => Ok(()),
        Err(SqsError::QueueDoesNotExist) => Err(SqsError::attribute(
            "RedrivePolicy",
            "Dead letter target does not exist.",
        )),
        Err(other) => Err(other),
    }
}

fn page(mut names: Vec<String>, limit: usize) -> Page {
    let more = names.len() > limit;
    names.truncate(limit);
    let next = if more { names.last().cloned() } else { None };
    Page { names, next }
}

fn json<T: Serialize>(value: &T) -> String {
    // Maps of text to text always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

fn map(text: &str) -> BTreeMap<String, String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn size(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
