//! Verification of signatures that pyHanko made.

use jiff::Timestamp;
use pdf::{Changes, Coverage, Integrity, Limits, SignatureKind, SignatureReport, Trust, signed_revisions, verify};

use crate::build::data;

pub(crate) fn at() -> Timestamp {
    "2046-01-01T00:00:00Z".parse().unwrap()
}

pub(crate) fn reports(pdf: &[u8]) -> Vec<SignatureReport> {
    verify(pdf, &[data("root.der")], at(), &Limits::default()).unwrap()
}

#[test]
fn a_signature_over_the_entire_file_is_intact_and_trusted_with_its_signer_named() {
    let reports = reports(&data("signed.pdf"));
    let [report] = reports.as_slice() else {
        panic!("{reports:?}")
    };
    assert_eq!(report.field, "Pejabat");
    assert_eq!(report.integrity, Integrity::Intact);
    assert_eq!(report.coverage, Coverage::EntireFile);
    assert_eq!(report.trust, Trust::Trusted);
    assert_eq!(report.changes_after, Changes::None);
    assert!(report.claimed_at.is_some() && report.certificate.is_some() && report.is_sound());
    let signer = report.signer.clone().unwrap();
    assert_eq!(signer.common_name.as_deref(), Some("Sari Contoh"));
    assert_eq!(signer.title.as_deref(), Some("Kepala Dinas Contoh"));
    assert_eq!(signer.organization.as_deref(), Some("Kabupaten Contoh"));
}

#[test]
fn a_seal_after_a_signature_leaves_the_signature_sound() {
    let file = data("signed-and-sealed.pdf");
    let reports = reports(&file);
    let fields: Vec<_> = reports.iter().map(|report| report.field.as_str()).collect();
    assert_eq!(fields, ["Pejabat", "Segel"]);
    let end = data("signed.pdf").len();
    assert_eq!(reports[0].coverage, Coverage::Revision { end });
    assert_eq!(reports[0].changes_after, Changes::OnlyNewSignatureField);
    assert_eq!(reports[1].coverage, Coverage::EntireFile);
    assert!(reports.iter().all(SignatureReport::is_sound));
    assert!(signed_revisions(&file).contains(&end) && signed_revisions(&file).contains(&file.len()));
}

#[test]
fn a_document_timestamp_proves_its_time_and_is_only_validation_data() {
    let reports = reports(&data("timestamped.pdf"));
    assert_eq!(reports[0].changes_after, Changes::OnlyValidationData);
    assert!(reports.iter().all(SignatureReport::is_sound), "{reports:?}");
    let timestamp = &reports[1];
    assert_eq!(timestamp.kind, SignatureKind::Timestamp);
    assert_eq!(timestamp.claimed_at, Some("2026-06-01T00:00:00Z".parse().unwrap()));
}

#[test]
fn other_kinds_of_keys_and_containers_are_verified() {
    for file in [
        "rsa-pkcs7.pdf",
        "rsa-pss.pdf",
        "p384.pdf",
        "certified.pdf",
        "locked.pdf",
    ] {
        let reports = reports(&data(file));
        assert!(reports.len() == 1 && reports[0].is_sound(), "{file}: {reports:?}");
    }
}

#[test]
fn a_certificate_that_does_not_lead_to_a_root_is_not_trusted() {
    let untrusted = |file: &str, roots: &[Vec<u8>], at: &str| {
        let reports = verify(&data(file), roots, at.parse().unwrap(), &Limits::default()).unwrap();
        assert_eq!(reports[0].integrity, Integrity::Intact);
        match reports[0].trust {
            Trust::Untrusted { why } => why,
            Trust::Trusted => panic!("{file} is trusted"),
        }
    };
    let root = [data("root.der")];
    assert_eq!(
        untrusted("signed.pdf", &[], "2046-01-01T00:00:00Z"),
        "the issuer is not among the trusted roots"
    );
    assert_eq!(
        untrusted("signed.pdf", &[vec![1, 2, 3]], "2046-01-01T00:00:00Z"),
        "the issuer is not among the trusted roots"
    );
    assert_eq!(
        untrusted("signed.pdf", &root, "2025-01-01T00:00:00Z"),
        "the certificate was not valid yet"
    );
    assert_eq!(
        untrusted("expired-certificate.pdf", &root, "2046-01-01T00:00:00Z"),
        "the certificate had expired"
    );
    let why = untrusted("server-certificate.pdf", &root, "2046-01-01T00:00:00Z");
    assert_eq!(why, "the certificate is not meant for this purpose");
}

#[test]
fn a_file_without_signatures_has_no_reports() {
    assert_eq!(reports(&data("permit.pdf")), []);
}
