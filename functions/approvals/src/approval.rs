//! One approval on its way along a route. No I/O, no clock.

use jiff::Timestamp;
use kernel::{Disposition, DocumentId, Fault, TenantId, Traceparent};
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::route::{OnReject, Route};
use crate::token::Actor;

/// A note longer than this is no note.
const NOTE_LIMIT: usize = 2_000;

/// The approval of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The document to approve; an approval has its document's id.
    pub document_id: DocumentId,
    /// Whose document it is.
    pub tenant: TenantId,
    /// The route, as it was when the approval was opened.
    pub route: Route,
    /// The document's flow.
    pub traceparent: Traceparent,
    /// Whose turn it is, or how it ended.
    pub status: Status,
    /// Every decision that was taken, oldest first.
    pub history: Vec<Decided>,
}

/// Whose turn it is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Status {
    /// The step of this index, counted from 0, has to decide.
    Awaiting {
        /// The index of the step.
        step: usize,
    },
    /// Back where it came from.
    Returned,
    /// Refused for good.
    Rejected,
    /// Approved by every step.
    Approved,
}

/// What an official decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub note: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What a decision led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalEvent {
    /// The next step has to decide.
    Advanced,
    /// An earlier step has to decide again.
    SentBack,
    /// Back where it came from.
    Returned,
    /// Refused for good.
    Rejected,
    /// Approved by every step.
    Approved,
}

/// A decision could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// Nobody's turn: the approval has ended.
    #[error("the approval has ended")]
    NotAwaiting,
    /// Somebody else's turn.
    #[error("it is the turn of {role}")]
    OutOfTurn {
        /// The role whose turn it is.
        role: String,
    },
    /// A return or rejection needs a reason.
    #[error("a return or rejection needs a note")]
    NoteMissing,
    /// The note is too long.
    #[error("the note is longer than {NOTE_LIMIT} characters")]
    NoteTooLong,
    /// The decision's id was used before for another decision.
    #[error("the decision's id was used before for another decision")]
    KeyReused,
}

impl Fault for DecideError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAwaiting => "approvals.not_awaiting",
            Self::OutOfTurn { .. } => "approvals.out_of_turn",
            Self::NoteMissing => "approvals.note_missing",
            Self::NoteTooLong => "approvals.note_too_long",
            Self::KeyReused => "approvals.key_reused",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::NotAwaiting | Self::OutOfTurn { .. } | Self::NoteMissing | Self::NoteTooLong | Self::KeyReused => {
                Disposition::Reject
            }
        }
    }
}

impl Approval {
    /// Begins with the route's first step.
    #[must_use]
    pub fn open(document_id: DocumentId, tenant: TenantId, route: Route, traceparent: Traceparent) -> Self {
        Self {
            document_id,
            tenant,
            route,
            traceparent,
            status: Status::Awaiting { step: 0 },
            history: Vec::new(),
        }
    }

    /// The key of the approval of document `id` of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: DocumentId) -> Key {
        Key::state(tenant.as_str(), "approval", &id.to_string())
    }

    /// Whether this very decision was taken before. An error if its id was used for another one.
    pub fn has_taken(&self, decision: &Decision) -> Result<bool, DecideError> {
        let taken = self.history.iter().find(|decided| decided.decision_id == decision.id);
        match taken {
            None => Ok(false),
            Some(taken) if taken.verdict == decision.verdict && taken.note == decision.trimmed_note() => Ok(true),
            Some(_) => Err(DecideError::KeyReused),
        }
    }

    /// Takes one decision. Consumes the approval, so that the state before the decision cannot be used afterwards.
    pub fn decide(mut self, decision: &Decision, at: Timestamp) -> Result<(Self, ApprovalEvent), DecideError> {
        let index = match self.status {
            Status::Awaiting { step } => step,
            Status::Returned | Status::Rejected | Status::Approved => return Err(DecideError::NotAwaiting),
        };
        let step = self.route.step(index).ok_or(DecideError::NotAwaiting)?;
        if !decision.actor.roles.contains(&step.role) {
            return Err(DecideError::OutOfTurn {
                role: step.role.clone(),
            });
        }
        let note = decision.trimmed_note();
        if note.as_ref().is_some_and(|note| note.chars().count() > NOTE_LIMIT) {
            return Err(DecideError::NoteTooLong);
        }
        let (status, event) = match (decision.verdict, &note) {
            (Verdict::Approve, _) => match self.route.after(index) {
                Some(step) => (Status::Awaiting { step }, ApprovalEvent::Advanced),
                None => (Status::Approved, ApprovalEvent::Approved),
            },
            (Verdict::Return | Verdict::Reject, None) => return Err(DecideError::NoteMissing),
            (Verdict::Reject, Some(_)) => (Status::Rejected, ApprovalEvent::Rejected),
            (Verdict::Return, Some(_)) => match (step.on_reject, index.checked_sub(1)) {
                (OnReject::Terminal, _) => (Status::Rejected, ApprovalEvent::Rejected),
                (OnReject::Previous, Some(step)) => (Status::Awaiting { step }, ApprovalEvent::SentBack),
                (OnReject::Previous, None) | (OnReject::Origin, _) => (Status::Returned, ApprovalEvent::Returned),
            },
        };
        let decided = Decided {
            decision_id: decision.id.clone(),
            step: step.name.clone(),
            actor_id: decision.actor.id.clone(),
            actor_name: decision.actor.name.clone(),
            verdict: decision.verdict,
            note,
            at,
        };
        self.history.push(decided);
        Ok((Self { status, ..self }, event))
    }
}

impl Decision {
    /// The note without white space around it; none when nothing is left.
    fn trimmed_note(&self) -> Option<String> {
        let note = self.note.as_deref().map(str::trim);
        note.filter(|note| !note.is_empty()).map(str::to_owned)
    }
}

impl ApprovalEvent {
    /// The event's type.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Advanced => "approval.advanced",
            Self::SentBack => "approval.sent_back",
            Self::Returned => "approval.returned",
            Self::Rejected => "approval.rejected",
            Self::Approved => "approval.approved",
        }
    }
}

impl Record for Approval {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.document_id)
    }
}

#[cfg(test)]
mod tests;
