//! Amazon S3 over blobs and an `SQLite` index.
//!
//! s3s reads the requests, checks their signatures and writes the answers; here is what happens in between. Left out on
//! purpose: access control beyond the one key pair, encryption at rest, tags, object lock and lifecycle rules. An upload
//! from an HTML form is announced as a put.

mod buckets;
mod conditions;
mod contents;
mod description;
mod error;
mod list;
mod listing;
mod multipart;
mod notifications;
mod notify;
mod objects;
mod operations;
mod receive;
mod schema;
mod serve;
mod uploads;
mod write;

use std::sync::Arc;

use kernel::Clock;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};

use crate::Credentials;
use crate::blobs::Blobs;
use crate::store::Store;

pub(crate) use error::ObjectError;
pub(crate) use schema::SCHEMA;

/// How S3 is served.
pub(crate) struct Settings {
    pub(crate) credentials: Credentials,
    /// The region that answers and events name.
    pub(crate) region: String,
    /// Twelve digits.
    pub(crate) account: String,
    /// The most bytes that one object may have, whether it comes in one piece or in parts.
    pub(crate) max_object_bytes: u64,
    pub(crate) clock: Arc<dyn Clock>,
}

/// S3 as a service for hyper. `store` must have been opened with [`SCHEMA`] and that of SQS.
///
/// Removes blobs that a crash left behind, so nothing else may write to `blobs` yet.
pub(crate) async fn service(store: Store, blobs: Blobs, settings: Settings) -> Result<S3Service, ObjectError> {
    let known = store.read(contents::named_blobs).await?;
    let sweeper = blobs.clone();
    let swept = tokio::task::spawn_blocking(move || sweeper.sweep(&known))
        .await
        .map_err(std::io::Error::other)??;
    if swept > 0 {
        tracing::info!(blobs.swept = swept, "removed blobs that no object names");
    }
    let Settings {
        credentials,
        region,
        account,
        max_object_bytes,
        clock,
    } = settings;
    let region = Region { name: region, account };
    let mut builder = S3ServiceBuilder::new(Objects {
        store,
        blobs,
        region,
        limit: max_object_bytes,
        clock,
    });
    builder.set_auth(OneKeyPair(credentials));
    Ok(builder.build())
}

/// The engine's only key pair.
struct OneKeyPair(Credentials);

#[async_trait::async_trait]
impl S3Auth for OneKeyPair {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.0.access_key {
            Ok(SecretKey::from(self.0.secret_key.as_str()))
        } else {
            Err(s3_error!(
                InvalidAccessKeyId,
                "The access key is not one of this server."
            ))
        }
    }
}

/// Where the engine says that it is, and whose.
#[derive(Debug, Clone)]
struct Region {
    name: String,
    account: String,
}

impl Region {
    /// The name of the queue behind an ARN, if it is a queue of this engine.
    fn queue_of<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let rest = arn.strip_prefix("arn:aws:sqs:")?.strip_prefix(self.name.as_str())?;
        rest.strip_prefix(':')?
            .strip_prefix(self.account.as_str())?
            .strip_prefix(':')
    }
}

/// The buckets of one account.
struct Objects {
    store: Store,
    blobs: Blobs,
    region: Region,
    limit: u64,
    clock: Arc<dyn Clock>,
}

impl Objects {
    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}
