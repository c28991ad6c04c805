//! import: a detected object becomes a document in the vault, or goes into quarantine with a reason.

mod describe;
mod inspect;

use bytes::Bytes;
use kernel::{Disposition, Envelope, Fault, PublicUrl, Sha256Digest, Traceparent};
use pdf::{Limits, SealFace};
use platform::{
    ConfigError, Environment, Function, Inbox, InboxError, Received, Step, Stored, Table, TableError, Vault, VaultError,
};
use serde::Deserialize;

use crate::description::{Description, Metadata};
use crate::document::{DescribeError, Document, File, State, TransitionError};
use crate::events::{self, DescriptionDetected, Detected, Imported, Quarantined};
use crate::messages;
use crate::registry::qr_text;
use crate::storage::{PDF, Stage, vault_key};
use inspect::{Inspected, Unusable};

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["VAULT_BUCKET", "PUBLIC_URL"])?;
    let step = Import {
        table: environment.table()?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        inbox: Inbox::connect(environment)?,
        limits: Limits::default(),
        public_url: vars.parse("PUBLIC_URL")?,
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
    public_url: PublicUrl,
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
    Table(#[from] TableError),
    /// The document is past the point of importing.
    #[error("the document is past the point of importing")]
    State(#[source] TransitionError),
    /// A sidecar cannot be used.
    #[error("the sidecar cannot be used")]
    Sidecar(#[source] crate::description::DescriptionError),
    /// The document was described too often.
    #[error("the document was described too often")]
    TooOften(#[source] DescribeError),
}

impl Fault for ImportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Inbox(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::State(_) => "import.wrong_state",
            Self::Sidecar(_) => "import.bad_sidecar",
            Self::TooOften(_) => "import.too_many_sidecars",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Inbox(error) => error.disposition(),
            Self::Vault(error) => error.disposition(),
            Self::Table(error) => error.disposition(),
            Self::State(_) | Self::Sidecar(_) | Self::TooOften(_) => Disposition::Reject,
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
        let stored = self.table.load::<Document>(key).await?;
        if stored.value.state != State::Detected {
            return Ok(());
        }
        let cause = detected.traceparent;
        let received = match self
            .inbox
            .receive(&stored.value.object, self.limits.max_bytes as u64)
            .await
        {
            Ok(received) => received,
            Err(error @ (InboxError::TooLarge { .. } | InboxError::Replaced)) => {
                return self.quarantine(cause, stored, error.code()).await;
            }
            Err(error @ (InboxError::Missing | InboxError::Unavailable(_))) => return Err(ImportError::Inbox(error)),
        };
        // The original is kept whatever comes of it.
        self.keep(&stored.value, Stage::Original, received.bytes.clone())
            .await?;
        let face = self.seal_face(&stored.value);
        match inspect::inspect(received.bytes.clone(), face, self.limits).await {
            Ok(inspected) => self.accept(cause, stored, received, inspected).await,
            Err(Unusable { code }) => self.quarantine(cause, stored, code).await,
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
        cause: Traceparent,
        Stored {
            value: document,
            version,
        }: Stored<Document>,
        received: Received,
        inspected: Inspected,
    ) -> Result<(), ImportError> {
        let Metadata {
            description: metadata,
            unreadable,
        } = Description::from_metadata(&received.metadata);
        // A permit without its last day would count as in force for ever.
        if unreadable.contains(&"valid-until") {
            let stored = Stored {
                value: document,
                version,
            };
            return self.quarantine(cause, stored, "import.bad_metadata").await;
        }
        if !unreadable.is_empty() {
            tracing::warn!(document.id = %document.id, fields = ?unreadable, "metadata that cannot be read is left out");
        }
        let sidecar = self.sidecar(&document.name, document.id).await?;
        let title = Description {
            subject: inspected.title,
            ..Description::default()
        };
        let description = sidecar.description().or(metadata).or(title);

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
        let imported = Imported {
            document_id: document.id,
            key: document.object.key.clone(),
            description: document.description.clone(),
            sha256,
            pages: inspected.pages,
        };
        let event = events::of(&document, &self.environment, cause, "document.imported", imported);
        let transaction = self.table.transaction().advance(version, &document, &event)?;
        // A sidecar that arrives at this moment makes the commit fail and be tried again with it.
        Ok(sidecar.join(transaction)?.commit().await?)
    }

    async fn quarantine(
        &self,
        cause: Traceparent,
        Stored {
            value: document,
            version,
        }: Stored<Document>,
        code: &'static str,
    ) -> Result<(), ImportError> {
        let document = document.quarantine(code).map_err(ImportError::State)?;
        tracing::warn!(document.id = %document.id, error.code = code, "quarantined");
        let quarantined = Quarantined {
            document_id: document.id,
            key: document.object.key.clone(),
            code: code.to_owned(),
            message: messages::quarantined(code).to_owned(),
        };
        let event = events::of(&document, &self.environment, cause, "document.quarantined", quarantined);
        Ok(self.table.commit(version, &document, &event).await?)
    }

    async fn keep(&self, document: &Document, stage: Stage, bytes: Bytes) -> Result<(), ImportError> {
        let key = vault_key(&document.name.tenant, document.id, stage);
        // What an earlier attempt kept is made of the same object in the same way.
        let put = self.vault.put_once(&key, PDF, bytes).await;
        put.map(drop).map_err(ImportError::Vault)
    }
}
