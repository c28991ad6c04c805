//! Which bytes of the file a signature covers (ISO 32000-2, 12.8.1).

use std::ops::Range;

use lopdf::{Dictionary, Object};

use crate::structure::{Loaded, StructureError, hex_digit, is_space};

/// The two covered parts around the gap with the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByteRange {
    /// From the beginning to the gap.
    pub(super) before: Range<usize>,
    /// From the gap to the end of the revision.
    pub(super) after: Range<usize>,
}

impl ByteRange {
    /// Reads `/ByteRange` and checks that the gap is the `/Contents` of this very signature and nothing else. `span` is
    /// where the object with the signature stands in the file.
    pub(super) fn of(pdf: &[u8], signature: &Dictionary, span: &Range<usize>) -> Result<Self, &'static str> {
        let numbers: Vec<usize> = signature
            .get(b"ByteRange")
            .and_then(Object::as_array)
            .map_err(|_| "there is no byte range")?
            .iter()
            .map_while(|number| number.as_i64().ok().and_then(|number| usize::try_from(number).ok()))
            .collect();
        let &[0, before, after, length] = numbers.as_slice() else {
            return Err("the byte range is not two parts from the beginning on");
        };
        let end = after
            .checked_add(length)
            .filter(|&end| end <= pdf.len())
            .ok_or("the byte range exceeds the file")?;
        if before >= after || before < span.start || after > span.end {
            return Err("the gap of the byte range is not in the signature");
        }
        let contents = signature
            .get(b"Contents")
            .and_then(Object::as_str)
            .map_err(|_| "there is no signature")?;
        if !gap_holds(pdf.get(before..after).unwrap_or_default(), contents) {
            return Err("the gap of the byte range holds something else than the signature");
        }
        Ok(Self {
            before: 0..before,
            after: after..end,
        })
    }

    /// The covered bytes.
    pub(super) fn parts<'a>(&self, pdf: &'a [u8]) -> [&'a [u8]; 2] {
        [&self.before, &self.after].map(|part| pdf.get(part.clone()).unwrap_or_default())
    }

    /// Where the covered revision ends.
    pub(super) fn end(&self) -> usize {
        self.after.end
    }
}

/// Where the object stands that holds the signature dictionary: its own, or the field's.
pub(super) fn span(
    loaded: &Loaded<'_>,
    field: Option<lopdf::ObjectId>,
    value: Option<lopdf::ObjectId>,
) -> Result<Option<Range<usize>>, StructureError> {
    let Some(id) = value.or(field) else { return Ok(None) };
    Ok(loaded.parsed(id)?.and_then(|parsed| parsed.span))
}

/// Whether the gap is `<...>` around the hexadecimal digits of `contents`, with nothing before or after.
fn gap_holds(gap: &[u8], contents: &[u8]) -> bool {
    let Some(digits) = gap.strip_prefix(b"<").and_then(|gap| gap.strip_suffix(b">")) else {
        return false;
    };
    let mut digits = digits
        .iter()
        .filter(|&&byte| !is_space(byte))
        .map(|&byte| hex_digit(byte));
    for &byte in contents {
        let (Some(Some(high)), low) = (digits.next(), digits.next()) else {
            return false;
        };
        // A last single digit counts as if 0 followed.
        let Some(low) = low.unwrap_or(Some(0)) else {
            return false;
        };
        if byte != (high << 4) | low {
            return false;
        }
    }
    digits.next().is_none()
}
