//! sign: an approved document gets the PAdES signature of the official who approved it.

use jiff::Timestamp;
use kernel::{Disposition, Envelope, Fault, Sha256Digest};
use pdf::{Coverage, Integrity, Limits, SignatureReport, SignatureRequest, VerifyError};
use platform::{
    Cause, ConfigError, Environment, Event, Function, Record, Step, Stored, Table, TableError, Vault, VaultError,
};

use crate::document::{Document, File, Signed, State, TransitionError};
use crate::events::{ApprovalChanged, SOURCE, SignedEvent};
use crate::heavy::heavy;
use crate::messages;
use crate::signer::{self, Officials, Signer, SignerError, WriteError};
use crate::storage::{NO_ROOTS, PDF, SIGNING_ROOM, Stage, vault_key};

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
    Table(#[source] TableError),
    /// The file could not be read or stored.
    #[error("the file could not be read or stored")]
    Vault(#[source] VaultError),
    /// The document may not be signed in its state.
    #[error("the document may not be signed now")]
    State(#[source] TransitionError),
    /// The approval does not say who approved.
    #[error("the approval does not say who approved")]
    NoDecider,
    /// Nobody can sign in the official's name.
    #[error("nobody can sign in the official's name")]
    Official(#[source] SignerError),
    /// The signature could not be written into the file.
    #[error("the signature could not be written into the file")]
    Write(#[source] WriteError),
    /// What was written does not verify.
    #[error("the file that was written cannot be verified")]
    Unverifiable(#[source] VerifyError),
    /// What was written does not verify.
    #[error("a signature in the file that was written is not intact")]
    NotIntact,
    /// The work was cut off.
    #[error("signing was cut off")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl Fault for SignStepError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::State(_) => "sign.wrong_state",
            Self::NoDecider => "sign.no_decider",
            Self::Official(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Unverifiable(error) => error.code(),
            Self::NotIntact => "sign.not_intact",
            Self::Interrupted(_) => "sign.interrupted",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Vault(error) => error.disposition(),
            Self::Official(error) => error.disposition(),
            Self::Write(error) => error.disposition(),
            Self::Unverifiable(error) => error.disposition(),
            Self::State(_) | Self::NoDecider | Self::NotIntact => Disposition::Reject,
            Self::Interrupted(_) => Disposition::Retry,
        }
    }
}

impl Step for Sign {
    const NAME: &'static str = "sign";
    type Message = Envelope<ApprovalChanged>;
    type Error = SignStepError;

    async fn handle(&self, approved: Self::Message) -> Result<(), SignStepError> {
        let key = Document::key_of(&approved.tenant, approved.data.document_id);
        let Stored {
            value: document,
            version,
        } = self.table.load::<Document>(key).await.map_err(SignStepError::Table)?;
        if matches!(document.state, State::Signed { .. } | State::Issued { .. }) {
            return Ok(());
        }
        let file = document.signable().map_err(SignStepError::State)?;
        let decider = approved.data.decided_by.ok_or(SignStepError::NoDecider)?;
        let official = self.officials.of(&decider.id).map_err(SignStepError::Official)?;
        let signed = self.sign(&document, file, official).await?;

        let document = document
            .approve()
            .and_then(|document| document.sign(signed.clone()))
            .map_err(SignStepError::State)?;
        let event = self.environment.envelope(
            &Cause::Event(approved.traceparent),
            SOURCE,
            Event {
                event_type: "document.signed",
                subject: document.id.to_string(),
                tenant: document.name.tenant.clone(),
                data: SignedEvent {
                    document_id: document.id,
                    sha256: signed.sha256,
                },
            },
        );
        let transaction = self
            .table
            .transaction()
            .update(&document, version)
            .map_err(SignStepError::Table)?;
        let transaction = transaction
            .event(&document.key(), version + 1, &event)
            .map_err(SignStepError::Table)?;
        transaction.commit().await.map_err(SignStepError::Table)
    }
}

impl Sign {
    /// Writes the signed file once. If an earlier attempt wrote it, that file counts.
    async fn sign(&self, document: &Document, file: File, official: &dyn Signer) -> Result<Signed, SignStepError> {
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
            reason: Some(messages::SIGNING_REASON.to_owned()),
            location: document.description.issuing_unit.clone(),
            signed_at: self.environment.now(),
        };
        let limits = self.limits;
        let signed = signer::write(official, base, move |file, chain| {
            pdf::prepare_signature(file, &request, chain, &limits)
        });
        let signed = signed.await.map_err(SignStepError::Write)?;
        let target = vault_key(tenant, document.id, Stage::Signed);
        let kept = self
            .vault
            .keep_first(&target, PDF, signed, limit)
            .await
            .map_err(SignStepError::Vault)?;
        let limits = self.limits;
        let (kept, at) = heavy(move || signed_at(&kept, &limits).map(|at| (kept, at)))
            .await
            .map_err(SignStepError::Interrupted)??;
        let leaf = official.chain();
        Ok(Signed {
            sha256: Sha256Digest::of(&kept),
            length: kept.len() as u64,
            signer: leaf.common_name().unwrap_or_default(),
            office: leaf.title(),
            at,
        })
    }
}

/// Verifies every signature of the file that was written, and returns the time of the official's, the last.
fn signed_at(file: &[u8], limits: &Limits) -> Result<Timestamp, SignStepError> {
    // Intact or not does not depend on whom we trust, nor on the time.
    let signatures =
        pdf::verify(file, &NO_ROOTS, Timestamp::UNIX_EPOCH, limits).map_err(SignStepError::Unverifiable)?;
    let broken = |report: &SignatureReport| matches!(report.integrity, Integrity::Broken { .. });
    let ours = signatures.iter().find(|report| report.coverage == Coverage::EntireFile);
    let ours = ours.filter(|report| report.integrity == Integrity::Intact && !signatures.iter().any(broken));
    ours.and_then(|report| report.claimed_at)
        .ok_or(SignStepError::NotIntact)
}
