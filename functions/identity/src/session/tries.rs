//! Tries to sign in, counted before the password is compared.

use jiff::Timestamp;
use kernel::TenantId;
use platform::{Actor, ActorKind, AuditEntry, Origin, TableError, Transaction};
use serde_json::json;

use super::Session;
use crate::error::IdentityError;
use crate::familiar::Familiar;
use crate::lockout::{FORGOTTEN_AFTER, FROM_A_NETWORK, FROM_ANYWHERE, Locked, Lockout, Rule};
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

/// What is known of who tries, as it was read.
struct Known {
    from_network: Counted,
    from_anywhere: Counted,
    /// Whether somebody signed in under this login from this network not long ago.
    familiar: bool,
}

/// A count with its version, 0 if there is none yet.
struct Counted {
    count: Lockout,
    version: u64,
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
        let locked = |Locked { until }| IdentityError::Locked { until, now };
        for _ in 0..RACES {
            let Known {
                from_network,
                from_anywhere,
                familiar,
            } = self.known(tries, now).await?;
            let mut transaction = self.accounts.table.transaction();
            let mut counted = vec![from_network.attempt(&FROM_A_NETWORK, now).map_err(locked)?];
            if familiar {
                // So that nobody nearby learns from the time it takes who signs in from there.
                transaction = self.accounts.nothing(transaction, &from_anywhere.count)?;
            } else {
                counted.push(from_anywhere.attempt(&FROM_ANYWHERE, now).map_err(locked)?);
            }
            match keep(transaction, &counted)?.commit().await {
                Err(TableError::Conflict) => {}
                answer => {
                    answer?;
                    return Ok(counted.iter().filter_map(|kept| kept.count.locked_until).max());
                }
            }
        }
        Err(IdentityError::Locked { until: now, now })
    }

    /// A try was a success. Where that is usual, what strangers did elsewhere stays counted.
    pub(super) async fn forget_tries(&self, tries: &Tries) -> Result<(), IdentityError> {
        let now = self.accounts.environment.now();
        let familiar = Familiar::since(tries.from_network.clone(), now);
        for _ in 0..RACES {
            let known = self.known(tries, now).await?;
            let mut forgotten = vec![known.from_network.succeeded()];
            if !known.familiar {
                forgotten.push(known.from_anywhere.succeeded());
            }
            let transaction = keep(self.accounts.table.transaction(), &forgotten)?;
            let transaction = transaction.overwrite(&familiar)?.expires(familiar.until);
            match transaction.commit().await {
                Err(TableError::Conflict) => {}
                answer => return Ok(answer?),
            }
        }
        Ok(())
    }

    async fn known(&self, tries: &Tries, now: Timestamp) -> Result<Known, TableError> {
        let familiar = Familiar::key_of(&tries.from_network);
        let familiar = self.accounts.table.find::<Familiar>(&familiar).await?;
        Ok(Known {
            from_network: self.counted(&tries.from_network, now).await?,
            from_anywhere: self.counted(&tries.login, now).await?,
            familiar: familiar.is_some_and(|stored| stored.value.is_current(now)),
        })
    }

    async fn counted(&self, subject: &str, now: Timestamp) -> Result<Counted, TableError> {
        let found = self.accounts.table.find::<Lockout>(&Lockout::key_of(subject)).await?;
        let (count, version) = found.map_or_else(
            || (Lockout::none(subject.to_owned(), now), 0),
            |stored| (stored.value, stored.version),
        );
        Ok(Counted { count, version })
    }
}

impl Counted {
    fn attempt(self, rule: &Rule, now: Timestamp) -> Result<Self, Locked> {
        let count = self.count.attempt(rule, now)?;
        Ok(Self { count, ..self })
    }

    fn succeeded(self) -> Self {
        Self {
            count: self.count.succeeded(),
            ..self
        }
    }
}

fn keep<'a>(mut transaction: Transaction<'a>, counted: &[Counted]) -> Result<Transaction<'a>, TableError> {
    for Counted { count, version } in counted {
        let until = count.last.saturating_add(FORGOTTEN_AFTER).unwrap_or(count.last);
        transaction = transaction.update(count, *version)?.expires(until);
    }
    Ok(transaction)
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
