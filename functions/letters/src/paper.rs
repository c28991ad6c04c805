//! Puts a letter on an office's paper: everything that its template is given.

use kernel::{Disposition, Fault};

use crate::letter::{Approver, Issue, Letter};
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
    /// The letterhead does not name the official who approved.
    #[error("the letterhead does not name the official who approved")]
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
        date_text: messages::indonesian_date(issue.date),
        date: issue.date,
        signatory: signatory(issue, head)?,
        footer: messages::FOOTER.to_owned(),
    })
}

fn signatory(issue: &Issue, head: &Letterhead) -> Result<Signatory, PaperError> {
    let approver = &issue.approved_by;
    let official = head
        .text
        .officials
        .get(&approver.id)
        .ok_or(PaperError::UnknownOfficial)?;
    Ok(Signatory {
        capacity: capacity(approver, official),
        name: official.name.clone(),
        rank: official.rank.clone(),
        nip: official.nip.clone(),
    })
}

/// Whoever acts for a vacant or absent office (Plt., Plh.) signs as that office; whoever signs in another's name names both.
fn capacity(approver: &Approver, official: &Official) -> Vec<String> {
    let office = official.office.clone();
    match &approver.capacity {
        None => vec![office],
        Some(capacity) if capacity.starts_with(messages::ON_BEHALF) => vec![capacity.clone(), office],
        Some(capacity) => vec![capacity.clone()],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::letterhead::tests::text;

    #[test]
    fn a_letter_names_the_capacity_in_which_it_is_signed() {
        let text = text();
        let official = text.officials.get("lurah").unwrap();
        let lines = |capacity: Option<&str>| {
            let approver = Approver {
                id: "lurah".into(),
                name: None,
                capacity: capacity.map(str::to_owned),
            };
            super::capacity(&approver, official)
        };
        assert_eq!(lines(None), ["Lurah Melati"]);
        assert_eq!(lines(Some("Plt. Camat Mawar")), ["Plt. Camat Mawar"]);
        assert_eq!(lines(Some("Plh. Camat Mawar")), ["Plh. Camat Mawar"]);
        assert_eq!(lines(Some("a.n. Camat Mawar")), ["a.n. Camat Mawar", "Lurah Melati"]);
    }
}
