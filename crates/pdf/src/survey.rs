//! Finds out what a page shows where, without painting it.
//!
//! Most pages are text, thin lines and small pictures. Of these it is enough to know the box around each, which is ten
//! times faster than drawing. Where a box would say too much, such as a full-page picture that may be white paper,
//! the survey is [`Extent::AtMost`], and the page is rendered if no place is left.

use hayro::hayro_interpret::font::{Glyph, GlyphRun, PositionedGlyph};
use hayro::hayro_interpret::hayro_cmap::WritingMode;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask,
};
use hayro::kurbo::{Affine, BezPath, PathSeg, Rect, Shape};

use crate::cost::Operations;

/// What is lighter than this is paper. Scanned paper is seldom purely white.
pub(crate) const WHITE: u8 = 244;
/// The box around one thing may cover this part of the page; a larger one says too much.
const LARGEST_BOX: f64 = 0.25;
/// A line this many pixels thick is a line; what is thicker is a box.
const LINE: f64 = 4.0;
/// Around any glyph, in thousandths of its size: with accents and descenders, slanted, and wider than an em.
const GLYPH_BOX: Rect = Rect {
    x0: -200.0,
    y0: -300.0,
    x1: 1200.0,
    y1: 1100.0,
};

/// What a survey says of the pixels that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Nearly each of them carries something.
    Close,
    /// There is nothing elsewhere, but many of them may be paper.
    AtMost,
}

/// Which pixels of a page carry something.
pub(crate) struct Survey {
    width: usize,
    height: usize,
    taken: Vec<bool>,
    clips: Vec<Rect>,
    extent: Extent,
    gave_up: bool,
    operations: Operations,
}

impl Survey {
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let (width, height) = (usize::from(width), usize::from(height));
        Self {
            width,
            height,
            taken: vec![false; width * height],
            clips: Vec::new(),
            extent: Extent::Close,
            gave_up: false,
            operations: Operations::default(),
        }
    }

    /// The pixels, black where something is, or `None` when only drawing the page can tell.
    pub(crate) fn finish(self) -> Option<(Vec<u8>, Extent)> {
        let shade = |taken| if taken { 0 } else { 255 };
        (!self.gave_up).then(|| (self.taken.into_iter().map(shade).collect(), self.extent))
    }

    /// The box, cut to the page and the clip.
    fn visible(&self, rect: Rect) -> Option<Rect> {
        #[allow(clippy::cast_precision_loss, reason = "at most a few thousand")]
        let page = Rect::new(0.0, 0.0, self.width as f64, self.height as f64);
        let rect = self
            .clips
            .last()
            .map_or(rect, |clip| rect.intersect(*clip))
            .intersect(page);
        (rect.x0 < rect.x1 && rect.y0 < rect.y1).then_some(rect)
    }

    /// Takes every pixel that the box touches, whatever its size.
    fn take(&mut self, rect: Rect) {
        let Some(rect) = self.visible(rect) else { return };
        let columns = index(rect.x0)..index(rect.x1.ceil()).min(self.width);
        for row in index(rect.y0)..index(rect.y1.ceil()).min(self.height) {
            let start = row * self.width;
            if let Some(pixels) = self.taken.get_mut(start + columns.start..start + columns.end) {
                pixels.fill(true);
            }
        }
    }

    /// Takes the box around something that may not fill it.
    fn take_loosely(&mut self, rect: Rect) {
        #[allow(clippy::cast_precision_loss, reason = "at most a few million")]
        let page = (self.width * self.height) as f64;
        let Some(visible) = self.visible(rect) else { return };
        if visible.area() > LARGEST_BOX * page {
            self.extent = Extent::AtMost;
        }
        self.take(visible);
    }

    fn stroke(&mut self, path: &BezPath, transform: Affine, line_width: f32) {
        let half = f64::from(line_width) * transform.determinant().abs().sqrt() / 2.0 + 0.5;
        for segment in path.segments() {
            let ends = transform * segment;
            let rect = ends.bounding_box();
            let is_straight = matches!(ends, PathSeg::Line(_)) && rect.width().min(rect.height()) <= LINE;
            let rect = rect.inflate(half, half);
            if is_straight {
                self.take(rect);
            } else {
                self.take_loosely(rect);
            }
        }
    }
}

impl<'a> Device<'a> for Survey {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.operations.spend(1 + path.elements().len());
        if self.gave_up || is_white(&props.paint) {
            return;
        }
        match draw_mode {
            DrawMode::Fill(_) => self.take_loosely(props.transform.transform_rect_bbox(path.control_box())),
            DrawMode::Stroke(stroke) => self.stroke(path, props.transform, stroke.line_width),
            DrawMode::FillAndStroke(_, stroke) => {
                self.take_loosely(props.transform.transform_rect_bbox(path.control_box()));
                self.stroke(path, props.transform, stroke.line_width);
            }
            DrawMode::Invisible => {}
        }
    }

    fn draw_rect(&mut self, rect: &Rect, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.operations.spend(1);
        match (draw_mode, &props.paint) {
            // A rectangle of one colour fills its box, so no box is too large.
            (DrawMode::Fill(_), Paint::Color(_)) if !is_white(&props.paint) => {
                self.take(props.transform.transform_rect_bbox(*rect));
            }
            _ => self.draw_path(&rect.to_path(0.1), props, draw_mode),
        }
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.operations.spend(1 + run.glyphs().len());
        if self.gave_up || matches!(draw_mode, DrawMode::Invisible) {
            return;
        }
        if matches!(run.writing_mode(), WritingMode::Vertical) {
            self.gave_up = true;
            return;
        }
        // A glyph that is a drawing of its own may be of any size.
        if run.glyphs().iter().any(|glyph| matches!(&**glyph, Glyph::Type3(_))) {
            self.gave_up = true;
            return;
        }
        // Everything else in the run stands between its first and its last glyph.
        let glyph_box =
            |glyph: &PositionedGlyph<'_>| (props.transform * glyph.transform()).transform_rect_bbox(GLYPH_BOX);
        if let (Some(first), Some(last)) = (run.glyphs().first(), run.glyphs().last()) {
            self.take_loosely(glyph_box(first).union(glyph_box(last)));
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let stream = match &image {
            Image::Stencil(stencil) => stencil.stream(),
            Image::Raster(raster) => raster.stream(),
        };
        self.operations.spend_picture(image.width(), image.height(), stream);
        let rect = Rect::new(0.0, 0.0, f64::from(image.width()), f64::from(image.height()));
        self.take_loosely(props.transform.transform_rect_bbox(rect));
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        let rect = clip_path.path.control_box();
        self.push_clip_rect(&rect);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.operations.spend(1);
        let clip = self.clips.last().map_or(*rect, |clip| clip.intersect(*rect));
        self.clips.push(clip);
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    // Transparency makes things lighter, never larger.
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.operations.spend(1);
    }

    fn pop_transparency_group(&mut self) {}
}

fn is_white(paint: &Paint<'_>) -> bool {
    match paint {
        Paint::Color(color) => {
            let [red, green, blue, alpha] = color.to_rgba().to_rgba8();
            alpha == 0 || red.min(green).min(blue) >= WHITE
        }
        Paint::Pattern(_) => false,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a negative number saturates to 0"
)]
fn index(position: f64) -> usize {
    position as usize
}
