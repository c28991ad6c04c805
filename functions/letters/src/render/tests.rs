#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use pdf::{Limits, SealFace};
use typst::layout::{Frame, FrameItem};

use super::sample::{content, row};
use super::*;

fn built_in() -> Template {
    Template::built_in(&"keterangan@1".parse().unwrap()).unwrap()
}

/// The text of each page, as it is set.
fn pages(template: &Template, content: &Content) -> Vec<String> {
    let desk = Desk::new(template, content, datetime(content).unwrap()).unwrap();
    let document: PagedDocument = typst::compile(&desk).output.unwrap();
    let mut texts = Vec::new();
    for page in document.pages() {
        let mut text = String::new();
        read(&page.frame, &mut text);
        texts.push(text);
    }
    texts
}

fn read(frame: &Frame, text: &mut String) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => read(&group.frame, text),
            FrameItem::Text(run) => {
                text.push_str(&run.text);
                text.push(' ');
            }
            _ => {}
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_letter_is_one_page_that_says_everything_that_it_was_given() {
    let content = content();
    let pages = pages(&built_in(), &content);
    assert_eq!(pages.len(), 1);
    let text = squeezed(&pages[0]);
    for part in [
        "PEMERINTAH KABUPATEN CONTOH",
        "KELURAHAN MELATI",
        "SURAT KETERANGAN DOMISILI",
        "470/12/SKD/XI/2026",
        "9901010101900001",
        "Kelurahan Melati, Kecamatan Mawar",
        "Contoh, 21 November 2026",
        "Plt. Lurah Melati",
        "Siti Contoh, S.Sos.",
        "NIP. 99750101 200001 2 001",
        "Pindai kode QR",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn the_same_content_gives_the_same_bytes_and_another_letter_gives_others() {
    let (template, content) = (built_in(), content());
    let pdf = render(&template, &content, "karo/A").unwrap();
    assert!(pdf.starts_with(b"%PDF-1.7") && pdf.len() < 200_000, "{}", pdf.len());
    comemo::evict(0);
    assert!(render(&template, &content, "karo/A").unwrap() == pdf);
    assert!(render(&template, &content, "karo/B").unwrap() != pdf);
}

#[test]
fn a_letter_can_be_signed_and_sealed_as_it_is() {
    let long = Content {
        rows: (1..=60)
            .map(|index| row(&format!("Isian {index}"), "Contoh isian"))
            .collect(),
        ..content()
    };
    for content in [content(), long] {
        let bytes = render(&built_in(), &content, "karo/A").unwrap();
        let limits = Limits::default();
        let found = pdf::preflight(&bytes, &limits).unwrap();
        assert!(found.repairs.is_empty() && found.signatures.is_empty());
        assert_eq!(
            found.title.as_deref(),
            Some("Surat Keterangan Domisili 470/12/SKD/XI/2026")
        );
        let face = SealFace {
            qr_text: format!(
                "HTTPS://VERIFIKASI.CONTOH.GO.ID/V/1{}/{}",
                "A".repeat(26),
                "A".repeat(52)
            ),
            caption: vec![
                "Dokumen ini disegel secara elektronik.".into(),
                "Periksa keasliannya di verifikasi.contoh.go.id".into(),
            ],
        };
        let with_a_page_for_the_seal = pdf::ensure_room_for_seal(&bytes, &face, &limits).unwrap();
        assert!(with_a_page_for_the_seal.is_none());
    }
}

#[test]
fn what_a_resident_wrote_is_text_and_never_source() {
    let hostile = "#panic(\"x\") *tebal* _miring_ $x^2$ `kode` <label> @ref = Judul #read(\"/etc/passwd\") \\ \" ] } #{ 1 + 1 } // /* \u{202e}";
    let mut content = content();
    content.rows = vec![row(hostile, hostile)];
    content.statements = vec![hostile.into()];
    for text in [
        &mut content.title,
        &mut content.number,
        &mut content.opening,
        &mut content.closing,
        &mut content.place,
        &mut content.signatory.name,
        &mut content.heading.office,
    ] {
        *text = hostile.into();
    }
    content.heading.logo = None;
    let text = squeezed(&pages(&built_in(), &content).concat());
    assert!(
        text.contains("#panic(\"x\") *tebal* _miring_ $x^2$ `kode` <label> @ref = Judul"),
        "{text}"
    );
    assert!(text.contains("#{ 1 + 1 } //"), "{text}");
    assert!(render(&built_in(), &content, "karo/A").is_ok());
}

#[test]
fn a_long_letter_goes_on_to_numbered_pages_and_keeps_its_signature_together() {
    let mut content = content();
    content.rows = (1..=60)
        .map(|index| row(&format!("Isian {index}"), "Contoh isian"))
        .collect();
    let pages = pages(&built_in(), &content);
    assert!(pages.len() > 1);
    let last = squeezed(pages.last().unwrap());
    assert!(last.contains(&format!("Halaman {0} dari {0}", pages.len())), "{last}");
    assert!(
        last.contains("Demikian") && last.contains("Contoh, 21 November 2026") && last.contains("NIP."),
        "{last}"
    );
}

#[test]
fn a_template_finds_nothing_but_its_data_and_its_failure_says_nothing_of_them() {
    let content = content();
    for (source, line) in [
        ("#read(\"/etc/passwd\")", 1),
        ("\n#read(\"../Cargo.toml\")", 2),
        ("\n\n#import \"@preview/cetz:0.3.0\": canvas", 3),
        ("#import \"other.typ\": *", 1),
        ("#image(\"http://127.0.0.1/logo.png\")", 1),
        ("#panic(json(\"/data.json\").rows.first().value)", 1),
        ("#let data = json(\"/data.json\")\n#data.heading.nothing", 2),
        ("#include \"/data.json\"", 1),
        ("#while true {}", 1),
        ("#let f() = f()\n#f()", 1),
    ] {
        let error = render(&Template::of_test(source), &content, "karo/A").unwrap_err();
        let template = "uji@1".to_owned();
        assert_eq!(error, RenderError::Template { template, line }, "{source}");
        assert!(!error.to_string().contains("Budi"));
    }
}

#[test]
fn today_is_the_letters_date_and_too_many_pages_are_refused() {
    let content = content();
    let text = pages(&Template::of_test("#datetime.today().display()"), &content).concat();
    assert_eq!(squeezed(&text), "2026-11-21");
    let long = Template::of_test("#for n in range(30) { pagebreak(weak: false) }");
    let error = render(&long, &content, "karo/A");
    assert!(
        matches!(error, Err(RenderError::TooLong { pages }) if pages > PAGE_LIMIT),
        "{error:?}"
    );
}
