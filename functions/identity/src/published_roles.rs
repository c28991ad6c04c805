//! What the system's roles give in this release, told to those who check keys of programs (`system#grants#roles`).
//!
//! Whoever hands out tokens or changes accounts publishes it first where it is not what this release says. While releases
//! are exchanged, the instances of both do, each at most once a minute, and those that stay have the last word.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use platform::{SystemGrants, Table, TableError};
use tokio::sync::Mutex;

use crate::system_roles::SYSTEM_ROLES;

/// How often what is published is compared.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// When it was last found published. Clones share that.
#[derive(Clone, Default)]
pub(crate) struct PublishedRoles(Arc<Mutex<Option<Timestamp>>>);

impl PublishedRoles {
    /// Publishes it, if another release's is there or none.
    pub(crate) async fn publish(&self, table: &Table, now: Timestamp) -> Result<(), TableError> {
        let mut looked_at = self.0.lock().await;
        if looked_at.is_some_and(|at| now.duration_since(at) < LOOK_EVERY) {
            return Ok(());
        }
        let found = table.find::<SystemGrants>(&SystemGrants::key()).await?;
        let (published, version) =
            found.map_or_else(|| (SystemGrants::default(), 0), |stored| (stored.value, stored.version));
        let wanted = of_this_release();
        if wanted != published {
            match table.transaction().update(&wanted, version)?.commit().await {
                // Another instance published at this moment. Whether the same, the next request looks.
                Err(TableError::Conflict) => return Ok(()),
                answer => answer?,
            }
        }
        *looked_at = Some(now);
        Ok(())
    }
}

fn of_this_release() -> SystemGrants {
    let roles = SYSTEM_ROLES.iter().map(|role| {
        let permissions: BTreeSet<_> = role.permissions().iter().map(ToString::to_string).collect();
        (role.code.to_owned(), permissions)
    });
    SystemGrants { roles: roles.collect() }
}
