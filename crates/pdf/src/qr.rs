//! A QR code as modules.

use qrcode::bits::Bits;
use qrcode::{Color, EcLevel, QrCode, Version};

/// Light modules around the symbol (ISO/IEC 18004, 9.1).
pub(crate) const QUIET_ZONE: usize = 4;

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
        let code = (1..=40).find_map(|version| {
            let mut bits = Bits::new(Version::Normal(version));
            bits.push_alphanumeric_data(text.as_bytes()).ok()?;
            bits.push_terminator(EcLevel::M).ok()?;
            QrCode::with_bits(bits, EcLevel::M).ok()
        })?;
        let size = code.width();
        let dark = code
            .into_colors()
            .into_iter()
            .map(|color| color == Color::Dark)
            .collect();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_verification_link_takes_41_modules_whatever_its_digits() {
        let link = |id: char, h: char| {
            format!(
                "HTTPS://VERIFIKASI.KAB.GO.ID/V/1{}/{}",
                id.to_string().repeat(26),
                h.to_string().repeat(52)
            )
        };
        assert_eq!(Symbol::encode(&link('A', 'B')).unwrap().size, 41);
        assert_eq!(Symbol::encode(&link('2', '7')).unwrap().size, 41);
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
}
