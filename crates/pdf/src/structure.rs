//! The one place that opens a PDF. Everything else asks [`Loaded`] for objects.
//!
//! A file is first read strictly: `startxref` leads to cross-reference sections, and every entry must point at the
//! very bytes `N G obj` of its own object. Only when that fails is the table rebuilt by scanning, and [`Loaded::repaired`]
//! says so: such a file must not be appended to, because other readers may have rebuilt it differently.
//! Objects are read when asked for and not kept, so that memory is bounded by the file and its inflated object streams.

mod crypt;
mod fields;
mod lexer;
mod objects;
mod pages;
mod repair;
mod xref;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::{Disposition, Fault};
use lopdf::{Dictionary, EncryptionState};

use crate::Limits;
pub(crate) use fields::SignatureField;
pub(crate) use lexer::{Lexer, SyntaxError, hex_digit, is_space};
pub(crate) use xref::{Entry, XrefForm};

/// Why a file cannot be read as a PDF within the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Bytes that do not begin like a PDF.
    #[error("the file is not a PDF")]
    NotPdf,
    /// More bytes than [`Limits::max_bytes`].
    #[error("the file of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Bytes of the file.
        size: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// The end of the file is missing.
    #[error("the end of the file is missing")]
    Truncated,
    /// Not readable, not even after a repair.
    #[error("the file is malformed: {why}")]
    Malformed {
        /// What was found.
        why: &'static str,
    },
    /// Encrypted, and the empty password does not open it.
    #[error("the file needs a password to be opened")]
    PasswordRequired,
    /// Encrypted in a way that is not supported, such as with certificates.
    #[error("the file is encrypted in an unsupported way")]
    UnsupportedEncryption,
    /// More pages than [`Limits::max_pages`].
    #[error("the file has more than {limit} pages")]
    TooManyPages {
        /// Pages that are allowed.
        limit: usize,
    },
    /// More objects than [`Limits::max_objects`], or an object of more values than [`Limits::max_values`].
    #[error("the file has more than {limit} objects")]
    TooManyObjects {
        /// Objects that are allowed.
        limit: usize,
    },
    /// Nested deeper than [`Limits::max_depth`].
    #[error("the file is nested deeper than {limit} levels")]
    TooDeep {
        /// Levels that are allowed.
        limit: usize,
    },
    /// More signature fields than [`Limits::max_signatures`].
    #[error("the file has more than {limit} signature fields")]
    TooManySignatures {
        /// Signature fields that are allowed.
        limit: usize,
    },
    /// Reading it takes more than [`Limits::max_work`].
    #[error("reading the file takes too much work")]
    TooComplex,
    /// A page or a node of the page tree comes twice.
    #[error("the page tree contains itself")]
    PageTreeCycle,
    /// Its object streams inflate to more than [`Limits::max_decompressed_bytes`].
    #[error("the file decompresses to more than {limit} bytes")]
    DecompressesTooLarge {
        /// Bytes that are allowed.
        limit: usize,
    },
}

impl Fault for StructureError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "pdf.empty",
            Self::NotPdf => "pdf.not_pdf",
            Self::TooLarge { .. } => "pdf.too_large",
            Self::Truncated => "pdf.truncated",
            Self::Malformed { .. } => "pdf.malformed",
            Self::PasswordRequired => "pdf.password_required",
            Self::UnsupportedEncryption => "pdf.unsupported_encryption",
            Self::TooManyPages { .. } => "pdf.too_many_pages",
            Self::TooManyObjects { .. } => "pdf.too_many_objects",
            Self::TooDeep { .. } => "pdf.too_deep",
            Self::TooManySignatures { .. } => "pdf.too_many_signatures",
            Self::TooComplex => "pdf.too_complex",
            Self::PageTreeCycle => "pdf.page_tree_cycle",
            Self::DecompressesTooLarge { .. } => "pdf.decompresses_too_large",
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Reject
    }
}

/// A PDF that is open. Borrow its objects with [`Loaded::object`] and [`Loaded::resolve`].
pub(crate) struct Loaded<'a> {
    bytes: &'a [u8],
    limits: Limits,
    /// As in the header, such as `1.7`; the catalog may name a later one.
    pub(crate) version: String,
    /// The newest trailer dictionary, or the dictionary of the newest cross-reference stream.
    pub(crate) trailer: Dictionary,
    /// Where each object is, newest first. Free and missing objects read as null.
    pub(crate) xref: BTreeMap<u32, Entry>,
    /// The offset that `startxref` names: what an appended section puts into `/Prev`. 0 when repaired.
    pub(crate) startxref: usize,
    /// What the newest section is. An appended section takes the same form.
    pub(crate) form: XrefForm,
    /// Why the cross-reference data was rebuilt by scanning. `Some` means: do not append.
    pub(crate) repaired: Option<&'static str>,
    encryption: Option<EncryptionState>,
    meter: Meter,
    streams: RefCell<BTreeMap<u32, Rc<objects::ObjectStream>>>,
    nested_lengths: Cell<u8>,
}

/// What has been spent of the limits.
#[derive(Default)]
struct Meter {
    decompressed: Cell<usize>,
    work: Cell<usize>,
}

/// Why strict reading stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stop {
    /// Another reader might make something of it: rebuild the table by scanning.
    Damaged(&'static str),
    /// No repair helps.
    Refused(StructureError),
}

impl From<StructureError> for Stop {
    fn from(error: StructureError) -> Self {
        Self::Refused(error)
    }
}

/// Opens `pdf`: as written if possible, else repaired. Encrypted files open with the empty password.
pub(crate) fn load<'a>(pdf: &'a [u8], limits: &Limits) -> Result<Loaded<'a>, StructureError> {
    check_outside(pdf, limits)?;
    match open(pdf, limits, None) {
        Ok(loaded) => Ok(loaded),
        Err(Stop::Refused(error)) => Err(error),
        Err(Stop::Damaged(why)) => load_repaired(pdf, limits, why),
    }
}

/// Opens `pdf` by scanning for its objects, whatever its cross-reference table says.
pub(crate) fn load_repaired<'a>(
    pdf: &'a [u8],
    limits: &Limits,
    why: &'static str,
) -> Result<Loaded<'a>, StructureError> {
    check_outside(pdf, limits)?;
    open(pdf, limits, Some(why)).map_err(|stop| match stop {
        Stop::Refused(error) => error,
        Stop::Damaged(why) => StructureError::Malformed { why },
    })
}

impl Loaded<'_> {
    /// Whether strings and streams in the file are encrypted (they are decrypted as they are read).
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encryption.is_some()
    }

    /// One more than the highest object number in use or announced.
    pub(crate) fn next_number(&self) -> u32 {
        let highest = self.xref.last_key_value().map_or(0, |(&number, _)| number);
        let announced = self.trailer.get(b"Size").and_then(lopdf::Object::as_i64);
        let announced = announced.ok().and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        highest.saturating_add(1).max(announced)
    }
}

fn check_outside(pdf: &[u8], limits: &Limits) -> Result<(), StructureError> {
    if pdf.is_empty() {
        return Err(StructureError::Empty);
    }
    if pdf.len() > limits.max_bytes {
        return Err(StructureError::TooLarge {
            size: pdf.len(),
            limit: limits.max_bytes,
        });
    }
    // Readers accept a header within the first kilobyte.
    let head = pdf.get(..1024).unwrap_or(pdf);
    if memchr::memmem::find(head, b"%PDF-").is_none() {
        return Err(StructureError::NotPdf);
    }
    let Some(end) = memchr::memmem::rfind(pdf, b"%%EOF") else {
        return Err(StructureError::Truncated);
    };
    // An object after the last end mark is an update that was cut off.
    let tail = pdf.get(end..).unwrap_or_default();
    if memchr::memmem::find(tail, b" obj").is_some() {
        return Err(StructureError::Truncated);
    }
    Ok(())
}

fn open<'a>(pdf: &'a [u8], limits: &Limits, rebuild: Option<&'static str>) -> Result<Loaded<'a>, Stop> {
    let meter = Meter::default();
    let found = match rebuild {
        None => xref::read(pdf, limits, &meter)?,
        Some(_) => repair::scan(pdf, limits, &meter)?,
    };
    let mut loaded = Loaded {
        bytes: pdf,
        limits: *limits,
        version: version(pdf),
        trailer: found.trailer,
        xref: found.entries,
        startxref: found.startxref,
        form: found.form,
        repaired: rebuild,
        encryption: None,
        meter,
        streams: RefCell::default(),
        nested_lengths: Cell::new(0),
    };
    if loaded.trailer.has(b"Encrypt") {
        loaded.encryption = Some(crypt::unlock(&loaded)?);
    }
    if rebuild.is_some() {
        repair::add_compressed(&mut loaded)?;
    }
    Ok(loaded)
}

fn version(pdf: &[u8]) -> String {
    let start = memchr::memmem::find(pdf, b"%PDF-").map_or(0, |at| at + 5);
    let digits = pdf.get(start..).unwrap_or_default().iter();
    digits
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .take(3)
        .map(|&b| char::from(b))
        .collect()
}

impl Meter {
    /// Notes what was read: bytes of syntax, and values, which cost more than their bytes.
    fn spend(&self, bytes: usize, limits: &Limits) -> Result<(), StructureError> {
        let spent = self.work.get().saturating_add(bytes);
        self.work.set(spent);
        if spent > limits.max_work {
            Err(StructureError::TooComplex)
        } else {
            Ok(())
        }
    }

    /// Inflates a stream, counting towards the limit for all streams together.
    fn inflate(&self, stream: &lopdf::Stream, limits: &Limits) -> Result<Vec<u8>, Stop> {
        let left = limits.max_decompressed_bytes.saturating_sub(self.decompressed.get());
        match stream.decompressed_content_with_limit(left) {
            Ok(data) => {
                self.decompressed.set(self.decompressed.get() + data.len());
                Ok(data)
            }
            Err(lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. })) => {
                Err(StructureError::DecompressesTooLarge {
                    limit: limits.max_decompressed_bytes,
                }
                .into())
            }
            Err(_) => Err(Stop::Damaged("a stream does not inflate")),
        }
    }
}

/// What a syntax error means for the file.
fn stop(error: SyntaxError, limits: &Limits) -> Stop {
    match error {
        SyntaxError::Malformed => Stop::Damaged("an object is not PDF syntax"),
        SyntaxError::TooDeep => StructureError::TooDeep {
            limit: limits.max_depth,
        }
        .into(),
        SyntaxError::TooManyValues => StructureError::TooManyObjects {
            limit: limits.max_values,
        }
        .into(),
    }
}
