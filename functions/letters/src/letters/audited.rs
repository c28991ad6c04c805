//! Types and letterheads as the audit shows them: what stands on every letter, and of officials only whether it changed.

use serde_json::{Map, Value, json};

use crate::letter_type::LetterType;
use crate::letterhead::{LetterheadText, Official};
use crate::messages;

/// What an office asks for, and how it issues it.
pub(super) fn letter_type(of: &LetterType) -> Value {
    json!({
        "version": of.version,
        "name": of.name,
        "require_rt": of.requires.rt,
        "require_rw": of.requires.rw,
        "template": of.template,
        "number_format": of.number_format,
        "validity_days": of.validity_days,
        "is_active": of.is_active,
    })
}

/// An office's paper, beside what stood there before.
pub(super) fn letterhead(text: &LetterheadText, before: Option<&LetterheadText>) -> Value {
    let person = |official: &Official| (official.name.clone(), official.rank.clone(), official.nip.clone());
    let officials = text.officials.iter().map(|(id, official)| {
        let then = before.and_then(|before| before.officials.get(id));
        let is_another = before.is_some() && then.map(person) != Some(person(official));
        let shown = if is_another {
            messages::MASKED_AND_CHANGED
        } else {
            messages::MASKED
        };
        (id.clone(), json!({ "office": official.office, "person": shown }))
    });
    json!({
        "superiors": text.superiors,
        "office": text.office,
        "address": text.address,
        "place": text.place,
        "has_logo": text.logo.is_some(),
        "logo_changed": before.is_some_and(|before| before.logo != text.logo),
        "officials": officials.collect::<Map<String, Value>>(),
    })
}
