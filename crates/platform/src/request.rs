//! Reading requests: JSON, ids, pages and versions, each with its own answer when it is wrong.

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Query as UrlQuery, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use kernel::MalformedJson;
use serde::de::DeserializeOwned;

use crate::messages;
use crate::problem::Problem;
use crate::table::PagingError;

/// A request's body as JSON (`application/json`): 400 if it cannot be read, 413 if it is too large, 415 if it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "request.not_json",
                messages::NOT_JSON,
            ));
        }
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A request's body as it came: 413 if it is too large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        read(request, state).await.map(Self)
    }
}

/// Reads JSON that came as a body: 400 if it cannot be read. Says where, and nothing of what stood there.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = MalformedJson::from(error);
        tracing::info!(request.reason = place.to_string(), "a request could not be read");
        Problem::new(StatusCode::BAD_REQUEST, "request.malformed", messages::MALFORMED)
    })
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let read = Bytes::from_request(request, state).await;
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "request.too_large", messages::TOO_LARGE)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "request.malformed", messages::MALFORMED),
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// The one id in a path: what is no id names nothing, 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_malformed| unknown())?;
        text.parse().map(Self).map_err(|_malformed| unknown())
    }
}

/// The answer to what names nothing, or nothing of the caller's.
#[must_use]
pub fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "request.unknown", messages::UNKNOWN)
}

/// The parameters behind `?`: 400 if they cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = UrlQuery::<T>::from_request_parts(parts, state).await;
        read.map(|UrlQuery(params)| Self(params)).map_err(|_malformed| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "request.malformed_query",
                messages::MALFORMED_QUERY,
            )
        })
    }
}

impl From<PagingError> for Problem {
    fn from(error: PagingError) -> Self {
        match error {
            PagingError::Limit | PagingError::Cursor => {
                Problem::new(StatusCode::BAD_REQUEST, "request.paging", messages::PAGING)
            }
        }
    }
}

/// The version that a change is based on, from `If-Match`: 428 if it is missing. Nothing is at version 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub u64);

impl IfMatch {
    /// An answer 412 unless the row is still at the version that the caller saw.
    pub fn check(self, version: u64) -> Result<(), Problem> {
        if self.0 == version { Ok(()) } else { Err(Self::stale()) }
    }

    /// The answer to a change of what somebody else has changed meanwhile.
    #[must_use]
    pub fn stale() -> Problem {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "request.stale",
            messages::VERSION_STALE,
        )
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let given = parts.headers.get(header::IF_MATCH).ok_or_else(|| {
            Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "request.if_match_missing",
                messages::VERSION_MISSING,
            )
        })?;
        let version = given
            .to_str()
            .ok()
            .and_then(|tag| tag.trim().trim_matches('"').parse().ok());
        Ok(Self(version.unwrap_or(0)))
    }
}

/// The `ETag` of a row at `version`.
#[must_use]
pub fn etag(version: u64) -> (header::HeaderName, HeaderValue) {
    let tag = HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
    (header::ETAG, tag)
}
