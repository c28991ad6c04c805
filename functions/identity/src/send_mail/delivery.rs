//! One mail to one person because of one event: sent once, however often the event comes.
//!
//! ```text
//! begin ──► sending, until the lease ends ──► sent: never again
//!   │             │ begin again: InProgress
//!   │             └─► not taken, with the code: begin again
//!   └ the conditional write: absent, not taken, or sending with the lease over
//! ```

use std::time::Duration;

use jiff::Timestamp;
use kernel::{EventId, TenantId};
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use super::error::SendError;
use super::server::TIME_LIMIT;
use crate::names::UserId;

/// How long whoever sends may take before another may send. Longer than [`TIME_LIMIT`]; shorter than the queue of one
/// machine takes to give a message up.
const LEASE: Duration = TIME_LIMIT.saturating_add(Duration::from_secs(2));
/// How long a repetition is recognised: longer than a message can wait in a queue and among dead letters.
const KEEP: Duration = Duration::from_hours(90 * 24);

/// One mail to one person because of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Delivery {
    tenant: TenantId,
    event: EventId,
    recipient: UserId,
    state: State,
    /// When it came to that.
    at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
enum State {
    /// Somebody is about to send it.
    Sending { until: Timestamp },
    /// The server did not take it.
    NotTaken {
        /// Our code, such as `mail.refused`.
        code: String,
        /// What the server answered, such as 550; none where it did not.
        status: Option<u16>,
    },
    /// The server has it.
    Sent,
}

impl Delivery {
    /// Takes on to send what is `known` of the mail. None if it was sent; [`SendError::InProgress`] while somebody else
    /// is sending it.
    pub(super) fn begin(
        known: Option<Self>,
        tenant: &TenantId,
        event: EventId,
        recipient: &UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, SendError> {
        match known.map(|delivery| delivery.state) {
            Some(State::Sent) => Ok(None),
            Some(State::Sending { until }) if now < until => Err(SendError::InProgress),
            None | Some(State::Sending { .. } | State::NotTaken { .. }) => Ok(Some(Self {
                tenant: tenant.clone(),
                event,
                recipient: recipient.clone(),
                state: State::Sending {
                    until: now.saturating_add(LEASE).unwrap_or(now),
                },
                at: now,
            })),
        }
    }

    /// The server has it.
    pub(super) fn sent(self, now: Timestamp) -> Self {
        Self {
            state: State::Sent,
            at: now,
            ..self
        }
    }

    /// The server did not take it, so that it may be sent again.
    pub(super) fn not_taken(self, code: &str, status: Option<u16>, now: Timestamp) -> Self {
        let state = State::NotTaken {
            code: code.to_owned(),
            status,
        };
        Self { state, at: now, ..self }
    }

    /// When the row may go.
    pub(super) fn keep_until(&self) -> Timestamp {
        self.at.saturating_add(KEEP).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn key_of(tenant: &TenantId, event: EventId, recipient: &UserId) -> Key {
        Key::state(tenant.as_str(), "mail", &format!("{event}#{}", recipient.as_str()))
    }
}

impl Record for Delivery {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.event, &self.recipient)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use kernel::Fault;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + second).unwrap()
    }

    fn begin(known: Option<Delivery>, now: Timestamp) -> Result<Option<Delivery>, &'static str> {
        let (tenant, event) = ("karo".parse().unwrap(), "01KE5VQ7XB2N3M4P5Q6R7S8T20".parse().unwrap());
        let recipient = UserId::from_bytes([7; 16]);
        Delivery::begin(known, &tenant, event, &recipient, now).map_err(|error| error.code())
    }

    #[test]
    fn a_mail_that_was_sent_is_not_sent_again() {
        let sent = begin(None, at(0)).unwrap().unwrap().sent(at(1));
        assert_eq!(begin(Some(sent), at(3600)), Ok(None));
    }

    #[test]
    fn while_one_sends_another_waits_and_takes_over_when_the_first_has_died() {
        let sending = begin(None, at(0)).unwrap().unwrap();
        assert_eq!(begin(Some(sending.clone()), at(11)), Err("mail.in_progress"));
        assert_eq!(begin(Some(sending), at(12)), begin(None, at(12)));
    }

    #[test]
    fn a_mail_that_the_server_did_not_take_may_be_tried_at_once() {
        let failed = begin(None, at(0))
            .unwrap()
            .unwrap()
            .not_taken("mail.deferred", Some(451), at(1));
        assert_eq!(begin(Some(failed), at(1)), begin(None, at(1)));
    }
}
