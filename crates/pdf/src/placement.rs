//! Finds a place on a page where nothing is. The same bytes give the same place.

use lopdf::Object;

use crate::cost::PageStreams;
use crate::face::Face;
use crate::geometry::{POINTS_PER_MM, Rect};
use crate::incremental::{AppendError, Base};
use crate::render::{Look, Picture, Seen, Shot};
use crate::survey::WHITE;
use crate::target_page::{self, Page};

/// Printers do not reach the edge of the paper.
const MARGIN: f64 = 8.0 * POINTS_PER_MM;
/// Distance to whatever else is on the page.
const DISTANCE: f64 = 2.0 * POINTS_PER_MM;
/// Two points per pixel: a hairline still darkens a pixel visibly, and a page takes a third of a millisecond.
const PIXELS_PER_POINT: f64 = 0.5;
/// Pages wider or higher than this many pixels are looked at more coarsely.
const MAX_SIDE: f64 = 1200.0;
/// Annotations whose rectangles are looked at.
const MAX_ANNOTATIONS: usize = 2_000;

/// Where a seal goes: which of the arrangements, and its rectangle in view coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) arrangement: usize,
    pub(crate) rect: Rect,
    /// Its middle is in the lowest third of the page.
    is_low: bool,
}

/// The best free place for one of the `faces` on `page`. `bytes` are the file and come back.
pub(crate) fn find(
    base: &Base<'_>,
    page: &Page,
    faces: &[Face],
    bytes: Vec<u8>,
) -> Result<(Vec<u8>, Option<Place>), AppendError> {
    let (width, height) = page.view.size();
    let scale = (PIXELS_PER_POINT * page.view.user_unit).min(MAX_SIDE / width.max(height));
    let area = Rect::new(0.0, 0.0, width, height);
    let streams = PageStreams::of(base, page)?;
    if !streams.may_be_surveyed(base) {
        return Ok((bytes, None));
    }
    let shot = Shot::new(base, page);
    let annotations = annotations(base, page)?;
    let look = |picture: &Picture| {
        let mut occupied = Occupied::of(picture, height, scale);
        for rect in &annotations {
            occupied.block(page.view.to_view(*rect));
        }
        best(&occupied.sums(), page, faces)
    };
    let (bytes, seen) = shot.take(bytes, area, scale, Look::Survey);
    let at_most = match seen {
        Seen::Picture(picture) => return Ok((bytes, look(&picture))),
        Seen::AtMost(picture) => look(&picture),
        Seen::TooRough => None,
        Seen::Failed => return Ok((bytes, None)),
    };
    // A place at the bottom that is free for certain is as good as any that drawing could find.
    if at_most.as_ref().is_some_and(|place| place.is_low) || !streams.may_be_drawn(base) {
        return Ok((bytes, at_most));
    }
    let (bytes, seen) = shot.take(bytes, area, scale, Look::Drawing);
    Ok(match seen {
        Seen::Picture(picture) => (bytes, look(&picture)),
        Seen::AtMost(_) | Seen::TooRough | Seen::Failed => (bytes, at_most),
    })
}

/// Which pixels are taken, and how pixels relate to the page.
struct Occupied {
    width: usize,
    height: usize,
    taken: Vec<bool>,
    page_height: f64,
    scale: f64,
}

impl Occupied {
    fn of(picture: &Picture, page_height: f64, scale: f64) -> Self {
        let taken = picture.shade.iter().map(|&shade| shade < WHITE).collect();
        Self {
            width: picture.width,
            height: picture.height,
            taken,
            page_height,
            scale,
        }
    }

    /// Takes a rectangle of the page.
    fn block(&mut self, rect: Rect) {
        let (x0, x1) = (pixel(rect.x0 * self.scale), pixel((rect.x1 * self.scale).ceil()));
        let top = (self.page_height - rect.y1) * self.scale;
        let bottom = (self.page_height - rect.y0) * self.scale;
        for row in pixel(top)..pixel(bottom.ceil()).min(self.height) {
            let start = row * self.width;
            let range = start + x0.min(self.width)..start + x1.min(self.width);
            if let Some(row) = self.taken.get_mut(range) {
                row.fill(true);
            }
        }
    }

    /// Sums over all rectangles that begin at the top left, so that any rectangle is counted in four look-ups.
    fn sums(self) -> Sums {
        let stride = self.width + 1;
        let mut sums = vec![0_u32; stride * (self.height + 1)];
        for (row, line) in self.taken.chunks(self.width.max(1)).enumerate() {
            let mut so_far = 0;
            let (above, below) = sums.split_at_mut((row + 1) * stride);
            let above = above.get(row * stride + 1..).unwrap_or_default();
            for ((sum, above), taken) in below.iter_mut().skip(1).zip(above).zip(line) {
                so_far += u32::from(*taken);
                *sum = so_far + above;
            }
        }
        Sums {
            width: self.width,
            height: self.height,
            counts: sums,
            page_height: self.page_height,
            scale: self.scale,
        }
    }
}

struct Sums {
    width: usize,
    height: usize,
    counts: Vec<u32>,
    page_height: f64,
    scale: f64,
}

impl Sums {
    fn is_free(&self, x: usize, y: usize, width: usize, height: usize) -> bool {
        let at = |x: usize, y: usize| self.counts.get(y * (self.width + 1) + x).copied().unwrap_or(u32::MAX);
        at(x, y).wrapping_add(at(x + width, y + height)) == at(x + width, y).wrapping_add(at(x, y + height))
    }
}

/// Lower right before lower left before anywhere else; then as low as possible; then as far out as possible.
fn best(sums: &Sums, page: &Page, faces: &[Face]) -> Option<Place> {
    let unit = page.view.user_unit;
    let margin = pixel((MARGIN / unit * sums.scale).ceil());
    let mut best: Option<((u8, usize, usize, usize), Place)> = None;
    for (arrangement, face) in faces.iter().enumerate() {
        let (face_width, face_height) = (face.width / unit, face.height / unit);
        let distance = DISTANCE / unit;
        let width = pixel(((face_width + 2.0 * distance) * sums.scale).ceil()) + 1;
        let height = pixel(((face_height + 2.0 * distance) * sums.scale).ceil()) + 1;
        let Some(last_x) = sums.width.checked_sub(margin + width).filter(|&last| last >= margin) else {
            continue;
        };
        let Some(last_y) = sums.height.checked_sub(margin + height).filter(|&last| last >= margin) else {
            continue;
        };
        for y in (margin..=last_y).rev() {
            let low = 3 * (2 * y + height) >= 4 * sums.height;
            let best_of_row = (if low { 0 } else { 2 }, arrangement, last_y - y, 0);
            if best.as_ref().is_some_and(|(found, _)| *found <= best_of_row) {
                break;
            }
            // From the outside inwards: of each half, the first free place is the best of its row.
            let middle = sums.width.saturating_sub(width).div_ceil(2).clamp(margin, last_x + 1);
            let right = (middle..=last_x).rev().find(|&x| sums.is_free(x, y, width, height));
            let left = (margin..middle).find(|&x| sums.is_free(x, y, width, height));
            let right = right.map(|x| (if low { 0 } else { 2 }, last_x - x, x));
            let left = left.map(|x| (if low { 1 } else { 2 }, x, x));
            for (zone, outwards, x) in [right, left].into_iter().flatten() {
                let rank = (zone, arrangement, last_y - y, outwards);
                if best.as_ref().is_none_or(|(found, _)| rank < *found) {
                    let x0 = float(x) / sums.scale + distance;
                    let y0 = sums.page_height - float(y + height) / sums.scale + distance;
                    let rect = Rect::new(x0, y0, x0 + face_width, y0 + face_height);
                    let place = Place {
                        arrangement,
                        rect,
                        is_low: low,
                    };
                    best = Some((rank, place));
                }
            }
        }
    }
    best.map(|(_, place)| place)
}

/// Where annotations are, seen or not: an empty form field shows nothing and must stay free.
fn annotations(base: &Base<'_>, page: &Page) -> Result<Vec<Rect>, AppendError> {
    let Some(list) = page.dict.get(b"Annots") else {
        return Ok(Vec::new());
    };
    let Object::Array(list) = base.value(list)? else {
        return Ok(Vec::new());
    };
    let mut rects = Vec::new();
    for item in list.iter().take(MAX_ANNOTATIONS) {
        if let Object::Dictionary(annotation) = base.loaded.resolve(item)? {
            let rect = base.loaded.get(&annotation, b"Rect")?;
            rects.extend(target_page::rect_of(base, &rect)?);
        }
    }
    Ok(rects)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a negative number saturates to 0, a large one is off the page"
)]
fn pixel(position: f64) -> usize {
    position as usize
}

#[allow(clippy::cast_precision_loss, reason = "at most a few thousand")]
fn float(pixels: usize) -> f64 {
    pixels as f64
}
