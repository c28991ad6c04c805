//! Decides whether a file may enter the flow, before anything is done with it.

mod active;
pub(crate) mod title;

use kernel::{Disposition, Fault};
use lopdf::{Dictionary, Object, ObjectId};

pub use active::ActiveContent;

use crate::structure::{self, Loaded, SignatureField};
use crate::{Limits, StructureError};

/// What there is to know about a file that may enter the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// Pages, at least 1.
    pub pages: u32,
    /// As in the header or, if later, in the catalog, such as `1.7`.
    pub version: String,
    /// The title that the file gives itself, on one line of at most 300 characters.
    pub title: Option<String>,
    /// Names of the fields that are signed.
    pub signatures: Vec<String>,
    /// What [`crate::normalise`] must mend first. When empty, the file may be appended to as it is.
    pub repairs: Vec<Repair>,
}

/// Something that stands against appending to a file, and that normalising removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Encrypted with the empty user password.
    Encrypted,
    /// It has two cross-reference tables side by side (ISO 32000-2, 7.5.8.4), which strict validators of signatures refuse.
    Hybrid,
    /// The cross-reference table, or an object, is not as it must be; readers have to guess.
    Damaged,
    /// A node of the page tree does not say how many pages it has; readers show fewer, or none.
    Miscounted,
}

/// Why a file may not enter the flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// Not readable within the limits.
    #[error("the file cannot be read")]
    Structure(#[from] StructureError),
    /// It can do something, or carries something that could.
    #[error("the file contains {what}")]
    ActiveContent {
        /// The first that was found.
        what: ActiveContent,
    },
    /// It is signed and damaged: mending it would break the signatures, and appending to it would not be safe.
    #[error("the file is signed and damaged")]
    SignedButDamaged,
    /// It is signed and encrypted: decrypting it would break the signatures.
    #[error("the file is signed and encrypted")]
    SignedButEncrypted,
    /// A certification (`DocMDP`) in it forbids a new visible signature.
    #[error("a certification forbids further signatures")]
    Certified,
    /// A signature in it locks all fields (`FieldMDP`), new ones included.
    #[error("a signature locks all fields")]
    FieldsLocked,
}

impl Fault for PreflightError {
    fn code(&self) -> &'static str {
        match self {
            Self::Structure(error) => error.code(),
            Self::ActiveContent { .. } => "pdf.active_content",
            Self::SignedButDamaged => "pdf.signed_but_damaged",
            Self::SignedButEncrypted => "pdf.signed_but_encrypted",
            Self::Certified => "pdf.certified",
            Self::FieldsLocked => "pdf.fields_locked",
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Reject
    }
}

/// Examines `pdf`. Signatures are listed, not verified.
pub fn preflight(pdf: &[u8], limits: &Limits) -> Result<Preflight, PreflightError> {
    let (_, report) = open(pdf, limits)?;
    Ok(report)
}

/// Examines `pdf` and gives it back open, repaired if it had to be.
pub(crate) fn open<'a>(pdf: &'a [u8], limits: &Limits) -> Result<(Loaded<'a>, Preflight), PreflightError> {
    let loaded = structure::load(pdf, limits)?;
    if is_cut_off(pdf) {
        return Err(StructureError::Truncated.into());
    }
    let strictly = loaded.repaired.is_none();
    match examine(&loaded, pdf) {
        Ok(report) => Ok((loaded, report)),
        // The table was fine, an object was not.
        Err(PreflightError::Structure(StructureError::Malformed { why })) if strictly => {
            let loaded = structure::load_repaired(pdf, limits, why)?;
            let report = examine(&loaded, pdf)?;
            Ok((loaded, report))
        }
        Err(error) => Err(error),
    }
}

fn examine(loaded: &Loaded<'_>, pdf: &[u8]) -> Result<Preflight, PreflightError> {
    let tree = loaded.page_tree()?;
    let fields = loaded.signature_fields()?;
    let traces = active::search(loaded)?;
    if let Some(what) = traces.active {
        return Err(PreflightError::ActiveContent { what });
    }
    let (_, catalog) = loaded.catalog()?;
    let signatures: Vec<String> = fields
        .iter()
        .filter(|f| f.value.is_some())
        .map(|f| f.name.clone())
        .collect();
    let mut repairs = Vec::new();
    if loaded.repaired.is_some() {
        // Damage can hide the form from us; the words of a signature still show.
        if !signatures.is_empty() || traces.signature || memchr::memmem::find(pdf, b"/ByteRange").is_some() {
            return Err(PreflightError::SignedButDamaged);
        }
        check_contents(loaded, &tree.pages)?;
        repairs.push(Repair::Damaged);
    }
    if loaded.is_encrypted() {
        if !signatures.is_empty() || traces.signature {
            return Err(PreflightError::SignedButEncrypted);
        }
        repairs.push(Repair::Encrypted);
    }
    if !tree.is_counted {
        if !signatures.is_empty() || traces.signature {
            return Err(PreflightError::SignedButDamaged);
        }
        repairs.push(Repair::Miscounted);
    }
    if signatures.is_empty() && memchr::memmem::find(pdf, b"/XRefStm").is_some() {
        repairs.push(Repair::Hybrid);
    }
    check_permissions(loaded, &catalog, &fields)?;
    let version = match loaded.get(&catalog, b"Version")? {
        Object::Name(name) => String::from_utf8(name)
            .ok()
            .filter(|v| v.len() == 3)
            .max(Some(loaded.version.clone())),
        _ => None,
    };
    Ok(Preflight {
        pages: u32::try_from(tree.pages.len()).unwrap_or(u32::MAX),
        version: version.unwrap_or_else(|| loaded.version.clone()),
        title: title::find(loaded, &catalog)?,
        signatures,
        repairs,
    })
}

/// Whether the file ends within a revision: objects follow the last `%%EOF`. Reading would fall back to the revision
/// before, and so silently lose what was added to it, perhaps a signature.
fn is_cut_off(pdf: &[u8]) -> bool {
    let end = memchr::memmem::rfind(pdf, b"%%EOF");
    end.and_then(|end| pdf.get(end..))
        .is_some_and(|tail| memchr::memmem::find(tail, b" obj").is_some())
}

/// A repair must not turn a page blank whose content was lost.
fn check_contents(loaded: &Loaded<'_>, pages: &[ObjectId]) -> Result<(), StructureError> {
    const LOST: StructureError = StructureError::Malformed {
        why: "the content of a page is lost",
    };
    for &page in pages {
        let Object::Dictionary(page) = loaded.object(page)? else {
            return Err(LOST);
        };
        let Ok(contents) = page.get(b"Contents") else { continue };
        let parts = match loaded.resolve(contents)? {
            Object::Array(parts) => parts,
            _ => vec![contents.clone()],
        };
        for part in parts {
            let id = part.as_reference().map_err(|_| LOST)?;
            if loaded.parsed(id)?.is_none_or(|parsed| parsed.stream.is_none()) {
                return Err(LOST);
            }
        }
    }
    Ok(())
}

/// Strict validators call a signature broken when a visible field is added against these.
fn check_permissions(
    loaded: &Loaded<'_>,
    catalog: &Dictionary,
    fields: &[SignatureField],
) -> Result<(), PreflightError> {
    if loaded
        .get_dict(catalog, b"Perms")?
        .is_some_and(|perms| perms.has(b"DocMDP"))
    {
        return Err(PreflightError::Certified);
    }
    for field in fields {
        let Some((_, signature)) = &field.value else { continue };
        if let Some(lock) = loaded.get_dict(&field.field, b"Lock")? {
            check_lock(loaded, &lock)?;
        }
        let Object::Array(references) = loaded.get(signature, b"Reference")? else {
            continue;
        };
        for reference in references {
            let Object::Dictionary(reference) = loaded.resolve(&reference)? else {
                continue;
            };
            match loaded.get(&reference, b"TransformMethod")? {
                Object::Name(method) if method == b"DocMDP" => return Err(PreflightError::Certified),
                Object::Name(method) if method == b"FieldMDP" => {
                    if let Some(parameters) = loaded.get_dict(&reference, b"TransformParams")? {
                        check_lock(loaded, &parameters)?;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_lock(loaded: &Loaded<'_>, lock: &Dictionary) -> Result<(), PreflightError> {
    if lock.has(b"P") {
        return Err(PreflightError::Certified);
    }
    match loaded.get(lock, b"Action")? {
        // `Exclude` names what stays free; a field that does not exist yet is not among it.
        Object::Name(action) if action == b"All" || action == b"Exclude" => Err(PreflightError::FieldsLocked),
        _ => Ok(()),
    }
}
