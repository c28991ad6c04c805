//! The verdict on a file: what the register knows of its bytes.
//!
//! A file whose digest is registered is authentic. Otherwise the register is asked for each place at which an earlier
//! revision of the file may have ended: if one is a registered signed file, the rest of this file was added by
//! somebody else. Otherwise the file is unknown, and its own signatures are shown for diagnosis only.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{Disposition, Fault, Sha256Digest};
use pdf::{Changes, Coverage, Integrity, SignatureReport};
use platform::TableError;
use serde::Serialize;

use super::Verify;
use crate::heavy::VisitorPlace;
use crate::registry::{DigestEntry, Entry, FileRole, mask_personal_numbers};
use crate::storage::NO_ROOTS;

/// For one file, from its digest to its signatures.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// What somebody is told whose file took longer.
pub(super) const TOO_SLOW: &str =
    "Berkas ini terlalu rumit untuk diperiksa. Pindai kode QR pada dokumen untuk melihat data aslinya.";

/// There is no verdict.
#[derive(Debug, thiserror::Error)]
pub(super) enum VerifyError {
    /// The register could not be asked.
    #[error(transparent)]
    Register(#[from] TableError),
    /// As many files as may be are being examined.
    #[error("all places for visitors' files are taken")]
    Busy,
    /// The file took too long.
    #[error("the file was not examined within {TIME_LIMIT:?}")]
    TooSlow,
}

impl Fault for VerifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::Busy => "verify.busy",
            Self::TooSlow => "verify.too_slow",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Register(error) => error.disposition(),
            Self::Busy => Disposition::Retry,
            Self::TooSlow => Disposition::Reject,
        }
    }
}

/// Whether a registered document is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// In force.
    InForce,
    /// Its last day has passed.
    Expired,
}

impl Standing {
    pub(crate) fn of(entry: &Entry, today: Date) -> Self {
        if entry.valid_until.is_some_and(|last_day| today > last_day) {
            Self::Expired
        } else {
            Self::InForce
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The issued file, byte for byte.
    Authentic,
    /// The issued file with nothing but white space or validation data behind it.
    AuthenticExtended,
    /// The signed file before the seal: the official's signature is on it, the QR is not.
    SignedBase,
    /// Begins with a registered file, but somebody changed what follows.
    Altered,
    /// Not registered.
    Unknown,
}

/// The answer to a verification.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    verdict: Verdict,
    message: &'static str,
    /// Of the bytes that were asked about.
    sha256: Sha256Digest,
    /// The registered document, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Registered>,
    /// What the file's own signatures say. For diagnosis: anyone can make a file that says anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signatures: Vec<Signature>,
}

#[derive(Debug, Serialize)]
struct Registered {
    standing: Standing,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Debug, Serialize)]
struct Signature {
    signer: Option<String>,
    claimed_at: Option<Timestamp>,
    intact: bool,
}

/// The verdict on a digest alone.
pub(super) async fn of_digest(verify: &Verify, sha256: Sha256Digest) -> Result<Answer, VerifyError> {
    let found = find(verify, sha256).await?;
    Ok(match found {
        Some((FileRole::Final, entry)) => answer(verify, Verdict::Authentic, sha256, Some(entry)),
        Some((FileRole::Signed, entry)) => answer(verify, Verdict::SignedBase, sha256, Some(entry)),
        None => answer(verify, Verdict::Unknown, sha256, None),
    })
}

/// The verdict on a file, worked out in `place`.
pub(super) async fn of_file(verify: &Verify, place: &VisitorPlace, file: Bytes) -> Result<Answer, VerifyError> {
    let verdict = tokio::time::timeout(TIME_LIMIT, examine(verify, place, file));
    verdict.await.map_err(|_elapsed| VerifyError::TooSlow)?
}

async fn examine(verify: &Verify, place: &VisitorPlace, file: Bytes) -> Result<Answer, VerifyError> {
    let hashed = file.clone();
    let sha256 = place.heavy(move || Sha256Digest::of(&hashed)).await;
    let sha256 = sha256.map_err(|_panicked| VerifyError::TooSlow)?;
    let whole = of_digest(verify, sha256).await?;
    if whole.verdict != Verdict::Unknown {
        return Ok(whole);
    }
    let digests = blocking(place, file.clone(), |file| {
        Sha256Digest::of_prefixes(file, &pdf::signed_revisions(file))
    })
    .await;
    // The longest registered beginning says the most.
    for (end, digest) in digests.into_iter().rev() {
        let Some((role, entry)) = find(verify, digest).await? else {
            continue;
        };
        let limits = verify.limits;
        let tail = blocking(place, file.clone(), move |file| tail_is_benign(file, end, &limits)).await;
        let verdict = match (role, tail) {
            (FileRole::Final, true) => Verdict::AuthenticExtended,
            (FileRole::Signed, true) => Verdict::SignedBase,
            (FileRole::Final | FileRole::Signed, false) => Verdict::Altered,
        };
        return Ok(answer(verify, verdict, sha256, Some(entry)));
    }
    let limits = verify.limits;
    let signatures = blocking(place, file, move |file| diagnose(file, &limits)).await;
    Ok(Answer { signatures, ..whole })
}

async fn find(verify: &Verify, sha256: Sha256Digest) -> Result<Option<(FileRole, Entry)>, TableError> {
    let Some(digest) = verify
        .table
        .find_together::<DigestEntry>(&DigestEntry::key_of(sha256))
        .await?
    else {
        return Ok(None);
    };
    let entry = verify.entry(digest.value.document_id).await?;
    Ok(entry.map(|entry| (digest.value.role, entry)))
}

fn answer(verify: &Verify, verdict: Verdict, sha256: Sha256Digest, entry: Option<Entry>) -> Answer {
    let document = entry.map(|entry| Registered {
        standing: verify.standing(&entry),
        entry,
    });
    let expired = document
        .as_ref()
        .is_some_and(|document| document.standing == Standing::Expired);
    let message = match verdict {
        Verdict::Authentic | Verdict::AuthenticExtended if expired => {
            "Dokumen asli, tetapi masa berlakunya sudah habis."
        }
        Verdict::Authentic => "Dokumen asli dan berlaku.",
        Verdict::AuthenticExtended => {
            "Dokumen asli dan berlaku. Di belakangnya hanya ada data tambahan yang tidak mengubah isi."
        }
        Verdict::SignedBase => "Berkas ini asli dan bertanda tangan pejabat, tetapi belum memuat segel dan kode QR.",
        Verdict::Altered => "Berkas ini telah diubah setelah diterbitkan. Jangan dipercaya.",
        Verdict::Unknown => "Berkas ini tidak terdaftar.",
    };
    Answer {
        verdict,
        message,
        sha256,
        document,
        signatures: Vec::new(),
    }
}

/// Whether what follows the first `end` bytes is white space, or validation data for the signatures before it.
fn tail_is_benign(file: &[u8], end: usize, limits: &pdf::Limits) -> bool {
    if file
        .get(end..)
        .is_some_and(|tail| tail.iter().all(u8::is_ascii_whitespace))
    {
        return true;
    }
    let reports = pdf::verify(file, &NO_ROOTS, Timestamp::UNIX_EPOCH, limits).unwrap_or_default();
    reports.iter().any(|report| {
        report.coverage == Coverage::Revision { end }
            && report.integrity == Integrity::Intact
            && report.changes_after == Changes::OnlyValidationData
    })
}

fn diagnose(file: &[u8], limits: &pdf::Limits) -> Vec<Signature> {
    let reports = pdf::verify(file, &NO_ROOTS, Timestamp::UNIX_EPOCH, limits).unwrap_or_default();
    let signature = |report: SignatureReport| Signature {
        intact: report.integrity == Integrity::Intact,
        signer: report
            .signer
            .and_then(|signer| signer.common_name)
            .as_deref()
            .map(mask_personal_numbers),
        claimed_at: report.claimed_at,
    };
    reports.into_iter().map(signature).collect()
}

/// Runs work on a file off the async threads. A file that makes it panic yields nothing.
async fn blocking<T: Default + Send + 'static>(
    place: &VisitorPlace,
    file: Bytes,
    work: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> T {
    place.heavy(move || work(&file)).await.unwrap_or_default()
}
