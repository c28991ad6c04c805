//! Why a request for an object is refused, and how S3 says so.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::{Disposition, Fault};
use s3s::{S3Error, S3ErrorCode, StdError};

use crate::blobs::BlobError;
use crate::store::StoreError;

/// Display texts are for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketExists,
    #[error("The bucket you tried to delete is not empty")]
    BucketNotEmpty,
    #[error("The specified key does not exist.")]
    NoSuchKey,
    /// The newest version is a delete marker.
    #[error("The specified key does not exist.")]
    Deleted { version: String },
    #[error("The specified version does not exist.")]
    NoSuchVersion,
    /// A delete marker was asked for by its version id.
    #[error("The specified method is not allowed against this resource.")]
    IsMarker,
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed,
    #[error("Not Modified")]
    NotModified { etag: String },
    #[error("The requested range is not satisfiable")]
    InvalidRange,
    #[error(
        "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )]
    NoSuchUpload,
    #[error(
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
    )]
    InvalidPart,
    #[error("The list of parts was not in ascending order. Parts must be ordered by part number.")]
    InvalidPartOrder,
    #[error("Your proposed upload is smaller than the minimum allowed size")]
    TooSmall,
    #[error("Your proposed upload exceeds the maximum allowed size of {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("Your metadata headers exceed the maximum allowed metadata size of {limit} bytes")]
    MetadataTooLarge { limit: usize },
    #[error("The {0} you specified did not match what we received.")]
    BadDigest(&'static str),
    #[error("The {0} you specified is not valid.")]
    InvalidDigest(&'static str),
    #[error("The body did not arrive as announced")]
    Body(#[source] StdError),
    #[error("The body is shorter or longer than announced")]
    IncompleteBody,
    #[error("{0}")]
    InvalidArgument(String),
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("{0} is not supported by this endpoint")]
    NotSupported(&'static str),
    #[error("We encountered an internal error. Please try again.")]
    Unreadable(#[source] serde_json::Error),
    #[error("We encountered an internal error. Please try again.")]
    Io(#[from] std::io::Error),
    #[error("We encountered an internal error. Please try again.")]
    Blobs(#[from] BlobError),
    #[error("We encountered an internal error. Please try again.")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ObjectError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Fault for ObjectError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchBucket => "s3.no_such_bucket",
            Self::BucketExists => "s3.bucket_exists",
            Self::BucketNotEmpty => "s3.bucket_not_empty",
            Self::NoSuchKey => "s3.no_such_key",
            Self::Deleted { .. } => "s3.deleted",
            Self::NoSuchVersion => "s3.no_such_version",
            Self::IsMarker => "s3.is_marker",
            Self::PreconditionFailed => "s3.precondition_failed",
            Self::NotModified { .. } => "s3.not_modified",
            Self::InvalidRange => "s3.invalid_range",
            Self::NoSuchUpload => "s3.no_such_upload",
            Self::InvalidPart => "s3.invalid_part",
            Self::InvalidPartOrder => "s3.invalid_part_order",
            Self::TooSmall => "s3.too_small",
            Self::TooLarge { .. } => "s3.too_large",
            Self::MetadataTooLarge { .. } => "s3.metadata_too_large",
            Self::BadDigest(_) => "s3.bad_digest",
            Self::InvalidDigest(_) => "s3.invalid_digest",
            Self::Body(_) => "s3.body",
            Self::IncompleteBody => "s3.incomplete_body",
            Self::InvalidArgument(_) => "s3.invalid_argument",
            Self::InvalidRequest(_) => "s3.invalid_request",
            Self::NotSupported(_) => "s3.not_supported",
            Self::Unreadable(_) => "s3.unreadable",
            Self::Io(_) => "s3.io",
            Self::Blobs(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NoSuchBucket
            | Self::BucketExists
            | Self::BucketNotEmpty
            | Self::NoSuchKey
            | Self::Deleted { .. }
            | Self::NoSuchVersion
            | Self::IsMarker
            | Self::PreconditionFailed
            | Self::NotModified { .. }
            | Self::InvalidRange
            | Self::NoSuchUpload
            | Self::InvalidPart
            | Self::InvalidPartOrder
            | Self::TooSmall
            | Self::TooLarge { .. }
            | Self::MetadataTooLarge { .. }
            | Self::InvalidDigest(_)
            | Self::InvalidArgument(_)
            | Self::InvalidRequest(_)
            | Self::NotSupported(_)
            | Self::Unreadable(_) => Disposition::Reject,
            Self::BadDigest(_) | Self::Body(_) | Self::IncompleteBody | Self::Io(_) => Disposition::Retry,
            Self::Blobs(error) => error.disposition(),
            Self::Store(error) => error.disposition(),
        }
    }
}

impl From<ObjectError> for S3Error {
    fn from(error: ObjectError) -> Self {
        let mut answer = Self::with_message(s3_code(&error), error.to_string());
        match &error {
            ObjectError::InvalidRange => answer.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE),
            ObjectError::NotModified { etag } => answer.set_headers(headers([("etag", format!("\"{etag}\""))])),
            ObjectError::Deleted { version } => {
                let marker = ("x-amz-delete-marker", "true".to_owned());
                answer.set_headers(headers([marker, ("x-amz-version-id", version.clone())]));
            }
            ObjectError::IsMarker => answer.set_headers(headers([("x-amz-delete-marker", "true".to_owned())])),
            ObjectError::Io(_) | ObjectError::Blobs(_) | ObjectError::Store(_) | ObjectError::Unreadable(_) => {
                tracing::error!(error.code = error.code(), error = ?error, "S3 request failed");
            }
            ObjectError::NoSuchBucket
            | ObjectError::BucketExists
            | ObjectError::BucketNotEmpty
            | ObjectError::NoSuchKey
            | ObjectError::NoSuchVersion
            | ObjectError::PreconditionFailed
            | ObjectError::NoSuchUpload
            | ObjectError::InvalidPart
            | ObjectError::InvalidPartOrder
            | ObjectError::TooSmall
            | ObjectError::TooLarge { .. }
            | ObjectError::MetadataTooLarge { .. }
            | ObjectError::BadDigest(_)
            | ObjectError::InvalidDigest(_)
            | ObjectError::Body(_)
            | ObjectError::IncompleteBody
            | ObjectError::InvalidArgument(_)
            | ObjectError::InvalidRequest(_)
            | ObjectError::NotSupported(_) => {}
        }
        answer
    }
}

fn s3_code(error: &ObjectError) -> S3ErrorCode {
    match error {
        ObjectError::NoSuchBucket => S3ErrorCode::NoSuchBucket,
        ObjectError::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
        ObjectError::BucketNotEmpty => S3ErrorCode::BucketNotEmpty,
        ObjectError::NoSuchKey | ObjectError::Deleted { .. } => S3ErrorCode::NoSuchKey,
        ObjectError::NoSuchVersion => S3ErrorCode::NoSuchVersion,
        ObjectError::IsMarker => S3ErrorCode::MethodNotAllowed,
        ObjectError::PreconditionFailed => S3ErrorCode::PreconditionFailed,
        ObjectError::NotModified { .. } => S3ErrorCode::NotModified,
        ObjectError::InvalidRange => S3ErrorCode::InvalidRange,
        ObjectError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
        ObjectError::InvalidPart => S3ErrorCode::InvalidPart,
        ObjectError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
        ObjectError::TooSmall => S3ErrorCode::EntityTooSmall,
        ObjectError::TooLarge { .. } => S3ErrorCode::EntityTooLarge,
        ObjectError::MetadataTooLarge { .. } => S3ErrorCode::MetadataTooLarge,
        ObjectError::BadDigest(_) => S3ErrorCode::BadDigest,
        ObjectError::InvalidDigest(_) => S3ErrorCode::InvalidDigest,
        ObjectError::Body(source) => body_code(source),
        ObjectError::IncompleteBody => S3ErrorCode::IncompleteBody,
        ObjectError::InvalidArgument(_) => S3ErrorCode::InvalidArgument,
        ObjectError::InvalidRequest(_) => S3ErrorCode::InvalidRequest,
        ObjectError::NotSupported(_) => S3ErrorCode::NotImplemented,
        ObjectError::Unreadable(_) | ObjectError::Io(_) | ObjectError::Blobs(_) | ObjectError::Store(_) => {
            S3ErrorCode::InternalError
        }
    }
}

/// s3s keeps the types of its body errors to itself; only their texts tell them apart.
fn body_code(source: &StdError) -> S3ErrorCode {
    let text = source.to_string();
    if text.contains("Sha256Mismatch") {
        S3ErrorCode::BadDigest
    } else if text.contains("SignatureMismatch") {
        S3ErrorCode::SignatureDoesNotMatch
    } else {
        S3ErrorCode::IncompleteBody
    }
}

fn headers<const N: usize>(pairs: [(&'static str, String); N]) -> HeaderMap {
    let pair = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
    };
    pairs.into_iter().filter_map(pair).collect()
}
