//! Dictionaries as the text they were written in.
//!
//! A changed object must differ from the old one in the changed keys only: validators compare the rest, and reading
//! `841.889764` into a float and writing it back would already be a difference.

use lopdf::{Object, ObjectId};

use crate::Limits;
use crate::structure::{Entry, Lexer, Loaded};

/// A dictionary whose values are kept as source text, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawDict {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl RawDict {
    /// Reads a dictionary that begins at `source[0]`, after white space. `None` for anything else.
    pub(crate) fn parse(source: &[u8], limits: &Limits) -> Option<Self> {
        let mut lexer = Lexer::new(source, 0, limits);
        lexer.skip_space();
        if !lexer.rest().starts_with(b"<<") {
            return None;
        }
        let start = lexer.at() + 2;
        let mut lexer = Lexer::new(source, start, limits);
        let mut entries = Vec::new();
        loop {
            lexer.skip_space();
            if lexer.rest().starts_with(b">>") {
                return Some(Self { entries });
            }
            let Ok(Object::Name(key)) = lexer.object() else {
                return None;
            };
            lexer.skip_space();
            let start = lexer.at();
            lexer.object().ok()?;
            entries.push((key, source.get(start..lexer.at())?.to_vec()));
        }
    }

    /// The source text of a value. Of a repeated key the last one counts.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let found = self.entries.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_slice())
    }

    /// Puts `value`, which must be PDF syntax, in the place of the old one, or at the end.
    pub(crate) fn set(&mut self, key: &[u8], value: impl Into<Vec<u8>>) {
        match self.entries.iter_mut().rev().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value.into(),
            None => self.entries.push((key.to_vec(), value.into())),
        }
    }

    /// The dictionary as PDF syntax.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = b"<<".to_vec();
        for (key, value) in &self.entries {
            out.push(b' ');
            write_name(&mut out, key);
            out.push(b' ');
            out.extend_from_slice(value);
        }
        out.extend_from_slice(b" >>");
        out
    }
}

/// The value that some source text stands for.
pub(crate) fn value(source: &[u8], limits: &Limits) -> Option<Object> {
    Lexer::new(source, 0, limits).object().ok()
}

/// `N G R`.
pub(crate) fn reference(id: ObjectId) -> Vec<u8> {
    format!("{} {} R", id.0, id.1).into_bytes()
}

/// The source text of an array with one more item at its end.
pub(crate) fn with_item(array: &[u8], item: &[u8]) -> Option<Vec<u8>> {
    let body = array.trim_ascii().strip_suffix(b"]")?;
    Some([body, b" ", item, b"]"].concat())
}

/// The source text of an object's value; of a stream, of its dictionary. `None` when there is no such object.
///
/// The file must not be encrypted: strings are given as they stand.
pub(crate) fn source(loaded: &Loaded<'_>, pdf: &[u8], id: ObjectId, limits: &Limits) -> Option<Vec<u8>> {
    match *loaded.xref.get(&id.0)? {
        Entry::Free => None,
        Entry::At { .. } => {
            let span = loaded.parsed(id).ok()??.span?;
            let mut lexer = Lexer::new(pdf, span.start, limits);
            lexer.indirect_header()?;
            Some(pdf.get(lexer.at()..span.end)?.trim_ascii_start().to_vec())
        }
        Entry::In { container, index } => {
            let Entry::At { generation, .. } = *loaded.xref.get(&container)? else {
                return None;
            };
            let Ok(Object::Stream(stream)) = loaded.object((container, generation)) else {
                return None;
            };
            let data = stream
                .decompressed_content_with_limit(limits.max_decompressed_bytes)
                .ok()?;
            let first = usize::try_from(stream.dict.get(b"First").ok()?.as_i64().ok()?).ok()?;
            let mut header = Lexer::new(&data, 0, limits);
            for _ in 0..index {
                header.unsigned()?;
                header.unsigned()?;
            }
            if header.unsigned()? != u64::from(id.0) {
                return None;
            }
            let start = first.checked_add(usize::try_from(header.unsigned()?).ok()?)?;
            let mut lexer = Lexer::new(&data, start, limits);
            lexer.object().ok()?;
            Some(data.get(start..lexer.at())?.trim_ascii_start().to_vec())
        }
    }
}

/// Writes `/name`, escaping what a name must not contain (ISO 32000-2, 7.3.5).
fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for &byte in name {
        if byte.is_ascii_graphic() && !b"()<>[]{}/%#".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn values_keep_their_spelling_and_only_the_changed_key_differs() {
        let source =
            b" << /MediaBox [0 0 595.275590551 841.889764]/Odd#20Key (a\\)b)%c\n/Annots 5 0 R/X<</Y/Z>> >> endobj";
        let mut dict = RawDict::parse(source, &Limits::default()).unwrap();
        assert_eq!(dict.get(b"MediaBox"), Some(&b"[0 0 595.275590551 841.889764]"[..]));
        dict.set(b"Annots", "[1 0 R]");
        dict.set(b"New", "true");
        assert_eq!(
            String::from_utf8(dict.to_bytes()).unwrap(),
            "<< /MediaBox [0 0 595.275590551 841.889764] /Odd#20Key (a\\)b) /Annots [1 0 R] /X <</Y/Z>> /New true >>"
        );
    }

    #[test]
    fn what_is_no_dictionary_is_not_read_as_one() {
        for source in [&b"[1 2]"[..], b"<< /A", b"<< 1 2 >>", b"", b"<</A 1"] {
            assert_eq!(RawDict::parse(source, &Limits::default()), None);
        }
    }

    #[test]
    fn an_item_goes_to_the_end_of_an_array() {
        assert_eq!(with_item(b"[1 0 R] ", b"2 0 R").unwrap(), b"[1 0 R 2 0 R]");
        assert_eq!(with_item(b"[]", b"2 0 R").unwrap(), b"[ 2 0 R]");
        assert_eq!(with_item(b"null", b"2 0 R"), None);
    }
}
