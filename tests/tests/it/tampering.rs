//! What somebody might do to an issued file, and what verification says to it.

use bytes::Bytes;
use serde_json::Value;

use crate::support::{blocking, post, python, root, run, sample, schema, site};

/// A file after a change by a program: `change` gets the paths of the original and of the changed file.
fn changed_by(original: &[u8], change: impl FnOnce(&str, &str)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.pdf"), folder.path().join("to.pdf"));
    std::fs::write(&from, original).unwrap();
    change(from.to_str().unwrap(), to.to_str().unwrap());
    std::fs::read(to).unwrap()
}

/// A file after a change by one of the scripts of `tests/tamper/`.
fn by_python(original: &[u8], script: &str) -> Vec<u8> {
    let script = root().join("tests/tamper").join(script).with_extension("py");
    changed_by(original, |from, to| {
        run(python(), &[script.to_str().unwrap(), from, to]);
    })
}

/// The words on the pages of a file, as a reader shows them.
fn words(pdf: &[u8]) -> String {
    let shown = changed_by(pdf, |from, to| {
        run("pdftotext", &[from, to]);
    });
    String::from_utf8(shown).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_tampering_gets_the_right_verdict() {
    let site = site().await;
    let one = site.issue("satu", sample(), &[("number", "1/2026")]).await;
    let mut other_bytes = sample().to_vec();
    other_bytes.extend_from_slice(b"\n");
    let other = site.issue("dua", other_bytes.into(), &[("number", "2/2026")]).await;

    let mut flipped = one.sealed.to_vec();
    let at = one.signed.len() / 2;
    flipped[at] ^= 1;
    let mut flipped_tail = one.sealed.to_vec();
    let last = flipped_tail.len() - 40;
    flipped_tail[last] ^= 1;
    let replaced = ["replace_content", "replace_page"].map(|script| by_python(&one.sealed, script));
    for changed in &replaced {
        assert!(changed.starts_with(&one.sealed), "an update behind the file");
        let words = words(changed);
        assert!(words.starts_with("LUAS TANAH 9.000 HEKTAR"), "{words}");
        assert!(!words.contains("IZIN"), "the page as it was is not shown: {words}");
    }
    let [content_replaced, page_replaced] = replaced;
    // The seal's update of one document behind the signed file of the other.
    let moved_qr = [&one.signed[..], &other.sealed[other.signed.len()..]].concat();

    let cases: Vec<(&str, Vec<u8>, &str, Option<&str>)> = vec![
        ("as issued", one.sealed.to_vec(), "authentic", Some("1/2026")),
        ("flipped byte in the signed part", flipped, "unknown", None),
        ("flipped byte in the seal", flipped_tail, "altered", Some("1/2026")),
        (
            "annotation appended",
            by_python(&one.sealed, "annotate"),
            "altered",
            Some("1/2026"),
        ),
        ("content replaced", content_replaced, "altered", Some("1/2026")),
        ("page replaced", page_replaced, "altered", Some("1/2026")),
        (
            "truncated to the signed base",
            one.signed.to_vec(),
            "signed_base",
            Some("1/2026"),
        ),
        ("re-saved by pypdf", by_python(&one.sealed, "resave"), "unknown", None),
        (
            "re-saved by qpdf",
            changed_by(&one.sealed, |from, to| {
                run("qpdf", &[from, to]);
            }),
            "unknown",
            None,
        ),
        ("QR of another document", moved_qr, "altered", Some("1/2026")),
        (
            "trailing white space",
            [&one.sealed[..], b"\r\n \n"].concat(),
            "authentic_extended",
            Some("1/2026"),
        ),
        (
            "trailing words",
            [&one.sealed[..], b"\nLUNAS"].concat(),
            "altered",
            Some("1/2026"),
        ),
        ("never issued", sample().to_vec(), "unknown", None),
        ("not a PDF", b"halo".to_vec(), "unknown", None),
    ];
    let url = format!("{}/api/v1/verify", site.verify);
    for (case, bytes, verdict, number) in cases {
        let url = url.clone();
        let (status, answer) = blocking(move || post(&url, "application/pdf", &bytes)).await;
        assert_eq!(
            (status, answer["verdict"].as_str()),
            (200, Some(verdict)),
            "{case}: {answer}"
        );
        assert_eq!(answer["document"]["number"].as_str(), number, "{case}");
        let errors: Vec<_> = schema("verification")
            .iter_errors(&answer)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{case}: {errors:?}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_alone_gets_the_verdict_of_its_file() {
    let site = site().await;
    let issued = site.issue("satu", sample(), &[]).await;
    let url = format!("{}/api/v1/verify", site.verify);
    let ask = |bytes: &Bytes| {
        let (url, body) = (
            url.clone(),
            format!(r#"{{"sha256":"{}"}}"#, kernel::Sha256Digest::of(bytes)),
        );
        blocking(move || post(&url, "application/json", body.as_bytes()))
    };
    let verdict = |(_, answer): (u16, Value)| answer["verdict"].as_str().unwrap().to_owned();
    assert_eq!(verdict(ask(&issued.sealed).await), "authentic");
    assert_eq!(verdict(ask(&issued.signed).await), "signed_base");
    assert_eq!(verdict(ask(&sample()).await), "unknown");
    site.stop().await;
}
