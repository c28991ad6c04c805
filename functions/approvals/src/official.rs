//! Who holds which office, as the accounts tell: what was delegated ends when its giver no longer holds it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::TenantId;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::actor::Reach;
use crate::events::UserChanged;

/// A user, as their account was last heard to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Official {
    /// Whose.
    pub tenant: TenantId,
    /// The user's id.
    pub id: String,
    /// Their name; none where the account did not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The roles that they hold, each with the moment from which on; none while the account is not active.
    pub roles: BTreeMap<String, Timestamp>,
    /// How far their office reaches.
    #[serde(flatten)]
    pub reach: Reach,
    /// The version of the account that this is of.
    pub revision: u64,
}

impl Official {
    /// The key of the user `id` of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: &str) -> Key {
        Key::state(tenant.as_str(), "official", id)
    }

    /// What is known of a user after their account changed at the moment `at`; none if that was known, or more.
    pub(crate) fn hear(before: Option<&Self>, tenant: &TenantId, changed: UserChanged, at: Timestamp) -> Option<Self> {
        if before.is_some_and(|before| before.revision >= changed.revision) {
            return None;
        }
        let since = |role: &str| before.and_then(|before| before.holds(role)).unwrap_or(at);
        let held = changed.roles.into_iter().filter(|_| changed.active);
        Some(Self {
            tenant: tenant.clone(),
            id: changed.user_id,
            name: changed.name,
            roles: held.map(|role| (role.clone(), since(&role))).collect(),
            reach: changed.reach,
            revision: changed.revision,
        })
    }

    /// Since when they hold a role; none if they do not.
    #[must_use]
    pub fn holds(&self, role: &str) -> Option<Timestamp> {
        self.roles.get(role).copied()
    }

    /// Whether they may act in any office: an account that is not active holds no role.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.roles.is_empty()
    }
}

impl Record for Official {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn changed(revision: u64, active: bool, roles: &[&str]) -> UserChanged {
        UserChanged {
            user_id: "kepala".into(),
            revision,
            active,
            name: None,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            reach: Reach::default(),
        }
    }

    fn after(told: &[(u64, bool, &[&str])]) -> Official {
        let tenant = "karo".parse().unwrap();
        let mut known = None;
        for (second, (revision, active, roles)) in (1..).zip(told) {
            let heard = Official::hear(known.as_ref(), &tenant, changed(*revision, *active, roles), at(second));
            known = heard.or(known);
        }
        known.unwrap()
    }

    #[test]
    fn a_role_is_held_from_the_moment_that_it_was_given_without_a_break() {
        let head = ["head_of_office"];
        for (told, since) in [
            (&[(1, true, &head[..])][..], Some(1)),
            (&[(1, true, &head), (2, true, &["examiner", "head_of_office"])], Some(1)),
            (&[(1, true, &head), (2, true, &[])], None),
            (&[(1, true, &head), (2, true, &[]), (3, true, &head)], Some(3)),
            (&[(1, true, &head), (2, false, &head)], None),
            (&[(1, true, &head), (2, false, &head), (3, true, &head)], Some(3)),
        ] {
            assert_eq!(after(told).holds("head_of_office"), since.map(at), "{told:?}");
        }
    }

    #[test]
    fn who_is_not_active_acts_in_no_office() {
        let head = ["head_of_office"];
        for (told, is_active) in [
            (&[(1, true, &head[..])][..], true),
            (&[(1, true, &head), (2, false, &head)], false),
            (&[(1, true, &[])], false),
        ] {
            assert_eq!(after(told).is_active(), is_active, "{told:?}");
        }
    }

    #[test]
    fn what_is_told_late_or_twice_changes_nothing() {
        let head = ["head_of_office"];
        let late: &[(u64, bool, &[&str])] = &[(1, true, &head), (3, false, &head), (2, true, &head), (3, true, &head)];
        assert_eq!(after(late).holds("head_of_office"), None);
    }
}
