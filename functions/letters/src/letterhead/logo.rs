//! The crest of an office: a small drawing, as SVG or PNG.

use typst::comemo;
use typst::foundations::Bytes;
use typst::visualize::{ExchangeFormat, RasterImage, SvgImage};

/// A crest is a small drawing, however little it takes to write it down: pixels of PNG.
const PIXEL_LIMIT: u64 = 4_000_000;
/// Where a PNG says how wide and how high it is, four bytes each.
const PNG_SIZE: usize = 16;

/// PNG, or text that begins as SVG. Entities, which can grow without limit, are refused.
pub(super) fn looks_like_a_drawing(bytes: &[u8]) -> bool {
    if is_png(bytes) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<') && text.contains("<svg") && !text.contains("<!ENTITY")
}

/// Whether letters can be set with it: what sets them reads it, and finds all of it there.
pub(super) fn can_be_drawn(bytes: &[u8]) -> bool {
    let data = Bytes::new(bytes.to_vec());
    let can = if is_png(bytes) {
        pixels(bytes).is_some_and(|pixels| pixels <= PIXEL_LIMIT)
            && RasterImage::plain(data, ExchangeFormat::Png).is_ok()
    } else {
        links_nowhere(bytes) && SvgImage::new(data).is_ok()
    };
    // The typesetter keeps what it has read.
    comemo::evict(0);
    can
}

/// Whether it begins as PNG does.
pub(crate) fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn pixels(png: &[u8]) -> Option<u64> {
    let (width, rest) = png.get(PNG_SIZE..)?.split_first_chunk::<4>()?;
    let height = rest.first_chunk::<4>()?;
    Some(u64::from(u32::from_be_bytes(*width)) * u64::from(u32::from_be_bytes(*height)))
}

/// Whether every `href` is of a part of the drawing itself, or holds what it is of.
fn links_nowhere(svg: &[u8]) -> bool {
    let text = String::from_utf8_lossy(svg);
    text.split("href").skip(1).all(|after| {
        let value = after.trim_start().strip_prefix('=').map(str::trim_start);
        let value = value.and_then(|value| value.strip_prefix(['"', '\'']));
        // Without a value it is a word of some text.
        value.is_none_or(|value| value.starts_with('#') || value.starts_with("data:"))
    })
}
