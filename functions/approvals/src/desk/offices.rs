//! Who holds which office, and in whose hands it is: what the accounts told, and what was delegated.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Envelope, TenantId};
use platform::{Index, Stored, TableError};

use super::Desk;
use crate::approval::Moment;
use crate::delegation::Delegation;
use crate::events::UserChanged;
use crate::official::Official;

/// Of the delegations to one person that are not past, no more are looked at: it takes twenty givers to come so far.
const RECEIVED: usize = 1_000;
/// One giver has no more delegations that are not past. Those that were taken back count: their rows stay.
const GIVEN: usize = 50;

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
        let (partition, from) = (Delegation::partition(tenant, to), Delegation::not_past(now.today));
        let rows = self
            .table
            .list_from::<Delegation>(Index::Main, &partition, &from, RECEIVED)
            .await?;
        let rows = rows.into_iter().map(|stored| stored.value);
        let held: Vec<_> = rows.filter(|delegation| delegation.holds_on(now.today)).collect();
        let givers: BTreeSet<_> = held.iter().map(|delegation| delegation.from.id.clone()).collect();
        let mut officials = BTreeMap::new();
        for giver in givers {
            if let Some(known) = self.official(tenant, &giver).await? {
                officials.insert(giver, known.value);
            }
        }
        let still_theirs = held.into_iter().filter_map(|delegation| {
            let giver = officials.get(&delegation.from.id);
            delegation.held_by(giver)
        });
        Ok(still_theirs.collect())
    }

    /// Whether somebody has handed out as much as one may. The index may lag behind by moments, and so may this.
    pub(crate) async fn has_given_enough(
        &self,
        tenant: &TenantId,
        from: &str,
        now: Moment,
    ) -> Result<bool, TableError> {
        let partition = Delegation::given_partition(tenant, from);
        let not_past = Delegation::not_past(now.today);
        let rows = self
            .table
            .list_from::<Delegation>(Index::Gsi2, &partition, &not_past, GIVEN)
            .await?;
        Ok(rows.len() >= GIVEN)
    }
}
