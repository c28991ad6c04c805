//! What this step hears from approvals. Schemas: `events/schemas/`.

use kernel::Payload;
use serde::Deserialize;

/// `approval.sent_back`, `approval.returned`, `approval.rejected` and `approval.reopened`: what we need of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct NotPassed {
    pub(super) item: Item,
    /// Why.
    #[serde(default)]
    pub(super) note: Option<String>,
    /// Who decided so; none where it begins again because other words are said of it.
    #[serde(default)]
    pub(super) decided_by: Option<Official>,
    /// Ids of those who must learn of it. Not all of them need to have an account.
    #[serde(default)]
    pub(super) informed: Vec<String>,
}

/// What did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ItemKind {
    Document,
    Letter,
}

/// Who decided so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Official {
    pub(super) name: String,
    /// The office, where it is another's: `Plh. Kepala Dinas`.
    #[serde(default)]
    pub(super) capacity: Option<String>,
}

impl Payload for NotPassed {
    const TYPES: &'static [&'static str] = &[
        "approval.sent_back",
        "approval.returned",
        "approval.rejected",
        "approval.reopened",
    ];
}
