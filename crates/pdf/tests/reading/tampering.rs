//! Everything that can be done to a signed file is seen.

use lopdf::{Document, Object};
use pdf::{Changes, Coverage, Integrity, Limits, SignatureReport, verify};

use crate::build::{append, body, changed, data, stream};
use crate::verifying::{at, reports};

/// What was changed after the seal, which covers everything before the update.
#[track_caller]
fn changes(sealed: &[u8], update: &[(u32, Vec<u8>)]) -> Vec<String> {
    let reports = reports(&append(sealed, update));
    assert!(
        reports
            .iter()
            .all(|report| report.integrity == Integrity::Intact && !report.is_sound()),
        "{reports:?}"
    );
    let seal = reports.last().unwrap();
    assert_eq!(seal.coverage, Coverage::Revision { end: sealed.len() });
    match &seal.changes_after {
        Changes::Other { what } => what.clone(),
        benign => panic!("{benign:?}"),
    }
}

fn sealed() -> Vec<u8> {
    data("signed-and-sealed.pdf")
}

const CATALOG: (u32, u16) = (1, 0);
const TREE: (u32, u16) = (2, 0);
const PAGE: (u32, u16) = (3, 0);

fn annotations(pdf: &[u8]) -> Vec<Object> {
    let document = Document::load_mem(pdf).unwrap();
    let page = document.get_dictionary(PAGE).unwrap();
    page.get_deref(b"Annots", &document)
        .unwrap()
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_flipped_byte_breaks_every_signature_that_covers_it() {
    let sealed = sealed();
    let end = data("signed.pdf").len();
    // Within its container a signature also holds what it does not sign, such as the chain of certificates.
    let mut outside = vec![true; sealed.len()];
    let mut rest = 0;
    while let Some(at) = sealed[rest..].windows(11).position(|window| window == b"/Contents <") {
        let end = sealed[rest + at..].iter().position(|&byte| byte == b'>').unwrap();
        outside[rest + at..=rest + at + end].fill(false);
        rest += at + end;
    }
    assert!(rest > end, "both containers are left out");
    let visible: Vec<usize> = (0..sealed.len()).step_by(7).filter(|&at| outside[at]).collect();
    for at in visible {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1;
        let Ok(reports) = verify(
            &flipped,
            &[data("root.der")],
            crate::verifying::at(),
            &Limits::default(),
        ) else {
            continue;
        };
        let sound = reports.iter().filter(|report| report.is_sound()).count();
        // Behind the first signature's revision, that signature alone may stay intact, but never sound.
        let official = reports.iter().find(|report| report.field == "Pejabat");
        assert!(sound <= usize::from(at >= end), "byte {at}: {reports:?}");
        if at < end {
            assert!(
                official.is_none_or(|report| report.integrity != Integrity::Intact),
                "byte {at}: {reports:?}"
            );
        }
    }
}

#[test]
fn an_added_annotation_is_named() {
    let sealed = sealed();
    let mut list = annotations(&sealed);
    list.push(Object::Reference((90, 0)));
    let page = changed(&sealed, PAGE, |page| page.set("Annots", list));
    let note = (
        90,
        b"<</Type/Annot/Subtype/FreeText/Rect[0 0 99 99]/Contents(LUNAS)>>".to_vec(),
    );
    assert_eq!(
        changes(&sealed, &[page, note]),
        ["an annotation (/FreeText) was added to page 1"]
    );
}

#[test]
fn a_removed_annotation_is_named() {
    let sealed = sealed();
    let page = changed(&sealed, PAGE, |page| page.set("Annots", Vec::<Object>::new()));
    assert_eq!(changes(&sealed, &[page]), ["an annotation was removed from page 1"]);
}

#[test]
fn appended_and_exchanged_content_is_named() {
    let sealed = sealed();
    let draw = (90, stream("", b"0 0 200 200 re f"));
    let both = vec![Object::Reference((4, 0)), Object::Reference((90, 0))];
    let page = changed(&sealed, PAGE, |page| page.set("Contents", both));
    assert_eq!(changes(&sealed, &[page, draw]), ["the content of page 1 was changed"]);
    assert_eq!(
        changes(&sealed, &[(4, stream("", b"% lain"))]),
        ["the content of page 1 was changed"]
    );
    assert_eq!(
        changes(&sealed, &[(5, b"<</Type/Font/Subtype/Type3>>".to_vec())]),
        ["object 5 (/Font /Type3) was changed"]
    );
}

#[test]
fn added_removed_and_replaced_pages_are_named() {
    let sealed = sealed();
    let page = (90, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>".to_vec());
    let tree = |kids: Vec<Object>| changed(&sealed, TREE, |tree| tree.set("Kids", kids));
    let (first, other) = (Object::Reference(PAGE), Object::Reference((90, 0)));
    assert_eq!(
        changes(&sealed, &[tree(vec![first, other.clone()]), page.clone()]),
        ["page 2 was added"]
    );
    assert_eq!(changes(&sealed, &[tree(vec![other]), page]), ["page 1 was replaced"]);
}

#[test]
fn other_changes_of_the_document_are_named() {
    let sealed = sealed();
    let action = changed(&sealed, CATALOG, |catalog| {
        catalog.set("OpenAction", Object::Null);
    });
    assert!(
        reports(&append(&sealed, &[action]))
            .iter()
            .all(SignatureReport::is_sound),
        "null is nothing"
    );
    let mode = changed(&sealed, CATALOG, |catalog| {
        catalog.set("PageMode", Object::Name(b"UseNone".to_vec()));
    });
    assert_eq!(changes(&sealed, &[mode]), ["/PageMode of the document was changed"]);
    let title = changed(&sealed, (6, 0), |info| {
        info.set("Title", Object::string_literal("Lain"));
    });
    assert_eq!(
        changes(&sealed, &[title]),
        ["/Title in the document information was changed"]
    );
}

#[test]
fn a_new_form_field_that_is_no_signature_is_named() {
    let sealed = sealed();
    let document = Document::load_mem(&sealed).unwrap();
    let form = document.catalog().unwrap().get(b"AcroForm").unwrap().as_reference();
    let field = (90, b"<</FT/Tx/T(Jumlah)/V(1000)>>".to_vec());
    let add = |form: &mut lopdf::Dictionary| {
        let mut fields = form
            .get_deref(b"Fields", &document)
            .unwrap()
            .as_array()
            .unwrap()
            .clone();
        fields.push(Object::Reference((90, 0)));
        form.set("Fields", fields);
    };
    let holder = match form {
        Ok(id) => changed(&sealed, id, add),
        Err(_) => changed(&sealed, CATALOG, |catalog| {
            add(catalog.get_mut(b"AcroForm").unwrap().as_dict_mut().unwrap());
        }),
    };
    assert_eq!(
        changes(&sealed, &[holder, field]),
        ["the form field \"Jumlah\" was added"]
    );
}

#[test]
fn an_object_that_was_missing_when_signed_must_not_appear_later() {
    let signed = data("signed-with-a-hole.pdf");
    assert!(reports(&signed)[0].is_sound());
    // The page draws object 40, which does not exist. Neither the page nor anything else has to change.
    let what = changes(&signed, &[(40, stream("/Type/ObjStm", b"0 0 200 200 re f"))]);
    let filled = "object 40, which was missing when signed, was added";
    assert_eq!(what, ["the content of page 1 was changed", filled]);
}

#[test]
fn waste_that_nothing_leads_to_is_no_change_and_the_same_object_again_is_none() {
    let sealed = sealed();
    let waste = (90, b"<</Waste true>>".to_vec());
    let again = changed(&sealed, PAGE, |_| ());
    let reports = reports(&append(&sealed, &[waste, again]));
    assert!(reports.iter().all(SignatureReport::is_sound), "{reports:?}");
    assert_eq!(reports[1].changes_after, Changes::None);
}

#[test]
fn white_space_at_the_end_is_no_change_and_other_bytes_are() {
    let sealed = sealed();
    let spaced = [sealed.as_slice(), b"\r\n  \n"].concat();
    let seal = reports(&spaced).pop().unwrap();
    assert_eq!(
        (seal.coverage.clone(), seal.changes_after.clone()),
        (Coverage::Revision { end: sealed.len() }, Changes::None)
    );
    assert!(seal.is_sound());
    let junk = [sealed.as_slice(), b"junk"].concat();
    assert!(
        reports(&junk)
            .iter()
            .all(|report| report.integrity == Integrity::Intact && !report.is_sound())
    );
}

#[test]
fn a_file_cut_back_to_its_first_signature_is_that_signed_file() {
    let signed = data("signed.pdf");
    let reports = reports(&sealed()[..signed.len()]);
    assert!(reports.len() == 1 && reports[0].is_sound() && reports[0].coverage == Coverage::EntireFile);
}

#[test]
fn a_rewritten_file_has_no_intact_signature() {
    let mut document = Document::load_mem(&sealed()).unwrap();
    let mut rewritten = Vec::new();
    document.save_to(&mut rewritten).unwrap();
    let reports = reports(&rewritten);
    assert_eq!(reports.len(), 2);
    for report in reports {
        assert!(
            matches!(report.integrity, Integrity::Broken { .. }) && report.coverage == Coverage::Invalid,
            "{report:?}"
        );
    }
}

#[test]
fn a_signature_moved_into_another_document_covers_nothing() {
    let signed = data("signed.pdf");
    let document = Document::load_mem(&signed).unwrap();
    let (id, signature) = document
        .objects
        .iter()
        .find(|(_, object)| object.as_dict().is_ok_and(|dictionary| dictionary.has(b"ByteRange")))
        .unwrap();
    let field = format!("<</FT/Sig/T(Pejabat)/V {} 0 R>>", id.0);
    let host = crate::build::pdf_with(
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        &[field.as_bytes().to_vec()],
    );
    let moved = append(&host, &[(id.0, body(signature))]);
    let reports = reports(&moved);
    assert_eq!(reports.len(), 1);
    assert!(matches!(reports[0].integrity, Integrity::Broken { .. }));
    assert_eq!(reports[0].coverage, Coverage::Invalid);
}

#[test]
fn bytes_hidden_behind_the_signature_in_its_gap_are_seen() {
    let signed = data("signed.pdf");
    let gap_end = signed.windows(3).rposition(|window| window == b"00>").unwrap();
    let mut stuffed = signed.clone();
    stuffed[gap_end] = b'7';
    let reports = reports(&stuffed);
    assert_eq!(
        reports[0].integrity,
        Integrity::Broken {
            why: "something stands after the signature in its container"
        }
    );
}

#[test]
fn a_byte_range_that_leaves_out_more_than_the_signature_is_invalid() {
    let signed = data("signed.pdf");
    let start = signed.windows(10).rposition(|window| window == b"/ByteRange").unwrap();
    let end = start + signed[start..].iter().position(|&byte| byte == b']').unwrap();
    let text = String::from_utf8(signed[start..end].to_vec()).unwrap();
    let numbers: Vec<usize> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    for wrong in [
        [1, numbers[1] - 1, numbers[2], numbers[3]],
        [0, numbers[1] - 9, numbers[2], numbers[3]],
        [0, numbers[1], numbers[2] + 9, numbers[3] - 9],
        [0, numbers[1], numbers[2], numbers[3] + 9],
        [0, numbers[1], usize::MAX, 9],
    ] {
        let mut field = format!("/ByteRange [{} {} {} {}", wrong[0], wrong[1], wrong[2], wrong[3]);
        while field.len() < text.len() {
            field.push(' ');
        }
        field.truncate(text.len().max(field.len()));
        let forged = [&signed[..start], field.as_bytes(), &signed[end..]].concat();
        let Ok(reports) = verify(&forged, &[data("root.der")], at(), &Limits::default()) else {
            continue;
        };
        assert!(
            reports
                .iter()
                .all(|report| report.coverage == Coverage::Invalid && !report.is_sound()),
            "{wrong:?} {reports:?}"
        );
    }
}
