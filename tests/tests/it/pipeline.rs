//! A document's way from the inbox to the public page.

use documents::State;
use serde_json::json;

use crate::support::messages::{kept_sidecar, put_sidecar};
use crate::support::{blocking, document, fetch, post, sample, schema, site};

const DESCRIBED: [(&str, &str); 5] = [
    ("number", "503/0042/DPMPTSP/2026"),
    ("type", "Surat Izin Praktik"),
    ("date", "2026-01-05"),
    ("issuing-unit", "DPMPTSP NIK 9900112233445566"),
    ("holder", "Contoh Pemohon"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_is_issued_and_its_public_page_names_it_without_personal_numbers() {
    let site = site().await;
    let issued = site.issue("izin", sample(), &DESCRIBED).await;

    assert!(
        issued.sealed.starts_with(&issued.signed),
        "the signed file is a prefix of the sealed one"
    );
    let link = issued.link.clone();
    let (status, page) = blocking(move || fetch(&link)).await;
    assert_eq!(status, 200);
    for shown in [
        "Dokumen asli dan berlaku",
        "503/0042/DPMPTSP/2026",
        "Surat Izin Praktik",
        "5 Januari 2026",
        "Contoh Pejabat, S.Sos., M.AP.",
        "Kepala Dinas",
        "WIB",
    ] {
        assert!(page.contains(shown), "the page lacks {shown}");
    }
    assert!(!page.contains("9900112233445566") && !page.contains("Contoh Pemohon"));

    let url = format!("{}/api/v1/documents/{}", site.verify, issued.id);
    let (status, entry) = blocking(move || fetch(&url)).await;
    assert_eq!(status, 200);
    let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
    let errors: Vec<_> = schema("registered-document")
        .iter_errors(&entry)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(entry["standing"], "in_force");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hash_is_a_forged_qr_and_unknown_malformed_and_guessed_ids_get_one_answer() {
    let site = site().await;
    let issued = site.issue("izin", sample(), &[]).await;
    let endpoint = site.verify.clone();
    let forged = format!("{endpoint}/v/1{}/{}", issued.id, "A".repeat(52));
    let (status, page) = blocking(move || fetch(&forged)).await;
    assert_eq!(status, 404);
    assert!(page.contains("Kode QR palsu"));

    let guessed = "A".repeat(26);
    let mut answers = Vec::new();
    for path in [
        guessed.as_str(),
        &format!("1{guessed}"),
        "x",
        "..%2f..%2fetc",
        &format!("{guessed}/AAAA"),
        "%00",
    ] {
        let url = format!("{endpoint}/v/{path}");
        answers.push(blocking(move || fetch(&url)).await);
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers[0].1.contains("Dokumen tidak terdaftar"));
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "one answer of constant shape"
    );
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_past_its_last_day_is_authentic_but_no_longer_in_force() {
    let site = site().await;
    let issued = site.issue("izin", sample(), &[("valid-until", "2020-12-31")]).await;
    let link = issued.link;
    let (_, page) = blocking(move || fetch(&link)).await;
    assert!(page.contains("sudah tidak berlaku") && page.contains("31 Desember 2020"));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_describes_its_document_whether_it_comes_first_or_last() {
    let site = site().await;
    let said = json!({ "number": "7/2026", "holder": "Contoh Pemohon" });
    for first in [true, false] {
        let name = format!("izin-{first}");
        if first {
            put_sidecar(&site, &name, &said).await;
            site.wait("the sidecar", async || kept_sidecar(&site, &name).await)
                .await;
        }
        let metadata = [("number", "from metadata"), ("type", "Izin")];
        let id = site.submit(&name, sample(), &metadata).await;
        if !first {
            put_sidecar(&site, &name, &said).await;
        }
        let described = site.wait("the sidecar's number", async || {
            let described = document(&site, &id).await.description;
            (described.number.as_deref() == Some("7/2026")).then_some(described)
        });
        assert_eq!(described.await.document_type.as_deref(), Some("Izin"));
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_document_is_not_signed_and_says_why() {
    let site = site().await;
    let id = site.submit("izin", sample(), &[]).await;
    let body = json!({ "verdict": "return", "note": "Lampirkan KTP." });
    assert_eq!(site.decide(&id, "k-1", &body).await.0, 200);
    let returned = site.event(&id, "document.returned").await;
    assert_eq!(returned.data["note"], "Lampirkan KTP.");
    let State::Returned { note } = document(&site, &id).await.state else {
        panic!("not returned")
    };
    assert_eq!(note, "Lampirkan KTP.");
    let late = site.decide(&id, "k-2", &json!({ "verdict": "approve" })).await;
    assert_eq!(late.0, 409);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_neither_pdf_nor_digest_is_refused_with_a_sentence() {
    let site = site().await;
    let url = format!("{}/api/v1/verify", site.verify);
    for (kind, body) in [
        ("application/json", "{"),
        ("application/json", r#"{"sha256":"x"}"#),
        ("application/pdf", ""),
    ] {
        let url = url.clone();
        let (status, problem) = blocking(move || post(&url, kind, body.as_bytes())).await;
        assert_eq!(
            (status, problem["code"].as_str()),
            (400, Some("verify.malformed")),
            "{kind} {body}"
        );
    }
    site.stop().await;
}
