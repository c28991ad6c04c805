//! import: a detected object becomes a document in the vault, or goes into quarantine with a reason.

mod describe;
mod inspect;

use bytes::Bytes;
use kernel::{Disposition, Envelope, Fault, Sha256Digest};
use pdf::{Limits, SealFace};
use platform::{
    Cause, ConfigError, Environment, Event, Function, Inbox, InboxError, Received, Record, Step, Stored, Table,
    TableError, Vault, VaultError,
};
use serde::Deserialize;

use crate::description::Description;
use crate::document::{Document, File, State, TransitionError};
use crate::events::{DescriptionDetected, Detected, Imported, Quarantined, SOURCE};
use crate::messages;
use crate::registry::qr_text;
use crate::storage::{PDF, SIGNING_ROOM, Sidecar, Stage, vault_key};
use inspect::{Inspected, Unusable};

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["VAULT_BUCKET", "PUBLIC_URL"])?;
    let step = Import {
        table: environment.table()?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        inbox: Inbox::new(&environment.aws),
        limits: Limits::default(),
        public_url: vars.text("PUBLIC_URL")?,
        environment: environment.clone(),
    };
    Function::queue(environment, step)
}

/// The step's context.
pub(crate) struct Import {
    table: Table,
    vault: Vault,
    inbox: Inbox,
    limits: Limits,
    public_url: String,
    environment: Environment,
}

/// What the step is triggered by.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// `document.detected`.
    Document(Envelope<Detected>),
    /// `description.detected`.
    Description(Envelope<DescriptionDetected>),
}

/// A document could not be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The object could not be read.
    #[error("the object could not be read")]
    Inbox(#[source] InboxError),
    /// The file could not be stored.
    #[error("the file could not be stored")]
    Vault(#[source] VaultError),
    /// The document could not be loaded or stored.
    #[error("the document could not be loaded or stored")]
    Table(#[source] TableError),
    /// The document is past the point of importing.
    #[error("the document is past the point of importing")]
    State(#[source] TransitionError),
    /// A sidecar cannot be used.
    #[error("the sidecar cannot be used")]
    Sidecar(#[source] crate::description::DescriptionError),
    /// A sidecar came after the signature.
    #[error("the sidecar came too late")]
    TooLate(#[source] TransitionError),
}

impl Fault for ImportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Inbox(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::State(_) => "import.wrong_state",
            Self::Sidecar(_) => "import.bad_sidecar",
            Self::TooLate(_) => "import.sidecar_too_late",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Inbox(error) => error.disposition(),
            Self::Vault(error) => error.disposition(),
            Self::Table(error) => error.disposition(),
            Self::State(_) | Self::Sidecar(_) | Self::TooLate(_) => Disposition::Reject,
        }
    }
}

impl Step for Import {
    const NAME: &'static str = "import";
    type Message = Message;
    type Error = ImportError;

    async fn handle(&self, message: Message) -> Result<(), ImportError> {
        match message {
            Message::Document(detected) => self.import(detected).await,
            Message::Description(detected) => self.describe(detected.data).await,
        }
    }
}

impl Import {
    async fn import(&self, detected: Envelope<Detected>) -> Result<(), ImportError> {
        let key = Document::key_of(&detected.tenant, detected.data.document_id);
        let stored = self.table.load::<Document>(key).await.map_err(ImportError::Table)?;
        if stored.value.state != State::Detected {
            return Ok(());
        }
        let cause = Cause::Event(detected.traceparent);
        let received = match self
            .inbox
            .receive(&stored.value.object, self.limits.max_bytes as u64)
            .await
        {
            Ok(received) => received,
            Err(error @ (InboxError::TooLarge { .. } | InboxError::Replaced)) => {
                return self.quarantine(&cause, stored, error.code()).await;
            }
            Err(error @ (InboxError::Missing | InboxError::Unavailable(_))) => return Err(ImportError::Inbox(error)),
        };
        // The original is kept whatever comes of it.
        self.keep(&stored.value, Stage::Original, received.bytes.clone())
            .await?;
        let face = self.seal_face(&stored.value);
        match inspect::inspect(received.bytes.clone(), face, self.limits).await {
            Ok(inspected) => self.accept(&cause, stored, received, inspected).await,
            Err(Unusable { code }) => self.quarantine(&cause, stored, code).await,
        }
    }

    /// What the seal will look like; of the digest that is not known yet only the length counts.
    fn seal_face(&self, document: &Document) -> SealFace {
        SealFace {
            qr_text: qr_text(&self.public_url, document.id, Sha256Digest::of(&[])),
            caption: messages::seal_caption(&self.public_url),
        }
    }

    async fn accept(
        &self,
        cause: &Cause,
        Stored {
            value: document,
            version,
        }: Stored<Document>,
        received: Received,
        inspected: Inspected,
    ) -> Result<(), ImportError> {
        let sidecar_key = Sidecar::key_of(&document.name);
        let sidecar = self
            .table
            .find::<Sidecar>(&sidecar_key)
            .await
            .map_err(ImportError::Table)?;
        let sidecar_version = sidecar.as_ref().map_or(0, |stored| stored.version);
        // Unreadable metadata is no reason to refuse a permit: the rest still describes it.
        let metadata = Description::from_metadata(&received.metadata).unwrap_or_default();
        let title = Description {
            subject: inspected.title,
            ..Description::default()
        };
        let description = sidecar
            .map(|stored| stored.value.description)
            .unwrap_or_default()
            .or(metadata)
            .or(title);

        let prepared = inspected.prepared.is_some();
        if let Some(bytes) = inspected.prepared {
            self.keep(&document, Stage::Prepared, bytes).await?;
        }
        let sha256 = Sha256Digest::of(&received.bytes);
        let file = File {
            original_sha256: sha256,
            prepared,
            pages: inspected.pages,
        };
        let document = document.import(file, description).map_err(ImportError::State)?;
        let event = self.event(cause, &document, "document.imported", |document| Imported {
            document_id: document.id,
            key: document.object.key.clone(),
            description: document.description.clone(),
            sha256,
            pages: inspected.pages,
        });
        let transaction = self
            .table
            .transaction()
            .update(&document, version)
            .map_err(ImportError::Table)?;
        // A sidecar that arrives at this moment makes the commit fail and be tried again with it.
        let transaction = transaction
            .require(&sidecar_key, sidecar_version)
            .map_err(ImportError::Table)?;
        let transaction = transaction
            .event(&document.key(), version + 1, &event)
            .map_err(ImportError::Table)?;
        transaction.commit().await.map_err(ImportError::Table)
    }

    async fn quarantine(
        &self,
        cause: &Cause,
        Stored {
            value: document,
            version,
        }: Stored<Document>,
        code: &'static str,
    ) -> Result<(), ImportError> {
        let document = document.quarantine(code).map_err(ImportError::State)?;
        tracing::warn!(document.id = %document.id, error.code = code, "quarantined");
        let event = self.event(cause, &document, "document.quarantined", |document| Quarantined {
            document_id: document.id,
            key: document.object.key.clone(),
            code: code.to_owned(),
            message: messages::quarantined(code).to_owned(),
        });
        let transaction = self
            .table
            .transaction()
            .update(&document, version)
            .map_err(ImportError::Table)?;
        let transaction = transaction
            .event(&document.key(), version + 1, &event)
            .map_err(ImportError::Table)?;
        transaction.commit().await.map_err(ImportError::Table)
    }

    fn event<D: serde::Serialize>(
        &self,
        cause: &Cause,
        document: &Document,
        event_type: &'static str,
        data: impl FnOnce(&Document) -> D,
    ) -> Envelope<D> {
        let event = Event {
            event_type,
            subject: document.id.to_string(),
            tenant: document.name.tenant.clone(),
            data: data(document),
        };
        self.environment.envelope(cause, SOURCE, event)
    }

    async fn keep(&self, document: &Document, stage: Stage, bytes: Bytes) -> Result<(), ImportError> {
        let key = vault_key(&document.name.tenant, document.id, stage);
        let limit = self.limits.max_bytes as u64 + SIGNING_ROOM;
        self.vault
            .keep_first(&key, PDF, bytes, limit)
            .await
            .map(drop)
            .map_err(ImportError::Vault)
    }
}
