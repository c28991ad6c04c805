//! A signature in two phases, so that the key may be anywhere: write everything but the signature, then embed it.
//!
//! 1. The update is written with zeros for `/Contents` and spaces for `/ByteRange`.
//! 2. `/ByteRange` is filled in, and everything but `/Contents` is hashed.
//! 3. The signed attributes, which hold that hash, go to whoever has the key.
//! 4. The CMS object with the signature takes the place of the zeros.
//!
//! Both places are in the appended part; the base is never written to.

use std::ops::Range;

use aws_lc_rs::digest::Context;
use cms::signed_data::SignedAttributes;
use der::Encode;
use jiff::Timestamp;
use kernel::{Disposition, Fault};
use lopdf::ObjectId;

use crate::Limits;
use crate::chain::CertificateChain;
use crate::cms as container;
use crate::hashed::{Hashed, finish};
use crate::incremental::{Update, Written};
use crate::read_qr::{Known, QrError, read_known};
use crate::text::{date, text_string};

/// Three offsets of up to ten digits, which is more than any file that is read here.
const BYTE_RANGE_WIDTH: usize = 36;

/// Why a signature was not embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// It was not made over [`Pending::to_be_signed`] with the key of the chain's leaf.
    #[error("the signature is not one over these bytes by the certificate's key")]
    WrongSignature,
    /// The CMS object cannot be written, or not in the room that was left for it.
    #[error("the signature cannot be encoded")]
    Encoding(#[source] der::Error),
    /// The QR code in the sealed file does not say what it should.
    #[error("the QR code in the sealed file cannot be read back")]
    QrUnreadable(#[source] QrError),
    /// The QR code in the sealed file says something else.
    #[error("the QR code in the sealed file says something else than was meant")]
    QrMismatch,
}

impl Fault for EmbedError {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongSignature => "embed.wrong_signature",
            Self::Encoding(_) => "embed.encoding",
            Self::QrUnreadable(_) => "embed.qr_unreadable",
            Self::QrMismatch => "embed.qr_mismatch",
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Reject
    }
}

/// A file that lacks nothing but its signature.
pub struct Pending {
    bytes: Vec<u8>,
    contents: Range<usize>,
    before_contents: Context,
    attributes: SignedAttributes,
    to_be_signed: Vec<u8>,
    chain: CertificateChain,
    expected_qr: Option<ExpectedQr>,
}

/// What the QR code of a seal must say when it is read back.
pub(crate) struct ExpectedQr {
    pub(crate) text: String,
    pub(crate) known: Known,
    pub(crate) limits: Limits,
}

/// What a signature dictionary says beside the signature.
pub(crate) struct Details<'a> {
    pub(crate) signed_at: Timestamp,
    pub(crate) reason: Option<&'a str>,
    pub(crate) location: Option<&'a str>,
}

/// Where the two gaps of a signature dictionary are, in the file.
pub(crate) struct Gaps {
    byte_range: Range<usize>,
    /// The hexadecimal digits, without the angle brackets.
    contents: Range<usize>,
}

/// Writes the signature dictionary with its gaps.
pub(crate) fn write_signature(
    update: &mut Update,
    id: ObjectId,
    chain: &CertificateChain,
    details: &Details<'_>,
) -> Gaps {
    let mut body = b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n/ByteRange [0 ".to_vec();
    let byte_range = body.len()..body.len() + BYTE_RANGE_WIDTH;
    body.resize(byte_range.end, b' ');
    body.extend_from_slice(b"]\n/Contents <");
    let contents = body.len()..body.len() + 2 * container::size_bound(chain);
    body.resize(contents.end, b'0');
    body.extend_from_slice(format!(">\n/M {}", date(details.signed_at)).as_bytes());
    for (key, text) in [("Reason", details.reason), ("Location", details.location)] {
        if let Some(text) = text {
            body.extend_from_slice(format!(" /{key} ").as_bytes());
            body.extend_from_slice(&text_string(text));
        }
    }
    body.extend_from_slice(b" >>");
    let at = update.write(id, &body);
    let shift = |range: Range<usize>| range.start + at..range.end + at;
    Gaps {
        byte_range: shift(byte_range),
        contents: shift(contents),
    }
}

impl Pending {
    /// Fills in `/ByteRange` and computes what must be signed.
    pub(crate) fn new(
        written: Written,
        gaps: Gaps,
        base: &Hashed<'_>,
        chain: &CertificateChain,
        expected_qr: Option<ExpectedQr>,
    ) -> der::Result<Self> {
        let Written { mut bytes, base_len } = written;
        // The angle brackets belong to what is left out (ISO 32000-2, table 255).
        let (open, close) = (gaps.contents.start.saturating_sub(1), gaps.contents.end + 1);
        let range = format!("{open} {close} {}", bytes.len().saturating_sub(close));
        if let Some(place) = bytes
            .get_mut(gaps.byte_range)
            .and_then(|gap| gap.get_mut(..range.len()))
        {
            place.copy_from_slice(range.as_bytes());
        }
        let mut state = base.state();
        state.update(bytes.get(base_len..open).unwrap_or_default());
        let before_contents = state.clone();
        state.update(bytes.get(close..).unwrap_or_default());
        let attributes = container::signed_attributes(finish(state), chain)?;
        let to_be_signed = attributes.to_der()?;
        let chain = chain.clone();
        Ok(Self {
            bytes,
            contents: gaps.contents,
            before_contents,
            attributes,
            to_be_signed,
            chain,
            expected_qr,
        })
    }

    /// What the key signs: the signed attributes as a DER `SET`, tag 0x31. Not a digest: RSASSA-PKCS1-v1_5 or ECDSA, with SHA-256 of this.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// Embeds the signature (of RSA as long as the modulus, of ECDSA in ASN.1), after checking it with the leaf's key.
    /// Of a seal, reads the QR code back from the finished file.
    pub fn embed(self, signature: &[u8]) -> Result<Hashed<'static>, EmbedError> {
        if !container::verifies(&self.chain, &self.to_be_signed, signature) {
            return Err(EmbedError::WrongSignature);
        }
        let cms = container::signed_data(self.attributes, signature, &self.chain).map_err(EmbedError::Encoding)?;
        let hex = data_encoding::HEXLOWER.encode(&cms);
        let Self {
            mut bytes,
            contents,
            before_contents: mut state,
            expected_qr,
            ..
        } = self;
        let open = contents.start.saturating_sub(1);
        let gap = bytes.get_mut(contents).and_then(|gap| gap.get_mut(..hex.len()));
        gap.ok_or(EmbedError::Encoding(der::ErrorKind::Overlength.into()))?
            .copy_from_slice(hex.as_bytes());
        state.update(bytes.get(open..).unwrap_or_default());
        if let Some(expected) = expected_qr {
            let (back, read) = read_known(bytes, &expected.known, &expected.limits);
            bytes = back;
            if read.map_err(EmbedError::QrUnreadable)? != expected.text {
                return Err(EmbedError::QrMismatch);
            }
        }
        Ok(Hashed::from_state(bytes, state))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::{LocalKey, SealFace, SealRequest, prepare_seal};

    const PERMIT: &[u8] = include_bytes!("../tests/data/permit.pdf");

    fn key() -> LocalKey {
        let key = include_str!("../tests/data/keys/seal.key");
        LocalKey::from_pem(key, include_str!("../tests/data/keys/seal.pem")).unwrap()
    }

    fn pending() -> Pending {
        let request = SealRequest {
            field_prefix: "Segel".to_owned(),
            face: SealFace {
                qr_text: "HTTPS://UJI.GO.ID/V/1A/B".to_owned(),
                caption: vec!["Uji".to_owned()],
            },
            reason: None,
            location: None,
            signed_at: Timestamp::UNIX_EPOCH,
        };
        prepare_seal(&Hashed::new(PERMIT), &request, key().chain(), &Limits::default()).unwrap()
    }

    #[test]
    fn a_seal_whose_code_says_something_else_is_never_handed_out() {
        let mut pending = pending();
        pending.expected_qr.as_mut().unwrap().text.push('X');
        let signature = key().sign(pending.to_be_signed()).unwrap();
        assert!(matches!(pending.embed(&signature), Err(EmbedError::QrMismatch)));
    }

    #[test]
    fn a_seal_whose_code_is_not_where_it_should_be_is_never_handed_out() {
        let mut pending = pending();
        pending.expected_qr.as_mut().unwrap().known.symbol.x0 += 3.0;
        let signature = key().sign(pending.to_be_signed()).unwrap();
        assert!(matches!(pending.embed(&signature), Err(EmbedError::QrUnreadable(_))));
    }

    #[test]
    fn there_is_room_for_the_whole_chain_and_not_much_more() {
        let pending = pending();
        let signature = key().sign(pending.to_be_signed()).unwrap();
        let room = pending.contents.len();
        let sealed = pending.embed(&signature).unwrap();
        let text = String::from_utf8_lossy(sealed.bytes()).into_owned();
        let contents = text.rsplit("/Contents <").next().unwrap().split('>').next().unwrap();
        assert_eq!(contents.len(), room);
        let used = contents.trim_end_matches('0').len();
        assert!(room - used > 400 && room - used < 2_500, "{room} {used}");
    }
}
