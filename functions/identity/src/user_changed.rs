//! What other contexts learn of an account: who holds which role, and for where. Schema: `events/schemas/user.changed.json`.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use kernel::Payload;
use platform::{Cause, Environment, Event, Record, TableError, Transaction};
use serde::{Deserialize, Serialize};

use crate::names::{PersonName, RoleCode, RukunNumber, UnitCode, UserId};
use crate::user::User;

/// Whoever wants to know keeps it; the event is kept for as long as its delivery may be repeated by hand.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Roles of who asks an office for something and decides nothing: nobody else needs their names.
const OUTSIDE: [&str; 4] = ["warga", "applicant", "student", "parent"];

/// `user.changed`: who somebody is in their office, after the account was made or changed. Nothing personal but the name of
/// who holds an office, which stands on what they sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChanged {
    /// Whose account.
    pub user_id: UserId,
    /// Counts the changes of the account: of two events the higher one is what holds.
    pub revision: u64,
    /// Whether the person may sign in.
    pub active: bool,
    /// The name of a person who holds an office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The codes of the person's roles.
    pub roles: BTreeSet<RoleCode>,
    /// The RW of the person's territory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rw: Option<RukunNumber>,
    /// The RT within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rt: Option<RukunNumber>,
    /// The unit that the person works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_unit: Option<UnitCode>,
}

impl UserChanged {
    /// What is told of `user`, whose row is at the version `revision`.
    fn of(user: &User, revision: u64) -> Self {
        let territory = user.profile.territory.clone();
        let holds_an_office = user.roles.iter().any(|role| !OUTSIDE.contains(&role.as_str()));
        Self {
            user_id: user.id.clone(),
            revision,
            active: user.active,
            name: holds_an_office.then(|| user.profile.name.clone()),
            roles: user.roles.clone(),
            rw: territory.rw,
            rt: territory.rt,
            org_unit: user.profile.org_unit.clone(),
        }
    }
}

impl Payload for UserChanged {
    const TYPES: &'static [&'static str] = &["user.changed"];
}

/// Tells of `user`, whose row comes to the version `revision` in this transaction, if it says something else than `before`.
pub(crate) fn told<'a>(
    transaction: Transaction<'a>,
    environment: &Environment,
    before: Option<&User>,
    user: &User,
    revision: u64,
) -> Result<Transaction<'a>, TableError> {
    let changed = UserChanged::of(user, revision);
    if before.is_some_and(|before| UserChanged::of(before, revision) == changed) {
        return Ok(transaction);
    }
    let event = Event {
        event_type: "user.changed",
        subject: user.id.as_str().to_owned(),
        tenant: user.tenant.clone(),
        data: changed,
    };
    let envelope = environment.envelope(&Cause::Outside, "absah/identity", event);
    let until = envelope.time.saturating_add(KEEP).unwrap_or(envelope.time);
    Ok(transaction.event(&user.key(), revision, &envelope)?.expires(until))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_golden_event_is_one_that_this_program_writes() {
        let golden = include_str!("../../../events/domain/user.changed.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let event: kernel::Envelope<UserChanged> = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), golden);
    }
}
