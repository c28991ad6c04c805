//! Keys of programs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use platform::SystemGrants;
use serde_json::{Value, json};

use crate::support::{Ask, Office, PASSWORD};

#[tokio::test]
async fn a_key_is_shown_once_works_within_its_scopes_and_ends_when_it_is_taken_back() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let made = office
        .post(
            "/api-keys",
            &chief,
            json!({ "name": "SICANTIK", "scopes": ["user:read"] }),
        )
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = made.text("key");
    assert_eq!(office.get("/users", &key).await.status, 200);
    assert_eq!(
        office
            .post("/users", &key, json!({ "username": "abc", "name": "A" }))
            .await
            .code(),
        (403, "access.forbidden")
    );
    let list = office.get("/api-keys", &chief).await;
    assert_eq!(list.body["items"][0]["name"], "SICANTIK");
    assert!(!list.body.to_string().contains(key.rsplit('_').next().unwrap()));
    for event in office.events().await {
        assert!(
            !serde_json::to_string(&event)
                .unwrap()
                .contains(key.rsplit('_').next().unwrap())
        );
    }
    let path = format!("/api-keys/{}", made.text("id"));
    let other = office.chief("dairi").await;
    assert_eq!(office.ask_delete(&path, other).await.code(), (404, "request.unknown"));
    assert_eq!(office.get("/users", &key).await.status, 200);
    assert_eq!(office.ask_delete(&path, chief).await.status, 204);
    assert_eq!(office.get("/users", &key).await.code(), (401, "access.unauthorized"));
}

#[tokio::test]
async fn a_guessed_key_opens_nothing() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let made = office
        .post(
            "/api-keys",
            &chief,
            json!({ "name": "SICANTIK", "scopes": ["user:read"] }),
        )
        .await;
    let key = made.text("key");
    let last = if key.ends_with('A') { "B" } else { "A" };
    let (id, secret) = (made.text("id"), "A".repeat(52));
    for guess in [
        format!("{}{last}", &key[..key.len() - 1]),
        format!("absah_{id}_{secret}"),
        format!("absah_{}_{secret}", "A".repeat(16)),
        format!("absah_{id}_"),
        format!("absah_{id}#_{secret}"),
        "absah__".to_owned(),
    ] {
        assert_eq!(
            office.get("/users", &guess).await.code(),
            (401, "access.unauthorized"),
            "{guess}"
        );
    }
}

#[tokio::test]
async fn a_key_has_at_most_its_makers_powers_and_makes_no_keys() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (_, admin) = office.member("karo", &chief, "admin", &["admin"]).await;
    let wanted = json!({ "name": "X", "scopes": ["letter:approve"] });
    assert_eq!(
        office.post("/api-keys", &admin, wanted).await.code(),
        (403, "identity.escalation")
    );
    let scopes = json!({ "name": "X", "scopes": ["api_key:create", "user:read"] });
    let key = office.post("/api-keys", &chief, scopes).await.text("key");
    let begotten = json!({ "name": "Y", "scopes": ["user:read"] });
    assert_eq!(
        office.post("/api-keys", &key, begotten).await.code(),
        (403, "identity.person_only")
    );
    // A program has no session and no password.
    for path in ["/auth/logout-all", "/auth/change-password"] {
        let body = if path.ends_with("all") {
            Value::Null
        } else {
            json!({ "current_password": "a", "new_password": "b" })
        };
        assert_eq!(
            office
                .ask(Ask {
                    method: "POST",
                    path,
                    token: &key,
                    version: "",
                    body
                })
                .await
                .status,
            401
        );
    }
}

#[tokio::test]
async fn a_key_does_what_a_system_role_of_its_maker_gives_in_the_release_that_runs() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let scopes = json!({ "name": "SICANTIK", "scopes": ["user:create", "user:read"] });
    let key = office.post("/api-keys", &chief, scopes).await.text("key");
    let may = async || office.get("/auth/session", &key).await.body["permissions"].clone();
    assert_eq!(may().await, json!(["user:create", "user:read"]));

    // As another release would publish it, in which the role gives less.
    let narrower = SystemGrants {
        roles: BTreeMap::from([("super_admin".into(), BTreeSet::from(["user:read".into()]))]),
    };
    let table = office.environment.table().unwrap();
    table
        .transaction()
        .overwrite(&narrower)
        .unwrap()
        .commit()
        .await
        .unwrap();
    assert_eq!(may().await, json!(["user:read"]));
    let user = json!({ "username": "baru", "name": "Orang Contoh" });
    let made = office.post("/users", &key, user).await;
    assert_eq!(made.code(), (403, "access.forbidden"));

    // This release publishes its own before it lets anybody in, if it has not looked for a minute.
    office.later(Duration::from_secs(61));
    office.token("karo", "kepala", PASSWORD).await;
    assert_eq!(may().await, json!(["user:create", "user:read"]));
}

#[tokio::test]
async fn what_every_system_role_gives_is_published_before_anybody_makes_a_key() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    office.member("karo", &chief, "ani", &["auditor"]).await;
    let table = office.environment.table().unwrap();
    let published = table.load::<SystemGrants>(SystemGrants::key()).await.unwrap();
    let expected = identity::SYSTEM_ROLES.iter().map(|role| {
        let permissions: BTreeSet<_> = role.permissions().iter().map(ToString::to_string).collect();
        (role.code.to_owned(), permissions)
    });
    assert_eq!(published.value.roles, expected.collect());
    assert_eq!(published.version, 1, "nobody writes for nothing");
}
