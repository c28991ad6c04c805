//! reconcile: notifications get lost, so inbox and vault are compared with the table again and again.
//!
//! An upload that nobody was told of is detected now, as if its notification had come. A file of the vault without a
//! document, and a document without the file that it must have, are reported: a person decides.

use jiff::SignedDuration;
use kernel::{Disposition, DocumentId, Fault, TenantId};
use platform::{
    ConfigError, Created, Environment, Function, Inbox, InboxError, Key, Record, Table, TableError, Task, Upload,
    UploadMarker, Vault, VaultError, metric,
};
use serde::{Deserialize, Serialize};
use tracing::{error, info};

use crate::detect::{Detect, DetectError};
use crate::document::{Document, State};
use crate::inbox_name::{InboxName, Kind};
use crate::storage::{Newest, Sidecar, Sighting, Stage, vault_key};

/// Notifications that are younger than this may be on their way.
const GRACE: SignedDuration = SignedDuration::from_mins(10);
/// Pages of 1,000 that one run looks through; the next run goes on from there.
const PAGES: usize = 20;

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

/// Inbox and vault could not be compared with the table.
#[derive(Debug, thiserror::Error)]
enum ReconcileError {
    #[error("the inbox could not be listed")]
    Inbox(#[source] InboxError),
    #[error("the vault could not be listed")]
    Vault(#[source] VaultError),
    #[error("a row could not be read or written")]
    Table(#[from] TableError),
    #[error("an upload could not be taken in")]
    Detect(#[source] DetectError),
}

impl Fault for ReconcileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Inbox(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Detect(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Retry
    }
}

/// How far the last run came. After the last page it begins again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    inbox: Option<UploadMarker>,
    /// The last key of the vault that was looked at.
    vault: String,
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

impl Task for Reconcile {
    const NAME: &'static str = "reconcile";
    type Error = ReconcileError;

    async fn run(&self) -> Result<(), ReconcileError> {
        let stored = self.table.find::<Progress>(&Progress::key()).await?;
        let mut progress = stored.map(|stored| stored.value).unwrap_or_default();
        let mut found = 0;
        for _ in 0..PAGES {
            let page = self.inbox.uploads(&self.bucket, progress.inbox.as_ref()).await;
            let page = page.map_err(ReconcileError::Inbox)?;
            for upload in page.uploads {
                found += u32::from(self.catch_up(upload).await?);
            }
            progress.inbox = page.next;
            if progress.inbox.is_none() {
                break;
            }
        }
        let mut strange = 0;
        for _ in 0..PAGES {
            let keys = self.vault.keys_after(&progress.vault).await;
            let keys = keys.map_err(ReconcileError::Vault)?;
            for key in &keys {
                strange += u32::from(!self.belongs(key).await?);
            }
            progress.vault = keys.last().cloned().unwrap_or_default();
            if keys.is_empty() {
                break;
            }
        }
        self.table.transaction().overwrite(&progress)?.commit().await?;
        info!(reconcile.found = found, reconcile.strange = strange, "compared");
        metric(Self::NAME, "LostUploads", f64::from(found));
        metric(Self::NAME, "StrangeFiles", f64::from(strange));
        Ok(())
    }
}

impl Reconcile {
    /// Detects an upload unless it was seen before; whether it was not.
    async fn catch_up(&self, upload: Upload) -> Result<bool, ReconcileError> {
        if upload.at + GRACE > self.environment.now() {
            return Ok(false);
        }
        // What is not of the inbox's shape was refused when it was told of, or will be.
        let Ok(name) = InboxName::parse(&upload.object.key) else {
            return Ok(false);
        };
        if self.is_known(&name, &upload).await? {
            return Ok(false);
        }
        let created = Created {
            object: upload.object,
            sequencer: None,
        };
        match self.detect.catch_up(name, created, upload.is_latest).await {
            Ok(()) => Ok(true),
            // Its notification came just now.
            Err(DetectError::Table(TableError::AlreadyExists)) => Ok(false),
            Err(error) => Err(ReconcileError::Detect(error)),
        }
    }

    async fn is_known(&self, name: &InboxName, upload: &Upload) -> Result<bool, TableError> {
        let sighting = Sighting {
            tenant: name.tenant.clone(),
            object: upload.object.clone(),
            sequencer: None,
            document_id: None,
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        if self.table.find::<Sighting>(&sighting.key()).await?.is_some() {
            return Ok(true);
        }
        if upload.object.version_id.is_some() {
            return Ok(false);
        }
        // Where the store keeps no versions, a sighting also bears the notification's place in the order, which no listing
        // tells. What the name stands for now was made of one upload, though.
        match name.kind {
            Kind::Pdf => {
                let Some(newest) = self.table.find::<Newest>(&Newest::key_of(name)).await? else {
                    return Ok(false);
                };
                let key = Document::key_of(&name.tenant, newest.value.document_id);
                let document = self.table.find::<Document>(&key).await?;
                Ok(document.is_some_and(|stored| stored.value.object.etag == upload.object.etag))
            }
            Kind::Sidecar => Ok(self.table.find::<Sidecar>(&Sidecar::key_of(name)).await?.is_some()),
        }
    }

    /// Whether a file of the vault is one that its document must have. Reports it otherwise.
    async fn belongs(&self, file: &str) -> Result<bool, TableError> {
        let Some((tenant, id, stage)) = parts(file) else {
            error!(
                error.code = "reconcile.foreign_file",
                vault.key = file,
                "a file of the vault has no document's name"
            );
            return Ok(false);
        };
        let Some(stored) = self.table.find::<Document>(&Document::key_of(&tenant, id)).await? else {
            error!(
                error.code = "reconcile.orphan_file",
                vault.key = file,
                "a file of the vault has no document"
            );
            return Ok(false);
        };
        // Of each document, its last file answers for all: they are listed after each other.
        if stage == Stage::Original
            && matches!(stored.value.state, State::Issued { .. })
            && !self.has(&vault_key(&tenant, id, Stage::Final)).await
        {
            error!(error.code = "reconcile.file_missing", document.id = %id, "an issued document has no final file");
            return Ok(false);
        }
        Ok(true)
    }

    async fn has(&self, key: &str) -> bool {
        // Only that it is missing counts: whatever else fails here fails in the next run too, or passes.
        !matches!(self.vault.size(key).await, Err(VaultError::Missing(_)))
    }
}

/// Whose file it is and which: `<tenant>/documents/<id>/<stage>.pdf`.
fn parts(file: &str) -> Option<(TenantId, DocumentId, Stage)> {
    let mut parts = file.split('/');
    let (tenant, _documents, id) = (parts.next()?, parts.next()?, parts.next()?);
    let (tenant, id) = (tenant.parse().ok()?, id.parse().ok()?);
    let stage = Stage::ALL
        .into_iter()
        .find(|stage| vault_key(&tenant, id, *stage) == file)?;
    Some((tenant, id, stage))
}
