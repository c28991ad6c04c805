//! Guessing a password gets slower with every failure: after five of them from one network, each next try from there has
//! to wait, longer and longer. Failures from everywhere together count, too, but softly: whoever guesses from elsewhere
//! makes an account's owner wait a minute at a time, not for hours, and not at all where the owner signs in from as usual.

use std::time::Duration;

use jiff::Timestamp;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

/// After so long without a failure the row is forgotten.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// When trying has to wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// As many failures in a row are a person's own mistakes.
    free: u32,
    /// The first wait. Each further failure doubles it.
    first_wait: Duration,
    /// No wait is longer.
    longest_wait: Duration,
}

/// Of one login from one network.
pub(crate) const FROM_A_NETWORK: Rule = Rule {
    free: 5,
    first_wait: Duration::from_mins(1),
    longest_wait: Duration::from_hours(1),
};

/// Of one login from everywhere but familiar networks: a hundred guesses are worth little, and after them there is one a
/// minute.
pub(crate) const FROM_ANYWHERE: Rule = Rule {
    free: 100,
    first_wait: Duration::from_mins(1),
    longest_wait: Duration::from_mins(1),
};

/// Failures to sign in under one login, from one network or from anywhere, whether or not there is such a user or office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lockout {
    /// A keyed hash of office, login and, of one network, that.
    pub subject: String,
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
    pub(crate) const fn none(subject: String, now: Timestamp) -> Self {
        Self {
            subject,
            failures: 0,
            locked_until: None,
            last: now,
        }
    }

    /// Where it is kept: in no office's partition, because nobody must learn by a missing count that there is no such one.
    #[must_use]
    pub(crate) fn key_of(subject: &str) -> Key {
        Key::state("system", "lockout", subject)
    }

    /// Counts a try as failed before it is made, so that a thousand tries at once are not all the first one.
    /// A success is taken back with [`Self::succeeded`].
    pub(crate) fn attempt(self, rule: &Rule, now: Timestamp) -> Result<Self, Locked> {
        if let Some(until) = self.locked_until.filter(|until| *until > now) {
            return Err(Locked { until });
        }
        let forgotten = self.last.saturating_add(FORGOTTEN_AFTER).is_ok_and(|end| end <= now);
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        let locked_until = rule.wait(failures).and_then(|wait| now.saturating_add(wait).ok());
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

impl Rule {
    /// How long to wait after so many failures.
    fn wait(&self, failures: u32) -> Option<Duration> {
        let beyond = failures.checked_sub(self.free)?;
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(beyond));
        Some(doubled.min(self.longest_wait))
    }
}

impl Record for Lockout {
    fn key(&self) -> Key {
        Self::key_of(&self.subject)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + minute * 60).unwrap()
    }

    fn after(failures: u32, rule: &Rule) -> Lockout {
        let none = Lockout::none("u".into(), at(0));
        (0..failures).fold(none, |lockout, _| {
            let now = lockout.locked_until.unwrap_or(at(0));
            lockout.attempt(rule, now).unwrap()
        })
    }

    fn waits(failures: impl Iterator<Item = u32>, rule: &Rule) -> Vec<i64> {
        let wait = |failures| {
            let lockout = after(failures, rule);
            lockout
                .locked_until
                .map_or(0, |until| until.as_second() - lockout.last.as_second())
        };
        failures.map(wait).collect()
    }

    #[test]
    fn from_one_network_five_failures_are_free_and_each_next_one_waits_twice_as_long_up_to_an_hour() {
        let waits = waits(1..=13, &FROM_A_NETWORK);
        assert_eq!(waits, [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn from_anywhere_a_hundred_failures_are_free_and_then_nobody_waits_longer_than_a_minute() {
        assert_eq!(
            waits([1, 5, 99, 100, 101, 500].into_iter(), &FROM_ANYWHERE),
            [0, 0, 0, 60, 60, 60]
        );
    }

    #[test]
    fn while_locked_even_the_right_password_is_not_tried() {
        let locked = after(5, &FROM_A_NETWORK);
        assert_eq!(
            locked.clone().attempt(&FROM_A_NETWORK, at(0)),
            Err(Locked { until: at(1) })
        );
        assert!(locked.attempt(&FROM_A_NETWORK, at(1)).is_ok());
    }

    #[test]
    fn a_success_or_a_day_without_failure_forgets_them() {
        let good = after(4, &FROM_A_NETWORK).succeeded();
        assert_eq!(good.attempt(&FROM_A_NETWORK, at(0)).unwrap().failures, 1);
        let later = after(9, &FROM_A_NETWORK)
            .attempt(&FROM_A_NETWORK, at(60 * 24 * 2))
            .unwrap();
        assert_eq!((later.failures, later.locked_until), (1, None));
    }
}
