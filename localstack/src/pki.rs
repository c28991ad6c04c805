//! A development PKI: a root, an official and the organisation's seal. For trying out and for tests; never for real letters.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SerialNumber,
};

/// The id of the demo official, who decides and signs.
pub(crate) const DEMO_OFFICIAL: &str = "kepala-dinas";
/// The demo official's name.
pub(crate) const DEMO_OFFICIAL_NAME: &str = "Contoh Pejabat, S.Sos., M.AP.";

/// X.520 title.
const TITLE: [u64; 4] = [2, 5, 4, 12];
/// Extended key usage for document signing (RFC 9336).
const DOCUMENT_SIGNING: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 3, 36];

/// The keys could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a key or certificate could not be made")]
pub struct PkiError(#[from] rcgen::Error);

/// Everything in PEM.
pub(crate) struct Pki {
    pub(crate) roots: String,
    /// Official id, and key with chain.
    pub(crate) officials: Vec<(&'static str, String)>,
    /// Key with chain.
    pub(crate) seal: String,
    pub(crate) token_private: String,
    pub(crate) token_public: String,
}

/// Makes fresh keys. The official has RSA-2048, as BSrE's officials do; the seal has P-256.
pub(crate) fn generate() -> Result<Pki, PkiError> {
    let root_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut root = params("Absah Development Root CA", None, 1);
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let root_certificate = root.self_signed(&root_key)?;
    let issuer = Issuer::new(root, root_key);
    let root_pem = root_certificate.pem();

    let official_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let title = "Kepala Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu";
    let official = leaf(params(DEMO_OFFICIAL_NAME, Some(title), 2)).signed_by(&official_key, &issuer)?;

    let seal_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let seal = leaf(params("Segel Elektronik Pemerintah Kabupaten Contoh", None, 3)).signed_by(&seal_key, &issuer)?;

    let token = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let with_chain = |key: &KeyPair, leaf: String| format!("{}{leaf}{root_pem}", key.serialize_pem());
    Ok(Pki {
        officials: vec![(DEMO_OFFICIAL, with_chain(&official_key, official.pem()))],
        seal: with_chain(&seal_key, seal.pem()),
        token_private: token.serialize_pem(),
        token_public: token.public_key_pem(),
        roots: root_pem,
    })
}

/// A fresh P-256 key, PKCS#8 in PEM.
pub(crate) fn token_key() -> Result<String, PkiError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?.serialize_pem())
}

fn params(common_name: &str, title: Option<&str>, serial: u64) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "ID");
    name.push(DnType::OrganizationName, "Pemerintah Kabupaten Contoh");
    name.push(DnType::CommonName, common_name);
    if let Some(title) = title {
        name.push(DnType::CustomDnType(TITLE.to_vec()), title);
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from(serial));
    let now = jiff::Timestamp::now();
    let year = i32::from(now.to_zoned(jiff::tz::TimeZone::UTC).year());
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + 5, 12, 31);
    params
}

fn leaf(mut params: CertificateParams) -> CertificateParams {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())];
    params.use_authority_key_identifier_extension = true;
    params
}
