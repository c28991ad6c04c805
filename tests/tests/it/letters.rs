//! Residents' letters, from a draft to a PDF that foreign validators accept and that anybody can verify.

mod village;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{blocking, fetch, folder_of_home, python, run};
use crate::validators::refused;
use village::{BUDI, CAMAT, EXAMINER, LURAH, RT_001, RT_001_OF_RW_004, RT_002, RW_003, RW_004, Village};

const RT: &str = "menunggu_verifikasi_rt";
const RW: &str = "menunggu_verifikasi_rw";
const ADMIN: &str = "menunggu_admin";

/// What was decided at each level last: `approved`, `returned`, ...
fn states(letter: &Value) -> Vec<(&str, &str)> {
    let levels = letter["progress"].as_array().unwrap().iter();
    levels
        .map(|level| (level["level"].as_str().unwrap(), level["state"].as_str().unwrap()))
        .collect()
}

/// The note of a level's last decision.
fn note(letter: &Value, level: usize) -> &str {
    letter["progress"][level]["last"]["note"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_each_route_ends_as_a_pdf_that_validators_accept_and_anybody_can_verify() {
    let village = Village::open().await;
    let scratch = tempfile::tempdir().unwrap();
    let mut finished = Vec::new();
    for (rt, rw) in [(true, true), (true, false), (false, true), (false, false)] {
        let code = village.letter_type(rt, rw).await;
        let id = village.submitted(&code).await;
        let unfinished = village
            .letters(BUDI, "GET", &format!("/letters/{id}/pdf"), None, &Value::Null)
            .await;
        assert_eq!(unfinished.status, 409, "a letter that waits has no PDF");
        if rt {
            village.waits(&id, RT).await;
            village.approve(RT_001, &id).await;
        }
        if rw {
            village.waits(&id, RW).await;
            village.approve(RW_003, &id).await;
        }
        let letter = village.waits(&id, ADMIN).await;
        if rt || rw {
            let path = format!("/approvals/{id}");
            let approval = village.approvals(LURAH, "GET", &path, &Value::Null).await.json();
            assert_eq!(
                approval["answers"], letter["answers"],
                "whoever decides reads what they decide on"
            );
        }
        village.approve(LURAH, &id).await;
        let letter = village.waits(&id, "selesai").await;
        let levels = [("rt", rt), ("rw", rw), ("admin", true)].into_iter();
        let levels = levels
            .filter(|(_, needed)| *needed)
            .map(|(level, _)| (level, "approved"));
        assert_eq!(states(&letter), levels.collect::<Vec<_>>());
        let number = letter["number"].as_str().unwrap();
        assert!(number.starts_with(&format!("470/1/{code}/")), "{number}");

        let pdf = village
            .letters(BUDI, "GET", &format!("/letters/{id}/pdf"), None, &Value::Null)
            .await;
        assert_eq!(pdf.status, 200);
        let file = scratch.path().join(format!("{id}.pdf"));
        std::fs::write(&file, pdf.body).unwrap();
        finished.push(json!({ "final": file, "verify_url": letter["verify_url"], "number": number }));
    }

    for letter in &finished {
        let link = letter["verify_url"].as_str().unwrap().to_owned();
        let (status, page) = blocking(move || fetch(&link)).await;
        assert_eq!(status, 200);
        for shown in [
            "Dokumen asli dan berlaku",
            letter["number"].as_str().unwrap(),
            "Surat Keterangan Domisili",
        ] {
            assert!(page.contains(shown), "the page lacks {shown}");
        }
    }
    let keys = folder_of_home();
    let objections = blocking(move || refused(scratch.path(), &keys, &finished)).await;
    assert!(objections.is_empty(), "{}", objections.join("\n"));
    village.site.stop().await;
}

/// What a reader of PDFs finds written in a file, and why it was signed.
fn text_and_reasons(file: &Path) -> (String, String) {
    let script = "import sys; from pypdf import PdfReader; pdf = PdfReader(sys.argv[1]); \
        print(' '.join(' '.join(page.extract_text() for page in pdf.pages).split())); \
        print([field['/V'].get('/Reason') for field in pdf.get_fields().values() if '/V' in field])";
    let written = run(python(), &["-c", script, file.to_str().unwrap()]);
    let written = String::from_utf8(written).unwrap();
    let (text, reasons) = written.split_once('\n').unwrap();
    (text.to_owned(), reasons.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn letter_signature_and_page_call_the_office_of_another_what_the_letterhead_calls_it() {
    let village = Village::open().await;
    village.delegate(CAMAT, EXAMINER).await;
    let id = village.submitted(&village.letter_type(false, false).await).await;
    village.approve(EXAMINER, &id).await;
    let letter = village.waits(&id, "selesai").await;
    let pdf = village
        .letters(BUDI, "GET", &format!("/letters/{id}/pdf"), None, &Value::Null)
        .await;
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("surat.pdf");
    std::fs::write(&file, pdf.body).unwrap();
    let (text, reasons) = blocking(move || text_and_reasons(&file)).await;
    assert!(text.contains("Plh. Camat Mawar, Siti Contoh, S.Sos."), "{text}");
    assert!(reasons.contains("oleh Plh. Camat Mawar sebagai dokumen"), "{reasons}");
    let link = letter["verify_url"].as_str().unwrap().to_owned();
    let (_, page) = blocking(move || fetch(&link)).await;
    assert!(page.contains("Plh. Camat Mawar"), "{page}");
    for said in [text, reasons, page] {
        assert!(!said.contains("Super Admin"), "{said}");
    }
    village.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_the_rt_sent_back_is_corrected_by_its_resident_and_verified_again_from_the_beginning() {
    let village = Village::open().await;
    let id = village.submitted(&village.letter_type(true, true).await).await;
    village.reject(RT_001, &id, "Lampirkan KK").await;
    let letter = village.waits(&id, "revisi_rt").await;
    assert_eq!(
        (states(&letter)[0], note(&letter, 0)),
        (("rt", "returned"), "Lampirkan KK")
    );

    village.correct(&id, "Jalan Melur 8").await;
    village.submit(&id).await;
    let letter = village.waits(&id, RT).await;
    assert_eq!(letter["answers"]["alamat"], "Jalan Melur 8");
    for (official, next) in [(RT_001, RW), (RW_003, ADMIN), (LURAH, "selesai")] {
        village.approve(official, &id).await;
        village.waits(&id, next).await;
    }
    village.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_back_one_level_at_a_time_and_the_admin_may_refuse_it_for_good() {
    let village = Village::open().await;
    let id = village.submitted(&village.letter_type(true, true).await).await;
    village.approve(RT_001, &id).await;
    village.waits(&id, RW).await;
    village.reject(RW_003, &id, "Data alamat tidak sesuai").await;
    let letter = village.waits(&id, RT).await;
    assert_eq!(
        states(&letter),
        [("rt", "waiting"), ("rw", "returned"), ("admin", "pending")]
    );
    assert_eq!(note(&letter, 1), "Data alamat tidak sesuai");

    for (official, next) in [(RT_001, RW), (RW_003, ADMIN)] {
        village.approve(official, &id).await;
        village.waits(&id, next).await;
    }
    village.reject(LURAH, &id, "Nomor rumah belum ada").await;
    village.waits(&id, RW).await;
    village.approve(RW_003, &id).await;
    village.waits(&id, ADMIN).await;
    let refuse = json!({ "catatan": "Bukan warga kelurahan ini", "tolak_final": true });
    let path = format!("/admin/reject/{id}");
    assert_eq!(village.approvals(LURAH, "POST", &path, &refuse).await.status, 200);
    let letter = village.waits(&id, "ditolak").await;
    assert_eq!(
        (states(&letter)[2], note(&letter, 2)),
        (("admin", "rejected"), "Bukan warga kelurahan ini")
    );
    village.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_asked_back_in_time_is_a_draft_again_and_may_be_submitted_once_more() {
    let village = Village::open().await;
    let id = village.submitted(&village.letter_type(false, true).await).await;
    let path = format!("/letters/{id}/withdraw");
    assert_eq!(village.letters(BUDI, "POST", &path, None, &json!({})).await.status, 202);
    village.waits(&id, "draft").await;
    village.submit(&id).await;
    village.reject(RW_003, &id, "Lampirkan KK").await;
    village.waits(&id, "revisi_rw").await;
    village.submit(&id).await;
    village.approve(RW_003, &id).await;
    village.waits(&id, ADMIN).await;
    village.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verifiers_of_another_rt_or_rw_neither_see_a_letter_nor_decide_on_it() {
    let village = Village::open().await;
    let id = village.submitted(&village.letter_type(true, true).await).await;
    let listed = async |who| {
        let inbox = village.inbox(who).await;
        inbox.iter().any(|item| item["id"] == id.as_str())
    };
    village
        .site
        .wait("the approval", async || listed(RT_001).await.then_some(()))
        .await;
    let strangers = [RT_002, RT_001_OF_RW_004, RW_004];
    for stranger in strangers {
        let seen = village
            .letters(stranger, "GET", &format!("/letters/{id}"), None, &Value::Null)
            .await;
        assert_eq!(seen.status, 404);
        assert!(!listed(stranger).await);
        let path = format!("/verifikator/approve/{id}");
        let decided = village.approvals(stranger, "POST", &path, &json!({})).await;
        assert!(matches!(decided.status, 403 | 404), "{}", decided.json());
    }
    let letter = village.waits(&id, RT).await;
    assert_eq!(states(&letter)[0], ("rt", "waiting"));
    let seen = village
        .letters(RT_001, "GET", &format!("/letters/{id}"), None, &Value::Null)
        .await;
    assert_eq!(seen.status, 200);
    village.site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_are_approved_at_once_get_numbers_without_gaps() {
    const LETTERS: usize = 12;
    let village = Village::open().await;
    let code = village.letter_type(false, false).await;
    let mut ids = Vec::new();
    for _ in 0..LETTERS {
        ids.push(village.submitted(&code).await);
    }
    futures::future::join_all(ids.iter().map(|id| village.approve(LURAH, id))).await;
    let mut numbers = BTreeSet::new();
    for id in &ids {
        let letter = village.waits(id, "selesai").await;
        let number = letter["number"].as_str().unwrap().split('/').nth(1).unwrap();
        numbers.insert(number.parse::<usize>().unwrap());
    }
    assert_eq!(numbers, (1..=LETTERS).collect());
    village.site.stop().await;
}
