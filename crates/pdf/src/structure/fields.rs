//! Signature fields of the interactive form (ISO 32000-2, 12.7), walked without recursion.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Object, ObjectId, decode_text_string};

use super::{Loaded, StructureError};

/// A longer name is cut.
const MAX_NAME: usize = 500;

/// One signature field.
#[derive(Debug, Clone)]
pub(crate) struct SignatureField {
    /// The field's own object, if it is an indirect one.
    pub(crate) id: Option<ObjectId>,
    /// Its full name, such as `form.signature`.
    pub(crate) name: String,
    /// The field dictionary.
    pub(crate) field: Dictionary,
    /// The signature dictionary and its object, if the field is signed.
    pub(crate) value: Option<(Option<ObjectId>, Dictionary)>,
}

impl Loaded<'_> {
    /// The interactive form, empty when there is none.
    pub(crate) fn form(&self, catalog: &Dictionary) -> Result<Dictionary, StructureError> {
        Ok(self.get_dict(catalog, b"AcroForm")?.unwrap_or_default())
    }

    /// All signature fields, signed or not, in the order of the form.
    pub(crate) fn signature_fields(&self) -> Result<Vec<SignatureField>, StructureError> {
        let (_, catalog) = self.catalog()?;
        let Object::Array(roots) = self.get(&self.form(&catalog)?, b"Fields")? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        // The fields that the next one is a part of.
        let mut above: Vec<Option<ObjectId>> = Vec::new();
        let mut stack: Vec<(Object, String, bool, usize)> = roots
            .into_iter()
            .rev()
            .map(|root| (root, String::new(), false, 0))
            .collect();
        while let Some((node, prefix, inherits, depth)) = stack.pop() {
            above.truncate(depth);
            let id = node.as_reference().ok();
            if id.is_some() && above.contains(&id) {
                return Err(StructureError::Malformed {
                    why: "a form field contains itself",
                });
            }
            if id.is_some_and(|id| !seen.insert(id)) {
                continue;
            }
            if depth >= self.limits.max_depth {
                return Err(StructureError::TooDeep {
                    limit: self.limits.max_depth,
                });
            }
            let Object::Dictionary(field) = self.resolve(&node)? else {
                continue;
            };
            let name = full_name(&prefix, &self.get(&field, b"T")?);
            let is_signature = match self.get(&field, b"FT")? {
                Object::Name(kind) => kind == b"Sig",
                _ => inherits,
            };
            let value = match (is_signature, self.get(&field, b"V")?) {
                (true, Object::Dictionary(value)) => Some((field.get(b"V").and_then(Object::as_reference).ok(), value)),
                _ => None,
            };
            let kids = match self.get(&field, b"Kids")? {
                Object::Array(kids) => kids,
                _ => Vec::new(),
            };
            if is_signature && (value.is_some() || !self.has_named_kid(&kids)?) {
                found.push(SignatureField { id, name, field, value });
                if found.len() > self.limits.max_signatures {
                    return Err(StructureError::TooManySignatures {
                        limit: self.limits.max_signatures,
                    });
                }
                continue;
            }
            // Each pending node holds its prefix, so their number is bounded too.
            if stack.len().saturating_add(kids.len()) > self.limits.max_values {
                return Err(StructureError::TooManyObjects {
                    limit: self.limits.max_values,
                });
            }
            above.push(id);
            let kids = kids.into_iter().rev();
            stack.extend(kids.map(|kid| (kid, name.clone(), is_signature, depth + 1)));
        }
        Ok(found)
    }

    /// Kids with a name are fields; kids without are only the places where a field is shown.
    fn has_named_kid(&self, kids: &[Object]) -> Result<bool, StructureError> {
        for kid in kids {
            if self.resolve(kid)?.as_dict().is_ok_and(|kid| kid.has(b"T")) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn full_name(prefix: &str, partial: &Object) -> String {
    let partial = decode_text_string(partial).unwrap_or_default();
    let mut name = match (prefix.is_empty(), partial.is_empty()) {
        (_, true) => prefix.to_owned(),
        (true, false) => partial,
        (false, false) => format!("{prefix}.{partial}"),
    };
    if name.len() > MAX_NAME {
        let end = (0..=MAX_NAME).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
        name.truncate(end);
    }
    name
}
