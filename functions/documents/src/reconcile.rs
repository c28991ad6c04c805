//! reconcile: notifications get lost, so inbox, vault and table are compared again and again.
//!
//! An upload that nobody was told of is detected now, as if its notification had come. A file of the vault without a
//! document, and a document without the files that it must have, are reported: a person decides.

mod files;
mod uploads;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use kernel::{Disposition, Fault, chain};
use platform::{
    ConfigError, Environment, Function, Inbox, InboxError, Key, Record, Table, TableError, Task, UploadMarker, Vault,
    VaultError, metric,
};
use serde::{Deserialize, Serialize};
use tracing::{error, info};

use crate::detect::Detect;

/// Pages of 1,000 uploads, and of 1,000 files, that one run looks through; the next run goes on from there.
const PAGES: usize = 20;
/// Megabytes of the table that one run looks through: it pays for each row.
const MEGABYTES: usize = 5;
/// How many uploads, or documents, are looked at together.
const TOGETHER: usize = 16;
/// After so many that could not be compared, something else is wrong than they: the next run goes on.
const FAILURES: u32 = 20;
/// When a run begins no more pages of uploads, of files, and of documents. It may run for 5 minutes.
const SHARES: [SignedDuration; 3] = [
    SignedDuration::from_secs(120),
    SignedDuration::from_secs(180),
    SignedDuration::from_secs(240),
];

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["INBOX_BUCKET", "VAULT_BUCKET"])?;
    let bucket = vars.text("INBOX_BUCKET")?;
    Ok(Function::scheduled(Reconcile {
        detect: Detect::new(environment, bucket.clone())?,
        table: environment.table()?,
        inbox: Inbox::connect(environment)?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        bucket,
        environment: environment.clone(),
    }))
}

struct Reconcile {
    detect: Detect,
    table: Table,
    inbox: Inbox,
    bucket: String,
    vault: Vault,
    environment: Environment,
}

/// Inbox, vault and table could not be compared.
#[derive(Debug, thiserror::Error)]
enum ReconcileError {
    #[error("the inbox could not be listed")]
    Inbox(#[source] InboxError),
    #[error("the vault could not be looked into")]
    Vault(#[source] VaultError),
    #[error("a row could not be read or written")]
    Table(#[from] TableError),
}

impl Fault for ReconcileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Inbox(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }
}

/// How far the last run came. After the last page of each it begins again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    inbox: Option<UploadMarker>,
    /// The last key of the vault that was looked at.
    vault: String,
    /// The last row of the table that was looked at.
    documents: Option<Key>,
}

impl Progress {
    fn key() -> Key {
        Key::state("system", "reconcile", "progress")
    }
}

impl Record for Progress {
    fn key(&self) -> Key {
        Self::key()
    }
}

/// What one run found.
#[derive(Debug, Default)]
struct Tally {
    /// Uploads of which nobody was told.
    found: u32,
    /// Files without a document, and files that a document must have and has not.
    strange: u32,
    /// Uploads and documents that could not be compared.
    failed: u32,
}

impl Tally {
    /// Notes one that could not be compared. The next pass comes back to it.
    fn fail(&mut self, error: &ReconcileError) {
        self.failed += 1;
        if self.failed <= FAILURES {
            error!(
                error.code = error.code(),
                error.chain = chain(error),
                "an upload or a document could not be compared"
            );
        }
    }
}

impl Task for Reconcile {
    const NAME: &'static str = "reconcile";
    type Error = ReconcileError;

    async fn run(&self) -> Result<(), ReconcileError> {
        let mut tally = Tally::default();
        let compared = self.compare(&mut tally).await;
        let Tally { found, strange, failed } = tally;
        info!(
            reconcile.found = found,
            reconcile.strange = strange,
            reconcile.failed = failed,
            "compared"
        );
        metric(Self::NAME, "LostUploads", f64::from(found));
        metric(Self::NAME, "StrangeFiles", f64::from(strange));
        metric(Self::NAME, "Uncompared", f64::from(failed));
        compared
    }
}

impl Reconcile {
    /// Looks through the next pages of each. How far it came is kept after each page: a run that fails or is ended has not
    /// worked for nothing.
    async fn compare(&self, tally: &mut Tally) -> Result<(), ReconcileError> {
        let begun = self.environment.now();
        let [uploads, files, documents] = SHARES.map(|share| begun + share);
        let stored = self.table.find::<Progress>(&Progress::key()).await?;
        let mut progress = stored.map(|stored| stored.value).unwrap_or_default();

        for _ in 0..PAGES {
            if self.ends(uploads, tally) {
                break;
            }
            let page = self.inbox.uploads(&self.bucket, progress.inbox.as_ref()).await;
            let page = page.map_err(ReconcileError::Inbox)?;
            self.look_at_uploads(page.uploads, tally).await;
            progress.inbox = page.next;
            self.save(&progress).await?;
            if progress.inbox.is_none() {
                break;
            }
        }
        for _ in 0..PAGES {
            if self.ends(files, tally) {
                break;
            }
            let keys = self.vault.keys_after(&progress.vault).await;
            let keys = keys.map_err(ReconcileError::Vault)?;
            self.look_at_files(&keys, tally).await;
            progress.vault = keys.last().cloned().unwrap_or_default();
            self.save(&progress).await?;
            if keys.is_empty() {
                break;
            }
        }
        for _ in 0..MEGABYTES {
            if self.ends(documents, tally) {
                break;
            }
            let page = self.table.states("document", progress.documents.as_ref()).await?;
            self.look_at_documents(page.rows, tally).await;
            progress.documents = page.next;
            self.save(&progress).await?;
            if progress.documents.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn ends(&self, at: Timestamp, tally: &Tally) -> bool {
        self.environment.now() > at || tally.failed >= FAILURES
    }

    async fn save(&self, progress: &Progress) -> Result<(), TableError> {
        self.table.transaction().overwrite(progress)?.commit().await
    }
}

/// Does all `work`, a few at a time; what came of it, in no order.
async fn together<F: Future>(work: impl Iterator<Item = F>) -> Vec<F::Output> {
    futures::stream::iter(work).buffer_unordered(TOGETHER).collect().await
}
