//! A QR code as modules.

use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec::construct_codewords;
use qrcode::{Color, EcLevel, Version};

/// Light modules around the symbol (ISO/IEC 18004, 9.1).
pub(crate) const QUIET_ZONE: usize = 4;

/// Larger symbols would be too fine to scan from paper; a line of this one, 125 modules, is one number below.
const LARGEST_VERSION: i16 = 27;

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
        let bits = (1..=LARGEST_VERSION).find_map(|version| {
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

/// How hard a symbol is to scan (ISO/IEC 18004, 7.8.3.1). The `qrcode` crate computes the same, a hundred times slower:
/// here a line of modules is one number, and all its modules are looked at together.
fn penalty(dark: &[bool], size: usize) -> u32 {
    let line = |modules: &mut dyn Iterator<Item = &bool>| modules.fold(0, |bits, &dark| (bits << 1) | u128::from(dark));
    let rows: Vec<u128> = dark.chunks(size).map(|row| line(&mut row.iter())).collect();
    let columns: Vec<u128> = (0..size)
        .map(|column| line(&mut dark.iter().skip(column).step_by(size)))
        .collect();
    let in_lines: u32 = rows
        .iter()
        .chain(&columns)
        .map(|&line| runs(line, size) + finders(line, size))
        .sum();
    let blocks: u32 = rows
        .windows(2)
        .map(|pair| if let [a, b] = pair { blocks(*a, *b, size) } else { 0 })
        .sum();
    let count: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let share = 200 * count / u32::try_from(dark.len()).unwrap_or(u32::MAX).max(1);
    in_lines + blocks + share.abs_diff(100) / 10 * 10
}

/// The lowest `count` bits.
fn low(count: usize) -> u128 {
    (1 << count) - 1
}

/// Which modules are of the same colour as the one before.
fn same(line: u128, size: usize) -> u128 {
    !(line ^ (line >> 1)) & low(size - 1)
}

/// Five or more modules of one colour in a row: 3, and 1 for each more than five.
fn runs(line: u128, size: usize) -> u32 {
    let same = same(line, size);
    let fives = same & same >> 1 & same >> 2 & same >> 3;
    let ends = fives & !(fives << 1);
    fives.count_ones() + 2 * ends.count_ones()
}

/// What looks like a finder pattern, 1 1 3 1 1, with four light modules on one side: 40.
fn finders(line: u128, size: usize) -> u32 {
    let light = !line & low(size);
    let pattern = line & light >> 1 & line >> 2 & line >> 3 & line >> 4 & light >> 5 & line >> 6;
    let four = light & light >> 1 & light >> 2 & light >> 3;
    40 * ((pattern & four >> 7).count_ones() + (pattern & four << 4).count_ones())
}

/// Two by two modules of one colour: 3.
fn blocks(above: u128, below: u128, size: usize) -> u32 {
    3 * (same(above, size) & same(below, size) & !(above ^ below)).count_ones()
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
        assert_eq!(
            [
                runs(0b11111, 5),
                runs(0b0, 7),
                runs(0b1111, 4),
                runs(0b11_1110_0000, 10)
            ],
            [3, 5, 0, 6]
        );
        assert_eq!(
            [blocks(0b111, 0b111, 3), blocks(0b110, 0b001, 3), blocks(0, 0, 2)],
            [6, 0, 3]
        );
        assert_eq!(
            [
                finders(0b101_1101_0000, 11),
                finders(0b101_1101, 11),
                finders(0b101_1101, 7)
            ],
            [40, 40, 0]
        );
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
