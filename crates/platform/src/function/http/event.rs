//! The event that a function URL makes of a request, and the request again.

use std::collections::BTreeMap;

use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::COOKIE;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use jiff::Timestamp;
use kernel::{Ids, RandomIds, Traceparent};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tracing::{Span, error_span, field};

use crate::function::proxy::PassedOn;
use crate::origin::Origin;

/// A request as a function URL delivers it (payload format 2.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    version: String,
    route_key: String,
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    request_context: RequestContext,
    body: Option<String>,
    #[serde(default)]
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
    #[serde(default)]
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
        let at = Timestamp::from_millisecond(time_epoch).unwrap_or_default();
        Self {
            version: "2.0".into(),
            route_key: "$default".into(),
            raw_path: path.to_owned(),
            raw_query_string: parts.uri.query().unwrap_or_default().to_owned(),
            cookies: Vec::new(),
            request_context: RequestContext {
                domain_name: header("host").to_owned(),
                http: RequestLine {
                    method: parts.method.to_string(),
                    path: path.to_owned(),
                    protocol: "HTTP/1.1".into(),
                    source_ip,
                    user_agent: header("user-agent").to_owned(),
                },
                request_id: RandomIds.event_id(at).to_string(),
                stage: "$default".into(),
                time_epoch,
            },
            headers,
            body: (!body.is_empty()).then(|| BASE64_STANDARD.encode(body)),
            is_base64_encoded: !body.is_empty(),
        }
    }

    /// What everything that is logged about this request has in common.
    pub(super) fn span(&self) -> Span {
        let span = error_span!(
            "http",
            http.request_id = self.request_context.request_id,
            http.method = self.request_context.http.method,
            http.route = field::Empty,
            trace.id = field::Empty,
        );
        let traceparent = self.headers.get("traceparent").map(|text| text.parse::<Traceparent>());
        if let Some(Ok(traceparent)) = traceparent {
            span.record("trace.id", traceparent.trace_id());
        }
        span
    }

    pub(super) fn into_request(self) -> Result<Request<Body>, MalformedEvent> {
        let body = match self.body {
            Some(text) if self.is_base64_encoded => BASE64_STANDARD.decode(text)?.into(),
            Some(text) => text.into(),
            None => Body::empty(),
        };
        let mut request = Request::new(body);
        let RequestContext {
            http: line, request_id, ..
        } = self.request_context;
        *request.method_mut() = Method::from_bytes(line.method.as_bytes()).map_err(http::Error::from)?;
        *request.uri_mut() = uri(&self.raw_path, &self.raw_query_string)?;
        let headers = request.headers_mut();
        headers.reserve(self.headers.len());
        for (name, value) in self.headers {
            let value = HeaderValue::try_from(value).map_err(http::Error::from)?;
            headers.append(HeaderName::try_from(name).map_err(http::Error::from)?, value);
        }
        if !self.cookies.is_empty() {
            let cookies = HeaderValue::try_from(self.cookies.join("; ")).map_err(http::Error::from)?;
            headers.append(COOKIE, cookies);
        }
        let passed_on = PassedOn::take(headers);
        let origin = Origin::new(line.source_ip, headers, request_id);
        request.extensions_mut().insert(origin);
        if let Some(passed_on) = passed_on {
            request.extensions_mut().insert(passed_on);
        }
        Ok(request)
    }
}

/// What a path cannot hold as it is; `%` it can, as what comes is encoded already.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The path and the query as they came. Whoever delivers the event may have decoded the path; what a URI cannot hold is
/// encoded again.
fn uri(path: &str, query: &str) -> Result<Uri, MalformedEvent> {
    let mut text = utf8_percent_encode(path, NOT_IN_PATHS).to_string();
    if !query.is_empty() {
        text.push('?');
        text.push_str(query);
    }
    Ok(Uri::try_from(text).map_err(http::Error::from)?)
}

/// The event holds what cannot have come over HTTP.
#[derive(Debug, thiserror::Error)]
pub(super) enum MalformedEvent {
    #[error("the body is not base64")]
    Body(#[from] base64::DecodeError),
    #[error("the method, the path or a header is none")]
    Head(#[from] http::Error),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use bytes::Bytes;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;

    const GOLDEN: &str = include_str!("../../../../../events/aws/function-url-decide.json");

    #[tokio::test]
    async fn a_golden_event_of_a_function_url_arrives() {
        let mut golden: Value = serde_json::from_str(GOLDEN).unwrap();
        golden["cookies"] = json!(["a=1", "b=2"]);
        let event: HttpEvent = serde_json::from_value(golden).unwrap();
        let request = event.into_request().unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "/approvals/AAAQEAYEAUDAOCAJBIFQYDIOB4/decisions");
        assert_eq!(request.headers()["authorization"], "Bearer <token>");
        assert_eq!(request.headers()["cookie"], "a=1; b=2");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, Bytes::from_static(br#"{"verdict": "approve"}"#));
    }

    #[test]
    fn a_path_that_was_decoded_on_its_way_is_a_path_again() {
        assert_eq!(uri("/v/a b\u{fffd}\"?c", "").unwrap(), "/v/a%20b%EF%BF%BD%22%3Fc");
        assert_eq!(uri("/v/%FF%00", "a=b%20c").unwrap(), "/v/%FF%00?a=b%20c");
    }
}
