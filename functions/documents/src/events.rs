//! What this context tells others, and what it hears from them. Schemas: `events/schemas/`.

use kernel::{DocumentId, Envelope, ParseIdError, Payload, Sha256Digest, Traceparent};
use platform::{Cause, Environment, Event, ObjectVersion, Sequencer};
use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::document::Document;
use crate::inbox_name::InboxName;

/// The `source` of this context's envelopes.
pub(crate) const SOURCE: &str = "absah/documents";

/// Wraps an event of a document.
pub(crate) fn of<D: Serialize>(
    document: &Document,
    environment: &Environment,
    cause: Traceparent,
    event_type: &'static str,
    data: D,
) -> Envelope<D> {
    let event = Event {
        event_type,
        subject: document.id.to_string(),
        tenant: document.name.tenant.clone(),
        data,
    };
    environment.envelope(&Cause::Event(cause), SOURCE, event)
}

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sequencer: Option<Sequencer>,
}

/// `document.awaiting_approval`, `document.returned`, `document.rejected`, `document.approved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    pub(crate) document_id: DocumentId,
    /// Why, where an official did not approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl Moved {
    pub(crate) fn new(document: &Document) -> Self {
        Self {
            document_id: document.id,
            note: None,
        }
    }
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

/// `document.described`: a sidecar says something else of it. Whoever chose a route by its type has to choose again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Described {
    pub(crate) document_id: DocumentId,
    /// The inbox key.
    pub(crate) key: String,
    /// How often it was described anew, counted from 1.
    pub(crate) revision: usize,
    pub(crate) description: Description,
}

impl Described {
    pub(crate) fn new(document: &Document) -> Self {
        Self {
            document_id: document.id,
            key: document.object.key.clone(),
            revision: document.revision(),
            description: document.description.clone(),
        }
    }
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
    /// The inbox key, for whoever dropped it.
    pub(crate) key: String,
    pub(crate) sha256: Sha256Digest,
    /// What the QR holds.
    pub(crate) verify_url: String,
}

/// What an approval is about. Only documents are ours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Item {
    kind: String,
    id: String,
    /// Of a document, how often it was described anew before it was approved.
    #[serde(default)]
    pub(crate) revision: usize,
}

/// An item says that it is a document, and its id is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the item is a document without a document's id")]
pub(crate) struct ItemError(#[source] ParseIdError);

impl Item {
    /// The document; none where the item is something else.
    pub(crate) fn document(&self) -> Result<Option<DocumentId>, ItemError> {
        if self.kind == "document" {
            self.id.parse().map(Some).map_err(ItemError)
        } else {
            Ok(None)
        }
    }
}

/// `approval.opened`, `approval.returned`, `approval.withdrawn`, `approval.rejected`: what we need of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ApprovalChanged {
    pub(crate) item: Item,
    /// Why, where it was returned or rejected.
    #[serde(default)]
    pub(crate) note: Option<String>,
}

/// `approval.approved`: what we need of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Approved {
    pub(crate) item: Item,
    /// Who took the last decision.
    pub(crate) decided_by: DecidedBy,
}

/// An official, as the approvals context names them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DecidedBy {
    pub(crate) id: String,
    /// In what capacity, where the office is another's: `Plh. Kepala Dinas`.
    #[serde(default)]
    pub(crate) capacity: Option<String>,
}

macro_rules! payload {
    ($($payload:ty: $($event_type:literal)+;)+) => {$(
        impl Payload for $payload {
            const TYPES: &'static [&'static str] = &[$($event_type),+];
        }
    )+};
}

payload! {
    Detected: "document.detected";
    DescriptionDetected: "description.detected";
    SignedEvent: "document.signed";
    ApprovalChanged: "approval.opened" "approval.returned" "approval.withdrawn" "approval.rejected";
    Approved: "approval.approved";
}
