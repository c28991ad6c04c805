use pdf::{EmbedError, Hashed, QrError, SealError, ensure_room_for_seal, prepare_seal, read_qr};

use crate::support::{face, limits, page, permit, seal, seal_request, sign, try_seal, update, widget};

const POINTS_PER_MM: f32 = 72.0 / 25.4;

/// A page that is full of text to its very edges.
fn packed() -> Vec<u8> {
    let lines =
        "(penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh penuh) Tj T*\n";
    page(&format!("BT /F 12 Tf 8 TL 0 836 Td\n{}ET", lines.repeat(106)), "")
}

#[test]
fn a_seal_appends_one_update_with_one_field_whose_appearance_is_the_code() {
    let signed = sign(&permit());
    let sealed = try_seal(&signed).unwrap();
    insta::assert_snapshot!(update(signed.bytes(), sealed.bytes()));
}

#[test]
fn the_code_says_what_was_meant_whichever_way_the_page_is_turned_or_cut() {
    for more in [
        "",
        "/Rotate 90",
        "/Rotate 180",
        "/Rotate -90",
        "/CropBox[40 30 500 700]",
        "/CropBox[40 30 500 700]/Rotate 270",
        "/UserUnit 2",
        "/UserUnit 0.5",
    ] {
        let signed = sign(&page("BT /F 14 Tf 72 760 Td (SURAT IZIN) Tj ET", more));
        let sealed = try_seal(&signed).unwrap();
        assert_eq!(
            read_qr(sealed.bytes(), &limits()).unwrap(),
            seal_request(&signed).face.qr_text,
            "{more}"
        );
        let [x0, y0, x1, y1] = widget(sealed.bytes());
        let unit = if more.ends_with('2') {
            2.0
        } else if more.ends_with("0.5") {
            0.5
        } else {
            1.0
        };
        let smaller = (x1 - x0).min(y1 - y0) * unit / POINTS_PER_MM;
        assert!((25.0..50.0).contains(&smaller), "{more}: {smaller} mm");
        if more.contains("CropBox") {
            assert!(
                x0 >= 40.0 && y0 >= 30.0 && x1 <= 500.0 && y1 <= 700.0,
                "{more}: within what is seen"
            );
        }
    }
}

#[test]
fn the_seal_goes_to_the_lower_right_else_to_the_lower_left_else_higher_up() {
    let place = |content: &str| {
        let [x0, y0, x1, y1] = widget(try_seal(&sign(&page(content, ""))).unwrap().bytes());
        (f32::midpoint(x0, x1), f32::midpoint(y0, y1))
    };
    let (x, y) = place("");
    assert!(x > 400.0 && y < 100.0, "{x} {y}");
    let (x, y) = place("0.8 g 300 0 300 300 re f");
    assert!(x < 250.0 && y < 100.0, "{x} {y}");
    let (_, y) = place("0.8 g 0 0 600 400 re f");
    assert!(y > 400.0, "{y}");
}

#[test]
fn a_seal_covers_no_text_no_line_no_picture_and_no_empty_form_field() {
    let picture = "q 200 0 0 150 380 20 cm BI /W 1 /H 1 /CS /G /BPC 8 /F /AHx ID 00> EI Q";
    let cases = [
        (
            "BT /F 9 Tf 400 60 Td (Kepala Dinas) Tj ET",
            "",
            [400.0, 58.0, 460.0, 70.0],
        ),
        ("0.1 w 380 90 m 590 90 l S", "", [380.0, 89.5, 590.0, 90.5]),
        (picture, "", [380.0, 20.0, 580.0, 170.0]),
        (
            "",
            "/Annots[<</Subtype/Widget/Rect[400 40 560 80]>>]",
            [400.0, 40.0, 560.0, 80.0],
        ),
    ];
    for (content, more, [a0, b0, a1, b1]) in cases {
        let [x0, y0, x1, y1] = widget(try_seal(&sign(&page(content, more))).unwrap().bytes());
        assert!(
            x1 <= a0 || x0 >= a1 || y1 <= b0 || y0 >= b1,
            "{content:?}: {x0} {y0} {x1} {y1}"
        );
    }
}

#[test]
fn a_page_that_is_one_large_picture_is_looked_at_in_detail() {
    let picture = |rows: &str, count: usize| {
        format!("q 595 0 0 842 0 0 cm BI /W 1 /H {count} /CS /G /BPC 8 /F /AHx ID {rows}> EI Q")
    };
    let black = sign(&page(&picture("00", 1), ""));
    assert!(matches!(try_seal(&black), Err(SealError::NoRoom)));
    let white_below = sign(&page(&picture("00FF", 2), ""));
    let [_, _, _, top] = widget(try_seal(&white_below).unwrap().bytes());
    assert!(top < 421.0, "{top}");
}

#[test]
fn a_frame_around_the_page_leaves_its_inside_free() {
    let framed = try_seal(&sign(&page("2 w 20 20 555 800 re S", ""))).unwrap();
    let [x0, y0, x1, _] = widget(framed.bytes());
    assert!(x0 > 300.0 && x1 < 575.0 && y0 > 21.0, "{x0} {y0} {x1}");
}

#[test]
fn an_earlier_page_is_taken_when_the_last_one_is_full() {
    let full = packed();
    let text = String::from_utf8_lossy(&full).into_owned();
    // A second page without content, before the full one.
    let two = text
        .replace("/Count 1/Kids[3 0 R]", "/Count 2/Kids[6 0 R 3 0 R]")
        .replace("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n6 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\n");
    let two = pdf::normalise(two.as_bytes(), &limits()).unwrap();
    let sealed = try_seal(&sign(&two)).unwrap();
    assert_eq!(
        read_qr(sealed.bytes(), &limits()).unwrap().len(),
        seal_request(&sign(&two)).face.qr_text.len()
    );
}

#[test]
fn room_is_made_before_the_first_signature_and_only_if_there_is_none() {
    let sample = face(&"A".repeat(52));
    assert_eq!(ensure_room_for_seal(&permit(), &sample, &limits()).unwrap(), None);

    let full = packed();
    let longer = ensure_room_for_seal(&full, &sample, &limits()).unwrap().unwrap();
    assert!(longer.starts_with(&full));
    insta::assert_snapshot!(String::from_utf8_lossy(&longer[full.len()..]));
    assert_eq!(lopdf::Document::load_mem(&longer).unwrap().get_pages().len(), 2);
    assert_eq!(ensure_room_for_seal(&longer, &sample, &limits()).unwrap(), None);
    let signed = sign(&longer);
    let sealed = try_seal(&signed).unwrap();
    assert_eq!(
        read_qr(sealed.bytes(), &limits()).unwrap(),
        seal_request(&signed).face.qr_text
    );
}

#[test]
fn a_full_file_that_is_signed_already_gets_no_page() {
    let signed = sign(&packed());
    assert!(matches!(try_seal(&signed), Err(SealError::NoRoom)));
    let sample = face(&"A".repeat(52));
    assert!(matches!(
        ensure_room_for_seal(signed.bytes(), &sample, &limits()),
        Err(SealError::NoRoom)
    ));
}

#[test]
fn the_same_bytes_have_the_seal_in_the_same_place() {
    let signed = sign(&permit());
    let place = || widget(try_seal(&signed).unwrap().bytes()).map(f32::to_bits);
    assert_eq!(place(), place());
}

#[test]
fn text_that_no_alphanumeric_code_holds_is_refused() {
    let signed = sign(&permit());
    let mut request = seal_request(&signed);
    request.face.qr_text = "https://kecil.go.id".to_owned();
    let refused = prepare_seal(&signed, &request, seal().chain(), &limits());
    assert!(matches!(refused.map(|_| ()), Err(SealError::QrText)));
}

#[test]
fn a_file_without_a_seal_has_no_code_to_read() {
    assert!(matches!(read_qr(&permit(), &limits()), Err(QrError::NoSeal)));
    assert!(matches!(
        read_qr(sign(&permit()).bytes(), &limits()),
        Err(QrError::NoSeal)
    ));
}

#[test]
fn a_seal_that_something_else_signed_is_not_embedded() {
    let signed: Hashed<'_> = sign(&permit());
    let pending = prepare_seal(&signed, &seal_request(&signed), seal().chain(), &limits()).unwrap();
    assert!(matches!(
        pending.embed(b"not a signature"),
        Err(EmbedError::WrongSignature)
    ));
}

/// A form that draws ten forms that draw ten forms, ten levels deep: ten thousand million drawings out of a few kilobytes.
#[test]
fn a_page_that_would_take_for_ever_to_draw_has_no_room_and_says_so_soon() {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>".to_owned(),
        "<</Length 5>>\nstream\n/X Do\nendstream".to_owned(),
    ];
    let draw = "/X Do ".repeat(10);
    for next in 6..15 {
        objects.push(format!(
            "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {next} 0 R>>>>/Length {}>>\nstream\n{draw}\nendstream",
            draw.len() + 1
        ));
    }
    objects.push("<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 13>>\nstream\n0 0 1 1 re f \nendstream".to_owned());
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    let bomb = sign(&crate::support::assemble(&objects));
    assert!(matches!(try_seal(&bomb), Err(SealError::NoRoom)));
}

/// Zeros deflate a thousandfold, and once more.
#[test]
fn a_page_whose_content_inflates_beyond_all_limits_is_not_looked_at() {
    let zeros = std::fs::read(format!("{}/tests/data/zeros.z.z", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let stream = data_encoding::HEXLOWER.encode(&zeros);
    let content = format!(
        "<</Filter[/ASCIIHexDecode/FlateDecode/FlateDecode]/Length {}>>\nstream\n{stream}>\nendstream",
        stream.len() + 1
    );
    let bomb = sign(&crate::support::assemble(&[
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        &content,
    ]));
    assert!(matches!(try_seal(&bomb), Err(SealError::NoRoom)));
}
