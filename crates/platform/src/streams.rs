//! Reading a table's stream, for a runner that plays the part of Lambda's event source mapping.

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{AttributeValue, OperationType, Record, ShardIteratorType, StreamDescription};
use kernel::{Disposition, Fault};
use serde_json::{Map, Value, json};

use crate::aws::Aws;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A stream could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The table has no stream.
    #[error("table {0} has no stream")]
    NoStream(String),
    /// The iterator is too old; begin again from the last sequence number.
    #[error("the place in the stream has expired")]
    Expired,
    /// The service could not be reached, throttled or refused.
    #[error("the stream is unavailable")]
    Unavailable(#[source] BoxError),
}

impl Fault for StreamError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoStream(_) => "stream.missing",
            Self::Expired => "stream.expired",
            Self::Unavailable(_) => "stream.unavailable",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NoStream(_) => Disposition::Reject,
            Self::Expired | Self::Unavailable(_) => Disposition::Retry,
        }
    }
}

/// Reads table streams.
#[derive(Debug, Clone)]
pub struct Streams(Client);

/// A place in one shard of a stream.
#[derive(Debug, Clone)]
pub struct Cursor(String);

/// What was read from a shard in one call.
#[derive(Debug, Clone)]
pub struct StreamPage {
    /// The records, as Lambda hands them to a function.
    pub records: Vec<Value>,
    /// The sequence number of the last one.
    pub last: Option<String>,
    /// Where to go on; none at the end of a closed shard.
    pub next: Option<Cursor>,
}

impl Streams {
    /// Uses the given connection.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(aws.streams.clone())
    }

    /// The newest stream of a table, by its ARN.
    pub async fn find(&self, table: &str) -> Result<String, StreamError> {
        let found = self
            .0
            .list_streams()
            .table_name(table)
            .send()
            .await
            .map_err(unavailable)?;
        let newest = found.streams().last().and_then(|stream| stream.stream_arn());
        newest
            .map(str::to_owned)
            .ok_or_else(|| StreamError::NoStream(table.to_owned()))
    }

    /// The ids of the stream's shards, parents before children.
    pub async fn shards(&self, stream_arn: &str) -> Result<Vec<String>, StreamError> {
        let mut shards = Vec::new();
        let mut after = None;
        loop {
            let request = self
                .0
                .describe_stream()
                .stream_arn(stream_arn)
                .set_exclusive_start_shard_id(after);
            let described = request.send().await.map_err(unavailable)?;
            let description = described.stream_description();
            let page = description.map(StreamDescription::shards).unwrap_or_default();
            shards.extend(page.iter().filter_map(|shard| shard.shard_id().map(str::to_owned)));
            after = description
                .and_then(|all| all.last_evaluated_shard_id())
                .map(str::to_owned);
            if after.is_none() {
                return Ok(shards);
            }
        }
    }

    /// A place after the sequence number `after`, or at the oldest record that is kept.
    pub async fn seek(&self, stream_arn: &str, shard: &str, after: Option<&str>) -> Result<Cursor, StreamError> {
        let kind = match after {
            Some(_) => ShardIteratorType::AfterSequenceNumber,
            None => ShardIteratorType::TrimHorizon,
        };
        let found = self
            .0
            .get_shard_iterator()
            .stream_arn(stream_arn)
            .shard_id(shard)
            .shard_iterator_type(kind)
            .set_sequence_number(after.map(str::to_owned))
            .send()
            .await
            .map_err(unavailable)?;
        found.shard_iterator.map(Cursor).ok_or(StreamError::Expired)
    }

    /// Reads up to `limit` records.
    pub async fn read(&self, cursor: &Cursor, limit: i32) -> Result<StreamPage, StreamError> {
        let request = self.0.get_records().shard_iterator(&cursor.0).limit(limit);
        let read = request.send().await.map_err(|error| match error.as_service_error() {
            Some(service) if service.is_expired_iterator_exception() => StreamError::Expired,
            Some(_) | None => unavailable(error),
        })?;
        let last = read
            .records()
            .last()
            .and_then(|record| record.dynamodb()?.sequence_number());
        Ok(StreamPage {
            last: last.map(str::to_owned),
            records: read.records().iter().map(lambda_record).collect(),
            next: read.next_shard_iterator.map(Cursor),
        })
    }
}

fn lambda_record(record: &Record) -> Value {
    let change = record.dynamodb();
    let image = |image: Option<&std::collections::HashMap<String, AttributeValue>>| {
        image.map(|image| {
            Value::Object(
                image
                    .iter()
                    .map(|(name, value)| (name.clone(), attribute(value)))
                    .collect(),
            )
        })
    };
    let mut dynamodb = Map::new();
    let parts = [
        ("Keys", image(change.and_then(|change| change.keys()))),
        ("NewImage", image(change.and_then(|change| change.new_image()))),
        (
            "SequenceNumber",
            change.and_then(|change| change.sequence_number()).map(Value::from),
        ),
    ];
    dynamodb.extend(
        parts
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    json!({
        "eventID": record.event_id(),
        "eventName": record.event_name().map(OperationType::as_str),
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "dynamodb": dynamodb,
    })
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(flag) => json!({ "NULL": flag }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(attribute).collect::<Vec<_>>() }),
        AttributeValue::M(map) => {
            let entries = map.iter().map(|(name, value)| (name.clone(), attribute(value)));
            json!({ "M": entries.collect::<Map<_, _>>() })
        }
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        // Binary values: nothing of ours is stored as such. (The SDK's enum is not exhaustive.)
        _ => Value::Null,
    }
}

fn unavailable(error: impl Into<BoxError>) -> StreamError {
    StreamError::Unavailable(error.into())
}
