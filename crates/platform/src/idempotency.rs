//! Idempotency records, for effects that cannot join a table transaction and for commands that callers repeat.
//!
//! ```text
//! begin ──► in progress, until `lease` ends ──► complete: the response, until `keep` ends ──► gone
//!   │            │ begin again: InProgress            │ begin again, same payload: Completed(response)
//!   │            └ lease over: begin again: Started   └ begin again, other payload: Reused
//!   └ the conditional write: absent, expired, or in progress with its lease over
//! ```

mod http;

use std::time::Duration;

use jiff::Timestamp;
use kernel::{Disposition, Fault, Sha256Digest, TenantId};
use serde::{Deserialize, Serialize};

use crate::table::{Key, Record, Table, TableError};

pub use http::IdempotencyKey;

/// How long a caller may work before another may take over. Longer than an HTTP function may run.
const LEASE: Duration = Duration::from_mins(1);
/// How long a response is kept for repetitions.
const KEEP: Duration = Duration::from_hours(24);

/// What [`Idempotency::begin`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Nobody did this before: do it, then call [`Idempotency::complete`] with this ticket.
    Started(u64),
    /// It was done: this was the response.
    Completed(String),
}

/// The command may not be carried out now.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// Somebody is carrying out the same command at this moment.
    #[error("the same command is being carried out")]
    InProgress,
    /// The key was used before for another payload.
    #[error("the idempotency key was used before for another payload")]
    Reused,
    /// The record could not be read or written.
    #[error("the idempotency record is unavailable")]
    Table(#[source] TableError),
}

impl Fault for IdempotencyError {
    fn code(&self) -> &'static str {
        match self {
            Self::InProgress => "idempotency.in_progress",
            Self::Reused => "idempotency.reused",
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::InProgress => Disposition::Retry,
            Self::Reused => Disposition::Reject,
            Self::Table(error) => error.disposition(),
        }
    }
}

/// One command that must have one effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    tenant: TenantId,
    /// Who asks for what: the same key from another scope is another command.
    scope: String,
    key: String,
    payload: Sha256Digest,
    response: Option<String>,
    until: Timestamp,
}

impl Record for Idempotency {
    fn key(&self) -> Key {
        Key::state(
            self.tenant.as_str(),
            "idempotency",
            &format!("{}#{}", self.scope, self.key),
        )
    }
}

impl Idempotency {
    /// A command named by `scope` and the caller's `key`, with everything that it says as `payload`.
    #[must_use]
    pub fn new(tenant: TenantId, scope: &str, key: &str, payload: &[u8]) -> Self {
        Self {
            tenant,
            scope: scope.to_owned(),
            key: key.to_owned(),
            payload: Sha256Digest::of(payload),
            response: None,
            until: Timestamp::UNIX_EPOCH,
        }
    }

    /// Takes the command, or returns the response of the one that did.
    pub async fn begin(&self, table: &Table, now: Timestamp) -> Result<Begun, IdempotencyError> {
        let found = table.find::<Self>(&self.key()).await.map_err(IdempotencyError::Table)?;
        let version = match found {
            None => 0,
            Some(stored) if stored.value.until <= now => stored.version,
            Some(stored) if stored.value.payload != self.payload => return Err(IdempotencyError::Reused),
            Some(stored) => {
                return stored
                    .value
                    .response
                    .map(Begun::Completed)
                    .ok_or(IdempotencyError::InProgress);
            }
        };
        let taken = Self {
            until: now.saturating_add(LEASE).unwrap_or(now),
            ..self.clone()
        };
        match write(table, &taken, version).await {
            Ok(()) => Ok(Begun::Started(version + 1)),
            Err(TableError::Conflict) => Err(IdempotencyError::InProgress),
            Err(error) => Err(IdempotencyError::Table(error)),
        }
    }

    /// Keeps the response of a command that [`Self::begin`] let start.
    pub async fn complete(
        &self,
        table: &Table,
        ticket: u64,
        response: String,
        now: Timestamp,
    ) -> Result<(), IdempotencyError> {
        let until = now.saturating_add(KEEP).unwrap_or(now);
        let done = Self {
            response: Some(response),
            until,
            ..self.clone()
        };
        write(table, &done, ticket).await.map_err(IdempotencyError::Table)
    }

    /// Gives a command back whose effect did not happen, so that it can be tried again at once.
    pub async fn abandon(&self, table: &Table, ticket: u64, now: Timestamp) -> Result<(), IdempotencyError> {
        let over = Self {
            until: now,
            ..self.clone()
        };
        write(table, &over, ticket).await.map_err(IdempotencyError::Table)
    }
}

async fn write(table: &Table, record: &Idempotency, version: u64) -> Result<(), TableError> {
    table
        .transaction()
        .update(record, version)?
        .expires(record.until)
        .commit()
        .await
}
