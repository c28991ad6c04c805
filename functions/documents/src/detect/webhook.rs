//! The webhook of MinIO-compatible stores (`MINIO_NOTIFY_WEBHOOK_*`): the same notifications over HTTP, with a bearer token.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use bytes::Bytes;
use kernel::{Disposition, Fault, MalformedJson, Sha256Digest};
use platform::{Problem, Step};

use super::{Detect, DetectError};
use crate::messages;

/// A notification names one object, so that even a batch of them is small.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Clone)]
struct Webhook {
    step: Detect,
    /// Comparing digests takes the same time wherever two tokens differ.
    token: Sha256Digest,
}

/// `POST /`: a notification. `204` when it is stored, or parked because it cannot be taken in; `401` without the token; `503`
/// when it should come again.
pub(super) fn router(step: Detect, token: &str) -> Router {
    let state = Webhook {
        step,
        token: Sha256Digest::of(token.as_bytes()),
    };
    Router::new()
        .route("/", post(receive))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state)
}

async fn receive(State(webhook): State<Webhook>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Problem> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // Some servers put "Bearer" before the configured token, others send it as it is, and operators may have written it.
    let token = authorization.trim_start_matches("Bearer ");
    if Sha256Digest::of(token.as_bytes()) != webhook.token {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "detect.unauthorized",
            messages::UNAUTHORIZED,
        ));
    }
    let handled = match serde_json::from_slice(&body) {
        Ok(notification) => webhook.step.handle(notification).await,
        Err(error) => Err(DetectError::NotJson(MalformedJson::from(error))),
    };
    match handled {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        // A store sends what is refused again and again, and nothing after it: so it is taken, and waits for a person.
        Err(error) if error.disposition() == Disposition::Reject => {
            let parked = webhook.step.park(&body, &error).await;
            parked.map_err(|error| Problem::logged(StatusCode::SERVICE_UNAVAILABLE, &error, messages::TRY_AGAIN))?;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(error) => Err(Problem::logged(
            StatusCode::SERVICE_UNAVAILABLE,
            &error,
            messages::TRY_AGAIN,
        )),
    }
}
