#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use jiff::civil::date;
use typst::layout::{Frame, FrameItem};

use super::*;

const CREST: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 100">
    <path d="M5 5h80v50q0 30-40 42Q5 85 5 55Z" fill="#0b5d3b" stroke="#d8a21b" stroke-width="5"/>
    <circle cx="45" cy="45" r="20" fill="#fff"/><path d="M45 30l5 11 12 1-9 8 3 12-11-6-11 6 3-12-9-8 12-1z" fill="#d8a21b"/>
</svg>"##;

fn built_in() -> Template {
    Template::built_in(&"keterangan@1".parse().unwrap()).unwrap()
}

fn row(label: &str, value: &str) -> Row {
    Row {
        label: label.into(),
        value: value.into(),
    }
}

pub(super) fn content() -> Content {
    Content {
        heading: Heading {
            superiors: vec!["Pemerintah Kabupaten Contoh".into(), "Kecamatan Mawar".into()],
            office: "Kelurahan Melati".into(),
            address: vec![
                "Jalan Contoh Nomor 1, Melati, Mawar, Contoh 99999".into(),
                "Telepon (000) 000000, pos-el kelurahan@melati.example".into(),
            ],
            logo: Some(Logo(CREST.to_vec())),
        },
        title: "Surat Keterangan Domisili".into(),
        number: "470/12/SKD/XI/2026".into(),
        opening: "Yang bertanda tangan di bawah ini, Lurah Melati, Kecamatan Mawar, Kabupaten Contoh, menerangkan dengan \
            sebenarnya bahwa:"
            .into(),
        rows: vec![
            row("Nama lengkap", "Budi Contoh"),
            row("NIK", "9901010101900001"),
            row("Tempat, tanggal lahir", "Contoh, 1 Januari 1990"),
            row("Jenis kelamin", "Laki-laki"),
            row("Agama", "Islam"),
            row("Pekerjaan", "Karyawan swasta"),
            row("Alamat", "Jalan Kenanga Nomor 7, RT 001 RW 003,\nKelurahan Melati, Kecamatan Mawar"),
        ],
        statements: vec![
            "Nama tersebut di atas benar warga yang berdomisili di alamat tersebut sejak 1 Februari 2020, sebagaimana surat \
                pengantar dari RT 001 dan RW 003."
                .into(),
            "Surat ini berlaku sampai dengan tanggal 19 Februari 2027.".into(),
        ],
        closing: "Demikian surat keterangan ini dibuat dengan sebenarnya untuk dipergunakan sebagaimana mestinya.".into(),
        place: "Contoh".into(),
        date_text: "21 November 2026".into(),
        date: date(2026, 11, 21),
        signatory: Signatory {
            capacity: vec!["a.n. Lurah Melati".into(), "Sekretaris Kelurahan".into()],
            name: "Siti Contoh, S.Sos.".into(),
            rank: Some("Penata Tingkat I (III/d)".into()),
            nip: Some("99750101 200001 2 001".into()),
        },
        footer: "Surat ini ditandatangani secara elektronik. Pindai kode QR untuk memeriksa keasliannya.".into(),
    }
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
        "a.n. Lurah Melati",
        "Sekretaris Kelurahan",
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
        last.contains("Contoh, 21 November 2026") && last.contains("NIP."),
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

#[test]
fn forty_letters_are_set_in_seconds() {
    let template = built_in();
    let begun = std::time::Instant::now();
    for index in 0..40 {
        let mut content = content();
        content.number = format!("470/{index}/SKD/XI/2026");
        content.rows[0].value = format!("Budi Contoh {index}");
        render(&template, &content, &format!("karo/{index}")).unwrap();
    }
    let took = begun.elapsed();
    // With room for a machine that does other things, too.
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
}
