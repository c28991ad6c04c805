//! record-audit: each action becomes a row of its tenant's chain, once.

use std::collections::BTreeMap;

use kernel::{Disposition, Envelope, Fault, TenantId};
use platform::{AuditEntry, ConfigError, Environment, Function, Step, Stored, Table, TableError};
use tokio::sync::Mutex;

use crate::chain::{Head, Row, Seen};
use crate::entry::{EntryError, kept};

/// How often a row is tried anew that another process was ahead of. Of all that try at the same time one succeeds, so
/// this is also how many may.
const ATTEMPTS: usize = 16;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let step = RecordAudit {
        table: environment.table()?,
        heads: Mutex::default(),
    };
    Function::queue(environment, step)
}

struct RecordAudit {
    table: Table,
    /// The heads as this process left them. One row at a time: the next needs the digest of the one before it.
    heads: Mutex<BTreeMap<TenantId, Stored<Head>>>,
}

/// An action could not be recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// The entry cannot be kept.
    #[error("the entry cannot be kept")]
    Entry(#[from] EntryError),
    /// The chain could not be read or written.
    #[error("the chain could not be read or written")]
    Table(#[from] TableError),
}

impl Fault for RecordError {
    fn code(&self) -> &'static str {
        match self {
            Self::Entry(error) => error.code(),
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Entry(error) => error.disposition(),
            Self::Table(error) => error.disposition(),
        }
    }
}

impl Step for RecordAudit {
    const NAME: &'static str = "record-audit";
    type Message = Envelope<AuditEntry>;
    type Error = RecordError;

    async fn handle(&self, action: Envelope<AuditEntry>) -> Result<(), RecordError> {
        let Envelope {
            id, time, tenant, data, ..
        } = action;
        let entry = kept(data)?;
        let mut heads = self.heads.lock().await;
        for _ in 0..ATTEMPTS {
            // Taken out: what an attempt leaves behind that was interrupted is read anew.
            let stored = match heads.remove(&tenant) {
                Some(stored) => stored,
                None => self.head(&tenant).await?,
            };
            let (head, row) = stored.value.append(id, time, entry.clone());
            match self.append(stored.version, &head, &row).await {
                Ok(()) => {
                    let version = stored.version + 1;
                    heads.insert(tenant, Stored { value: head, version });
                    return Ok(());
                }
                // Recorded before: deliveries repeat.
                Err(TableError::AlreadyExists) => {
                    heads.insert(tenant, stored);
                    return Ok(());
                }
                Err(TableError::Conflict) => {}
                Err(error @ (TableError::NotFound(_) | TableError::Format(_) | TableError::Unavailable(_))) => {
                    return Err(error.into());
                }
            }
        }
        Err(RecordError::Table(TableError::Conflict))
    }
}

impl RecordAudit {
    async fn head(&self, tenant: &TenantId) -> Result<Stored<Head>, TableError> {
        let found = self.table.find(&Head::key_of(tenant)).await?;
        Ok(found.unwrap_or_else(|| Stored {
            value: Head::begin(tenant.clone()),
            version: 0,
        }))
    }

    /// [`TableError::AlreadyExists`] says that the event is in the chain. A row that stands where this one belongs is a
    /// conflict: no entry may be lost to it.
    async fn append(&self, version: u64, head: &Head, row: &Row) -> Result<(), TableError> {
        let seen = Seen {
            tenant: row.tenant.clone(),
            event_id: row.event_id,
            sequence: row.sequence,
        };
        let transaction = self.table.transaction().insert(&seen)?;
        transaction.update(row, 0)?.update(head, version)?.commit().await
    }
}
