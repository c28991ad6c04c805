//! The one DynamoDB table: aggregates with versions, and their events in the same transaction.
//!
//! An aggregate is the row `sk = state`; its events are the rows `sk = event#<version>` beside it. They are the outbox:
//! the table's stream hands each new event row to the relay. They are never changed or removed, so they are also
//! the aggregate's history, and a lost delivery can be made up from them.

mod as_written;
mod count;
mod page;
mod range;
mod reads;
mod states;
mod transaction;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use kernel::{Disposition, Envelope, Fault};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use reads::Reads;

pub use as_written::AsWritten;
pub use page::{Index, Page, Paging, PagingError, Query};
pub use states::StatesPage;
pub use transaction::Transaction;

type Item = HashMap<String, AttributeValue>;

/// Where a row is. `pk` begins with the tenant (or `public`), so that permissions can be bound to leading keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The partition: `<tenant>#<kind>#<id>`.
    pub pk: String,
    /// The row within it.
    pub sk: String,
}

impl Key {
    /// The state row of an aggregate.
    #[must_use]
    pub fn state(tenant: &str, kind: &str, id: &str) -> Self {
        Self {
            pk: format!("{tenant}#{kind}#{id}"),
            sk: "state".into(),
        }
    }

    /// Whether the service takes it: 1 to 2048 bytes of `pk`, 1 to 1024 of `sk`.
    fn is_valid(&self) -> bool {
        (1..=2048).contains(&self.pk.len()) && (1..=1024).contains(&self.sk.len())
    }
}

/// A value that is kept as one row.
pub trait Record: Serialize + DeserializeOwned {
    /// Where this value is kept.
    fn key(&self) -> Key;

    /// Under which keys it is listed besides.
    fn indexes(&self) -> Indexes {
        Indexes::default()
    }
}

/// The further keys under which a row is listed, by the table's two global indexes. These partitions begin with the tenant,
/// too. What is listed under them may lag behind by moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indexes {
    /// Attributes `gsi1pk` and `gsi1sk`.
    pub gsi1: Option<Key>,
    /// Attributes `gsi2pk` and `gsi2sk`.
    pub gsi2: Option<Key>,
}

/// A value with the version that it was loaded at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value.
    pub value: T,
    /// Counts the commits of this row, from 1.
    pub version: u64,
}

/// The table did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No such row.
    #[error("there is no row {0:?}")]
    NotFound(Key),
    /// A row that was to be new is already there.
    #[error("a row that was to be new is already there")]
    AlreadyExists,
    /// Somebody else changed a row first.
    #[error("somebody else changed a row first")]
    Conflict,
    /// A row holds something that this version of the program cannot read or write.
    #[error("a row cannot be read or written")]
    Format(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service could not be reached, throttled or refused.
    #[error("the table is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault for TableError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "table.not_found",
            Self::AlreadyExists => "table.already_exists",
            Self::Conflict => "table.conflict",
            Self::Format(_) => "table.format",
            Self::Unavailable(_) => "table.unavailable",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            // Rows appear in any order: what is missing now may be on its way.
            Self::NotFound(_) | Self::Conflict | Self::Unavailable(_) => Disposition::Retry,
            Self::AlreadyExists | Self::Format(_) => Disposition::Reject,
        }
    }
}

/// The table, by name.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
    reads: Reads,
}

impl Table {
    /// Uses the table `name`.
    #[must_use]
    pub fn new(aws: &Aws, name: String) -> Self {
        Self {
            client: aws.dynamodb.clone(),
            reads: Reads::new(aws.dynamodb.clone(), name.clone()),
            name,
        }
    }

    /// Reads a row, strongly consistent.
    pub async fn load<T: Record>(&self, key: Key) -> Result<Stored<T>, TableError> {
        match self.find(&key).await? {
            Some(stored) => Ok(stored),
            None => Err(TableError::NotFound(key)),
        }
    }

    /// Reads a row that may not be there, strongly consistent.
    pub async fn find<T: Record>(&self, key: &Key) -> Result<Option<Stored<T>>, TableError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.name)
            .consistent_read(true)
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()))
            .send()
            .await
            .map_err(unavailable)?;
        found.item.map(read).transpose()
    }

    /// As [`Self::find`], just as fresh, for a function that many ask at once: reads that are asked for while others are
    /// under way travel together, so that they cost a fraction each. Needs `dynamodb:BatchGetItem`.
    pub async fn find_together<T: Record>(&self, key: &Key) -> Result<Option<Stored<T>>, TableError> {
        if !key.is_valid() {
            // The service would refuse all that travel with it.
            return self.find(key).await;
        }
        self.reads.item(key).await?.map(read).transpose()
    }

    /// Reads up to `limit` rows of a partition whose `sk` begins with `prefix`, in ascending or descending order.
    pub async fn list<T: Record>(
        &self,
        pk: &str,
        prefix: &str,
        ascending: bool,
        limit: i32,
    ) -> Result<Vec<Stored<T>>, TableError> {
        self.query(pk, prefix, ascending, limit)
            .await?
            .into_iter()
            .map(read)
            .collect()
    }

    /// Reads the newest events of an aggregate, oldest first, at most `limit`.
    pub async fn events(&self, key: &Key, limit: i32) -> Result<Vec<Envelope<serde_json::Value>>, TableError> {
        let mut items = self.query(&key.pk, "event#", false, limit).await?;
        items.reverse();
        let envelopes = items.into_iter().map(|item| match item.get("envelope") {
            Some(AttributeValue::S(json)) => serde_json::from_str(json).map_err(format),
            Some(_) | None => Err(format("an event row has no envelope")),
        });
        envelopes.collect()
    }

    /// Commits an aggregate that was loaded at `version`, with the event by which it changed. [`TableError::Conflict`]
    /// when somebody else changed it first.
    pub async fn commit<T: Record, D: Serialize>(
        &self,
        version: u64,
        aggregate: &T,
        event: &Envelope<D>,
    ) -> Result<(), TableError> {
        self.transaction().advance(version, aggregate, event)?.commit().await
    }

    /// Begins a transaction.
    pub fn transaction(&self) -> Transaction<'_> {
        Transaction::begin(self)
    }

    async fn query(&self, pk: &str, prefix: &str, ascending: bool, limit: i32) -> Result<Vec<Item>, TableError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .scan_index_forward(ascending)
            .limit(limit);
        // An empty value for a key is refused, even where it asks for nothing.
        let query = if prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        let found = query.send().await.map_err(unavailable)?;
        Ok(found.items.unwrap_or_default())
    }
}

fn write<T: Record>(record: &T, version: u64) -> Result<Item, TableError> {
    let key = record.key();
    let data = serde_dynamo::to_attribute_value::<_, AttributeValue>(record).map_err(format)?;
    let mut item = Item::from([
        ("pk".into(), AttributeValue::S(key.pk)),
        ("sk".into(), AttributeValue::S(key.sk)),
        ("version".into(), AttributeValue::N(version.to_string())),
        ("data".into(), data),
    ]);
    let Indexes { gsi1, gsi2 } = record.indexes();
    for (index, listed) in [(Index::Gsi1, gsi1), (Index::Gsi2, gsi2)] {
        if let Some(key) = listed {
            let (pk, sk) = index.attributes();
            item.insert(pk.into(), AttributeValue::S(key.pk));
            item.insert(sk.into(), AttributeValue::S(key.sk));
        }
    }
    Ok(item)
}

fn read<T: DeserializeOwned>(mut item: Item) -> Result<Stored<T>, TableError> {
    let version = match item.get("version") {
        Some(AttributeValue::N(number)) => number.parse().map_err(format)?,
        Some(_) | None => return Err(format("a row has no version")),
    };
    let data = item.remove("data").ok_or_else(|| format("a row has no data"))?;
    let value = serde_dynamo::from_attribute_value(data).map_err(format)?;
    Ok(Stored { value, version })
}

fn format(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TableError {
    TableError::Format(error.into())
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TableError {
    TableError::Unavailable(error.into())
}
