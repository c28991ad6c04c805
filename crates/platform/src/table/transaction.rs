//! Writes that happen together or not at all.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use jiff::Timestamp;
use kernel::Envelope;
use serde::Serialize;

use super::{Item, Key, Record, Table, TableError, format, unavailable, write};

/// Writes that happen together or not at all.
#[derive(Debug)]
#[must_use = "nothing is written before `commit`"]
pub struct Transaction<'a> {
    table: &'a Table,
    writes: Vec<TransactWriteItem>,
    /// For each write, what its failed condition means.
    conditions: Vec<Condition>,
}

/// What it means that a write's condition failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// A row that was to be new is there.
    New,
    /// A row is not at the version that it was read at.
    Version,
    /// An event row is there, which only ever comes with one of the other two.
    Event,
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(table: &'a Table) -> Self {
        Self {
            table,
            writes: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Adds a row that must be new. It begins at version 1.
    pub fn insert<T: Record>(self, record: &T) -> Result<Self, TableError> {
        let item = write(record, 1)?;
        self.put(item, Some("attribute_not_exists(pk)"), None, Condition::New)
    }

    /// Adds a new aggregate with its first event.
    pub fn found<T: Record, D: Serialize>(self, aggregate: &T, event: &Envelope<D>) -> Result<Self, TableError> {
        self.insert(aggregate)?.event(&aggregate.key(), 1, event)
    }

    /// Replaces an aggregate that must still be at `version`, with the event by which it changed.
    pub fn advance<T: Record, D: Serialize>(
        self,
        version: u64,
        aggregate: &T,
        event: &Envelope<D>,
    ) -> Result<Self, TableError> {
        self.update(aggregate, version)?
            .event(&aggregate.key(), version + 1, event)
    }

    /// Removes a row that must still be at `version`. Not for aggregates, whose history stays.
    pub fn remove(mut self, key: &Key, version: u64) -> Result<Self, TableError> {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
            .build()
            .map_err(format)?;
        self.writes.push(TransactWriteItem::builder().delete(delete).build());
        self.conditions.push(Condition::Version);
        Ok(self)
    }

    /// Replaces a row that must still be at `version`. Version 0 is a row that is not there yet; unlike
    /// [`Self::insert`], finding it there is then a lost race.
    pub fn update<T: Record>(self, record: &T, version: u64) -> Result<Self, TableError> {
        let item = write(record, version + 1)?;
        if version == 0 {
            return self.put(item, Some("attribute_not_exists(pk)"), None, Condition::Version);
        }
        self.put(item, Some("version = :version"), Some(version), Condition::Version)
    }

    /// Writes a row whatever stands there: for rows whose content follows from their key.
    pub fn overwrite<T: Record>(self, record: &T) -> Result<Self, TableError> {
        let item = write(record, 1)?;
        self.put(item, None, None, Condition::Version)
    }

    /// Demands that a row is still at `version` (0: that it is still absent) without changing it.
    pub fn require(mut self, key: &Key, version: u64) -> Result<Self, TableError> {
        let mut check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()));
        check = if version == 0 {
            check.condition_expression("attribute_not_exists(pk)")
        } else {
            check
                .condition_expression("version = :version")
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
        };
        let check = check.build().map_err(format)?;
        self.writes
            .push(TransactWriteItem::builder().condition_check(check).build());
        self.conditions.push(Condition::Version);
        Ok(self)
    }

    /// Records the event by which the aggregate at `key` came to `version`. One event per aggregate and version.
    pub fn event<D: Serialize>(self, key: &Key, version: u64, envelope: &Envelope<D>) -> Result<Self, TableError> {
        let item = Item::from([
            ("pk".into(), AttributeValue::S(key.pk.clone())),
            ("sk".into(), AttributeValue::S(format!("event#{version:08}"))),
            ("event_type".into(), AttributeValue::S(envelope.event_type.to_string())),
            (
                "envelope".into(),
                AttributeValue::S(serde_json::to_string(envelope).map_err(format)?),
            ),
        ]);
        self.put(item, Some("attribute_not_exists(pk)"), None, Condition::Event)
    }

    /// Lets the row that was written last be removed some time after `at` (DynamoDB TTL on `expires_at`).
    pub fn expires(mut self, at: Timestamp) -> Self {
        if let Some(Put { item, .. }) = self.writes.last_mut().and_then(|write| write.put.as_mut()) {
            item.insert("expires_at".into(), AttributeValue::N(at.as_second().to_string()));
        }
        self
    }

    /// Writes everything, or nothing.
    ///
    /// [`TableError::AlreadyExists`] when only rows that were to be new were in the way; [`TableError::Conflict`] when
    /// a version did not match.
    pub async fn commit(self) -> Result<(), TableError> {
        let Self {
            table,
            writes,
            conditions,
        } = self;
        let sent = table
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await;
        sent.map(drop).map_err(|error| refused(error, &conditions))
    }

    fn put(
        mut self,
        item: Item,
        condition: Option<&str>,
        version: Option<u64>,
        means: Condition,
    ) -> Result<Self, TableError> {
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .set_expression_attribute_values(
                version.map(|version| Item::from([(":version".into(), AttributeValue::N(version.to_string()))])),
            )
            .build()
            .map_err(format)?;
        self.writes.push(TransactWriteItem::builder().put(put).build());
        self.conditions.push(means);
        Ok(self)
    }
}

fn refused(error: SdkError<TransactWriteItemsError>, conditions: &[Condition]) -> TableError {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return unavailable(error);
    };
    let codes = canceled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap_or("None"));
    let mut already_exists = false;
    for (index, code) in codes.enumerate() {
        match (code, conditions.get(index)) {
            ("None", _) | ("ConditionalCheckFailed", Some(Condition::Event)) => {}
            ("ConditionalCheckFailed", Some(Condition::New)) => already_exists = true,
            ("ConditionalCheckFailed", Some(Condition::Version) | None) | ("TransactionConflict", _) => {
                return TableError::Conflict;
            }
            (_, _) => return unavailable(error),
        }
    }
    if already_exists {
        TableError::AlreadyExists
    } else {
        TableError::Conflict
    }
}
