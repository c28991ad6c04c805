//! Normalising: the result can be appended to and shows the same.

use kernel::Fault;
use lopdf::Document;
use pdf::{Limits, normalise, preflight};

use crate::build::{data, pdf, stream};
use crate::preflighting::replace;

/// A document whose object 9 is in an object stream, object 8, and listed by a cross-reference stream.
pub(crate) fn with_object_stream(object_stream: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut records = [[0_u8, 0, 0, 0]; 11];
    for (number, body) in [
        (1_u8, &b"<</Type/Catalog/Pages 2 0 R>>"[..]),
        (2, b"<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"),
        (8, object_stream),
    ] {
        let [high, low] = u16::try_from(out.len()).unwrap().to_be_bytes();
        records[usize::from(number)] = [1, high, low, 0];
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let startxref = out.len();
    let [high, low] = u16::try_from(startxref).unwrap().to_be_bytes();
    records[9] = [2, 0, 8, 0];
    records[10] = [1, high, low, 0];
    let entries = "/Type/XRef/W[1 2 1]/Size 11/Root 1 0 R";
    out.extend_from_slice(b"10 0 obj\n");
    out.extend_from_slice(&stream(entries, &records.concat()));
    out.extend_from_slice(format!("\nendobj\nstartxref\n{startxref}\n%%EOF\n").as_bytes());
    out
}

#[test]
fn encrypted_files_come_out_in_clear_with_the_same_content() {
    for file in [
        "aes256.pdf",
        "aes256-objstm.pdf",
        "aes256-metadata.pdf",
        "aes128.pdf",
        "rc4-128.pdf",
        "rc4-40.pdf",
    ] {
        let normal = normalise(&data(file), &Limits::default()).unwrap();
        let report = preflight(&normal, &Limits::default()).unwrap();
        assert_eq!(report.repairs, [], "{file}");
        assert_eq!(report.title.as_deref(), Some("Izin Usaha Contoh"), "{file}");
        let document = Document::load_mem(&normal).unwrap();
        assert!(!document.is_encrypted() && document.xref_recovery.is_none(), "{file}");
        let page = document.page_iter().next().unwrap();
        assert_eq!(
            document.get_page_content(page).trim_ascii(),
            b"BT /F1 14 Tf 72 760 Td (IZIN USAHA CONTOH) Tj ET",
            "{file}"
        );
        assert_eq!(
            normalise(&data(file), &Limits::default()).unwrap(),
            normal,
            "{file} gives one result"
        );
    }
}

#[test]
fn a_file_that_needs_no_repair_comes_back_byte_by_byte() {
    for file in ["permit.pdf", "object-streams.pdf", "linearized.pdf", "signed.pdf"] {
        assert_eq!(
            normalise(&data(file), &Limits::default()).unwrap(),
            data(file),
            "{file}"
        );
    }
}

#[test]
fn a_file_whose_table_points_at_another_object_is_rebuilt_from_its_objects() {
    let sound = pdf(&["<</X(benar\\))>>", "<</Y 2>>"]);
    let sound = replace(&sound, b"/Pages 2 0 R", b"/Pages 2 0 R/K 4 0 R/Z[ 1 -2 .5 /A#20B null]");
    let normal = normalise(&sound, &Limits::default()).unwrap();
    let document = Document::load_mem(&normal).unwrap();
    let kept = document.get_dict_in_dict(document.catalog().unwrap(), b"K").unwrap();
    assert_eq!(kept.get(b"X").unwrap().as_str().unwrap(), b"benar)");
    let text = String::from_utf8_lossy(&normal);
    assert!(text.contains("/Z [1 -2 0.5 /A#20B null]"), "{text}");
    assert!(!text.contains("/Y 2"), "what nothing leads to is left out: {text}");
    assert_eq!(preflight(&normal, &Limits::default()).unwrap().repairs, []);
}

#[test]
fn a_signed_file_is_never_rewritten() {
    let damaged = [data("signed.pdf").as_slice(), b"junk"].concat();
    assert_eq!(
        normalise(&damaged, &Limits::default()).unwrap_err().code(),
        "pdf.signed_but_damaged"
    );
}

#[test]
fn an_object_stream_that_holds_another_object_at_that_place_is_damage() {
    let object = stream("/Type/ObjStm/N 1/First 4", b"9 0 <</X 1>>");
    let sound = with_object_stream(&object);
    assert_eq!(preflight(&sound, &Limits::default()).unwrap().repairs, []);
    let wrong = stream("/Type/ObjStm/N 1/First 4", b"7 0 <</X 1>>");
    let repaired = preflight(&with_object_stream(&wrong), &Limits::default()).unwrap();
    assert_eq!(
        repaired.repairs,
        [pdf::Repair::Damaged],
        "another object at the place of object 9"
    );
}
