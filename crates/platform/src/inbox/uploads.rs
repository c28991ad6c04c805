//! What was uploaded to a bucket, page by page: every version where the store keeps them, else what is there.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Inbox, InboxError, ObjectVersion, unavailable};

/// One upload, as a listing tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The exact object.
    pub object: ObjectVersion,
    /// No later upload has its key.
    pub is_latest: bool,
    /// When it was uploaded, by the store's clock, to the second.
    pub at: Timestamp,
}

impl Upload {
    fn has_version(&self) -> bool {
        self.object.version_id.is_some()
    }
}

/// Where a page of uploads ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadMarker {
    key: String,
    version_id: Option<String>,
}

/// A page of uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPage {
    /// The uploads.
    pub uploads: Vec<Upload>,
    /// Where the next page begins; none after the last.
    pub next: Option<UploadMarker>,
}

impl Inbox {
    /// Up to 1,000 uploads of a bucket, in the order of their keys, the newest of each key first. `after` is where the last
    /// page ended. Of a store that keeps no versions, what is there now.
    pub async fn uploads(&self, bucket: &str, after: Option<&UploadMarker>) -> Result<UploadPage, InboxError> {
        let asked = self
            .0
            .list_object_versions()
            .bucket(bucket)
            .set_key_marker(after.map(|marker| marker.key.clone()))
            .set_version_id_marker(after.and_then(|marker| marker.version_id.clone()))
            .send()
            .await;
        match asked {
            Ok(page) => {
                let page = versions(bucket, &page);
                // Gateways to file systems refuse to list versions, or call the first page all that there is.
                let is_all = page.next.is_none() && !page.uploads.is_empty();
                if is_all && !page.uploads.iter().any(Upload::has_version) {
                    return self.objects(bucket, after).await;
                }
                Ok(page)
            }
            Err(error) if error.code() == Some("NotImplemented") => self.objects(bucket, after).await,
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn objects(&self, bucket: &str, after: Option<&UploadMarker>) -> Result<UploadPage, InboxError> {
        let page = self
            .0
            .list_objects_v2()
            .bucket(bucket)
            .set_start_after(after.map(|marker| marker.key.clone()))
            .send()
            .await
            .map_err(unavailable)?;
        Ok(objects(bucket, &page))
    }
}

fn versions(bucket: &str, page: &ListObjectVersionsOutput) -> UploadPage {
    let uploads = page.versions().iter().filter_map(|version| {
        Some(Upload {
            object: ObjectVersion {
                bucket: bucket.to_owned(),
                key: version.key()?.to_owned(),
                etag: bare(version.e_tag()?),
                version_id: version.version_id().filter(|id| *id != "null").map(str::to_owned),
            },
            is_latest: version.is_latest() == Some(true),
            at: time(version.last_modified()?)?,
        })
    });
    let next = page.next_key_marker().map(|key| UploadMarker {
        key: key.to_owned(),
        version_id: page.next_version_id_marker().map(str::to_owned),
    });
    UploadPage {
        uploads: uploads.collect(),
        next: next.filter(|_| page.is_truncated() == Some(true)),
    }
}

fn objects(bucket: &str, page: &ListObjectsV2Output) -> UploadPage {
    let uploads = page.contents().iter().filter_map(|object| {
        Some(Upload {
            object: ObjectVersion {
                bucket: bucket.to_owned(),
                key: object.key()?.to_owned(),
                etag: bare(object.e_tag()?),
                version_id: None,
            },
            is_latest: true,
            at: time(object.last_modified()?)?,
        })
    });
    let last = page.contents().last().and_then(|object| object.key());
    let next = last.map(|key| UploadMarker {
        key: key.to_owned(),
        version_id: None,
    });
    UploadPage {
        uploads: uploads.collect(),
        next: next.filter(|_| page.is_truncated() == Some(true)),
    }
}

fn bare(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn time(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(at.secs()).ok()
}
