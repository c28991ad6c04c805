//! Guessing a password gets slower with every failure: after five of them each next try has to wait, longer and longer.

use std::time::Duration;

use jiff::Timestamp;
use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

/// As many failures in a row are a person's own mistakes.
const FREE_FAILURES: u32 = 5;
/// The first wait. Each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_mins(1);
/// No wait is longer: a locked door must not keep its owner out for good.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// After so long without a failure the row is forgotten.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// The failures to sign in under one login of one tenant, whether or not there is such a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lockout {
    /// Whose.
    pub tenant: TenantId,
    /// The user's id, or a keyed hash of a login that nobody has.
    pub login: String,
    /// Tries since the last success.
    pub failures: u32,
    /// Until when nobody is let in.
    pub locked_until: Option<Timestamp>,
    /// When the last try was.
    pub last: Timestamp,
}

/// Too many failures: come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Locked {
    /// When to come back.
    pub until: Timestamp,
}

impl Lockout {
    /// No failures yet.
    #[must_use]
    pub(crate) const fn none(tenant: TenantId, login: String, now: Timestamp) -> Self {
        Self {
            tenant,
            login,
            failures: 0,
            locked_until: None,
            last: now,
        }
    }

    /// Where it is kept.
    #[must_use]
    pub(crate) fn key_of(tenant: &TenantId, login: &str) -> Key {
        Key::state(tenant.as_str(), "lockout", login)
    }

    /// Counts a try as failed before it is made, so that a thousand tries at once are not all the first one.
    /// A success is taken back with [`Self::succeeded`].
    pub(crate) fn attempt(self, now: Timestamp) -> Result<Self, Locked> {
        if let Some(until) = self.locked_until.filter(|until| *until > now) {
            return Err(Locked { until });
        }
        let forgotten = self.last.saturating_add(FORGOTTEN_AFTER).is_ok_and(|end| end <= now);
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        let locked_until = wait(failures).and_then(|wait| now.saturating_add(wait).ok());
        Ok(Self {
            failures,
            locked_until,
            last: now,
            ..self
        })
    }

    /// The try was a success: all is forgotten.
    #[must_use]
    pub(crate) fn succeeded(self) -> Self {
        Self {
            failures: 0,
            locked_until: None,
            ..self
        }
    }
}

/// How long to wait after so many failures.
fn wait(failures: u32) -> Option<Duration> {
    let beyond = failures.checked_sub(FREE_FAILURES)?;
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(beyond));
    Some(doubled.min(LONGEST_WAIT))
}

impl Record for Lockout {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.login)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + minute * 60).unwrap()
    }

    fn after(failures: u32) -> Lockout {
        let none = Lockout::none("karo".parse().unwrap(), "u".into(), at(0));
        (0..failures).fold(none, |lockout, _| {
            let now = lockout.locked_until.unwrap_or(at(0));
            lockout.attempt(now).unwrap()
        })
    }

    #[test]
    fn five_failures_are_free_and_each_next_one_waits_twice_as_long_up_to_an_hour() {
        let waits: Vec<_> = (1..=13)
            .map(|failures| {
                let lockout = after(failures);
                lockout
                    .locked_until
                    .map_or(0, |until| until.as_second() - lockout.last.as_second())
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn while_locked_even_the_right_password_is_not_tried() {
        let locked = after(5);
        assert_eq!(locked.clone().attempt(at(0)), Err(Locked { until: at(1) }));
        assert!(locked.attempt(at(1)).is_ok());
    }

    #[test]
    fn a_success_or_a_day_without_failure_forgets_them() {
        assert_eq!(after(4).succeeded().attempt(at(0)).unwrap().failures, 1);
        let later = after(9).attempt(at(60 * 24 * 2)).unwrap();
        assert_eq!((later.failures, later.locked_until), (1, None));
    }
}
