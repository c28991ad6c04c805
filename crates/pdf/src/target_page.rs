//! Finds pages from either end of the page tree, reading no more of it than the way there.

use std::rc::Rc;

use lopdf::{Object, ObjectId};

use crate::geometry::{Rect, Rotation, View};
use crate::incremental::{AppendError, Base};
use crate::raw::RawDict;

/// What a page takes over from its ancestors when it does not say it itself (ISO 32000-2, table 31).
pub(crate) const INHERITED: [&[u8]; 4] = [b"MediaBox", b"CropBox", b"Rotate", b"Resources"];
/// A4 is what viewers show when a page has no usable media box.
const A4: Rect = Rect {
    x0: 0.0,
    y0: 0.0,
    x1: 595.0,
    y1: 842.0,
};
/// The longest side that a page may have, in its own units (ISO 32000-1, annex C).
const MAX_SIDE: f64 = 14_400.0;
/// Nodes of the page tree that may be read on the way.
const MAX_NODES: usize = 10_000;

/// A page that may get a widget.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) id: ObjectId,
    /// The page's own dictionary.
    pub(crate) dict: RawDict,
    /// What it takes over from its ancestors.
    pub(crate) inherited: Rc<RawDict>,
    pub(crate) view: View,
    /// Every reader shows the same part of it, upright and in the same size.
    pub(crate) unambiguous: bool,
}

/// Which end of the document to begin at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

/// Up to `count` pages, counted from one end.
pub(crate) fn pages(base: &Base<'_>, end: End, count: usize) -> Result<Vec<Page>, AppendError> {
    const BAD: AppendError = AppendError::Malformed {
        why: "there is no page tree",
    };
    let root = base.page_tree().ok_or(BAD)?;
    let mut found = Vec::new();
    let mut visited = Vec::new();
    let mut waiting = vec![(root, Rc::new(RawDict::default()))];
    while let Some((id, inherited)) = waiting.pop() {
        if found.len() == count {
            break;
        }
        if visited.contains(&id) || visited.len() == MAX_NODES {
            return Err(AppendError::Malformed {
                why: "the page tree contains itself",
            });
        }
        let Some(dict) = base.dict(id) else { continue };
        let Some(kids) = dict.get(b"Kids") else {
            found.push(page(base, id, dict, inherited)?);
            continue;
        };
        // Pages are met once each by construction; only nodes can form a cycle.
        visited.push(id);
        let Object::Array(mut kids) = base.value(kids)? else {
            continue;
        };
        let mut handed_down = RawDict::clone(&inherited);
        for key in INHERITED {
            if let Some(value) = dict.get(key) {
                handed_down.set(key, value);
            }
        }
        if end == End::First {
            kids.reverse();
        }
        let handed_down = Rc::new(handed_down);
        waiting.extend(
            kids.iter()
                .filter_map(|kid| Some((kid.as_reference().ok()?, Rc::clone(&handed_down)))),
        );
    }
    if found.is_empty() { Err(BAD) } else { Ok(found) }
}

fn page(base: &Base<'_>, id: ObjectId, dict: RawDict, inherited: Rc<RawDict>) -> Result<Page, AppendError> {
    let attribute = |key: &[u8]| dict.get(key).or_else(|| inherited.get(key));
    let media = rect(base, attribute(b"MediaBox"))?;
    let crop = rect(base, attribute(b"CropBox"))?;
    let is_cropped = attribute(b"CropBox").is_some();
    let degrees = match attribute(b"Rotate") {
        Some(text) => base.value(text)?.as_i64().ok(),
        None => Some(0),
    };
    let user_unit = match dict.get(b"UserUnit") {
        Some(text) => float(&base.value(text)?).filter(|unit| (0.01..=1000.0).contains(unit)),
        None => Some(1.0),
    };
    let visible = match (media, crop) {
        (Some(media), Some(crop)) => crop.intersect(&media),
        (Some(media), None) if !is_cropped => Some(media),
        _ => None,
    };
    let unambiguous = visible.is_some_and(|rect| rect.width().max(rect.height()) <= MAX_SIDE)
        && degrees.is_some_and(|degrees| degrees % 90 == 0)
        && user_unit.is_some();
    let view = View {
        visible: visible.or(media).unwrap_or(A4),
        rotation: Rotation::from_degrees(degrees.unwrap_or(0)),
        user_unit: user_unit.unwrap_or(1.0),
    };
    Ok(Page {
        id,
        dict,
        inherited,
        view,
        unambiguous,
    })
}

/// Reads a rectangle; one without an area is none.
pub(crate) fn rect(base: &Base<'_>, text: Option<&[u8]>) -> Result<Option<Rect>, AppendError> {
    match text {
        Some(text) => rect_of(base, &base.value(text)?),
        None => Ok(None),
    }
}

/// Like [`rect`], from an object.
pub(crate) fn rect_of(base: &Base<'_>, object: &Object) -> Result<Option<Rect>, AppendError> {
    let Object::Array(items) = object else { return Ok(None) };
    let mut numbers = Vec::with_capacity(4);
    for item in items.iter().take(4) {
        numbers.extend(float(&base.loaded.resolve(item)?));
    }
    let &[xa, ya, xb, yb] = numbers.as_slice() else {
        return Ok(None);
    };
    let rect = Rect::new(xa, ya, xb, yb);
    Ok((rect.width() >= 1.0 && rect.height() >= 1.0).then_some(rect))
}

fn float(object: &Object) -> Option<f64> {
    object.as_float().ok().map(f64::from).filter(|value| value.abs() < 1e7)
}
