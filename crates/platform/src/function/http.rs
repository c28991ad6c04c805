//! HTTP functions: an axum router behind the function-URL event (payload format 2.0).

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use lambda_http::request::LambdaRequest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tower::ServiceExt;

use super::{Function, FunctionError};

impl Function {
    /// Answers each request with `router`.
    #[must_use]
    pub fn http(router: Router) -> Self {
        Self(Arc::new(move |event| {
            let router = router.clone();
            Box::pin(async move {
                let request: LambdaRequest =
                    serde_json::from_value(event).map_err(|error| FunctionError(error.into()))?;
                let request = http::Request::from(request).map(|body| Body::from(body.to_vec()));
                let response = router.oneshot(request).await.map_err(|never| match never {})?;
                let reply = HttpReply::from_response(response).await?;
                serde_json::to_value(reply).map_err(|error| FunctionError(error.into()))
            })
        }))
    }
}

/// A request as a function URL delivers it (payload format 2.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    version: String,
    route_key: String,
    raw_path: String,
    raw_query_string: String,
    headers: BTreeMap<String, String>,
    request_context: RequestContext,
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    domain_name: String,
    http: RequestLine,
    request_id: String,
    stage: String,
    time_epoch: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestLine {
    method: String,
    path: String,
    protocol: String,
    source_ip: String,
    user_agent: String,
}

impl HttpEvent {
    /// The event for a request whose path is `path` within the function, at `time_epoch` milliseconds.
    #[must_use]
    pub fn new(parts: &http::request::Parts, path: &str, body: &[u8], source_ip: String, time_epoch: i64) -> Self {
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            headers
                .entry(name.as_str().to_owned())
                .and_modify(|all| {
                    all.push(',');
                    all.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
        }
        Self {
            version: "2.0".into(),
            route_key: "$default".into(),
            raw_path: path.to_owned(),
            raw_query_string: parts.uri.query().unwrap_or_default().to_owned(),
            request_context: RequestContext {
                domain_name: header("host").to_owned(),
                http: RequestLine {
                    method: parts.method.to_string(),
                    path: path.to_owned(),
                    protocol: "HTTP/1.1".into(),
                    source_ip,
                    user_agent: header("user-agent").to_owned(),
                },
                request_id: header("x-request-id").to_owned(),
                stage: "$default".into(),
                time_epoch,
            },
            headers,
            body: (!body.is_empty()).then(|| BASE64_STANDARD.encode(body)),
            is_base64_encoded: !body.is_empty(),
        }
    }
}

/// A response as a function URL expects it (payload format 2.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpReply {
    /// The HTTP status.
    pub status_code: u16,
    /// The headers, lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, as text or as base64.
    pub body: String,
    /// Which of the two.
    pub is_base64_encoded: bool,
}

impl HttpReply {
    async fn from_response(response: http::Response<Body>) -> Result<Self, FunctionError> {
        let (parts, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .map_err(|error| FunctionError(error.into()))?
            .to_bytes();
        let is_text = parts
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_none_or(|kind| {
                kind.starts_with("text/")
                    || kind.starts_with("application/json")
                    || kind.starts_with("application/problem+json")
            });
        let text = if is_text {
            String::from_utf8(bytes.to_vec()).ok()
        } else {
            None
        };
        let is_base64_encoded = text.is_none();
        let headers = parts.headers.iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        Ok(Self {
            status_code: parts.status.as_u16(),
            headers: headers.collect(),
            body: text.unwrap_or_else(|| BASE64_STANDARD.encode(&bytes)),
            is_base64_encoded,
        })
    }

    /// The body's bytes; empty when a function sent base64 that is none.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        if self.is_base64_encoded {
            BASE64_STANDARD.decode(self.body).unwrap_or_default()
        } else {
            self.body.into_bytes()
        }
    }
}
