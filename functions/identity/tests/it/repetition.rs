//! What is sent twice is done once.

use serde_json::{Value, json};

use crate::support::Office;

#[tokio::test]
async fn what_is_posted_twice_under_one_key_is_made_once_and_secrets_are_shown_once() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let ani = json!({ "username": "ani", "name": "Ani Contoh", "nik": "9900000000000001" });
    let posts = [
        ("/users", ani, Some("one_time_password")),
        (
            "/api-keys",
            json!({ "name": "SICANTIK", "scopes": ["user:read"] }),
            Some("key"),
        ),
        (
            "/roles",
            json!({ "code": "petugas_arsip", "name": "Arsip", "permissions": [] }),
            None,
        ),
        (
            "/org-units",
            json!({ "code": "DINAS", "name": "Dinas", "type": "root" }),
            None,
        ),
    ];
    for (path, body, secret) in posts {
        let mut first = office.post_once(path, &chief, "sekali", body.clone()).await;
        assert_eq!(first.status, 201, "{path} {first:?}");
        let again = office.post_once(path, &chief, "sekali", body.clone()).await;
        if let Some(secret) = secret {
            assert!(first.body[secret].is_string(), "{path}");
            first.body[secret] = Value::Null;
        }
        assert_eq!(again, first, "{path}");
        let mut other = body;
        other["name"] = "Lain".into();
        let other = office.post_once(path, &chief, "sekali", other).await;
        assert_eq!(other.code(), (422, "idempotency.reused"), "{path}");
    }
    let without = office
        .post_once(
            "/roles",
            &chief,
            "",
            json!({ "code": "x", "name": "X", "permissions": [] }),
        )
        .await;
    assert_eq!(without.code(), (400, "idempotency.no_key"));
    let keys = office.get("/api-keys", &chief).await;
    assert_eq!(keys.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again_under_its_key() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let member = json!({ "username": "ani", "name": "Ani Contoh", "org_unit": "DINAS" });
    let refused = office.post_once("/users", &chief, "sekali", member.clone()).await;
    assert_eq!(refused.code(), (422, "identity.unknown_parent"));
    let unit = json!({ "code": "DINAS", "name": "Dinas", "type": "root" });
    assert_eq!(office.post("/org-units", &chief, unit).await.status, 201);
    assert_eq!(office.post_once("/users", &chief, "sekali", member).await.status, 201);
}
