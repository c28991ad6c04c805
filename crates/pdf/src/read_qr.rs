//! Reads a seal's QR code back from the finished file.

use kernel::{Disposition, Fault};
use lopdf::Object;

use crate::Limits;
use crate::cost::PageStreams;
use crate::geometry::Rect;
use crate::incremental::{AppendError, Base};
use crate::qr::QUIET_ZONE;
use crate::qr_decode;
use crate::raw;
use crate::render::{Look, Picture, Seen, Shot};
use crate::target_page::{self, End, Page, pages};

/// Pixels on the shorter side of a seal in which a QR code is searched: about 5 for each module.
const RESOLUTION: f64 = 260.0;
/// Pixels for each module where it is known where they are.
const PIXELS: usize = 3;
/// Between dark and light.
const MIDDLE: u8 = 128;

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

/// What the QR code in the newest visible signature field says: found and read in a rendering, as a phone would.
pub fn read_qr(pdf: &[u8], limits: &Limits) -> Result<String, QrError> {
    let base = Base::open(pdf, limits)?;
    let (page, rect) = seal(&base)?;
    let area = page.view.to_view(rect);
    let scale = RESOLUTION / area.width().min(area.height());
    let shot = shot(&base, &page)?;
    let Seen::Picture(picture) = shot.take(pdf.to_vec(), area, scale, Look::Annotations).1 else {
        return Err(QrError::Render);
    };
    let shade = |x, y| picture.shade(x, y);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, shade);
    let grids = image.detect_grids();
    let read = grids.iter().find_map(|grid| grid.decode().ok());
    read.map(|(_, text)| text).ok_or(QrError::NotReadable)
}

/// A symbol whose place is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// The symbol without its quiet zone, in view units from the lower left corner of the field.
    pub(crate) symbol: Rect,
    /// Modules on one side.
    pub(crate) size: usize,
}

/// Like [`read_qr`], but every module must be where it is known to be, with light modules around. Much faster than
/// searching. The bytes come back.
pub(crate) fn read_known(pdf: Vec<u8>, known: &Known, limits: &Limits) -> (Vec<u8>, Result<String, QrError>) {
    let prepared = Base::open(&pdf, limits).map_err(QrError::from).and_then(|base| {
        let (page, rect) = seal(&base)?;
        Ok((shot(&base, &page)?, page.view.to_view(rect)))
    });
    let (shot, field) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return (pdf, Err(error)),
    };
    let module = known.symbol.width() / float(known.size);
    let quiet = float(QUIET_ZONE) * module;
    let (x, y) = (field.x0 + known.symbol.x0, field.y0 + known.symbol.y0);
    let side = known.symbol.width() + quiet;
    let area = Rect::new(x - quiet, y - quiet, x + side, y + side);
    let scale = float(PIXELS) / module;
    let (mut pdf, mut seen) = shot.take(pdf, area, scale, Look::Areas);
    if seen == Seen::TooRough {
        (pdf, seen) = shot.take(pdf, area, scale, Look::Annotations);
    }
    let read = match seen {
        Seen::Picture(picture) => sample(&picture, known.size),
        Seen::AtMost(_) | Seen::TooRough | Seen::Failed => Err(QrError::Render),
    };
    (pdf, read)
}

/// Gets ready to look at the annotations of a page, if they do not take too much work.
fn shot(base: &Base<'_>, page: &Page) -> Result<Shot, QrError> {
    let streams = PageStreams::of_annotations(base, page)?;
    let affordable = streams.may_be_surveyed(base) && streams.may_be_drawn(base);
    affordable.then(|| Shot::new(base, page)).ok_or(QrError::Render)
}

/// Looks at the middle of each module.
fn sample(picture: &Picture, size: usize) -> Result<String, QrError> {
    let dark = |x: usize, y: usize| picture.shade(x * PIXELS + PIXELS / 2, y * PIXELS + PIXELS / 2) < MIDDLE;
    let edge = size + 2 * QUIET_ZONE;
    let inner = QUIET_ZONE..QUIET_ZONE + size;
    let mut around = (0..edge).flat_map(|y| (0..edge).map(move |x| (x, y)));
    if around.any(|(x, y)| !(inner.contains(&x) && inner.contains(&y)) && dark(x, y)) {
        return Err(QrError::NotReadable);
    }
    let module = |x: usize, y: usize| dark(x + QUIET_ZONE, y + QUIET_ZONE);
    if let Some(text) = qr_decode::decode(size, module) {
        return Ok(text);
    }
    let grid = rqrr::SimpleGrid::from_func(size, module);
    let (_, text) = rqrr::Grid::new(grid).decode().map_err(|_| QrError::NotReadable)?;
    Ok(text)
}

/// The newest visible signature field, and its page.
fn seal(base: &Base<'_>) -> Result<(Page, Rect), QrError> {
    let form = base.catalog.1.get(b"AcroForm").ok_or(QrError::NoSeal)?;
    let Object::Dictionary(form) = base.value(form)? else {
        return Err(QrError::NoSeal);
    };
    let Object::Array(fields) = base.loaded.get(&form, b"Fields").map_err(AppendError::from)? else {
        return Err(QrError::NoSeal);
    };
    for field in fields.iter().rev() {
        let Some(dict) = field.as_reference().ok().and_then(|id| base.dict(id)) else {
            continue;
        };
        if dict.get(b"FT") != Some(b"/Sig") {
            continue;
        }
        let Some(rect) = target_page::rect(base, dict.get(b"Rect"))? else {
            continue;
        };
        let page = dict.get(b"P").and_then(|page| raw::value(page, base.limits));
        let Some(Object::Reference(page)) = page else { continue };
        for (end, count) in [(End::Last, 1), (End::First, 1), (End::First, base.limits.max_pages)] {
            if let Some(found) = pages(base, end, count)?.into_iter().find(|found| found.id == page) {
                return Ok((found, rect));
            }
        }
    }
    Err(QrError::NoSeal)
}

#[allow(clippy::cast_precision_loss, reason = "at most a few hundred")]
fn float(number: usize) -> f64 {
    number as f64
}
