//! One `SQLite` database behind S3 and SQS, so that an object and the message that announces it commit together.
//!
//! All writes go through one thread. Whatever waits when it looks up becomes one transaction, one `SAVEPOINT` per job:
//! a burst of writes pays for one `fsync`, and a job that fails takes no other down with it.

mod writer;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use kernel::{Disposition, Fault};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use writer::{Job, Pending};

pub use writer::Tx;

/// Connections that read beside the writer.
const READERS: usize = 4;
/// Jobs that may wait for the writer before callers have to.
const WAITING_JOBS: usize = 1024;
/// Writes from elsewhere (a backup tool) are waited for this long, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// The engine's database. Clones share it; the last one to go closes it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// Why the database did not do its part.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder or its lock file cannot be used.
    #[error("data folder {0} cannot be used")]
    Folder(PathBuf, #[source] std::io::Error),
    /// Another process serves this folder.
    #[error("data folder {0} is in use by another process")]
    InUse(PathBuf),
    /// `SQLite` refused.
    #[error("the database refused")]
    Sqlite(#[from] rusqlite::Error),
    /// The transaction that held this write and others was not committed.
    #[error("the transaction was not committed: {0}")]
    NotCommitted(Arc<str>),
    /// The job panicked; nothing of it was kept.
    #[error("a database job panicked")]
    Panicked,
    /// The store is shutting down.
    #[error("the database is closed")]
    Closed,
}

impl Fault for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Folder(..) => "store.folder",
            Self::InUse(_) => "store.in_use",
            Self::Sqlite(_) => "store.sqlite",
            Self::NotCommitted(_) => "store.not_committed",
            Self::Panicked => "store.panicked",
            Self::Closed => "store.closed",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Folder(..) | Self::InUse(_) | Self::Panicked => Disposition::Reject,
            Self::Sqlite(_) | Self::NotCommitted(_) | Self::Closed => Disposition::Retry,
        }
    }
}

#[derive(Debug)]
struct Inner {
    /// `None` only while dropping.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// `None` in memory: there the writer's connection is the only one.
    readers: Option<Arc<Readers>>,
    topics: Arc<Topics>,
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

/// A counter per topic, raised after each commit that touched it.
#[derive(Debug, Default)]
struct Topics(Mutex<HashMap<String, watch::Sender<u64>>>);

impl Store {
    /// Opens or makes the database file `path` and runs each `schema` script (`CREATE ... IF NOT EXISTS`).
    ///
    /// Every acknowledged write survives a power loss. A lock file beside the database keeps a second process out.
    pub fn open(path: &Path, schema: &[&str]) -> Result<Self, StoreError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let unusable = |error| StoreError::Folder(folder.to_owned(), error);
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = File::create(path.with_extension("lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::InUse(folder.to_owned()),
            TryLockError::Error(error) => StoreError::Folder(folder.to_owned(), error),
        })?;

        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864;",
        )?;
        prepare(&connection, schema)?;
        let idle = (0..READERS)
            .map(|_| {
                let reader = Connection::open_with_flags(
                    path,
                    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
                )?;
                tune(&reader)?;
                Ok(reader)
            })
            .collect::<Result<Vec<_>, rusqlite::Error>>()?;
        let readers = Readers {
            idle: Mutex::new(idle),
            permits: Arc::new(Semaphore::new(READERS)),
        };
        Self::start(connection, Some(Arc::new(readers)), Some(lock))
    }

    /// A database that lives as long as the last clone of the store.
    pub fn in_memory(schema: &[&str]) -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        prepare(&connection, schema)?;
        Self::start(connection, None, None)
    }

    /// Runs `job` in a transaction. `Ok` means that it is committed; on `Err` nothing of the job is kept.
    ///
    /// Jobs run one after another in the order of their calls: what a job has read still holds when it writes.
    /// Dropping the future before the job has begun cancels the job.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let jobs = self.inner.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(Box::new(Pending::new(job, reply)))
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `query` on a snapshot that holds at least every write acknowledged before the call.
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Some(readers) = self.inner.readers.clone() else {
            return self.write(move |tx| query(tx)).await;
        };
        let permit = Arc::clone(&readers.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let run = move || {
            let _permit = permit;
            let mut connection = readers.take().ok_or(StoreError::Closed)?;
            let result = snapshot(&mut connection, query);
            readers.put_back(connection);
            result
        };
        tokio::task::spawn_blocking(run)
            .await
            .map_err(|_| StoreError::Panicked)?
    }

    /// A counter that rises after every commit in which `topic` was touched ([`Tx::touch`]).
    ///
    /// Subscribe before looking, look, then wait with `changed()`: no commit falls between.
    #[must_use]
    pub fn subscribe(&self, topic: &str) -> watch::Receiver<u64> {
        self.inner.topics.subscribe(topic)
    }

    fn start(connection: Connection, readers: Option<Arc<Readers>>, lock: Option<File>) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(WAITING_JOBS);
        let topics = Arc::new(Topics::default());
        let announce = Arc::clone(&topics);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                writer::run(connection, waiting, &announce);
                // Released last, so that whoever opens the folder next finds the database closed.
                drop(lock);
            })
            .map_err(|error| StoreError::Folder(PathBuf::new(), error))?;
        Ok(Self {
            inner: Arc::new(Inner {
                jobs: Some(jobs),
                writer: Some(writer),
                readers,
                topics,
            }),
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.readers = None;
        self.jobs = None;
        // A job that holds the last clone drops it on the writer's own thread, which must not wait for itself.
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            // A panic of the writer has been seen by its callers as `Closed`.
            drop(writer.join());
        }
    }
}

impl Readers {
    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}

impl Topics {
    fn subscribe(&self, topic: &str) -> watch::Receiver<u64> {
        let mut topics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(topic) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(0);
        topics.insert(topic.to_owned(), sender);
        receiver
    }

    fn announce(&self, topic: &str) {
        let topics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(topic) {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

/// One snapshot for the whole query, and a connection that survives a query that panics.
fn snapshot<T, E>(connection: &mut Connection, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E>
where
    E: From<StoreError>,
{
    let tx = connection.transaction().map_err(StoreError::from)?;
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| query(&tx)))
        .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
}

fn prepare(connection: &Connection, schema: &[&str]) -> Result<(), rusqlite::Error> {
    tune(connection)?;
    schema.iter().try_for_each(|script| connection.execute_batch(script))
}

fn tune(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;")
}
