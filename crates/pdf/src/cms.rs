//! The CMS object of a `PAdES` B-B signature (ETSI EN 319 142-1, RFC 5652, RFC 5035).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5911::{
    ID_AA_SIGNING_CERTIFICATE_V_2, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, ID_SIGNED_DATA,
};
use const_oid::db::rfc5912::{ECDSA_WITH_SHA_256, ID_SHA_256, SHA_256_WITH_RSA_ENCRYPTION};
use der::asn1::{OctetString, SetOfVec};
use der::{Any, Encode, Sequence};
use kernel::Sha256Digest;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::chain::{CertificateChain, KeyAlgorithm};

/// Room for all of the CMS object but certificates and signature: attributes, identifiers, lengths.
const MARGIN: usize = 1024;

/// `SigningCertificateV2` with one `ESSCertIDv2`, whose hash algorithm is the default, SHA-256, and so omitted.
#[derive(Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
}

#[derive(Sequence)]
struct EssCertIdV2 {
    cert_hash: OctetString,
}

/// How many bytes a signature of this chain may take.
pub(crate) fn size_bound(chain: &CertificateChain) -> usize {
    let certificates: usize = chain.der().map(<[u8]>::len).sum();
    let issuer = chain.leaf().tbs_certificate.issuer.to_der().map_or(0, |der| der.len());
    let signature = match chain.key_algorithm() {
        KeyAlgorithm::Rsa { bits } => bits.div_ceil(8),
        KeyAlgorithm::P256 => 72,
    };
    certificates + issuer + signature + MARGIN
}

/// The signed attributes as they are hashed: a DER `SET OF`, tag 0x31. There is no signing time: the PDF says it in `/M`.
pub(crate) fn signed_attributes(digest: Sha256Digest, chain: &CertificateChain) -> der::Result<SignedAttributes> {
    let leaf = chain.der().next().unwrap_or_default();
    let certificate = SigningCertificateV2 {
        certs: vec![EssCertIdV2 {
            cert_hash: OctetString::new(Sha256Digest::of(leaf).as_bytes().as_slice())?,
        }],
    };
    SetOfVec::try_from(vec![
        attribute(ID_CONTENT_TYPE, &ID_DATA)?,
        attribute(ID_MESSAGE_DIGEST, &OctetString::new(digest.as_bytes().as_slice())?)?,
        attribute(ID_AA_SIGNING_CERTIFICATE_V_2, &certificate)?,
    ])
}

/// The whole object: `ContentInfo` around `SignedData` without content, with all certificates of the chain.
pub(crate) fn signed_data(
    attributes: SignedAttributes,
    signature: &[u8],
    chain: &CertificateChain,
) -> der::Result<Vec<u8>> {
    let leaf = &chain.leaf().tbs_certificate;
    let sha256 = AlgorithmIdentifierOwned {
        oid: ID_SHA_256,
        parameters: None,
    };
    let signature_algorithm = match chain.key_algorithm() {
        KeyAlgorithm::Rsa { .. } => AlgorithmIdentifierOwned {
            oid: SHA_256_WITH_RSA_ENCRYPTION,
            parameters: Some(Any::null()),
        },
        KeyAlgorithm::P256 => AlgorithmIdentifierOwned {
            oid: ECDSA_WITH_SHA_256,
            parameters: None,
        },
    };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: leaf.issuer.clone(),
            serial_number: leaf.serial_number.clone(),
        }),
        digest_alg: sha256.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm,
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let mut certificates = SetOfVec::new();
    for certificate in chain.certificates() {
        // A chain that names a certificate twice carries it once.
        let _ = certificates.insert(CertificateChoices::Certificate(certificate.clone()));
    }
    let signed_data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![sha256])?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: ID_DATA,
            econtent: None,
        },
        certificates: Some(CertificateSet(certificates)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer])?),
    };
    ContentInfo {
        content_type: ID_SIGNED_DATA,
        content: Any::encode_from(&signed_data)?,
    }
    .to_der()
}

/// Whether `signature` over `message` was made with the leaf's key.
pub(crate) fn verifies(chain: &CertificateChain, message: &[u8], signature: &[u8]) -> bool {
    let key = chain.public_key();
    let result = match chain.key_algorithm() {
        KeyAlgorithm::Rsa { .. } => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature),
        KeyAlgorithm::P256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature),
    };
    result.is_ok()
}

fn attribute<T: Encode + der::EncodeValue + der::Tagged>(oid: ObjectIdentifier, value: &T) -> der::Result<Attribute> {
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![Any::encode_from(value)?])?,
    })
}
