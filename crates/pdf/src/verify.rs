//! Verifies every signature of a file: integrity, coverage, trust, and what changed after signing.

mod asn1;
mod byte_range;
mod certificate;
mod chain;
mod changes;
mod report;
mod revisions;
mod signed_data;

use jiff::Timestamp;
use kernel::{Disposition, Fault, Sha256Digest};
use lopdf::{Dictionary, Object, decode_text_string};

pub use report::{Changes, Coverage, Integrity, SignatureKind, SignatureReport, SignerName, Trust};
pub use revisions::signed_revisions;

use crate::structure::{self, Loaded, SignatureField};
use crate::{Limits, StructureError};
use asn1::oid;
use byte_range::ByteRange;
use signed_data::{Flaw, Profile, SignedData};

/// Why the signatures of a file cannot be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not readable within the limits.
    #[error("the file cannot be read")]
    Structure(#[from] StructureError),
}

impl Fault for VerifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Structure(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Structure(error) => error.disposition(),
        }
    }
}

/// Verifies all signatures of `pdf`, in the order of the revisions that they cover.
///
/// `roots` are trusted certificates (DER). A certificate must have been valid when the signer claims to have signed, or
/// at `at` when there is no such claim or it lies after `at`. Revocation is not looked up. A file without signatures
/// gives an empty list; a damaged file is repaired as far as possible, and the damage is reported as a change.
pub fn verify(
    pdf: &[u8],
    roots: &[impl AsRef<[u8]>],
    at: Timestamp,
    limits: &Limits,
) -> Result<Vec<SignatureReport>, VerifyError> {
    let (loaded, fields) = open(pdf, limits)?;
    let signed: Vec<_> = fields.iter().filter(|field| field.value.is_some()).collect();
    // Every signature opens its revision anew; together they may cost no more than one file.
    let share = signed.len().max(1);
    let limits = Limits {
        max_work: limits.max_work / share,
        max_decompressed_bytes: (limits.max_decompressed_bytes / share).max(4 << 20),
        ..*limits
    };
    let mut reports = Vec::new();
    for field in signed {
        let (end, report) = examine(pdf, &loaded, field, roots, at, &limits)?;
        reports.push((end, report));
    }
    reports.sort_by_key(|(end, _)| *end);
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

fn open<'a>(pdf: &'a [u8], limits: &Limits) -> Result<(Loaded<'a>, Vec<SignatureField>), StructureError> {
    let loaded = structure::load(pdf, limits)?;
    match loaded.signature_fields() {
        Ok(fields) => Ok((loaded, fields)),
        Err(StructureError::Malformed { why }) if loaded.repaired.is_none() => {
            let loaded = structure::load_repaired(pdf, limits, why)?;
            let fields = loaded.signature_fields()?;
            Ok((loaded, fields))
        }
        Err(error) => Err(error),
    }
}

/// The report on one signature, with the end of what it covers.
fn examine(
    pdf: &[u8],
    loaded: &Loaded<'_>,
    field: &SignatureField,
    roots: &[impl AsRef<[u8]>],
    at: Timestamp,
    limits: &Limits,
) -> Result<(usize, SignatureReport), StructureError> {
    let nothing = Dictionary::new();
    let (value_id, signature) = field
        .value
        .as_ref()
        .map_or((None, &nothing), |(id, value)| (*id, value));
    let mut report = SignatureReport {
        field: field.name.clone(),
        kind: SignatureKind::Signature,
        signer: None,
        certificate: None,
        claimed_at: decode_text_string(&loaded.get(signature, b"M")?)
            .ok()
            .and_then(|m| revisions::pdf_date(&m)),
        integrity: Integrity::Intact,
        coverage: Coverage::Invalid,
        trust: Trust::Untrusted {
            why: "the signer is not known",
        },
        changes_after: Changes::None,
    };
    let profile = match loaded.get(signature, b"SubFilter")? {
        Object::Name(name) if name == b"ETSI.CAdES.detached" => Ok(Profile::Cades),
        Object::Name(name) if name == b"adbe.pkcs7.detached" => Ok(Profile::Pkcs7),
        Object::Name(name) if name == b"ETSI.RFC3161" => Ok(Profile::Timestamp),
        _ => Err(Flaw::Unsupported("the kind of signature is not supported")),
    };
    if profile == Ok(Profile::Timestamp) {
        report.kind = SignatureKind::Timestamp;
        report.claimed_at = None;
    }
    let span = byte_range::span(loaded, field.id, value_id)?.unwrap_or(0..0);
    let range = match ByteRange::of(pdf, signature, &span) {
        Ok(range) => range,
        Err(why) => {
            report.integrity = Integrity::Broken { why };
            return Ok((usize::MAX, report));
        }
    };
    let contents = signature.get(b"Contents").and_then(Object::as_str).unwrap_or_default();
    let checked = profile.and_then(|profile| {
        let data = SignedData::parse(contents)?;
        identify(&mut report, &data, profile, roots, at);
        data.check(profile, range.parts(pdf))
    });
    match checked {
        Ok(None) => {}
        Ok(Some(time)) => {
            report.claimed_at = str::from_utf8(time).ok().and_then(revisions::pdf_date);
        }
        Err(Flaw::Broken(why)) => report.integrity = Integrity::Broken { why },
        Err(Flaw::Unsupported(why)) => report.integrity = Integrity::Unverifiable { why },
    }
    (report.coverage, report.changes_after) = coverage(pdf, loaded, field, &range, limits)?;
    Ok((range.end(), report))
}

fn identify(
    report: &mut SignatureReport,
    data: &SignedData<'_>,
    profile: Profile,
    roots: &[impl AsRef<[u8]>],
    at: Timestamp,
) {
    let Some(signer) = &data.signer else { return };
    report.signer = Some(SignerName {
        common_name: signer.subject_part(oid::COMMON_NAME),
        title: signer.subject_part(oid::TITLE),
        organization: signer.subject_part(oid::ORGANIZATION),
        organizational_unit: signer.subject_part(oid::ORGANIZATIONAL_UNIT),
    });
    report.certificate = Some(Sha256Digest::of(signer.der));
    let at = report.claimed_at.filter(|&claimed| claimed <= at).unwrap_or(at);
    report.trust = match chain::check(signer, &data.certificates, roots, at, profile) {
        Ok(()) => Trust::Trusted,
        Err(why) => Trust::Untrusted { why },
    };
}

/// The revision that is covered must be a whole document of its own that holds this very signature.
fn coverage(
    pdf: &[u8],
    loaded: &Loaded<'_>,
    field: &SignatureField,
    range: &ByteRange,
    limits: &Limits,
) -> Result<(Coverage, Changes), StructureError> {
    let broken = |why: &str| {
        Ok((
            Coverage::Invalid,
            Changes::Other {
                what: vec![why.to_owned()],
            },
        ))
    };
    let Some(revision) = pdf.get(..range.end()) else {
        return broken("the covered revision is not in the file");
    };
    let ends = revision.strip_suffix(b"\n").unwrap_or(revision);
    let ends = ends.strip_suffix(b"\r").unwrap_or(ends);
    if !ends.ends_with(b"%%EOF") {
        return broken("what is covered does not end where a revision ends");
    }
    let old = match structure::load(revision, limits) {
        Ok(old) if old.repaired.is_none() => old,
        Ok(_) | Err(StructureError::Malformed { .. }) => return broken("the covered revision is damaged"),
        Err(error) => return Err(error),
    };
    let holds = old.signature_fields().unwrap_or_default().iter().any(|earlier| {
        earlier.id == field.id && earlier.value.as_ref().map(|v| &v.1) == field.value.as_ref().map(|v| &v.1)
    });
    if !holds {
        return broken("the covered revision does not hold the signature");
    }
    if range.end() == pdf.len() {
        return Ok((Coverage::EntireFile, Changes::None));
    }
    let rest = pdf.get(range.end()..).unwrap_or_default();
    let changes = if rest.iter().all(|&byte| structure::is_space(byte)) {
        Changes::None
    } else if loaded.repaired.is_some() {
        Changes::Other {
            what: vec!["what was appended is damaged".to_owned()],
        }
    } else {
        match changes::compare(&old, loaded) {
            Err(StructureError::Malformed { why }) => Changes::Other {
                what: vec![why.to_owned()],
            },
            compared => compared?,
        }
    };
    Ok((Coverage::Revision { end: range.end() }, changes))
}
