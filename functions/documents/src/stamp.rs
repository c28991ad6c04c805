//! stamp: a signed document gets the organisation's seal with its QR, and becomes public.

use std::sync::Arc;

use kernel::{Disposition, Envelope, Fault, PublicUrl, Sha256Digest};
use pdf::{Limits, SealFace, SealRequest};
use platform::{ConfigError, Environment, Function, Put, Step, Stored, Table, TableError, Vault, VaultError};

use crate::document::{Document, Sealed, Signed, State, TransitionError};
use crate::events::{self, Issued, SignedEvent};
use crate::messages;
use crate::registry::{DigestEntry, Entry, FileRole, qr_text};
use crate::signer::{self, Signer, WriteError, read_key};
use crate::storage::{PDF, SIGNING_ROOM, Stage, vault_key};

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment
        .settings
        .require(&["VAULT_BUCKET", "SEAL_KEY_FILE", "PUBLIC_URL"])?;
    let seal =
        read_key(vars.text("SEAL_KEY_FILE")?.as_ref()).map_err(|error| ConfigError::invalid("SEAL_KEY_FILE", error))?;
    let step = Stamp {
        table: environment.table()?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        seal,
        public_url: vars.parse("PUBLIC_URL")?,
        limits: Limits::default(),
        environment: environment.clone(),
    };
    Function::queue(environment, step)
}

/// The step's context.
pub(crate) struct Stamp {
    table: Table,
    vault: Vault,
    seal: Arc<dyn Signer>,
    public_url: PublicUrl,
    limits: Limits,
    environment: Environment,
}

/// A document could not be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StampError {
    /// The document could not be loaded or stored.
    #[error("the document could not be loaded or stored")]
    Table(#[from] TableError),
    /// The file could not be read or stored.
    #[error("the file could not be read or stored")]
    Vault(#[source] VaultError),
    /// The document may not be sealed in its state.
    #[error("the document may not be sealed now")]
    State(#[source] TransitionError),
    /// The signed file in the vault is not the one that was recorded.
    #[error("the signed file is not the one that was recorded")]
    WrongBase,
    /// The seal could not be written into the file.
    #[error("the seal could not be written into the file")]
    Write(#[source] WriteError),
}

impl Fault for StampError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::State(_) => "stamp.wrong_state",
            Self::WrongBase => "stamp.wrong_base",
            Self::Write(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Vault(error) => error.disposition(),
            Self::Write(error) => error.disposition(),
            Self::State(_) | Self::WrongBase => Disposition::Reject,
        }
    }
}

impl Step for Stamp {
    const NAME: &'static str = "stamp";
    type Message = Envelope<SignedEvent>;
    type Error = StampError;

    async fn handle(&self, event: Self::Message) -> Result<(), StampError> {
        let key = Document::key_of(&event.tenant, event.data.document_id);
        let Stored {
            value: document,
            version,
        } = self.table.load::<Document>(key).await?;
        if matches!(document.state, State::Issued { .. }) {
            return Ok(());
        }
        let signed = document.sealable().map_err(StampError::State)?.clone();
        let link = qr_text(&self.public_url, document.id, signed.sha256);
        let sealed = self.seal(&document, &signed, &link).await?;

        let entry = Entry::of(&document, &signed, &sealed);
        let digests =
            [(signed.sha256, FileRole::Signed), (sealed.sha256, FileRole::Final)].map(|(sha256, role)| DigestEntry {
                sha256,
                role,
                document_id: document.id,
            });
        let issued = Issued {
            document_id: document.id,
            key: document.object.key.clone(),
            sha256: sealed.sha256,
            verify_url: link,
        };
        let document = document.issue(sealed).map_err(StampError::State)?;
        let event = events::of(
            &document,
            &self.environment,
            event.traceparent,
            "document.issued",
            issued,
        );
        let mut transaction = self.table.transaction().advance(version, &document, &event)?;
        transaction = transaction.overwrite(&entry)?;
        for digest in &digests {
            transaction = transaction.overwrite(digest)?;
        }
        Ok(transaction.commit().await?)
    }
}

impl Stamp {
    /// Writes the sealed file once, after it was verified. If an earlier attempt wrote it, that file counts.
    async fn seal(&self, document: &Document, signed: &Signed, link: &str) -> Result<Sealed, StampError> {
        let tenant = &document.name.tenant;
        let limit = self.limits.max_bytes as u64 + SIGNING_ROOM;
        let source = vault_key(tenant, document.id, Stage::Signed);
        let base = self.vault.get(&source, limit).await.map_err(StampError::Vault)?;
        if Sha256Digest::of(&base) != signed.sha256 {
            return Err(StampError::WrongBase);
        }
        let request = SealRequest {
            field_prefix: messages::SEAL_FIELD.to_owned(),
            face: SealFace {
                qr_text: link.to_owned(),
                caption: messages::seal_caption(&self.public_url),
            },
            reason: Some(messages::SEALING_REASON.to_owned()),
            location: None,
            signed_at: self.environment.now(),
        };
        let limits = self.limits;
        let written = signer::write(&*self.seal, base, &limits, move |file, chain| {
            pdf::prepare_seal(file, &request, chain, &limits)
        });
        let written = written.await.map_err(StampError::Write)?;
        let target = vault_key(tenant, document.id, Stage::Final);
        let put = self.vault.put_once(&target, PDF, written.bytes.clone()).await;
        let kept = match put.map_err(StampError::Vault)? {
            Put::Stored => written,
            Put::AlreadyThere => {
                let bytes = self.vault.get(&target, limit).await.map_err(StampError::Vault)?;
                signer::check(bytes, &limits).await.map_err(StampError::Write)?
            }
        };
        Ok(Sealed {
            sha256: kept.sha256,
            length: kept.bytes.len() as u64,
            at: kept.signed_at,
        })
    }
}
