//! Sidecars: kept under their name for a document that is yet to come, and applied to the one that is there.

use platform::{InboxError, Stored};

use super::{Import, ImportError};
use crate::description::{Description, SIDECAR_LIMIT};
use crate::document::{Document, State};
use crate::events::DescriptionDetected;
use crate::storage::{Newest, Sidecar};

impl Import {
    pub(super) async fn describe(&self, detected: DescriptionDetected) -> Result<(), ImportError> {
        let received = match self.inbox.receive(&detected.object, SIDECAR_LIMIT).await {
            Ok(received) => received,
            // The newer sidecar has its own event.
            Err(InboxError::Replaced) => return Ok(()),
            Err(error) => return Err(ImportError::Inbox(error)),
        };
        let description = Description::from_json(&received.bytes).map_err(ImportError::Sidecar)?;
        self.keep_sidecar(&detected, description.clone()).await?;
        self.apply(&detected, description).await
    }

    async fn keep_sidecar(&self, detected: &DescriptionDetected, description: Description) -> Result<(), ImportError> {
        let key = Sidecar::key_of(&detected.name);
        let stored = self.table.find::<Sidecar>(&key).await.map_err(ImportError::Table)?;
        let version = match stored {
            Some(Stored { value, .. }) if value.description == description => return Ok(()),
            Some(Stored { version, .. }) => version,
            None => 0,
        };
        let sidecar = Sidecar {
            name: detected.name.clone(),
            description,
        };
        let transaction = self
            .table
            .transaction()
            .update(&sidecar, version)
            .map_err(ImportError::Table)?;
        transaction.commit().await.map_err(ImportError::Table)
    }

    async fn apply(&self, detected: &DescriptionDetected, description: Description) -> Result<(), ImportError> {
        let newest = self
            .table
            .find::<Newest>(&Newest::key_of(&detected.name))
            .await
            .map_err(ImportError::Table)?;
        let Some(newest) = newest else {
            return Ok(());
        };
        let key = Document::key_of(&detected.name.tenant, newest.value.document_id);
        let Stored {
            value: document,
            version,
        } = self.table.load::<Document>(key).await.map_err(ImportError::Table)?;
        // Not imported yet: importing will find the sidecar.
        if document.state == State::Detected
            || document.description == description.clone().or(document.description.clone())
        {
            return Ok(());
        }
        let document = document.describe(description).map_err(ImportError::TooLate)?;
        let transaction = self
            .table
            .transaction()
            .update(&document, version)
            .map_err(ImportError::Table)?;
        transaction.commit().await.map_err(ImportError::Table)
    }
}
