//! What a letter refuses to do.

use kernel::{Disposition, Fault};

use super::{SUBMISSION_LIMIT, Status};

/// A letter cannot do this now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// Only a draft, or what came back, may be changed and submitted.
    #[error("a letter that is {} cannot be changed", .0.as_str())]
    NotEditable(Status),
    /// Only what waits can be withdrawn.
    #[error("a letter that is {} cannot be withdrawn", .0.as_str())]
    NotWaiting(Status),
    /// The resident belongs to no RT or RW, which the letter needs.
    #[error("the resident has no territory for the levels that the letter needs")]
    NoTerritory,
    /// It went to and fro too often.
    #[error("a letter is submitted at most {SUBMISSION_LIMIT} times")]
    TooOften,
    /// The approval says what the letter's state contradicts.
    #[error("a letter that is {} contradicts its approval", .0.as_str())]
    Contradicts(Status),
    /// Only an approved letter can be rendered and finished.
    #[error("a letter that is {} has no number yet", .0.as_str())]
    NotApproved(Status),
    /// Its digest was told already, and these are other bytes.
    #[error("the letter was rendered to another PDF before")]
    RenderedOtherwise,
}

impl Fault for LetterError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotEditable(_) => "letters.not_editable",
            Self::NotWaiting(_) => "letters.not_waiting",
            Self::NoTerritory => "letters.no_territory",
            Self::TooOften => "letters.too_many_submissions",
            Self::Contradicts(_) => "letters.contradicts_approval",
            Self::NotApproved(_) => "letters.not_approved",
            Self::RenderedOtherwise => "letters.rendered_otherwise",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NotEditable(_)
            | Self::NotWaiting(_)
            | Self::NoTerritory
            | Self::TooOften
            | Self::Contradicts(_)
            | Self::NotApproved(_)
            | Self::RenderedOtherwise => Disposition::Reject,
        }
    }
}
