use kernel::{Disposition, Fault};
use pdf::{CertificateChain, ChainError, KeyAlgorithm, KeyError, LocalKey};

use crate::support::{official, seal, text};

#[test]
fn a_chain_tells_whose_it_is() {
    let key = official();
    let chain = key.chain();
    assert_eq!(chain.common_name().as_deref(), Some("Siti Aminah"));
    assert_eq!(chain.title().as_deref(), Some("Kepala Dinas Perizinan"));
    assert_eq!(chain.organisation().as_deref(), Some("Pemerintah Kabupaten Uji"));
    assert_eq!(chain.organisational_unit().as_deref(), Some("Dinas Perizinan"));
    assert_eq!(chain.key_algorithm(), KeyAlgorithm::Rsa { bits: 2048 });
    assert_eq!(chain.der().count(), 2);
    assert_eq!(seal().chain().key_algorithm(), KeyAlgorithm::P256);
    assert_eq!(seal().chain().title(), None);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let refused = LocalKey::from_pem(&other, &text("seal.pem")).unwrap_err();
    assert_eq!(
        (refused.code(), refused.disposition()),
        ("key.mismatch", Disposition::Reject)
    );
    // A key of another kind than the certificate's.
    assert!(matches!(
        LocalKey::from_pem(&text("seal.key"), &text("official.pem")),
        Err(KeyError::Unreadable)
    ));
}

#[test]
fn short_keys_other_curves_and_no_certificate_are_refused() {
    assert!(matches!(
        CertificateChain::from_pem(&text("weak.pem")),
        Err(ChainError::WeakKey { bits: 1024 })
    ));
    assert!(matches!(
        CertificateChain::from_pem(&text("p384.pem")),
        Err(ChainError::UnsupportedKey)
    ));
    assert!(matches!(CertificateChain::from_pem(""), Err(ChainError::Empty)));
    assert!(matches!(
        CertificateChain::from_pem(&text("official.key")),
        Err(ChainError::Empty)
    ));
    let cut = text("official.pem").replacen("MII", "MIJ", 1);
    assert!(matches!(
        CertificateChain::from_pem(&cut),
        Err(ChainError::Unreadable(_))
    ));
}

#[test]
fn what_is_printed_of_a_key_shows_the_holder_and_nothing_of_the_key() {
    let printed = format!("{:?}", official());
    assert!(printed.contains("Siti Aminah"), "{printed}");
    assert!(!printed.contains("key:") && printed.len() < 400, "{printed}");
}
