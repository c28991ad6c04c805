//! Who an HTTP function lets in, how often, and what it answers.

mod keys;

use axum::Router;
use axum::routing::{get, post};
use http::Request;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::{
    AuditEntry, Caller, Environment, Function, Gate, HttpEvent, HttpReply, JsonBody, Outcome, Problem, PublicKey,
    TokenKeys,
};
use serde_json::{Value, json};

use crate::{configured, environment};

/// Made for these tests, and used nowhere else: the private key, and the coordinates of the public one.
const KEY: &str = include_str!("../data/token.pem");
const X: &str = include_str!("../data/token.x");
const Y: &str = include_str!("../data/token.y");

async fn who(caller: Caller) -> String {
    format!("{} {} {:?}", caller.tenant, caller.id, caller.kind)
}

async fn manage(caller: Caller) -> Result<&'static str, Problem> {
    caller.require("user:create").map(|()| "made")
}

async fn echo(_caller: Caller, JsonBody(value): JsonBody<Value>) -> axum::Json<Value> {
    axum::Json(value)
}

async fn long() -> String {
    "a".repeat(5_000)
}

fn router() -> Router {
    Router::new()
        .route("/who", get(who))
        .route("/users", post(manage))
        .route("/echo", post(echo))
        .route("/long", get(long))
}

/// Publishes the key, to be trusted until then.
async fn publish(environment: &Environment, until: Timestamp) {
    let keys = TokenKeys {
        keys: vec![PublicKey {
            kid: "2026-1".into(),
            x: X.trim().into(),
            y: Y.trim().into(),
            since: Timestamp::UNIX_EPOCH,
            until,
        }],
    };
    let table = environment.table().unwrap();
    let transaction = table.transaction().overwrite(&keys).unwrap();
    transaction.commit().await.unwrap();
}

async fn place(settings: &[(&str, &str)]) -> Environment {
    let environment = environment().await;
    publish(&environment, Timestamp::MAX).await;
    configured(&environment, settings)
}

async fn function(settings: &[(&str, &str)]) -> Function {
    Gate::connect(&place(settings).await).unwrap().protect(router())
}

fn token(tenant: &str, user: &str, permissions: &[&str]) -> String {
    let now = Timestamp::now().as_second();
    let claims = json!({
        "sub": user, "name": "Contoh", "tenant_id": tenant, "roles": ["admin"], "permissions": permissions,
        "aud": "absah", "iat": now, "exp": now + 600, "jti": "1",
    });
    let header = Header {
        kid: Some("2026-1".into()),
        ..Header::new(Algorithm::ES256)
    };
    let key = EncodingKey::from_ec_pem(KEY.as_bytes()).unwrap();
    format!("Bearer {}", encode(&header, &claims, &key).unwrap())
}

struct Sent<'a> {
    method: &'a str,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

fn get_as<'a>(path: &'a str, headers: &'a [(&'a str, &'a str)]) -> Sent<'a> {
    Sent {
        method: "GET",
        path,
        headers,
        body: "",
    }
}

fn post_as<'a>(path: &'a str, headers: &'a [(&'a str, &'a str)], body: &'a str) -> Sent<'a> {
    Sent {
        method: "POST",
        path,
        headers,
        body,
    }
}

async fn send(function: &Function, sent: Sent<'_>) -> HttpReply {
    let mut request = Request::builder().method(sent.method).header("host", "127.0.0.1");
    for (name, value) in sent.headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let event = HttpEvent::new(&parts, sent.path, sent.body.as_bytes(), "203.0.113.7".into(), 0);
    let reply = function.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
    serde_json::from_value(reply).unwrap()
}

fn code(reply: &HttpReply) -> (u16, String) {
    let problem: Value = serde_json::from_str(&reply.body).unwrap();
    (reply.status_code, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn whoever_holds_a_token_of_a_published_key_is_known_and_nobody_else() {
    let function = function(&[]).await;
    let good = token("karo", "u1", &[]);
    let reply = send(&function, get_as("/who", &[("authorization", &good)])).await;
    assert_eq!((reply.status_code, reply.body.as_str()), (200, "karo u1 Person"));
    for header in [&good[..good.len() - 3], "Bearer", "Bearer x", "Basic dTpw", ""] {
        let reply = send(&function, get_as("/who", &[("authorization", header)])).await;
        assert_eq!(code(&reply), (401, "access.unauthorized".into()), "{header}");
    }
    for path in ["/who", "/nowhere", "/users"] {
        assert_eq!(send(&function, get_as(path, &[])).await.status_code, 401, "{path}");
    }
}

#[tokio::test]
async fn the_first_key_is_known_as_soon_as_it_is_published_and_one_that_is_over_is_not() {
    let environment = environment().await;
    let function = Gate::connect(&environment).unwrap().protect(router());
    let held = token("karo", "u1", &[]);
    let ask = async || {
        send(&function, get_as("/who", &[("authorization", &held)]))
            .await
            .status_code
    };
    assert_eq!(ask().await, 401);
    publish(&environment, environment.now()).await;
    assert_eq!(ask().await, 401);
    publish(&environment, Timestamp::MAX).await;
    assert_eq!(ask().await, 200);
}

#[tokio::test]
async fn what_a_caller_may_not_do_is_refused_and_recorded() {
    let environment = place(&[]).await;
    let function = Gate::connect(&environment).unwrap().protect(router());
    let held = token("karo", "u1", &["user:read"]);
    let headers = [
        ("authorization", held.as_str()),
        ("x-correlation-id", "c-1"),
        ("user-agent", "tes"),
    ];
    let reply = send(&function, post_as("/users", &headers, "")).await;
    assert_eq!(code(&reply), (403, "access.forbidden".into()));
    assert_eq!(reply.headers["x-correlation-id"], "c-1");

    let recorded = crate::actions(&environment).await;
    let [entry]: [AuditEntry; 1] = recorded.try_into().unwrap();
    assert_eq!(
        (entry.action.as_str(), entry.actor.id.as_str()),
        ("access.refused", "u1")
    );
    assert_eq!(
        (entry.resource.id.as_str(), entry.outcome),
        ("/users", Outcome::Refused)
    );
    let origin = entry.origin.unwrap();
    assert_eq!((origin.ip.as_str(), origin.user_agent.as_str()), ("203.0.113.7", "tes"));
}

#[tokio::test]
async fn after_as_many_requests_as_are_allowed_the_next_waits_and_others_do_not() {
    let function = function(&[("RATE_LIMITS", r#"{"read": 3, "write": 1}"#)]).await;
    let (first, second) = (token("karo", "u1", &[]), token("karo", "u2", &[]));
    let headers = [("authorization", first.as_str())];
    // The minute of the clock may end in between, and then all begins anew.
    let mut statuses = Vec::new();
    for _ in 0..9 {
        let reply = send(&function, get_as("/who", &headers)).await;
        assert_eq!(reply.headers["ratelimit-limit"], "3");
        statuses.push(reply.status_code);
        if reply.status_code == 429 {
            assert_eq!(code(&reply), (429, "access.too_many_requests".into()));
            assert_eq!(reply.headers["ratelimit-remaining"], "0");
            let seconds: u64 = reply.headers["retry-after"].parse().unwrap();
            assert!((1..=60).contains(&seconds));
            break;
        }
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!((4..=7).contains(&statuses.len()), "{statuses:?}");
    let other = send(&function, get_as("/who", &[("authorization", &second)])).await;
    assert_eq!(other.status_code, 200);
}

#[tokio::test]
async fn a_tenant_has_a_ceiling_that_other_tenants_do_not_feel() {
    let function = function(&[("RATE_LIMITS", r#"{"tenant": 2}"#)]).await;
    let mut last = 200;
    for user in ["u1", "u2", "u3", "u4", "u5"] {
        let held = token("karo", user, &[]);
        last = send(&function, get_as("/who", &[("authorization", &held)]))
            .await
            .status_code;
    }
    assert_eq!(last, 429);
    let elsewhere = token("dairi", "u1", &[]);
    let reply = send(&function, get_as("/who", &[("authorization", &elsewhere)])).await;
    assert_eq!(reply.status_code, 200);
}

#[tokio::test]
async fn bodies_that_are_too_large_too_deep_or_no_json_have_answers_of_their_own() {
    let function = function(&[]).await;
    let held = token("karo", "u1", &[]);
    let json = [
        ("authorization", held.as_str()),
        ("content-type", "application/json; charset=utf-8"),
    ];
    let text = [("authorization", held.as_str()), ("content-type", "text/plain")];
    let large = format!("\"{}\"", "a".repeat(70_000));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let cases = [
        (post_as("/echo", &json, "{\"a\":1}"), (200, None)),
        (post_as("/echo", &json, &large), (413, Some("request.too_large"))),
        (post_as("/echo", &json, &deep), (400, Some("request.malformed"))),
        (post_as("/echo", &json, "{"), (400, Some("request.malformed"))),
        (post_as("/echo", &text, "{}"), (415, Some("request.not_json"))),
        (get_as("/nowhere", &json), (404, Some("request.unknown"))),
        (get_as("/echo", &json), (405, Some("request.method"))),
    ];
    for (sent, (status, expected)) in cases {
        let what = format!("{} {} {}", sent.method, sent.path, sent.body.len());
        let reply = send(&function, sent).await;
        assert_eq!(reply.status_code, status, "{what}");
        if let Some(expected) = expected {
            assert_eq!(code(&reply).1, expected, "{what}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_hardened_and_long_ones_are_compressed_for_who_can_read_them() {
    let function = function(&[]).await;
    let held = token("karo", "u1", &[]);
    let gzip = [("authorization", held.as_str()), ("accept-encoding", "gzip")];
    let reply = send(&function, get_as("/long", &gzip)).await;
    assert_eq!(reply.headers["content-encoding"], "gzip");
    assert!(reply.is_base64_encoded && reply.body.len() < 1_000);
    let plain = send(&function, get_as("/long", &gzip[..1])).await;
    assert_eq!(plain.body.len(), 5_000);
    let refused = send(&function, get_as("/long", &[])).await;
    for reply in [reply, plain, refused] {
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["x-frame-options"], "DENY");
        assert!(reply.headers["strict-transport-security"].contains("max-age"));
        assert!(reply.headers["content-security-policy"].contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn pages_of_named_origins_may_call_and_others_may_not() {
    let function = function(&[("CORS_ORIGINS", "https://karo.example, https://dairi.example")]).await;
    let ask = |origin: &'static str| {
        let function = &function;
        async move {
            let headers = [("origin", origin), ("access-control-request-method", "POST")];
            let sent = Sent {
                method: "OPTIONS",
                path: "/users",
                headers: &headers,
                body: "",
            };
            send(function, sent)
                .await
                .headers
                .get("access-control-allow-origin")
                .cloned()
        }
    };
    assert_eq!(
        ask("https://dairi.example").await.as_deref(),
        Some("https://dairi.example")
    );
    assert_eq!(ask("https://evil.example").await, None);
}
