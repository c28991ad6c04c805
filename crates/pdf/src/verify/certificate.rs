//! What a signature needs of an X.509 certificate (RFC 5280). The chain is checked by webpki.

use super::asn1::{BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, context, oid};

/// A larger certificate is not looked at.
const MAX_BYTES: usize = 64 << 10;
/// A longer name is cut.
const MAX_NAME: usize = 200;

/// A certificate, in place.
#[derive(Debug, Clone)]
pub(super) struct Certificate<'a> {
    /// The whole certificate.
    pub(super) der: &'a [u8],
    /// The contents of the serial number.
    pub(super) serial: &'a [u8],
    /// The issuer's name, with tag and length.
    pub(super) issuer: &'a [u8],
    subject: Reader<'a>,
    /// OID of the key's algorithm.
    pub(super) key_algorithm: &'a [u8],
    /// OID of the key's curve, empty for RSA.
    pub(super) curve: &'a [u8],
    /// The public key: PKCS#1 for RSA, a point for elliptic curves.
    pub(super) key: &'a [u8],
    extensions: Reader<'a>,
}

impl<'a> Certificate<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        if der.len() > MAX_BYTES {
            return None;
        }
        let mut tbs = Reader::new(der).tagged(SEQUENCE)?.inside().tagged(SEQUENCE)?.inside();
        tbs.tagged(context(0));
        let serial = tbs.tagged(INTEGER)?.value;
        tbs.tagged(SEQUENCE)?;
        let issuer = tbs.tagged(SEQUENCE)?.raw;
        tbs.tagged(SEQUENCE)?;
        let subject = tbs.tagged(SEQUENCE)?.inside();
        let mut key_info = tbs.tagged(SEQUENCE)?.inside();
        let mut algorithm = key_info.tagged(SEQUENCE)?.inside();
        let key_algorithm = algorithm.tagged(OID)?.value;
        let curve = algorithm.tagged(OID).map(|curve| curve.value).unwrap_or_default();
        // The first octet counts unused bits, of which a key has none.
        let key = key_info.tagged(BIT_STRING)?.value.strip_prefix(&[0])?;
        let extensions = tbs.find(|field| field.tag == context(3));
        let extensions = extensions.and_then(|field| field.inside().tagged(SEQUENCE));
        let extensions = extensions.map_or(Reader::new(&[]), |list| list.inside());
        Some(Self {
            der,
            serial,
            issuer,
            subject,
            key_algorithm,
            curve,
            key,
            extensions,
        })
    }

    /// The contents of that extension.
    pub(super) fn extension(&self, id: &[u8]) -> Option<&'a [u8]> {
        self.extensions.clone().find_map(|extension| {
            let mut fields = extension.inside();
            (fields.tagged(OID)?.value == id).then_some(())?;
            fields.find(|field| field.tag == OCTET_STRING).map(|field| field.value)
        })
    }

    /// Whether the key may sign documents: `digitalSignature` or `nonRepudiation`, or no restriction at all.
    pub(super) fn may_sign(&self) -> bool {
        let Some(usage) = self.extension(oid::KEY_USAGE) else {
            return true;
        };
        let bits = Reader::new(usage).tagged(BIT_STRING).map(|bits| bits.value);
        bits.and_then(|bits| bits.get(1))
            .is_some_and(|first| first & 0b1100_0000 != 0)
    }

    /// A part of the subject's name.
    pub(super) fn subject_part(&self, id: &[u8]) -> Option<String> {
        self.subject.clone().filter(|set| set.tag == SET).find_map(|set| {
            set.inside().find_map(|part| {
                let mut fields = part.inside();
                (fields.tagged(OID)?.value == id).then_some(())?;
                let value = fields.any()?;
                text(value.tag, value.value)
            })
        })
    }
}

/// A `DirectoryString` or `IA5String`, without control characters.
fn text(tag: u8, value: &[u8]) -> Option<String> {
    let text = match tag {
        0x0c | 0x12 | 0x13 | 0x16 => String::from_utf8(value.to_vec()).ok()?,
        0x14 => value.iter().map(|&byte| char::from(byte)).collect(),
        0x1e => {
            let units = value
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, &byte| (unit << 8) | u16::from(byte)));
            char::decode_utf16(units).collect::<Result<String, _>>().ok()?
        }
        _ => return None,
    };
    let clean: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    (!clean.trim().is_empty()).then(|| clean.trim().to_owned())
}
