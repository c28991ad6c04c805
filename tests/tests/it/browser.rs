//! The public pages in a real browser.

use serde_json::Value;

use crate::support::{blocking, issue, python, root, run, sample, stack};

/// The document as Chromium has it after its scripts have run.
fn dom(url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let profile = format!("--user-data-dir={}", profile.path().display());
    let flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--disable-background-networking",
        "--disable-component-update",
        "--window-size=390,844",
        &profile,
        "--dump-dom",
        url,
    ];
    String::from_utf8(run("chromium", &flags)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_shows_the_page_behind_the_qr_code() {
    let stack = stack(true, None).await;
    let issued = issue(&stack, "izin", sample(), &[("number", "503/0042/DPMPTSP/2026")]).await;
    let link = issued.link.clone();
    let page = blocking(move || dom(&link)).await;
    assert!(page.contains("Dokumen asli dan berlaku") && page.contains("503/0042/DPMPTSP/2026"));
    assert!(page.contains("lang=\"id\""));
    stack.stop().await;
}

/// What the front page says of a file that somebody chooses.
fn choose(endpoint: &str, bytes: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("surat.pdf");
    std::fs::write(&file, bytes).unwrap();
    let script = root().join("tests/browser/choose_file.py");
    let url = format!("{endpoint}/");
    let said = run(python(), &[script.to_str().unwrap(), &url, file.to_str().unwrap()]);
    serde_json::from_slice(&said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_tells_an_issued_file_from_an_altered_and_a_foreign_one() {
    let stack = stack(true, None).await;
    let issued = issue(&stack, "izin", sample(), &[("number", "503/0042/DPMPTSP/2026")]).await;
    let altered = [&issued.sealed[..], b"\n1 0 obj<<>>endobj\n"].concat();
    let cases = [
        (issued.sealed.to_vec(), "good", "503/0042/DPMPTSP/2026"),
        (altered, "bad", "503/0042/DPMPTSP/2026"),
        (sample().to_vec(), "bad", "tidak"),
    ];
    for (bytes, class, text) in cases {
        let endpoint = stack.endpoint();
        let said = blocking(move || choose(&endpoint, &bytes)).await;
        assert!(said["class"].as_str().unwrap().contains(class), "{said}");
        assert!(said["text"].as_str().unwrap().contains(text), "{said}");
    }
    stack.stop().await;
}
