//! Permission to choose a new password, once and soon: mailed to who forgot it, or given to who must change it.

use std::time::Duration;

use jiff::Timestamp;
use kernel::{Disposition, Fault, Payload, Sha256Digest, TenantId};
use platform::{Key, Record, Sealed};
use serde::{Deserialize, Serialize};

use crate::names::UserId;
use crate::ticket::{Ticket, TicketId};
use crate::user::User;

/// Time to read a mail.
pub(crate) const MAILED_FOR: Duration = Duration::from_mins(30);
/// Time to think of a password.
pub(crate) const AT_ONCE_FOR: Duration = Duration::from_mins(15);

/// The permission, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasswordReset {
    /// Its id.
    pub id: TicketId,
    /// Whose.
    pub tenant: TenantId,
    /// Who may choose.
    pub user: UserId,
    /// The user's generation when it was given: another password, chosen meanwhile, voids it.
    generation: u32,
    secret: Sha256Digest,
    /// When it ends.
    pub until: Timestamp,
    used: bool,
}

/// The permission is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResetError {
    /// Unknown, used, too old, or overtaken by another password.
    #[error("the permission to choose a password is not good")]
    Void,
}

impl Fault for ResetError {
    fn code(&self) -> &'static str {
        match self {
            Self::Void => "session.reset_void",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Void => Disposition::Reject,
        }
    }
}

impl PasswordReset {
    /// Gives `user` the permission for so long.
    #[must_use]
    pub(crate) fn give(user: &User, lasting: Duration, now: Timestamp) -> (Self, Ticket) {
        Self::made(&user.tenant, user.id.clone(), user.generation, lasting, now)
    }

    /// As much work as to give somebody the permission, and good for nobody.
    #[must_use]
    pub(crate) fn pretend(tenant: &TenantId, lasting: Duration, now: Timestamp) -> (Self, Ticket) {
        Self::made(tenant, UserId::from_bytes([0; 16]), 0, lasting, now)
    }

    fn made(tenant: &TenantId, user: UserId, generation: u32, lasting: Duration, now: Timestamp) -> (Self, Ticket) {
        let ticket = Ticket::new(tenant.clone());
        let reset = Self {
            id: ticket.id.clone(),
            tenant: tenant.clone(),
            user,
            generation,
            secret: ticket.digest(),
            until: now.saturating_add(lasting).unwrap_or(now),
            used: false,
        };
        (reset, ticket)
    }

    /// Uses it up, for `user`.
    pub(crate) fn redeem(self, ticket: &Ticket, user: &User, now: Timestamp) -> Result<Self, ResetError> {
        let good = !self.used
            && now < self.until
            && ticket.is(&self.secret)
            && user.id == self.user
            && user.generation == self.generation
            && user.active;
        if good {
            Ok(Self { used: true, ..self })
        } else {
            Err(ResetError::Void)
        }
    }

    /// Where it is kept.
    #[must_use]
    pub(crate) fn key_of(tenant: &TenantId, id: &TicketId) -> Key {
        Key::state(tenant.as_str(), "password-reset", id.as_str())
    }

    /// What the fields of its event are sealed for.
    #[must_use]
    pub(crate) fn place_of(tenant: &TenantId, id: &TicketId) -> String {
        format!("{tenant}#password-reset#{}", id.as_str())
    }
}

impl Record for PasswordReset {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.id)
    }
}

/// `user.password_reset_requested`: somebody has to be sent a link. Sealed for the place
/// `<tenant>#password-reset#<reset_id>`, so that no queue and no log can sign anybody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequested {
    /// Whose password.
    pub user_id: UserId,
    /// The permission.
    pub reset_id: TicketId,
    /// What the link has to hold.
    pub sealed_token: Sealed,
    /// Where to send it.
    pub sealed_email: Sealed,
    /// When the permission ends.
    pub expires_at: Timestamp,
}

impl PasswordResetRequested {
    /// What its fields are sealed for.
    #[must_use]
    pub(crate) fn place(&self, tenant: &TenantId) -> String {
        PasswordReset::place_of(tenant, &self.reset_id)
    }
}

impl Payload for PasswordResetRequested {
    const TYPES: &'static [&'static str] = &["user.password_reset_requested"];
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::user::{Neighbourhood, Profile};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + minute * 60).unwrap()
    }

    fn user() -> User {
        let profile = Profile {
            username: "budi.contoh".parse().unwrap(),
            name: "Budi Contoh".parse().unwrap(),
            email: None,
            nik: None,
            nip: None,
            phone: None,
            org_unit: None,
            territory: Neighbourhood::default(),
        };
        User::register(
            UserId::from_bytes([7; 16]),
            "karo".parse().unwrap(),
            profile,
            BTreeSet::new(),
            at(0),
        )
        .unwrap()
    }

    #[test]
    fn the_golden_event_is_one_that_this_program_writes() {
        let golden = include_str!("../../../events/domain/user.password_reset_requested.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let event: kernel::Envelope<PasswordResetRequested> = serde_json::from_value(golden.clone()).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), golden);
    }

    #[test]
    fn a_permission_is_good_once_and_not_for_long() {
        let (reset, ticket) = PasswordReset::give(&user(), MAILED_FOR, at(0));
        let used = reset.clone().redeem(&ticket, &user(), at(29)).unwrap();
        assert_eq!(used.redeem(&ticket, &user(), at(29)), Err(ResetError::Void));
        assert_eq!(reset.redeem(&ticket, &user(), at(30)), Err(ResetError::Void));
    }

    #[test]
    fn a_permission_is_void_after_another_password_for_another_secret_and_for_whoever_is_deactivated() {
        let (reset, ticket) = PasswordReset::give(&user(), MAILED_FOR, at(0));
        let changed = user().signed_out_everywhere();
        let inactive = User {
            active: false,
            ..user()
        };
        let other = User {
            id: UserId::from_bytes([8; 16]),
            ..user()
        };
        for (ticket, user) in [
            (&ticket, &changed),
            (&ticket, &inactive),
            (&ticket, &other),
            (&ticket.next(), &user()),
        ] {
            assert_eq!(reset.clone().redeem(ticket, user, at(1)), Err(ResetError::Void));
        }
    }
}
