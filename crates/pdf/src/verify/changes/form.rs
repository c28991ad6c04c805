//! Changes of the interactive form: further signatures are permitted, everything else is not.

use lopdf::{Dictionary, Object, ObjectId, decode_text_string};

use super::{Comparison, differing, items, printable};
use crate::StructureError;

impl Comparison<'_, '_> {
    pub(super) fn form(&mut self) -> Result<(), StructureError> {
        let (_, old_catalog) = self.old.catalog()?;
        let (_, new_catalog) = self.new.catalog()?;
        let before = self.old.form(&old_catalog)?;
        let after = self.new.form(&new_catalog)?;
        if let Ok(Object::Reference(id)) = new_catalog.get(b"AcroForm")
            && (self.is_new(id.0) || old_catalog.get(b"AcroForm").ok() == Some(&Object::Reference(*id)))
        {
            self.explained.insert(id.0);
        }
        for key in differing(&before, &after) {
            match key.as_slice() {
                b"Fields" | b"SigFlags" => {}
                // What a first field needs to be drawn with.
                b"DR" | b"DA" if !before.has(&key) => {
                    if let Ok(value) = after.get(&key) {
                        self.explain_new(&value.clone())?;
                    }
                }
                _ => self.list(format!("{} of the form was changed", printable(&key))),
            }
        }
        self.fields(&before, &after)?;
        self.signed_since()
    }

    fn fields(&mut self, before: &Dictionary, after: &Dictionary) -> Result<(), StructureError> {
        if let Ok(Object::Reference(id)) = after.get(b"Fields")
            && (self.is_new(id.0) || before.get(b"Fields").ok() == Some(&Object::Reference(*id)))
        {
            self.explained.insert(id.0);
        }
        let before = items(self.old.get(before, b"Fields")?);
        let after = items(self.new.get(after, b"Fields")?);
        if before.iter().any(|field| !after.contains(field)) {
            self.list("a form field was removed".to_owned());
        }
        for field in &after {
            if !before.contains(field) {
                self.new_field(field)?;
            }
        }
        Ok(())
    }

    fn new_field(&mut self, reference: &Object) -> Result<(), StructureError> {
        let Object::Dictionary(field) = self.new.resolve(reference)? else {
            return Ok(());
        };
        let name = decode_text_string(&self.new.get(&field, b"T")?).unwrap_or_default();
        let is_signature = matches!(self.new.get(&field, b"FT")?, Object::Name(kind) if kind == b"Sig");
        match reference.as_reference() {
            Ok(id) if is_signature && self.is_new(id.0) => {
                self.widgets.insert(id);
                if let Object::Array(kids) = self.new.get(&field, b"Kids")? {
                    self.widgets
                        .extend(kids.iter().filter_map(|kid| kid.as_reference().ok()));
                }
                self.explain_new(reference)?;
                self.note_signature(&field)
            }
            _ => {
                self.list(format!("the form field {name:?} was added"));
                self.explain_new(reference)
            }
        }
    }

    /// A timestamp is validation data as long as it shows nothing.
    fn note_signature(&mut self, field: &Dictionary) -> Result<(), StructureError> {
        let value = self.new.get_dict(field, b"V")?.unwrap_or_default();
        let kind = self.new.get(&value, b"SubFilter")?;
        let timestamp = matches!(kind, Object::Name(kind) if kind == b"ETSI.RFC3161");
        if timestamp && !field.has(b"AP") {
            self.validation = true;
        } else {
            self.signature = true;
        }
        Ok(())
    }

    /// Signature fields that were there, empty, and have been signed.
    fn signed_since(&mut self) -> Result<(), StructureError> {
        for field in self.new.signature_fields()? {
            let Some(id) = field.id.filter(|id| self.changed.contains(&id.0) && !self.is_new(id.0)) else {
                continue;
            };
            let Some(Object::Dictionary(before)) = self.old.parsed(id)?.map(|parsed| parsed.object) else {
                continue;
            };
            let only_signed = differing(&before, &field.field)
                .iter()
                .all(|key| matches!(key.as_slice(), b"V" | b"AP" | b"F"));
            if only_signed && !before.has(b"V") && field.value.is_some() {
                self.explained.insert(id.0);
                for key in [&b"V"[..], b"AP"] {
                    if let Ok(value) = field.field.get(key) {
                        self.explain_new(value)?;
                    }
                }
                self.note_signature(&field.field)?;
            } else {
                self.explained.insert(id.0);
                self.list(format!("the signature field {:?} was changed", field.name));
            }
        }
        Ok(())
    }

    pub(super) fn is_permitted_widget(&self, id: ObjectId) -> bool {
        self.widgets.contains(&id)
    }
}
