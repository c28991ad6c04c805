//! Whoever is gone changes nothing any more, neither with a token that has minutes left nor with a key of theirs.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, OTHER, Office, PASSWORD};

/// Two administrators, `kepala` and `wakil`: their tokens, and the second one's id.
struct Two {
    office: Office,
    chief: String,
    deputy: String,
    deputy_id: String,
}

impl Two {
    async fn open() -> Self {
        let office = Office::open().await;
        let chief = office.chief("karo").await;
        let (deputy_id, deputy) = office.member("karo", &chief, "wakil", &["super_admin"]).await;
        Self {
            office,
            chief,
            deputy,
            deputy_id,
        }
    }

    /// What the first does to the second.
    async fn to_the_deputy(&self, method: &str, path: &str, body: Value) -> Answer {
        let user = format!("/users/{}", self.deputy_id);
        let version = self.office.get(&user, &self.chief).await.etag;
        let ask = Ask {
            method,
            path: &format!("{user}{path}"),
            token: &self.chief,
            version: &version,
            body,
        };
        self.office.ask(ask).await
    }

    async fn activate(&self, active: bool) {
        let changed = self
            .to_the_deputy("PATCH", "/activate", json!({ "active": active }))
            .await;
        assert_eq!(changed.status, 200, "{changed:?}");
    }

    /// A key that the second made for a program.
    async fn key(&self, scopes: &[&str]) -> String {
        let body = json!({ "name": "SICANTIK", "scopes": scopes });
        self.office.post("/api-keys", &self.deputy, body).await.text("key")
    }
}

/// Everything that changes something, with what it takes.
fn changes(id: &str) -> Vec<(&'static str, String, Value)> {
    let profile = json!({ "username": "dicuri", "name": "Dicuri" });
    let role = json!({ "code": "kuat", "name": "Kuat", "permissions": ["user:create"] });
    let unit = json!({ "code": "DINAS", "name": "Dinas", "type": "root" });
    vec![
        (
            "POST",
            "/api-keys".into(),
            json!({ "name": "X", "scopes": ["user:read"] }),
        ),
        ("DELETE", "/api-keys/AAAAAAAAAAAAAAAA".into(), Value::Null),
        (
            "POST",
            "/users".into(),
            json!({ "username": "baru", "name": "Baru", "roles": ["super_admin"] }),
        ),
        ("POST", "/users/import".into(), json!({})),
        ("PUT", format!("/users/{id}"), profile),
        ("DELETE", format!("/users/{id}"), Value::Null),
        ("PATCH", format!("/users/{id}/activate"), json!({ "active": true })),
        ("POST", format!("/users/{id}/one-time-password"), Value::Null),
        ("PUT", format!("/users/{id}/roles"), json!({ "roles": ["super_admin"] })),
        ("POST", format!("/users/{id}/roles"), json!({ "role": "super_admin" })),
        ("DELETE", format!("/users/{id}/roles/warga"), Value::Null),
        ("POST", "/roles".into(), role.clone()),
        (
            "PUT",
            "/roles/kuat".into(),
            json!({ "name": "Kuat", "permissions": [] }),
        ),
        ("DELETE", "/roles/kuat".into(), Value::Null),
        ("POST", "/org-units".into(), unit),
        (
            "PUT",
            "/org-units/DINAS".into(),
            json!({ "name": "Dinas", "type": "root" }),
        ),
        ("DELETE", "/org-units/DINAS".into(), Value::Null),
    ]
}

async fn nothing_works(office: &Office, token: &str, id: &str) {
    let before = office.entries("karo").await.len();
    for (method, path, body) in changes(id) {
        let ask = Ask {
            method,
            path: &path,
            token,
            version: "\"1\"",
            body,
        };
        assert_eq!(office.ask(ask).await.code(), (401, "session.ended"), "{method} {path}");
    }
    assert_eq!(office.entries("karo").await.len(), before);
}

#[tokio::test]
async fn a_deactivated_administrator_changes_nothing_with_a_token_that_has_minutes_left() {
    let two = Two::open().await;
    let (id, _) = two.office.member("karo", &two.chief, "budi", &["warga"]).await;
    two.activate(false).await;
    nothing_works(&two.office, &two.deputy, &id).await;
    // Coming back does not bring the old token back.
    two.activate(true).await;
    nothing_works(&two.office, &two.deputy, &id).await;
    let token = two.office.token("karo", "wakil", PASSWORD).await;
    let made = two
        .office
        .post("/users", &token, json!({ "username": "baru", "name": "Baru" }))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn whoever_was_given_up_signed_out_everywhere_or_chose_another_password_changes_nothing_with_an_old_token() {
    let two = Two::open().await;
    let (id, _) = two.office.member("karo", &two.chief, "budi", &["warga"]).await;
    let first = two.office.token("karo", "wakil", PASSWORD).await;
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER });
    let changed = two.office.post("/auth/change-password", &two.deputy, change).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    nothing_works(&two.office, &first, &id).await;

    let second = changed.text("access_token");
    let left = two.office.post("/auth/logout-all", &second, Value::Null).await;
    assert_eq!(left.status, 204, "{left:?}");
    nothing_works(&two.office, &second, &id).await;

    let third = two.office.token("karo", "wakil", OTHER).await;
    assert_eq!(two.to_the_deputy("DELETE", "", Value::Null).await.status, 204);
    nothing_works(&two.office, &third, &id).await;
}

#[tokio::test]
async fn a_role_that_was_taken_away_gives_nothing_to_a_token_that_still_names_it() {
    let two = Two::open().await;
    let changed = two
        .to_the_deputy("PUT", "/roles", json!({ "roles": ["auditor"] }))
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let made = two
        .office
        .post("/users", &two.deputy, json!({ "username": "baru", "name": "Baru" }))
        .await;
    assert_eq!(made.code(), (403, "access.forbidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_the_moment_of_deactivation_none_comes_after_it() {
    let two = Two::open().await;
    let made = (0..40).map(|index| {
        let body = json!({ "username": format!("orang{index}"), "name": "Orang Contoh" });
        two.office.post("/users", &two.deputy, body)
    });
    let (answers, ()) = futures::join!(futures::future::join_all(made), two.activate(false));
    assert!(
        answers.iter().all(|answer| [201, 401].contains(&answer.status)),
        "{answers:?}"
    );
    let entries = two.office.entries("karo").await;
    let deputy = json!(two.deputy_id);
    let after = entries.iter().skip_while(|entry| entry["action"] != "user.deactivated");
    let late: Vec<_> = after.filter(|entry| entry["actor"]["id"] == deputy).collect();
    assert!(late.is_empty(), "{late:?}");
}

#[tokio::test]
async fn a_key_stops_with_whoever_made_it_and_goes_on_with_them() {
    let two = Two::open().await;
    let all = two.office.get("/permissions", &two.deputy).await.body;
    let all: Vec<_> = all["items"].as_array().unwrap().iter().collect();
    let all: Vec<_> = all.iter().map(|item| item["permission"].as_str().unwrap()).collect();
    let key = two.key(&all).await;
    assert_eq!(two.office.get("/users", &key).await.status, 200);
    // Not even their program may lock them out, or bring them back.
    let version = two.office.get(&format!("/users/{}", two.deputy_id), &key).await.etag;
    let ask = Ask {
        method: "PATCH",
        path: &format!("/users/{}/activate", two.deputy_id),
        token: &key,
        version: &version,
        body: json!({ "active": false }),
    };
    assert_eq!(two.office.ask(ask).await.code(), (403, "identity.oneself"));

    two.activate(false).await;
    assert_eq!(
        two.office.get("/users", &key).await.code(),
        (401, "access.unauthorized")
    );
    assert_eq!(two.office.get("/auth/session", &key).await.status, 401);
    two.activate(true).await;
    assert_eq!(two.office.get("/users", &key).await.status, 200);
    assert_eq!(two.to_the_deputy("DELETE", "", Value::Null).await.status, 204);
    assert_eq!(two.office.get("/users", &key).await.status, 401);
}

#[tokio::test]
async fn a_key_loses_what_its_maker_loses_by_role_and_gets_it_back_with_the_role() {
    let two = Two::open().await;
    let key = two.key(&["user:create", "audit:read", "user:read"]).await;
    let session = async || two.office.get("/auth/session", &key).await.body["permissions"].clone();
    let create = async |username: &str| {
        let body = json!({ "username": username, "name": "Orang Contoh" });
        let made = two.office.post("/users", &key, body).await;
        (made.status, made.body["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(session().await, json!(["audit:read", "user:create", "user:read"]));
    assert_eq!(create("satu").await, (201, String::new()));

    let taken = json!({ "roles": ["auditor"] });
    assert_eq!(two.to_the_deputy("PUT", "/roles", taken).await.status, 200);
    assert_eq!(create("dua").await, (403, "access.forbidden".to_owned()));
    // What the maker may still do, the key does.
    assert_eq!(session().await, json!(["audit:read", "user:read"]));

    let given = json!({ "roles": ["super_admin"] });
    assert_eq!(two.to_the_deputy("PUT", "/roles", given).await.status, 200);
    assert_eq!(create("tiga").await, (201, String::new()));
}

#[tokio::test]
async fn a_key_loses_what_a_role_of_its_maker_no_longer_gives_and_gets_back_what_it_gives_again() {
    let two = Two::open().await;
    let role = json!({ "code": "petugas", "name": "Petugas",
        "permissions": ["api_key:create", "org_unit:read", "user:create", "user:read"] });
    assert_eq!(two.office.post("/roles", &two.chief, role).await.status, 201);
    let (_, clerk) = two.office.member("karo", &two.chief, "ani", &["petugas"]).await;
    let body = json!({ "name": "SICANTIK", "scopes": ["user:create", "user:read"] });
    let key = two.office.post("/api-keys", &clerk, body).await.text("key");
    let create = async |username: &str| {
        let body = json!({ "username": username, "name": "Orang Contoh" });
        two.office.post("/users", &key, body).await.status
    };
    let change = async |method: &str, version: &str, body: Value| {
        let ask = Ask {
            method,
            path: "/roles/petugas",
            token: &two.chief,
            version,
            body,
        };
        let changed = two.office.ask(ask).await;
        assert!(changed.status < 300, "{changed:?}");
    };
    let gives = |permissions: Value| json!({ "name": "Petugas", "permissions": permissions });
    assert_eq!(create("satu").await, 201);

    // What the role gives besides, the key was never given.
    change("PUT", "\"1\"", gives(json!(["user:read", "user:delete"]))).await;
    assert_eq!(create("dua").await, 403);
    assert_eq!(two.office.get("/users", &key).await.status, 200);
    let held = two.office.get("/auth/session", &key).await;
    assert_eq!(held.body["permissions"], json!(["user:read"]));

    change("PUT", "\"2\"", gives(json!(["user:read", "user:create"]))).await;
    assert_eq!(create("tiga").await, 201);
    change("DELETE", "\"3\"", Value::Null).await;
    assert_eq!(create("empat").await, 403);
    assert_eq!(two.office.get("/users", &key).await.status, 403);
}

#[tokio::test]
async fn a_program_changes_things_as_long_as_its_key_is_good_and_may_take_its_own_key_back() {
    let two = Two::open().await;
    let key = two.key(&["user:create", "api_key:revoke"]).await;
    let body = json!({ "username": "baru", "name": "Baru" });
    assert_eq!(two.office.post("/users", &key, body).await.status, 201);
    let id = key.split('_').nth(1).unwrap();
    let path = format!("/api-keys/{id}");
    assert_eq!(two.office.ask_delete(&path, key.clone()).await.status, 204);
    assert_eq!(two.office.get("/users", &key).await.status, 401);
}

#[tokio::test]
async fn administrators_change_their_own_profile_and_go_on() {
    let two = Two::open().await;
    let path = format!("/users/{}", two.deputy_id);
    let version = two.office.get(&path, &two.deputy).await.etag;
    let ask = Ask {
        method: "PUT",
        path: &path,
        token: &two.deputy,
        version: &version,
        body: json!({ "username": "wakil", "name": "Wakil Contoh", "rw": "003", "rt": "001" }),
    };
    let changed = two.office.ask(ask).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let made = two
        .office
        .post("/users", &two.deputy, json!({ "username": "baru", "name": "Baru" }))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
}
