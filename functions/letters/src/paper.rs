//! Puts a letter on an office's paper: everything that its template is given.

use kernel::{Disposition, Fault};
use platform::long_date;

use crate::letter::{ActingKind, Issue, Letter};
use crate::letter_type::{Answers, LetterType};
use crate::letterhead::{Letterhead, Official};
use crate::messages;
use crate::render::{Content, Heading, Logo, Row, Signatory};

/// A letter cannot be put on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PaperError {
    /// It is not approved.
    #[error("the letter has no number yet")]
    NotApproved,
    /// The letterhead does not name the official who approved, or in whose office they did.
    #[error("the letterhead does not name the official who approved, or in whose office")]
    UnknownOfficial,
}

impl Fault for PaperError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotApproved => "letters.not_approved",
            Self::UnknownOfficial => "letters.unknown_official",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NotApproved | Self::UnknownOfficial => Disposition::Reject,
        }
    }
}

/// What stands in an approved letter.
pub(crate) fn content(
    letter: &Letter,
    of: &LetterType,
    answers: &Answers,
    head: &Letterhead,
) -> Result<Content, PaperError> {
    let issue = letter.issue.as_ref().ok_or(PaperError::NotApproved)?;
    let rows = of.fields.fields().iter().filter_map(|field| {
        let value = of.fields.display(&field.name, answers)?;
        Some(Row {
            label: field.title.clone(),
            value,
        })
    });
    let wording = of.wording.filled(&of.fields, answers);
    let mut statements = wording.statements;
    statements.extend(issue.valid_until.map(messages::valid_until));
    let text = &head.text;
    Ok(Content {
        heading: Heading {
            superiors: text.superiors.clone(),
            office: text.office.clone(),
            address: text.address.clone(),
            logo: head.logo().map(Logo),
        },
        title: of.name.clone(),
        number: issue.number.clone(),
        opening: wording.opening,
        rows: rows.collect(),
        statements,
        closing: wording.closing,
        place: text.place.clone(),
        date_text: long_date(issue.date),
        date: issue.date,
        signatory: signatory(issue, head)?,
        footer: messages::FOOTER.to_owned(),
    })
}

/// What a letter calls the office in which it was approved, where that is another's.
pub(crate) fn office_of_another(letter: &Letter, head: &Letterhead) -> Result<Option<String>, PaperError> {
    let issue = letter.issue.as_ref().ok_or(PaperError::NotApproved)?;
    let acting_for = issue.approved_by.acting_for.as_ref();
    let holder = acting_for.map(|acting| named(head, &acting.id)).transpose()?;
    Ok(holder.map(|holder| holder.office.clone()))
}

/// Who signs, as the office's letterhead names them: approvals know roles, not what an office is called on paper.
fn signatory(issue: &Issue, head: &Letterhead) -> Result<Signatory, PaperError> {
    let approver = &issue.approved_by;
    let official = named(head, &approver.id)?;
    let capacity = match &approver.acting_for {
        None => vec![official.office.clone()],
        Some(acting) => capacity(acting.kind, named(head, &acting.id)?, official),
    };
    Ok(Signatory {
        capacity,
        name: official.name.clone(),
        rank: official.rank.clone(),
        nip: official.nip.clone(),
    })
}

fn named<'a>(head: &'a Letterhead, id: &str) -> Result<&'a Official, PaperError> {
    head.text.officials.get(id).ok_or(PaperError::UnknownOfficial)
}

/// Whoever acts for a vacant or absent office (Plt., Plh.) signs as that office; whoever signs in another's name names both.
fn capacity(kind: ActingKind, holder: &Official, own: &Official) -> Vec<String> {
    match kind {
        ActingKind::Plt => vec![format!("{} {}", messages::ACTING, holder.office)],
        ActingKind::Plh => vec![format!("{} {}", messages::STANDING_IN, holder.office)],
        ActingKind::An => vec![format!("{} {}", messages::ON_BEHALF, holder.office), own.office.clone()],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::events::DecidedBy;
    use crate::letter::Approver;
    use crate::letterhead::tests::text;

    fn head() -> Letterhead {
        let mut text = text();
        let secretary = Official {
            name: "Andi Contoh".into(),
            office: "Sekretaris Kelurahan".into(),
            rank: None,
            nip: None,
        };
        text.officials.insert("sekretaris".into(), secretary);
        Letterhead::new("karo".parse().unwrap(), text).unwrap()
    }

    /// A letter that the secretary approved, as the approval tells of it.
    fn approved(acting_for: &serde_json::Value) -> Issue {
        let mut decided_by = json!({ "id": "sekretaris", "step": "admin", "at": "2026-11-21T01:00:00Z" });
        if acting_for.is_object() {
            decided_by["capacity"] = "Plh. Super Admin".into();
            decided_by["acting_for"] = acting_for.clone();
        }
        let decided_by: DecidedBy = serde_json::from_value(decided_by).unwrap();
        Issue {
            number: "470/1/SKD/XI/2026".into(),
            sequence: 1,
            date: date(2026, 11, 21),
            valid_until: None,
            approved_by: Approver {
                id: decided_by.id,
                name: decided_by.name,
                acting_for: decided_by.acting_for,
            },
        }
    }

    #[test]
    fn a_letter_names_the_office_in_which_it_is_signed_as_the_letterhead_calls_it() {
        let lines = |acting_for: &serde_json::Value| {
            let signatory = signatory(&approved(acting_for), &head()).unwrap();
            assert_eq!(signatory.name, "Andi Contoh");
            signatory.capacity
        };
        let acting = |kind: &str| json!({ "id": "lurah", "name": "Siti Contoh", "kind": kind });
        assert_eq!(lines(&json!(null)), ["Sekretaris Kelurahan"]);
        assert_eq!(lines(&acting("plt")), ["Plt. Lurah Melati"]);
        assert_eq!(lines(&acting("plh")), ["Plh. Lurah Melati"]);
        assert_eq!(lines(&acting("an")), ["a.n. Lurah Melati", "Sekretaris Kelurahan"]);
    }

    #[test]
    fn a_letter_that_is_signed_for_an_office_that_the_letterhead_does_not_know_is_not_made() {
        let acting = json!({ "id": "camat", "name": "Rina Contoh", "kind": "plh" });
        assert_eq!(signatory(&approved(&acting), &head()), Err(PaperError::UnknownOfficial));
    }
}
