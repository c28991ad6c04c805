//! Reads PDF syntax (ISO 32000-2, 7.2 and 7.3) into lopdf's objects, with depth and size bounded before anything recurses.

mod text;

use lopdf::{Dictionary, Object, ObjectId, StringFormat};

use crate::Limits;
pub(crate) use text::hex_digit;

/// Why a piece of syntax was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyntaxError {
    /// Not PDF syntax.
    Malformed,
    /// Nested deeper than [`Limits::max_depth`].
    TooDeep,
    /// More values than [`Limits::max_values`].
    TooManyValues,
}

/// A position in some bytes.
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    depth_left: usize,
    values: usize,
    max_values: usize,
    lenient: bool,
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize, limits: &Limits) -> Self {
        Self {
            bytes,
            at,
            depth_left: limits.max_depth,
            values: 0,
            max_values: limits.max_values,
            lenient: false,
        }
    }

    /// Lets the later of two values of one key count. Strictly, a key that comes twice is an error, because readers
    /// differ in which of the two they take.
    pub(crate) fn lenient(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// Where the next byte is read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What reading has cost since `start`: bytes, and for each value about what eight bytes cost.
    pub(crate) fn work_since(&self, start: usize) -> usize {
        self.at
            .saturating_sub(start)
            .saturating_add(self.values.saturating_mul(8))
    }

    /// What follows.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Skips white space and comments.
    pub(crate) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if is_space(byte) {
                self.at += 1;
            } else if byte == b'%' {
                self.at += self
                    .rest()
                    .iter()
                    .position(|&b| b == b'\n' || b == b'\r')
                    .unwrap_or(self.rest().len());
            } else {
                return;
            }
        }
    }

    /// Takes `word` if it comes next, after white space, and ends there.
    pub(crate) fn keyword(&mut self, word: &[u8]) -> bool {
        let before = self.at;
        self.skip_space();
        let ends = |rest: &[u8]| rest.get(word.len()).is_none_or(|&next| !is_regular(next));
        if self.rest().starts_with(word) && ends(self.rest()) {
            self.at += word.len();
            return true;
        }
        self.at = before;
        false
    }

    /// Takes an unsigned integer if one comes next, after white space.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let before = self.at;
        self.skip_space();
        let start = self.at;
        let mut value: u64 = 0;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            self.at += 1;
        }
        if self.at == start {
            self.at = before;
            return None;
        }
        Some(value)
    }

    /// Takes `N G obj`, whose first digit must be the very next byte.
    pub(crate) fn indirect_header(&mut self) -> Option<ObjectId> {
        if !self.peek()?.is_ascii_digit() {
            return None;
        }
        let number = u32::try_from(self.unsigned()?).ok()?;
        if !is_space(self.peek()?) {
            return None;
        }
        let generation = u16::try_from(self.unsigned()?).ok()?;
        if !is_space(self.peek()?) {
            return None;
        }
        self.skip_space();
        if !self.rest().starts_with(b"obj") {
            return None;
        }
        self.at += 3;
        Some((number, generation))
    }

    /// After a dictionary: takes `stream` with its line ending, and gives where the data begins.
    pub(crate) fn stream_start(&mut self) -> Option<usize> {
        let before = self.at;
        self.skip_space();
        if !self.rest().starts_with(b"stream") {
            self.at = before;
            return None;
        }
        self.at += 6;
        match (self.peek(), self.bytes.get(self.at + 1)) {
            (Some(b'\r'), Some(b'\n')) => self.at += 2,
            (Some(b'\n' | b'\r'), _) => self.at += 1,
            _ => {}
        }
        Some(self.at)
    }

    /// Takes one object. A stream's dictionary is taken without its data.
    pub(crate) fn object(&mut self) -> Result<Object, SyntaxError> {
        self.skip_space();
        self.values += 1;
        if self.values > self.max_values {
            return Err(SyntaxError::TooManyValues);
        }
        match self.peek().ok_or(SyntaxError::Malformed)? {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal().map(|text| Object::String(text, StringFormat::Literal)),
            b'<' if self.rest().starts_with(b"<<") => self.nested(2, Self::dictionary).map(Object::Dictionary),
            b'<' => self
                .hexadecimal()
                .map(|text| Object::String(text, StringFormat::Hexadecimal)),
            b'[' => self.nested(1, Self::array).map(Object::Array),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number_or_reference(),
            _ => {
                for (word, object) in [
                    (&b"true"[..], Object::Boolean(true)),
                    (b"false", Object::Boolean(false)),
                    (b"null", Object::Null),
                ] {
                    if self.keyword(word) {
                        return Ok(object);
                    }
                }
                Err(SyntaxError::Malformed)
            }
        }
    }

    fn nested<T>(
        &mut self,
        opening: usize,
        read: impl Fn(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(SyntaxError::TooDeep)?;
        self.at += opening;
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn dictionary(&mut self) -> Result<Dictionary, SyntaxError> {
        let mut dictionary = Dictionary::new();
        loop {
            self.skip_space();
            if self.rest().starts_with(b">>") {
                self.at += 2;
                return Ok(dictionary);
            }
            let key = self.name()?;
            let value = self.object()?;
            if !self.lenient && dictionary.get(&key).is_ok_and(|earlier| *earlier != value) {
                return Err(SyntaxError::Malformed);
            }
            // A key whose value is null is the same as no key (7.3.7).
            if value != Object::Null {
                dictionary.set(key, value);
            }
        }
    }

    fn array(&mut self) -> Result<Vec<Object>, SyntaxError> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(items);
            }
            items.push(self.object()?);
        }
    }

    fn number_or_reference(&mut self) -> Result<Object, SyntaxError> {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        let token = self.bytes.get(start..self.at).unwrap_or_default();
        // Most numbers are short and whole, and long lists of them are what costs.
        if token.len() <= 10 && token.iter().all(u8::is_ascii_digit) {
            let integer = token
                .iter()
                .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            let reference = u32::try_from(integer).ok().and_then(|number| self.reference(number));
            return Ok(reference.unwrap_or(Object::Integer(integer)));
        }
        let text = str::from_utf8(token).map_err(|_| SyntaxError::Malformed)?;
        if let Ok(integer) = text.parse::<i64>() {
            if let Some(reference) = u32::try_from(integer).ok().and_then(|number| self.reference(number)) {
                return Ok(reference);
            }
            return Ok(Object::Integer(integer));
        }
        // Rust reads `inf`, `nan` and exponents, which are not PDF.
        if text.bytes().any(|b| b.is_ascii_alphabetic()) {
            return Err(SyntaxError::Malformed);
        }
        text.parse::<f32>()
            .map(|value| Object::Real(value.clamp(f32::MIN, f32::MAX)))
            .map_err(|_| SyntaxError::Malformed)
    }

    /// After an integer: takes `G R`. Object 0 never exists, so a reference to it is null.
    fn reference(&mut self, number: u32) -> Option<Object> {
        let before = self.at;
        let generation = self.unsigned().and_then(|g| u16::try_from(g).ok());
        match generation {
            Some(generation) if self.peek().is_some_and(is_space) && self.keyword(b"R") => Some(if number == 0 {
                Object::Null
            } else {
                Object::Reference((number, generation))
            }),
            _ => {
                self.at = before;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Result<Object, SyntaxError> {
        Lexer::new(text, 0, &Limits::default()).object()
    }

    #[test]
    fn names_and_strings_are_unescaped() {
        assert_eq!(read(b"/J#61va#53cript ").unwrap(), Object::Name(b"JavaScript".to_vec()));
        assert_eq!(read(b"/A#zz").unwrap(), Object::Name(b"A#zz".to_vec()));
        let text = read(b"(a\\(\\053(b)\\\r\nc\rd\\n)").unwrap();
        assert_eq!(text.as_str().unwrap(), b"a(+(b)c\nd\n");
        assert_eq!(read(b"<48 656C6c 7>").unwrap().as_str().unwrap(), b"Hellp");
    }

    #[test]
    fn three_numbers_and_a_reference_are_told_apart() {
        let items = read(b"[1 2 3 4 0 R -5 6. .5 +7 0 0 R]").unwrap();
        assert_eq!(
            items.as_array().unwrap(),
            &[
                Object::Integer(1),
                Object::Integer(2),
                Object::Integer(3),
                Object::Reference((4, 0)),
                Object::Integer(-5),
                Object::Real(6.0),
                Object::Real(0.5),
                Object::Integer(7),
                Object::Null,
            ]
        );
    }

    #[test]
    fn nesting_of_a_hundred_thousand_levels_is_refused_without_descending() {
        let deep = b"[".repeat(100_000);
        assert_eq!(read(&deep), Err(SyntaxError::TooDeep));
        let deep = b"<</A ".repeat(100_000);
        assert_eq!(read(&deep), Err(SyntaxError::TooDeep));
        let brackets = [b"(".repeat(100_000), b")".repeat(100_000)].concat();
        assert_eq!(read(&brackets).unwrap().as_str().unwrap().len(), 199_998);
    }

    #[test]
    fn a_list_of_too_many_values_is_refused() {
        let long = [&b"["[..], &b"0 ".repeat(600_000)].concat();
        assert_eq!(read(&long), Err(SyntaxError::TooManyValues));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic_or_read_beyond_the_end(
            bytes: Vec<u8>,
            syntax in r"[\[\]<>()/#%0-9RA-F .\\+-]{0,60}",
            at in 0_usize..80,
        ) {
            for input in [bytes.as_slice(), syntax.as_bytes()] {
                let mut lexer = Lexer::new(input, at, &Limits::default());
                let _ = (lexer.object(), lexer.stream_start(), lexer.indirect_header(), lexer.unsigned());
                prop_assert!(lexer.at() <= input.len().max(at));
            }
        }
    }
}
