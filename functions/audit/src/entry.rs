//! What goes into the chain: an entry as its writer sent it, within limits and without what is personal.

use kernel::{Disposition, Fault, MalformedJson, Sha256Digest};
use platform::AuditEntry;
use serde_json::{Value, json};

use crate::canonical;
use crate::mask::masked;

/// The most bytes of an entry. A row holds at most 400 KB.
const LIMIT: usize = 64 * 1024;
/// Longer ids are cut: what somebody calls themselves who is not signed in may be anything.
const ID_LIMIT: usize = 256;
/// The longest names of actions, kinds and codes, which are ours.
const NAME_LIMIT: usize = 64;

/// An entry that cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    /// A name is empty, too long, or not in plain lower case.
    #[error("the {0} is not a name of ours")]
    Name(&'static str),
    /// Even without what changed it has too many bytes.
    #[error("the entry is larger than {LIMIT} bytes")]
    TooLarge,
    /// It has no canonical form.
    #[error("the entry has no canonical form")]
    Json(#[source] MalformedJson),
}

impl Fault for EntryError {
    fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "audit.malformed",
            Self::TooLarge => "audit.too_large",
            Self::Json(_) => "audit.no_canonical_form",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Name(_) | Self::TooLarge | Self::Json(_) => Disposition::Reject,
        }
    }
}

/// The canonical text of what is kept of `entry`. Where it is too large, what changed is replaced by its size and digest:
/// that it happened is worth more.
pub(crate) fn kept(mut entry: AuditEntry) -> Result<String, EntryError> {
    for (what, name) in [("action", &entry.action), ("kind of resource", &entry.resource.kind)] {
        if !is_name(name) {
            return Err(EntryError::Name(what));
        }
    }
    if entry.code.as_ref().is_some_and(|code| !is_name(code)) {
        return Err(EntryError::Name("code"));
    }
    cut(&mut entry.actor.id);
    cut(&mut entry.resource.id);
    let text = canonical_text(&entry)?;
    if text.len() <= LIMIT {
        return Ok(text);
    }
    entry.before = entry.before.map(replaced).transpose()?;
    entry.after = entry.after.map(replaced).transpose()?;
    let text = canonical_text(&entry)?;
    if text.len() <= LIMIT {
        Ok(text)
    } else {
        Err(EntryError::TooLarge)
    }
}

fn canonical_text(entry: &AuditEntry) -> Result<String, EntryError> {
    let value = serde_json::to_value(entry).map_err(|error| EntryError::Json(error.into()))?;
    canonical::text(&masked(value)).map_err(EntryError::Json)
}

fn replaced(value: Value) -> Result<Value, EntryError> {
    let text = canonical::text(&masked(value)).map_err(EntryError::Json)?;
    Ok(json!({ "omitted_bytes": text.len(), "sha256": Sha256Digest::of(text.as_bytes()) }))
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    (1..=NAME_LIMIT).contains(&text.len()) && text.bytes().all(plain)
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(ID_LIMIT) {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use platform::{Actor, ActorKind};

    use super::*;

    fn entry() -> AuditEntry {
        let actor = Actor {
            id: "u1".into(),
            kind: ActorKind::Person,
        };
        AuditEntry::success(actor, "user.updated", "user", "u2")
    }

    #[test]
    fn what_is_kept_has_one_spelling_and_no_personal_number() {
        let after = json!({ "nik": "9900000000000001", "name": "Contoh", "a": 2.5 });
        let text = kept(entry().changing(None, Some(after))).unwrap();
        let expected = concat!(
            r#"{"action":"user.updated","actor":{"id":"u1","kind":"person"},"after":{"a":"2.5","name":"Contoh","nik":"***"},"#,
            r#""outcome":"success","resource":{"id":"u2","kind":"user"}}"#
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_change_that_is_too_large_is_kept_as_its_digest() {
        let large = json!({ "text": "x".repeat(70_000) });
        let text = kept(entry().changing(Some(json!({ "text": "" })), Some(large))).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["after"]["omitted_bytes"], 70_011);
        assert!(text.len() < 1_000);
    }

    #[test]
    fn whatever_somebody_calls_themselves_is_cut_and_kept() {
        let mut long = entry();
        long.actor.id = "é".repeat(10_000);
        let read: AuditEntry = serde_json::from_str(&kept(long).unwrap()).unwrap();
        assert_eq!(read.actor.id.chars().count(), 257);
    }

    #[test]
    fn an_action_that_is_none_of_ours_is_refused() {
        for bad in ["", "User.Created", "user created", "user\n", &"a".repeat(65)] {
            let mut wrong = entry();
            wrong.action = bad.to_owned();
            let error = kept(wrong).unwrap_err();
            assert_eq!(
                (error.code(), error.disposition()),
                ("audit.malformed", Disposition::Reject),
                "{bad:?}"
            );
        }
    }
}
