//! Whoever makes keys for programs: a key does no more than its maker may still do.
//!
//! These rows stand beside the accounts and roles, so that whoever checks a key need not be able to read those. They are
//! written in the transactions that change them, and what the system's roles give by a release that finds it changed.

use std::collections::{BTreeMap, BTreeSet};

use kernel::TenantId;
use serde::{Deserialize, Serialize};

use super::ApiKey;
use crate::table::{Key, Record, Stored, Table, TableError};

/// Somebody who made a key, as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// Whose official.
    pub tenant: TenantId,
    /// The person's id, as in [`ApiKey::created_by`].
    pub person: String,
    /// Whether they may act at all. While they may not, their keys open nothing.
    pub active: bool,
    /// What they may do whatever roles give, as `resource:action`: of whom another issuer signed in.
    pub permissions: BTreeSet<String>,
    /// All roles that they hold. What these give changes without them.
    pub roles: BTreeSet<String>,
}

/// What a role of a tenant's own gives now to whoever holds it. A role without this row gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Whose role.
    pub tenant: TenantId,
    /// Its code, as in [`Maker::roles`].
    pub role: String,
    /// What it allows, as `resource:action`.
    pub permissions: BTreeSet<String>,
}

/// What each of the system's roles gives in the release that runs, by the role's code. Whoever knows that publishes it, so
/// that a release which changes a role reaches the keys of all who hold it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemGrants {
    /// What each allows, as `resource:action`.
    pub roles: BTreeMap<String, BTreeSet<String>>,
}

impl Maker {
    /// Where the maker `person` is kept.
    #[must_use]
    pub fn key_of(tenant: &TenantId, person: &str) -> Key {
        Key::state(tenant.as_str(), "maker", person)
    }

    /// Who made `key`, while they may act. None, too, if nothing is known of them.
    pub async fn of(table: &Table, key: &ApiKey) -> Result<Option<Stored<Self>>, TableError> {
        let found = table.find::<Self>(&Self::key_of(&key.tenant, &key.created_by)).await?;
        Ok(found.filter(|maker| maker.value.active))
    }

    /// What they may do now.
    pub async fn may(&self, table: &Table) -> Result<BTreeSet<String>, TableError> {
        let mut may = self.permissions.clone();
        if self.roles.is_empty() {
            return Ok(may);
        }
        let system = table.find::<SystemGrants>(&SystemGrants::key()).await?;
        let mut system = system.map(|stored| stored.value.roles).unwrap_or_default();
        for role in &self.roles {
            if let Some(permissions) = system.remove(role) {
                may.extend(permissions);
            } else {
                let own = table.find::<Grants>(&Grants::key_of(&self.tenant, role)).await?;
                may.extend(own.into_iter().flat_map(|grants| grants.value.permissions));
            }
        }
        Ok(may)
    }
}

impl Record for Maker {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.person)
    }
}

impl Grants {
    /// Where it is kept what `role` gives.
    #[must_use]
    pub fn key_of(tenant: &TenantId, role: &str) -> Key {
        Key::state(tenant.as_str(), "grants", role)
    }
}

impl Record for Grants {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.role)
    }
}

impl SystemGrants {
    /// The row of all of them.
    #[must_use]
    pub fn key() -> Key {
        Key::state("system", "grants", "roles")
    }
}

impl Record for SystemGrants {
    fn key(&self) -> Key {
        Self::key()
    }
}
