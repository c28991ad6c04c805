//! Pictures of one page, made in Rust.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hayro::hayro_interpret::{
    Context, Device, InterpreterCache, InterpreterSettings, RenderContent, hayro_syntax::page, interpret_page,
};
use hayro::hayro_syntax::Pdf;
use hayro::kurbo;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use lopdf::ObjectId;

use crate::geometry::{Rect, View};
use crate::incremental::Base;
use crate::ink::Ink;
use crate::raw;
use crate::survey::{Extent, Survey};
use crate::target_page::{INHERITED, Page};

/// Pixels on one side of a picture.
const MAX_SIDE: f64 = 4096.0;

/// A picture in shades of grey, the first row at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The darkest of each pixel's three colours: what is coloured is not white.
    pub(crate) shade: Vec<u8>,
}

impl Picture {
    /// The shade of one pixel; white outside.
    pub(crate) fn shade(&self, x: usize, y: usize) -> u8 {
        let pixel = (x < self.width).then(|| self.shade.get(y * self.width + x)).flatten();
        pixel.copied().unwrap_or(255)
    }
}

/// What to look at, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Where something is: black there, without details. Inflates no pictures.
    Survey,
    /// Everything, as it looks.
    Drawing,
    /// The annotations, which lie over everything else, as they look.
    Annotations,
    /// The filled areas of the annotations, without text. Inflates no pictures.
    Areas,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The picture.
    Picture(Picture),
    /// Black wherever something is, and perhaps where nothing is.
    AtMost(Picture),
    /// There is more on the page than this way of looking can tell.
    TooRough,
    /// The page is not readable, or takes too much work.
    Failed,
}

/// A page of a file that may be appended to, ready to be looked at.
pub(crate) struct Shot {
    page: ObjectId,
    view: View,
    /// Makes a document of this page alone out of the file.
    tail: Vec<u8>,
}

impl Shot {
    /// The renderer reads all pages of a document. So that a page out of thousands costs no more than that page, it is
    /// given the file with an update behind it in which this page is the only one.
    pub(crate) fn new(base: &Base<'_>, page: &Page) -> Self {
        let end = base.pdf.len();
        let (root, pages) = (base.loaded.next_number(), base.loaded.next_number().saturating_add(1));
        let mut catalog = base.catalog.1.clone();
        catalog.set(b"Pages", raw::reference((pages, 0)));
        let mut node = raw::RawDict::default();
        node.set(b"Type", "/Pages");
        node.set(b"Count", "1");
        node.set(b"Kids", [b"[", raw::reference(page.id).as_slice(), b"]"].concat());
        for key in INHERITED {
            if let Some(value) = page.inherited.get(key) {
                node.set(key, value);
            }
        }
        let mut tail = b"\n".to_vec();
        // Writing to a string cannot fail.
        let mut table = format!("xref\n{root} 2\n");
        for (number, dict) in [(root, catalog), (pages, node)] {
            let _ = writeln!(table, "{:010} 00000 n ", end + tail.len());
            tail.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
            tail.extend_from_slice(&dict.to_bytes());
            tail.extend_from_slice(b"\nendobj\n");
        }
        let at = end + tail.len();
        let (size, previous) = (pages.saturating_add(1), base.loaded.startxref);
        let _ = write!(
            table,
            "trailer\n<< /Size {size} /Root {root} 0 R /Prev {previous} >>\nstartxref\n{at}\n%%EOF\n"
        );
        tail.extend_from_slice(table.as_bytes());
        Self {
            page: page.id,
            view: page.view,
            tail,
        }
    }

    /// A picture of `area`, in view coordinates, at `scale` pixels per unit. `bytes` must be the file; they are given back.
    pub(crate) fn take(&self, mut bytes: Vec<u8>, area: Rect, scale: f64, look: Look) -> (Vec<u8>, Seen) {
        let len = bytes.len();
        bytes.extend_from_slice(&self.tail);
        let shared = Arc::new(bytes);
        // A panic in the renderer is one page that cannot be seen, not the end of the process.
        let seen = catch_unwind(AssertUnwindSafe(|| self.look(&shared, area, scale, look)));
        let mut bytes = Arc::try_unwrap(shared).unwrap_or_else(|shared| shared.to_vec());
        bytes.truncate(len);
        (bytes, seen.ok().flatten().unwrap_or(Seen::Failed))
    }

    fn look(&self, shared: &Arc<Vec<u8>>, area: Rect, scale: f64, look: Look) -> Option<Seen> {
        let pdf = Pdf::new(Arc::clone(shared)).ok()?;
        let page = pdf.pages().first()?;
        let id = page.raw().obj_id()?;
        if (id.obj_number, id.gen_number) != (self.page.0, i32::from(self.page.1)) {
            return None;
        }
        let (width, height) = (side(area.width() * scale)?, side(area.height() * scale)?);
        // Pictures count rows downwards.
        let to_pixels = kurbo::Affine::new([scale, 0.0, 0.0, -scale, -area.x0 * scale, area.y1 * scale]);
        let transform = to_pixels * kurbo::Affine::new(self.view.user_to_view());
        let drawn = |layers| Some((render(page, transform, width, height, layers), Extent::Close));
        let seen = match look {
            Look::Survey => survey(page, transform, width, height),
            Look::Drawing => drawn(RenderContent::all()),
            Look::Annotations => drawn(RenderContent::ANNOTATIONS),
            Look::Areas => ink(page, transform, width, height).map(|shade| (shade, Extent::Close)),
        };
        let picture = |shade| Picture {
            width: usize::from(width),
            height: usize::from(height),
            shade,
        };
        Some(match seen {
            Some((shade, Extent::Close)) => Seen::Picture(picture(shade)),
            Some((shade, Extent::AtMost)) => Seen::AtMost(picture(shade)),
            None => Seen::TooRough,
        })
    }
}

fn survey<'a>(
    page: &'a page::Page<'a>,
    transform: kurbo::Affine,
    width: u16,
    height: u16,
) -> Option<(Vec<u8>, Extent)> {
    let mut survey = Survey::new(width, height);
    interpret(
        page,
        transform,
        width,
        height,
        InterpreterSettings::default(),
        &mut survey,
    );
    survey.finish()
}

fn ink<'a>(page: &'a page::Page<'a>, transform: kurbo::Affine, width: u16, height: u16) -> Option<Vec<u8>> {
    let mut canvas = RenderContext::new(width, height);
    let mut ink = Ink::new(&mut canvas);
    let settings = InterpreterSettings {
        render_content: RenderContent::ANNOTATIONS,
        // Text is not drawn, so the fonts of captions need not be read.
        font_resolver: Arc::new(|_| None),
        ..InterpreterSettings::default()
    };
    interpret(page, transform, width, height, settings, &mut ink);
    ink.is_complete().then(|| shade(&mut canvas))
}

fn interpret<'a>(
    page: &'a page::Page<'a>,
    transform: kurbo::Affine,
    width: u16,
    height: u16,
    settings: InterpreterSettings,
    device: &mut impl Device<'a>,
) {
    let area = kurbo::Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let cache = InterpreterCache::new();
    let mut context = Context::new(transform, area, &cache, page.xref(), settings);
    interpret_page(page, &mut context, device);
}

fn render<'a>(
    page: &'a page::Page<'a>,
    transform: kurbo::Affine,
    width: u16,
    height: u16,
    layers: RenderContent,
) -> Vec<u8> {
    let mut canvas = RenderContext::new(width, height);
    let cache = RenderCache::new();
    let interpreter = InterpreterSettings {
        render_content: layers,
        ..InterpreterSettings::default()
    };
    let settings = RenderSettings {
        hinting: false,
        ..RenderSettings::default()
    };
    render_into(page, &cache, &interpreter, &settings, &mut canvas, transform);
    shade(&mut canvas)
}

fn shade(canvas: &mut RenderContext) -> Vec<u8> {
    canvas.flush();
    let mut pixmap = Pixmap::new(canvas.width(), canvas.height());
    let clear = RasterizerSettings {
        target_init: TargetInit::Clear(WHITE),
        ..RasterizerSettings::default()
    };
    canvas.render_with(&mut pixmap, &mut Resources::default(), clear);
    pixmap
        .data()
        .iter()
        .map(|pixel| pixel.r.min(pixel.g).min(pixel.b))
        .collect()
}

/// A number of pixels, at least one.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be between 1 and 4096"
)]
fn side(length: f64) -> Option<u16> {
    let length = length.ceil().max(1.0);
    (length <= MAX_SIDE).then_some(length as u16)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
    use super::*;
    use crate::Limits;
    use crate::survey;
    use crate::target_page::{End, pages};

    /// What each of the two says is on the last page.
    fn both(pdf: &[u8]) -> (Option<Vec<u8>>, Vec<u8>, usize) {
        let limits = Limits::default();
        let base = Base::open(pdf, &limits).unwrap();
        let page = pages(&base, End::Last, 1).unwrap().remove(0);
        let shot = Shot::new(&base, &page);
        let shared = Arc::new([pdf, &shot.tail].concat());
        let opened = Pdf::new(shared).unwrap();
        let page = &opened.pages()[0];
        let (width, height) = shot.view.size();
        let (columns, rows) = (side(width / 2.0).unwrap(), side(height / 2.0).unwrap());
        let transform =
            kurbo::Affine::new([0.5, 0.0, 0.0, -0.5, 0.0, height / 2.0]) * kurbo::Affine::new(shot.view.user_to_view());
        let drawn = render(page, transform, columns, rows, RenderContent::all());
        (
            super::survey(page, transform, columns, rows).map(|(shade, _)| shade),
            drawn,
            usize::from(columns),
        )
    }

    #[test]
    fn whatever_can_be_seen_is_in_the_survey() {
        for name in [
            "permit.pdf",
            "linearized.pdf",
            "object-streams.pdf",
            "signed-and-sealed.pdf",
        ] {
            let pdf = std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let (surveyed, drawn, width) = both(&pdf);
            let surveyed = surveyed.unwrap();
            let mut seen = 0;
            for (at, &shade) in drawn.iter().enumerate() {
                if shade < survey::WHITE {
                    seen += 1;
                    assert_eq!(surveyed[at], 0, "{name}: {} {}", at % width, at / width);
                }
            }
            assert!(seen > 100, "{name} shows something");
        }
    }
}
