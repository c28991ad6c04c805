//! Names what was changed between a signed revision and the file.
//!
//! Every object that differs must be explained by a further signature or by validation data, seen from the catalog
//! down. What stays unexplained is a change of the document. Objects are explained only if they are new, so that
//! nothing which the signed revision shows can be exchanged under the cover of a permitted addition.

mod form;
mod pages;

use std::collections::BTreeSet;

use lopdf::{Dictionary, Object, ObjectId};

use super::Changes;
use crate::StructureError;
use crate::preflight::title;
use crate::structure::{Entry, Loaded};

/// More changes are not listed.
const MAX_LISTED: usize = 20;

/// Compares a revision with the file that begins with it.
pub(super) fn compare(old: &Loaded<'_>, new: &Loaded<'_>) -> Result<Changes, StructureError> {
    let mut comparison = Comparison {
        old,
        new,
        changed: BTreeSet::new(),
        explained: BTreeSet::new(),
        widgets: BTreeSet::new(),
        validation: false,
        signature: false,
        other: Vec::new(),
    };
    comparison.find_changed()?;
    comparison.catalog()?;
    comparison.information()?;
    comparison.form()?;
    comparison.pages()?;
    comparison.leftovers()?;
    Ok(if !comparison.other.is_empty() {
        Changes::Other { what: comparison.other }
    } else if comparison.signature {
        Changes::OnlyNewSignatureField
    } else if comparison.validation {
        Changes::OnlyValidationData
    } else {
        Changes::None
    })
}

struct Comparison<'a, 'b> {
    old: &'a Loaded<'b>,
    new: &'a Loaded<'b>,
    /// Numbers of objects that differ, appear or disappear.
    changed: BTreeSet<u32>,
    /// Those of them that a permitted change explains, or that are listed already.
    explained: BTreeSet<u32>,
    /// Widgets of new signature fields.
    widgets: BTreeSet<ObjectId>,
    validation: bool,
    signature: bool,
    other: Vec<String>,
}

impl Comparison<'_, '_> {
    fn list(&mut self, what: String) {
        if self.other.len() < MAX_LISTED && !self.other.contains(&what) {
            self.other.push(what);
        }
    }

    fn find_changed(&mut self) -> Result<(), StructureError> {
        let numbers: BTreeSet<u32> = self.old.xref.keys().chain(self.new.xref.keys()).copied().collect();
        // Object streams first: what stands in a changed one may have changed.
        let (direct, compressed): (Vec<u32>, Vec<u32>) = numbers
            .into_iter()
            .partition(|number| !matches!(self.new.xref.get(number), Some(Entry::In { .. })));
        for number in direct.into_iter().chain(compressed) {
            let (before, after) = (self.old.xref.get(&number), self.new.xref.get(&number));
            let same_place = match (before, after) {
                (Some(Entry::In { container, .. }), Some(_)) => before == after && !self.changed.contains(container),
                (Some(_), Some(_)) => before == after,
                (None, Some(Entry::Free)) | (Some(Entry::Free), None) => true,
                (None, Some(_) | None) | (Some(_), None) => false,
            };
            if !same_place && raw(self.old, number)? != raw(self.new, number)? {
                self.changed.insert(number);
            }
        }
        Ok(())
    }

    fn is_new(&self, number: u32) -> bool {
        self.changed.contains(&number) && matches!(self.old.xref.get(&number), None | Some(Entry::Free))
    }

    /// Explains `root` and all new objects that it leads to. `/P` and `/Parent` lead back, not on.
    fn explain_new(&mut self, root: &Object) -> Result<(), StructureError> {
        let mut pending = vec![root.clone()];
        while let Some(object) = pending.pop() {
            match object {
                Object::Reference(id) => {
                    if self.is_new(id.0) && self.explained.insert(id.0) {
                        pending.extend(self.new.parsed(id)?.map(|parsed| parsed.object));
                    }
                }
                Object::Array(items) => pending.extend(items),
                Object::Dictionary(dictionary) => {
                    let onward = dictionary.iter().filter(|(key, _)| *key != b"P" && *key != b"Parent");
                    pending.extend(onward.map(|(_, value)| value.clone()));
                }
                Object::Null
                | Object::Boolean(_)
                | Object::Integer(_)
                | Object::Real(_)
                | Object::Name(_)
                | Object::String(..)
                | Object::Stream(_) => {}
            }
        }
        Ok(())
    }

    fn catalog(&mut self) -> Result<(), StructureError> {
        let (old_id, before) = self.old.catalog()?;
        let (new_id, after) = self.new.catalog()?;
        if old_id != new_id {
            self.list("the catalog was replaced".to_owned());
        }
        self.explained.insert(new_id.0);
        for key in differing(&before, &after) {
            match key.as_slice() {
                b"AcroForm" | b"DSS" | b"Metadata" => {}
                // Announce what the validation data need.
                b"Extensions" | b"Version" => self.validation = true,
                _ => self.list(format!("{} of the document was changed", printable(&key))),
            }
        }
        self.metadata(&before, &after)?;
        if let Ok(extensions) = after.get(b"Extensions") {
            self.explain_new(extensions)?;
        }
        if let Ok(store) = after.get(b"DSS") {
            let count = self.explained.len();
            self.explain_new(store)?;
            // What the store consisted of already may be rewritten too.
            if let Ok(earlier) = before.get(b"DSS") {
                self.explain_reachable(earlier)?;
            }
            self.validation |= self.explained.len() > count || before.get(b"DSS").ok() != Some(store);
        }
        Ok(())
    }

    /// Programs note themselves in the metadata whenever they save. Only the title is shown to people.
    fn metadata(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), StructureError> {
        let Ok(Object::Reference(id)) = after.get(b"Metadata") else {
            return Ok(());
        };
        let known = before.get(b"Metadata").ok() == Some(&Object::Reference(*id));
        if self.is_new(id.0) || (known && self.changed.contains(&id.0)) {
            self.explained.insert(id.0);
            self.validation = true;
            let title = title::from_metadata(self.old, before)?;
            if title.is_some() && title != title::from_metadata(self.new, after)? {
                self.list("the title in the metadata was changed".to_owned());
            }
        }
        Ok(())
    }

    /// Explains changed objects that `root` leads to in the old revision and still leads to.
    fn explain_reachable(&mut self, root: &Object) -> Result<(), StructureError> {
        let mut pending = vec![root.clone()];
        let mut seen = BTreeSet::new();
        while let Some(object) = pending.pop() {
            match object {
                Object::Reference(id) if seen.insert(id) => {
                    if self.changed.contains(&id.0) {
                        self.explained.insert(id.0);
                        if let Some(parsed) = self.new.parsed(id)? {
                            self.explain_new(&parsed.object)?;
                        }
                    }
                    pending.extend(self.old.parsed(id)?.map(|parsed| parsed.object));
                }
                Object::Array(items) => pending.extend(items),
                Object::Dictionary(dictionary) => pending.extend(dictionary.iter().map(|(_, value)| value.clone())),
                _ => {}
            }
        }
        Ok(())
    }

    fn information(&mut self) -> Result<(), StructureError> {
        let before = self.old.get_dict(&self.old.trailer, b"Info")?.unwrap_or_default();
        let after = self.new.get_dict(&self.new.trailer, b"Info")?.unwrap_or_default();
        for key in differing(&before, &after) {
            // Programs note themselves there whenever they save.
            if key != b"ModDate" && key != b"Producer" {
                self.list(format!("{} in the document information was changed", printable(&key)));
            }
        }
        if let Ok(id) = self.new.trailer.get(b"Info").and_then(Object::as_reference)
            && (self.is_new(id.0) || self.old.trailer.get(b"Info").ok() == Some(&Object::Reference(id)))
        {
            self.explained.insert(id.0);
        }
        Ok(())
    }

    fn leftovers(&mut self) -> Result<(), StructureError> {
        let left: Vec<u32> = self.changed.difference(&self.explained).copied().collect();
        let mut added = BTreeSet::new();
        for number in left {
            let before = self.old.parsed(id_of(self.old, number))?.map(|parsed| parsed.object);
            let after = self.new.parsed(id_of(self.new, number))?.map(|parsed| parsed.object);
            match (&before, &after) {
                // Cross-reference and object streams belong to every update.
                (None, Some(Object::Dictionary(stream))) if stream.has_type(b"XRef") || stream.has_type(b"ObjStm") => {}
                (None, Some(_)) => drop(added.insert(number)),
                (Some(object), None) => self.list(format!("object {number}{} was removed", describe(object))),
                (Some(_), Some(object)) => self.list(format!("object {number}{} was changed", describe(object))),
                (None, None) => {}
            }
        }
        for number in self.referenced(&added)? {
            let object = self
                .new
                .parsed(id_of(self.new, number))?
                .map_or(Object::Null, |parsed| parsed.object);
            self.list(format!("object {number}{} was added", describe(&object)));
        }
        self.dangling()
    }

    /// Those of `added` that something else leads to. The others are waste that some programs leave behind.
    fn referenced(&self, added: &BTreeSet<u32>) -> Result<BTreeSet<u32>, StructureError> {
        let mut found = BTreeSet::new();
        if !added.is_empty() {
            self.new.each(|number, parsed| {
                if !added.contains(&number) {
                    note_references(&parsed.object, added, &mut found);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// A reference into the void, signed, could be filled later: then what the revision shows would change.
    fn dangling(&mut self) -> Result<(), StructureError> {
        let new: BTreeSet<u32> = self
            .changed
            .iter()
            .copied()
            .filter(|&number| self.is_new(number))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut filled = BTreeSet::new();
        self.old.each(|_, parsed| {
            note_references(&parsed.object, &new, &mut filled);
            Ok(())
        })?;
        for number in filled {
            self.list(format!("object {number}, which was missing when signed, was added"));
        }
        Ok(())
    }
}

fn note_references(object: &Object, among: &BTreeSet<u32>, found: &mut BTreeSet<u32>) {
    match object {
        Object::Reference(id) if among.contains(&id.0) => {
            found.insert(id.0);
        }
        Object::Array(items) => items.iter().for_each(|item| note_references(item, among, found)),
        Object::Dictionary(dictionary) => dictionary
            .iter()
            .for_each(|(_, value)| note_references(value, among, found)),
        _ => {}
    }
}

/// An object with a stream's data as they stand in the file, so that the same object written twice is no change.
fn raw<'f>(file: &'f Loaded<'_>, number: u32) -> Result<Option<RawObject<'f>>, StructureError> {
    let parsed = file.parsed(id_of(file, number))?;
    Ok(parsed.map(|parsed| (parsed.object, parsed.stream.map(|range| file.bytes_at(&range)))))
}

type RawObject<'f> = (Object, Option<&'f [u8]>);

/// The number with the generation that is in use.
fn id_of(file: &Loaded<'_>, number: u32) -> ObjectId {
    match file.xref.get(&number) {
        Some(&Entry::At { generation, .. }) => (number, generation),
        Some(Entry::Free | Entry::In { .. }) | None => (number, 0),
    }
}

/// Keys whose values are not the same.
fn differing(before: &Dictionary, after: &Dictionary) -> Vec<Vec<u8>> {
    let keys: BTreeSet<&Vec<u8>> = before.iter().chain(after.iter()).map(|(key, _)| key).collect();
    keys.into_iter()
        .filter(|key| before.get(key).ok() != after.get(key).ok())
        .cloned()
        .collect()
}

/// The items of an array; none of anything else.
fn items(value: Object) -> Vec<Object> {
    if let Object::Array(items) = value {
        items
    } else {
        Vec::new()
    }
}

fn describe(object: &Object) -> String {
    let Ok(dictionary) = object.as_dict() else {
        return String::new();
    };
    let names = [&b"Type"[..], b"Subtype"]
        .into_iter()
        .filter_map(|key| dictionary.get(key).and_then(Object::as_name).ok());
    let names: Vec<String> = names.map(printable).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" ({})", names.join(" "))
    }
}

/// A name for a list, short and without surprises.
fn printable(name: &[u8]) -> String {
    let text = name
        .iter()
        .take(40)
        .map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' });
    format!("/{}", text.collect::<String>())
}
