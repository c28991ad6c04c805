//! Decisions: what somebody decides, what was decided, and why a decision cannot be taken.

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{Disposition, Fault};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actor::Actor;
use crate::delegation::ActingFor;

/// A note longer than this is no note.
pub(super) const NOTE_LIMIT: usize = 2_000;

/// What somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Let it pass.
    Approve,
    /// Send it back as the route says. Needs a note.
    Return,
    /// Refuse it for good. Needs a note.
    Reject,
}

/// One decision by one official.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Chosen by the caller; the same id again changes nothing.
    pub id: String,
    /// Who decides.
    pub actor: Actor,
    /// What.
    pub verdict: Verdict,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// A decision that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The decision's id.
    pub decision_id: String,
    /// The name of the step.
    pub step: String,
    /// The official's id.
    pub actor_id: String,
    /// The official's name.
    pub actor_name: String,
    /// In whose place it was taken; none where the office is the official's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<ActingFor>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The present, as decisions need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The present moment.
    pub at: Timestamp,
    /// The day that it is in the office.
    pub today: Date,
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalEvent {
    /// It has begun.
    Opened,
    /// One of several approvers of a step has approved.
    Endorsed,
    /// The next step has to decide.
    Advanced,
    /// An earlier step has to decide again.
    SentBack,
    /// Back where it came from.
    Returned,
    /// It begins again, with an item that was put right.
    Reopened,
    /// Taken back by who submitted it.
    Withdrawn,
    /// Refused for good.
    Rejected,
    /// Approved by every step.
    Approved,
}

/// A decision could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// Nobody's turn: the approval has ended, or waits for the item to be put right.
    #[error("the approval awaits no decision")]
    NotAwaiting,
    /// Somebody else's turn.
    #[error("it is the turn of {role}")]
    OutOfTurn {
        /// The role whose turn it is.
        role: String,
    },
    /// The right role, for another territory or unit.
    #[error("the item is of another territory or unit")]
    OutOfScope,
    /// Whoever submitted it may not decide on it.
    #[error("nobody decides on their own submission here")]
    OwnSubmission,
    /// An approval of theirs stands already.
    #[error("an approval of this person stands already")]
    Twice,
    /// This step may return an item but not refuse it for good.
    #[error("this step may not refuse an item for good")]
    MayNotRefuse,
    /// A return or rejection needs a reason.
    #[error("a return or rejection needs a note")]
    NoteMissing,
    /// The note is too long.
    #[error("the note is longer than {NOTE_LIMIT} characters")]
    NoteTooLong,
    /// The decision's id is empty or too long.
    #[error("a decision's id has 1 to 200 characters")]
    BadId,
    /// The decision's id was used before for another decision.
    #[error("the decision's id was used before for another decision")]
    KeyReused,
    /// It went to and fro too often.
    #[error("too many decisions were taken on this item")]
    TooMany,
}

impl Fault for DecideError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAwaiting => "approvals.not_awaiting",
            Self::OutOfTurn { .. } => "approvals.out_of_turn",
            Self::OutOfScope => "approvals.out_of_scope",
            Self::OwnSubmission => "approvals.own_submission",
            Self::Twice => "approvals.decided_twice",
            Self::MayNotRefuse => "approvals.may_not_refuse",
            Self::NoteMissing => "approvals.note_missing",
            Self::NoteTooLong => "approvals.note_too_long",
            Self::BadId => "approvals.bad_decision_id",
            Self::KeyReused => "approvals.key_reused",
            Self::TooMany => "approvals.too_many_decisions",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NotAwaiting
            | Self::OutOfTurn { .. }
            | Self::OutOfScope
            | Self::OwnSubmission
            | Self::Twice
            | Self::MayNotRefuse
            | Self::NoteMissing
            | Self::NoteTooLong
            | Self::BadId
            | Self::KeyReused
            | Self::TooMany => Disposition::Reject,
        }
    }
}

impl Decision {
    /// The note without white space around it; none when nothing is left.
    pub(crate) fn trimmed_note(&self) -> Option<String> {
        let note = self.note.as_deref().map(str::trim);
        note.filter(|note| !note.is_empty()).map(str::to_owned)
    }
}

impl ApprovalEvent {
    /// The event's type.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Opened => "approval.opened",
            Self::Endorsed => "approval.endorsed",
            Self::Advanced => "approval.advanced",
            Self::SentBack => "approval.sent_back",
            Self::Returned => "approval.returned",
            Self::Reopened => "approval.reopened",
            Self::Withdrawn => "approval.withdrawn",
            Self::Rejected => "approval.rejected",
            Self::Approved => "approval.approved",
        }
    }
}
