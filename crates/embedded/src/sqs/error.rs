//! What SQS answers when it refuses, in the words that AWS's clients know.

use http::StatusCode;
use kernel::{Disposition, Fault};

use crate::store::StoreError;

/// A refusal. Display is the message on the wire.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqsError {
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    #[error("A queue already exists with the same name and a different value for attribute {0}")]
    QueueNameExists(String),
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    #[error("Invalid value for the parameter {name}. Reason: {reason}")]
    InvalidAttributeValue { name: String, reason: String },
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    #[error("Value for parameter {name} is invalid. Reason: {reason}")]
    InvalidParameterValue { name: String, reason: String },
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(String),
    #[error("The input receipt handle is invalid.")]
    ReceiptHandleIsInvalid,
    #[error("The specified message isn't in flight.")]
    MessageNotInflight,
    #[error("There should be at least one {0} in the request.")]
    EmptyBatchRequest(&'static str),
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    #[error("Batch requests cannot be longer than {limit} bytes. You have sent {size} bytes.")]
    BatchRequestTooLong { limit: usize, size: usize },
    #[error("{0}")]
    ResourceNotFound(&'static str),
    #[error("{0}")]
    UnsupportedOperation(String),
    #[error("The action {0} is not valid for this endpoint.")]
    UnknownOperation(String),
    #[error("The request cannot be read: {0}")]
    Serialization(String),
    #[error("the store did not do its part")]
    Store(#[from] StoreError),
}

/// How an error is named on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire {
    /// `__type`, with its namespace.
    pub(crate) shape: &'static str,
    /// The code of the older query protocol, which SDKs report as the error's code (`x-amzn-query-error`).
    pub(crate) query_code: &'static str,
    pub(crate) status: StatusCode,
}

impl SqsError {
    pub(crate) fn wire(&self) -> Wire {
        let (shape, query_code) = self.names();
        let status = if matches!(self, Self::Store(_)) {
            StatusCode::INTERNAL_SERVER_ERROR
        } else if matches!(self, Self::ResourceNotFound(_)) {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::BAD_REQUEST
        };
        Wire {
            shape,
            query_code,
            status,
        }
    }

    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::QueueDoesNotExist => (
                "com.amazonaws.sqs#QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
            ),
            Self::QueueNameExists(_) => ("com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists"),
            Self::InvalidAttributeName(_) => ("com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName"),
            Self::InvalidAttributeValue { .. } => ("com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue"),
            Self::InvalidMessageContents => ("com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents"),
            Self::InvalidParameterValue { .. } => (
                "com.amazon.coral.service#InvalidParameterValueException",
                "InvalidParameterValue",
            ),
            Self::MissingParameter(_) => (
                "com.amazon.coral.service#MissingRequiredParameterException",
                "MissingParameter",
            ),
            Self::ReceiptHandleIsInvalid => ("com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Self::MessageNotInflight => (
                "com.amazonaws.sqs#MessageNotInflight",
                "AWS.SimpleQueueService.MessageNotInflight",
            ),
            Self::EmptyBatchRequest(_) => (
                "com.amazonaws.sqs#EmptyBatchRequest",
                "AWS.SimpleQueueService.EmptyBatchRequest",
            ),
            Self::TooManyEntriesInBatchRequest(_) => (
                "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            ),
            Self::BatchEntryIdsNotDistinct(_) => (
                "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            ),
            Self::InvalidBatchEntryId => (
                "com.amazonaws.sqs#InvalidBatchEntryId",
                "AWS.SimpleQueueService.InvalidBatchEntryId",
            ),
            Self::BatchRequestTooLong { .. } => (
                "com.amazonaws.sqs#BatchRequestTooLong",
                "AWS.SimpleQueueService.BatchRequestTooLong",
            ),
            Self::ResourceNotFound(_) => (
                "com.amazonaws.sqs#ResourceNotFoundException",
                "ResourceNotFoundException",
            ),
            Self::UnsupportedOperation(_) => (
                "com.amazonaws.sqs#UnsupportedOperation",
                "AWS.SimpleQueueService.UnsupportedOperation",
            ),
            Self::UnknownOperation(_) => ("com.amazon.coral.service#UnknownOperationException", "InvalidAction"),
            Self::Serialization(_) => ("com.amazon.coral.service#SerializationException", "MalformedInput"),
            Self::Store(_) => ("com.amazon.coral.service#InternalFailure", "InternalFailure"),
        }
    }

    pub(super) fn parameter(name: &str, reason: impl Into<String>) -> Self {
        Self::InvalidParameterValue {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn attribute(name: &str, reason: impl Into<String>) -> Self {
        Self::InvalidAttributeValue {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }
}

impl From<rusqlite::Error> for SqsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::from(error))
    }
}

impl Fault for SqsError {
    fn code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "sqs.queue_missing",
            Self::QueueNameExists(_) => "sqs.queue_exists",
            Self::InvalidAttributeName(_) => "sqs.attribute_name",
            Self::InvalidAttributeValue { .. } => "sqs.attribute_value",
            Self::InvalidMessageContents => "sqs.message_contents",
            Self::InvalidParameterValue { .. } => "sqs.parameter_value",
            Self::MissingParameter(_) => "sqs.parameter_missing",
            Self::ReceiptHandleIsInvalid => "sqs.receipt_handle",
            Self::MessageNotInflight => "sqs.not_in_flight",
            Self::EmptyBatchRequest(_) => "sqs.batch_empty",
            Self::TooManyEntriesInBatchRequest(_) => "sqs.batch_too_many",
            Self::BatchEntryIdsNotDistinct(_) => "sqs.batch_ids_repeated",
            Self::InvalidBatchEntryId => "sqs.batch_id",
            Self::BatchRequestTooLong { .. } => "sqs.batch_too_long",
            Self::ResourceNotFound(_) => "sqs.resource_missing",
            Self::UnsupportedOperation(_) => "sqs.unsupported",
            Self::UnknownOperation(_) => "sqs.unknown_operation",
            Self::Serialization(_) => "sqs.unreadable",
            Self::Store(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => error.disposition(),
            Self::QueueDoesNotExist
            | Self::QueueNameExists(_)
            | Self::InvalidAttributeName(_)
            | Self::InvalidAttributeValue { .. }
            | Self::InvalidMessageContents
            | Self::InvalidParameterValue { .. }
            | Self::MissingParameter(_)
            | Self::ReceiptHandleIsInvalid
            | Self::MessageNotInflight
            | Self::EmptyBatchRequest(_)
            | Self::TooManyEntriesInBatchRequest(_)
            | Self::BatchEntryIdsNotDistinct(_)
            | Self::InvalidBatchEntryId
            | Self::BatchRequestTooLong { .. }
            | Self::ResourceNotFound(_)
            | Self::UnsupportedOperation(_)
            | Self::UnknownOperation(_)
            | Self::Serialization(_) => Disposition::Reject,
        }
    }
}
