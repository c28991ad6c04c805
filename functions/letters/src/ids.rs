//! Ids of this context. Parsed once at the edge.

use std::fmt;
use std::str::FromStr;

use kernel::{DocumentId, ParseIdError, serde_as_text};

/// A letter's id: 128 unguessable bits in 26 characters, like a document's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterId(DocumentId);

/// The code of a letter type, as it stands in numbers, such as `SKD`: 1 to 16 of `A-Z`, `0-9`, `-` and `.`, beginning with a
/// letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeCode(String);

impl LetterId {
    /// Wraps 128 random bits.
    #[must_use]
    pub const fn new(random: DocumentId) -> Self {
        Self(random)
    }
}

impl TypeCode {
    /// The text of the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LetterId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let read = text.parse().map(Self);
        read.map_err(|_| ParseIdError { kind: "letter id" })
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for TypeCode {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
        let valid = (1..=16).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.bytes().all(plain);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError {
                kind: "letter type code",
            })
        }
    }
}

impl fmt::Display for TypeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(LetterId, TypeCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_code_can_stand_in_a_number_and_in_a_key() {
        for good in ["S", "SKD", "SK-TM.2"] {
            assert!(good.parse::<TypeCode>().is_ok(), "{good}");
        }
        for bad in ["", "skd", "1A", "SK/D", "SK#D", "SK D", "ABCDEFGHIJKLMNOPQ"] {
            assert!(bad.parse::<TypeCode>().is_err(), "{bad}");
        }
    }
}
