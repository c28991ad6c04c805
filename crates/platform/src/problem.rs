//! Errors over HTTP: RFC 9457 problem details, with a stable code for machines and a sentence in Indonesian for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Fault, chain};
use serde::Serialize;
use tracing::error;

/// An error as a caller sees it. Never an internal message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
}

impl Problem {
    /// A problem of the caller's making; `title` says in Indonesian what to do about it.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
        }
    }

    /// A problem of ours: the error is logged here, and only its code is shown.
    #[must_use]
    pub fn logged(status: StatusCode, failure: &dyn Fault, title: &'static str) -> Self {
        error!(
            error.code = failure.code(),
            error.chain = chain(failure),
            "a request failed"
        );
        Self::new(status, failure.code(), title)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}
