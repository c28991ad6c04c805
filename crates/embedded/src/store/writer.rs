//! The one thread that writes: takes what waits, commits it together, then answers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{StoreError, Topics};

/// Jobs in one transaction. More would let the first caller wait too long.
const BATCH: usize = 256;

/// The transaction that a write runs in. Reads and writes as a [`rusqlite::Transaction`] does.
pub struct Tx<'conn> {
    transaction: Transaction<'conn>,
    touched: RefCell<BTreeSet<String>>,
    afterwards: RefCell<Vec<Afterwards>>,
}

type Afterwards = Box<dyn FnOnce() + Send>;

impl Tx<'_> {
    /// Wakes the subscribers of `topic` once this transaction is committed.
    pub fn touch(&self, topic: &str) {
        self.touched.borrow_mut().insert(topic.to_owned());
    }

    /// Runs `effect` on the writer's thread once this transaction is committed, and never if the job fails.
    pub fn after_commit(&self, effect: impl FnOnce() + Send + 'static) {
        self.afterwards.borrow_mut().push(Box::new(effect));
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl<'conn> Deref for Tx<'conn> {
    type Target = Transaction<'conn>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

pub(super) type Job = Box<dyn Work>;

/// A write between its call and its answer.
pub(super) trait Work: Send {
    /// False when nobody waits for the answer any more.
    fn is_wanted(&self) -> bool;
    /// Runs the job; false when its changes must be undone.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Answers the caller, with the job's own result if `committed`.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct Pending<T, E, F> {
    job: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Pending<T, E, F> {
    pub(super) fn new(job: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            job: Some(job),
            outcome: None,
            reply,
        }
    }
}

impl<T, E, F> Work for Pending<T, E, F>
where
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let Some(job) = self.job.take() else { return false };
        let outcome = catch_unwind(AssertUnwindSafe(|| job(tx))).unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.outcome) {
            // The job's own refusal holds whether or not the others were committed.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(error), Some(Ok(_)) | None) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        // The caller may have gone; its write stands.
        drop(self.reply.send(result));
    }
}

/// Serves until every sender is gone.
pub(super) fn run(mut connection: Connection, mut waiting: mpsc::Receiver<Job>, topics: &Topics) {
    while let Some(first) = waiting.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < BATCH
            && let Ok(job) = waiting.try_recv()
        {
            jobs.push(job);
        }
        jobs.retain(|job| job.is_wanted());
        let committed = commit(&mut connection, &mut jobs, topics);
        let reason = match &committed {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(error = %error, "transaction failed");
                Some(Arc::<str>::from(error.to_string()))
            }
        };
        for job in jobs {
            job.answer(match &reason {
                None => Ok(()),
                Some(reason) => Err(StoreError::NotCommitted(Arc::clone(reason))),
            });
        }
    }
}

fn commit(connection: &mut Connection, jobs: &mut [Job], topics: &Topics) -> Result<(), rusqlite::Error> {
    let tx = Tx {
        transaction: connection.transaction_with_behavior(TransactionBehavior::Immediate)?,
        touched: RefCell::default(),
        afterwards: RefCell::default(),
    };
    for job in jobs {
        let before = tx.afterwards.borrow().len();
        tx.prepare_cached("SAVEPOINT job")?.execute([])?;
        if !job.run(&tx) {
            tx.prepare_cached("ROLLBACK TO job")?.execute([])?;
            tx.afterwards.borrow_mut().truncate(before);
        }
        tx.prepare_cached("RELEASE job")?.execute([])?;
    }
    let Tx {
        transaction,
        touched,
        afterwards,
    } = tx;
    transaction.commit()?;
    for effect in afterwards.into_inner() {
        if catch_unwind(AssertUnwindSafe(effect)).is_err() {
            tracing::error!("an effect after a commit panicked");
        }
    }
    for topic in touched.into_inner() {
        topics.announce(&topic);
    }
    Ok(())
}
