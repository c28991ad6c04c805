//! The vault: documents that are written once and never changed.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use kernel::{Disposition, Fault};

use crate::aws::Aws;
use crate::inbox::Received;

/// The bucket of finished files.
#[derive(Debug, Clone)]
pub struct Vault {
    client: Client,
    bucket: String,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// These bytes are now the object.
    Stored,
    /// The key was taken; the object there stays as it is.
    AlreadyThere,
}

/// The vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// No such object.
    #[error("there is no object {0}")]
    Missing(String),
    /// The object is larger than the caller can take.
    #[error("the object of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// The service could not be reached, throttled or refused.
    #[error("the vault is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault for VaultError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "vault.missing",
            Self::TooLarge { .. } => "vault.too_large",
            Self::Unavailable(_) => "vault.unavailable",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Missing(_) | Self::Unavailable(_) => Disposition::Retry,
            Self::TooLarge { .. } => Disposition::Reject,
        }
    }
}

impl Vault {
    /// Uses the bucket `bucket`.
    #[must_use]
    pub fn new(aws: &Aws, bucket: String) -> Self {
        Self {
            client: aws.s3.clone(),
            bucket,
        }
    }

    /// Writes an object that must not be there yet (`If-None-Match: *`): of several writers one wins, and the others
    /// learn that the object is there.
    pub async fn put_once(&self, key: &str, content_type: &str, bytes: Bytes) -> Result<Put, VaultError> {
        Box::pin(self.put(key, content_type, BTreeMap::new(), bytes)).await
    }

    async fn put(
        &self,
        key: &str,
        content_type: &str,
        metadata: BTreeMap<String, String>,
        bytes: Bytes,
    ) -> Result<Put, VaultError> {
        let sent = self
            .client
            .put_object()
            .bucket(&self.bucket)
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
            Err(error) => Err(VaultError::Unavailable(error.into())),
        }
    }

    /// Writes an object that must not be there yet and returns what is then there: these bytes and metadata, or those of the
    /// writer that came first.
    pub async fn keep_first(
        &self,
        key: &str,
        content_type: &str,
        metadata: BTreeMap<String, String>,
        bytes: Bytes,
        limit: u64,
    ) -> Result<Received, VaultError> {
        match Box::pin(self.put(key, content_type, metadata.clone(), bytes.clone())).await? {
            Put::Stored => Ok(Received { bytes, metadata }),
            Put::AlreadyThere => Box::pin(self.receive(key, limit)).await,
        }
    }

    /// Up to 1,000 keys after `after`, in order.
    pub async fn keys_after(&self, after: &str) -> Result<Vec<String>, VaultError> {
        let page = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .set_start_after((!after.is_empty()).then(|| after.to_owned()))
            .send()
            .await
            .map_err(|error| VaultError::Unavailable(error.into()))?;
        let keys = page.contents().iter().filter_map(|object| object.key());
        Ok(keys.map(str::to_owned).collect())
    }

    /// Bytes of an object.
    pub async fn size(&self, key: &str) -> Result<u64, VaultError> {
        let asked = self.client.head_object().bucket(&self.bucket).key(key).send().await;
        let found = asked.map_err(|error| match error.code() {
            Some("NotFound" | "NoSuchKey") => VaultError::Missing(key.to_owned()),
            Some(_) | None => VaultError::Unavailable(error.into()),
        })?;
        Ok(found
            .content_length()
            .and_then(|length| u64::try_from(length).ok())
            .unwrap_or_default())
    }

    /// Whether the bucket is there and may be asked.
    pub async fn check(&self) -> Result<(), VaultError> {
        let asked = self.client.head_bucket().bucket(&self.bucket).send().await;
        asked.map(drop).map_err(|error| VaultError::Unavailable(error.into()))
    }

    /// Every version of every object whose key begins with `prefix`, by key.
    pub async fn list_versions(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        let mut keys = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await
                .map_err(|error| VaultError::Unavailable(error.into()))?;
            keys.extend(
                page.versions()
                    .iter()
                    .filter_map(|version| version.key().map(str::to_owned)),
            );
            if page.is_truncated() != Some(true) {
                return Ok(keys);
            }
            key_marker = page.next_key_marker;
            version_marker = page.next_version_id_marker;
        }
    }

    /// Reads an object of at most `limit` bytes.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Bytes, VaultError> {
        Ok(Box::pin(self.receive(key, limit)).await?.bytes)
    }

    /// Reads an object of at most `limit` bytes with its metadata.
    pub async fn receive(&self, key: &str, limit: u64) -> Result<Received, VaultError> {
        let found = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        let object = found.map_err(|error| absent(error, key))?;
        let size = object
            .content_length()
            .and_then(|length| u64::try_from(length).ok())
            .unwrap_or(u64::MAX);
        if size > limit {
            return Err(VaultError::TooLarge { size, limit });
        }
        let metadata = object.metadata.unwrap_or_default().into_iter().collect();
        let body = object
            .body
            .collect()
            .await
            .map_err(|error| VaultError::Unavailable(error.into()))?;
        Ok(Received {
            bytes: body.into_bytes(),
            metadata,
        })
    }
}

fn absent(error: SdkError<GetObjectError>, key: &str) -> VaultError {
    match error.as_service_error() {
        Some(GetObjectError::NoSuchKey(_)) => VaultError::Missing(key.to_owned()),
        Some(_) | None => VaultError::Unavailable(error.into()),
    }
}
