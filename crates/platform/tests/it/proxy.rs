//! Whom a request comes from that a proxy passed on.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use http::Request;
use jiff::Timestamp;
use kernel::FixedClock;
use platform::{Environment, Function, Gate, HttpEvent, HttpReply, Origin};

use crate::{configured, environment};

const SECRET: &str = "rahasia-untuk-pengujian";

/// Within one minute, for as long as it takes.
async fn place(settings: &[(&str, &str)]) -> Environment {
    let environment = Environment {
        clock: Arc::new(FixedClock(Timestamp::now())),
        ..environment().await
    };
    configured(&environment, settings)
}

/// Where people sign in, twice a minute at most.
async fn function(settings: &[(&str, &str)]) -> Function {
    let rates = [("RATE_LIMITS", r#"{"auth":2}"#)];
    let settings: Vec<_> = rates.iter().chain(settings).copied().collect();
    let router = Router::new()
        .route("/login", post(async || "in"))
        .route("/from", get(async |origin: Origin| origin.ip))
        .route("/headers", get(async |headers: HeaderMap| format!("{headers:?}")));
    Gate::connect(&place(&settings).await).unwrap().open(router)
}

async fn send(function: &Function, method: &str, path: &str, headers: &[(&str, &str)]) -> HttpReply {
    let mut request = Request::builder().method(method).header("host", "127.0.0.1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    // The proxy's own address, or that of somebody who plays one.
    let event = HttpEvent::new(&parts, path, b"", "203.0.113.7".into(), 0);
    let reply = function.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
    serde_json::from_value(reply).unwrap()
}

fn through<'a>(secret: &'a str, client: &'a str) -> [(&'a str, &'a str); 2] {
    [("x-absah-proxy", secret), ("x-absah-client", client)]
}

#[tokio::test]
async fn two_people_behind_the_proxy_have_a_limit_each() {
    let function = function(&[("PROXY_SECRET", SECRET)]).await;
    let login = async |client: &str| {
        send(&function, "POST", "/login", &through(SECRET, client))
            .await
            .status_code
    };
    for status in [200, 200, 429] {
        assert_eq!(login("198.51.100.9").await, status);
    }
    assert_eq!(login("198.51.100.10").await, 200);
    assert_eq!(login("2001:db8::1").await, 200);
    // Whatever the first one writes before its address.
    assert_eq!(login("198.51.100.11, 198.51.100.9").await, 429);
}

#[tokio::test]
async fn who_does_not_prove_to_be_the_proxy_has_one_limit_whatever_they_write() {
    let other = ("PROXY_SECRET", "");
    for (settings, secret) in [(("PROXY_SECRET", SECRET), "tebakan"), (other, SECRET), (other, "")] {
        let function = function(&[settings]).await;
        for (client, status) in [("198.51.100.9", 200), ("198.51.100.10", 200), ("198.51.100.11", 429)] {
            let reply = send(&function, "POST", "/login", &through(secret, client)).await;
            assert_eq!(reply.status_code, status, "{client}");
        }
        let from = send(&function, "GET", "/from", &through(secret, "198.51.100.12")).await;
        assert_eq!(from.body, "203.0.113.7");
    }
}

#[tokio::test]
async fn what_is_done_through_the_proxy_is_done_by_who_was_passed_on_and_nobody_reads_the_secret() {
    let function = function(&[("PROXY_SECRET", SECRET)]).await;
    let from = send(&function, "GET", "/from", &through(SECRET, "198.51.100.9")).await;
    assert_eq!(from.body, "198.51.100.9");
    let garbage = send(&function, "GET", "/from", &through(SECRET, "198.51.100.9, siapa?")).await;
    assert_eq!(garbage.body, "203.0.113.7");
    for secret in [SECRET, "tebakan"] {
        let headers = send(&function, "GET", "/headers", &through(secret, "198.51.100.9")).await;
        assert!(
            headers.body.contains("host") && !headers.body.contains("absah"),
            "{headers:?}"
        );
    }
}
