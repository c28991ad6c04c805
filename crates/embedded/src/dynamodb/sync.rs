//! One `fsync` for all operations that finished since the last.
//!
//! `SQLite` in `synchronous = FULL` syncs its log at every commit, one after another, while it holds the database. Here the
//! database runs in `synchronous = NORMAL` (the log is synced before each checkpoint, and never less than that) and each
//! operation syncs the log before it is answered. While one `fsync` runs, others commit; the next `fsync` covers them all.
//! What a client has seen survives a power loss, as in `FULL`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use kernel::{Disposition, Fault};

/// How operations become durable.
pub(super) struct Durability(Option<Log>);

/// Whether an operation may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The log could not be opened or synced.
#[derive(Debug, Clone, thiserror::Error)]
#[error("write-ahead log {0} cannot be synced")]
pub struct SyncError(PathBuf, #[source] Arc<std::io::Error>);

impl Fault for SyncError {
    fn code(&self) -> &'static str {
        "dynamodb.sync"
    }

    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }
}

struct Log {
    path: PathBuf,
    file: File,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Writes that have begun and are not yet known to be on disk. While there is one, a read may have seen it.
    open_writes: u64,
    /// Operations that ended and wait for a sync, or have had theirs.
    ended: u64,
    /// Operations that ended before the last complete sync began.
    settled: u64,
    syncing: bool,
    /// After a failed sync nothing that the log holds can be trusted to be on disk, now or later.
    failed: Option<SyncError>,
}

impl Durability {
    /// For a database in memory.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// For the database `file`, open and in WAL mode: the log stays the same file until the database is closed.
    pub(super) fn of_log(file: &Path) -> Result<Self, SyncError> {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        let path = PathBuf::from(path);
        // SQLite's locks are on other files; closing this one takes none away.
        let file = File::open(&path).map_err(|error| SyncError(path.clone(), Arc::new(error)))?;
        Ok(Self(Some(Log {
            path,
            file,
            state: Mutex::default(),
            changed: Condvar::new(),
        })))
    }

    /// Runs `operation` and returns its result once everything that it has seen or written is on disk. Blocks.
    pub(super) fn run<T>(&self, access: Access, operation: impl FnOnce() -> T) -> Result<T, SyncError> {
        let Some(log) = &self.0 else { return Ok(operation()) };
        let _open = OpenWrite::of(log, access);
        let result = operation();
        log.settle(access)?;
        Ok(result)
    }
}

/// Counts a write until it is settled or has panicked.
struct OpenWrite<'a>(Option<&'a Log>);

impl<'a> OpenWrite<'a> {
    fn of(log: &'a Log, access: Access) -> Self {
        match access {
            Access::Read => Self(None),
            Access::Write => {
                log.lock().open_writes += 1;
                Self(Some(log))
            }
        }
    }
}

impl Drop for OpenWrite<'_> {
    fn drop(&mut self) {
        if let Some(log) = self.0 {
            log.lock().open_writes -= 1;
        }
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, access: Access) -> Result<(), SyncError> {
        let mut state = self.lock();
        if access == Access::Read && state.open_writes == 0 && state.failed.is_none() {
            return Ok(());
        }
        state.ended += 1;
        let mine = state.ended;
        loop {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if state.settled >= mine {
                return Ok(());
            }
            if state.syncing {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.syncing = true;
            let covered = state.ended;
            drop(state);
            let result = self.file.sync_data();
            state = self.lock();
            state.syncing = false;
            match result {
                Ok(()) => state.settled = covered,
                Err(error) => state.failed = Some(SyncError(self.path.clone(), Arc::new(error))),
            }
            self.changed.notify_all();
        }
    }
}
