//! Makes small PDFs by hand.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, Writer};

/// A committed file of `tests/data`.
pub(crate) fn data(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A one-page document: objects 1 (catalog), 2 (page tree) and 3 (page), and `more` objects numbered from 4.
pub(crate) fn pdf<B: AsRef<[u8]>>(more: &[B]) -> Vec<u8> {
    pdf_with(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        more,
    )
}

/// The same with another catalog and page.
pub(crate) fn pdf_with<B: AsRef<[u8]>>(catalog: &str, page: &str, more: &[B]) -> Vec<u8> {
    let mut objects: Vec<&[u8]> = vec![
        catalog.as_bytes(),
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        page.as_bytes(),
    ];
    objects.extend(more.iter().map(AsRef::as_ref));
    assemble(&objects)
}

/// A document of `objects` numbered from 1, the first of which is the catalog.
pub(crate) fn assemble(objects: &[&[u8]]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (number, body) in (1..).zip(objects) {
        offsets.push(out.len());
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let startxref = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).as_bytes());
    for offset in &offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = offsets.len() + 1;
    out.extend_from_slice(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{startxref}\n%%EOF\n").as_bytes());
    out
}

/// Appends `objects` as an incremental update, the way an editor does.
pub(crate) fn append(pdf: &[u8], objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let document = Document::load_mem(pdf).unwrap();
    let mut out = pdf.to_vec();
    let mut table = String::new();
    for (number, body) in objects {
        table.push_str(&format!("{number} 1\n{:010} 00000 n \n", out.len()));
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    let root = document.trailer.get(b"Root").unwrap().as_reference().unwrap().0;
    let size = document.max_id.max(objects.iter().map(|o| o.0).max().unwrap()) + 1;
    let (startxref, previous) = (out.len(), document.xref_start);
    let info = document.trailer.get(b"Info").and_then(Object::as_reference);
    let info = info.map_or_else(|_| String::new(), |id| format!("/Info {} 0 R", id.0));
    let trailer = format!("<</Size {size}/Root {root} 0 R{info}/Prev {previous}>>");
    out.extend_from_slice(format!("xref\n{table}trailer\n{trailer}\nstartxref\n{startxref}\n%%EOF\n").as_bytes());
    out
}

/// An object of `pdf`, changed by `change`, as the body of an update.
pub(crate) fn changed(pdf: &[u8], id: ObjectId, change: impl FnOnce(&mut Dictionary)) -> (u32, Vec<u8>) {
    let mut dictionary = Document::load_mem(pdf).unwrap().get_dictionary(id).unwrap().clone();
    change(&mut dictionary);
    (id.0, body(&Object::Dictionary(dictionary)))
}

pub(crate) fn body(object: &Object) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::write_object(&mut out, object).unwrap();
    out
}

/// A stream object whose dictionary begins with `entries`.
pub(crate) fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<<{entries}/Length {}>>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

pub(crate) fn deflate(content: Vec<u8>) -> Vec<u8> {
    let mut stream = Stream::new(Dictionary::new(), content);
    stream.compress().unwrap();
    stream.content
}
