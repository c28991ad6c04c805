//! What it may cost to look at a page.
//!
//! The renderer inflates streams without a limit, and a form that draws ten forms that draw ten forms takes for ever.
//! Both are bounded here, before and while it works.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::resume_unwind;

use hayro::hayro_syntax::object::Stream;
use lopdf::{Dictionary, Object, ObjectId};

use crate::incremental::{AppendError, Base};
use crate::raw;
use crate::target_page::Page;

/// Bytes that the content, forms, fonts and functions of one page may inflate to, together.
const MAX_CONTENT_BYTES: usize = 96 << 20;
/// Bytes that one page's pictures may inflate to, together.
const MAX_PICTURE_BYTES: usize = 160 << 20;
/// Pixels of one picture: a sheet of A4 at 600 dots per inch has 35 million.
const MAX_PIXELS: i64 = 40_000_000;
/// Bytes of one picture within a content stream, before inflating. The standard recommends 4 KB (ISO 32000-2, 8.9.7).
const MAX_INLINE_BYTES: usize = 64 << 10;
/// Flate makes at most this much of a byte.
const MAX_RATIO: usize = 1032;
/// Objects that one page may refer to.
const MAX_OBJECTS: usize = 20_000;
/// Drawing operations and glyphs of one page, forms counted as often as they are drawn.
const MAX_OPERATIONS: usize = 2_000_000;
/// What leads away from the page, or back to it.
const ELSEWHERE: [&[u8]; 8] = [b"Parent", b"V", b"P", b"Popup", b"IRT", b"A", b"Dest", b"StructParent"];

/// Counts what the renderer does.
#[derive(Debug, Default)]
pub(crate) struct Operations(usize);

impl Operations {
    /// Notes `count` more operations. When there are too many, unwinds out of the renderer, which has no other way to stop.
    pub(crate) fn spend(&mut self, count: usize) {
        self.0 = self.0.saturating_add(count);
        if self.0 > MAX_OPERATIONS {
            stop("too many drawing operations");
        }
    }

    /// Notes a picture. One in a content stream is not among the page's streams, so its size is checked here.
    pub(crate) fn spend_picture(&mut self, width: u32, height: u32, stream: &Stream<'_>) {
        self.spend(1);
        let is_inline = stream.dict().obj_id().is_none();
        let pixels = i64::from(width).saturating_mul(i64::from(height));
        if pixels > MAX_PIXELS || (is_inline && stream.raw_data().len() > MAX_INLINE_BYTES) {
            stop("a picture is too large");
        }
    }
}

fn stop(why: &'static str) -> ! {
    let why: Box<dyn Any + Send> = Box::new(why);
    resume_unwind(why)
}

/// A stream, and what it may become.
struct Weighed {
    id: ObjectId,
    length: usize,
    /// The most that it can inflate to, if that can be told.
    bound: Option<usize>,
}

/// The streams that a page draws with.
pub(crate) struct PageStreams {
    content: Vec<Weighed>,
    pictures: Vec<Weighed>,
    too_many: bool,
}

impl PageStreams {
    /// All of them.
    pub(crate) fn of(base: &Base<'_>, page: &Page) -> Result<Self, AppendError> {
        Self::reached(base, page, &[b"Contents", b"Resources", b"Annots"])
    }

    /// Only those of its annotations.
    pub(crate) fn of_annotations(base: &Base<'_>, page: &Page) -> Result<Self, AppendError> {
        Self::reached(base, page, &[b"Annots"])
    }

    /// Inflates nothing but object streams.
    fn reached(base: &Base<'_>, page: &Page, from: &[&[u8]]) -> Result<Self, AppendError> {
        let mut found = Self {
            content: Vec::new(),
            pictures: Vec::new(),
            too_many: false,
        };
        let mut waiting = Vec::new();
        for key in from {
            let text = page.dict.get(key).or_else(|| page.inherited.get(key));
            waiting.extend(text.and_then(|text| raw::value(text, base.limits)));
        }
        let mut seen = BTreeSet::new();
        while let Some(object) = waiting.pop() {
            match object {
                Object::Array(items) => waiting.extend(items),
                Object::Dictionary(dict) => push(&mut waiting, dict),
                Object::Reference(id) => {
                    if !seen.insert(id) {
                        continue;
                    }
                    if seen.len() > MAX_OBJECTS {
                        found.too_many = true;
                        return Ok(found);
                    }
                    let Some(parsed) = base.loaded.parsed(id)? else {
                        continue;
                    };
                    if let (Object::Dictionary(dict), Some(data)) = (&parsed.object, parsed.stream) {
                        found.add(base, id, dict, data.len());
                    }
                    waiting.push(parsed.object);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn add(&mut self, base: &Base<'_>, id: ObjectId, dict: &Dictionary, length: usize) {
        let is_picture = matches!(dict.get(b"Subtype"), Ok(Object::Name(name)) if name == b"Image");
        let side = |key| dict.get(key).and_then(Object::as_i64).unwrap_or(0).max(0);
        self.too_many |= is_picture && side(b"Width").saturating_mul(side(b"Height")) > MAX_PIXELS;
        let list = if is_picture {
            &mut self.pictures
        } else {
            &mut self.content
        };
        list.push(Weighed {
            id,
            length,
            bound: bound(base, dict, length),
        });
    }

    /// Whether the page may be interpreted, without a look at its pictures.
    pub(crate) fn may_be_surveyed(&self, base: &Base<'_>) -> bool {
        !self.too_many && fits(base, &self.content, MAX_CONTENT_BYTES)
    }

    /// Whether the page may be drawn, too.
    pub(crate) fn may_be_drawn(&self, base: &Base<'_>) -> bool {
        !self.too_many && fits(base, &self.pictures, MAX_PICTURE_BYTES)
    }
}

fn push(waiting: &mut Vec<Object>, dict: Dictionary) {
    waiting.extend(
        dict.into_iter()
            .filter(|(key, _)| !ELSEWHERE.contains(&key.as_slice()))
            .map(|(_, value)| value),
    );
}

/// Whether the streams inflate to no more than `limit`, together. Inflates them only if that is not certain.
fn fits(base: &Base<'_>, streams: &[Weighed], limit: usize) -> bool {
    let certain = streams
        .iter()
        .try_fold(0_usize, |sum, stream| sum.checked_add(stream.bound?));
    if certain.is_some_and(|bytes| bytes <= limit) {
        return true;
    }
    let left = streams.iter().try_fold(limit, |left, stream| {
        let size = match stream.bound {
            Some(bound) if bound == stream.length => bound,
            _ => match base.loaded.object(stream.id) {
                Ok(Object::Stream(stream)) => stream.decompressed_content_with_limit(left).ok()?.len(),
                _ => return None,
            },
        };
        left.checked_sub(size)
    });
    left.is_some()
}

/// The most that a stream of `length` bytes can inflate to, if that can be told.
fn bound(base: &Base<'_>, dict: &Dictionary, length: usize) -> Option<usize> {
    match base.loaded.get(dict, b"Filter").ok()? {
        Object::Null => Some(length),
        Object::Array(filters) if filters.is_empty() => Some(length),
        Object::Name(filter) => one_filter(&filter, length),
        Object::Array(filters) if filters.len() == 1 => one_filter(filters.first()?.as_name().ok()?, length),
        _ => None,
    }
}

fn one_filter(filter: &[u8], length: usize) -> Option<usize> {
    match filter {
        // These hold what width and height say, which is checked.
        b"DCTDecode" | b"JPXDecode" | b"CCITTFaxDecode" | b"JBIG2Decode" => Some(length),
        b"FlateDecode" | b"ASCIIHexDecode" | b"ASCII85Decode" | b"RunLengthDecode" => length.checked_mul(MAX_RATIO),
        // LZW repeats up to 4,096 bytes per code, and an unknown filter may do anything.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn too_many_operations_unwind() {
        let spend = |count| catch_unwind(|| Operations::default().spend(count));
        assert!(spend(MAX_OPERATIONS).is_ok());
        assert!(spend(MAX_OPERATIONS + 1).is_err());
    }
}
