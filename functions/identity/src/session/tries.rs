//! Tries to sign in, counted before the password is compared.

use jiff::Timestamp;
use kernel::TenantId;
use platform::{Actor, ActorKind, AuditEntry, Origin, TableError};
use serde_json::json;

use super::Session;
use crate::error::IdentityError;
use crate::lockout::{FORGOTTEN_AFTER, FROM_A_NETWORK, FROM_ANYWHERE, Lockout};
use crate::names::Login;

/// Who loses as many races for a counter is not a person.
const RACES: usize = 8;

/// Under what a try is counted: keyed hashes of what was typed. They are the same for whom there is and for whom there is
/// not, and a person's username and e-mail address have nothing in common, so that locking tells nobody anything.
pub(super) struct Tries {
    /// From anywhere.
    pub(super) login: String,
    /// From one network.
    from_network: String,
}

impl Session {
    /// The counts of `login` from where `origin` is.
    pub(super) fn tries(&self, tenant: &TenantId, login: &str, origin: &Origin) -> Tries {
        let folded = Login::fold(login);
        let there = format!("{}#{folded}", origin.network());
        Tries {
            login: self.accounts.lookup(tenant, "login", &folded),
            from_network: self.accounts.lookup(tenant, "login-from", &there),
        }
    }

    /// Counts a try before it is made. [`IdentityError::Locked`] after too many; else until when the next one has to wait
    /// if this one fails.
    pub(super) async fn count_try(&self, tries: &Tries) -> Result<Option<Timestamp>, IdentityError> {
        let now = self.accounts.environment.now();
        for _ in 0..RACES {
            let (there, there_version) = self.count(&tries.from_network, now).await?;
            let (all, all_version) = self.count(&tries.login, now).await?;
            let locked = |locked: crate::lockout::Locked| IdentityError::Locked {
                until: locked.until,
                now,
            };
            let there = there.attempt(&FROM_A_NETWORK, now).map_err(locked)?;
            let all = all.attempt(&FROM_ANYWHERE, now).map_err(locked)?;
            match self.keep([(&there, there_version), (&all, all_version)]).await {
                Err(TableError::Conflict) => {}
                answer => {
                    answer?;
                    return Ok(there.locked_until.max(all.locked_until));
                }
            }
        }
        Err(IdentityError::Locked { until: now, now })
    }

    /// A try was a success.
    pub(super) async fn forget_tries(&self, tries: &Tries) -> Result<(), IdentityError> {
        let now = self.accounts.environment.now();
        for _ in 0..RACES {
            let (there, there_version) = self.count(&tries.from_network, now).await?;
            let (all, all_version) = self.count(&tries.login, now).await?;
            let (there, all) = (there.succeeded(), all.succeeded());
            match self.keep([(&there, there_version), (&all, all_version)]).await {
                Err(TableError::Conflict) => {}
                answer => return Ok(answer?),
            }
        }
        Ok(())
    }

    /// The count of `subject` with its version, 0 if there is none.
    async fn count(&self, subject: &str, now: Timestamp) -> Result<(Lockout, u64), TableError> {
        let found = self.accounts.table.find::<Lockout>(&Lockout::key_of(subject)).await?;
        Ok(found.map_or_else(
            || (Lockout::none(subject.to_owned(), now), 0),
            |stored| (stored.value, stored.version),
        ))
    }

    async fn keep(&self, counts: [(&Lockout, u64); 2]) -> Result<(), TableError> {
        let mut transaction = self.accounts.table.transaction();
        for (count, version) in counts {
            let until = count.last.saturating_add(FORGOTTEN_AFTER).unwrap_or(count.last);
            transaction = transaction.update(count, version)?.expires(until);
        }
        transaction.commit().await
    }
}

/// What the audit says of a try of somebody who is nobody yet, to become `about`.
pub(super) fn failed(about: &str, code: &str, origin: &Origin) -> AuditEntry {
    AuditEntry::success(nobody(about), "auth.login_failed", "user", about)
        .refused(code)
        .from(origin)
}

/// What the audit says when the next try has to wait.
pub(super) fn locked_out(about: &str, until: Timestamp, origin: &Origin) -> AuditEntry {
    AuditEntry::success(nobody(about), "auth.locked_out", "user", about)
        .changing(None, Some(json!({ "locked_until": until })))
        .from(origin)
}

fn nobody(about: &str) -> Actor {
    Actor {
        id: about.to_owned(),
        kind: ActorKind::Anonymous,
    }
}
