//! What the public function answers to links that name nothing, to many at once, and when it cannot answer.

use std::future::pending;

use embedded::{Credentials, Engine, Options, Storage};
use futures::FutureExt;
use http::Request;
use kernel::Sha256Digest;
use platform::{Environment, Function, HttpEvent, HttpReply, Key, Provision, Record, Settings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const ID: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";

/// A public row as it stands in the table.
#[derive(Serialize, Deserialize)]
struct Registered(Value);

impl Record for Registered {
    fn key(&self) -> Key {
        Key::state("public", "document", self.0["id"].as_str().unwrap())
    }
}

fn registered() -> Registered {
    Registered(json!({
        "id": ID, "number": "503/0042/DPMPTSP/2026", "type": "Izin", "date": "2026-01-05", "issuing_unit": "DPMPTSP",
        "signer": "Budi Contoh", "office": "Kepala Dinas", "signed_at": "2026-01-05T01:00:00Z",
        "issued_at": "2026-01-05T01:00:01Z", "valid_until": null,
        "signed_sha256": Sha256Digest::of(b"F1"), "signed_length": 2, "final_sha256": Sha256Digest::of(b"F2"), "final_length": 2,
    }))
}

fn environment_at(endpoint: &str) -> Environment {
    let settings: Settings = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "ap-southeast-3"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("TABLE_NAME", "absah-test-table"),
        ("TIME_ZONE", "Asia/Jakarta"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    Environment::connect(settings).unwrap()
}

/// The function over a register with one document.
async fn verify() -> Function {
    let (listener, endpoint) = listen().await;
    let credentials = Credentials {
        access_key: "AKID".into(),
        secret_key: "secret".into(),
    };
    let engine = Engine::open(Options::new(Storage::Memory, credentials)).await.unwrap();
    tokio::spawn(async move { engine.serve(listener, pending::<()>()).await });
    let environment = environment_at(&endpoint);
    let provision = Provision::new(&environment.aws);
    provision.table("absah-test-table", None).await.unwrap();
    let table = environment.table().unwrap();
    let transaction = table.transaction().insert(&registered()).unwrap();
    transaction.commit().await.unwrap();
    documents::verify::function(&environment).unwrap()
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

async fn send(function: &Function, method: &str, path: &str, content_type: &str, body: &[u8]) -> HttpReply {
    let request = Request::builder().method(method).header("content-type", content_type);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let event = HttpEvent::new(&parts, path, body, "203.0.113.7".into(), 1_767_574_800_000);
    let reply = function.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
    serde_json::from_value(reply).unwrap()
}

async fn get(function: &Function, path: &str) -> HttpReply {
    send(function, "GET", path, "", b"").await
}

#[tokio::test]
async fn an_issued_document_answers_in_either_case_with_and_without_the_format() {
    let verify = verify().await;
    let h = Sha256Digest::of(b"F1").to_base32();
    for id in [
        ID.to_owned(),
        ID.to_lowercase(),
        format!("1{ID}"),
        format!("1{}", ID.to_lowercase()),
    ] {
        for path in [
            format!("/v/{id}"),
            format!("/V/{id}"),
            format!("/V/{id}/{h}"),
            format!("/v/{id}/{}", h.to_lowercase()),
        ] {
            let reply = get(&verify, &path).await;
            assert_eq!(reply.status_code, 200, "{path}");
            assert!(reply.body.contains("Dokumen asli dan berlaku") && reply.body.contains("503/0042/DPMPTSP/2026"));
        }
        let reply = get(&verify, &format!("/api/v1/documents/{id}")).await;
        let view: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(
            (reply.status_code, &view["id"], &view["standing"]),
            (200, &json!(ID), &json!("in_force"))
        );
    }
}

#[tokio::test]
async fn unknown_malformed_and_guessed_ids_get_one_answer_on_every_route() {
    let verify = verify().await;
    let unknown = "B".repeat(26);
    let ids = [
        unknown.to_lowercase(),
        format!("1{unknown}"),
        "A".repeat(25),
        "A".repeat(10_000),
        "a".repeat(10_000),
        format!("2{ID}"),
        "%FF".into(),
        "%ff%fe".into(),
        format!("{ID}%FF"),
        "%00".into(),
        "%C3%28".into(),
        "%2e%2e%2f".into(),
        "a%2Fb".into(),
        "+".into(),
        "\u{fffd}".into(),
        "dokumen saya".into(),
        String::new(),
    ];
    let h = Sha256Digest::of(b"F1").to_base32();
    let page = get(&verify, &format!("/v/{unknown}")).await;
    assert_eq!(
        (page.status_code, page.headers["content-type"].as_str()),
        (404, "text/html; charset=utf-8")
    );
    assert!(page.body.contains("Dokumen tidak terdaftar"));
    let problem = get(&verify, &format!("/api/v1/documents/{unknown}")).await;
    assert_eq!(
        (problem.status_code, problem.headers["content-type"].as_str()),
        (404, "application/problem+json")
    );
    assert_eq!(
        serde_json::from_str::<Value>(&problem.body).unwrap()["code"],
        "verify.unknown_document"
    );
    for id in ids {
        for path in [
            format!("/v/{id}"),
            format!("/V/{id}"),
            format!("/v/{id}/{h}"),
            format!("/v/{id}/%FF"),
        ] {
            assert_eq!(get(&verify, &path).await, page, "{path}");
        }
        assert_eq!(get(&verify, &format!("/api/v1/documents/{id}")).await, problem, "{id}");
    }
}

#[tokio::test]
async fn each_of_many_who_ask_at_once_gets_the_answer_to_its_own_question() {
    let verify = verify().await;
    let asked = (0..100).map(|index| {
        let (verify, known) = (verify.clone(), index % 3 == 0);
        async move {
            let id = if known {
                ID.to_owned()
            } else {
                format!("{:B>26}", ["A", "C"][index % 2])
            };
            let reply = get(&verify, &format!("/api/v1/documents/{id}")).await;
            assert_eq!(reply.status_code, if known { 200 } else { 404 });
        }
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn when_the_register_cannot_be_asked_people_get_a_page_and_programs_a_problem() {
    // Nobody listens there any more.
    let (listener, endpoint) = listen().await;
    drop(listener);
    let verify = documents::verify::function(&environment_at(&endpoint)).unwrap();
    let link = format!("/v/1{ID}/{}", Sha256Digest::of(b"F1").to_base32());
    for path in [format!("/v/{ID}"), link] {
        let page = get(&verify, &path).await;
        assert_eq!(
            (page.status_code, page.headers["content-type"].as_str()),
            (503, "text/html; charset=utf-8")
        );
        assert!(page.headers.contains_key("retry-after") && page.headers.contains_key("content-security-policy"));
        assert!(page.body.contains("lang=\"id\"") && page.body.contains("Layanan sedang sibuk"));
    }
    let problem = get(&verify, &format!("/api/v1/documents/{ID}")).await;
    assert_eq!(
        (problem.status_code, problem.headers["content-type"].as_str()),
        (503, "application/problem+json")
    );
    assert!(problem.headers.contains_key("retry-after"));
    assert_eq!(
        serde_json::from_str::<Value>(&problem.body).unwrap()["code"],
        "table.unavailable"
    );
}

#[tokio::test]
async fn uploads_beyond_the_places_for_them_are_sent_away_at_once_and_digests_are_not() {
    // It takes connections and never answers: whoever asks the register waits.
    let (_listener, endpoint) = listen().await;
    let verify = documents::verify::function(&environment_at(&endpoint)).unwrap();
    let upload = || Box::pin(send(&verify, "POST", "/api/v1/verify", "application/pdf", b"%PDF-1.7"));
    let (mut first, mut second) = (upload(), upload());
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());

    let refused = upload().now_or_never().unwrap();
    assert_eq!(
        (refused.status_code, refused.headers.contains_key("retry-after")),
        (503, true)
    );
    let problem: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(problem["code"], "verify.busy");
    assert_eq!(
        problem["title"],
        "Layanan sedang sibuk. Silakan coba lagi sebentar lagi."
    );

    let digest = format!(r#"{{"sha256":"{}"}}"#, Sha256Digest::of(b"F2"));
    let digest = send(&verify, "POST", "/api/v1/verify", "application/json", digest.as_bytes());
    assert!(digest.now_or_never().is_none());

    // Nobody waits for the first any more: once its digest is computed, its place is free.
    drop(first);
    loop {
        let mut again = upload();
        if (&mut again).now_or_never().is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
}
