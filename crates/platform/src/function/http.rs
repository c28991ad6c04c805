//! HTTP functions: an axum router behind the function-URL event (payload format 2.0).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kernel::{Ids, RandomIds, Traceparent};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;
use tower::util::MapRequestLayer;
use tracing::{Instrument, Span, field, info_span};

use super::{Function, FunctionError};

impl Function {
    /// Answers each request with `router`, within a span of its own.
    #[must_use]
    pub fn http(router: Router) -> Self {
        let router = router.layer(MapRequestLayer::new(name_route));
        Self(Arc::new(move |event| {
            let router = router.clone();
            Box::pin(async move {
                let event: HttpEvent = serde_json::from_value(event).map_err(|error| FunctionError(error.into()))?;
                let span = event.span();
                let request = event.into_request().map_err(|error| FunctionError(error.into()))?;
                let answer = async {
                    let response = router.oneshot(request).await.map_err(|never| match never {})?;
                    HttpReply::from_response(response).await
                };
                let reply = answer.instrument(span).await?;
                serde_json::to_value(reply).map_err(|error| FunctionError(error.into()))
            })
        }))
    }
}

/// Paths hold ids of documents, and what somebody looked at is personal: the log gets the route's pattern.
fn name_route(request: Request<Body>) -> Request<Body> {
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        Span::current().record("http.route", route.as_str());
    }
    request
}

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
    fn span(&self) -> Span {
        let span = info_span!(
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

    fn into_request(self) -> Result<Request<Body>, MalformedEvent> {
        let body = match self.body {
            Some(text) if self.is_base64_encoded => BASE64_STANDARD.decode(text)?.into(),
            Some(text) => text.into(),
            None => Body::empty(),
        };
        let mut request = Request::new(body);
        *request.method_mut() =
            Method::from_bytes(self.request_context.http.method.as_bytes()).map_err(http::Error::from)?;
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
enum MalformedEvent {
    #[error("the body is not base64")]
    Body(#[from] base64::DecodeError),
    #[error("the method, the path or a header is none")]
    Head(#[from] http::Error),
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
        let body = if is_text {
            String::from_utf8(bytes.into()).map_err(|error| error.into_bytes().into())
        } else {
            Err(bytes)
        };
        let is_base64_encoded = body.is_err();
        let headers = parts.headers.iter().map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        Ok(Self {
            status_code: parts.status.as_u16(),
            headers: headers.collect(),
            body: body.unwrap_or_else(|bytes| BASE64_STANDARD.encode(bytes)),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use std::io::{self, Write};
    use std::sync::Mutex;

    use axum::extract::Path;
    use axum::response::IntoResponse;
    use axum::routing::get;
    use bytes::Bytes;
    use http::StatusCode;
    use serde_json::{Value, json};
    use tracing::info;
    use tracing::instrument::WithSubscriber;

    use super::*;

    const GOLDEN: &str = include_str!("../../../../events/aws/function-url-decide.json");

    fn event(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> HttpEvent {
        let mut request = Request::builder().method(method).uri("/outside?q=1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        HttpEvent::new(&parts, path, body, "203.0.113.7".into(), 1_767_574_800_000)
    }

    async fn invoke(router: Router, event: &HttpEvent) -> HttpReply {
        let reply = Function::http(router)
            .invoke(serde_json::to_value(event).unwrap())
            .await;
        serde_json::from_value(reply.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_request_arrives_as_it_was_sent_and_so_does_its_answer() {
        let echo = async |request: Request<Body>| {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let head = format!(
                "{} {} {}",
                parts.method,
                parts.uri,
                parts.headers["x-two"].to_str().unwrap()
            );
            (
                StatusCode::CREATED,
                [("content-type", "application/pdf"), ("x-head", &head)],
                body,
            )
                .into_response()
        };
        let bytes = [0, 159, 146, 150];
        let event = event("POST", "/a%2Fb/c", &[("x-two", "1"), ("x-two", "2")], &bytes);
        let reply = invoke(Router::new().fallback(echo), &event).await;
        assert_eq!(reply.status_code, 201);
        assert_eq!(reply.headers["x-head"], "POST /a%2Fb/c?q=1 1,2");
        assert!(reply.is_base64_encoded);
        assert_eq!(reply.into_body(), bytes);
    }

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

    #[tokio::test]
    async fn what_is_no_request_fails_the_invocation_and_nothing_else() {
        let mut golden: Value = serde_json::from_str(GOLDEN).unwrap();
        golden["isBase64Encoded"] = json!(true);
        let function = Function::http(Router::new());
        assert!(function.invoke(golden.clone()).await.is_err());
        golden["isBase64Encoded"] = json!(false);
        assert_eq!(function.invoke(golden).await.unwrap()["statusCode"], 404);
    }

    /// What was logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_a_request_logs_carries_its_id_its_trace_and_its_route_but_no_id_of_a_document() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        let router = Router::new().route("/v/{id}", get(async |_: Path<String>| info!("looked at")));
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let traceparent = format!("00-{trace}-b7ad6b7169203331-01");
        let traced = event("GET", "/v/rahasia", &[("traceparent", &traceparent)], b"");
        let untraced = event("GET", "/v/rahasia", &[("traceparent", "rahasia")], b"");
        async {
            invoke(router.clone(), &traced).await;
            invoke(router, &untraced).await;
        }
        .with_subscriber(subscriber)
        .await;

        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let span = |index: usize| &lines[index]["span"];
        assert_eq!(lines.len(), 2);
        assert_eq!(span(0)["http.request_id"], traced.request_context.request_id);
        assert_eq!(
            (&span(0)["http.method"], &span(0)["http.route"]),
            (&json!("GET"), &json!("/v/{id}"))
        );
        assert_eq!(span(0)["trace.id"], trace);
        assert_eq!(span(1)["trace.id"], Value::Null);
        assert_ne!(span(0)["http.request_id"], span(1)["http.request_id"]);
        assert!(!log.contains("rahasia"), "{log}");
    }
}
