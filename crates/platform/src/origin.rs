//! Where a request comes from.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

/// Longer names of programs are cut.
const USER_AGENT_LIMIT: usize = 256;

/// Where a request comes from, as an extractor. An address is personal: it goes into audit entries, never into logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The address of whoever connected.
    pub ip: String,
    /// What the program calls itself, at most 256 characters.
    pub user_agent: String,
    /// What everything shares that is done for this request: `X-Correlation-Id` as it came, else the request's own id.
    pub correlation_id: String,
}

impl Origin {
    pub(crate) fn new(ip: String, headers: &HeaderMap, request_id: String) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let plain = |id: &&str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let agent = header("user-agent").unwrap_or_default();
        Self {
            ip,
            user_agent: agent.chars().take(USER_AGENT_LIMIT).collect(),
            correlation_id: header("x-correlation-id")
                .filter(plain)
                .map_or(request_id, str::to_owned),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
