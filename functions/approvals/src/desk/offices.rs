//! Who holds which office, and in whose hands it is: what the accounts told, and what was delegated.

use kernel::{Envelope, TenantId};
use platform::{Stored, TableError};

use super::Desk;
use crate::approval::Moment;
use crate::delegation::Delegation;
use crate::events::UserChanged;
use crate::official::Official;

/// More delegations to one person, not yet past, are a mistake.
const DELEGATIONS: i32 = 100;

impl Desk {
    /// Keeps what became of an account. What its holder delegated ends with the office that they no longer hold.
    pub(crate) async fn hear_of(&self, changed: Envelope<UserChanged>) -> Result<(), TableError> {
        let Envelope { tenant, time, data, .. } = changed;
        let known = self.official(&tenant, &data.user_id).await?;
        let version = known.as_ref().map_or(0, |known| known.version);
        let before = known.as_ref().map(|known| &known.value);
        match Official::hear(before, &tenant, data, time) {
            Some(official) => self.table.transaction().update(&official, version)?.commit().await,
            None => Ok(()),
        }
    }

    /// What is known of a user; nothing of one whose account is kept elsewhere.
    pub(crate) async fn official(&self, tenant: &TenantId, id: &str) -> Result<Option<Stored<Official>>, TableError> {
        self.table.find::<Official>(&Official::key_of(tenant, id)).await
    }

    /// What was delegated to somebody, holds today and is still its giver's to give.
    pub(crate) async fn delegations(
        &self,
        tenant: &TenantId,
        to: &str,
        now: Moment,
    ) -> Result<Vec<Delegation>, TableError> {
        // The latest last day first: what is not past comes first.
        let partition = Delegation::partition(tenant, to);
        let rows = self
            .table
            .list::<Delegation>(&partition, "until#", false, DELEGATIONS)
            .await?;
        let mut held = Vec::new();
        for stored in rows.into_iter().filter(|stored| stored.value.holds_on(now.today)) {
            let giver = self.official(tenant, &stored.value.from.id).await?;
            held.extend(stored.value.held_by(giver.as_ref().map(|giver| &giver.value)));
        }
        Ok(held)
    }
}
