//! Who may decide: only whoever holds a token that is ours, for us, in time, of the tenant and of the role.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use localstack::Home;
use serde_json::{Value, json};

use crate::support::messages::{history, types};
use crate::support::{TENANT, blocking, call, key_file, sample, site};

/// What a token says of its holder.
pub(crate) struct Holder<'a> {
    pub(crate) id: &'a str,
    pub(crate) role: &'a str,
    pub(crate) permission: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) audience: &'a str,
    /// From now; below zero it has ended.
    pub(crate) seconds_left: i64,
}

impl Default for Holder<'_> {
    /// The head of office of the demo's tenant.
    fn default() -> Self {
        Self {
            id: "kepala-dinas",
            role: "head_of_office",
            permission: "approval:decide",
            tenant: TENANT,
            audience: "absah",
            seconds_left: 600,
        }
    }
}

/// A token as whoever signs people in would make it.
pub(crate) fn token(holder: &Holder<'_>) -> String {
    signed(&claims(holder), &key_file("token.pem"))
}

fn claims(holder: &Holder<'_>) -> Value {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "sub": holder.id, "name": "Contoh Pejabat", "tenant_id": holder.tenant, "roles": [holder.role], "permissions": [holder.permission],
        "aud": holder.audience, "iat": now, "exp": now + holder.seconds_left,
    })
}

pub(crate) fn signed(claims: &Value, key: &str) -> String {
    let key = EncodingKey::from_ec_pem(key.as_bytes()).unwrap();
    encode(&Header::new(Algorithm::ES256), claims, &key).unwrap()
}

fn without(claim: &str) -> String {
    let mut claims = claims(&Holder::default());
    claims.as_object_mut().unwrap().remove(claim);
    signed(&claims, &key_file("token.pem"))
}

/// Tokens that are not ours, or not for now, and why.
fn refused() -> Vec<(&'static str, String)> {
    let good = claims(&Holder::default());
    let stranger = tempfile::tempdir().unwrap();
    Home::open(stranger.path()).unwrap();
    let stranger = std::fs::read_to_string(stranger.path().join("keys/token.pem")).unwrap();
    // The public key is no secret: who takes it for one can be told anything.
    let secret = EncodingKey::from_secret(key_file("token.pub.pem").as_bytes());
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = |algorithm: &str| format!("{}.{}.", part(&json!({ "alg": algorithm, "typ": "JWT" })), part(&good));
    let ours = token(&Holder::default());
    let (message, signature) = ours.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let forged = claims(&Holder {
        id: "bupati",
        ..Holder::default()
    });
    let of = |holder: Holder<'_>| token(&holder);
    vec![
        (
            "ended",
            of(Holder {
                seconds_left: -60,
                ..Holder::default()
            }),
        ),
        (
            "for another service",
            of(Holder {
                audience: "lain",
                ..Holder::default()
            }),
        ),
        (
            "of a tenant that is reserved",
            of(Holder {
                tenant: "system",
                ..Holder::default()
            }),
        ),
        ("without an end", without("exp")),
        ("without an audience", without("aud")),
        ("without a holder", without("sub")),
        ("without a tenant", without("tenant_id")),
        ("of another key", signed(&good, &stranger)),
        (
            "signed with the public key as a secret",
            encode(&Header::new(Algorithm::HS256), &good, &secret).unwrap(),
        ),
        ("not signed", unsigned("none")),
        ("not signed, and said otherwise", unsigned("ES256")),
        ("with other claims", format!("{header}.{}.{signature}", part(&forged))),
        (
            "with another signature",
            format!("{message}.{}", signature.chars().rev().collect::<String>()),
        ),
        ("without its signature", message.to_owned()),
        ("no token", "x.y.z".to_owned()),
        ("empty", String::new()),
    ]
}

/// A request to the decide function over the wire: status, code of the problem, and body.
async fn ask(url: &str, authorization: &str, body: Option<Value>) -> (u16, String, Value) {
    let (url, authorization) = (url.to_owned(), authorization.to_owned());
    let asked = blocking(move || {
        let headers = [("authorization", authorization.as_str()), ("idempotency-key", "k-1")];
        let body = body.map(|body| body.to_string());
        match body {
            Some(body) => call(&format!("{url}/decisions"), &headers, Some(body.as_bytes())),
            None => call(&url, &headers, None),
        }
    });
    let (status, answer) = asked.await;
    (status, answer["code"].as_str().unwrap_or_default().to_owned(), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn deciding_needs_a_token_of_ours_in_time_for_the_tenant_and_of_the_role_whose_turn_it_is() {
    let site = site().await;
    let id = site.submit("izin", sample(), &[]).await;
    let url = format!("{}/approvals/{id}", site.decide);
    let approve = || Some(json!({ "verdict": "approve" }));
    let bearer = |holder: &Holder<'_>| format!("Bearer {}", token(holder));

    let good = token(&Holder::default());
    let mut unauthorised: Vec<_> = refused()
        .into_iter()
        .map(|(why, token)| (why, format!("Bearer {token}")))
        .collect();
    unauthorised.extend([
        ("not named a bearer's", good.clone()),
        ("of another kind", format!("Basic {good}")),
    ]);
    for (why, authorization) in unauthorised {
        for body in [approve(), None] {
            let (status, code, _) = ask(&url, &authorization, body).await;
            assert_eq!((status, code.as_str()), (401, "access.unauthorized"), "{why}");
        }
    }
    let elsewhere = Holder {
        tenant: "lain",
        ..Holder::default()
    };
    for body in [approve(), None] {
        let (status, code, _) = ask(&url, &bearer(&elsewhere), body).await;
        assert_eq!(
            (status, code.as_str()),
            (404, "approvals.unknown"),
            "another tenant's official sees nothing"
        );
    }
    let examiner = Holder {
        id: "pemeriksa-1",
        role: "examiner",
        ..Holder::default()
    };
    let (status, code, _) = ask(&url, &bearer(&examiner), approve()).await;
    assert_eq!((status, code.as_str()), (404, "approvals.unknown"), "no step of theirs");
    assert_eq!(
        types(&history(&site, TENANT, "approval", &id).await),
        ["approval.opened"]
    );

    // A clock that is half a minute behind is no reason to refuse.
    let just_ended = Holder {
        seconds_left: -10,
        ..Holder::default()
    };
    let (status, _, view) = ask(&url, &bearer(&just_ended), approve()).await;
    assert_eq!((status, &view["status"]["name"]), (200, &json!("approved")));
    assert_eq!(view["history"][0]["actor_id"], "kepala-dinas");
    let (status, _, seen) = ask(&url, &format!("Bearer {good}"), None).await;
    assert_eq!((status, seen), (200, view));
    let unknown = url.replace(&id, &"A".repeat(26));
    let (status, code, _) = ask(&unknown, &format!("Bearer {good}"), approve()).await;
    assert_eq!((status, code.as_str()), (404, "approvals.unknown"));
    site.stop().await;
}
