//! Rebuilds a damaged cross-reference table by scanning the file for `N G obj`.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object};

use super::lexer::{Lexer, is_space};
use super::xref::{Entry, Found, XrefForm};
use super::{Loaded, Meter, Stop, StructureError, SyntaxError};
use crate::Limits;

/// Finds every object that stands in the file itself. Of two with one number the later counts, as after an update.
pub(super) fn scan(pdf: &[u8], limits: &Limits, meter: &Meter) -> Result<Found, Stop> {
    let mut entries = BTreeMap::new();
    let mut trailer = Dictionary::new();
    let mut catalog = None;
    let mut at = 0;
    while let Some(offset) = next_candidate(pdf, at, &mut trailer, limits, meter)? {
        let mut lexer = Lexer::new(pdf, offset, limits).lenient(true);
        let Some(id) = lexer.indirect_header() else {
            at = offset + 1;
            continue;
        };
        at = lexer.at();
        let object = lexer.object();
        meter.spend(lexer.work_since(offset), limits)?;
        match object {
            Ok(object) => {
                at = lexer.at();
                entries.insert(
                    id.0,
                    Entry::At {
                        offset,
                        generation: id.1,
                    },
                );
                if let (Object::Dictionary(dictionary), start) = (&object, lexer.stream_start()) {
                    if dictionary.has_type(b"Catalog") {
                        catalog = Some(id);
                    }
                    if dictionary.has_type(b"XRef") {
                        merge(&mut trailer, dictionary);
                    }
                    if let Some(start) = start {
                        at = skip_data(pdf, start, dictionary);
                    }
                }
            }
            Err(SyntaxError::TooDeep) => {
                return Err(StructureError::TooDeep {
                    limit: limits.max_depth,
                }
                .into());
            }
            Err(SyntaxError::TooManyValues) => {
                return Err(StructureError::TooManyObjects {
                    limit: limits.max_values,
                }
                .into());
            }
            // Half an object is no object; what comes after it may be whole.
            Err(SyntaxError::Malformed) => {}
        }
        if entries.len() > limits.max_objects {
            return Err(StructureError::TooManyObjects {
                limit: limits.max_objects,
            }
            .into());
        }
    }
    if !trailer.has(b"Root")
        && let Some(id) = catalog
    {
        trailer.set("Root", Object::Reference(id));
    }
    for stale in [
        &b"Prev"[..],
        b"XRefStm",
        b"Size",
        b"W",
        b"Index",
        b"Length",
        b"Filter",
        b"DecodeParms",
        b"Type",
    ] {
        trailer.remove(stale);
    }
    Ok(Found {
        entries,
        trailer,
        startxref: 0,
        form: XrefForm::Table,
    })
}

/// Adds what is in object streams, of which the later in the file counts, and finds the catalog there if need be.
pub(super) fn add_compressed(loaded: &mut Loaded<'_>) -> Result<(), Stop> {
    let mut containers = Vec::new();
    for (&number, entry) in &loaded.xref {
        if let Entry::At { offset, generation } = *entry
            && let Ok(Some(parsed)) = within_limits(loaded.try_parsed((number, generation)))?
            && let (Object::Dictionary(dictionary), Some(_)) = (&parsed.object, &parsed.stream)
            && dictionary.has_type(b"ObjStm")
        {
            containers.push((offset, number));
        }
    }
    containers.sort_unstable();
    let mut found: BTreeMap<u32, (usize, Entry)> = BTreeMap::new();
    for (offset, container) in containers {
        let Ok(stream) = within_limits(loaded.object_stream(container))? else {
            continue;
        };
        for (index, &(number, _)) in (0..).zip(&stream.members) {
            found.insert(number, (offset, Entry::In { container, index }));
        }
        if found.len() > loaded.limits.max_objects {
            return Err(StructureError::TooManyObjects {
                limit: loaded.limits.max_objects,
            }
            .into());
        }
    }
    for (number, (container_offset, entry)) in found {
        let newer = match loaded.xref.get(&number) {
            Some(&Entry::At { offset, .. }) => container_offset > offset,
            Some(Entry::Free | Entry::In { .. }) | None => true,
        };
        if newer {
            loaded.xref.insert(number, entry);
        }
    }
    if !loaded.trailer.has(b"Root") {
        let numbers: Vec<u32> = loaded.xref.keys().copied().collect();
        for number in numbers {
            if let Ok(Some(parsed)) = within_limits(loaded.try_parsed((number, 0)))?
                && parsed
                    .object
                    .as_dict()
                    .is_ok_and(|dictionary| dictionary.has_type(b"Catalog"))
            {
                loaded.trailer.set("Root", Object::Reference((number, 0)));
            }
        }
    }
    Ok(())
}

/// Lets damage pass, because the rest may be whole, but not a breach of a limit.
fn within_limits<T>(result: Result<T, Stop>) -> Result<Result<T, ()>, Stop> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Damaged(_)) => Ok(Err(())),
        Err(Stop::Refused(error)) => Err(Stop::Refused(error)),
    }
}

/// The offset of the next `N G obj` from `from` on. Trailers on the way are merged.
fn next_candidate(
    pdf: &[u8],
    from: usize,
    trailer: &mut Dictionary,
    limits: &Limits,
    meter: &Meter,
) -> Result<Option<usize>, Stop> {
    let rest = pdf.get(from..).unwrap_or_default();
    let found = memchr::memmem::find_iter(rest, b"obj").find_map(|at| header_before(pdf, from, from + at));
    let until = found.unwrap_or(pdf.len());
    let between = pdf.get(from..until).unwrap_or_default();
    for at in memchr::memmem::find_iter(between, b"trailer") {
        let mut lexer = Lexer::new(pdf, from + at + b"trailer".len(), limits).lenient(true);
        let start = lexer.at();
        let object = lexer.object();
        meter.spend(lexer.work_since(start), limits)?;
        if let Ok(Object::Dictionary(dictionary)) = object {
            merge(trailer, &dictionary);
        }
    }
    Ok(found)
}

/// Where `N G ` begins that ends at `obj`, not before `from`.
fn header_before(pdf: &[u8], from: usize, obj: usize) -> Option<usize> {
    let mut at = obj;
    let mut back = |accept: fn(u8) -> bool| {
        let end = at;
        while at > from && end - at < 12 && pdf.get(at - 1).is_some_and(|&b| accept(b)) {
            at -= 1;
        }
        (at < end).then_some(at)
    };
    let digit: fn(u8) -> bool = |b| b.is_ascii_digit();
    back(is_space)?;
    back(digit)?;
    back(is_space)?;
    back(digit)
}

/// What a later trailer says counts; what it leaves out stays.
fn merge(trailer: &mut Dictionary, later: &Dictionary) {
    for (key, value) in later {
        trailer.set(key.clone(), value.clone());
    }
}

/// Past a stream's data, so that what looks like an object in it is none.
fn skip_data(pdf: &[u8], start: usize, dictionary: &Dictionary) -> usize {
    let length = dictionary.get(b"Length").and_then(Object::as_i64).ok();
    let announced = length
        .and_then(|n| usize::try_from(n).ok())
        .and_then(|n| start.checked_add(n));
    if let Some(end) = announced
        && pdf
            .get(end..)
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"endstream"))
    {
        return end;
    }
    let rest = pdf.get(start..).unwrap_or_default();
    memchr::memmem::find(rest, b"endstream").map_or(pdf.len(), |end| start + end)
}
