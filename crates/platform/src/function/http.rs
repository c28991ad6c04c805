//! HTTP functions: an axum router behind the function-URL event (payload format 2.0).

mod event;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tower::ServiceExt;
use tower::util::MapRequestLayer;
use tracing::{Instrument, Span};

use super::{Function, FunctionError};

pub use event::HttpEvent;

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
        // A span whose first use coincides with a subscriber's start in another thread may stay off for good.
        invoke(router.clone(), &traced).await;
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
        assert_eq!(
            span(0)["http.request_id"],
            serde_json::to_value(&traced).unwrap()["requestContext"]["requestId"]
        );
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
