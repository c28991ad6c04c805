//! What each person has decided, newest first: their own history.

use jiff::Timestamp;
use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Verdict};
use crate::item::{ItemId, ItemKind};

/// One decision of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) tenant: TenantId,
    pub(crate) actor_id: String,
    /// Its place among the decisions on its item.
    pub(crate) place: usize,
    pub(crate) kind: ItemKind,
    pub(crate) item_id: ItemId,
    pub(crate) item_type: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) applicant: Option<String>,
    pub(crate) step: String,
    pub(crate) verdict: Verdict,
    pub(crate) note: Option<String>,
    /// As it is written on paper where the office is another's.
    pub(crate) capacity: Option<String>,
    /// What the item was called after the decision.
    pub(crate) label: String,
    pub(crate) at: Timestamp,
}

impl Entry {
    /// The decision that was taken last.
    pub(crate) fn of_last(approval: &Approval) -> Option<Self> {
        let decided = approval.history.last()?.clone();
        let item = approval.item.clone();
        Some(Self {
            tenant: approval.tenant.clone(),
            actor_id: decided.actor_id,
            place: approval.history.len(),
            kind: item.kind,
            item_id: item.id,
            item_type: item.item_type,
            title: item.title,
            applicant: item.applicant,
            step: decided.step,
            verdict: decided.verdict,
            note: decided.note,
            capacity: decided.acting_for.map(|acting| acting.title),
            label: approval.label(),
            at: decided.at,
        })
    }

    /// The partition of what somebody has decided.
    pub(crate) fn partition(tenant: &TenantId, actor_id: &str) -> String {
        format!("{tenant}#decisions#{actor_id}")
    }
}

impl Record for Entry {
    fn key(&self) -> Key {
        Key {
            pk: Self::partition(&self.tenant, &self.actor_id),
            sk: format!("at#{}#{}#{:04}", sortable(self.at), self.item_id, self.place),
        }
    }
}

/// A moment as text that sorts by time.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond().max(0))
}
