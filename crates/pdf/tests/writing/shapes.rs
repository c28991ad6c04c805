//! The same signature in files of every shape.

use pdf::{check_appendable, read_qr};

use crate::support::{assemble, limits, seal_request, sign, try_seal, update};

#[derive(Clone, Copy)]
enum Slot {
    Absent,
    Direct,
    Indirect,
    /// A reference to an object that does not exist is null, and null is absent.
    Dangling,
}

const SLOTS: [Slot; 4] = [Slot::Absent, Slot::Direct, Slot::Indirect, Slot::Dangling];

fn entry(key: &str, slot: Slot, direct: &str, reference: &str) -> String {
    match slot {
        Slot::Absent => String::new(),
        Slot::Direct => format!("/{key} {direct}"),
        Slot::Indirect => format!("/{key} {reference}"),
        Slot::Dangling => format!("/{key} 99 0 R"),
    }
}

#[test]
fn form_fields_and_annotations_may_each_be_absent_direct_indirect_or_dangling() {
    for form in SLOTS {
        for fields in SLOTS {
            for annotations in SLOTS {
                let fields_entry = entry("Fields", fields, "[8 0 R]", "6 0 R");
                let form_text = format!("<</DA (/Helv 0 Tf) {fields_entry}>>");
                let catalog = format!(
                    "<</Type/Catalog/Pages 2 0 R{}>>",
                    entry("AcroForm", form, &form_text, "5 0 R")
                );
                let page = format!(
                    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.275590551 841.889763779]{}>>",
                    entry("Annots", annotations, "[8 0 R]", "7 0 R")
                );
                let pdf = assemble(&[
                    &catalog,
                    "<</Type/Pages/Count 1/Kids[3 0 R]>>",
                    &page,
                    "null",
                    &form_text,
                    "[8 0 R]",
                    "[8 0 R]",
                    "<</Type/Annot/Subtype/Widget/FT/Tx/T(nama)/Rect[10 10 90 30]/P 3 0 R>>",
                ]);
                let signed = sign(&pdf);
                check_appendable(signed.bytes(), &limits()).unwrap();
                let sealed = try_seal(&signed).unwrap();
                check_appendable(sealed.bytes(), &limits()).unwrap();
                assert_eq!(
                    read_qr(sealed.bytes(), &limits()).unwrap(),
                    seal_request(&signed).face.qr_text
                );

                let document = lopdf::Document::load_mem(sealed.bytes()).unwrap();
                let form_dict = document.catalog().unwrap().get(b"AcroForm").unwrap();
                let form_dict = document.dereference(form_dict).unwrap().1.as_dict().unwrap();
                assert_eq!(form_dict.get(b"SigFlags").unwrap().as_i64().unwrap(), 3);
                let all = document
                    .dereference(form_dict.get(b"Fields").unwrap())
                    .unwrap()
                    .1
                    .as_array()
                    .unwrap();
                let kept = usize::from(matches!(form, Slot::Direct | Slot::Indirect))
                    * usize::from(matches!(fields, Slot::Direct | Slot::Indirect));
                assert_eq!(all.len(), kept + 2, "the old field stays and two are added");
                assert_eq!(form_dict.has(b"DA"), matches!(form, Slot::Direct | Slot::Indirect));

                let page = document.get_dictionary((3, 0)).unwrap();
                let list = document
                    .dereference(page.get(b"Annots").unwrap())
                    .unwrap()
                    .1
                    .as_array()
                    .unwrap();
                let kept = usize::from(matches!(annotations, Slot::Direct | Slot::Indirect));
                assert_eq!(list.len(), kept + 2);
                let text = String::from_utf8_lossy(&sealed.bytes()[pdf.len()..]).into_owned();
                assert!(
                    !text.contains("MediaBox") || text.contains("[0 0 595.275590551 841.889763779]"),
                    "an unchanged value keeps its spelling"
                );
            }
        }
    }
}

#[test]
fn a_file_with_a_cross_reference_stream_gets_another_one() {
    let base = std::fs::read(format!("{}/tests/data/object-streams.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let signed = sign(&base);
    let text = update(&base, signed.bytes());
    assert!(text.contains("/Type /XRef") && !text.contains("\ntrailer\n"), "{text}");
    let sealed = try_seal(&signed).unwrap();
    check_appendable(sealed.bytes(), &limits()).unwrap();
    lopdf::Document::load_mem(sealed.bytes()).unwrap();
}

#[test]
fn a_linearized_file_is_appended_to() {
    let base = std::fs::read(format!("{}/tests/data/linearized.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let sealed = try_seal(&sign(&base)).unwrap();
    check_appendable(sealed.bytes(), &limits()).unwrap();
}

#[test]
fn a_page_takes_box_and_rotation_from_its_ancestors() {
    let pdf = assemble(&[
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 2/Kids[3 0 R 6 0 R]/MediaBox[0 0 300 500]/Rotate 90>>",
        "<</Type/Pages/Parent 2 0 R/Count 1/Kids[4 0 R]>>",
        "<</Type/Page/Parent 3 0 R>>",
        "null",
        // A node without pages at the end, as some producers leave behind.
        "<</Type/Pages/Parent 2 0 R/Count 0/Kids[]>>",
    ]);
    let signed = sign(&pdf);
    let sealed = try_seal(&signed).unwrap();
    assert_eq!(
        read_qr(sealed.bytes(), &limits()).unwrap(),
        seal_request(&signed).face.qr_text
    );
    let [x0, y0, x1, y1] = crate::support::widget(sealed.bytes());
    assert!(
        y1 - y0 > x1 - x0,
        "beside the code on a page that is seen turned, the text runs upwards in the file"
    );
    assert!(x0 >= 0.0 && y0 >= 0.0 && x1 <= 300.0 && y1 <= 500.0);
}
