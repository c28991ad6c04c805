//! Follows `startxref` through cross-reference tables, streams and hybrids (ISO 32000-2, 7.5.4 and 7.5.8).

use std::collections::BTreeMap;
use std::collections::btree_map;

use lopdf::{Dictionary, Object, Stream};

use super::lexer::{Lexer, is_space};
use super::{Meter, Stop, StructureError, stop};
use crate::Limits;

/// No file has more objects than this (ISO 32000-1, annex C), and readers count with 32 bits.
const MAX_SIZE: usize = 8_388_608;

/// Where one object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Deleted or never used.
    Free,
    /// At this offset of the file.
    At {
        /// Offset of the first digit of `N G obj`.
        offset: usize,
        /// Its generation.
        generation: u16,
    },
    /// In an object stream.
    In {
        /// Number of the object stream.
        container: u32,
        /// Position in it.
        index: u32,
    },
}

/// The two spellings of a cross-reference section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XrefForm {
    /// `xref` ... `trailer`.
    Table,
    /// A stream of type `/XRef`.
    Stream,
}

/// All sections merged.
pub(super) struct Found {
    pub(super) entries: BTreeMap<u32, Entry>,
    pub(super) trailer: Dictionary,
    pub(super) startxref: usize,
    pub(super) form: XrefForm,
}

/// Reads all sections of a file that follows the rules.
pub(super) fn read(pdf: &[u8], limits: &Limits, meter: &Meter) -> Result<Found, Stop> {
    if !pdf.starts_with(b"%PDF-") {
        return Err(Stop::Damaged("bytes come before the header"));
    }
    let startxref = startxref(pdf, limits).ok_or(Stop::Damaged("startxref is not at the end"))?;
    let mut chain = Chain {
        pdf,
        limits,
        meter,
        entries: BTreeMap::new(),
    };
    let (trailer, form) = chain.section(startxref)?;
    let mut visited = vec![startxref];
    let mut previous = offset(&trailer, b"Prev")?;
    while let Some(at) = previous {
        if visited.contains(&at) || visited.len() > limits.max_depth.saturating_mul(10) {
            return Err(Stop::Damaged("the cross-reference sections form a cycle"));
        }
        visited.push(at);
        previous = offset(&chain.section(at)?.0, b"Prev")?;
    }
    let entries = chain.entries;
    check_targets(pdf, &entries, limits)?;
    check_size(&trailer, &entries)?;
    if !matches!(trailer.get(b"Root"), Ok(Object::Reference(_))) {
        return Err(Stop::Damaged("the trailer names no catalog"));
    }
    Ok(Found {
        entries,
        trailer,
        startxref,
        form,
    })
}

/// The offset after the last `startxref`, if only white space follows its `%%EOF`.
fn startxref(pdf: &[u8], limits: &Limits) -> Option<usize> {
    let window = pdf.len().saturating_sub(2048);
    let at = window + memchr::memmem::rfind(pdf.get(window..)?, b"startxref")?;
    let mut lexer = Lexer::new(pdf, at + b"startxref".len(), limits);
    let offset = usize::try_from(lexer.unsigned()?).ok()?;
    let rest = lexer.rest().trim_ascii_start().strip_prefix(b"%%EOF")?;
    rest.iter().all(|&b| is_space(b)).then_some(offset)
}

struct Chain<'a> {
    pdf: &'a [u8],
    limits: &'a Limits,
    meter: &'a Meter,
    entries: BTreeMap<u32, Entry>,
}

impl Chain<'_> {
    fn section(&mut self, at: usize) -> Result<(Dictionary, XrefForm), Stop> {
        let mut lexer = Lexer::new(self.pdf, at, self.limits);
        if lexer.keyword(b"xref") {
            let trailer = self.table(&mut lexer)?;
            self.meter.spend(lexer.work_since(at), self.limits)?;
            return Ok((trailer, XrefForm::Table));
        }
        let dictionary = self.stream(at)?;
        Ok((dictionary, XrefForm::Stream))
    }

    /// An entry of an older section does not count.
    fn add(&mut self, number: u32, entry: Entry) -> Result<(), Stop> {
        if let btree_map::Entry::Vacant(vacant) = self.entries.entry(number) {
            vacant.insert(entry);
            if self.entries.len() > self.limits.max_objects {
                return Err(StructureError::TooManyObjects {
                    limit: self.limits.max_objects,
                }
                .into());
            }
        }
        Ok(())
    }

    fn table(&mut self, lexer: &mut Lexer<'_>) -> Result<Dictionary, Stop> {
        const BAD: Stop = Stop::Damaged("the cross-reference table is not readable");
        let mut free = Vec::new();
        while !lexer.keyword(b"trailer") {
            let first = lexer.unsigned().ok_or(BAD)?;
            let count = lexer.unsigned().ok_or(BAD)?;
            for step in 0..count {
                let number = first.checked_add(step).and_then(|n| u32::try_from(n).ok()).ok_or(BAD)?;
                let offset = lexer.unsigned().and_then(|n| usize::try_from(n).ok()).ok_or(BAD)?;
                let generation = lexer.unsigned().ok_or(BAD)?;
                if lexer.keyword(b"n") {
                    let generation = u16::try_from(generation).map_err(|_| BAD)?;
                    self.add(number, Entry::At { offset, generation })?;
                } else if lexer.keyword(b"f") {
                    free.push(number);
                } else {
                    return Err(BAD);
                }
            }
        }
        let Object::Dictionary(trailer) = lexer.object().map_err(|error| stop(error, self.limits))? else {
            return Err(BAD);
        };
        // In a hybrid file the table calls an object free that the stream knows (7.5.8.4).
        if let Some(at) = offset(&trailer, b"XRefStm")? {
            self.stream(at)?;
        }
        for number in free {
            self.add(number, Entry::Free)?;
        }
        Ok(trailer)
    }

    fn stream(&mut self, at: usize) -> Result<Dictionary, Stop> {
        const BAD: Stop = Stop::Damaged("the cross-reference stream is not readable");
        let mut lexer = Lexer::new(self.pdf, at, self.limits);
        lexer.skip_space();
        lexer
            .indirect_header()
            .ok_or(Stop::Damaged("startxref or Prev leads nowhere"))?;
        let Object::Dictionary(dictionary) = lexer.object().map_err(|error| stop(error, self.limits))? else {
            return Err(BAD);
        };
        let start = lexer
            .stream_start()
            .filter(|_| dictionary.has_type(b"XRef"))
            .ok_or(BAD)?;
        self.meter.spend(start.saturating_sub(at), self.limits)?;
        let length = offset(&dictionary, b"Length")?.ok_or(BAD)?;
        let end = start.checked_add(length).ok_or(BAD)?;
        let content = self.pdf.get(start..end).ok_or(BAD)?.to_vec();
        let data = self
            .meter
            .inflate(&Stream::new(dictionary.clone(), content), self.limits)?;
        self.records(&dictionary, &data)?;
        Ok(dictionary)
    }

    fn records(&mut self, dictionary: &Dictionary, data: &[u8]) -> Result<(), Stop> {
        const BAD: Stop = Stop::Damaged("the cross-reference stream is not readable");
        let widths = numbers(dictionary, b"W").ok_or(BAD)?;
        let &[kind, second, third] = widths.as_slice() else {
            return Err(BAD);
        };
        let width = kind + second + third;
        if width == 0 || [kind, second, third].iter().any(|&w| w > 8) {
            return Err(BAD);
        }
        let size = offset(dictionary, b"Size")?.ok_or(BAD)?;
        let index = numbers(dictionary, b"Index").unwrap_or_else(|| vec![0, size]);
        let mut records = data.chunks_exact(width);
        for pair in index.chunks_exact(2) {
            let &[first, count] = pair else { return Err(BAD) };
            for step in 0..count {
                let record = records.next().ok_or(BAD)?;
                let number = first.checked_add(step).and_then(|n| u32::try_from(n).ok()).ok_or(BAD)?;
                let (head, rest) = record.split_at_checked(kind).ok_or(BAD)?;
                let (middle, tail) = rest.split_at_checked(second).ok_or(BAD)?;
                let kind = if kind == 0 { 1 } else { big_endian(head) };
                let (middle, tail) = (big_endian(middle), big_endian(tail));
                let entry = match kind {
                    1 => Entry::At {
                        offset: usize::try_from(middle).map_err(|_| BAD)?,
                        generation: u16::try_from(tail).map_err(|_| BAD)?,
                    },
                    2 => Entry::In {
                        container: u32::try_from(middle).map_err(|_| BAD)?,
                        index: u32::try_from(tail).map_err(|_| BAD)?,
                    },
                    // 0 is free; unknown kinds read as null (7.5.8.3).
                    _ => Entry::Free,
                };
                self.add(number, entry)?;
            }
        }
        Ok(())
    }
}

/// An entry at a wrong offset would silently replace an object by another: each must stand at its own `N G obj`.
fn check_targets(pdf: &[u8], entries: &BTreeMap<u32, Entry>, limits: &Limits) -> Result<(), Stop> {
    for (&number, entry) in entries {
        match *entry {
            Entry::Free => {}
            Entry::At { offset, generation } => {
                if Lexer::new(pdf, offset, limits).indirect_header() != Some((number, generation)) {
                    return Err(Stop::Damaged("a cross-reference entry points at something else"));
                }
            }
            Entry::In { container, .. } => {
                if !matches!(entries.get(&container), Some(Entry::At { .. })) {
                    return Err(Stop::Damaged("a cross-reference entry names a missing object stream"));
                }
            }
        }
    }
    Ok(())
}

/// Strict readers refuse a file whose `/Size` is not above the numbers of all its objects.
fn check_size(trailer: &Dictionary, entries: &BTreeMap<u32, Entry>) -> Result<(), Stop> {
    const WRONG: Stop = Stop::Damaged("the trailer gives a wrong size");
    let size = offset(trailer, b"Size")?.ok_or(WRONG)?;
    let highest = entries.last_key_value().map_or(0, |(&number, _)| number);
    let is_above = usize::try_from(highest).is_ok_and(|highest| highest < size);
    if is_above && size <= MAX_SIZE {
        Ok(())
    } else {
        Err(WRONG)
    }
}

fn offset(dictionary: &Dictionary, key: &[u8]) -> Result<Option<usize>, Stop> {
    let Ok(value) = dictionary.get(key) else {
        return Ok(None);
    };
    let number = value.as_i64().ok().and_then(|n| usize::try_from(n).ok());
    number
        .map(Some)
        .ok_or(Stop::Damaged("a cross-reference section gives no usable offset"))
}

fn numbers(dictionary: &Dictionary, key: &[u8]) -> Option<Vec<usize>> {
    let items = dictionary.get(key).ok()?.as_array().ok()?.iter();
    items.map(|item| usize::try_from(item.as_i64().ok()?).ok()).collect()
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte))
}
