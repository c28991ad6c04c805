//! Errors over HTTP: RFC 9457 problem details, with a stable code for machines and a sentence in Indonesian for people.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Fault, chain};
use serde::Serialize;
use tracing::error;

/// Seconds after which somebody who found us busy may come back.
const RETRY_AFTER_S: &str = "5";

/// An error as a caller sees it. Never an internal message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// The code of the problem that an answer tells of, as an extension of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProblemCode(pub(crate) &'static str);

impl Problem {
    /// A problem of the caller's making; `title` says in Indonesian what to do about it.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail: None,
        }
    }

    /// The same with what is wrong in this very case, in Indonesian. Never repeats a secret.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to do about it, in Indonesian.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
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

    /// The same answer with `page`, HTML, in place of the JSON: for who reads it in a browser.
    #[must_use]
    pub fn with_page(self, page: String) -> Response {
        self.respond("text/html; charset=utf-8", page.into())
    }

    fn respond(&self, content_type: &'static str, body: Body) -> Response {
        let mut response = Response::new(body);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.status_mut() = status;
        response.extensions_mut().insert(ProblemCode(self.code));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self) {
            Ok(json) => self.respond("application/problem+json", json.into()),
            // Four plain fields always have a JSON form.
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_told_which_credentials_it_lacks_and_when_to_come_back() {
        let header = |status, name| {
            let response = Problem::new(status, "test.code", "Silakan coba lagi.").into_response();
            response.headers().get(name).cloned()
        };
        let unauthorized = header(StatusCode::UNAUTHORIZED, header::WWW_AUTHENTICATE);
        assert_eq!(unauthorized, Some(HeaderValue::from_static("Bearer")));
        let busy = header(StatusCode::SERVICE_UNAVAILABLE, header::RETRY_AFTER);
        assert_eq!(busy, Some(HeaderValue::from_static("5")));
        assert_eq!(header(StatusCode::CONFLICT, header::RETRY_AFTER), None);
    }

    #[test]
    fn a_page_says_the_same_as_the_json_but_for_people() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "test.code", "Silakan coba lagi.");
        let page = problem.clone().with_page("<p>Silakan coba lagi.</p>".to_owned());
        let json = problem.into_response();
        assert_eq!(page.status(), json.status());
        assert_eq!(
            page.headers().get(header::RETRY_AFTER),
            json.headers().get(header::RETRY_AFTER)
        );
        assert_eq!(
            page.headers().get(header::CONTENT_TYPE),
            Some(&HeaderValue::from_static("text/html; charset=utf-8"))
        );
    }
}
