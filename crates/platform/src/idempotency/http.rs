//! Commands that callers may repeat over HTTP, with the header `Idempotency-Key`.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use kernel::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Begun, Idempotency, IdempotencyError};
use crate::environment::Environment;
use crate::messages;
use crate::problem::Problem;
use crate::table::Table;

/// The caller's key, 1 to 64 letters, digits and hyphens: 400 without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let key = parts
            .headers
            .get("idempotency-key")
            .and_then(|value| value.to_str().ok());
        let valid = |key: &&str| {
            (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let key = key.filter(valid).map(|key| Self(key.to_owned()));
        key.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "idempotency.no_key", messages::KEY_MISSING))
    }
}

impl Idempotency {
    /// Does `work` once: a repetition is answered with the first answer, one under way with 409, and another command
    /// under the same key with 422. What fails may be tried again at once.
    pub async fn once<T: Serialize + DeserializeOwned>(
        &self,
        environment: &Environment,
        table: &Table,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let ticket = match self.begin(table, environment.now()).await.map_err(refused)? {
            Begun::Completed(response) => {
                return serde_json::from_str(&response).map_err(|_older| {
                    Problem::new(StatusCode::CONFLICT, "idempotency.in_progress", messages::IN_PROGRESS)
                });
            }
            Begun::Started(ticket) => ticket,
        };
        let done = work.await;
        let kept = match done.as_ref().map(serde_json::to_string) {
            Ok(Ok(response)) => self.complete(table, ticket, response, environment.now()).await,
            Ok(Err(_)) | Err(_) => self.abandon(table, ticket, environment.now()).await,
        };
        if let Err(error) = kept {
            // What was done is done; a repetition must find that in the state itself.
            tracing::warn!(error.code = error.code(), "an idempotency record could not be kept");
        }
        done
    }
}

fn refused(error: IdempotencyError) -> Problem {
    match error {
        IdempotencyError::InProgress => Problem::new(StatusCode::CONFLICT, error.code(), messages::IN_PROGRESS),
        IdempotencyError::Reused => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), messages::KEY_REUSED),
        IdempotencyError::Table(error) => Problem::logged(StatusCode::SERVICE_UNAVAILABLE, &error, messages::TRY_AGAIN),
    }
}
