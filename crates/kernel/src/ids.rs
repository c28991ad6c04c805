//! Typed ids. Parsed once at the edge; never passed on as strings.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use ulid::Ulid;

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct ParseIdError {
    /// Which kind was wanted.
    pub kind: &'static str,
}

/// One office or company whose data is kept apart from every other: 1 to 32 characters of `a-z`, `0-9` and `-`,
/// beginning with a letter. `public` is reserved for what anyone may read, `system` for what belongs to no tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

/// Names that begin the keys of rows which are nobody's.
const RESERVED: [&str; 2] = ["public", "system"];

impl TenantId {
    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let valid = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(letters)
            && !RESERVED.contains(&text);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError { kind: "tenant id" })
        }
    }
}

/// A document's public id: 128 unguessable bits, written as 26 characters of RFC 4648 base32, upper case, no padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId([u8; 16]);

impl DocumentId {
    /// Wraps 128 random bits.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for DocumentId {
    type Err = ParseIdError;

    /// Reads either case, so that a link survives being retyped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseIdError { kind: "document id" };
        if text.len() != 26 {
            return Err(error);
        }
        let raw = BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| error)?;
        raw.try_into().map(Self).map_err(|_| error)
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The id of one event: a ULID, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Ulid);

impl EventId {
    /// The 128 bits of the ULID.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// Its last 64 bits, all random, as a W3C span id.
    pub(crate) fn span_bytes(self) -> [u8; 8] {
        u64::try_from(self.0.0 & u128::from(u64::MAX))
            .unwrap_or_default()
            .to_be_bytes()
    }
}

impl FromStr for EventId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ulid::from_string(text)
            .map(Self)
            .map_err(|_| ParseIdError { kind: "event id" })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Serialises types as their text (`Display`), and reads them through `FromStr`. Whoever uses it depends on serde.
#[macro_export]
macro_rules! serde_as_text {
    ($($name:ident),+) => {$(
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                let text = <::std::string::String as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    )+};
}

serde_as_text!(TenantId, DocumentId, EventId);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where new ids come from.
pub trait Ids: Send + Sync {
    /// 128 bits that nobody can guess.
    fn document_id(&self) -> DocumentId;

    /// An id that sorts by `at`.
    fn event_id(&self, at: Timestamp) -> EventId;
}

/// Ids from the operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn document_id(&self) -> DocumentId {
        DocumentId(random())
    }

    fn event_id(&self, at: Timestamp) -> EventId {
        EventId(Ulid::from_parts(milliseconds(at), u128::from_be_bytes(random())))
    }
}

/// Ids 1, 2, 3, ... for tests that write them as literals.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl Ids for SequentialIds {
    fn document_id(&self) -> DocumentId {
        DocumentId(u128::from(self.next()).to_be_bytes())
    }

    fn event_id(&self, at: Timestamp) -> EventId {
        EventId(Ulid::from_parts(milliseconds(at), u128::from(self.next())))
    }
}

impl SequentialIds {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn milliseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or_default()
}

/// # Panics
/// When the operating system has no random numbers to give: no id made then could be trusted.
#[allow(clippy::expect_used, reason = "going on without randomness would make ids guessable")]
fn random() -> [u8; 16] {
    let mut raw = [0; 16];
    aws_lc_rs::rand::fill(&mut raw).expect("the operating system gives random numbers");
    raw
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_document_id_reads_back_in_either_case(raw: [u8; 16]) {
            let id = DocumentId::from_bytes(raw);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.to_string().to_lowercase().parse(), Ok(id));
        }

        #[test]
        fn a_document_id_has_one_spelling(text in "[A-Za-z2-7]{26}") {
            if let Ok(id) = text.parse::<DocumentId>() {
                prop_assert_eq!(id.to_string(), text.to_uppercase());
            }
        }
    }

    #[test]
    fn a_tenant_cannot_pose_as_the_public_or_reach_into_another_key() {
        for bad in [
            "",
            "public",
            "Karo",
            "karo#document",
            "karo/..",
            "9karo",
            &"a".repeat(33),
        ] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad:?}");
        }
        assert!("karo-dpmptsp".parse::<TenantId>().is_ok());
    }

    #[test]
    fn event_ids_sort_by_time() {
        let ids = RandomIds;
        let early = ids.event_id("2026-01-05T01:00:00Z".parse().unwrap());
        let late = ids.event_id("2026-01-05T01:00:01Z".parse().unwrap());
        assert!(early.to_string() < late.to_string());
    }
}
