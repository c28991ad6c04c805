//! What this context tells others, and what it hears from them. Schemas: `events/schemas/`.

use jiff::Timestamp;
use kernel::{DocumentId, Sha256Digest};
use platform::ObjectVersion;
use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::inbox_name::InboxName;

/// The `source` of this context's envelopes.
pub(crate) const SOURCE: &str = "absah/documents";

/// `document.detected`: a PDF is in the inbox, and has an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detected {
    pub(crate) document_id: DocumentId,
    /// The inbox key, for whoever dropped it.
    pub(crate) key: String,
}

/// `description.detected`: a sidecar is in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DescriptionDetected {
    pub(crate) name: InboxName,
    pub(crate) object: ObjectVersion,
}

/// `document.imported`: a usable PDF is in the vault and wants approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Imported {
    pub(crate) document_id: DocumentId,
    /// The inbox key, for whoever dropped it.
    pub(crate) key: String,
    pub(crate) description: Description,
    pub(crate) sha256: Sha256Digest,
    pub(crate) pages: u32,
}

/// `document.quarantined`: the file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    pub(crate) document_id: DocumentId,
    pub(crate) key: String,
    /// The stable code of what is wrong.
    pub(crate) code: String,
    /// The same for a person, in Indonesian.
    pub(crate) message: String,
}

/// `document.signed`: the official's signature is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedEvent {
    pub(crate) document_id: DocumentId,
    pub(crate) sha256: Sha256Digest,
}

/// `document.issued`: sealed, and verifiable by anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    pub(crate) document_id: DocumentId,
    pub(crate) sha256: Sha256Digest,
    /// What the QR holds.
    pub(crate) verify_url: String,
}

/// `approval.opened`, `approval.returned`, `approval.rejected`, `approval.approved`: what we need of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ApprovalChanged {
    pub(crate) document_id: DocumentId,
    /// Why, where it was returned or rejected.
    #[serde(default)]
    pub(crate) note: Option<String>,
    /// Who took the last decision; absent when the approval was opened.
    #[serde(default)]
    pub(crate) decided_by: Option<DecidedBy>,
}

/// An official, as the approvals context names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecidedBy {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
}
