//! The public pages in a real browser.

use crate::support::{blocking, issue, run, sample, stack};

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
