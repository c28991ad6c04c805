//! The chain from a signer's certificate to a trusted root, checked by webpki.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
    anchor_from_trusted_cert,
};

use super::certificate::Certificate;
use super::signed_data::Profile;

/// Whether the signer leads to one of `roots` at the time `at`. Revocation is not looked up.
pub(super) fn check(
    signer: &Certificate<'_>,
    others: &[Certificate<'_>],
    roots: &[impl AsRef<[u8]>],
    at: Timestamp,
    profile: Profile,
) -> Result<(), &'static str> {
    if !signer.may_sign() {
        return Err("the signer's certificate is not meant for signing");
    }
    let roots: Vec<_> = roots.iter().map(|root| CertificateDer::from(root.as_ref())).collect();
    // A root that is not readable trusts nothing.
    let anchors: Vec<_> = roots
        .iter()
        .filter_map(|root| anchor_from_trusted_cert(root).ok())
        .collect();
    let intermediates: Vec<_> = others.iter().map(|other| CertificateDer::from(other.der)).collect();
    let leaf = CertificateDer::from(signer.der);
    let leaf = EndEntityCert::try_from(&leaf).map_err(describe)?;
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let purposes: &[&[usize]] = match profile {
        Profile::Pkcs7 | Profile::Cades => SIGNING,
        Profile::Timestamp => TIMESTAMPING,
    };
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &intermediates,
        time,
        OneOf(purposes),
        None,
        None,
    )
    .map(|_| ())
    .map_err(describe)
}

/// Key purposes under which authorities issue certificates for signing documents.
const SIGNING: &[&[usize]] = &[
    // anyExtendedKeyUsage
    &[2, 5, 29, 37, 0],
    // documentSigning (RFC 9336), and what Adobe and Microsoft used before it
    &[1, 3, 6, 1, 5, 5, 7, 3, 36],
    &[1, 2, 840, 113_583, 1, 1, 5],
    &[1, 3, 6, 1, 4, 1, 311, 10, 3, 12],
    // emailProtection, clientAuth: certificates for persons
    &[1, 3, 6, 1, 5, 5, 7, 3, 4],
    &[1, 3, 6, 1, 5, 5, 7, 3, 2],
];
/// The purpose that an error names, in DER.
const DOCUMENT_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 36];
const TIMESTAMPING: &[&[usize]] = &[&[1, 3, 6, 1, 5, 5, 7, 3, 8]];

/// A certificate without key purposes serves all; one with purposes needs one of these.
struct OneOf(&'static [&'static [usize]]);

impl ExtendedKeyUsageValidator for OneOf {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let present = purposes
            .map(|purpose| Ok(purpose?.to_decoded_oid()))
            .collect::<Result<Vec<_>, Error>>()?;
        if present.is_empty() || present.iter().any(|purpose| self.0.contains(&purpose.as_slice())) {
            return Ok(());
        }
        let required = KeyUsage::required_if_present(DOCUMENT_SIGNING);
        Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext {
            required,
            present,
        }))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "used as a function for map_err")]
fn describe(error: Error) -> &'static str {
    match error {
        Error::CertExpired { .. } => "the certificate had expired",
        Error::CertNotValidYet { .. } => "the certificate was not valid yet",
        Error::UnknownIssuer => "the issuer is not among the trusted roots",
        Error::InvalidSignatureForPublicKey => "the chain of certificates is forged",
        Error::RequiredEkuNotFoundContext(_) => "the certificate is not meant for this purpose",
        Error::CaUsedAsEndEntity => "the certificate is that of an authority",
        Error::UnsupportedCriticalExtension => "the certificate has a critical extension that is not understood",
        _ => "the chain of certificates does not hold",
    }
}
