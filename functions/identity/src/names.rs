//! What people and things are called, parsed once at the edge. Names that must be unique are folded, so that two
//! spellings of one name are one name.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text is not a name of the wanted kind. Does not repeat it: it may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct NameError {
    /// The field, as callers write it.
    pub kind: &'static str,
}

/// A user's id: 128 random bits, written as 26 lower-case characters of base32.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(String);

/// What a user signs in with: 3 to 64 of `a-z`, `0-9`, `.`, `_`, `-`, beginning with a letter or digit. Folded to lower
/// case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Username(String);

/// An e-mail address of at most 254 ASCII characters, folded to lower case. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// A person's name as it is written: 1 to 120 characters, no control characters, no space at either end, no beginning
/// of a formula.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PersonName(String);

/// Nomor Induk Kependudukan: 16 digits. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Nik(String);

/// Nomor Induk Pegawai: 18 digits. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Nip(String);

/// A telephone number with its country: `+` and 8 to 15 digits (E.164); `08…` is read as Indonesian. Never shown by
/// `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Phone(String);

/// The number of an RW or RT: three digits, such as `003`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RukunNumber(String);

/// The code of an organisation unit, such as `BIDANG_APTIKA`: 1 to 40 of `A-Z`, `0-9`, `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UnitCode(String);

/// The code of a role, such as `head_of_office`: 2 to 40 of `a-z`, `0-9`, `_`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoleCode(String);

/// What a person may type to sign in: a username or an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// A username.
    Username(Username),
    /// An e-mail address.
    Email(Email),
}

impl UserId {
    /// Writes 128 random bits.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }
}

impl Email {
    /// The part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(local, _)| local)
    }
}

impl PersonName {
    /// The name in lower case, for sorting and searching.
    #[must_use]
    pub(crate) fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl Login {
    /// What somebody typed, as it is compared with names, whether or not it can be one.
    #[must_use]
    pub(crate) fn fold(text: &str) -> String {
        text.trim().to_ascii_lowercase()
    }
}

impl FromStr for UserId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let lower = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
        let valid = text.len() == 26 && text.bytes().all(lower);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { kind: "user id" })
        }
    }
}

impl FromStr for Username {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let folded = Login::fold(text);
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let valid = (3..=64).contains(&folded.len())
            && folded.bytes().all(inner)
            && folded.starts_with(|first: char| first.is_ascii_alphanumeric());
        if valid {
            Ok(Self(folded))
        } else {
            Err(NameError { kind: "username" })
        }
    }
}

impl FromStr for Email {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let folded = Login::fold(text);
        let error = NameError { kind: "email" };
        let (local, domain) = folded.split_once('@').ok_or(error)?;
        let local_ok = (1..=64).contains(&local.len())
            && local
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte));
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let domain_ok = domain.contains('.') && domain.split('.').all(label);
        if folded.len() <= 254 && local_ok && domain_ok {
            Ok(Self(folded))
        } else {
            Err(error)
        }
    }
}

impl FromStr for PersonName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let name = text.trim();
        let valid = (1..=120).contains(&name.chars().count())
            && !name.chars().any(char::is_control)
            // Spreadsheets would take it for a formula.
            && !name.starts_with(['=', '+', '-', '@']);
        if valid {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError { kind: "name" })
        }
    }
}

impl FromStr for Nik {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        digits(text.trim(), 16).map(Self).ok_or(NameError { kind: "nik" })
    }
}

impl FromStr for Nip {
    type Err = NameError;

    /// Reads the usual spelling with spaces, too.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let joined: String = text.chars().take(30).filter(|character| *character != ' ').collect();
        digits(&joined, 18).map(Self).ok_or(NameError { kind: "nip" })
    }
}

impl FromStr for Phone {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let joined: String = text
            .chars()
            .take(30)
            .filter(|character| !" -.".contains(*character))
            .collect();
        let number = match (joined.strip_prefix('+'), joined.strip_prefix("08")) {
            (Some(number), _) => number.to_owned(),
            (None, Some(rest)) => format!("628{rest}"),
            (None, None) => return Err(NameError { kind: "phone" }),
        };
        let valid = (8..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if valid {
            Ok(Self(format!("+{number}")))
        } else {
            Err(NameError { kind: "phone" })
        }
    }
}

impl FromStr for RukunNumber {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        digits(text, 3).map(Self).ok_or(NameError { kind: "rw or rt" })
    }
}

impl FromStr for UnitCode {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let letters = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let valid = (1..=40).contains(&text.len()) && text.bytes().all(letters);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { kind: "org_unit" })
        }
    }
}

impl FromStr for RoleCode {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let valid = (2..=40).contains(&text.len())
            && text.bytes().all(letters)
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError { kind: "role" })
        }
    }
}

impl FromStr for Login {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('@') {
            text.parse().map(Self::Email)
        } else {
            text.parse().map(Self::Username)
        }
    }
}

fn digits(text: &str, count: usize) -> Option<String> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

/// Text in and out, for names that are parsed by `FromStr`.
macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text of the name.
            #[must_use]
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
text!(
    UserId,
    Username,
    Email,
    PersonName,
    Nik,
    Nip,
    Phone,
    RukunNumber,
    UnitCode,
    RoleCode
);

/// Personal names print as nothing but their kind.
macro_rules! hidden {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )+};
}
hidden!(Email, PersonName, Nik, Nip, Phone);

#[cfg(test)]
mod tests;
