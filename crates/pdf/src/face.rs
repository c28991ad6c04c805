//! What a seal looks like: the QR code with its caption beside or under it.

use std::fmt::Write;

use crate::geometry::{POINTS_PER_MM, Rect};
use crate::qr::{QUIET_ZONE, Symbol};
use crate::text::{literal, number, win_ansi};

/// The symbol itself, without its quiet zone, is at least this wide.
const MIN_SYMBOL_MM: f64 = 25.0;
const FONT_SIZE: f64 = 7.5;
const LEADING: f64 = 9.5;
/// Width of a caption that stands beside the QR code, in points.
const COLUMN: f64 = 118.0;
/// Between a caption and the edge of the box.
const PADDING: f64 = 4.0;

/// The font of captions: one of the standard 14, so that nothing need be embedded.
pub(crate) const FONT: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

/// One arrangement, in points, origin at its lower left corner. Drawn only when it has found a place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Face {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// The symbol without its quiet zone.
    pub(crate) symbol: Rect,
    text_x: f64,
    text_top: f64,
    lines: Vec<Vec<u8>>,
}

/// The two arrangements of one seal, the preferred one first.
pub(crate) fn arrangements(symbol: &Symbol, caption: &[String]) -> [Face; 2] {
    let modules = count(symbol.size);
    // Rounded up to a twentieth of a point, so that coordinates stay short.
    let module = (MIN_SYMBOL_MM * POINTS_PER_MM / modules * 20.0).ceil() / 20.0;
    let quiet = count(QUIET_ZONE) * module;
    let side = modules * module + 2.0 * quiet;
    let symbol_at = |bottom: f64| Rect::new(quiet, bottom + quiet, side - quiet, bottom + side - quiet);

    let lines = wrap(caption, COLUMN, FONT_SIZE);
    let text = count(lines.len()) * LEADING;
    let height = side.max(text + 2.0 * PADDING);
    let beside = Face {
        width: side + COLUMN + PADDING,
        height,
        symbol: symbol_at(height - side),
        text_x: side,
        text_top: f64::midpoint(height, text),
        lines,
    };

    let lines = wrap(caption, side - 2.0 * PADDING, FONT_SIZE);
    let text = count(lines.len()) * LEADING;
    let under = Face {
        width: side,
        height: side + text,
        symbol: symbol_at(text),
        text_x: PADDING,
        text_top: text,
        lines,
    };
    [beside, under]
}

impl Face {
    /// Content stream operators. The font is `/F1`.
    pub(crate) fn content(&self, symbol: &Symbol) -> Vec<u8> {
        let module = number(self.symbol.width() / count(symbol.size));
        let (x, y) = (number(self.symbol.x0), number(self.symbol.y0));
        // Writing to a string cannot fail.
        let mut out = format!("1 1 1 rg 0 0 {} {} re f\n", number(self.width), number(self.height));
        let _ = writeln!(out, "q {module} 0 0 {module} {x} {y} cm 0 0 0 rg");
        // One path, so that viewers that smooth edges leave no seams between the modules.
        for (column, row, length) in symbol.runs() {
            let _ = writeln!(out, "{column} {} {length} 1 re", symbol.size - 1 - row);
        }
        out.push_str("f Q\n");
        let mut out = out.into_bytes();
        out.extend(lines(&self.lines, self.text_x, self.text_top, FONT_SIZE, LEADING));
        out
    }
}

/// Lines of text, the first below `top`.
pub(crate) fn lines(lines: &[Vec<u8>], x: f64, top: f64, size: f64, leading: f64) -> Vec<u8> {
    let (x, y) = (number(x), number(top - size));
    let mut out = format!(
        "BT /F1 {} Tf 0 0 0 rg {} TL {x} {y} Td\n",
        number(size),
        number(leading)
    )
    .into_bytes();
    for line in lines {
        out.extend_from_slice(&literal(line));
        out.extend_from_slice(b" Tj T*\n");
    }
    out.extend_from_slice(b"ET\n");
    out
}

/// Breaks text at spaces, and words that are too long anywhere.
pub(crate) fn wrap(paragraphs: &[String], width: f64, size: f64) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for paragraph in paragraphs {
        let mut line: Vec<u8> = Vec::new();
        for word in paragraph.split_whitespace().map(win_ansi) {
            let joined = if line.is_empty() {
                word.clone()
            } else {
                [line.as_slice(), b" ", &word].concat()
            };
            if text_width(&joined, size) <= width {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for byte in word {
                line.push(byte);
                if text_width(&line, size) > width && line.len() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, vec![byte]));
                }
            }
        }
        lines.push(line);
    }
    lines
}

fn text_width(text: &[u8], size: f64) -> f64 {
    text.iter().map(|&byte| f64::from(advance(byte))).sum::<f64>() * size / 1000.0
}

/// Helvetica's widths in thousandths of its size, as in Adobe's metrics. Beyond ASCII an upper bound.
fn advance(byte: u8) -> u16 {
    const ASCII: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
        556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
        556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
        556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
        500, 500, 500, 334, 260, 334, 584,
    ];
    let index = usize::from(byte).checked_sub(32);
    index.and_then(|index| ASCII.get(index)).copied().unwrap_or(1000)
}

/// Counts here are of modules and lines: far below where a float loses integers.
#[allow(clippy::cast_precision_loss, reason = "at most a few thousand")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
    use proptest::prelude::*;

    use super::*;

    fn text(lines: &[Vec<u8>]) -> Vec<&str> {
        lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn a_caption_is_broken_at_spaces_and_a_link_anywhere() {
        let caption = [
            "Pindai untuk memeriksa".to_owned(),
            "https://verifikasi.kabupaten.go.id/".to_owned(),
        ];
        assert_eq!(
            text(&wrap(&caption, 57.0, FONT_SIZE)),
            ["Pindai untuk", "memeriksa", "https://verifikasi.", "kabupaten.go.id/"]
        );
    }

    #[test]
    fn the_symbol_is_at_least_25_mm_wide_in_both_arrangements() {
        let symbol = Symbol::encode(&"A".repeat(110)).unwrap();
        let caption = ["Dokumen ini ditandatangani secara elektronik.".to_owned()];
        for face in arrangements(&symbol, &caption) {
            let content = String::from_utf8(face.content(&symbol)).unwrap();
            let scale: f64 = content
                .lines()
                .nth(1)
                .unwrap()
                .split(' ')
                .nth(1)
                .unwrap()
                .parse()
                .unwrap();
            let symbol_mm = scale * f64::from(u32::try_from(symbol.size).unwrap()) / POINTS_PER_MM;
            assert!((25.0..26.0).contains(&symbol_mm), "{symbol_mm}");
            assert!(face.width >= symbol_mm * POINTS_PER_MM && face.height >= symbol_mm * POINTS_PER_MM);
        }
    }

    #[test]
    fn the_drawing_is_this() {
        let symbol = Symbol::encode("A").unwrap();
        let [beside, under] = arrangements(&symbol, &["Portal (resmi)".to_owned()]);
        let text = |face: &Face| String::from_utf8(face.content(&symbol)).unwrap();
        insta::assert_snapshot!("face_beside", text(&beside));
        insta::assert_snapshot!("face_under", text(&under));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_and_no_letter_is_lost(caption in "[a-z ]{0,80}", width in 12.0..80.0) {
            let lines = wrap(std::slice::from_ref(&caption), width, FONT_SIZE);
            for line in &lines {
                prop_assert!(text_width(line, FONT_SIZE) <= width || line.len() == 1);
            }
            let letters: Vec<u8> = caption.bytes().filter(|&b| b != b' ').collect();
            prop_assert_eq!(lines.concat().into_iter().filter(|&b| b != b' ').collect::<Vec<u8>>(), letters);
        }
    }
}
