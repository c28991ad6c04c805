//! Who changes something: somebody who is still there when it is written, and may still do it.

use std::collections::BTreeSet;

use kernel::TenantId;
use platform::{
    Actor, ApiKey, AuditEntry, Caller, CallerKind, Idempotency, IdempotencyKey, Key, Maker, Origin, Problem, Record,
    TableError, Transaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Users;
use super::makers::{from_elsewhere, with_account};
use crate::accounts::held;
use crate::error::IdentityError;
use crate::family::RefreshError;
use crate::names::UserId;
use crate::permission::Permission;
use crate::role::GrantError;
use crate::user::{User, UserError};

/// Who changes something, and from where. A token outlives what it says by minutes; what is changed here would outlive it
/// for good, so that the account behind it is looked at, and must not have changed when the change is written.
pub(super) struct By<'a> {
    /// As the account is now, with no more than the token or key says.
    pub(super) caller: Caller,
    origin: &'a Origin,
    /// The person; of a program, who made its key.
    pub(super) maker: Maker,
    /// Rows that must still be at these versions.
    standing: Vec<(Key, u64)>,
}

/// A row that a transaction writes by itself, and the version that it demands.
pub(super) type Changed<'a> = Option<(&'a Key, u64)>;

impl By<'_> {
    /// An answer 403 unless they may do `permission`.
    pub(super) fn require(&self, permission: &str) -> Result<(), Problem> {
        self.caller.require(permission)
    }

    /// What they may do, of what there is.
    pub(super) fn held(&self) -> BTreeSet<Permission> {
        held(&self.caller)
    }

    /// An entry of what they did.
    pub(super) fn entry(&self, action: &str, kind: &str, id: &str) -> AuditEntry {
        AuditEntry::success(Actor::from(&self.caller), action, kind, id).from(self.origin)
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.caller.tenant
    }

    /// Nobody gives themselves powers, or locks themselves out; nor does their program.
    pub(super) fn is_not(&self, id: &UserId) -> Result<(), UserError> {
        if self.maker.person == id.as_str() {
            Err(GrantError::Oneself.into())
        } else {
            Ok(())
        }
    }

    /// Demands that they are who they were. A transaction names each row once, so that of the row which it writes anyway
    /// only the versions are compared.
    fn stand<'t>(
        &self,
        mut transaction: Transaction<'t>,
        changed: Changed<'_>,
    ) -> Result<Transaction<'t>, IdentityError> {
        for (key, version) in &self.standing {
            match changed {
                Some((written, at)) if written == key => {
                    if at != *version {
                        return Err(IdentityError::Stale);
                    }
                }
                Some(_) | None => transaction = transaction.require(key, *version)?,
            }
        }
        Ok(transaction)
    }
}

impl Users {
    /// Looks at the account of whoever asks. `session.ended` if it was deactivated, given up or signed out since the token
    /// was made, or the key of a program taken back.
    pub(super) async fn by<'a>(&self, caller: &Caller, origin: &'a Origin) -> Result<By<'a>, IdentityError> {
        let accounts = &self.accounts;
        accounts.publish_roles().await?;
        let (maker, may, standing) = match (caller.kind, &caller.session) {
            (CallerKind::Person, Some(_)) => {
                let (user, _) = accounts.signed_in(caller).await?;
                let may = accounts.permissions(&caller.tenant, &user.value.roles).await?;
                let may: BTreeSet<_> = may.iter().map(ToString::to_string).collect();
                let key = User::key_of(&caller.tenant, &user.value.id);
                (with_account(&user.value), may, vec![(key, user.version)])
            }
            // Whom another issuer signed in has no account here: that issuer answers for them.
            (CallerKind::Person, None) => (from_elsewhere(caller), caller.permissions.clone(), Vec::new()),
            (CallerKind::Integrator, _) => {
                let row = ApiKey::key_of(&caller.id);
                let found = accounts.table.find::<ApiKey>(&row).await?;
                let key = found
                    .filter(|key| key.value.revoked_at.is_none())
                    .ok_or(RefreshError::Ended)?;
                let maker = Maker::of(&accounts.table, &key.value).await?;
                let maker = maker.ok_or(RefreshError::Ended)?;
                let may = maker.value.may(&accounts.table).await?;
                let standing = vec![(row, key.version), (maker.value.key(), maker.version)];
                (maker.value, may, standing)
            }
        };
        let mut caller = caller.clone();
        caller.permissions.retain(|permission| may.contains(permission));
        Ok(By {
            caller,
            origin,
            maker,
            standing,
        })
    }

    /// Writes what they did, if they still are who they were. A transaction that writes the row of whoever asks says which
    /// one, and at which version, as `changed`.
    pub(super) async fn commit(
        &self,
        by: &By<'_>,
        transaction: Transaction<'_>,
        changed: Changed<'_>,
        entry: AuditEntry,
    ) -> Result<(), IdentityError> {
        let transaction = by.stand(transaction, changed)?;
        match self.accounts.commit(transaction, by.tenant(), entry).await {
            Err(TableError::Conflict) => {
                // Whoever is gone is told that, and not to try again.
                self.by(&by.caller, by.origin).await?;
                Err(TableError::Conflict.into())
            }
            answer => Ok(answer?),
        }
    }

    /// As it is now, after a race was lost.
    pub(super) async fn again<'a>(&self, by: &By<'a>) -> Result<By<'a>, IdentityError> {
        self.by(&by.caller, by.origin).await
    }

    /// Does `what` once for this caller and `key`. Of a first answer only what `work` returns is kept, readable: no secret,
    /// and nothing personal. Of what was asked a keyed hash is kept.
    pub(super) async fn once<T: Serialize + DeserializeOwned>(
        &self,
        by: &By<'_>,
        (what, IdempotencyKey(key)): (&str, &IdempotencyKey),
        asked: &str,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let accounts = &self.accounts;
        let asked = accounts.lookup(by.tenant(), "request", asked);
        let scope = format!("{what}#{}", by.caller.id);
        let record = Idempotency::new(by.tenant().clone(), &scope, key, asked.as_bytes());
        Box::pin(record.once(&accounts.environment, &accounts.table, work)).await
    }
}

/// What a caller asks for, as text.
pub(super) fn said<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_default()
}
