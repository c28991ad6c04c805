//! A signed-in device: a family of refresh tokens of which only the newest is good.
//!
//! ```text
//! login ──► active ──refresh with the newest──► active (next token, seven more days)
//!              │ refresh with any older one ──► revoked: somebody else has a copy
//!              │ refresh with what was never issued ──► refused, and nothing else: an id is no secret
//!              └ log out, log out everywhere, password changed, 30 days ──► revoked
//! ```

use std::time::Duration;

use jiff::Timestamp;
use kernel::{Disposition, Fault, Sha256Digest, TenantId};
use platform::{Indexes, Key, Origin, Record};
use serde::{Deserialize, Serialize};

use crate::names::UserId;
use crate::ticket::{Ticket, TicketId};

/// How long a refresh token is good for.
pub(crate) const REFRESH_FOR: Duration = Duration::from_hours(7 * 24);
/// After so long a person signs in again, however often the device was used.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// One signed-in device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Family {
    /// Its id: 128 random bits.
    pub id: TicketId,
    /// Whose.
    pub tenant: TenantId,
    /// Who is signed in.
    pub user: UserId,
    /// The user's generation at sign-in: older ones were logged out everywhere.
    pub generation: u32,
    /// How many times it was refreshed.
    pub rotations: u32,
    newest: Sha256Digest,
    /// Of what all its tokens have in common, by which an old one is known from a guess. Sessions that were opened by an
    /// earlier release have none until they are refreshed.
    #[serde(default)]
    stem: Option<Sha256Digest>,
    /// When the newest token ends.
    pub until: Timestamp,
    /// When the person signed in.
    pub since: Timestamp,
    /// When a token was last used.
    pub last_seen: Timestamp,
    /// Where from.
    pub ip: String,
    /// The device, in its own words.
    pub user_agent: String,
    /// Whether it was ended.
    pub revoked: bool,
}

/// A refresh token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// Too old, or ended.
    #[error("the session has ended")]
    Ended,
    /// Used before: whoever has the newest one is signed out, too.
    #[error("the token was used before")]
    Reused,
}

impl Fault for RefreshError {
    fn code(&self) -> &'static str {
        match self {
            Self::Ended => "session.ended",
            Self::Reused => "session.reused_token",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Ended | Self::Reused => Disposition::Reject,
        }
    }
}

impl Family {
    /// Signs a device in.
    #[must_use]
    pub(crate) fn open(
        tenant: TenantId,
        user: UserId,
        generation: u32,
        device: &Origin,
        now: Timestamp,
    ) -> (Self, Ticket) {
        let token = Ticket::new(tenant.clone());
        let family = Self {
            id: token.id.clone(),
            tenant,
            user,
            generation,
            rotations: 0,
            newest: token.digest(),
            stem: Some(token.stem_digest()),
            until: later(now, REFRESH_FOR),
            since: now,
            last_seen: now,
            ip: device.ip.clone(),
            user_agent: device.user_agent.clone(),
            revoked: false,
        };
        (family, token)
    }

    /// The next token in exchange for the newest. On [`RefreshError::Reused`] the caller revokes the family.
    pub(crate) fn rotate(
        self,
        token: &Ticket,
        device: &Origin,
        now: Timestamp,
    ) -> Result<(Self, Ticket), RefreshError> {
        if !self.is_active(now) {
            return Err(RefreshError::Ended);
        }
        if !self.holds(token) {
            let used = self.has_issued(token);
            return Err(if used {
                RefreshError::Reused
            } else {
                RefreshError::Ended
            });
        }
        let next = token.next();
        let family = Self {
            rotations: self.rotations.saturating_add(1),
            newest: next.digest(),
            stem: Some(next.stem_digest()),
            until: later(now, REFRESH_FOR).min(later(self.since, LONGEST)),
            last_seen: now,
            ip: device.ip.clone(),
            user_agent: device.user_agent.clone(),
            ..self
        };
        Ok((family, next))
    }

    /// Whether the token is its newest.
    #[must_use]
    pub(crate) fn holds(&self, token: &Ticket) -> bool {
        token.is(&self.newest)
    }

    /// Whether the token was one of its own at some time, however long ago.
    #[must_use]
    pub(crate) fn has_issued(&self, token: &Ticket) -> bool {
        self.stem.as_ref().is_some_and(|stem| token.stems_from(stem))
    }

    /// Ends it.
    #[must_use]
    pub(crate) fn revoke(self) -> Self {
        Self { revoked: true, ..self }
    }

    /// Whether its newest token would be taken.
    #[must_use]
    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.until
    }

    /// Where the family of that id is kept.
    #[must_use]
    pub(crate) fn key_of(tenant: &TenantId, id: &TicketId) -> Key {
        Key::state(tenant.as_str(), "session", id.as_str())
    }

    /// The index partition of one user's devices.
    #[must_use]
    pub(crate) fn index_of(tenant: &TenantId, user: &UserId) -> String {
        format!("{tenant}#sessions#{}", user.as_str())
    }
}

impl Record for Family {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.id)
    }

    fn indexes(&self) -> Indexes {
        let listed = Key {
            pk: Self::index_of(&self.tenant, &self.user),
            sk: self.id.as_str().into(),
        };
        Indexes {
            gsi1: Some(listed),
            gsi2: None,
        }
    }
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.saturating_add(by).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + hour * 3600).unwrap()
    }

    fn device() -> Origin {
        Origin {
            ip: "203.0.113.7".into(),
            user_agent: "Contoh/1.0".into(),
            correlation_id: String::new(),
        }
    }

    fn signed_in() -> (Family, Ticket) {
        let user = UserId::from_bytes([7; 16]);
        Family::open("karo".parse().unwrap(), user, 1, &device(), at(0))
    }

    #[test]
    fn each_token_is_good_once_and_the_next_is_another() {
        let (family, first) = signed_in();
        let (family, second) = family.rotate(&first, &device(), at(1)).unwrap();
        assert_ne!(first, second);
        assert_eq!(
            family.clone().rotate(&first, &device(), at(2)),
            Err(RefreshError::Reused)
        );
        assert!(family.rotate(&second, &device(), at(2)).is_ok());
    }

    #[test]
    fn the_first_token_is_known_as_used_before_after_thousands_of_others() {
        let (mut family, first) = signed_in();
        let mut token = first.clone();
        for _ in 0..3_000 {
            (family, token) = family.rotate(&token, &device(), at(1)).unwrap();
        }
        assert_eq!(family.rotate(&first, &device(), at(2)), Err(RefreshError::Reused));
    }

    #[test]
    fn a_guessed_secret_of_the_right_family_is_refused_and_is_none_that_was_used_before() {
        let (family, token) = signed_in();
        let guessed: Ticket = format!("karo.{}.{}", family.id.as_str(), "A".repeat(43))
            .parse()
            .unwrap();
        assert!(!family.holds(&guessed) && !family.has_issued(&guessed));
        assert_eq!(
            family.clone().rotate(&guessed, &device(), at(1)),
            Err(RefreshError::Ended)
        );
        assert!(family.rotate(&token, &device(), at(1)).is_ok());
    }

    #[test]
    fn a_session_of_an_earlier_release_goes_on_and_knows_its_tokens_from_the_next_refresh_on() {
        let (family, first) = signed_in();
        let mut row = serde_json::to_value(&family).unwrap();
        row.as_object_mut().unwrap().remove("stem");
        let family: Family = serde_json::from_value(row).unwrap();
        let (family, _) = family.rotate(&first, &device(), at(1)).unwrap();
        assert_eq!(family.rotate(&first, &device(), at(2)), Err(RefreshError::Reused));
    }

    #[test]
    fn an_ended_family_takes_no_token_at_all() {
        let (family, token) = signed_in();
        assert_eq!(
            family.revoke().rotate(&token, &device(), at(1)),
            Err(RefreshError::Ended)
        );
        let (family, token) = signed_in();
        assert!(family.clone().rotate(&token, &device(), at(7 * 24 - 1)).is_ok());
        assert_eq!(family.rotate(&token, &device(), at(7 * 24)), Err(RefreshError::Ended));
    }

    #[test]
    fn a_device_in_daily_use_signs_in_again_after_thirty_days() {
        let (mut family, mut token) = signed_in();
        for day in 1..30 {
            (family, token) = family.rotate(&token, &device(), at(day * 24)).unwrap();
        }
        assert_eq!(family.until, at(30 * 24));
        assert_eq!(family.rotate(&token, &device(), at(30 * 24)), Err(RefreshError::Ended));
    }
}
