//! sign: an approved document gets the PAdES signature of the official who approved it.

use kernel::{Disposition, Envelope, Fault, Traceparent};
use pdf::{Limits, SignatureRequest};
use platform::{ConfigError, Environment, Function, Put, Step, Stored, Table, TableError, Vault, VaultError};

use crate::document::{Document, File, Signed, State, TransitionError};
use crate::events::{self, Approved, DecidedBy, ItemError, Moved, SignedEvent};
use crate::messages;
use crate::signer::{self, Officials, Signer, SignerError, WriteError};
use crate::storage::{PDF, SIGNING_ROOM, Stage, vault_key};

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment
        .settings
        .require(&["VAULT_BUCKET", "OFFICIAL_KEYS_FOLDER"])?;
    let folder = vars.text("OFFICIAL_KEYS_FOLDER")?;
    let officials =
        Officials::read(folder.as_ref()).map_err(|error| ConfigError::invalid("OFFICIAL_KEYS_FOLDER", error))?;
    let step = Sign {
        table: environment.table()?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        officials,
        limits: Limits::default(),
        environment: environment.clone(),
    };
    Function::queue(environment, step)
}

/// The step's context.
pub(crate) struct Sign {
    table: Table,
    vault: Vault,
    officials: Officials,
    limits: Limits,
    environment: Environment,
}

/// A document could not be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignStepError {
    /// The document could not be loaded or stored.
    #[error("the document could not be loaded or stored")]
    Table(#[from] TableError),
    /// The file could not be read or stored.
    #[error("the file could not be read or stored")]
    Vault(#[source] VaultError),
    /// The document may not be signed in its state.
    #[error("the document may not be signed now")]
    State(#[source] TransitionError),
    /// The approval's item is no document that could be.
    #[error("the approval's item cannot be read")]
    Item(#[from] ItemError),
    /// Nobody can sign in the official's name.
    #[error("nobody can sign in the official's name")]
    Official(#[source] SignerError),
    /// The signature could not be written into the file.
    #[error("the signature could not be written into the file")]
    Write(#[source] WriteError),
}

impl Fault for SignStepError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::State(_) => "sign.wrong_state",
            Self::Item(_) => "sign.bad_item",
            Self::Official(error) => error.code(),
            Self::Write(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Vault(error) => error.disposition(),
            Self::Official(error) => error.disposition(),
            Self::Write(error) => error.disposition(),
            Self::State(_) | Self::Item(_) => Disposition::Reject,
        }
    }
}

impl Step for Sign {
    const NAME: &'static str = "sign";
    type Message = Envelope<Approved>;
    type Error = SignStepError;

    async fn handle(&self, approved: Self::Message) -> Result<(), SignStepError> {
        let Some(document_id) = approved.data.item.document()? else {
            // Letters and others become documents of their own.
            return Ok(());
        };
        let key = Document::key_of(&approved.tenant, document_id);
        let mut stored = self.table.load::<Document>(key).await?;
        if matches!(stored.value.state, State::Signed { .. } | State::Issued { .. }) {
            return Ok(());
        }
        let (decider, revision) = (approved.data.decided_by, approved.data.item.revision);
        if !matches!(stored.value.state, State::Approved { .. }) {
            stored = self.approve(stored, revision, approved.traceparent).await?;
        }
        let Stored {
            value: document,
            version,
        } = stored;
        let file = document.signable().map_err(SignStepError::State)?;
        let official = self.officials.of(&document.name.tenant, &decider.id);
        let official = official.map_err(SignStepError::Official)?;
        let signed = self.sign(&document, file, official, &decider).await?;

        let data = SignedEvent {
            document_id: document.id,
            sha256: signed.sha256,
        };
        let document = document.sign(signed).map_err(SignStepError::State)?;
        let event = events::of(
            &document,
            &self.environment,
            approved.traceparent,
            "document.signed",
            data,
        );
        Ok(self.table.commit(version, &document, &event).await?)
    }
}

impl Sign {
    /// From here on the document says what its approval was about, and nothing else.
    async fn approve(
        &self,
        stored: Stored<Document>,
        revision: usize,
        cause: Traceparent,
    ) -> Result<Stored<Document>, SignStepError> {
        let document = stored.value.approve(revision).map_err(SignStepError::State)?;
        let moved = Moved::new(&document);
        let event = events::of(&document, &self.environment, cause, "document.approved", moved);
        self.table.commit(stored.version, &document, &event).await?;
        Ok(Stored {
            value: document,
            version: stored.version + 1,
        })
    }

    /// Writes the signed file once, after it was verified. If an earlier attempt wrote it, that file counts.
    async fn sign(
        &self,
        document: &Document,
        file: File,
        official: &dyn Signer,
        decider: &DecidedBy,
    ) -> Result<Signed, SignStepError> {
        let tenant = &document.name.tenant;
        let stage = if file.prepared {
            Stage::Prepared
        } else {
            Stage::Original
        };
        let limit = self.limits.max_bytes as u64 + SIGNING_ROOM;
        let base = self
            .vault
            .get(&vault_key(tenant, document.id, stage), limit)
            .await
            .map_err(SignStepError::Vault)?;
        let request = SignatureRequest {
            field_prefix: messages::SIGNATURE_FIELD.to_owned(),
            reason: Some(messages::signing_reason(document.id, decider.capacity.as_deref())),
            location: document.description.issuing_unit.clone(),
            signed_at: self.environment.now(),
        };
        let limits = self.limits;
        let target = vault_key(tenant, document.id, Stage::Signed);
        let signed = signer::write(official, base, &limits, move |file, chain| {
            pdf::prepare_signature(file, &request, chain, &limits)
        });
        let signed = signed.await.map_err(SignStepError::Write)?;
        let put = self.vault.put_once(&target, PDF, signed.bytes.clone()).await;
        let kept = match put.map_err(SignStepError::Vault)? {
            Put::Stored => signed,
            Put::AlreadyThere => {
                let bytes = self.vault.get(&target, limit).await.map_err(SignStepError::Vault)?;
                signer::check(bytes, &limits).await.map_err(SignStepError::Write)?
            }
        };
        let leaf = official.chain();
        Ok(Signed {
            sha256: kept.sha256,
            length: kept.bytes.len() as u64,
            signer: leaf.common_name().unwrap_or_default(),
            office: decider.capacity.clone().or_else(|| leaf.title()),
            at: kept.signed_at,
        })
    }
}
