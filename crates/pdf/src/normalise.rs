//! Rewrites an unsigned file that is encrypted or damaged, so that it can be appended to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use kernel::{Disposition, Fault};
use lopdf::{Dictionary, Object, ObjectId, Stream, StringFormat};

use crate::preflight::{self, PreflightError};
use crate::structure::Loaded;
use crate::{Limits, StructureError};

/// Why a file was not normalised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NormaliseError {
    /// The file may not enter the flow at all.
    #[error("the file may not be normalised")]
    Preflight(#[from] PreflightError),
    /// The result is not what it must be.
    #[error("the normalised file is not sound")]
    Unsound(#[source] PreflightError),
}

impl Fault for NormaliseError {
    fn code(&self) -> &'static str {
        match self {
            Self::Preflight(error) | Self::Unsound(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Preflight(error) | Self::Unsound(error) => error.disposition(),
        }
    }
}

/// Gives the file in a form that may be appended to: not encrypted, with one sound cross-reference table.
///
/// A file without [`crate::Repair`]s comes back byte by byte. Of any other, the objects that the document uses are
/// written anew; the pages look the same. The same input always gives the same output. A file that is signed and needs
/// a repair is refused, because rewriting would break its signatures.
pub fn normalise(pdf: &[u8], limits: &Limits) -> Result<Vec<u8>, NormaliseError> {
    let (loaded, report) = preflight::open(pdf, limits)?;
    if report.repairs.is_empty() {
        return Ok(pdf.to_vec());
    }
    let written = rewrite(&loaded, limits).map_err(PreflightError::from)?;
    let check = preflight::preflight(&written, limits).map_err(NormaliseError::Unsound)?;
    if check.pages != report.pages || !check.repairs.is_empty() {
        let why = "normalising changed the document";
        return Err(NormaliseError::Unsound(StructureError::Malformed { why }.into()));
    }
    Ok(written)
}

fn rewrite(loaded: &Loaded<'_>, limits: &Limits) -> Result<Vec<u8>, StructureError> {
    let numbers = in_use(loaded, limits)?;
    let counts = loaded.page_tree()?.counts;
    let mut out = Vec::new();
    out.extend_from_slice(format!("%PDF-{}\n%\u{e2}\u{e3}\u{cf}\u{d3}\n", header_version(&loaded.version)).as_bytes());
    let mut offsets = Vec::with_capacity(numbers.len());
    for (&id, number) in &numbers {
        offsets.push(out.len());
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        match loaded.object(id)? {
            Object::Stream(stream) => write_stream(&mut out, stream, &numbers),
            Object::Dictionary(mut node) if let Some(&count) = counts.get(&id) => {
                node.set("Count", count);
                write(&mut out, &Object::Dictionary(node), &numbers);
            }
            object => write(&mut out, &object, &numbers),
        }
        out.extend_from_slice(b"\nendobj\n");
        if out.len() > limits.max_bytes {
            return Err(StructureError::TooLarge {
                size: out.len(),
                limit: limits.max_bytes,
            });
        }
    }
    let startxref = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).as_bytes());
    for offset in &offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let mut trailer = Dictionary::new();
    trailer.set("Size", i64::try_from(offsets.len() + 1).unwrap_or(i64::MAX));
    for key in [&b"Root"[..], b"Info"] {
        if let Ok(value) = loaded.trailer.get(key) {
            trailer.set(key, value.clone());
        }
    }
    if let Object::Array(id) = loaded.get(&loaded.trailer, b"ID")? {
        trailer.set("ID", id);
    }
    out.extend_from_slice(b"trailer\n");
    write(&mut out, &Object::Dictionary(trailer), &numbers);
    out.extend_from_slice(format!("\nstartxref\n{startxref}\n%%EOF\n").as_bytes());
    Ok(out)
}

/// A version that cannot be read is taken for the one that knows everything we write.
fn header_version(found: &str) -> &str {
    match found.as_bytes() {
        [b'1' | b'2', b'.', digit] if digit.is_ascii_digit() => found,
        _ => "1.7",
    }
}

/// The objects that the catalog and the information dictionary lead to, numbered anew without gaps.
fn in_use(loaded: &Loaded<'_>, limits: &Limits) -> Result<BTreeMap<ObjectId, usize>, StructureError> {
    let mut found = BTreeSet::new();
    let mut pending = Vec::new();
    for key in [&b"Root"[..], b"Info"] {
        pending.extend(loaded.trailer.get(key).and_then(Object::as_reference));
    }
    while let Some(id) = pending.pop() {
        if found.contains(&id) {
            continue;
        }
        let Some(parsed) = loaded.parsed(id)? else {
            continue;
        };
        found.insert(id);
        references(&parsed.object, &mut |id| {
            if !found.contains(&id) {
                pending.push(id);
            }
        });
        // Repeated references wait in the list, so their number is bounded too.
        if pending.len() > limits.max_objects.saturating_mul(4) {
            return Err(StructureError::TooComplex);
        }
    }
    Ok(found.into_iter().zip(1..).collect())
}

fn references(object: &Object, visit: &mut impl FnMut(ObjectId)) {
    match object {
        Object::Reference(id) => visit(*id),
        Object::Array(items) => items.iter().for_each(|item| references(item, visit)),
        Object::Dictionary(dictionary) => dictionary.iter().for_each(|(_, value)| references(value, visit)),
        Object::Stream(stream) => stream.dict.iter().for_each(|(_, value)| references(value, visit)),
        Object::Null
        | Object::Boolean(_)
        | Object::Integer(_)
        | Object::Real(_)
        | Object::Name(_)
        | Object::String(..) => {}
    }
}

fn write_stream(out: &mut Vec<u8>, mut stream: Stream, numbers: &BTreeMap<ObjectId, usize>) {
    stream
        .dict
        .set("Length", i64::try_from(stream.content.len()).unwrap_or(i64::MAX));
    drop_crypt_filter(&mut stream.dict);
    write(out, &Object::Dictionary(stream.dict), numbers);
    out.extend_from_slice(b"\nstream\n");
    out.extend_from_slice(&stream.content);
    out.extend_from_slice(b"\nendstream");
}

/// The data are in clear now, so that nothing must say that they pass through a crypt filter.
fn drop_crypt_filter(dictionary: &mut Dictionary) {
    let crypt = Object::Name(b"Crypt".to_vec());
    match dictionary.get(b"Filter").cloned() {
        Ok(filter) if filter == crypt => {
            dictionary.remove(b"Filter");
            dictionary.remove(b"DecodeParms");
        }
        Ok(Object::Array(filters)) if filters.first() == Some(&crypt) => {
            dictionary.set("Filter", filters.into_iter().skip(1).collect::<Vec<_>>());
            if let Ok(Object::Array(parameters)) = dictionary.get(b"DecodeParms").cloned() {
                dictionary.set("DecodeParms", parameters.into_iter().skip(1).collect::<Vec<_>>());
            }
        }
        _ => {}
    }
}

/// Recursion is bounded by the depth that was accepted when reading.
fn write(out: &mut Vec<u8>, object: &Object, numbers: &BTreeMap<ObjectId, usize>) {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(true) => out.extend_from_slice(b"true"),
        Object::Boolean(false) => out.extend_from_slice(b"false"),
        // Writing to memory cannot fail.
        Object::Integer(value) => drop(write!(out, "{value}")),
        Object::Real(value) => drop(write!(out, "{value}")),
        Object::Name(name) => write_name(out, name),
        Object::String(text, format) => write_string(out, text, *format),
        Object::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                write(out, item, numbers);
            }
            out.push(b']');
        }
        Object::Dictionary(dictionary) => {
            out.extend_from_slice(b"<<");
            for (key, value) in dictionary {
                write_name(out, key);
                out.push(b' ');
                write(out, value, numbers);
            }
            out.extend_from_slice(b">>");
        }
        Object::Stream(stream) => write(out, &Object::Dictionary(stream.dict.clone()), numbers),
        Object::Reference(id) => match numbers.get(id) {
            Some(number) => drop(write!(out, "{number} 0 R")),
            None => out.extend_from_slice(b"null"),
        },
    }
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for &byte in name {
        if byte.is_ascii_alphanumeric() || b"+-_.,:;*@!$&'=?^`|~\"\\".contains(&byte) {
            out.push(byte);
        } else {
            drop(write!(out, "#{byte:02X}"));
        }
    }
}

fn write_string(out: &mut Vec<u8>, text: &[u8], format: StringFormat) {
    if format == StringFormat::Literal {
        out.push(b'(');
        for &byte in text {
            match byte {
                b'(' | b')' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\r' => out.extend_from_slice(b"\\r"),
                _ => out.push(byte),
            }
        }
        out.push(b')');
    } else {
        out.push(b'<');
        for byte in text {
            drop(write!(out, "{byte:02X}"));
        }
        out.push(b'>');
    }
}
