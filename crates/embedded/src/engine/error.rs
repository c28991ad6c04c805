//! Why an engine could not do its part.

use kernel::{Disposition, Fault};

use crate::blobs::BlobError;
use crate::dynamodb::DynamoDbError;
use crate::s3::ObjectError;
use crate::sqs::SqsError;
use crate::store::StoreError;

/// Why the engine could not be opened, served or swept.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database of S3 and SQS.
    #[error("S3 and SQS cannot be opened")]
    Store(#[from] StoreError),
    /// The bytes of objects.
    #[error("S3 cannot be opened")]
    Blobs(#[from] BlobError),
    /// The index of objects.
    #[error("S3 cannot be opened: {0}")]
    S3(String),
    /// The queues.
    #[error("SQS failed: {0}")]
    Sqs(String, #[source] Option<StoreError>),
    /// The tables.
    #[error("DynamoDB failed")]
    DynamoDb(#[from] DynamoDbError),
    /// The engine's plain HTTP is for this machine only.
    #[error("the address {0} is not on loopback")]
    NotLoopback(std::net::SocketAddr),
    /// The listener failed.
    #[error("the listener failed")]
    Listener(#[source] std::io::Error),
}

impl Fault for EngineError {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Blobs(error) => error.code(),
            Self::S3(_) => "engine.s3",
            Self::Sqs(..) => "engine.sqs",
            Self::DynamoDb(error) => error.code(),
            Self::NotLoopback(_) => "engine.not_loopback",
            Self::Listener(_) => "engine.listener",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => error.disposition(),
            Self::Blobs(error) => error.disposition(),
            Self::DynamoDb(error) => error.disposition(),
            Self::S3(_) | Self::Sqs(..) | Self::Listener(_) => Disposition::Retry,
            Self::NotLoopback(_) => Disposition::Reject,
        }
    }
}

impl From<ObjectError> for EngineError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Store(error) => Self::Store(error),
            ObjectError::Blobs(error) => Self::Blobs(error),
            other => Self::S3(other.to_string()),
        }
    }
}

impl From<SqsError> for EngineError {
    fn from(error: SqsError) -> Self {
        match error {
            SqsError::Store(error) => Self::Sqs("the store did not do its part".to_owned(), Some(error)),
            other => Self::Sqs(other.to_string(), None),
        }
    }
}
