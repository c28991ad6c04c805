//! What the description of the HTTP interface says of every route.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoResponses, Modify, ToSchema};

/// RFC 9457 problem details.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    kind: String,
    /// What to do about it, in Indonesian.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Which error it is, for programs.
    code: String,
    /// What is wrong in this case, in Indonesian.
    detail: Option<String>,
}

/// What every route may answer instead.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only described, never made")]
pub(crate) enum Problems {
    /// The request cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// The caller is not known.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemBody),
    /// The caller may not do this.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// There is no such thing, or it is another tenant's.
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(ProblemBody),
    /// The method does not apply.
    #[response(status = 405, content_type = "application/problem+json")]
    Method(ProblemBody),
    /// It is taken, or was changed meanwhile.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// It was changed since it was read.
    #[response(status = 412, content_type = "application/problem+json")]
    Stale(ProblemBody),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The body is of another type.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(ProblemBody),
    /// What it asks for cannot be.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// `If-Match` is missing.
    #[response(status = 428, content_type = "application/problem+json")]
    VersionMissing(ProblemBody),
    /// Too many requests, or too many wrong passwords.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody),
    /// Come back in a moment.
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemBody),
}

/// Bearer tokens and API keys.
pub(crate) struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", scheme);
    }
}

/// Serves the description.
pub(crate) fn serve(openapi: &OpenApi) -> Response {
    let json = serde_json::to_string(openapi).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}
