//! Appends to a PDF: the base stays as it is, byte by byte, and new objects come after it (ISO 32000-2, 7.5.6).

use std::fmt::Write;

use kernel::{Disposition, Fault, Sha256Digest};
use lopdf::{Dictionary, Object, ObjectId};

use crate::Limits;
use crate::raw::{self, RawDict};
use crate::structure::{Loaded, StructureError, XrefForm, load};

/// Why nothing may be appended to a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It cannot be read at all.
    #[error("the file cannot be read")]
    Structure(#[source] StructureError),
    /// Its cross-reference table is damaged: readers that repair it differently would see different documents.
    #[error("the file is damaged, so appending to it is not safe: {why}")]
    Damaged {
        /// What was found.
        why: &'static str,
    },
    /// It is encrypted.
    #[error("the file is encrypted, so appending to it is not supported")]
    Encrypted,
    /// Its author certified it against changes (`/Perms /DocMDP`).
    #[error("the document is certified against changes")]
    Certified,
    /// An object that must be changed is not what it should be.
    #[error("the file is malformed: {why}")]
    Malformed {
        /// What was found.
        why: &'static str,
    },
}

impl Fault for AppendError {
    fn code(&self) -> &'static str {
        match self {
            Self::Structure(error) => error.code(),
            Self::Damaged { .. } => "pdf.append_damaged",
            Self::Encrypted => "pdf.append_encrypted",
            Self::Certified => "pdf.append_certified",
            Self::Malformed { .. } => "pdf.append_malformed",
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Reject
    }
}

impl From<StructureError> for AppendError {
    fn from(error: StructureError) -> Self {
        Self::Structure(error)
    }
}

/// Whether [`crate::prepare_signature`] and [`crate::prepare_seal`] can append to this file.
/// An unsigned file that fails can be normalised first; a signed one must be refused.
pub fn check_appendable(pdf: &[u8], limits: &Limits) -> Result<(), AppendError> {
    Base::open(pdf, limits).map(|_| ())
}

/// A file that may be appended to.
pub(crate) struct Base<'a> {
    pub(crate) pdf: &'a [u8],
    pub(crate) limits: &'a Limits,
    pub(crate) loaded: Loaded<'a>,
    pub(crate) catalog: (ObjectId, RawDict),
}

impl<'a> Base<'a> {
    /// Opens `pdf` if it is sound, in clear and not certified.
    pub(crate) fn open(pdf: &'a [u8], limits: &'a Limits) -> Result<Self, AppendError> {
        let loaded = load(pdf, limits)?;
        if let Some(why) = loaded.repaired {
            return Err(AppendError::Damaged { why });
        }
        if loaded.is_encrypted() {
            return Err(AppendError::Encrypted);
        }
        let (root, catalog) = loaded.catalog()?;
        if loaded
            .get_dict(&catalog, b"Perms")?
            .is_some_and(|perms| perms.has(b"DocMDP"))
        {
            return Err(AppendError::Certified);
        }
        let source = raw::source(&loaded, pdf, root, limits);
        let catalog = source.and_then(|source| RawDict::parse(&source, limits));
        let catalog = catalog.ok_or(AppendError::Malformed {
            why: "there is no catalog",
        })?;
        Ok(Self {
            pdf,
            limits,
            loaded,
            catalog: (root, catalog),
        })
    }

    /// The root of the page tree; none where the catalog names none.
    pub(crate) fn page_tree(&self) -> Option<ObjectId> {
        let text = self.catalog.1.get(b"Pages")?;
        match raw::value(text, self.limits)? {
            Object::Reference(root) => Some(root),
            // The object types are another library's.
            _ => None,
        }
    }

    /// The source text of an object. Missing objects are `null`.
    pub(crate) fn source(&self, id: ObjectId) -> Vec<u8> {
        raw::source(&self.loaded, self.pdf, id, self.limits).unwrap_or_else(|| b"null".to_vec())
    }

    /// The dictionary that an object holds.
    pub(crate) fn dict(&self, id: ObjectId) -> Option<RawDict> {
        RawDict::parse(&self.source(id), self.limits)
    }

    /// The value of some source text, with references followed.
    pub(crate) fn value(&self, source: &[u8]) -> Result<Object, AppendError> {
        let value = raw::value(source, self.limits).ok_or(AppendError::Malformed {
            why: "a value is not readable",
        })?;
        Ok(self.loaded.resolve(&value)?)
    }
}

/// One incremental update in the making. `out` begins with the base.
pub(crate) struct Update {
    out: Vec<u8>,
    base_len: usize,
    entries: Vec<(ObjectId, usize)>,
    next: u32,
    form: XrefForm,
    previous: usize,
    trailer: Dictionary,
    identity: Vec<u8>,
}

/// What a caller may want to fill in later, so it must know where it is.
pub(crate) struct Written {
    /// The base and the update.
    pub(crate) bytes: Vec<u8>,
    /// Where the update begins. Everything before is the base.
    pub(crate) base_len: usize,
}

impl Update {
    /// Begins an update of `base`. `out` must be the bytes of the base, in a buffer that can grow.
    pub(crate) fn new(base: &Base<'_>, mut out: Vec<u8>) -> Self {
        let base_len = out.len();
        if !out.ends_with(b"\n") && !out.ends_with(b"\r") {
            out.push(b'\n');
        }
        let tail = base.pdf.get(base_len.saturating_sub(1024)..).unwrap_or_default();
        Self {
            out,
            base_len,
            entries: Vec::new(),
            next: base.loaded.next_number(),
            form: base.loaded.form,
            previous: base.loaded.startxref,
            trailer: base.loaded.trailer.clone(),
            identity: Sha256Digest::of(tail).as_bytes()[..16].to_vec(),
        }
    }

    /// A number that is not in use.
    pub(crate) fn reserve(&mut self) -> ObjectId {
        let id = (self.next, 0);
        self.next = self.next.saturating_add(1);
        id
    }

    /// Writes an object, new or in the place of the old one, and gives the offset of its body.
    pub(crate) fn write(&mut self, id: ObjectId, body: &[u8]) -> usize {
        self.entries.push((id, self.out.len()));
        self.out
            .extend_from_slice(format!("{} {} obj\n", id.0, id.1).as_bytes());
        let at = self.out.len();
        self.out.extend_from_slice(body);
        self.out.extend_from_slice(b"\nendobj\n");
        at
    }

    /// Writes a stream whose dictionary, apart from its length, is `dict` without the brackets.
    pub(crate) fn write_stream(&mut self, id: ObjectId, dict: &str, data: &[u8]) {
        self.entries.push((id, self.out.len()));
        let head = format!("{} {} obj\n<< {dict} /Length {} >>\nstream\n", id.0, id.1, data.len());
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(data);
        self.out.extend_from_slice(b"\nendstream\nendobj\n");
    }

    /// Writes the cross-reference section, in the form that the file already has, and the end of the file.
    pub(crate) fn finish(mut self) -> Written {
        self.entries.sort_unstable();
        match self.form {
            XrefForm::Table => self.finish_table(),
            XrefForm::Stream => self.finish_stream(),
        }
        Written {
            bytes: self.out,
            base_len: self.base_len,
        }
    }

    fn finish_table(&mut self) {
        let at = self.out.len();
        let mut table = String::from("xref\n");
        for run in runs(&self.entries) {
            let first = run.first().map_or(0, |(id, _)| id.0);
            let _ = writeln!(table, "{first} {}", run.len());
            for ((_, generation), offset) in run {
                let _ = writeln!(table, "{offset:010} {generation:05} n ");
            }
        }
        self.out.extend_from_slice(table.as_bytes());
        let trailer = self.trailer_entries();
        self.out.extend_from_slice(b"trailer\n<<");
        self.out.extend_from_slice(&trailer);
        self.out
            .extend_from_slice(format!(" >>\nstartxref\n{at}\n%%EOF\n").as_bytes());
    }

    fn finish_stream(&mut self) {
        let id = self.reserve();
        let at = self.out.len();
        self.entries.push((id, at));
        let mut index = String::new();
        let mut data = Vec::new();
        for run in runs(&self.entries) {
            let first = run.first().map_or(0, |(id, _)| id.0);
            let _ = write!(index, "{first} {} ", run.len());
            for ((_, generation), offset) in run {
                data.push(1);
                data.extend_from_slice(&(*offset as u64).to_be_bytes()[3..]);
                data.extend_from_slice(&generation.to_be_bytes());
            }
        }
        let trailer = self.trailer_entries();
        let head = format!(
            "{} 0 obj\n<< /Type /XRef /W [1 5 2] /Index [{}]",
            id.0,
            index.trim_end()
        );
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(&trailer);
        self.out
            .extend_from_slice(format!(" /Length {} >>\nstream\n", data.len()).as_bytes());
        self.out.extend_from_slice(&data);
        self.out
            .extend_from_slice(format!("\nendstream\nendobj\nstartxref\n{at}\n%%EOF\n").as_bytes());
    }

    /// `/Size`, `/Prev`, and what the old trailer said beside its own bookkeeping.
    fn trailer_entries(&self) -> Vec<u8> {
        const OWN: [&[u8]; 10] = [
            b"Size",
            b"Prev",
            b"XRefStm",
            b"Type",
            b"W",
            b"Index",
            b"Length",
            b"Filter",
            b"DecodeParms",
            b"ID",
        ];
        let mut trailer = RawDict::default();
        trailer.set(b"Size", self.next.to_string());
        trailer.set(b"Prev", self.previous.to_string());
        for (key, value) in &self.trailer {
            // Direct dictionaries in trailers are private notes of some producers; references are what counts.
            if let (false, Object::Reference(id)) = (OWN.contains(&key.as_slice()), value) {
                trailer.set(key, raw::reference(*id));
            }
        }
        let first = self
            .trailer
            .get(b"ID")
            .and_then(Object::as_array)
            .ok()
            .and_then(|id| id.first());
        if let Some(Object::String(first, _)) = first {
            trailer.set(
                b"ID",
                format!("[{} {}]", hexadecimal(first), hexadecimal(&self.identity)),
            );
        }
        let bytes = trailer.to_bytes();
        let inner = bytes.strip_prefix(b"<<").and_then(|rest| rest.strip_suffix(b" >>"));
        inner.unwrap_or_default().to_vec()
    }
}

/// Entries whose numbers follow each other.
fn runs(entries: &[(ObjectId, usize)]) -> impl Iterator<Item = &[(ObjectId, usize)]> {
    entries.chunk_by(|((left, _), _), ((right, _), _)| left.checked_add(1) == Some(*right))
}

fn hexadecimal(bytes: &[u8]) -> String {
    format!("<{}>", data_encoding::HEXUPPER.encode(bytes))
}
