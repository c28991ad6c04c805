//! Puts a letter on an office's paper: everything that its template is given.

use kernel::{Disposition, Fault};

use crate::letter::{Approver, Capacity, Issue, Letter};
use crate::letter_type::{Answers, LetterType};
use crate::letterhead::{Letterhead, Official};
use crate::messages;
use crate::render::{Content, Heading, Logo, Row, Signatory};

/// A letter cannot be put on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
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
    let official = head.text.officials.get(&approver.id).ok_or(PaperError::UnknownOfficial)?;
    Ok(Signatory {
        capacity: capacity(approver, official),
        name: official.name.clone(),
        rank: official.rank.clone(),
        nip: official.nip.clone(),
    })
}

/// Whoever acts for a vacant or absent office signs as that office; whoever signs in another's name names both.
fn capacity(approver: &Approver, official: &Official) -> Vec<String> {
    match &approver.acting_for {
        None => vec![official.office.clone()],
        Some(acting) => match acting.kind {
            Capacity::Plt | Capacity::Plh => vec![acting.title.clone()],
            Capacity::An => vec![acting.title.clone(), official.office.clone()],
        },
    }
}
