//! Preflight: what passes and what does not.

use kernel::{Disposition, Fault};
use pdf::{Limits, PreflightError, Repair, preflight};

use crate::build::{append, assemble, changed, data, pdf, pdf_with, stream};

#[track_caller]
fn refused(pdf: &[u8]) -> &'static str {
    let error = preflight(pdf, &Limits::default()).unwrap_err();
    assert_eq!(error.disposition(), Disposition::Reject);
    error.code()
}

#[test]
fn a_sound_permit_passes_with_its_title_and_needs_no_repair() {
    for (file, version) in [
        ("permit.pdf", "1.7"),
        ("object-streams.pdf", "1.7"),
        ("linearized.pdf", "1.7"),
    ] {
        let report = preflight(&data(file), &Limits::default()).unwrap();
        assert_eq!((report.pages, report.version.as_str()), (1, version), "{file}");
        assert_eq!(report.title.as_deref(), Some("Izin Usaha Contoh"), "{file}");
        assert_eq!((report.signatures.len(), report.repairs), (0, Vec::new()), "{file}");
    }
}

#[test]
fn encrypted_files_that_open_without_a_password_pass_and_are_to_be_normalised() {
    for file in [
        "aes256.pdf",
        "aes256-objstm.pdf",
        "aes256-metadata.pdf",
        "aes128.pdf",
        "rc4-128.pdf",
        "rc4-40.pdf",
    ] {
        let report = preflight(&data(file), &Limits::default()).unwrap();
        assert_eq!(report.repairs, [Repair::Encrypted], "{file}");
        assert_eq!(report.title.as_deref(), Some("Izin Usaha Contoh"), "{file}");
    }
    assert_eq!(refused(&data("user-password.pdf")), "pdf.password_required");
}

#[test]
fn signatures_that_a_file_carries_are_listed() {
    let report = preflight(&data("signed-and-sealed.pdf"), &Limits::default()).unwrap();
    assert_eq!(report.signatures, ["Pejabat", "Segel"]);
    assert_eq!(report.repairs, []);
}

#[test]
fn a_signature_that_forbids_others_refuses_the_file() {
    assert_eq!(refused(&data("certified.pdf")), "pdf.certified");
    assert_eq!(refused(&data("locked.pdf")), "pdf.fields_locked");
}

#[test]
fn files_that_are_not_whole_pdfs_are_refused() {
    assert_eq!(refused(b""), "pdf.empty");
    assert_eq!(refused("ini bukan PDF".as_bytes()), "pdf.not_pdf");
    let permit = data("permit.pdf");
    for end in (20..permit.len() - 6).step_by(7) {
        assert_eq!(refused(&permit[..end]), "pdf.truncated", "at {end}");
    }
    for (file, step) in [("linearized.pdf", 31), ("signed-and-sealed.pdf", 97)] {
        let whole = data(file);
        for end in (20..whole.len() - 6).step_by(step) {
            if let Ok(report) = preflight(&whole[..end], &Limits::default()) {
                // Cut exactly after a revision, what is left is a whole document.
                assert!(
                    whole[..end].trim_ascii_end().ends_with(b"%%EOF") && report.pages == 1,
                    "{file} at {end}"
                );
            }
        }
    }
}

#[test]
fn a_file_over_a_limit_is_refused_by_name() {
    let permit = data("permit.pdf");
    let limit = |limits: Limits| preflight(&permit, &limits).unwrap_err().code();
    assert_eq!(
        limit(Limits {
            max_bytes: permit.len() - 1,
            ..Limits::default()
        }),
        "pdf.too_large"
    );
    assert_eq!(
        limit(Limits {
            max_pages: 0,
            ..Limits::default()
        }),
        "pdf.too_many_pages"
    );
    assert_eq!(
        limit(Limits {
            max_objects: 3,
            ..Limits::default()
        }),
        "pdf.too_many_objects"
    );
    assert_eq!(
        limit(Limits {
            max_depth: 2,
            ..Limits::default()
        }),
        "pdf.too_deep"
    );
    assert_eq!(
        limit(Limits {
            max_work: 100,
            ..Limits::default()
        }),
        "pdf.too_complex"
    );
    let streams = data("object-streams.pdf");
    let limits = Limits {
        max_decompressed_bytes: 100,
        ..Limits::default()
    };
    assert_eq!(
        preflight(&streams, &limits).unwrap_err().code(),
        "pdf.decompresses_too_large"
    );
}

#[test]
fn a_damaged_unsigned_file_passes_as_to_be_repaired() {
    let sound = pdf(&["<</X 1>>", "<</Y 2>>"]);
    let at = |needle: &[u8]| sound.windows(needle.len()).position(|w| w == needle).unwrap();
    let (fourth, fifth) = (at(b"4 0 obj"), at(b"5 0 obj"));
    let text = |offset: usize| format!("{offset:010} 00000 n");
    let swap = |from: &str, to: &str| replace(&sound, from.as_bytes(), to.as_bytes());
    let damaged = [
        ("an entry points at another object", swap(&text(fourth), &text(fifth))),
        ("startxref leads nowhere", swap("startxref\n", "startxref\n7")),
        ("bytes before the header", [b"junk\n".as_slice(), &sound].concat()),
        ("bytes after the end", [sound.as_slice(), b"<html>"].concat()),
        ("a key comes twice", pdf(&["<</S 1/S 2>>"])),
        (
            "the length of a stream is wrong",
            pdf(&["<</Length 3>>\nstream\nabcdefg\nendstream"]),
        ),
        (
            "sections form a cycle",
            replace(
                &sound,
                b"/Root 1 0 R",
                format!("/Root 1 0 R/Prev {}", startxref(&sound)).as_bytes(),
            ),
        ),
    ];
    for (what, file) in damaged {
        let report = preflight(&file, &Limits::default()).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!((report.pages, report.repairs), (1, vec![Repair::Damaged]), "{what}");
    }
}

#[test]
fn a_damaged_signed_file_is_refused() {
    let signed = data("signed.pdf");
    let damaged = [signed.as_slice(), b"<html>"].concat();
    assert_eq!(refused(&damaged), "pdf.signed_but_damaged");
    let redirected = replace(&signed, b"startxref\n", b"startxref\n9");
    assert_eq!(refused(&redirected), "pdf.signed_but_damaged");
    // An entry of the update that points at an object of the revision before it.
    let update = append(&signed, &[changed(&signed, (3, 0), |_| ())]);
    let offset = |needle: &[u8]| update.windows(needle.len()).rposition(|w| w == needle).unwrap();
    let (third, second) = (
        offset(b"\n3 0 obj") + 1,
        update.windows(8).position(|w| w == b"\n2 0 obj").unwrap() + 1,
    );
    let shifted = replace(
        &update,
        format!("{third:010}").as_bytes(),
        format!("{second:010}").as_bytes(),
    );
    assert_eq!(refused(&shifted), "pdf.signed_but_damaged");
}

#[test]
fn content_that_acts_is_found_wherever_it_hides() {
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>";
    let catalog = |entry: &str| pdf_with(&format!("<</Type/Catalog/Pages 2 0 R{entry}>>"), page, &[] as &[&str]);
    let on_page = |entry: &str, more: &[&str]| {
        let page = format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{entry}>>");
        pdf_with("<</Type/Catalog/Pages 2 0 R>>", &page, more)
    };
    let in_stream = stream("/Type/ObjStm/N 1/First 4", b"9 0 <</S/JavaScript/JS(x)>>");
    for (file, what) in [
        (
            catalog("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"),
            "JavaScript",
        ),
        (catalog("/OpenAction<</#53/J#61vaScript/J#53(x)>>"), "JavaScript"),
        (catalog("/Names<</JavaScript<</Names[]>>>>"), "JavaScript"),
        (catalog("/Names<</#45mbeddedFiles<</Names[]>>>>"), "an embedded file"),
        (catalog("/AcroForm<</XFA(x)/Fields[]>>"), "an XFA form"),
        (
            on_page("/AA<</O<</S/Launch/F(cmd.exe)>>>>", &[]),
            "an action that starts a program",
        ),
        (
            on_page(
                "/Annots[4 0 R]",
                &["<</Subtype/Link/A 5 0 R>>", "<</S 6 0 R/JS(x)>>", "/JavaScript"],
            ),
            "JavaScript",
        ),
        (
            on_page("", &["<</S/URI/Next[<</S/URI/Next<</S/GoToE>>>>]>>"]),
            "an embedded file",
        ),
        (
            on_page("", &["<</S/GoToR/F(\\\\\\\\server\\\\x)>>"]),
            "an action that opens another file",
        ),
        (
            on_page("", &["<</S/SubmitForm/F(http://contoh.id)>>"]),
            "an action that transfers a form",
        ),
        (on_page("", &["<</Subtype/RichMedia>>"]), "multimedia"),
        (on_page("", &["<</Subtype/FileAttachment>>"]), "an embedded file"),
        (on_page("", &["<</Type/Filespec/EF<</F 9 0 R>>>>"]), "an embedded file"),
        (crate::normalising::with_object_stream(&in_stream), "JavaScript"),
    ] {
        match preflight(&file, &Limits::default()) {
            Err(PreflightError::ActiveContent { what: found }) => assert_eq!(found.to_string(), what),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn links_and_jumps_within_the_document_are_fine() {
    let file = pdf(&[
        "<</S/URI/URI(https://contoh.go.id)>>",
        "<</S/GoTo/D[3 0 R/Fit]>>",
        "<</Type/StructElem/S/P>>",
    ]);
    assert_eq!(preflight(&file, &Limits::default()).unwrap().repairs, []);
}

#[test]
fn broken_page_trees_are_refused() {
    let tree = |pages: &str, page: &str| {
        let catalog: &[u8] = b"<</Type/Catalog/Pages 2 0 R>>";
        assemble(&[catalog, pages.as_bytes(), page.as_bytes()])
    };
    let page = "<</Type/Page/Parent 2 0 R>>";
    assert_eq!(
        refused(&tree("<</Type/Pages/Count 2/Kids[3 0 R 2 0 R]>>", page)),
        "pdf.page_tree_cycle"
    );
    assert_eq!(
        refused(&tree("<</Type/Pages/Count 2/Kids[3 0 R 3 0 R]>>", page)),
        "pdf.page_tree_cycle"
    );
    assert_eq!(refused(&tree("<</Type/Pages/Count 0/Kids[]>>", page)), "pdf.malformed");
    assert_eq!(
        refused(&tree("<</Type/Pages/Count 1/Kids[9 0 R]>>", page)),
        "pdf.malformed"
    );
    assert_eq!(refused(&tree("<</Type/Pages/Count 1/Kids 7>>", page)), "pdf.malformed");
    assert_eq!(
        refused(&tree(
            "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            "<</Type/Font/Subtype/Type1>>"
        )),
        "pdf.malformed",
        "a font is no page"
    );
    // A hundred levels of one page each.
    let levels: Vec<String> = (3..=110)
        .map(|kid| format!("<</Type/Pages/Kids[{kid} 0 R]>>"))
        .collect();
    let mut objects: Vec<&[u8]> = vec![b"<</Type/Catalog/Pages 2 0 R>>"];
    objects.extend(levels.iter().map(String::as_bytes));
    objects.push(page.as_bytes());
    assert_eq!(refused(&assemble(&objects)), "pdf.too_deep");
}

#[test]
fn page_counts_that_are_wrong_are_mended_unless_the_file_is_signed() {
    let pages = |count: &str| {
        assemble(&[
            b"<</Type/Catalog/Pages 2 0 R>>",
            format!("<</Type/Pages{count}/Kids[3 0 R 4 0 R]>>").as_bytes(),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
            b"<</Type/Pages/Parent 2 0 R/Count 1/Kids[5 0 R]>>",
            b"<</Parent 4 0 R/MediaBox[0 0 595 842]>>",
        ])
    };
    assert_eq!(preflight(&pages("/Count 2"), &Limits::default()).unwrap().repairs, []);
    for count in ["", "/Count 1", "/Count -1", "/Count 2000000000", "/Count/Two"] {
        let report = preflight(&pages(count), &Limits::default()).unwrap();
        assert_eq!((report.pages, report.repairs), (2, vec![Repair::Miscounted]), "{count}");
        let normal = pdf::normalise(&pages(count), &Limits::default()).unwrap();
        let tree = lopdf::Document::load_mem(&normal).unwrap();
        let root = tree.catalog().unwrap().get(b"Pages").unwrap().as_reference().unwrap();
        let count = tree.get_dictionary(root).unwrap().get(b"Count").unwrap();
        assert_eq!(count.as_i64().unwrap(), 2);
    }
    let signed = replace(&data("signed.pdf"), b"/Count 1", b"/Count 7");
    assert_eq!(refused(&signed), "pdf.signed_but_damaged");
}

#[test]
fn a_size_that_strict_readers_refuse_is_damage() {
    let sound = pdf::<&[u8]>(&[]);
    for size in ["/Size 3", "/Size -4", "/Size 8388609", "/Size/Four", ""] {
        let report = preflight(&replace(&sound, b"/Size 4", size.as_bytes()), &Limits::default()).unwrap();
        assert_eq!(report.repairs, [Repair::Damaged], "{size}");
    }
}

#[test]
fn a_form_field_that_contains_itself_is_refused_and_one_that_is_listed_twice_is_not() {
    let form = |fields: &str, field: &str| {
        let catalog = format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{fields}]>>>>");
        pdf_with(
            &catalog,
            "<</Type/Page/Parent 2 0 R>>",
            &[field, "<</FT/Tx/T(b)/Kids[4 0 R]>>"],
        )
    };
    assert_eq!(refused(&form("4 0 R", "<</FT/Tx/T(a)/Kids[4 0 R]>>")), "pdf.malformed");
    assert_eq!(refused(&form("4 0 R", "<</FT/Tx/T(a)/Kids[5 0 R]>>")), "pdf.malformed");
    let twice = form("4 0 R 4 0 R", "<</FT/Tx/T(a)>>");
    assert_eq!(preflight(&twice, &Limits::default()).unwrap().repairs, []);
}

pub(crate) fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn startxref(pdf: &[u8]) -> usize {
    let at = pdf.windows(9).rposition(|window| window == b"startxref").unwrap();
    let text = std::str::from_utf8(&pdf[at + 10..]).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

#[test]
fn a_file_that_ends_within_an_update_is_cut_off_and_not_taken_for_the_revision_before() {
    let mut file = data("permit.pdf");
    file.extend_from_slice(b"\n7 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite");
    assert_eq!(
        preflight(&file, &Limits::default()).unwrap_err().code(),
        "pdf.truncated"
    );
}

#[test]
fn an_unsigned_hybrid_file_is_to_be_normalised_and_comes_out_with_one_table() {
    let hybrid = data("hybrid.pdf");
    assert_eq!(
        preflight(&hybrid, &Limits::default()).unwrap().repairs,
        [Repair::Hybrid]
    );
    let normal = pdf::normalise(&hybrid, &Limits::default()).unwrap();
    assert_eq!(preflight(&normal, &Limits::default()).unwrap().repairs, []);
    assert!(memchr::memmem::find(&normal, b"/XRefStm").is_none());
}
