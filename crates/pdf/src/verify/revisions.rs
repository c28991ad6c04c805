//! Where earlier revisions of a file may end, found without parsing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::Limits;
use crate::structure::Lexer;

/// More revisions of one file are not looked for.
const MAX_REVISIONS: usize = 100;

/// Ends of revisions that `pdf` may consist of: where a `/ByteRange` ends, and after each `%%EOF` with and without its
/// line ending. Ascending, at most 100, cheap: to be used for looking up hashes of prefixes, not as a verdict.
#[must_use]
pub fn signed_revisions(pdf: &[u8]) -> Vec<usize> {
    let mut ends = BTreeSet::new();
    for at in memchr::memmem::find_iter(pdf, b"/ByteRange").take(MAX_REVISIONS / 4) {
        ends.extend(range_end(pdf, at + b"/ByteRange".len()).filter(|&end| end <= pdf.len()));
    }
    for at in memchr::memmem::find_iter(pdf, b"%%EOF").take(MAX_REVISIONS / 4) {
        let end = at + b"%%EOF".len();
        ends.insert(end);
        match pdf.get(end..).unwrap_or_default() {
            [b'\r', b'\n', ..] => ends.extend([end + 1, end + 2]),
            [b'\r' | b'\n', ..] => ends.extend([end + 1]),
            _ => {}
        }
    }
    ends.into_iter().take(MAX_REVISIONS).collect()
}

fn range_end(pdf: &[u8], at: usize) -> Option<usize> {
    let mut lexer = Lexer::new(pdf, at, &Limits::default());
    lexer.skip_space();
    if !lexer.rest().starts_with(b"[") {
        return None;
    }
    let mut lexer = Lexer::new(pdf, lexer.at() + 1, &Limits::default());
    let mut number = || lexer.unsigned().and_then(|number| usize::try_from(number).ok());
    let (_, _, start, length) = (number()?, number()?, number()?, number()?);
    start.checked_add(length)
}

/// A date such as `D:20260105083000+07'00'` (ISO 32000-2, 7.9.4). What is missing after the year is the first or zero.
pub(super) fn pdf_date(text: &str) -> Option<Timestamp> {
    let text = text.strip_prefix("D:").unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = text.split_at_checked(digits)?;
    let field = |range: std::ops::Range<usize>, default: i8| match digits.get(range) {
        Some(text) => text.parse().ok(),
        None => Some(default),
    };
    let year: i16 = digits.get(0..4)?.parse().ok()?;
    let date = DateTime::new(
        year,
        field(4..6, 1)?,
        field(6..8, 1)?,
        field(8..10, 0)?,
        field(10..12, 0)?,
        field(12..14, 0)?,
        0,
    );
    let sign = match zone.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => 0,
    };
    let zone: Vec<&str> = zone.split(['+', '-', '\'']).filter(|part| !part.is_empty()).collect();
    let part = |index: usize| zone.get(index).and_then(|part| part.parse::<i32>().ok()).unwrap_or(0);
    let offset = Offset::from_seconds(sign * part(0).checked_mul(3600)?.checked_add(part(1).checked_mul(60)?)?).ok()?;
    let zoned = date.ok()?.to_zoned(TimeZone::fixed(offset)).ok()?;
    Some(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn revisions_end_at_byte_ranges_and_end_marks() {
        let pdf = b"a /ByteRange [0 3 5 7] /ByteRange[0 1 2 9999] %%EOF\r\nb %%EOF\nc %%EOF";
        assert_eq!(signed_revisions(pdf), [12, 51, 52, 53, 60, 61, 68]);
    }

    #[test]
    fn dates_are_read_with_and_without_a_zone() {
        let expected: Timestamp = "2026-01-05T01:30:00Z".parse().unwrap();
        for text in [
            "D:20260105083000+07'00'",
            "D:20260105013000Z",
            "D:20260105013000+00'00",
            "20260105013000",
        ] {
            assert_eq!(pdf_date(text), Some(expected), "{text}");
        }
        assert_eq!(pdf_date("D:2026"), Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(pdf_date("D:20261301"), None);
        assert_eq!(pdf_date("kemarin"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_date_make_the_scan_panic(bytes: Vec<u8>, text in ".{0,30}", date in "D:[0-9+'Z-]{0,30}") {
            prop_assert!(signed_revisions(&bytes).len() <= MAX_REVISIONS);
            let _ = (pdf_date(&text), pdf_date(&date));
        }
    }
}
