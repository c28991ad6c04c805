//! Just enough DER (X.690) to read signatures and certificates in place.
//!
//! The `der` and `cms` crates sort every SET when they read it, by insertion: a hostile SET of some hundred thousand
//! values would take hours. Reading in place also keeps the signed bytes as they are.

/// One tag, length and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tlv<'a> {
    /// The identifier octet. Tags above 30 are not used in what we read.
    pub(super) tag: u8,
    /// The contents.
    pub(super) value: &'a [u8],
    /// Identifier, length and contents.
    pub(super) raw: &'a [u8],
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[number]`, constructed.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Reads one value after the other.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What was not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next value. `None` at the end, and for indefinite lengths, which DER forbids.
    pub(super) fn any(&mut self) -> Option<Tlv<'a>> {
        let (&tag, after_tag) = self.0.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut after_length) = after_tag.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let (octets, rest) = after_length.split_at_checked(count)?;
            after_length = rest;
            octets
                .iter()
                .fold(0_usize, |length, &octet| (length << 8) | usize::from(octet))
        };
        let (value, rest) = after_length.split_at_checked(length)?;
        let raw = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        Some(Tlv { tag, value, raw })
    }

    /// The next value if it is of that tag; else nothing is read.
    pub(super) fn tagged(&mut self, tag: u8) -> Option<Tlv<'a>> {
        let mut ahead = self.clone();
        let value = ahead.any().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }
}

impl<'a> Tlv<'a> {
    /// The values inside.
    pub(super) const fn inside(&self) -> Reader<'a> {
        Reader::new(self.value)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.any()
    }
}

/// The contents of OIDs, as they stand in DER.
pub(super) mod oid {
    pub(in crate::verify) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    pub(in crate::verify) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
    pub(in crate::verify) const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
    pub(in crate::verify) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
    pub(in crate::verify) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
    pub(in crate::verify) const SIGNING_CERTIFICATE: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
    pub(in crate::verify) const SIGNING_CERTIFICATE_V2: &[u8] =
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];

    pub(in crate::verify) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
    pub(in crate::verify) const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
    pub(in crate::verify) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

    pub(in crate::verify) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    pub(in crate::verify) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
    pub(in crate::verify) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    pub(in crate::verify) const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
    pub(in crate::verify) const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
    pub(in crate::verify) const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    pub(in crate::verify) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    pub(in crate::verify) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    pub(in crate::verify) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
    pub(in crate::verify) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    pub(in crate::verify) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];

    pub(in crate::verify) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
    pub(in crate::verify) const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
    pub(in crate::verify) const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0b];
    pub(in crate::verify) const TITLE: &[u8] = &[0x55, 0x04, 0x0c];
    pub(in crate::verify) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
    pub(in crate::verify) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_input_and_indefinite_lengths_are_refused() {
        assert_eq!(
            Reader::new(&[0x30, 0x02, 0x05, 0x00]).any().map(|t| t.value.len()),
            Some(2)
        );
        assert_eq!(Reader::new(&[0x30, 0x80, 0x05, 0x00, 0x00, 0x00]).any(), None);
        assert_eq!(Reader::new(&[0x30, 0x03, 0x05, 0x00]).any(), None);
        assert_eq!(Reader::new(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00]).any(), None);
        assert_eq!(Reader::new(&[0x30, 0x85, 0, 0, 0, 0, 0]).any(), None);
        assert_eq!(Reader::new(&[0x30]).any(), None);
        assert_eq!(Reader::new(&[]).any(), None);
    }
}
