//! Makes room for the seal before anybody signs.
//!
//! A page that is appended after a signature makes strict validators reject that signature, so it must come before.

use lopdf::Object;

use crate::Limits;
use crate::face::{FONT, lines, wrap};
use crate::incremental::{AppendError, Base, Update};
use crate::raw::{self, RawDict};
use crate::seal::{SealError, SealFace, faces, find_room};
use crate::sign::buffer;
use crate::target_page::{End, pages};
use crate::text::number;

/// Width and height of A4 in points.
const A4: (f64, f64) = (595.0, 842.0);
const HEADING: &str = "Lembar Segel Elektronik";
const EXPLANATION: &str = "Halaman ini ditambahkan karena halaman dokumen tidak memiliki ruang kosong untuk kode QR. \
    Kode QR dan segel elektronik pada halaman ini berlaku untuk seluruh dokumen.";

/// Appends a page for the seal if no page has a free place for `face`. Gives `None` when nothing need be done.
///
/// Of `face` only the length of the QR text and the caption count, so any text as long as the real one will do.
/// A file that is signed already gets no page: [`SealError::NoRoom`].
pub fn ensure_room_for_seal(pdf: &[u8], face: &SealFace, limits: &Limits) -> Result<Option<Vec<u8>>, SealError> {
    let base = Base::open(pdf, limits)?;
    let (bytes, room) = find_room(&base, &faces(face)?.1, buffer(pdf))?;
    if room.is_some() {
        return Ok(None);
    }
    if memchr::memmem::find(pdf, b"/ByteRange").is_some() {
        return Err(SealError::NoRoom);
    }
    Ok(Some(append_page(&base, bytes)?))
}

fn append_page(base: &Base<'_>, bytes: Vec<u8>) -> Result<Vec<u8>, AppendError> {
    const BAD: AppendError = AppendError::Malformed {
        why: "the page tree cannot be extended",
    };
    let root = base.page_tree().ok_or(BAD)?;
    let mut tree = base.dict(root).ok_or(BAD)?;
    let count = tree.get(b"Count").ok_or(BAD)?;
    let count = base.value(count)?.as_i64().map_err(|_| BAD)?;

    let mut update = Update::new(base, bytes);
    let (page, content) = (update.reserve(), update.reserve());
    let kids = tree.get(b"Kids").ok_or(BAD)?;
    let item = raw::reference(page);
    if let Some(Object::Reference(id)) = raw::value(kids, base.limits) {
        let longer = raw::with_item(&base.source(id), &item).ok_or(BAD)?;
        update.write(id, &longer);
    } else {
        let longer = raw::with_item(kids, &item).ok_or(BAD)?;
        tree.set(b"Kids", longer);
    }
    tree.set(b"Count", count.saturating_add(1).to_string());
    update.write(root, &tree.to_bytes());

    let (width, height) = size(base)?;
    let media = format!("[0 0 {} {}]", number(width), number(height));
    let mut dict = RawDict::default();
    dict.set(b"Type", "/Page");
    dict.set(b"Parent", raw::reference(root));
    dict.set(b"MediaBox", media.as_str());
    dict.set(b"CropBox", media.as_str());
    dict.set(b"Rotate", "0");
    dict.set(b"Resources", format!("<< /Font << /F1 {FONT} >> >>"));
    dict.set(b"Contents", raw::reference(content));
    update.write(page, &dict.to_bytes());
    let (left, top) = (width / 10.0, height * 0.92);
    let column = width - 2.0 * left;
    let mut text = lines(&wrap(&[HEADING.to_owned()], column, 14.0), left, top, 14.0, 18.0);
    text.extend(lines(
        &wrap(&[EXPLANATION.to_owned()], column, 9.0),
        left,
        top - 28.0,
        9.0,
        12.0,
    ));
    update.write_stream(content, "", &text);
    Ok(update.finish().bytes)
}

/// As large as the last page is seen, if a page of that size can carry a seal.
fn size(base: &Base<'_>) -> Result<(f64, f64), AppendError> {
    let last = pages(base, End::Last, 1)?;
    let seen = last.first().filter(|page| page.unambiguous).map(|page| {
        let (width, height) = page.view.size();
        (width * page.view.user_unit, height * page.view.user_unit)
    });
    Ok(seen
        .filter(|&(width, height)| width.min(height) >= 400.0 && width.max(height) <= 3_000.0)
        .unwrap_or(A4))
}
