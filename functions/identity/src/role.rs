//! Roles: what a tenant's people may do. System roles are data of the program; a tenant adds roles of its own.

use std::collections::BTreeSet;

use kernel::{Disposition, Fault, TenantId};
use platform::{Indexes, Key, Record};
use serde::{Deserialize, Serialize};

use crate::names::{PersonName, RoleCode};
use crate::permission::Permission;
use crate::system_roles::SystemRole;

/// Nobody holds more roles than this: each is read at sign-in.
pub(crate) const MAX_ROLES_OF_USER: usize = 10;

/// A role that a tenant made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    /// Whose.
    pub tenant: TenantId,
    /// The code, which it keeps for ever: nobody gets another role's powers by its name.
    pub code: RoleCode,
    /// What people call it.
    pub name: PersonName,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub permissions: BTreeSet<Permission>,
    /// Whether it is gone. It then gives nothing.
    pub deleted: bool,
}

impl Role {
    /// Where the role of that code is kept.
    #[must_use]
    pub(crate) fn key_of(tenant: &TenantId, code: &RoleCode) -> Key {
        Key::state(tenant.as_str(), "role", code.as_str())
    }

    /// The index partition of a tenant's roles.
    #[must_use]
    pub(crate) fn index_of(tenant: &TenantId) -> String {
        format!("{tenant}#roles")
    }

    /// What it gives: nothing once it is gone.
    #[must_use]
    pub(crate) fn grants(&self) -> BTreeSet<Permission> {
        if self.deleted {
            BTreeSet::new()
        } else {
            self.permissions.clone()
        }
    }
}

impl Record for Role {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.code)
    }

    fn indexes(&self) -> Indexes {
        if self.deleted {
            return Indexes::default();
        }
        let listed = Key {
            pk: Self::index_of(&self.tenant),
            sk: self.code.as_str().into(),
        };
        Indexes {
            gsi1: Some(listed),
            gsi2: None,
        }
    }
}

/// A role may not be made, changed or given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Somebody tries to give, or to change for others, what they do not hold themselves.
    #[error("nobody grants what they do not hold")]
    Escalation,
    /// A system role is as it is.
    #[error("a system role cannot be changed")]
    SystemRole,
    /// Too many roles for one person.
    #[error("more than {MAX_ROLES_OF_USER} roles")]
    TooMany,
    /// A role that there is not.
    #[error("there is no such role")]
    Unknown,
    /// Somebody tries to change what they may do themselves.
    #[error("nobody changes their own powers")]
    Oneself,
}

impl Fault for GrantError {
    fn code(&self) -> &'static str {
        match self {
            Self::Escalation => "identity.escalation",
            Self::SystemRole => "identity.system_role",
            Self::TooMany => "identity.too_many_roles",
            Self::Unknown => "identity.unknown_role",
            Self::Oneself => "identity.oneself",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Escalation | Self::SystemRole | Self::TooMany | Self::Unknown | Self::Oneself => Disposition::Reject,
        }
    }
}

/// Whether somebody who holds `held` may give `granted`, or change those who hold it. Otherwise an administrator of
/// little could take over the account of an administrator of everything, by changing its e-mail address.
pub(crate) fn within(held: &BTreeSet<Permission>, granted: &BTreeSet<Permission>) -> Result<(), GrantError> {
    if granted.is_subset(held) {
        Ok(())
    } else {
        Err(GrantError::Escalation)
    }
}

/// That a code is free for a tenant's own role.
pub(crate) fn may_be_custom(code: &RoleCode) -> Result<(), GrantError> {
    match SystemRole::find(code.as_str()) {
        Some(_) => Err(GrantError::SystemRole),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::system_roles::SYSTEM_ROLES;

    #[test]
    fn nobody_grants_what_they_do_not_hold() {
        for giver in SYSTEM_ROLES {
            for given in SYSTEM_ROLES {
                let (held, granted) = (giver.permissions(), given.permissions());
                let missing = granted.iter().any(|permission| !held.contains(permission));
                let expected = if missing { Err(GrantError::Escalation) } else { Ok(()) };
                assert_eq!(within(&held, &granted), expected, "{} gives {}", giver.code, given.code);
            }
        }
    }

    #[test]
    fn an_admin_appoints_the_receptionist_but_not_a_super_admin() {
        let of = |code: &str| SystemRole::find(code).unwrap().permissions();
        assert_eq!(within(&of("admin"), &of("receptionist")), Ok(()));
        assert_eq!(within(&of("admin"), &of("super_admin")), Err(GrantError::Escalation));
        assert_eq!(within(&of("school_admin"), &of("teacher")), Ok(()));
        assert_eq!(within(&of("factory_superadmin"), &of("ppic_manager")), Ok(()));
    }

    #[test]
    fn a_role_that_is_gone_gives_nothing() {
        let role = Role {
            tenant: "karo".parse().unwrap(),
            code: "petugas_arsip".parse().unwrap(),
            name: "Petugas Arsip".parse().unwrap(),
            description: String::new(),
            permissions: BTreeSet::from(["document:read".parse().unwrap()]),
            deleted: true,
        };
        assert_eq!(role.grants(), BTreeSet::new());
    }
}
