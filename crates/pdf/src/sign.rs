//! The official's signature: invisible, an approval signature without `DocMDP`, so that the seal may follow.

use jiff::Timestamp;
use kernel::{Disposition, Fault};

use crate::Limits;
use crate::chain::CertificateChain;
use crate::hashed::Hashed;
use crate::incremental::{AppendError, Base, Update};
use crate::pending::{Details, Pending, write_signature};
use crate::signature_field::{self, NewField};
use crate::target_page::{End, pages};

/// Room for an update beside the signature itself, so that the buffer need not grow and move.
pub(crate) const UPDATE_ROOM: usize = 64 << 10;

/// What an approval signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureRequest {
    /// The field's name without its number, such as `TandaTangan`. No dots.
    pub field_prefix: String,
    /// Why it was signed, for the reader.
    pub reason: Option<String>,
    /// Where it was signed, for the reader.
    pub location: Option<String>,
    /// When: goes into `/M`, to the second. It is the signer's claim, not a proof.
    pub signed_at: Timestamp,
}

/// Why a signature could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Nothing may be appended to the file.
    #[error("the document cannot be signed")]
    Append(#[from] AppendError),
    /// The signed attributes cannot be encoded.
    #[error("the signature cannot be encoded")]
    Encoding(#[source] der::Error),
}

impl Fault for SignError {
    fn code(&self) -> &'static str {
        match self {
            Self::Append(error) => error.code(),
            Self::Encoding(_) => "sign.encoding",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Append(error) => error.disposition(),
            Self::Encoding(_) => Disposition::Reject,
        }
    }
}

/// Appends everything of an invisible `PAdES` B-B approval signature but the signature. `pdf` stays a byte prefix.
/// Signatures that the file already carries stay valid.
pub fn prepare_signature(
    pdf: &Hashed<'_>,
    request: &SignatureRequest,
    chain: &CertificateChain,
    limits: &Limits,
) -> Result<Pending, SignError> {
    let base = Base::open(pdf.bytes(), limits)?;
    let first = pages(&base, End::First, 1)?;
    let page = first.first().ok_or(AppendError::Malformed {
        why: "there is no page",
    })?;
    let mut update = Update::new(&base, buffer(pdf.bytes()));
    let value = update.reserve();
    let details = Details {
        signed_at: request.signed_at,
        reason: request.reason.as_deref(),
        location: request.location.as_deref(),
    };
    let gaps = write_signature(&mut update, value, chain, &details);
    let rect = "[0 0 0 0]".to_owned();
    let prefix = &request.field_prefix;
    signature_field::add(
        &base,
        &mut update,
        &NewField {
            prefix,
            page,
            rect,
            appearance: None,
            value,
        },
    )?;
    Pending::new(update.finish(), gaps, pdf, chain, None).map_err(SignError::Encoding)
}

/// A copy of `pdf` with room to append.
pub(crate) fn buffer(pdf: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pdf.len() + UPDATE_ROOM);
    out.extend_from_slice(pdf);
    out
}
