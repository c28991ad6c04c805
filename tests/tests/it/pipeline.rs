//! A document's way from the inbox to the public page.

use std::collections::BTreeMap;

use bytes::Bytes;
use documents::State;
use serde_json::json;

use crate::support::{
    TENANT, blocking, decision, document, drop_pdf, fetch, issue, post, sample, schema, stack, wait_for,
};

const DESCRIBED: [(&str, &str); 5] = [
    ("number", "503/0042/DPMPTSP/2026"),
    ("type", "Surat Izin Praktik"),
    ("date", "2026-01-05"),
    ("issuing-unit", "DPMPTSP NIK 9900112233445566"),
    ("holder", "Contoh Pemohon"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_is_issued_and_its_public_page_names_it_without_personal_numbers() {
    let stack = stack(true, None).await;
    let issued = issue(&stack, "izin", sample(), &DESCRIBED).await;

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

    let url = format!("{}/api/v1/documents/{}", stack.endpoint(), issued.id);
    let (status, entry) = blocking(move || fetch(&url)).await;
    assert_eq!(status, 200);
    let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
    let errors: Vec<_> = schema("registered-document")
        .iter_errors(&entry)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(entry["standing"], "in_force");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hash_is_a_forged_qr_and_unknown_malformed_and_guessed_ids_get_one_answer() {
    let stack = stack(true, None).await;
    let issued = issue(&stack, "izin", sample(), &[]).await;
    let endpoint = stack.endpoint();
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
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_past_its_last_day_is_authentic_but_no_longer_in_force() {
    let stack = stack(true, None).await;
    let issued = issue(&stack, "izin", sample(), &[("valid-until", "2020-12-31")]).await;
    let link = issued.link;
    let (_, page) = blocking(move || fetch(&link)).await;
    assert!(page.contains("sudah tidak berlaku") && page.contains("31 Desember 2020"));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_describes_its_document_whether_it_comes_first_or_last() {
    let stack = stack(true, None).await;
    let sidecar = Bytes::from_static(br#"{"number":"7/2026","holder":"Contoh Pemohon"}"#);
    for first in [true, false] {
        let name = format!("izin-{first}");
        let key = format!("{TENANT}/loket/{name}.json");
        let inbox = stack.inbox();
        let put = || inbox.drop_off("inbox", &key, "application/json", BTreeMap::new(), sidecar.clone());
        let mut events = stack.events();
        if first {
            put().await.unwrap();
            wait_for(&mut events, "description.detected", None).await;
        }
        drop_pdf(
            &stack,
            &name,
            sample(),
            &[("number", "from metadata"), ("type", "Izin")],
        )
        .await;
        let id = wait_for(&mut events, "approval.opened", None).await.subject.clone();
        if !first {
            put().await.unwrap();
        }
        let described = async {
            while document(&stack, &id).await.description.number.as_deref() != Some("7/2026") {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::support::PATIENCE, described)
            .await
            .expect("the sidecar was lost");
        assert_eq!(
            document(&stack, &id).await.description.document_type.as_deref(),
            Some("Izin")
        );
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_returned_document_is_not_signed_and_says_why() {
    let stack = stack(true, None).await;
    let mut events = stack.events();
    drop_pdf(&stack, "izin", sample(), &[]).await;
    let id = wait_for(&mut events, "approval.opened", None).await.subject.clone();
    let body = json!({ "verdict": "return", "note": "Lampirkan KTP." });
    let answer = stack.functions["decide"]
        .invoke(decision(&id, "k-1", &body))
        .await
        .unwrap();
    assert_eq!(answer["statusCode"], 200);
    let returned = wait_for(&mut events, "document.returned", Some(&id)).await;
    assert_eq!(returned.data["note"], "Lampirkan KTP.");
    let State::Returned { note } = document(&stack, &id).await.state else {
        panic!("not returned")
    };
    assert_eq!(note, "Lampirkan KTP.");
    let late = stack.functions["decide"]
        .invoke(decision(&id, "k-2", &json!({ "verdict": "approve" })))
        .await
        .unwrap();
    assert_eq!(late["statusCode"], 409);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_neither_pdf_nor_digest_is_refused_with_a_sentence() {
    let stack = stack(false, None).await;
    let url = format!("{}/api/v1/verify", stack.endpoint());
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
    stack.stop().await;
}
