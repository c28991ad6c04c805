//! Who can sign: keys in the names of officials, and the organisation's seal; and how a signature gets into a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use kernel::{Disposition, Fault, Sha256Digest, TenantId};
use pdf::{
    CertificateChain, Coverage, EmbedError, Hashed, Integrity, KeyError, Limits, LocalKey, Pending, SealError,
    SignError, SignatureReport, VerifyError,
};

use crate::heavy::heavy;
use crate::storage::NO_ROOTS;

/// A key that signs in somebody's name.
#[async_trait]
pub(crate) trait Signer: Send + Sync {
    /// The certificate chain, leaf first.
    fn chain(&self) -> &CertificateChain;

    /// Signs `message` (the DER of the signed attributes) with the leaf's key and SHA-256.
    async fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, SignerError>;
}

/// A signature could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignerError {
    /// No key is held for this official.
    #[error("no key is held for the official who decided")]
    NoKey,
    /// The key did not sign.
    #[error("the key did not sign")]
    Key(#[source] KeyError),
    /// The work was cut off.
    #[error("signing was cut off")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl Fault for SignerError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoKey => "sign.no_key",
            Self::Key(_) => "sign.key_failed",
            Self::Interrupted(_) => "sign.interrupted",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NoKey => Disposition::Reject,
            Self::Key(error) => error.disposition(),
            Self::Interrupted(_) => Disposition::Retry,
        }
    }
}

#[async_trait]
impl Signer for Arc<LocalKey> {
    fn chain(&self) -> &CertificateChain {
        LocalKey::chain(self)
    }

    async fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, SignerError> {
        let key = Self::clone(self);
        let signed = tokio::task::spawn_blocking(move || LocalKey::sign(&key, &message)).await;
        signed.map_err(SignerError::Interrupted)?.map_err(SignerError::Key)
    }
}

/// A signature could not be written into a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The file cannot take a signature.
    #[error("the file cannot take the signature")]
    Sign(#[from] SignError),
    /// The file cannot take a seal.
    #[error("the file cannot take the seal")]
    Seal(#[from] SealError),
    /// The key did not sign.
    #[error("the signature could not be had")]
    Signer(#[source] SignerError),
    /// The signature does not fit, or the result is not as it should be.
    #[error("the signature could not be embedded")]
    Embed(#[source] EmbedError),
    /// The file that was signed is not a prefix of what was written.
    #[error("the file that was signed was changed by writing the signature")]
    BaseChanged,
    /// What was written cannot be verified.
    #[error("the file that was written cannot be verified")]
    Unverifiable(#[source] VerifyError),
    /// A signature in what was written is not intact.
    #[error("a signature in the file that was written is not intact")]
    NotIntact,
    /// The work was cut off.
    #[error("signing was cut off")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl Fault for WriteError {
    fn code(&self) -> &'static str {
        match self {
            Self::Sign(error) => error.code(),
            Self::Seal(error) => error.code(),
            Self::Signer(error) => error.code(),
            Self::Embed(error) => error.code(),
            Self::BaseChanged => "sign.base_changed",
            Self::Unverifiable(error) => error.code(),
            Self::NotIntact => "sign.not_intact",
            Self::Interrupted(_) => "sign.interrupted",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Sign(error) => error.disposition(),
            Self::Seal(error) => error.disposition(),
            Self::Signer(error) => error.disposition(),
            Self::Embed(error) => error.disposition(),
            Self::Unverifiable(error) => error.disposition(),
            Self::BaseChanged | Self::NotIntact => Disposition::Reject,
            Self::Interrupted(_) => Disposition::Retry,
        }
    }
}

/// A file whose signatures were all found intact, the last of them over all of it.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: Sha256Digest,
    /// The time that the last signature claims.
    pub(crate) signed_at: Timestamp,
}

/// Writes a signature into `file` and verifies the result: `prepare` and embedding run off the async threads, the key
/// signs in between.
pub(crate) async fn write<E, P>(
    signer: &dyn Signer,
    file: Bytes,
    limits: &Limits,
    prepare: P,
) -> Result<Written, WriteError>
where
    E: Into<WriteError> + Send + 'static,
    P: FnOnce(&Hashed<'_>, &CertificateChain) -> Result<Pending, E> + Send + 'static,
{
    let (chain, base) = (signer.chain().clone(), file.clone());
    let prepared = heavy(move || prepare(&Hashed::new(&*file), &chain)).await;
    let pending = prepared.map_err(WriteError::Interrupted)?.map_err(Into::into)?;
    let signature = signer
        .sign(pending.to_be_signed().to_vec())
        .await
        .map_err(WriteError::Signer)?;
    let embedded = heavy(move || pending.embed(&signature)).await;
    let written = embedded.map_err(WriteError::Interrupted)?.map_err(WriteError::Embed)?;
    if !written.bytes().starts_with(&base) {
        return Err(WriteError::BaseChanged);
    }
    check(Bytes::from(written.into_bytes()), limits).await
}

/// Verifies every signature of a file that was written.
pub(crate) async fn check(bytes: Bytes, limits: &Limits) -> Result<Written, WriteError> {
    let limits = *limits;
    let checked = heavy(move || last_signature(&bytes, &limits).map(|signed_at| (bytes, signed_at))).await;
    let (bytes, signed_at) = checked.map_err(WriteError::Interrupted)??;
    Ok(Written {
        sha256: Sha256Digest::of(&bytes),
        bytes,
        signed_at,
    })
}

/// The time of the last signature, if every one is intact. That does not depend on whom we trust, nor on the time.
fn last_signature(file: &[u8], limits: &Limits) -> Result<Timestamp, WriteError> {
    let signatures = pdf::verify(file, &NO_ROOTS, Timestamp::UNIX_EPOCH, limits).map_err(WriteError::Unverifiable)?;
    let broken = |report: &SignatureReport| matches!(report.integrity, Integrity::Broken { .. });
    if signatures.iter().any(broken) {
        return Err(WriteError::NotIntact);
    }
    let ours = signatures.iter().find(|report| report.coverage == Coverage::EntireFile);
    ours.filter(|report| report.integrity == Integrity::Intact)
        .and_then(|report| report.claimed_at)
        .ok_or(WriteError::NotIntact)
}

/// Key files could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The file or folder could not be read.
    #[error("{0} cannot be read")]
    Read(PathBuf, #[source] std::io::Error),
    /// The file holds no usable key and chain.
    #[error("{0} holds no usable key with its chain")]
    Key(PathBuf, #[source] KeyError),
}

/// Reads one key file: a PKCS#8 key and its certificate chain, leaf first, all PEM in one file.
pub(crate) fn read_key(path: &Path) -> Result<Arc<dyn Signer>, KeyFileError> {
    let pem = std::fs::read_to_string(path).map_err(|error| KeyFileError::Read(path.to_owned(), error))?;
    let key = LocalKey::from_pem(&pem, &pem).map_err(|error| KeyFileError::Key(path.to_owned(), error))?;
    Ok(Arc::new(Arc::new(key)))
}

/// The officials' keys, by tenant and the id under which they decide.
#[derive(Clone)]
pub(crate) struct Officials(BTreeMap<(String, String), Arc<dyn Signer>>);

impl Officials {
    /// Reads every `<tenant>/<official id>.pem` of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, KeyFileError> {
        let mut keys = BTreeMap::new();
        for tenant in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
            for path in entries(&tenant)? {
                if let (Some("pem"), Some(id), Some(tenant)) = (
                    path.extension().and_then(|extension| extension.to_str()),
                    path.file_stem().and_then(|stem| stem.to_str()),
                    tenant.file_name().and_then(|name| name.to_str()),
                ) {
                    keys.insert((tenant.to_owned(), id.to_owned()), read_key(&path)?);
                }
            }
        }
        Ok(Self(keys))
    }

    /// The key of one official of a tenant.
    pub(crate) fn of(&self, tenant: &TenantId, official: &str) -> Result<&dyn Signer, SignerError> {
        let key = (tenant.as_str().to_owned(), official.to_owned());
        self.0.get(&key).map(|signer| &**signer).ok_or(SignerError::NoKey)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, KeyFileError> {
    let listed =
        std::fs::read_dir(folder).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    listed.map_err(|error| KeyFileError::Read(folder.to_owned(), error))
}
