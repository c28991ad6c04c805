//! `DynamoDB` and its streams: dynoxide's database in this process, with what it leaves to its host.
//!
//! Three things are added. Stream records get an index, without which every write to a table with a stream reads all
//! earlier records. They are trimmed, or they would grow for ever. And commits share their `fsync`: see `sync`.

mod dispatch;
mod stream;
mod sync;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use kernel::{Clock as _, Disposition, Fault};
use tokio::sync::Semaphore;

use stream::Streams;
use sync::{Access, Durability};

pub use sync::SyncError;

/// Operations at work at once. The database lets in one at a time; the others read their requests or share an `fsync`.
const AT_WORK: u32 = 16;

/// One account's tables in one region.
#[derive(Debug, Clone)]
pub(crate) struct DynamoDb {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    durability: Durability,
    streams: Streams,
    place: Place,
    at_work: Arc<Semaphore>,
}

/// What ARNs are made of.
#[derive(Debug, Clone)]
struct Place {
    region: String,
    account: String,
}

/// An HTTP answer in JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// Why the tables could not be opened or swept.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    /// The database engine refused.
    #[error("the tables cannot be used")]
    Database(#[from] DynoxideError),
    /// `SQLite` refused.
    #[error("the stream records cannot be used")]
    Sqlite(#[from] rusqlite::Error),
    /// The write-ahead log could not be synced.
    #[error("the write-ahead log cannot be synced")]
    Sync(#[from] SyncError),
    /// The path is not text that `SQLite` can open.
    #[error("the data folder's name is not UTF-8")]
    Path,
    /// A job panicked or the service is closed.
    #[error("the tables are closed")]
    Closed,
}

impl Fault for DynamoDbError {
    fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "dynamodb.database",
            Self::Sqlite(_) => "dynamodb.sqlite",
            Self::Sync(_) => "dynamodb.sync",
            Self::Path => "dynamodb.path",
            Self::Closed => "dynamodb.closed",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Database(_) | Self::Sqlite(_) | Self::Sync(_) | Self::Closed => Disposition::Retry,
            Self::Path => Disposition::Reject,
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoDb")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// Opens or makes the database file. Every acknowledged write survives a power loss. Blocks.
    pub(crate) fn open(file: &Path, region: &str, account: &str) -> Result<Self, DynamoDbError> {
        let name = file.to_str().ok_or(DynamoDbError::Path)?;
        let database = Database::new(name)?;
        // The only way that dynoxide has to leave SQLite's own fsync per commit: it sets `synchronous = NORMAL`, in which
        // the log is not synced at a commit but before each checkpoint. `Durability` syncs it before each answer instead.
        database.disable_bulk_loading()?;
        let durability = Durability::of_log(file)?;
        // What a crash left in the log is on disk before anybody sees it.
        durability.run(Access::Write, || ())?;
        Self::over(database, name, durability, region, account)
    }

    /// Tables that live as long as the last clone.
    pub(crate) fn in_memory(region: &str, account: &str) -> Result<Self, DynamoDbError> {
        // Named, so that the connection that tends the stream records opens the same one.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:/dynamodb-{}?vfs=memdb", COUNT.fetch_add(1, Ordering::Relaxed));
        let database = Database::new(&name)?;
        Self::over(database, &name, Durability::none(), region, account)
    }

    /// Answers one request of either service.
    pub(crate) async fn call(&self, operation: &str, body: Bytes) -> Answer {
        let (inner, operation) = (Arc::clone(&self.inner), operation.to_owned());
        let call = move || {
            let access = dispatch::access(&operation);
            let run = || dispatch::call(&inner.database, &inner.place, &operation, &body);
            inner.durability.run(access, run)
        };
        match self.blocking(call).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::error!(error = %error, "the tables' log could not be synced");
                dispatch::failed()
            }
            Err(_) => dispatch::failed(),
        }
    }

    /// Deletes items whose time to live is over, and stream records nobody needs; gives the number of items.
    pub(crate) async fn sweep(&self) -> Result<usize, DynamoDbError> {
        let inner = Arc::clone(&self.inner);
        let now_s = kernel::SystemClock.now().as_second();
        let sweep = move || {
            inner.durability.run(Access::Write, || {
                let expired = inner.database.sweep_ttl()?;
                inner.streams.trim(now_s)?;
                Ok(expired)
            })?
        };
        self.blocking(sweep).await?
    }

    /// Waits until nothing is at work any more; what comes later is refused.
    pub(crate) async fn close(&self) {
        // Refused only when closed already.
        if let Ok(all) = self.inner.at_work.acquire_many(AT_WORK).await {
            self.inner.at_work.close();
            drop(all);
        }
    }

    fn over(
        database: Database,
        name: &str,
        durability: Durability,
        region: &str,
        account: &str,
    ) -> Result<Self, DynamoDbError> {
        let streams = Streams::open(name)?;
        let place = Place {
            region: region.to_owned(),
            account: account.to_owned(),
        };
        let at_work = Arc::new(Semaphore::new(AT_WORK as usize));
        Ok(Self {
            inner: Arc::new(Inner {
                database,
                durability,
                streams,
                place,
                at_work,
            }),
        })
    }

    /// The database blocks, so it gets threads of its own.
    async fn blocking<T, F>(&self, job: F) -> Result<T, DynamoDbError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = Arc::clone(&self.inner.at_work)
            .acquire_owned()
            .await
            .map_err(|_| DynamoDbError::Closed)?;
        tokio::task::spawn_blocking(move || {
            // The job and the database that it holds are dropped before the permit.
            let result = job();
            drop(permit);
            result
        })
        .await
        .map_err(|_| DynamoDbError::Closed)
    }
}
