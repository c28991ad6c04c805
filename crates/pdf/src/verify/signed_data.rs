//! The signature container (CMS, RFC 5652; `CAdES` attributes, RFC 5035; timestamps, RFC 3161).

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};

use super::asn1::{INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, Tlv, context, oid};
use super::certificate::Certificate;

/// More certificates in one signature are not looked at.
const MAX_CERTIFICATES: usize = 30;

/// Why a signature does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is wrong.
    Broken(&'static str),
    /// It is made in a way that we do not check.
    Unsupported(&'static str),
}

/// What the signature dictionary says the container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// `adbe.pkcs7.detached`.
    Pkcs7,
    /// `ETSI.CAdES.detached`.
    Cades,
    /// `ETSI.RFC3161`.
    Timestamp,
}

/// A signature with its one signer.
#[derive(Debug)]
pub(super) struct SignedData<'a> {
    content_type: &'a [u8],
    content: Option<&'a [u8]>,
    /// All certificates that came along.
    pub(super) certificates: Vec<Certificate<'a>>,
    /// The signer's, if it came along.
    pub(super) signer: Option<Certificate<'a>>,
    digest: &'a [u8],
    attributes: Option<Tlv<'a>>,
    algorithm: Tlv<'a>,
    signature: &'a [u8],
}

impl<'a> SignedData<'a> {
    /// Reads the contents of `/Contents`, which may end in zeros.
    pub(super) fn parse(contents: &'a [u8]) -> Result<Self, Flaw> {
        if contents.get(1) == Some(&0x80) {
            return Err(Flaw::Unsupported("the signature is encoded with indefinite lengths"));
        }
        let mut outer = Reader::new(contents);
        let info = outer
            .tagged(SEQUENCE)
            .ok_or(Flaw::Broken("there is no signature in the container"))?;
        // What nobody signs must not carry anything.
        if outer.rest().iter().any(|&byte| byte != 0) {
            return Err(Flaw::Broken("something stands after the signature in its container"));
        }
        Self::fields(info).ok_or(Flaw::Broken("the signature container is not readable"))
    }

    fn fields(info: Tlv<'a>) -> Option<Self> {
        let mut info = info.inside();
        (info.tagged(OID)?.value == oid::SIGNED_DATA).then_some(())?;
        let mut data = info.tagged(context(0))?.inside().tagged(SEQUENCE)?.inside();
        data.tagged(INTEGER)?;
        data.tagged(SET)?;
        let mut encapsulated = data.tagged(SEQUENCE)?.inside();
        let content_type = encapsulated.tagged(OID)?.value;
        let content = match encapsulated.tagged(context(0)) {
            Some(content) => Some(content.inside().tagged(OCTET_STRING)?.value),
            None => None,
        };
        let certificates = data.tagged(context(0)).map_or(Reader::new(&[]), |set| set.inside());
        let certificates: Vec<_> = certificates
            .take(MAX_CERTIFICATES)
            .filter_map(|tlv| Certificate::parse(tlv.raw))
            .collect();
        data.tagged(context(1));
        let mut signers = data.tagged(SET)?.inside();
        let mut signer_info = signers.tagged(SEQUENCE)?.inside();
        signers.rest().is_empty().then_some(())?;
        signer_info.tagged(INTEGER)?;
        let signer = find_signer(signer_info.any()?, &certificates);
        let digest = signer_info.tagged(SEQUENCE)?.inside().tagged(OID)?.value;
        let attributes = signer_info.tagged(context(0));
        let algorithm = signer_info.tagged(SEQUENCE)?;
        let signature = signer_info.tagged(OCTET_STRING)?.value;
        Some(Self {
            content_type,
            content,
            certificates,
            signer,
            digest,
            attributes,
            algorithm,
            signature,
        })
    }

    /// Checks everything but the trust in the signer. `parts` are the bytes of the file that the signature covers.
    /// Gives the time of a timestamp.
    pub(super) fn check(&self, profile: Profile, parts: [&[u8]; 2]) -> Result<Option<&'a [u8]>, Flaw> {
        let signer = self
            .signer
            .as_ref()
            .ok_or(Flaw::Broken("the signer's certificate is missing"))?;
        let algorithm = hash(self.digest)?;
        let (signed_digest, time) = if profile == Profile::Timestamp {
            let content = self.content.filter(|_| self.content_type == oid::TST_INFO);
            let content = content.ok_or(Flaw::Broken("the timestamp has no content"))?;
            let time = check_imprint(content, parts)?;
            (digest::digest(algorithm, content), Some(time))
        } else {
            if self.content.is_some() || self.content_type != oid::DATA {
                return Err(Flaw::Broken("the signature is not detached"));
            }
            (digest_parts(algorithm, parts), None)
        };
        let Some(attributes) = self.attributes else {
            if profile != Profile::Pkcs7 {
                return Err(Flaw::Broken("the signature has no signed attributes"));
            }
            self.check_signature(signer, &parts.concat())?;
            return Ok(None);
        };
        if attribute(attributes, oid::CONTENT_TYPE)?.value != self.content_type {
            return Err(Flaw::Broken("the content type is not the signed one"));
        }
        if attribute(attributes, oid::MESSAGE_DIGEST)?.value != signed_digest.as_ref() {
            return Err(Flaw::Broken("the signed bytes were changed"));
        }
        check_signing_certificate(attributes, signer, profile)?;
        // The attributes are stored as [0] and signed as a SET (RFC 5652, 5.4).
        let mut encoded = attributes.raw.to_vec();
        if let Some(tag) = encoded.first_mut() {
            *tag = SET;
        }
        self.check_signature(signer, &encoded)?;
        Ok(time)
    }

    fn check_signature(&self, signer: &Certificate<'_>, message: &[u8]) -> Result<(), Flaw> {
        let mut fields = self.algorithm.inside();
        let algorithm = fields.tagged(OID).map(|oid| oid.value).unwrap_or_default();
        let (key, digest) = match algorithm {
            oid::RSA => (oid::RSA, self.digest),
            oid::RSA_SHA256 => (oid::RSA, oid::SHA256),
            oid::RSA_SHA384 => (oid::RSA, oid::SHA384),
            oid::RSA_SHA512 => (oid::RSA, oid::SHA512),
            oid::RSA_PSS => (oid::RSA_PSS, pss_digest(fields)?),
            oid::ECDSA_SHA256 => (oid::EC_KEY, oid::SHA256),
            oid::ECDSA_SHA384 => (oid::EC_KEY, oid::SHA384),
            oid::ECDSA_SHA512 => (oid::EC_KEY, oid::SHA512),
            _ => return Err(Flaw::Unsupported("the signature algorithm is not supported")),
        };
        let verifier: &'static dyn VerificationAlgorithm = match (key, digest, signer.curve) {
            (oid::RSA, oid::SHA256, _) => &RSA_PKCS1_2048_8192_SHA256,
            (oid::RSA, oid::SHA384, _) => &RSA_PKCS1_2048_8192_SHA384,
            (oid::RSA, oid::SHA512, _) => &RSA_PKCS1_2048_8192_SHA512,
            (oid::RSA_PSS, oid::SHA256, _) => &RSA_PSS_2048_8192_SHA256,
            (oid::RSA_PSS, oid::SHA384, _) => &RSA_PSS_2048_8192_SHA384,
            (oid::RSA_PSS, oid::SHA512, _) => &RSA_PSS_2048_8192_SHA512,
            (oid::EC_KEY, oid::SHA256, oid::P256) => &ECDSA_P256_SHA256_ASN1,
            (oid::EC_KEY, oid::SHA384, oid::P256) => &ECDSA_P256_SHA384_ASN1,
            (oid::EC_KEY, oid::SHA256, oid::P384) => &ECDSA_P384_SHA256_ASN1,
            (oid::EC_KEY, oid::SHA384, oid::P384) => &ECDSA_P384_SHA384_ASN1,
            _ => return Err(Flaw::Unsupported("the signature algorithm is not supported")),
        };
        let fits = match key {
            oid::EC_KEY => signer.key_algorithm == oid::EC_KEY,
            _ => signer.key_algorithm == oid::RSA || (key == oid::RSA_PSS && signer.key_algorithm == oid::RSA_PSS),
        };
        if !fits {
            return Err(Flaw::Broken("the signature algorithm does not fit the signer's key"));
        }
        UnparsedPublicKey::new(verifier, signer.key)
            .verify(message, self.signature)
            .map_err(|_| Flaw::Broken("the signature does not match the signer's key"))
    }
}

fn find_signer<'a>(id: Tlv<'a>, certificates: &[Certificate<'a>]) -> Option<Certificate<'a>> {
    let matches = |certificate: &&Certificate<'a>| match id.tag {
        SEQUENCE => {
            let mut fields = id.inside();
            let issuer = fields.tagged(SEQUENCE).map(|name| name.raw);
            let serial = fields.tagged(INTEGER).map(|serial| serial.value);
            issuer == Some(certificate.issuer) && serial == Some(certificate.serial)
        }
        // [0] IMPLICIT OCTET STRING: the key's identifier.
        0x80 => {
            let known = certificate.extension(oid::SUBJECT_KEY_ID);
            known
                .and_then(|value| Reader::new(value).tagged(OCTET_STRING))
                .is_some_and(|known| known.value == id.value)
        }
        _ => false,
    };
    certificates.iter().find(matches).cloned()
}

/// The one value of the one attribute of that type (RFC 5652, 11).
fn attribute<'a>(attributes: Tlv<'a>, id: &[u8]) -> Result<Tlv<'a>, Flaw> {
    optional_attribute(attributes, id)?.ok_or(Flaw::Broken("a signed attribute is missing"))
}

fn optional_attribute<'a>(attributes: Tlv<'a>, id: &[u8]) -> Result<Option<Tlv<'a>>, Flaw> {
    let mut found = None;
    for attribute in attributes.inside() {
        let mut fields = attribute.inside();
        if fields.tagged(OID).is_none_or(|name| name.value != id) {
            continue;
        }
        let mut values = fields.tagged(SET).map_or(Reader::new(&[]), |set| set.inside());
        let value = values.any();
        if found.is_some() || value.is_none() || !values.rest().is_empty() {
            return Err(Flaw::Broken("a signed attribute is not unique"));
        }
        found = value;
    }
    Ok(found)
}

/// Without it, the certificate could be exchanged for another of the same key.
fn check_signing_certificate(attributes: Tlv<'_>, signer: &Certificate<'_>, profile: Profile) -> Result<(), Flaw> {
    const OTHER: Flaw = Flaw::Broken("the signed attributes name another certificate");
    // SigningCertificate(V2) ::= SEQUENCE { certs SEQUENCE OF ESSCertID(v2), ... }, of which the first is the signer.
    let first = |value: Tlv<'_>| -> Option<(Option<Vec<u8>>, Vec<u8>)> {
        let mut id = value.inside().tagged(SEQUENCE)?.inside().tagged(SEQUENCE)?.inside();
        let algorithm = id.tagged(SEQUENCE).and_then(|algorithm| algorithm.inside().tagged(OID));
        Some((
            algorithm.map(|oid| oid.value.to_vec()),
            id.tagged(OCTET_STRING)?.value.to_vec(),
        ))
    };
    if let Some(value) = optional_attribute(attributes, oid::SIGNING_CERTIFICATE_V2)? {
        let (algorithm, expected) = first(value).ok_or(OTHER)?;
        let algorithm = hash(algorithm.as_deref().unwrap_or(oid::SHA256))?;
        return if digest::digest(algorithm, signer.der).as_ref() == expected {
            Ok(())
        } else {
            Err(OTHER)
        };
    }
    if let Some(value) = optional_attribute(attributes, oid::SIGNING_CERTIFICATE)? {
        let (_, expected) = first(value).ok_or(OTHER)?;
        // RFC 2634 knows SHA-1 only. It guards against exchange, not against forgery of the document.
        let found = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signer.der);
        return if found.as_ref() == expected { Ok(()) } else { Err(OTHER) };
    }
    match profile {
        Profile::Cades => Err(Flaw::Broken("the signed attributes name no certificate")),
        Profile::Pkcs7 | Profile::Timestamp => Ok(()),
    }
}

/// `TSTInfo` ::= SEQUENCE { version, policy, messageImprint { hashAlgorithm, hashedMessage }, serial, genTime, ... }
fn check_imprint<'a>(content: &'a [u8], parts: [&[u8]; 2]) -> Result<&'a [u8], Flaw> {
    const BAD: Flaw = Flaw::Broken("the timestamp is not readable");
    const GENERALIZED_TIME: u8 = 0x18;
    let mut fields = Reader::new(content).tagged(SEQUENCE).ok_or(BAD)?.inside();
    fields.tagged(INTEGER).ok_or(BAD)?;
    fields.tagged(OID).ok_or(BAD)?;
    let mut imprint = fields.tagged(SEQUENCE).ok_or(BAD)?.inside();
    let algorithm = imprint
        .tagged(SEQUENCE)
        .and_then(|algorithm| algorithm.inside().tagged(OID))
        .ok_or(BAD)?;
    let expected = imprint.tagged(OCTET_STRING).ok_or(BAD)?.value;
    if digest_parts(hash(algorithm.value)?, parts).as_ref() != expected {
        return Err(Flaw::Broken("the signed bytes were changed"));
    }
    fields.tagged(INTEGER).ok_or(BAD)?;
    Ok(fields.tagged(GENERALIZED_TIME).ok_or(BAD)?.value)
}

fn digest_parts(algorithm: &'static digest::Algorithm, parts: [&[u8]; 2]) -> digest::Digest {
    let mut context = digest::Context::new(algorithm);
    for part in parts {
        context.update(part);
    }
    context.finish()
}

fn hash(id: &[u8]) -> Result<&'static digest::Algorithm, Flaw> {
    match id {
        oid::SHA256 => Ok(&digest::SHA256),
        oid::SHA384 => Ok(&digest::SHA384),
        oid::SHA512 => Ok(&digest::SHA512),
        _ => Err(Flaw::Unsupported("the hash algorithm is not supported")),
    }
}

/// RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, [1] maskGen, [2] saltLength DEFAULT 20, ... }. Only
/// a salt as long as the hash can be verified.
fn pss_digest(mut algorithm: Reader<'_>) -> Result<&[u8], Flaw> {
    const UNSUPPORTED: Flaw = Flaw::Unsupported("the parameters of the signature algorithm are not supported");
    let mut parameters = algorithm.tagged(SEQUENCE).ok_or(UNSUPPORTED)?.inside();
    let digest = parameters
        .tagged(context(0))
        .and_then(|hash| hash.inside().tagged(SEQUENCE));
    let digest = digest
        .and_then(|hash| hash.inside().tagged(OID))
        .ok_or(UNSUPPORTED)?
        .value;
    parameters.tagged(context(1));
    let salt = parameters
        .tagged(context(2))
        .and_then(|salt| salt.inside().tagged(INTEGER))
        .ok_or(UNSUPPORTED)?
        .value;
    let fits = u8::try_from(hash(digest)?.output_len()).is_ok_and(|length| salt == [length]);
    if fits { Ok(digest) } else { Err(UNSUPPORTED) }
}
