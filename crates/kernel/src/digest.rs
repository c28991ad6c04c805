//! SHA-256 digests as a type, with the two spellings in use: hexadecimal in JSON, base32 in QR codes.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};

use crate::serde_as_text;

/// A SHA-256 digest (FIPS 180-4). Displays and serialises as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest([u8; 32]);

/// The text is neither 64 hexadecimal digits nor 52 base32 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest")]
pub struct ParseDigestError;

impl Sha256Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        let mut raw = [0; 32];
        raw.copy_from_slice(digest.as_ref());
        Self(raw)
    }

    /// The digests of the first `end` bytes for each of `ends`, in ascending order and in one pass over `bytes`.
    /// Ends beyond the bytes are left out.
    #[must_use]
    pub fn of_prefixes(bytes: &[u8], ends: &[usize]) -> Vec<(usize, Self)> {
        let mut ends = ends.to_vec();
        ends.sort_unstable();
        ends.dedup();
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        let mut done = 0;
        let mut digests = Vec::with_capacity(ends.len());
        for end in ends {
            let Some(next) = bytes.get(done..end) else {
                break;
            };
            context.update(next);
            done = end;
            let mut raw = [0; 32];
            raw.copy_from_slice(context.clone().finish().as_ref());
            digests.push((end, Self(raw)));
        }
        digests
    }

    /// Wraps a digest that was computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 52 upper-case characters of RFC 4648 base32 without padding, all in the QR alphanumeric set.
    #[must_use]
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// Reads [`Self::to_base32`], in either case.
    pub fn from_base32(text: &str) -> Result<Self, ParseDigestError> {
        if text.len() != 52 {
            return Err(ParseDigestError);
        }
        let raw = BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| ParseDigestError)?;
        raw.try_into().map(Self).map_err(|_| ParseDigestError)
    }
}

impl FromStr for Sha256Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 64 {
            return Err(ParseDigestError);
        }
        let raw = HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|_| ParseDigestError)?;
        raw.try_into().map(Self).map_err(|_| ParseDigestError)
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(Sha256Digest);

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_digest_of_abc_is_the_one_in_fips_180_4() {
        assert_eq!(
            Sha256Digest::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    proptest! {
        #[test]
        fn the_digests_of_prefixes_are_the_digests_of_the_prefixes(bytes: Vec<u8>, ends in prop::collection::vec(0_usize..200, 0..8)) {
            for (end, digest) in Sha256Digest::of_prefixes(&bytes, &ends) {
                prop_assert!(ends.contains(&end));
                prop_assert_eq!(digest, Sha256Digest::of(&bytes[..end]));
            }
        }

        #[test]
        fn both_spellings_read_back_and_any_other_text_is_refused(raw: [u8; 32], text in ".{0,70}") {
            let digest = Sha256Digest::from_bytes(raw);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            prop_assert_eq!(Sha256Digest::from_base32(&digest.to_base32()), Ok(digest));
            prop_assert_eq!(Sha256Digest::from_base32(&digest.to_base32().to_lowercase()), Ok(digest));
            if let Ok(parsed) = text.parse::<Sha256Digest>() {
                prop_assert_eq!(parsed.to_string(), text.to_lowercase());
            }
        }
    }
}
