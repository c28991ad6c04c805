//! Reads a QR code whose modules are all known.
//!
//! A camera sees some modules wrongly, and error correction finds out which. In a rendering of our own file none may be
//! wrong, so it is enough, and ten times faster, to check that the correction codewords are those of the data.

use qrcode::bits::Bits;
use qrcode::canvas::is_functional;
use qrcode::ec::construct_codewords;
use qrcode::{EcLevel, Version};

/// The characters of alphanumeric mode, in the order of their values (ISO/IEC 18004, table 5).
const ALPHANUMERIC: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
/// What the format bits are masked with (ISO/IEC 18004, 7.9.1).
const FORMAT_MASK: u16 = 0b101_0100_0001_0010;
/// Larger symbols carry their version, too, and longer counts. No link needs them.
const LARGEST_VERSION: i16 = 6;

/// The text of a symbol of correction level M that is one alphanumeric segment. `None` for any other symbol, for one with
/// a single module wrong, and for one larger than version 6.
pub(crate) fn decode(size: usize, dark: impl Fn(usize, usize) -> bool) -> Option<String> {
    let width = i16::try_from(size).ok()?;
    let number = width.checked_sub(17)? / 4;
    if number * 4 + 17 != width || !(1..=LARGEST_VERSION).contains(&number) {
        return None;
    }
    let version = Version::Normal(number);
    let mask = mask(format(size, &dark)?)?;
    let codewords = codewords(size, |x, y| {
        let (column, row) = (i16::try_from(x).ok()?, i16::try_from(y).ok()?);
        (!is_functional(version, width, column, row)).then(|| dark(x, y) != mask(x, y))
    });
    let data = checked(version, &codewords)?;
    text(&data)
}

/// The mask's number, if both copies of the format say the same, without error, and correction level M.
fn format(size: usize, dark: &impl Fn(usize, usize) -> bool) -> Option<u16> {
    let read = |places: [(usize, usize); 15]| {
        places
            .iter()
            .fold(0_u16, |bits, &(x, y)| (bits << 1) | u16::from(dark(x, y)))
    };
    let corner = [
        (0, 8),
        (1, 8),
        (2, 8),
        (3, 8),
        (4, 8),
        (5, 8),
        (7, 8),
        (8, 8),
        (8, 7),
        (8, 5),
        (8, 4),
        (8, 3),
        (8, 2),
        (8, 1),
        (8, 0),
    ];
    let edges = std::array::from_fn(|at| {
        if at < 7 {
            (8, size - 1 - at)
        } else {
            (size - 15 + at, 8)
        }
    });
    let bits = read(corner);
    if bits != read(edges) {
        return None;
    }
    let bits = bits ^ FORMAT_MASK;
    let (level, mask) = (bits >> 13, (bits >> 10) & 0b111);
    (level == 0 && bits & 0x3ff == remainder(mask)).then_some(mask)
}

/// The ten check bits of a format (ISO/IEC 18004, annex C).
fn remainder(data: u16) -> u16 {
    let mut value = data << 10;
    for shift in (0..5).rev() {
        if value & (1 << (shift + 10)) != 0 {
            value ^= 0x537 << shift;
        }
    }
    value
}

/// Which modules a mask inverts (ISO/IEC 18004, table 10).
fn mask(number: u16) -> Option<fn(usize, usize) -> bool> {
    Some(match number {
        0 => |x, y| (x + y) % 2 == 0,
        1 => |_, y| y % 2 == 0,
        2 => |x, _| x % 3 == 0,
        3 => |x, y| (x + y) % 3 == 0,
        4 => |x, y| (x / 3 + y / 2) % 2 == 0,
        5 => |x, y| (x * y) % 2 + (x * y) % 3 == 0,
        6 => |x, y| ((x * y) % 2 + (x * y) % 3) % 2 == 0,
        7 => |x, y| ((x + y) % 2 + (x * y) % 3) % 2 == 0,
        _ => return None,
    })
}

/// Codewords in the order of their modules: two columns at a time, from the right, up and down in turn.
fn codewords(size: usize, module: impl Fn(usize, usize) -> Option<bool>) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut byte, mut bits) = (0_u8, 0);
    // The timing pattern's column 6 is left out of the pairs.
    let pairs = (0..size).rev().filter(|&x| x != 6).collect::<Vec<usize>>();
    for (turn, pair) in pairs.chunks(2).enumerate() {
        for step in 0..size {
            let y = if turn % 2 == 0 { size - 1 - step } else { step };
            for &x in pair {
                let Some(dark) = module(x, y) else { continue };
                byte = (byte << 1) | u8::from(dark);
                bits += 1;
                if bits == 8 {
                    out.push(byte);
                    (byte, bits) = (0, 0);
                }
            }
        }
    }
    out
}

/// The data codewords in their own order, if the correction codewords are theirs.
fn checked(version: Version, codewords: &[u8]) -> Option<Vec<u8>> {
    let length = Bits::new(version).max_len(EcLevel::M).ok()? / 8;
    // What becomes of 0, 1, 2, ... tells in which order data codewords of several blocks are placed.
    let positions: Vec<u8> = (0..length).map(|at| u8::try_from(at).ok()).collect::<Option<_>>()?;
    let (order, _) = construct_codewords(&positions, version, EcLevel::M).ok()?;
    let mut data = vec![0; length];
    for (&position, &codeword) in order.iter().zip(codewords) {
        *data.get_mut(usize::from(position))? = codeword;
    }
    let (placed, correction) = construct_codewords(&data, version, EcLevel::M).ok()?;
    (codewords.len() == placed.len() + correction.len()
        && codewords.starts_with(&placed)
        && codewords.ends_with(&correction))
    .then_some(data)
}

/// One alphanumeric segment from the beginning.
fn text(data: &[u8]) -> Option<String> {
    let mut bits = data
        .iter()
        .flat_map(|&byte| (0..8).rev().map(move |shift| usize::from(byte >> shift & 1)));
    let mut take = |count: usize| (0..count).try_fold(0, |value, _| Some((value << 1) | bits.next()?));
    if take(4)? != 0b0010 {
        return None;
    }
    let mut left = take(9)?;
    let mut text = String::with_capacity(left);
    let character = |value: usize| ALPHANUMERIC.get(value).map(|&byte| char::from(byte));
    while left >= 2 {
        let pair = take(11)?;
        text.push(character(pair / 45)?);
        text.push(character(pair % 45)?);
        left -= 2;
    }
    if left == 1 {
        text.push(character(take(6)?)?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use proptest::prelude::*;

    use super::*;
    use crate::qr::Symbol;

    fn grid(symbol: &Symbol) -> Vec<Vec<bool>> {
        let mut grid = vec![vec![false; symbol.size]; symbol.size];
        for (column, row, length) in symbol.runs() {
            for module in grid.get_mut(row).unwrap().iter_mut().skip(column).take(length) {
                *module = true;
            }
        }
        grid
    }

    fn at(grid: &[Vec<bool>], x: usize, y: usize) -> bool {
        grid.get(y).and_then(|row| row.get(x)).copied().unwrap()
    }

    proptest! {
        #[test]
        fn it_reads_what_another_decoder_reads(text in "[0-9A-Z $%*+./:-]{1,154}") {
            let symbol = Symbol::encode(&text).unwrap();
            let grid = grid(&symbol);
            let theirs = rqrr::Grid::new(rqrr::SimpleGrid::from_func(symbol.size, |x, y| at(&grid, x, y)));
            prop_assert_eq!(theirs.decode().unwrap().1, text.clone());
            prop_assert_eq!(decode(symbol.size, |x, y| at(&grid, x, y)), Some(text));
        }
    }

    #[test]
    fn a_single_wrong_module_that_carries_anything_is_noticed() {
        let symbol = Symbol::encode("HTTPS://VERIFIKASI.UJI.GO.ID/V/1ABC/DEF").unwrap();
        let width = i16::try_from(symbol.size).unwrap();
        let version = Version::Normal((width - 17) / 4);
        let grid = grid(&symbol);
        let mut unnoticed = 0;
        for (x, y) in (0..symbol.size).flat_map(|y| (0..symbol.size).map(move |x| (x, y))) {
            if is_functional(version, width, i16::try_from(x).unwrap(), i16::try_from(y).unwrap()) {
                continue;
            }
            let read = decode(symbol.size, |column, row| {
                at(&grid, column, row) != ((column, row) == (x, y))
            });
            unnoticed += usize::from(read.is_some());
        }
        // Versions 2 to 6 have seven modules at the end that stand for nothing.
        assert_eq!(unnoticed, 7);
    }

    #[test]
    fn what_is_no_symbol_is_not_read() {
        for size in [0, 3, 20, 21, 37, 177, 1000] {
            assert_eq!(decode(size, |_, _| false), None);
            assert_eq!(decode(size, |x, y| (x * y) % 3 == 0), None);
        }
    }
}
