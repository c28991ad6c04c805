//! Adds a signature field: its widget, its place in the form and on its page. Nothing else changes.

use lopdf::{Object, ObjectId};

use crate::incremental::{AppendError, Base, Update};
use crate::raw::{self, RawDict};
use crate::target_page::Page;
use crate::text::text_string;

/// `SignaturesExist` and `AppendOnly` (ISO 32000-2, table 225).
const SIG_FLAGS: &str = "3";
/// `Print` and `Locked`: the widget is printed and cannot be moved or deleted.
const ANNOTATION_FLAGS: &str = "132";
/// More top-level fields than this are not looked at for their names.
const MAX_FIELDS: usize = 100_000;

/// The field that is to be added.
pub(crate) struct NewField<'a> {
    /// The name is this and a number, the first that is free.
    pub(crate) prefix: &'a str,
    /// The page that carries the widget.
    pub(crate) page: &'a Page,
    /// The widget's rectangle as PDF syntax; all zero when it is not to be seen.
    pub(crate) rect: String,
    /// The form `XObject` that the widget shows.
    pub(crate) appearance: Option<ObjectId>,
    /// The signature dictionary.
    pub(crate) value: ObjectId,
}

/// Writes the widget and whatever must name it: `/AcroForm`, `/Fields` and `/Annots` may each be absent, direct or indirect.
pub(crate) fn add(base: &Base<'_>, update: &mut Update, field: &NewField<'_>) -> Result<(), AppendError> {
    let widget = update.reserve();
    let (root, mut catalog) = base.catalog.clone();
    let form = Slot::of(base, catalog.get(b"AcroForm"));
    let old_form = match form.text() {
        Some(text) => RawDict::parse(text, base.limits).ok_or(AppendError::Malformed {
            why: "the form is no dictionary",
        })?,
        None => RawDict::default(),
    };
    let taken = names(base, &old_form)?;

    let mut new_form = old_form.clone();
    if let Some(array) = append(base, update, old_form.get(b"Fields"), widget)? {
        new_form.set(b"Fields", array);
    }
    new_form.set(b"SigFlags", SIG_FLAGS);
    match form {
        Slot::Indirect(id, _) if new_form != old_form => {
            update.write(id, &new_form.to_bytes());
        }
        Slot::Indirect(..) => {}
        Slot::Direct(_) => {
            catalog.set(b"AcroForm", new_form.to_bytes());
            update.write(root, &catalog.to_bytes());
        }
        Slot::Absent => {
            let id = update.reserve();
            update.write(id, &new_form.to_bytes());
            catalog.set(b"AcroForm", raw::reference(id));
            update.write(root, &catalog.to_bytes());
        }
    }

    let mut page = field.page.dict.clone();
    if let Some(array) = append(base, update, page.get(b"Annots"), widget)? {
        page.set(b"Annots", array);
        update.write(field.page.id, &page.to_bytes());
    }

    let mut dict = RawDict::default();
    dict.set(b"Type", "/Annot");
    dict.set(b"Subtype", "/Widget");
    dict.set(b"FT", "/Sig");
    dict.set(b"T", text_string(&unused_name(field.prefix, &taken)));
    dict.set(b"F", ANNOTATION_FLAGS);
    dict.set(b"Rect", field.rect.as_str());
    dict.set(b"P", raw::reference(field.page.id));
    dict.set(b"V", raw::reference(field.value));
    if let Some(appearance) = field.appearance {
        dict.set(b"AP", format!("<< /N {} 0 R >>", appearance.0));
    }
    update.write(widget, &dict.to_bytes());
    Ok(())
}

/// How a value is present.
enum Slot {
    Absent,
    Direct(Vec<u8>),
    Indirect(ObjectId, Vec<u8>),
}

impl Slot {
    fn of(base: &Base<'_>, value: Option<&[u8]>) -> Self {
        let Some(text) = value else { return Self::Absent };
        match raw::value(text, base.limits) {
            Some(Object::Reference(id)) => match base.source(id) {
                // A reference to nothing is null (ISO 32000-2, 7.3.10), and null is the same as absent.
                source if source.starts_with(b"null") => Self::Absent,
                source => Self::Indirect(id, source),
            },
            Some(Object::Null) | None => Self::Absent,
            Some(_) => Self::Direct(text.to_vec()),
        }
    }

    fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Absent => None,
            Self::Direct(text) | Self::Indirect(_, text) => Some(text),
        }
    }
}

/// The array with the widget in it, or `None` when the array is an object of its own and was written.
fn append(
    base: &Base<'_>,
    update: &mut Update,
    array: Option<&[u8]>,
    widget: ObjectId,
) -> Result<Option<Vec<u8>>, AppendError> {
    let slot = Slot::of(base, array);
    let longer = raw::with_item(slot.text().unwrap_or(b"[]"), &raw::reference(widget));
    let longer = longer.ok_or(AppendError::Malformed {
        why: "a list of fields or annotations is no array",
    })?;
    match slot {
        Slot::Absent | Slot::Direct(_) => Ok(Some(longer)),
        Slot::Indirect(id, _) => {
            update.write(id, &longer);
            Ok(None)
        }
    }
}

/// The names of the fields at the top of the form. A full name begins with one of them.
fn names(base: &Base<'_>, form: &RawDict) -> Result<Vec<Vec<u8>>, AppendError> {
    let Some(fields) = form.get(b"Fields") else {
        return Ok(Vec::new());
    };
    let Object::Array(fields) = base.value(fields)? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for field in fields.iter().take(MAX_FIELDS) {
        if let Object::Dictionary(field) = base.loaded.resolve(field)?
            && let Object::String(name, _) = base.loaded.get(&field, b"T")?
        {
            names.push(name);
        }
    }
    Ok(names)
}

/// The first of `prefix1`, `prefix2`, ... that is not taken, in either spelling of a text string.
fn unused_name(prefix: &str, taken: &[Vec<u8>]) -> String {
    let utf16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_be_bytes);
        [0xfe, 0xff].into_iter().chain(units).collect()
    };
    let mut number = 1_u32;
    loop {
        let name = format!("{prefix}{number}");
        if !taken.iter().any(|old| *old == name.as_bytes() || *old == utf16(&name)) {
            return name;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_gets_a_name_that_no_other_field_has_in_any_spelling() {
        assert_eq!(unused_name("Segel", &[]), "Segel1");
        let taken = [
            b"Segel1".to_vec(),
            b"\xfe\xff\0S\0e\0g\0e\0l\x002".to_vec(),
            b"Segel4".to_vec(),
        ];
        assert_eq!(unused_name("Segel", &taken), "Segel3");
    }
}
