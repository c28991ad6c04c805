//! The inbox: a drop zone that nobody trusts. Objects are read as the exact version that an event named.

mod uploads;

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use kernel::{Disposition, Fault};
use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::config::ConfigError;
use crate::environment::Environment;
use crate::vault::Put;
pub use uploads::{Upload, UploadMarker, UploadPage};

/// One version of one object, as an event names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectVersion {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The `ETag`, without quotes.
    pub etag: String,
    /// The version, where the bucket keeps versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// An object's bytes and its user metadata.
#[derive(Debug, Clone)]
pub struct Received {
    /// The content.
    pub bytes: Bytes,
    /// `x-amz-meta-*`, without that prefix.
    pub metadata: BTreeMap<String, String>,
}

/// The object could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// No such object, or not yet.
    #[error("the object is not there")]
    Missing,
    /// The object was replaced after the event; the newer one has its own event.
    #[error("the object was replaced")]
    Replaced,
    /// Larger than allowed. Nothing of it was kept in memory.
    #[error("the object of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size in bytes, as far as it was read.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The service could not be reached, throttled or refused.
    #[error("the inbox is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault for InboxError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "inbox.missing",
            Self::Replaced => "inbox.replaced",
            Self::TooLarge { .. } => "inbox.too_large",
            Self::Unavailable(_) => "inbox.unavailable",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Missing | Self::Unavailable(_) => Disposition::Retry,
            Self::Replaced | Self::TooLarge { .. } => Disposition::Reject,
        }
    }
}

/// Reads dropped objects.
#[derive(Debug, Clone)]
pub struct Inbox(Client);

impl Inbox {
    /// Uses the given connection.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(aws.s3.clone())
    }

    /// The store that the settings name: another one than the vault's, such as MinIO in the office, where
    /// `INBOX_ENDPOINT_URL`, `INBOX_ACCESS_KEY_ID` and `INBOX_SECRET_ACCESS_KEY` say so.
    pub fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let own = crate::aws::inbox_store(&environment.settings)?;
        Ok(own.map_or_else(|| Self::new(&environment.aws), Self))
    }

    /// Reads one version in chunks, and stops as soon as it passes `limit` bytes.
    pub async fn receive(&self, object: &ObjectVersion, limit: u64) -> Result<Received, InboxError> {
        let mut request = self
            .0
            .get_object()
            .bucket(&object.bucket)
            .key(&object.key)
            .if_match(&object.etag);
        if let Some(version) = &object.version_id {
            request = request.version_id(version);
        }
        let found = request.send().await.map_err(|error| match error.code() {
            Some("NoSuchKey" | "NoSuchVersion" | "NoSuchBucket") => InboxError::Missing,
            Some("PreconditionFailed") => InboxError::Replaced,
            Some(_) | None => unavailable(error),
        })?;
        let announced = found
            .content_length()
            .and_then(|length| u64::try_from(length).ok())
            .unwrap_or_default();
        if announced > limit {
            return Err(InboxError::TooLarge { size: announced, limit });
        }
        let metadata = found.metadata.unwrap_or_default().into_iter().collect();
        let mut body = found.body;
        let mut bytes = BytesMut::with_capacity(usize::try_from(announced).unwrap_or_default());
        while let Some(chunk) = body.try_next().await.map_err(unavailable)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit {
                return Err(InboxError::TooLarge {
                    size: bytes.len() as u64,
                    limit,
                });
            }
        }
        Ok(Received {
            bytes: bytes.freeze(),
            metadata,
        })
    }

    /// The `ETag` of an object as it is now, without quotes.
    pub async fn etag(&self, bucket: &str, key: &str) -> Result<String, InboxError> {
        let found = self
            .0
            .head_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(unavailable)?;
        Ok(found.e_tag().unwrap_or_default().trim_matches('"').to_owned())
    }

    /// Whether the bucket is there and may be asked.
    pub async fn check(&self, bucket: &str) -> Result<(), InboxError> {
        self.0.head_bucket().bucket(bucket).send().await.map_err(unavailable)?;
        Ok(())
    }

    /// Drops an object that must not be there yet (`If-None-Match: *`): a second drop would be a second upload.
    pub async fn drop_once(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        metadata: BTreeMap<String, String>,
        bytes: Bytes,
    ) -> Result<Put, InboxError> {
        let sent = self
            .0
            .put_object()
            .bucket(bucket)
            .key(key)
            .if_none_match("*")
            .content_type(content_type)
            .set_metadata(Some(metadata.into_iter().collect()))
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Put::Stored),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(Put::AlreadyThere),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Drops an object into a bucket, as a producer would.
    pub async fn drop_off(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        metadata: BTreeMap<String, String>,
        bytes: Bytes,
    ) -> Result<(), InboxError> {
        self.0
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type)
            .set_metadata(Some(metadata.into_iter().collect()))
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(unavailable)?;
        Ok(())
    }
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> InboxError {
    InboxError::Unavailable(error.into())
}
