//! Documents: their approvals begin with their import, and begin again where a sidecar says that they are of another type.

use kernel::{Envelope, TenantId, Traceparent};
use platform::Stored;

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

    /// Sees to it that nobody approves a permit on the route of another type: the approval names the revision that it is
    /// about, and nothing later is signed. What is known, or older, changes nothing.
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
        if is_same_type(value.item.item_type.as_deref(), item.item_type.as_deref()) {
            let transaction = self.table.transaction().update(&value.describe(item), version)?;
            return Ok(transaction.commit().await?);
        }
        let Routed { item, route, authority } = self.routing.of(&tenant, item).await?;
        let (rerouted, event) = value.reroute(item, route, now)?;
        let rerouted = Approval { authority, ..rerouted };
        let kept = self.commit(version, rerouted, event, |transaction, _| Ok(transaction));
        kept.await.map(drop)
    }
}
