//! What is told of accounts and roles to those who check keys of programs: a key does no more than its maker still may.

use std::collections::BTreeSet;

use platform::{Caller, Grants, Maker, Record, Transaction};

use super::Users;
use super::by::By;
use crate::error::IdentityError;
use crate::role::Role;
use crate::user::User;

/// Somebody with an account, as a maker of keys: what they may do, their roles say.
pub(super) fn with_account(user: &User) -> Maker {
    Maker {
        tenant: user.tenant.clone(),
        person: user.id.as_str().to_owned(),
        active: user.active,
        permissions: BTreeSet::new(),
        roles: user.roles.iter().map(|code| code.as_str().to_owned()).collect(),
    }
}

/// Somebody whom another issuer signed in, as a maker of keys: what their last token said when they made one holds.
pub(super) fn from_elsewhere(caller: &Caller) -> Maker {
    Maker {
        tenant: caller.tenant.clone(),
        person: caller.id.clone(),
        active: true,
        permissions: caller.permissions.clone(),
        roles: BTreeSet::new(),
    }
}

/// What a role of the tenant's own gives to the keys of whoever holds it.
pub(super) fn grants_of(role: &Role) -> Grants {
    Grants {
        tenant: role.tenant.clone(),
        role: role.code.as_str().to_owned(),
        permissions: role.grants().iter().map(ToString::to_string).collect(),
    }
}

impl Users {
    /// Tells what whoever asks may do, in the transaction that makes a key of theirs.
    pub(super) async fn introduce<'t>(
        &self,
        transaction: Transaction<'t>,
        by: &By<'_>,
    ) -> Result<Transaction<'t>, IdentityError> {
        let known = self.accounts.table.find::<Maker>(&by.maker.key()).await?;
        Ok(match known {
            Some(known) if known.value == by.maker => transaction,
            Some(known) => transaction.update(&by.maker, known.version)?,
            None => transaction.update(&by.maker, 0)?,
        })
    }

    /// Tells what somebody may do after their account changed, if they ever made a key.
    pub(super) async fn reintroduce<'t>(
        &self,
        transaction: Transaction<'t>,
        before: &User,
        after: &User,
    ) -> Result<Transaction<'t>, IdentityError> {
        let maker = with_account(after);
        if maker == with_account(before) {
            return Ok(transaction);
        }
        let known = self.accounts.table.find::<Maker>(&maker.key()).await?;
        Ok(match known {
            Some(known) => transaction.update(&maker, known.version)?,
            // Whoever makes their first key at this moment tells what they might do before.
            None => transaction.require(&maker.key(), 0)?,
        })
    }
}
