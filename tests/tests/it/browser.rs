//! The public pages in a real browser.

use std::path::Path;

use serde_json::Value;

use crate::devtools::Page;
use crate::support::{Issued, blocking, sample, site};

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_shows_the_page_behind_the_qr_code() {
    let site = site().await;
    let issued = site
        .issue("izin", sample(), &[("number", "503/0042/DPMPTSP/2026")])
        .await;
    let link = issued.link.clone();
    let shown = blocking(move || {
        let mut page = Page::open(&link);
        let language = page.when("document.documentElement.lang");
        assert_eq!(language, "id");
        let fits = page.when("document.documentElement.scrollWidth <= document.documentElement.clientWidth");
        assert_eq!(fits, true, "nothing is cut off at the side");
        page.when("document.body.innerText")
    });
    let shown = shown.await;
    let shown = shown.as_str().unwrap();
    for words in [
        "Dokumen asli dan berlaku",
        "503/0042/DPMPTSP/2026",
        "Contoh Pejabat, S.Sos., M.AP.",
    ] {
        assert!(shown.contains(words), "{words} is not on the page: {shown}");
    }
    site.stop().await;
}

/// A file by name and content, the card that it gets, how that begins, and the number that it names.
type Case = (&'static str, Vec<u8>, &'static str, &'static str, Option<&'static str>);

/// What the front page says of a file that somebody chose: the kind of the card, and its words.
fn result(page: &mut Page, file: &Path) -> (String, String) {
    page.choose_file("#file", file);
    let answer = page.when(
        "(() => {
            const card = document.getElementById('result');
            const title = card.querySelector('h2');
            const done = !card.hidden && title && title.textContent !== 'Memeriksa…';
            const words = [card.className, card.innerText];
            // The card is taken away, so that the next answer is another one.
            if (done) { card.hidden = true; card.replaceChildren(); }
            return done && words;
        })()",
    );
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&answer[0]), text(&answer[1]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_chosen_on_the_front_page_gets_its_verdict_in_words() {
    let site = site().await;
    let issued = site
        .issue("izin", sample(), &[("number", "503/0042/DPMPTSP/2026")])
        .await;
    let expired = [("number", "503/0001/DPMPTSP/2020"), ("valid-until", "2020-12-31")];
    let mut other = sample().to_vec();
    other.push(b'\n');
    let expired = site.issue("lama", other.into(), &expired).await;
    let Issued { signed, sealed, .. } = issued;
    let altered = [&sealed[..], b"\nLUNAS"].concat();
    let cases: [Case; 7] = [
        ("terbit", sealed.to_vec(), "good", "Asli", Some("503/0042/DPMPTSP/2026")),
        (
            "habis",
            expired.sealed.to_vec(),
            "warn",
            "Asli",
            Some("503/0001/DPMPTSP/2020"),
        ),
        (
            "diubah",
            altered,
            "bad",
            "Tidak dapat dipastikan asli",
            Some("503/0042/DPMPTSP/2026"),
        ),
        (
            "tanpa-segel",
            signed.to_vec(),
            "bad",
            "Tidak dapat dipastikan asli",
            Some("503/0042/DPMPTSP/2026"),
        ),
        ("asing", sample().to_vec(), "bad", "Tidak dapat dipastikan asli", None),
        ("kosong", Vec::new(), "bad", "Tidak dapat", None),
        (
            "bukan-pdf",
            b"halo".to_vec(),
            "bad",
            "Tidak dapat dipastikan asli",
            None,
        ),
    ];
    let front = site.verify.clone();
    let seen = blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let mut page = Page::open(&front);
        for (name, bytes, kind, title, number) in cases {
            let file = folder.path().join(name).with_extension("pdf");
            std::fs::write(&file, bytes).unwrap();
            let (class, words) = result(&mut page, &file);
            assert_eq!(class, format!("card {kind}"), "{name}: {words}");
            assert!(words.starts_with(title), "{name}: {words}");
            match number {
                Some(number) => assert!(words.contains(&format!("Nomor: {number}")), "{name}: {words}"),
                None => assert!(!words.contains("Nomor:"), "{name}: {words}"),
            }
            assert_eq!(
                words.contains("Penanda tangan: Contoh Pejabat"),
                number.is_some(),
                "{name}: {words}"
            );
        }
        // Without the service there is no verdict, and the page says so.
        page.go_offline();
        result(&mut page, &folder.path().join("terbit.pdf"))
    });
    let (class, words) = seen.await;
    assert_eq!(class, "card bad");
    assert!(
        words.starts_with("Tidak dapat diperiksa") && words.contains("tidak dapat dihubungi"),
        "{words}"
    );
    site.stop().await;
}
