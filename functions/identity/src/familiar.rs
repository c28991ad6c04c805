//! Where somebody signs in from as usual. The count of failures from anywhere does not hold them back there: else whoever
//! guesses from many networks could take the one try a minute that it lets through, again and again, and keep an owner out
//! for good.
//!
//! Only a success makes a network familiar, so strangers find the same wherever they try, whether or not there is such a
//! user. Somebody in the owner's own network may tell that the name is used there.

use std::time::Duration;

use jiff::Timestamp;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

/// For so long after the last success.
const FAMILIAR_FOR: Duration = Duration::from_hours(30 * 24);

/// A network from which somebody signed in under one login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Familiar {
    /// The keyed hash under which tries of that login from that network are counted.
    subject: String,
    /// When it is forgotten.
    pub until: Timestamp,
}

impl Familiar {
    /// Somebody just signed in from there.
    #[must_use]
    pub(crate) fn since(subject: String, now: Timestamp) -> Self {
        Self {
            subject,
            until: now.saturating_add(FAMILIAR_FOR).unwrap_or(now),
        }
    }

    /// Whether it still is.
    #[must_use]
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// Where it is kept: as counts are, in no office's partition.
    #[must_use]
    pub(crate) fn key_of(subject: &str) -> Key {
        Key::state("system", "familiar", subject)
    }
}

impl Record for Familiar {
    fn key(&self) -> Key {
        Self::key_of(&self.subject)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_network_is_familiar_for_thirty_days_after_the_last_success() {
        let at = |day: i64| Timestamp::from_second(1_767_574_800 + day * 24 * 3600).unwrap();
        let familiar = Familiar::since("s".into(), at(0));
        assert!(familiar.is_current(at(0)) && familiar.is_current(at(29)));
        assert!(!familiar.is_current(at(30)));
        assert!(Familiar::since("s".into(), at(29)).is_current(at(58)));
    }
}
