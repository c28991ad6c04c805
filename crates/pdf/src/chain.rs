//! A certificate chain, parsed once.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATION_NAME, ORGANIZATIONAL_UNIT_NAME, TITLE};
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1};
use der::asn1::{BmpString, Ia5StringRef, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::{Any, Decode, Encode, Tag, Tagged};
use kernel::{Disposition, Fault};
use x509_cert::Certificate;

/// RSA keys shorter than this are refused.
const MIN_RSA_BITS: usize = 2048;

/// Why a chain cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// There is no certificate.
    #[error("there is no certificate")]
    Empty,
    /// A certificate is not readable.
    #[error("a certificate is not readable")]
    Unreadable(#[source] der::Error),
    /// A certificate is not in DER, so embedding it would change it.
    #[error("a certificate is not in DER")]
    NotDer,
    /// The leaf's key is neither RSA nor P-256.
    #[error("the certificate's key is neither RSA nor P-256")]
    UnsupportedKey,
    /// The leaf's RSA key is too short.
    #[error("the certificate's RSA key has {bits} bits, fewer than 2048")]
    WeakKey {
        /// Bits of the modulus.
        bits: usize,
    },
}

impl Fault for ChainError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "chain.empty",
            Self::Unreadable(_) => "chain.unreadable",
            Self::NotDer => "chain.not_der",
            Self::UnsupportedKey => "chain.unsupported_key",
            Self::WeakKey { .. } => "chain.weak_key",
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Reject
    }
}

/// The kind of key that a certificate speaks for, and so the kind of signature that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rsa {
        /// Bits of the modulus, 2048 or more.
        bits: usize,
    },
    /// ECDSA on P-256 with SHA-256, signatures in ASN.1.
    P256,
}

/// Certificates, leaf first. Which others there are, and in which order, does not matter to a validator.
#[derive(Clone)]
pub struct CertificateChain {
    leaf: Certificate,
    others: Vec<Certificate>,
    der: Vec<Vec<u8>>,
    algorithm: KeyAlgorithm,
}

impl CertificateChain {
    /// Reads one or more `CERTIFICATE` blocks, leaf first.
    pub fn from_pem(pem: &str) -> Result<Self, ChainError> {
        const END: &str = "-----END CERTIFICATE-----";
        let mut der = Vec::new();
        let mut rest = pem;
        while let (Some(start), Some(end)) = (rest.find("-----BEGIN CERTIFICATE-----"), rest.find(END)) {
            let block = rest.get(start..end + END.len()).ok_or(ChainError::Empty)?;
            let (_, bytes) = der::pem::decode_vec(block.as_bytes())
                .map_err(|error| ChainError::Unreadable(der::Error::from(error)))?;
            der.push(bytes);
            rest = rest.get(end + END.len()..).unwrap_or_default();
        }
        Self::from_der(der)
    }

    /// Takes certificates in DER, leaf first.
    pub fn from_der(der: Vec<Vec<u8>>) -> Result<Self, ChainError> {
        let mut certificates = Vec::with_capacity(der.len());
        for bytes in &der {
            let certificate = Certificate::from_der(bytes).map_err(ChainError::Unreadable)?;
            if certificate.to_der().map_err(ChainError::Unreadable)? != *bytes {
                return Err(ChainError::NotDer);
            }
            certificates.push(certificate);
        }
        let mut certificates = certificates.into_iter();
        let leaf = certificates.next().ok_or(ChainError::Empty)?;
        let algorithm = algorithm(&leaf)?;
        Ok(Self {
            leaf,
            others: certificates.collect(),
            der,
            algorithm,
        })
    }

    /// The signer's certificate.
    pub(crate) fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// All certificates, leaf first.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.leaf).chain(&self.others)
    }

    /// All certificates in DER, leaf first.
    pub fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.der.iter().map(Vec::as_slice)
    }

    /// The kind of key that the leaf speaks for.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The leaf's public key: an `RSAPublicKey` in DER, or an uncompressed point.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.leaf
            .tbs_certificate
            .subject_public_key_info
            .subject_public_key
            .raw_bytes()
    }

    /// The name of the person or seal (CN), if the leaf has one.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.subject(COMMON_NAME)
    }

    /// The office that the person holds (title), if the leaf has one.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        self.subject(TITLE)
    }

    /// The organisation (O), if the leaf has one.
    #[must_use]
    pub fn organisation(&self) -> Option<String> {
        self.subject(ORGANIZATION_NAME)
    }

    /// The unit within the organisation (OU), if the leaf has one.
    #[must_use]
    pub fn organisational_unit(&self) -> Option<String> {
        self.subject(ORGANIZATIONAL_UNIT_NAME)
    }

    fn subject(&self, oid: ObjectIdentifier) -> Option<String> {
        let names = self.leaf.tbs_certificate.subject.0.iter();
        let attribute = names
            .flat_map(|name| name.0.iter())
            .find(|attribute| attribute.oid == oid)?;
        directory_string(&attribute.value)
    }
}

impl fmt::Debug for CertificateChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateChain")
            .field("leaf", &self.leaf.tbs_certificate.subject.to_string())
            .field("certificates", &self.der.len())
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn algorithm(leaf: &Certificate) -> Result<KeyAlgorithm, ChainError> {
    let key = &leaf.tbs_certificate.subject_public_key_info;
    let parameters = key.algorithm.parameters.as_ref();
    match key.algorithm.oid {
        RSA_ENCRYPTION => {
            let modulus = rsa_modulus(key.subject_public_key.raw_bytes()).ok_or(ChainError::UnsupportedKey)?;
            let leading = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
            let bits = modulus.len() * 8 - leading;
            if bits < MIN_RSA_BITS {
                Err(ChainError::WeakKey { bits })
            } else {
                Ok(KeyAlgorithm::Rsa { bits })
            }
        }
        ID_EC_PUBLIC_KEY if parameters.and_then(|p| p.decode_as::<ObjectIdentifier>().ok()) == Some(SECP_256_R_1) => {
            Ok(KeyAlgorithm::P256)
        }
        _ => Err(ChainError::UnsupportedKey),
    }
}

fn rsa_modulus(key: &[u8]) -> Option<Vec<u8>> {
    let numbers = Vec::<der::asn1::Uint>::from_der(key).ok()?;
    numbers.first().map(|modulus| modulus.as_bytes().to_vec())
}

/// A name in any of the spellings that X.520 allows.
fn directory_string(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String => value
            .decode_as::<Utf8StringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::PrintableString => value
            .decode_as::<PrintableStringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::Ia5String => value
            .decode_as::<Ia5StringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::TeletexString => value
            .decode_as::<TeletexStringRef<'_>>()
            .ok()
            .map(|s| s.as_str().to_owned()),
        Tag::BmpString => value.decode_as::<BmpString>().ok().map(|s| s.to_string()),
        _ => None,
    }
}
