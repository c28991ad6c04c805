//! The webhook of MinIO-compatible stores (`MINIO_NOTIFY_WEBHOOK_*`): the same notifications over HTTP, with a bearer token.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use bytes::Bytes;
use kernel::{Disposition, Fault, Sha256Digest};
use platform::{Problem, Step};

use super::Detect;
use crate::messages;

/// A notification names one object, so that even a batch of them is small.
const BODY_LIMIT: usize = 1024 * 1024;

#[derive(Clone)]
struct Webhook {
    step: Detect,
    /// Comparing digests takes the same time wherever two tokens differ.
    token: Sha256Digest,
}

/// `POST /`: a notification. `204` when it is stored, `401` without the token, `400` when it cannot be read.
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
    // MinIO sends the configured token as it is, so operators may or may not have written "Bearer" into it.
    let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization);
    if Sha256Digest::of(token.as_bytes()) != webhook.token {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "detect.unauthorized",
            messages::UNAUTHORIZED,
        ));
    }
    let notification = serde_json::from_slice(&body).map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "detect.malformed",
            messages::MALFORMED_NOTIFICATION,
        )
    })?;
    webhook
        .step
        .handle(notification)
        .await
        .map_err(|error| match error.disposition() {
            Disposition::Reject => {
                Problem::new(StatusCode::BAD_REQUEST, error.code(), messages::MALFORMED_NOTIFICATION)
            }
            Disposition::Retry => Problem::logged(StatusCode::SERVICE_UNAVAILABLE, &error, messages::TRY_AGAIN),
        })?;
    Ok(StatusCode::NO_CONTENT)
}
