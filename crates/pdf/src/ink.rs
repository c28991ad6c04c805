//! Draws the filled areas of one page and nothing else.
//!
//! The modules of a seal's QR code are filled areas. Its caption is not needed to read them, and takes most of the time.

use hayro::hayro_interpret::font::GlyphRun;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, FillRule, Image, ImageDrawProps, Paint, SoftMask,
};
use hayro::kurbo::{Affine, BezPath, Rect};
use hayro::vello_cpu::RenderContext;
use hayro::vello_cpu::color::AlphaColor;
use hayro::vello_cpu::peniko::Fill;

use crate::cost::Operations;

/// Draws into a context until something comes that it does not know how to draw.
pub(crate) struct Ink<'c> {
    context: &'c mut RenderContext,
    gave_up: bool,
    operations: Operations,
}

impl<'c> Ink<'c> {
    pub(crate) fn new(context: &'c mut RenderContext) -> Self {
        Self {
            context,
            gave_up: false,
            operations: Operations::default(),
        }
    }

    /// Whether everything but text has been drawn.
    pub(crate) fn is_complete(&self) -> bool {
        !self.gave_up
    }
}

impl<'a> Device<'a> for Ink<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.operations.spend(1 + path.elements().len());
        let (DrawMode::Fill(rule), Paint::Color(color), None, BlendMode::Normal) =
            (draw_mode, &props.paint, &props.soft_mask, props.blend_mode)
        else {
            self.gave_up = true;
            return;
        };
        let [red, green, blue, alpha] = color.to_rgba().to_rgba8();
        self.context.set_fill_rule(fill(*rule));
        self.context.set_transform(props.transform);
        self.context.set_paint(AlphaColor::from_rgba8(red, green, blue, alpha));
        self.context.fill_path(path);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        self.operations.spend(1 + clip_path.path.elements().len());
        self.context.set_fill_rule(fill(clip_path.fill));
        self.context.set_transform(Affine::IDENTITY);
        self.context.push_clip_path(&clip_path.path);
    }

    fn push_clip_rect(&mut self, rect: &Rect) {
        self.operations.spend(1);
        self.context.set_fill_rule(Fill::NonZero);
        self.context.set_transform(Affine::IDENTITY);
        self.context.push_clip_rect(rect);
    }

    fn pop_clip(&mut self) {
        self.context.pop_clip();
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {
        self.operations.spend(1 + run.glyphs().len());
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.gave_up = true;
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.gave_up = true;
    }

    fn pop_transparency_group(&mut self) {}
}

fn fill(rule: FillRule) -> Fill {
    match rule {
        FillRule::NonZero => Fill::NonZero,
        FillRule::EvenOdd => Fill::EvenOdd,
    }
}
