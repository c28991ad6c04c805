//! What somebody may do: `resource:action`, from one catalogue for all contexts.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use kernel::serde_as_text;

use crate::names::NameError;

/// Permission to do one thing to one kind of thing, such as `letter:approve`. Only those of [`CATALOGUE`] exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    resource: &'static str,
    action: &'static str,
}

/// What may be done, by resource.
pub const CATALOGUE: &[(&str, &[&str])] = &[
    // Accounts.
    (
        "user",
        &[
            "create",
            "read",
            "update",
            "delete",
            "activate",
            "assign_role",
            "import",
        ],
    ),
    ("role", &["create", "read", "update", "delete"]),
    ("org_unit", &["create", "read", "update", "delete"]),
    ("api_key", &["create", "read", "revoke"]),
    ("audit", &["read", "export"]),
    ("setting", &["read", "update"]),
    // The installation.
    ("health", &["read"]),
    // Documents and their approval.
    ("document", &["read", "download", "sign", "revoke"]),
    ("approval", &["read", "decide", "delegate", "withdraw"]),
    ("route", &["read", "manage"]),
    ("notification", &["read", "send", "manage"]),
    // Residents' letters.
    (
        "letter",
        &[
            "create",
            "read",
            "update",
            "submit",
            "verify_rt",
            "verify_rw",
            "approve",
            "print",
        ],
    ),
    ("letter_type", &["read", "manage"]),
    // Visitors and their cases.
    ("visitor", &["create", "read", "update"]),
    ("case", &["create", "read", "assign", "update", "escalate", "close"]),
    // Money.
    ("invoice", &["create", "read", "issue", "cancel"]),
    ("payment", &["record", "read", "reconcile"]),
    // School.
    ("school", &["read", "manage"]),
    ("class", &["create", "read", "update", "assign_teacher"]),
    ("student", &["create", "read", "update"]),
    ("attendance", &["record", "read"]),
    ("grade", &["create", "read", "update", "approve"]),
    ("report", &["read", "generate", "export"]),
    ("admission", &["create", "read", "review", "decide"]),
    // Factory.
    ("order", &["create", "read", "update", "release"]),
    ("spk", &["create", "read", "update", "approve", "record"]),
    ("material", &["read", "allocate", "settle"]),
    ("stock", &["read", "move", "adjust"]),
    ("transfer", &["create", "read", "approve"]),
    ("purchase", &["create", "read", "approve", "receive"]),
    ("inspection", &["create", "read", "approve"]),
    ("gate", &["record", "read"]),
];

impl Permission {
    /// Every permission that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE
            .iter()
            .flat_map(|(resource, actions)| actions.iter().map(|action| Self { resource, action }))
    }

    /// What it is about, such as `letter`.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        self.resource
    }

    /// What may be done to it, such as `approve`.
    #[must_use]
    pub const fn action(self) -> &'static str {
        self.action
    }
}

/// Reads permissions as tokens carry them; those that no longer exist count for nothing.
pub(crate) fn known<'a>(texts: impl IntoIterator<Item = &'a String>) -> BTreeSet<Permission> {
    texts.into_iter().filter_map(|text| text.parse().ok()).collect()
}

impl FromStr for Permission {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.split_once(':')
            .and_then(|(resource, action)| {
                Self::all().find(|known| known.resource == resource && known.action == action)
            })
            .ok_or(NameError { kind: "permission" })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.action)
    }
}

serde_as_text!(Permission);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn every_permission_is_there_once_and_reads_back() {
        let all: Vec<_> = Permission::all().collect();
        let distinct: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        for permission in all {
            assert_eq!(permission.to_string().parse(), Ok(permission));
        }
    }

    #[test]
    fn a_permission_that_nobody_defined_does_not_exist() {
        for bad in [
            "",
            "letter",
            "letter:",
            "letter:*",
            "*:*",
            "Letter:approve",
            "letter:approve:all",
            "letter:fly",
        ] {
            assert!(bad.parse::<Permission>().is_err(), "{bad:?}");
        }
        let held = ["letter:approve".to_owned(), "letter:fly".to_owned()];
        assert_eq!(known(&held), BTreeSet::from(["letter:approve".parse().unwrap()]));
    }
}
