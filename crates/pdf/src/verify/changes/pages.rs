//! Changes of the pages and their annotations.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Object, ObjectId};

use super::{Comparison, differing, items, printable};
use crate::StructureError;

impl Comparison<'_, '_> {
    pub(super) fn pages(&mut self) -> Result<(), StructureError> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let after = self.new.pages()?;
        let before = self.old.pages()?;
        if before != after {
            self.list_moved(&before, &after)?;
        }
        let known: BTreeSet<ObjectId> = before.into_iter().collect();
        for (index, id) in after.iter().enumerate().filter(|(_, id)| known.contains(id)) {
            let pages = (self.old.object(*id)?, self.new.object(*id)?);
            if let (Object::Dictionary(before), Object::Dictionary(after)) = pages {
                self.page(index + 1, *id, &before, &after)?;
            }
        }
        Ok(())
    }

    fn list_moved(&mut self, before: &[ObjectId], after: &[ObjectId]) -> Result<(), StructureError> {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), after.iter().collect());
        for (index, id) in after.iter().enumerate().filter(|(_, id)| !old.contains(id)) {
            let replaced = before.len() == after.len();
            self.list(format!(
                "page {} was {}",
                index + 1,
                if replaced { "replaced" } else { "added" }
            ));
            // Said once is enough: what the page consists of is new with it.
            self.explain_new(&Object::Reference(*id))?;
        }
        let removed = before.iter().filter(|id| !new.contains(id)).count();
        if removed > 0 && before.len() != after.len() {
            self.list(format!("{removed} of the pages were removed"));
        }
        if old == new {
            self.list("the order of the pages was changed".to_owned());
        }
        let nodes: Vec<u32> = self.changed.iter().copied().collect();
        for number in nodes {
            let object = self
                .new
                .parsed(super::id_of(self.new, number))?
                .map(|parsed| parsed.object);
            if object.is_some_and(|object| object.as_dict().is_ok_and(|node| node.has_type(b"Pages"))) {
                self.explained.insert(number);
            }
        }
        Ok(())
    }

    fn page(
        &mut self,
        number: usize,
        id: ObjectId,
        before: &Dictionary,
        after: &Dictionary,
    ) -> Result<(), StructureError> {
        self.explained.insert(id.0);
        for key in differing(before, after) {
            match key.as_slice() {
                b"Annots" => {}
                b"Contents" => self.list(format!("the content of page {number} was changed")),
                _ => self.list(format!("{} of page {number} was changed", printable(&key))),
            }
        }
        self.annotations(number, before, after)?;
        let contents = match after.get(b"Contents") {
            Ok(Object::Array(parts)) => parts.clone(),
            Ok(part) => vec![part.clone()],
            Err(_) => Vec::new(),
        };
        for part in contents.iter().filter_map(|part| part.as_reference().ok()) {
            if self.changed.contains(&part.0) {
                self.explained.insert(part.0);
                self.list(format!("the content of page {number} was changed"));
            }
        }
        Ok(())
    }

    fn annotations(&mut self, number: usize, before: &Dictionary, after: &Dictionary) -> Result<(), StructureError> {
        let reference = |page: &Dictionary| page.get(b"Annots").and_then(Object::as_reference).ok();
        let list_id = reference(after);
        if before.get(b"Annots").ok() == after.get(b"Annots").ok()
            && list_id.is_none_or(|id| !self.changed.contains(&id.0))
        {
            return Ok(());
        }
        if let Some(id) = list_id
            && (self.is_new(id.0) || reference(before) == Some(id))
        {
            self.explained.insert(id.0);
        }
        let earlier = items(self.old.get(before, b"Annots")?);
        let later = items(self.new.get(after, b"Annots")?);
        if earlier.iter().any(|annotation| !later.contains(annotation)) {
            self.list(format!("an annotation was removed from page {number}"));
        }
        for annotation in later.iter().filter(|annotation| !earlier.contains(annotation)) {
            if annotation.as_reference().is_ok_and(|id| self.is_permitted_widget(id)) {
                continue;
            }
            let subtype = match self.new.resolve(annotation)? {
                Object::Dictionary(annotation) => match self.new.get(&annotation, b"Subtype")? {
                    Object::Name(name) => printable(&name),
                    _ => "/Annot".to_owned(),
                },
                _ => "/Annot".to_owned(),
            };
            self.list(format!("an annotation ({subtype}) was added to page {number}"));
            self.explain_new(annotation)?;
        }
        Ok(())
    }
}
