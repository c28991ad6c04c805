//! What this context tells others, and what it hears from them. Schemas: `events/schemas/`.

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{DocumentId, Envelope, Payload, Sha256Digest, Traceparent};
use platform::{Cause, Environment, Event, Sealed};
use serde::{Deserialize, Serialize};

use crate::ids::{LetterId, TypeCode};
use crate::letter::{ActingFor, Letter};

/// The `source` of this context's envelopes.
pub(crate) const SOURCE: &str = "absah/letters";

/// Wraps an event of a letter.
pub(crate) fn of<D: Serialize>(
    letter: &Letter,
    environment: &Environment,
    cause: Option<Traceparent>,
    event_type: &'static str,
    data: D,
) -> Envelope<D> {
    let event = Event {
        event_type,
        subject: letter.id.to_string(),
        tenant: letter.tenant.clone(),
        data,
    };
    environment.envelope(&cause.map_or(Cause::Outside, Cause::Event), SOURCE, event)
}

/// `letter.submitted`, `letter.resubmitted`: a letter wants verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandedIn {
    pub(crate) letter_id: LetterId,
    pub(crate) letter_type: TypeCode,
    /// What it is about, for lists.
    pub(crate) title: String,
    /// The resident's name, for lists.
    pub(crate) applicant: String,
    /// The resident's id.
    pub(crate) submitted_by: String,
    /// Which submission of the letter, counted from 1.
    pub(crate) submission: u32,
    /// What the resident filled in, as the letter keeps it: for whoever decides in an office that letters know nothing of.
    pub(crate) sealed_answers: Sealed,
    pub(crate) attributes: Attributes,
}

/// What the steps of a route ask about a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rw: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rt: Option<String>,
    pub(crate) require_rt: bool,
    pub(crate) require_rw: bool,
}

/// `letter.withdrawn`: the resident wants it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Withdrawal {
    pub(crate) letter_id: LetterId,
    pub(crate) withdrawn_by: String,
    /// The submission that is wanted back.
    pub(crate) submission: u32,
}

/// `letter.approved`: it has a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Approved {
    pub(crate) letter_id: LetterId,
    pub(crate) letter_type: TypeCode,
    pub(crate) number: String,
    pub(crate) date: Date,
}

/// `letter.generation_requested`: an official wants the PDF of an approved letter made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GenerationRequested {
    pub(crate) letter_id: LetterId,
    pub(crate) requested_by: String,
}

/// `letter.rendered`: the PDF that comes into the inbox has this digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rendered {
    pub(crate) letter_id: LetterId,
    pub(crate) sha256: Sha256Digest,
    /// What it calls the office in which it was approved, where that is another's: its signature names the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) office: Option<String>,
}

/// `letter.finished`: the signed PDF is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) letter_id: LetterId,
    pub(crate) letter_type: TypeCode,
    pub(crate) number: String,
    pub(crate) document_id: DocumentId,
    pub(crate) verify_url: String,
}

/// What `render-letter` is triggered by: `letter.approved`, `letter.generation_requested`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct WantsPdf {
    pub(crate) letter_id: LetterId,
}

/// Every event of an approval: what we need of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ApprovalChanged {
    /// What is to be approved; only letters are ours.
    #[serde(default)]
    pub(crate) item: Option<Item>,
    /// Which version of the approval this is the news of.
    pub(crate) version: u64,
    /// What the item is called now, such as `menunggu_verifikasi_rw`.
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) decided_by: Option<DecidedBy>,
}

/// What is to be approved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Item {
    pub(crate) kind: String,
    pub(crate) id: String,
    /// Of a letter: which submission.
    pub(crate) revision: u32,
}

/// Who took a decision.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DecidedBy {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    pub(crate) step: String,
    pub(crate) at: Timestamp,
    /// Where the office is another's, what approvals call it: `Plh. Lurah`.
    #[serde(default)]
    pub(crate) capacity: Option<String>,
    /// Whose office it is then.
    #[serde(default)]
    pub(crate) acting_for: Option<ActingFor>,
}

/// `document.issued`: what we need of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DocumentIssued {
    pub(crate) document_id: DocumentId,
    pub(crate) verify_url: String,
    /// The inbox key that the document came by: `<tenant>/letters/<letter id>.pdf` for ours.
    #[serde(default)]
    pub(crate) key: Option<String>,
}

impl HandedIn {
    pub(crate) fn new(letter: &Letter) -> Self {
        let requires = letter.kind.requires;
        Self {
            letter_id: letter.id,
            letter_type: letter.kind.code.clone(),
            title: letter.kind.name.clone(),
            applicant: letter.resident.name.clone(),
            submitted_by: letter.resident.id.clone(),
            submission: letter.submissions,
            sealed_answers: letter.answers.clone(),
            attributes: Attributes {
                rw: letter.resident.rw.clone(),
                rt: letter.resident.rt.clone(),
                require_rt: requires.rt,
                require_rw: requires.rw,
            },
        }
    }
}

macro_rules! payload {
    ($($payload:ty: $($event_type:literal)+;)+) => {$(
        impl Payload for $payload {
            const TYPES: &'static [&'static str] = &[$($event_type),+];
        }
    )+};
}

payload! {
    HandedIn: "letter.submitted" "letter.resubmitted";
    Withdrawal: "letter.withdrawn";
    Approved: "letter.approved";
    GenerationRequested: "letter.generation_requested";
    Rendered: "letter.rendered";
    Finished: "letter.finished";
    WantsPdf: "letter.approved" "letter.generation_requested";
    ApprovalChanged: "approval.opened" "approval.endorsed" "approval.advanced" "approval.sent_back" "approval.returned"
        "approval.rejected" "approval.approved" "approval.withdrawn" "approval.reopened";
    DocumentIssued: "document.issued";
}
