//! From an operation's name and JSON to dynoxide's methods and back.

use bytes::Bytes;
use dynoxide::actions::get_records::GetRecordsResponse;
use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sync::Access;
use super::{Answer, Place};

/// How dynoxide begins its ARNs.
const ITS_ARN: &str = "arn:aws:dynamodb:dynoxide:000000000000:";

/// The operations that say nothing but what a method of the database says.
macro_rules! operations {
    ($operation:expr, $database:expr, $body:expr, $($name:literal => $method:ident,)*) => {
        match $operation {
            $($name => answer(&$database.$method(parse($body)?)?),)*
            _ => Err(Refusal::UnknownOperation),
        }
    };
}

enum Refusal {
    UnknownOperation,
    Unreadable,
    Database(DynoxideError),
}

impl From<DynoxideError> for Refusal {
    fn from(error: DynoxideError) -> Self {
        Self::Database(error)
    }
}

pub(super) fn call(database: &Database, place: &Place, operation: &str, body: &Bytes) -> Answer {
    match run(database, place, operation, body) {
        Ok(body) => Answer {
            status: StatusCode::OK,
            body,
        },
        Err(Refusal::UnknownOperation) => refused("com.amazon.coral.service#UnknownOperationException"),
        Err(Refusal::Unreadable) => refused("com.amazon.coral.service#SerializationException"),
        Err(Refusal::Database(error)) => {
            let error = worded(operation, error);
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if status.is_server_error() {
                tracing::error!(error = %error, dynamodb.operation = operation, "a table operation failed");
            }
            Answer {
                status,
                body: error.to_json(),
            }
        }
    }
}

/// Whether the operation may change something. An unknown one is taken to.
pub(super) fn access(operation: &str) -> Access {
    match operation {
        "BatchGetItem" | "DescribeStream" | "DescribeTable" | "DescribeTimeToLive" | "GetItem" | "GetRecords"
        | "GetShardIterator" | "ListStreams" | "ListTables" | "ListTagsOfResource" | "Query" | "Scan"
        | "TransactGetItems" => Access::Read,
        _ => Access::Write,
    }
}

/// The answer when nothing better can be said.
pub(super) fn failed() -> Answer {
    let error = DynoxideError::InternalServerError("Internal server error".to_owned());
    Answer {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        body: error.to_json(),
    }
}

fn run(database: &Database, place: &Place, operation: &str, body: &Bytes) -> Result<String, Refusal> {
    let body = std::str::from_utf8(body).map_err(|_| Refusal::Unreadable)?;
    match operation {
        "GetRecords" => {
            let mut response: GetRecordsResponse = database.get_records(parse(body)?)?;
            for record in &mut response.records {
                record.aws_region.clone_from(&place.region);
            }
            answer(&response)
        }
        // These carry ARNs and nothing that a client stored.
        "CreateTable" | "DeleteTable" | "DescribeTable" | "UpdateTable" | "ListStreams" | "DescribeStream"
        | "TagResource" | "UntagResource" | "ListTagsOfResource" => {
            let our_arn = format!("arn:aws:dynamodb:{}:{}:", place.region, place.account);
            let body = body.replace(&our_arn, ITS_ARN);
            Ok(plain(database, operation, &body)?.replace(ITS_ARN, &our_arn))
        }
        _ => plain(database, operation, body),
    }
}

fn plain(database: &Database, operation: &str, body: &str) -> Result<String, Refusal> {
    operations! { operation, database, body,
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    }
}

/// dynoxide's readers say in a prefix which of `DynamoDB`'s two errors a bad request is.
fn parse<T: DeserializeOwned>(body: &str) -> Result<T, DynoxideError> {
    serde_json::from_str(body).map_err(|error| {
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        if let Some((prefix, message)) = text.split_once(':')
            && let Some(kind) = prefix.strip_suffix("_AS_READ").or(Some(prefix))
        {
            match kind {
                "VALIDATION_REQUEST" => return DynoxideError::EnvelopedValidation(message.to_owned()),
                "VALIDATION" => return DynoxideError::ValidationException(message.to_owned()),
                "SERIALIZATION" => return DynoxideError::SerializationException(message.to_owned()),
                _ => {}
            }
        }
        let misses = [
            "missing field",
            "unknown variant",
            "invalid type: null",
            "AttributeValue",
        ];
        if misses.iter().any(|miss| text.contains(miss)) {
            DynoxideError::ValidationException(text.to_owned())
        } else {
            DynoxideError::SerializationException(text.to_owned())
        }
    })
}

fn answer<T: Serialize>(response: &T) -> Result<String, Refusal> {
    serde_json::to_string(response)
        .map_err(|error| Refusal::Database(DynoxideError::InternalServerError(error.to_string())))
}

/// Single-item writes put such errors in an envelope.
fn worded(operation: &str, error: DynoxideError) -> DynoxideError {
    match error {
        DynoxideError::EnvelopedValidation(message) if matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem") => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        other => other,
    }
}

fn refused(shape: &str) -> Answer {
    Answer {
        status: StatusCode::BAD_REQUEST,
        body: serde_json::json!({ "__type": shape }).to_string(),
    }
}
