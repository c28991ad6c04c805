//! Reads a seal's QR code back from the finished file, as a phone would.

use kernel::{Disposition, Fault};
use lopdf::{Dictionary, Object};

use crate::Limits;
use crate::geometry::Rect;
use crate::incremental::{AppendError, Base};
use crate::render::{Picture, Shot};
use crate::target_page::{self, End, Page, pages};

/// Pixels on the shorter side of the picture that is looked at. A QR code of 49 modules gets about 5 for each.
const RESOLUTION: f64 = 260.0;

/// Why no QR code was read.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// The file cannot be opened.
    #[error("the file cannot be opened")]
    File(#[source] AppendError),
    /// There is no visible signature field on any page.
    #[error("there is no visible seal")]
    NoSeal,
    /// The page could not be rendered.
    #[error("the page cannot be rendered")]
    Render,
    /// There is no QR code in the seal, or it is not readable.
    #[error("there is no readable QR code in the seal")]
    NotReadable,
}

impl Fault for QrError {
    fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::NoSeal => "qr.no_seal",
            Self::Render => "qr.render",
            Self::NotReadable => "qr.not_readable",
        }
    }

    fn disposition(&self) -> Disposition {
        Disposition::Reject
    }
}

impl From<AppendError> for QrError {
    fn from(error: AppendError) -> Self {
        Self::File(error)
    }
}

/// What the QR code in the newest visible signature field says, read from a rendering of the page.
pub fn read_qr(pdf: &[u8], limits: &Limits) -> Result<String, QrError> {
    read_owned(pdf.to_vec(), limits).1
}

/// Like [`read_qr`], without a copy: the bytes come back.
pub(crate) fn read_owned(pdf: Vec<u8>, limits: &Limits) -> (Vec<u8>, Result<String, QrError>) {
    let prepared = Base::open(&pdf, limits).map_err(QrError::from).and_then(|base| {
        let (page, rect) = seal(&base)?;
        Ok((Shot::new(&base, &page), page.view.to_view(rect)))
    });
    let (shot, area) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return (pdf, Err(error)),
    };
    let scale = RESOLUTION / area.width().min(area.height());
    let (pdf, picture) = shot.take(pdf, area, scale);
    let read = picture
        .ok_or(QrError::Render)
        .and_then(|picture| decode(&picture).ok_or(QrError::NotReadable));
    (pdf, read)
}

/// The newest visible signature field, and its page.
fn seal(base: &Base<'_>) -> Result<(Page, Rect), QrError> {
    let form = base.catalog.1.get(b"AcroForm").ok_or(QrError::NoSeal)?;
    let Object::Dictionary(form) = base.value(form)? else {
        return Err(QrError::NoSeal);
    };
    let Object::Array(fields) = get(base, &form, b"Fields")? else {
        return Err(QrError::NoSeal);
    };
    for field in fields.iter().rev() {
        let Ok(id) = field.as_reference() else { continue };
        let Some(dict) = base.dict(id) else { continue };
        if dict.get(b"FT") != Some(b"/Sig") {
            continue;
        }
        let Some(rect) = target_page::rect(base, dict.get(b"Rect"))? else {
            continue;
        };
        let page = dict.get(b"P").and_then(|page| crate::raw::value(page, base.limits));
        let Some(Object::Reference(page)) = page else { continue };
        for (end, count) in [(End::Last, 1), (End::First, 1), (End::First, base.limits.max_pages)] {
            if let Some(found) = pages(base, end, count)?.into_iter().find(|found| found.id == page) {
                return Ok((found, rect));
            }
        }
    }
    Err(QrError::NoSeal)
}

fn get(base: &Base<'_>, dictionary: &Dictionary, key: &[u8]) -> Result<Object, AppendError> {
    Ok(base.loaded.get(dictionary, key)?)
}

fn decode(picture: &Picture) -> Option<String> {
    let shade = |x: usize, y: usize| picture.shade.get(y * picture.width + x).copied().unwrap_or(255);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, shade);
    let grids = image.detect_grids();
    grids.iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}
