//! Whoever may not act any more: the keys that they made for programs open nothing either.

use kernel::TenantId;
use serde::{Deserialize, Serialize};

use crate::table::{Key, Record};

/// Somebody was deactivated or given up. The row stands beside the account, so that whoever checks a key need not be able
/// to read accounts; it is written and removed in the transaction that changes the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Whose official.
    pub tenant: TenantId,
    /// The person's id, as in [`ApiKey::created_by`](super::ApiKey::created_by).
    pub person: String,
}

impl Suspension {
    /// Where it is, if `person` is suspended.
    #[must_use]
    pub fn key_of(tenant: &TenantId, person: &str) -> Key {
        Key::state(tenant.as_str(), "suspension", person)
    }
}

impl Record for Suspension {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.person)
    }
}
