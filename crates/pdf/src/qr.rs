//! A QR code as modules.

use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec::construct_codewords;
use qrcode::{Color, EcLevel, Version};

/// Light modules around the symbol (ISO/IEC 18004, 9.1).
pub(crate) const QUIET_ZONE: usize = 4;

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// A QR code of error correction level M, in alphanumeric mode throughout: its size depends on the length of the text only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// Modules on one side, without the quiet zone.
    pub(crate) size: usize,
    dark: Vec<bool>,
}

impl Symbol {
    /// Encodes `text`. `None` when a character is not in the alphanumeric set, or there are too many.
    pub(crate) fn encode(text: &str) -> Option<Self> {
        let alphanumeric = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || b" $%*+-./:".contains(&b);
        if text.is_empty() || !text.bytes().all(alphanumeric) {
            return None;
        }
        let bits = (1..=40).find_map(|version| {
            let mut bits = Bits::new(Version::Normal(version));
            bits.push_alphanumeric_data(text.as_bytes()).ok()?;
            bits.push_terminator(EcLevel::M).ok()?;
            Some(bits)
        })?;
        let version = bits.version();
        let (data, correction) = construct_codewords(&bits.into_bytes(), version, EcLevel::M).ok()?;
        let mut canvas = Canvas::new(version, EcLevel::M);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        let size = usize::try_from(version.width()).ok()?;
        let masked = MASKS.map(|mask| {
            let mut canvas = canvas.clone();
            canvas.apply_mask(mask);
            let modules = canvas.into_colors().into_iter();
            modules.map(|color| color == Color::Dark).collect::<Vec<bool>>()
        });
        let dark = masked.into_iter().min_by_key(|dark| penalty(dark, size))?;
        Some(Self { size, dark })
    }

    /// Dark runs as `(column, row, length)`, row 0 at the top.
    pub(crate) fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs = Vec::new();
        for (row, line) in self.dark.chunks(self.size.max(1)).enumerate() {
            let mut column = 0;
            for run in line.chunk_by(|a, b| a == b) {
                if run.first() == Some(&true) {
                    runs.push((column, row, run.len()));
                }
                column += run.len();
            }
        }
        runs
    }
}

/// How hard a symbol is to scan (ISO/IEC 18004, 7.8.3.1). The `qrcode` crate computes the same, an order of magnitude slower.
fn penalty(dark: &[bool], size: usize) -> usize {
    let mut columns = Vec::with_capacity(dark.len());
    for column in 0..size {
        columns.extend(dark.iter().skip(column).step_by(size));
    }
    let lines = dark.chunks(size).chain(columns.chunks(size));
    let in_lines: usize = lines.map(|line| runs_penalty(line) + finder_penalty(line)).sum();
    let rows = dark.chunks(size).zip(dark.chunks(size).skip(1));
    let blocks: usize = rows.map(|(above, below)| blocks_penalty(above, below)).sum();
    let share = 200 * dark.iter().filter(|&&module| module).count() / dark.len().max(1);
    in_lines + blocks + share.abs_diff(100) / 10 * 10
}

/// Five or more modules of one colour in a row.
fn runs_penalty(line: &[bool]) -> usize {
    let lengths = line.chunk_by(|a, b| a == b).map(<[bool]>::len);
    lengths.filter(|&length| length >= 5).map(|length| length - 2).sum()
}

/// What looks like a finder pattern: 1 1 3 1 1 with four light modules on one side.
fn finder_penalty(line: &[bool]) -> usize {
    const WIDTH: u16 = 0b111_1111_1111;
    const PATTERNS: [u16; 2] = [0b000_0101_1101, 0b101_1101_0000];
    let mut window = 0;
    let mut found = 0;
    for (at, &module) in line.iter().enumerate() {
        window = ((window << 1) | u16::from(module)) & WIDTH;
        if at >= 10 && PATTERNS.contains(&window) {
            found += 40;
        }
    }
    found
}

/// Two by two modules of one colour.
fn blocks_penalty(above: &[bool], below: &[bool]) -> usize {
    let columns = above.windows(2).zip(below.windows(2));
    3 * columns
        .filter(|(a, b)| matches!((a, b), ([p, q], [r, s]) if p == q && q == r && r == s))
        .count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_verification_link_has_the_same_size_whatever_its_digits() {
        let link = |id: &str, h: &str| {
            format!(
                "HTTPS://VERIFIKASI.KABUPATEN.GO.ID/V/1{}/{}",
                id.repeat(26),
                h.repeat(52)
            )
        };
        assert_eq!(Symbol::encode(&link("A", "B")).unwrap().size, 37);
        assert_eq!(Symbol::encode(&link("2", "7")).unwrap().size, 37);
    }

    #[test]
    fn text_outside_the_alphanumeric_set_is_refused() {
        for text in ["", "https://a", "HTTPS://A/Ä", "A_B"] {
            assert_eq!(Symbol::encode(text), None, "{text}");
        }
        assert_eq!(Symbol::encode(&"A".repeat(4000)), None);
    }

    #[test]
    fn the_runs_cover_the_dark_modules_and_nothing_else() {
        let symbol = Symbol::encode("HTTPS://EXAMPLE.GO.ID").unwrap();
        let mut painted = vec![false; symbol.dark.len()];
        for (column, row, length) in symbol.runs() {
            for module in painted.iter_mut().skip(row * symbol.size + column).take(length) {
                *module = true;
            }
        }
        assert_eq!(painted, symbol.dark);
    }

    #[test]
    fn penalties_are_those_of_the_standard() {
        assert_eq!(runs_penalty(&[true; 5]), 3);
        assert_eq!(runs_penalty(&[false; 7]), 5);
        assert_eq!(blocks_penalty(&[true; 3], &[true; 3]), 6);
        let finder = [true, false, true, true, true, false, true, false, false, false, false];
        assert_eq!(finder_penalty(&finder), 40);
    }

    #[test]
    fn the_mask_is_one_that_the_qrcode_crate_would_choose_or_as_good() {
        for text in ["A", "HTTPS://EXAMPLE.GO.ID/V/1ABC", &"Z9".repeat(60)] {
            let ours = Symbol::encode(text).unwrap();
            let mut bits = Bits::new(Version::Normal(i16::try_from((ours.size - 17) / 4).unwrap()));
            bits.push_alphanumeric_data(text.as_bytes()).unwrap();
            bits.push_terminator(EcLevel::M).unwrap();
            let theirs = qrcode::QrCode::with_bits(bits, EcLevel::M).unwrap().to_colors();
            let theirs: Vec<bool> = theirs.into_iter().map(|color| color == Color::Dark).collect();
            assert!(penalty(&ours.dark, ours.size) <= penalty(&theirs, ours.size));
        }
    }
}
