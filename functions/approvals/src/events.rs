//! What this context tells others, and what it hears from them. Schemas: `events/schemas/`.

use jiff::Timestamp;
use kernel::{DocumentId, Payload};
use serde::{Deserialize, Serialize};

use crate::approval::Decided;
use crate::route::RouteStep;

/// The `source` of this context's envelopes.
pub(crate) const SOURCE: &str = "absah/approvals";

/// `document.imported`: what we need of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DocumentImported {
    pub(crate) document_id: DocumentId,
}

impl Payload for DocumentImported {
    const TYPES: &'static [&'static str] = &["document.imported"];
}

/// Every event of an approval: `approval.opened`, `.advanced`, `.sent_back`, `.returned`, `.rejected`, `.approved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ApprovalChanged {
    pub(crate) document_id: DocumentId,
    /// The step whose turn it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) awaiting: Option<Awaiting>,
    /// Why, if the last decision came with a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Who took the last decision; absent when the approval was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decided_by: Option<DecidedBy>,
}

/// A step that has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Awaiting {
    pub(crate) step: String,
    /// The role that may.
    pub(crate) role: String,
}

impl From<&RouteStep> for Awaiting {
    fn from(step: &RouteStep) -> Self {
        Self {
            step: step.name.clone(),
            role: step.role.clone(),
        }
    }
}

/// The official who took a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DecidedBy {
    pub(crate) id: String,
    pub(crate) step: String,
    pub(crate) at: Timestamp,
}

impl From<&Decided> for DecidedBy {
    fn from(decided: &Decided) -> Self {
        Self {
            id: decided.actor_id.clone(),
            step: decided.step.clone(),
            at: decided.at,
        }
    }
}
