//! Looking into a file that nobody trusts, off the async threads and within a time limit.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use kernel::Fault;
use pdf::{
    Coverage, Integrity, Limits, NormaliseError, PreflightError, SealError, SealFace, SignatureReport, VerifyError,
};

use crate::heavy::heavy_within;
use crate::storage::NO_ROOTS;

/// A file that takes longer is not a permit. The size limits keep what is left behind small.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// A usable file.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) pages: u32,
    pub(super) title: Option<String>,
    /// The bytes to sign, if they are not the bytes received.
    pub(super) prepared: Option<Bytes>,
}

/// The file cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) code: &'static str,
}

#[derive(Debug, thiserror::Error)]
enum InspectError {
    #[error("preflight refused the file")]
    Preflight(#[source] PreflightError),
    #[error("the file cannot be normalised")]
    Normalise(#[source] NormaliseError),
    #[error("no room for the seal can be made")]
    Room(#[source] SealError),
    #[error("the file's own signatures cannot be read")]
    Unverifiable(#[source] VerifyError),
    #[error("a signature that the file carries is broken")]
    BrokenSignature,
}

impl InspectError {
    fn code(&self) -> &'static str {
        match self {
            Self::Preflight(error) => error.code(),
            Self::Normalise(error) => error.code(),
            Self::Room(error) => error.code(),
            Self::Unverifiable(error) => error.code(),
            Self::BrokenSignature => "import.broken_signature",
        }
    }
}

/// Checks a file and prepares it for signing where it must be.
pub(super) async fn inspect(bytes: Bytes, face: SealFace, limits: Limits) -> Result<Inspected, Unusable> {
    match heavy_within(TIME_LIMIT, move || prepare(&bytes, &face, &limits)).await {
        Some(Ok(Ok(inspected))) => Ok(inspected),
        Some(Ok(Err(error))) => Err(Unusable { code: error.code() }),
        Some(Err(_panicked)) => Err(Unusable { code: "import.crashed" }),
        None => Err(Unusable {
            code: "import.too_slow",
        }),
    }
}

fn prepare(bytes: &[u8], face: &SealFace, limits: &Limits) -> Result<Inspected, InspectError> {
    let preflight = pdf::preflight(bytes, limits).map_err(InspectError::Preflight)?;
    if !preflight.signatures.is_empty() {
        check_signatures(bytes, limits)?;
    }
    let normalised = if preflight.repairs.is_empty() {
        None
    } else {
        Some(pdf::normalise(bytes, limits).map_err(InspectError::Normalise)?)
    };
    let base = normalised.as_deref().unwrap_or(bytes);
    let roomy = pdf::ensure_room_for_seal(base, face, limits).map_err(InspectError::Room)?;
    Ok(Inspected {
        pages: preflight.pages,
        title: preflight.title,
        prepared: roomy.or(normalised).map(Bytes::from),
    })
}

/// A signature that was broken when the file came in would be taken for one that we broke.
fn check_signatures(bytes: &[u8], limits: &Limits) -> Result<(), InspectError> {
    let signatures =
        pdf::verify(bytes, &NO_ROOTS, Timestamp::UNIX_EPOCH, limits).map_err(InspectError::Unverifiable)?;
    let broken = |signature: &SignatureReport| {
        matches!(signature.integrity, Integrity::Broken { .. }) || signature.coverage == Coverage::Invalid
    };
    if signatures.iter().any(broken) {
        Err(InspectError::BrokenSignature)
    } else {
        Ok(())
    }
}
