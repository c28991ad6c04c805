//! Strings, dates and numbers as PDF syntax.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A text string (ISO 32000-2, 7.9.2.2): readable if ASCII, else UTF-16 in hexadecimal.
pub(crate) fn text_string(text: &str) -> Vec<u8> {
    if text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return literal(text.as_bytes());
    }
    let mut out = String::from("<FEFF");
    for unit in text.encode_utf16() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{unit:04X}");
    }
    out.push('>');
    out.into_bytes()
}

/// `(...)`, with everything escaped that is not printable ASCII.
pub(crate) fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![b'('];
    for &byte in bytes {
        match byte {
            b'(' | b')' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
    }
    out.push(b')');
    out
}

/// A date (ISO 32000-2, 7.9.4) in UTC, to the second.
pub(crate) fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("(D:%Y%m%d%H%M%S+00'00')")
        .to_string()
}

/// A number with at most three decimals: a thousandth of a point is far below what any printer resolves.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// `WinAnsiEncoding` (ISO 32000-2, annex D). What it lacks becomes `?`.
pub(crate) fn win_ansi(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
            '€' => 0x80,
            '‚' => 0x82,
            '„' => 0x84,
            '…' => 0x85,
            '‘' => 0x91,
            '’' => 0x92,
            '“' => 0x93,
            '”' => 0x94,
            '•' => 0x95,
            '–' => 0x96,
            '—' => 0x97,
            '™' => 0x99,
            _ => b'?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use lopdf::Object;
    use proptest::prelude::*;

    use super::*;
    use crate::Limits;
    use crate::structure::Lexer;

    #[test]
    fn a_date_is_written_in_utc() {
        assert_eq!(
            date("2026-01-05T08:30:00+07:00".parse().unwrap()),
            "(D:20260105013000+00'00')"
        );
    }

    #[test]
    fn numbers_are_short_and_never_in_exponents() {
        let all = [0.0, -0.0001, 1.5, 70.866_141, 1e7, -3.0].map(number);
        assert_eq!(all, ["0", "0", "1.5", "70.866", "10000000", "-3"]);
    }

    proptest! {
        #[test]
        fn any_bytes_read_back_from_a_literal_string(bytes: Vec<u8>) {
            let written = literal(&bytes);
            let read = Lexer::new(&written, 0, &Limits::default()).object().unwrap();
            prop_assert_eq!(read.as_str().unwrap(), bytes);
        }

        #[test]
        fn any_text_reads_back_from_a_text_string(text in "\\PC{0,40}") {
            let written = text_string(&text);
            let Ok(Object::String(read, _)) = Lexer::new(&written, 0, &Limits::default()).object() else { panic!() };
            let read = match read.strip_prefix(b"\xfe\xff") {
                Some(utf16) => {
                    let units: Vec<u16> = utf16.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
                    String::from_utf16(&units).unwrap()
                }
                None => String::from_utf8(read).unwrap(),
            };
            prop_assert_eq!(read, text);
        }

        #[test]
        fn every_date_has_the_same_length(second in 0_i64..4_102_444_800) {
            prop_assert_eq!(date(Timestamp::from_second(second).unwrap()).len(), 25);
        }
    }
}
