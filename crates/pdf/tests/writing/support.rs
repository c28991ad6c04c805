//! Keys, requests and files of the tests.

use std::fmt::Write;

use pdf::{
    Hashed, Limits, LocalKey, SealError, SealFace, SealRequest, SignatureRequest, prepare_seal, prepare_signature,
};

pub(crate) const ID: &str = "MFRGGZDFMZTWQ2LKNNWG23TPOA";

pub(crate) fn limits() -> Limits {
    Limits::default()
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/data/keys/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// RSA-2048: its signatures are the same every time.
pub(crate) fn official() -> LocalKey {
    LocalKey::from_pem(&text("official.key"), &text("official.pem")).unwrap()
}

/// P-256.
pub(crate) fn seal() -> LocalKey {
    LocalKey::from_pem(&text("seal.key"), &text("seal.pem")).unwrap()
}

pub(crate) fn signature_request() -> SignatureRequest {
    SignatureRequest {
        field_prefix: "TandaTangan".to_owned(),
        reason: Some("Persetujuan izin".to_owned()),
        location: Some("Kabanjahe".to_owned()),
        signed_at: "2026-01-05T08:30:00+07:00".parse().unwrap(),
    }
}

pub(crate) fn face(h: &str) -> SealFace {
    SealFace {
        qr_text: format!("HTTPS://VERIFIKASI.UJI.GO.ID/V/1{ID}/{h}"),
        caption: vec![
            "Dokumen ini ditandatangani secara elektronik.".to_owned(),
            "Periksa keasliannya di verifikasi.uji.go.id".to_owned(),
        ],
    }
}

pub(crate) fn seal_request(signed: &Hashed<'_>) -> SealRequest {
    SealRequest {
        field_prefix: "Segel".to_owned(),
        face: face(&signed.sha256().to_base32()),
        reason: Some("Segel instansi".to_owned()),
        location: None,
        signed_at: "2026-01-05T08:31:00+07:00".parse().unwrap(),
    }
}

pub(crate) fn sign(pdf: &[u8]) -> Hashed<'static> {
    let key = official();
    let base = Hashed::new(pdf);
    let pending = prepare_signature(&base, &signature_request(), key.chain(), &limits()).unwrap();
    let signature = key.sign(pending.to_be_signed()).unwrap();
    let signed = pending.embed(&signature).unwrap();
    assert!(signed.bytes().starts_with(pdf), "the base is a byte prefix");
    signed
}

pub(crate) fn try_seal(signed: &Hashed<'_>) -> Result<Hashed<'static>, SealError> {
    let key = seal();
    let pending = prepare_seal(signed, &seal_request(signed), key.chain(), &limits())?;
    let signature = key.sign(pending.to_be_signed()).unwrap();
    let sealed = pending.embed(&signature).unwrap();
    assert!(
        sealed.bytes().starts_with(signed.bytes()),
        "the signed file is a byte prefix"
    );
    Ok(sealed)
}

/// What `sealed` has and `signed` has not, as text, with the signature and the drawing left out.
pub(crate) fn update(base: &[u8], whole: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&whole[base.len()..]).into_owned();
    for (from, to) in [("/Contents <", ">"), (" re f\nq", "ET\n")] {
        if let Some(start) = text.find(from).map(|at| at + from.len()) {
            let end = start + text[start..].find(to).unwrap();
            text.replace_range(start..end, "...");
        }
    }
    text
}

/// A document of objects numbered from 1; the first is the catalog.
pub(crate) fn assemble(objects: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, body) in (1..).zip(objects) {
        writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
        out.extend_from_slice(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes());
    }
    let startxref = out.len();
    let trailer = format!(
        "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{startxref}\n%%EOF\n",
        objects.len() + 1
    );
    out.extend_from_slice(table.as_bytes());
    out.extend_from_slice(trailer.as_bytes());
    out
}

/// An A4 page with `content`, and `more` entries in its dictionary.
pub(crate) fn page(content: &str, more: &str) -> Vec<u8> {
    let stream = format!("<</Length {}>>\nstream\n{content}\nendstream", content.len());
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.2756 841.8898]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>{more}>>"
    );
    assemble(&[
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        &page,
        &stream,
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ])
}

pub(crate) fn permit() -> Vec<u8> {
    page("BT /F 14 Tf 72 760 Td (SURAT IZIN) Tj ET", "")
}

/// The rectangle of the last visible widget, read by another parser.
pub(crate) fn widget(pdf: &[u8]) -> [f32; 4] {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    let mut rects = document.objects.values().filter_map(|object| {
        let dict = object.as_dict().ok()?;
        let rect = dict.get(b"Rect").ok()?.as_array().ok()?;
        let rect: Vec<f32> = rect.iter().map(|number| number.as_float().unwrap()).collect();
        (dict.get(b"FT").ok()?.as_name().ok()? == b"Sig" && rect[2] > rect[0]).then_some(rect)
    });
    rects.next_back().unwrap().try_into().unwrap()
}
