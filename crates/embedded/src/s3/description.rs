//! What an object says of itself besides its bytes.

use std::collections::BTreeMap;

use s3s::dto::{ChecksumType, Metadata, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::ObjectError;

/// AWS's limit: names and values of all user metadata together, in bytes.
const METADATA_LIMIT: usize = 2048;
/// What AWS answers for an object that came without a type.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// System and user metadata of one version. Stored as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Description {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) website_redirect_location: Option<String>,
    /// `x-amz-meta-*`: names in lower case, values decoded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Checksums::is_empty")]
    pub(super) checksums: Checksums,
}

impl Description {
    /// Refuses metadata over AWS's limit.
    pub(super) fn with_metadata(mut self, metadata: Option<Metadata>) -> Result<Self, ObjectError> {
        let metadata: BTreeMap<String, String> = metadata.unwrap_or_default().into_iter().collect();
        if metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>()
            > METADATA_LIMIT
        {
            return Err(ObjectError::MetadataTooLarge { limit: METADATA_LIMIT });
        }
        self.metadata = metadata;
        Ok(self)
    }

    pub(super) fn content_type(&self) -> String {
        self.content_type.clone().unwrap_or_else(|| DEFAULT_TYPE.to_owned())
    }

    pub(super) fn user_metadata(&self) -> Metadata {
        self.metadata.clone().into_iter().collect()
    }
}

/// Checksums over the whole object that the client sent and that were found right, in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Checksums {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
}

impl Checksums {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every value of `self` is the one that `computed` has.
    pub(super) fn agree_with(&self, computed: &Self) -> bool {
        let agree = |claimed: &Option<String>, computed: &Option<String>| claimed.is_none() || claimed == computed;
        agree(&self.crc32, &computed.crc32)
            && agree(&self.crc32c, &computed.crc32c)
            && agree(&self.crc64nvme, &computed.crc64nvme)
            && agree(&self.sha1, &computed.sha1)
            && agree(&self.sha256, &computed.sha256)
    }

    pub(super) fn kind(&self) -> Option<ChecksumType> {
        (!self.is_empty()).then(|| ChecksumType::from_static(ChecksumType::FULL_OBJECT))
    }
}
