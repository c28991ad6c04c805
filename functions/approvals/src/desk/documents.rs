//! Documents: their approvals begin with their import, and begin again where a sidecar says that they are of another type, or
//! says something else of what somebody has approved.

use kernel::{Envelope, TenantId, Traceparent};
use platform::{Actor, ActorKind, AuditEntry, Stored};
use serde_json::{Value, json};

use super::{AdvanceError, Desk};
use crate::approval::{Approval, ApprovalEvent};
use crate::events::{DocumentDescribed, DocumentImported};
use crate::item::Item;
use crate::item_types::is_same_type;
use crate::routing::Routed;

impl Desk {
    /// Opens the approval of a document; that of a letter's PDF has been given with the letter's.
    pub(crate) async fn import(&self, imported: Envelope<DocumentImported>) -> Result<(), AdvanceError> {
        let document = &imported.data.document;
        if document.is_letter() {
            return self.import_letter(imported).await;
        }
        self.learn(imported.tenant, imported.traceparent, document.item()).await
    }

    /// Takes over what a sidecar said after the import. What a letter's PDF says of itself is what was approved.
    pub(crate) async fn describe(&self, described: Envelope<DocumentDescribed>) -> Result<(), AdvanceError> {
        if described.data.is_letter() {
            return Ok(());
        }
        self.learn(described.tenant, described.traceparent, described.data.item())
            .await
    }

    /// Sees to it that nobody approves a permit on the route of another type, or with other words than those before them: the
    /// approval names the revision that it is about, and nothing later is signed. What is known, or older, changes nothing.
    async fn learn(&self, tenant: TenantId, traceparent: Traceparent, item: Item) -> Result<(), AdvanceError> {
        let found = self
            .table
            .find::<Approval>(&Approval::key_of(&tenant, &item.id))
            .await?;
        let now = self.environment.now();
        let Some(Stored { value, version }) = found else {
            let Routed { item, route, authority } = self.routing.of(&tenant, item).await?;
            let opened = Approval::open(item, tenant, route, traceparent, now)?;
            return self
                .found(Approval { authority, ..opened }, ApprovalEvent::Opened)
                .await;
        };
        if !value.takes_description(&item) {
            return Ok(());
        }
        let (before, undone) = (known(&value), value.approvers());
        let is_same_type = is_same_type(value.item.item_type.as_deref(), item.item_type.as_deref());
        let (approval, event, action) = if is_same_type {
            let (described, event) = value.describe(item, now)?;
            (described, event, "approval.described")
        } else {
            let Routed { item, route, authority } = self.routing.of(&tenant, item).await?;
            let (rerouted, event) = value.reroute(item, route, now)?;
            (Approval { authority, ..rerouted }, Some(event), "approval.rerouted")
        };
        let told = audited(action, before, &approval);
        let transaction = self.table.transaction();
        let transaction = match event {
            Some(event) => {
                let mut envelope = self.envelope(&approval, event, version + 1);
                envelope.data.informed = undone;
                transaction.advance(version, &approval, &envelope)?
            }
            None => transaction.update(&approval, version)?,
        };
        let transaction = transaction.audited(&self.environment, &tenant, told)?;
        Ok(transaction.commit().await?)
    }
}

/// What a sidecar made of an approval. Who wrote the sidecar is the inbox's to know.
fn audited(action: &str, before: Value, approval: &Approval) -> AuditEntry {
    let step = Actor {
        id: "advance-approval".to_owned(),
        kind: ActorKind::System,
    };
    AuditEntry::success(step, action, "approval", approval.item.id.as_str())
        .changing(Some(before), Some(known(approval)))
}

/// What the audit is told of an approval. The words about the item stay with it: names and titles are personal.
fn known(approval: &Approval) -> Value {
    json!({
        "type": approval.item.item_type,
        "revision": approval.item.revision,
        "route": approval.route.name(),
        "route_version": approval.route.version(),
        "label": approval.label(),
    })
}
