//! Sidecars: kept under their name for a document that is yet to come, and applied to the one that is there.

use kernel::DocumentId;
use platform::{InboxError, Stored, TableError, Transaction, is_not_newer};

use super::{Import, ImportError};
use crate::description::{Description, SIDECAR_LIMIT};
use crate::document::{DescribeError, Document, State};
use crate::events::{self, Described, DescriptionDetected};
use crate::inbox_name::InboxName;
use crate::storage::{Newest, Sidecar};

/// The sidecar that stands under a document's name at the moment of importing.
pub(super) struct FoundSidecar {
    name: InboxName,
    /// For which document it was looked up.
    document_id: DocumentId,
    stored: Option<Stored<Sidecar>>,
    /// It described an earlier document of this name, which is signed by now: it says nothing of this one.
    served: bool,
}

impl FoundSidecar {
    /// What it says; nothing where there is none.
    pub(super) fn description(&self) -> Description {
        let usable = self.stored.as_ref().filter(|_| !self.served);
        usable
            .map(|stored| stored.value.description.clone())
            .unwrap_or_default()
    }

    /// Makes `transaction` fail if another sidecar came in the meantime, and notes which document this one describes.
    pub(super) fn join(self, transaction: Transaction<'_>) -> Result<Transaction<'_>, TableError> {
        match self.stored {
            Some(Stored { value, version }) if !self.served && value.describes != Some(self.document_id) => {
                let describing = Sidecar {
                    describes: Some(self.document_id),
                    ..value
                };
                transaction.update(&describing, version)
            }
            Some(Stored { version, .. }) => transaction.require(&Sidecar::key_of(&self.name), version),
            None => transaction.require(&Sidecar::key_of(&self.name), 0),
        }
    }
}

impl Import {
    /// The sidecar of `name`, for the document `document_id`.
    pub(super) async fn sidecar(&self, name: &InboxName, document_id: DocumentId) -> Result<FoundSidecar, ImportError> {
        let stored = self.table.find::<Sidecar>(&Sidecar::key_of(name)).await?;
        let described = stored.as_ref().and_then(|stored| stored.value.describes);
        let served = match described.filter(|described| *described != document_id) {
            Some(other) => {
                let other = self
                    .table
                    .find::<Document>(&Document::key_of(&name.tenant, other))
                    .await?;
                other.is_some_and(|other| is_signed(&other.value.state))
            }
            None => false,
        };
        Ok(FoundSidecar {
            name: name.clone(),
            document_id,
            stored,
            served,
        })
    }

    pub(super) async fn describe(&self, detected: DescriptionDetected) -> Result<(), ImportError> {
        let received = match self.inbox.receive(&detected.object, SIDECAR_LIMIT).await {
            Ok(received) => received,
            // The newer sidecar has its own event.
            Err(InboxError::Replaced) => return Ok(()),
            Err(error) => return Err(ImportError::Inbox(error)),
        };
        let description = Description::from_json(&received.bytes).map_err(ImportError::Sidecar)?;
        match self.keep_sidecar(detected, description).await? {
            Some(sidecar) => self.apply(sidecar).await,
            None => Ok(()),
        }
    }

    /// Keeps a sidecar under its name, and returns it as it is kept; none when a newer one is there.
    async fn keep_sidecar(
        &self,
        detected: DescriptionDetected,
        description: Description,
    ) -> Result<Option<Stored<Sidecar>>, ImportError> {
        let DescriptionDetected { name, sequencer, .. } = detected;
        let stored = self.table.find::<Sidecar>(&Sidecar::key_of(&name)).await?;
        let version = match stored {
            Some(stored) if stored.value.description == description && stored.value.sequencer == sequencer => {
                return Ok(Some(stored));
            }
            Some(Stored { value, .. }) if is_not_newer(sequencer.as_ref(), value.sequencer.as_ref()) => {
                return Ok(None);
            }
            Some(Stored { version, .. }) => version,
            None => 0,
        };
        let sidecar = Sidecar {
            name,
            description,
            sequencer,
            describes: None,
        };
        self.table.transaction().update(&sidecar, version)?.commit().await?;
        Ok(Some(Stored {
            value: sidecar,
            version: version + 1,
        }))
    }

    /// Describes the newest document of the sidecar's name, as long as it is not approved. After that, the sidecar
    /// waits for the next one.
    async fn apply(&self, sidecar: Stored<Sidecar>) -> Result<(), ImportError> {
        let name = &sidecar.value.name;
        let Some(newest) = self.table.find::<Newest>(&Newest::key_of(name)).await? else {
            return Ok(());
        };
        let key = Document::key_of(&name.tenant, newest.value.document_id);
        let Stored {
            value: document,
            version,
        } = self.table.load::<Document>(key).await?;
        let description = sidecar.value.description.clone();
        let says_so_already = document.description == description.clone().or(document.description.clone());
        let cause = document.traceparent;
        let document = match document.describe(description) {
            // Where it is only detected, importing will find the sidecar.
            Err(DescribeError::State(_)) => return Ok(()),
            Ok(_) if says_so_already => return Ok(()),
            Err(error @ DescribeError::TooOften) => return Err(ImportError::TooOften(error)),
            Ok(document) => document,
        };
        let described = Described::new(&document);
        let event = events::of(&document, &self.environment, cause, "document.described", described);
        let describing = Sidecar {
            describes: Some(document.id),
            ..sidecar.value
        };
        let transaction = self.table.transaction().advance(version, &document, &event)?;
        Ok(transaction.update(&describing, sidecar.version)?.commit().await?)
    }
}

fn is_signed(state: &State) -> bool {
    match state {
        State::Signed { .. } | State::Issued { .. } => true,
        State::Detected
        | State::Quarantined { .. }
        | State::Imported { .. }
        | State::AwaitingApproval { .. }
        | State::Returned { .. }
        | State::Rejected { .. }
        | State::Approved { .. } => false,
    }
}
