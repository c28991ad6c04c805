//! What this context tells others, and what it hears from them. Schemas: `events/schemas/`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{DocumentId, Payload, Sha256Digest};
use platform::Sealed;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::actor::Reach;
use crate::approval::{Approval, ApprovalEvent, Decided};
use crate::delegation::DelegationKind;
use crate::item::{Attributes, Item, ItemId, ItemKind};

/// The `source` of this context's envelopes.
pub(crate) const SOURCE: &str = "absah/approvals";

/// The longest text of an item that lists show.
const TEXT_LIMIT: usize = 300;

/// `document.imported`: what we need of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DocumentImported {
    #[serde(flatten)]
    pub(crate) document: DocumentDescribed,
    /// Of the bytes as received.
    pub(crate) sha256: Sha256Digest,
}

/// `document.described`, and what `document.imported` has in common with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DocumentDescribed {
    pub(crate) document_id: DocumentId,
    /// The inbox key: `<tenant>/<source>/<name>.pdf`.
    key: String,
    /// How often it was described anew.
    #[serde(default)]
    revision: u32,
    #[serde(default)]
    description: Description,
}

/// Everything that is said of a document, by name: `type`, `subject`, `number` and so on. What is approved is all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Description(BTreeMap<String, Value>);

/// `letter.submitted` and `letter.resubmitted`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct LetterSubmitted {
    pub(crate) letter_id: ItemId,
    letter_type: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    applicant: Option<String>,
    submitted_by: String,
    /// Which submission of the letter, counted from 1.
    pub(crate) submission: u32,
    #[serde(default)]
    sealed_answers: Option<Sealed>,
    #[serde(default)]
    attributes: Attributes,
}

/// `letter.withdrawn`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct LetterWithdrawn {
    pub(crate) letter_id: ItemId,
    /// The submission that is wanted back.
    pub(crate) submission: u32,
}

/// `letter.rendered`: the letter's PDF will come through the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct LetterRendered {
    pub(crate) letter_id: ItemId,
    pub(crate) sha256: Sha256Digest,
    /// What it calls the office in which it was approved, where that is another's.
    #[serde(default)]
    pub(crate) office: Option<String>,
}

/// `user.changed`: what we need of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct UserChanged {
    pub(crate) user_id: String,
    /// Counts the changes of the account: of two events the higher one is what holds.
    pub(crate) revision: u64,
    /// Whether the user may sign in.
    pub(crate) active: bool,
    /// The user's name; none of who holds no office, nor in events of earlier releases.
    #[serde(default)]
    pub(crate) name: Option<String>,
    pub(crate) roles: Vec<String>,
    #[serde(flatten)]
    pub(crate) reach: Reach,
}

/// Every event of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ApprovalChanged {
    pub(crate) item: ItemRef,
    /// Which version of the approval this is the news of. Clocks of two machines differ; versions do not.
    pub(crate) version: u64,
    /// What the item is called now, such as `menunggu_verifikasi_rt`.
    pub(crate) label: String,
    /// The step whose turn it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) awaiting: Option<Awaiting>,
    /// Why, if the decision came with a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Who decided; absent where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decided_by: Option<DecidedBy>,
    /// Ids of the users who must learn that it did not pass, or that their approval counts no longer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) informed: Vec<String>,
}

/// Which item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ItemRef {
    pub(crate) kind: ItemKind,
    pub(crate) id: ItemId,
    /// Which state of it: how often a document was described anew, or which submission of a letter.
    pub(crate) revision: u32,
}

/// A step that has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Awaiting {
    pub(crate) step: String,
    /// The role that may.
    pub(crate) role: String,
    /// Until when it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_at: Option<Timestamp>,
}

/// The official who took a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DecidedBy {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) step: String,
    pub(crate) at: Timestamp,
    /// As it is written on paper where the office is another's: `Plh. Kepala Dinas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) capacity: Option<String>,
    /// Whose office it is then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acting_for: Option<Holder>,
}

/// Who holds an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Holder {
    pub(crate) id: String,
    pub(crate) name: String,
    /// As what the other acts for them.
    pub(crate) kind: DelegationKind,
}

/// `route.loaded`: a route, or the item types, may be used from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RouteLoaded {
    /// The object's key.
    pub(crate) key: String,
    /// The route's name, or `item-types`.
    pub(crate) name: String,
    pub(crate) version: u32,
}

/// `route.refused`: a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RouteRefused {
    pub(crate) key: String,
    /// The stable code of what is wrong.
    pub(crate) code: String,
    /// The same for a person, in Indonesian.
    pub(crate) message: String,
    /// Where exactly, in English.
    pub(crate) detail: String,
}

impl DocumentDescribed {
    /// Whether it came from the letters context.
    pub(crate) fn is_letter(&self) -> bool {
        self.source() == Some("letters")
    }

    /// The letter whose PDF it says it is: `<tenant>/letters/<letter id>.pdf`.
    pub(crate) fn letter(&self) -> Option<ItemId> {
        let (_, name) = self.key.split_once("/letters/")?;
        name.strip_suffix(".pdf")?.parse().ok()
    }

    /// The document as an item of approval.
    pub(crate) fn item(&self) -> Item {
        let mut attributes = Attributes::default();
        if let Some(source) = self.source().filter(|source| source.len() <= 100) {
            attributes.set("source", source);
        }
        let described = &self.description;
        Item {
            kind: ItemKind::Document,
            id: self.document_id.into(),
            item_type: described.text("type").map(shown),
            title: described.text("subject").map(shown),
            applicant: described.text("holder").map(shown),
            submitted_by: described.text("submitted_by").map(str::to_owned),
            attributes,
            revision: self.revision,
            sealed_answers: None,
            description: Some(described.digest()),
        }
    }

    fn source(&self) -> Option<&str> {
        self.key.split('/').nth(1)
    }
}

impl Description {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The same for the same words, in whatever order they came.
    fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(json!(self.0).to_string().as_bytes())
    }
}

impl LetterSubmitted {
    /// The letter as an item of approval.
    pub(crate) fn item(self) -> Item {
        Item {
            kind: ItemKind::Letter,
            id: self.letter_id,
            item_type: Some(shown(&self.letter_type)),
            title: self.title.as_deref().map(shown),
            applicant: self.applicant.as_deref().map(shown),
            submitted_by: Some(self.submitted_by),
            attributes: self.attributes,
            revision: self.submission,
            sealed_answers: self.sealed_answers,
            description: None,
        }
    }
}

impl ApprovalChanged {
    /// What `event` made of the approval, which came to `version` by it.
    pub(crate) fn of(approval: &Approval, event: ApprovalEvent, version: u64) -> Self {
        let decided = match event {
            ApprovalEvent::Opened | ApprovalEvent::Reopened | ApprovalEvent::Withdrawn => None,
            ApprovalEvent::Endorsed
            | ApprovalEvent::Advanced
            | ApprovalEvent::SentBack
            | ApprovalEvent::Returned
            | ApprovalEvent::Rejected
            | ApprovalEvent::Approved => approval.history.last(),
        };
        let informed = match event {
            ApprovalEvent::SentBack | ApprovalEvent::Returned | ApprovalEvent::Rejected => approval.informed(),
            ApprovalEvent::Opened
            | ApprovalEvent::Endorsed
            | ApprovalEvent::Advanced
            | ApprovalEvent::Reopened
            | ApprovalEvent::Withdrawn
            | ApprovalEvent::Approved => Vec::new(),
        };
        Self {
            item: ItemRef {
                kind: approval.item.kind,
                id: approval.item.id.clone(),
                revision: approval.item.revision,
            },
            version,
            label: approval.label(),
            awaiting: Awaiting::of(approval),
            note: decided.and_then(|decided| decided.note.clone()),
            decided_by: decided.map(DecidedBy::from),
            informed,
        }
    }
}

impl Awaiting {
    /// The step that has to decide on an approval.
    pub(crate) fn of(approval: &Approval) -> Option<Self> {
        let (_, step, since) = approval.awaiting()?;
        Some(Self {
            step: step.name.clone(),
            role: step.role.clone(),
            due_at: step.due_at(since),
        })
    }
}

impl From<&Decided> for DecidedBy {
    fn from(decided: &Decided) -> Self {
        let acting_for = decided.acting_for.as_ref();
        Self {
            id: decided.actor_id.clone(),
            name: decided.actor_name.clone(),
            step: decided.step.clone(),
            at: decided.at,
            capacity: acting_for.map(|acting| acting.title.clone()),
            acting_for: acting_for.map(|acting| Holder {
                id: acting.id.clone(),
                name: acting.name.clone(),
                kind: acting.kind,
            }),
        }
    }
}

/// As much of a text as lists show.
fn shown(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}

macro_rules! payload {
    ($($payload:ty: $($event_type:literal)+;)+) => {$(
        impl Payload for $payload {
            const TYPES: &'static [&'static str] = &[$($event_type),+];
        }
    )+};
}

payload! {
    DocumentImported: "document.imported";
    DocumentDescribed: "document.described";
    UserChanged: "user.changed";
    LetterSubmitted: "letter.submitted" "letter.resubmitted";
    LetterWithdrawn: "letter.withdrawn";
    LetterRendered: "letter.rendered";
}
