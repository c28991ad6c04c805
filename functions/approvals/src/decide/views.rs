//! What goes in and comes out, as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use platform::{Stored, etag};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::approval::{Approval, Decided, Status, Verdict};
use crate::events::Awaiting;
use crate::item::ItemKind;
use crate::ledger::Entry;

/// What the function answers, with the version for its `ETag`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Versioned<T> {
    pub(super) version: u64,
    pub(super) body: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([etag(self.version)], Json(self.body)).into_response()
    }
}

/// An approval as officials see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct ApprovalView {
    /// The id of the item and of its approval.
    id: String,
    kind: ItemKind,
    /// The document's id, where the item is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    document_id: Option<String>,
    /// The type of permit or letter.
    #[serde(rename = "type")]
    item_type: Option<String>,
    title: Option<String>,
    applicant: Option<String>,
    /// The office in whose name it is issued.
    authority: Option<String>,
    /// What the item is called now, such as `menunggu_verifikasi_rt`.
    label: String,
    #[schema(value_type = Object)]
    status: Status,
    /// The step that has to decide.
    awaiting: Option<Awaiting>,
    /// Every decision, oldest first.
    #[schema(value_type = Vec<Object>)]
    history: Vec<Decided>,
    /// Of a letter: what its resident filled in, for whoever may decide on it now, in whosever office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub(super) answers: Option<Map<String, Value>>,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        let (label, awaiting) = (approval.label(), Awaiting::of(&approval));
        let item = approval.item;
        Self {
            document_id: match item.kind {
                ItemKind::Document => Some(item.id.to_string()),
                ItemKind::Letter => None,
            },
            id: item.id.to_string(),
            kind: item.kind,
            item_type: item.item_type,
            title: item.title,
            applicant: item.applicant,
            authority: approval.authority,
            label,
            status: approval.status,
            awaiting,
            history: approval.history,
            answers: None,
        }
    }
}

impl From<Stored<Approval>> for Versioned<ApprovalView> {
    fn from(stored: Stored<Approval>) -> Self {
        Self {
            version: stored.version,
            body: stored.value.into(),
        }
    }
}

/// A decision.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionBody {
    pub(super) verdict: Verdict,
    /// Why; needed to return or reject. At most 2,000 characters.
    #[serde(default)]
    pub(super) note: Option<String>,
}

/// Many decisions.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkBody {
    /// 1 to 100 decisions.
    pub(super) items: Vec<BulkItem>,
}

/// One of many decisions.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkItem {
    /// The id of the item.
    pub(super) id: String,
    pub(super) verdict: Verdict,
    /// Why; needed to return or reject.
    #[serde(default)]
    pub(super) note: Option<String>,
    /// The version that was seen, as lists say: another one is not decided on.
    #[serde(default)]
    pub(super) version: Option<u64>,
}

/// What became of many decisions, in their order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct BulkView {
    pub(super) items: Vec<BulkResult>,
}

impl BulkResult {
    /// Whether the same decision may pass a moment later: somebody else was quicker, or storage was busy.
    pub(super) fn is_passing(&self) -> bool {
        let is_conflict = self.code.as_deref() == Some("approvals.conflict");
        is_conflict || self.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16()
    }
}

/// What became of one of many decisions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct BulkResult {
    /// The id of the item.
    pub(super) id: String,
    /// The HTTP status that the decision alone would have had.
    pub(super) status: u16,
    /// What the item is called now, where the decision was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<String>,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// The same for people, in Indonesian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
}

/// Which of the items that wait.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PendingQuery {
    /// How many, 1 to 100; 20 if it is absent.
    #[param(minimum = 1, maximum = 100)]
    pub(super) limit: Option<u16>,
    /// Where the page begins: `next` of the page before.
    pub(super) cursor: Option<String>,
    /// Only items of this kind.
    pub(super) kind: Option<ItemKind>,
    /// Only items of this type of permit or letter.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub(super) item_type: Option<String>,
}

/// Some of the items that wait.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct PendingPage {
    pub(super) items: Vec<PendingView>,
    /// Where the next page begins; absent after the last. A page may have fewer items than asked for and still have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// An item that waits for the caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct PendingView {
    id: String,
    kind: ItemKind,
    #[serde(rename = "type")]
    item_type: Option<String>,
    title: Option<String>,
    applicant: Option<String>,
    authority: Option<String>,
    label: String,
    step: String,
    since: Timestamp,
    /// Until when it should be decided.
    due_at: Option<Timestamp>,
    /// Whether it should have been decided by now.
    is_overdue: bool,
    /// In what capacity the caller would decide, where the office is another's: `Plh. Kepala Dinas`.
    capacity: Option<String>,
    /// The version of the approval, for a decision on what was seen.
    version: u64,
}

impl PendingView {
    pub(super) fn of(
        Stored {
            value: approval,
            version,
        }: Stored<Approval>,
        capacity: Option<String>,
        now: Timestamp,
    ) -> Option<Self> {
        let label = approval.label();
        let (_, step, since) = approval.awaiting()?;
        let (step, due_at) = (step.name.clone(), step.due_at(since));
        let item = approval.item;
        Some(Self {
            id: item.id.to_string(),
            kind: item.kind,
            item_type: item.item_type,
            title: item.title,
            applicant: item.applicant,
            authority: approval.authority,
            label,
            step,
            since,
            due_at,
            is_overdue: due_at.is_some_and(|due_at| due_at < now),
            capacity,
            version,
        })
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many, 1 to 100; 20 if it is absent.
    #[param(minimum = 1, maximum = 100)]
    pub(super) limit: Option<u16>,
    /// Where the page begins: `next` of the page before.
    pub(super) cursor: Option<String>,
}

/// Some of the caller's decisions, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct LedgerPage {
    pub(super) items: Vec<LedgerView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// One of the caller's decisions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct LedgerView {
    id: String,
    kind: ItemKind,
    #[serde(rename = "type")]
    item_type: Option<String>,
    title: Option<String>,
    applicant: Option<String>,
    step: String,
    verdict: Verdict,
    note: Option<String>,
    capacity: Option<String>,
    /// What the item was called after the decision.
    label: String,
    at: Timestamp,
}

impl From<Entry> for LedgerView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.item_id.to_string(),
            kind: entry.kind,
            item_type: entry.item_type,
            title: entry.title,
            applicant: entry.applicant,
            step: entry.step,
            verdict: entry.verdict,
            note: entry.note,
            capacity: entry.capacity,
            label: entry.label,
            at: entry.at,
        }
    }
}

/// What happened to an approval, oldest first; the newest 200.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct HistoryView {
    pub(super) items: Vec<HistoryEntry>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct HistoryEntry {
    pub(super) at: Timestamp,
    /// What, such as `approval.advanced`.
    pub(super) event: String,
    /// What the item was called after it.
    pub(super) label: Option<String>,
    /// The step that decided.
    pub(super) step: Option<String>,
    /// Who decided, by name.
    pub(super) by: Option<String>,
    /// In what capacity, where the office is another's: `Plh. Kepala Dinas`.
    pub(super) capacity: Option<String>,
    pub(super) note: Option<String>,
}
