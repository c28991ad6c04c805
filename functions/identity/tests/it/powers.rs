//! Nobody gives, takes or gets what they may not.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, Office, PASSWORD};

async fn change(office: &Office, method: &str, path: &str, token: &str, version: &str, body: Value) -> Answer {
    office
        .ask(Ask {
            method,
            path,
            token,
            version,
            body,
        })
        .await
}

#[tokio::test]
async fn an_admin_gives_only_roles_whose_powers_they_hold() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (_, admin) = office.member("karo", &chief, "admin", &["admin"]).await;
    let (id, _) = office.member("karo", &admin, "ani", &["receptionist"]).await;
    let path = format!("/users/{id}/roles");
    let version = office.get(&format!("/users/{id}"), &admin).await.etag;
    for (role, expected) in [
        ("super_admin", (403, "identity.escalation")),
        ("verifikator_rt", (403, "identity.escalation")),
        ("no_such_role", (422, "identity.unknown_role")),
    ] {
        let answer = change(&office, "POST", &path, &admin, &version, json!({ "role": role })).await;
        assert_eq!(answer.code(), expected, "{role}");
    }
    let given = change(
        &office,
        "PUT",
        &path,
        &admin,
        &version,
        json!({ "roles": ["operator", "receptionist"] }),
    )
    .await;
    assert_eq!(
        (given.status, &given.body["roles"]),
        (200, &json!(["operator", "receptionist"]))
    );
    let powers = office.get(&format!("/users/{id}/permissions"), &admin).await;
    assert!(
        powers.body["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("case:close"))
    );
    let taken = change(
        &office,
        "DELETE",
        &format!("{path}/receptionist"),
        &admin,
        &given.etag,
        Value::Null,
    )
    .await;
    assert_eq!((taken.status, &taken.body["roles"]), (200, &json!(["operator"])));
    let made = office
        .post(
            "/users",
            &admin,
            json!({ "username": "x.y", "name": "X", "roles": ["super_admin"] }),
        )
        .await;
    assert_eq!(made.code(), (403, "identity.escalation"));
}

#[tokio::test]
async fn an_admin_cannot_touch_the_account_of_somebody_who_may_do_more() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (_, admin) = office.member("karo", &chief, "admin", &["admin"]).await;
    let list = office.get("/users?username=kepala", &admin).await;
    let path = format!("/users/{}", list.body["items"][0]["id"].as_str().unwrap());
    let version = office.get(&path, &admin).await.etag;
    // By another e-mail address and a forgotten password the account would be taken over.
    let stolen = json!({ "username": "kepala", "name": "Kepala", "email": "pencuri@contoh.id" });
    for (method, path, body) in [
        ("PUT", path.clone(), stolen),
        ("PATCH", format!("{path}/activate"), json!({ "active": false })),
        ("PUT", format!("{path}/roles"), json!({ "roles": [] })),
        ("POST", format!("{path}/one-time-password"), Value::Null),
        ("DELETE", path.clone(), Value::Null),
    ] {
        let answer = change(&office, method, &path, &admin, &version, body).await;
        assert_eq!(answer.code(), (403, "identity.escalation"), "{method} {path}");
    }
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobody_changes_their_own_powers_or_locks_themselves_out() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let who = office.get("/auth/session", &chief).await;
    let path = format!("/users/{}", who.text("id"));
    let version = office.get(&path, &chief).await.etag;
    for (method, path, body) in [
        ("PATCH", format!("{path}/activate"), json!({ "active": false })),
        ("PUT", format!("{path}/roles"), json!({ "roles": [] })),
        ("POST", format!("{path}/one-time-password"), Value::Null),
        ("DELETE", path.clone(), Value::Null),
    ] {
        let answer = change(&office, method, &path, &chief, &version, body).await;
        assert_eq!(answer.code(), (403, "identity.oneself"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_tenants_own_role_gives_what_it_says_until_it_is_gone() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let role =
        json!({ "code": "petugas_arsip", "name": "Petugas Arsip", "permissions": ["document:read", "user:read"] });
    let made = office.post("/roles", &chief, role.clone()).await;
    assert_eq!((made.status, &made.body["system"]), (201, &json!(false)), "{made:?}");
    assert_eq!(
        office.post("/roles", &chief, role.clone()).await.code(),
        (409, "identity.taken")
    );
    let (_, clerk) = office.member("karo", &chief, "ani", &["petugas_arsip"]).await;
    assert_eq!(office.get("/users", &clerk).await.status, 200);
    assert_eq!(
        office
            .post("/users", &clerk, json!({ "username": "abc", "name": "A" }))
            .await
            .code(),
        (403, "access.forbidden")
    );

    let less = json!({ "name": "Petugas Arsip", "permissions": ["document:read"] });
    let changed = change(&office, "PUT", "/roles/petugas_arsip", &chief, "\"1\"", less).await;
    assert_eq!((changed.status, changed.etag.as_str()), (200, "\"2\""));
    let clerk = office.token("karo", "ani", PASSWORD).await;
    assert_eq!(office.get("/users", &clerk).await.status, 403);

    assert_eq!(
        change(&office, "DELETE", "/roles/petugas_arsip", &chief, "\"2\"", Value::Null)
            .await
            .status,
        204
    );
    let clerk = office.token("karo", "ani", PASSWORD).await;
    assert_eq!(office.get("/auth/session", &clerk).await.body["permissions"], json!([]));
    assert_eq!(office.get("/roles/petugas_arsip", &chief).await.status, 404);
    // Whoever still has the old one must not get the new one's powers.
    assert_eq!(
        office.post("/roles", &chief, role).await.code(),
        (409, "identity.taken")
    );
}

#[tokio::test]
async fn a_role_is_made_and_changed_only_within_the_makers_powers() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (_, admin) = office.member("karo", &chief, "admin", &["admin"]).await;
    let role = |permissions: Value| json!({ "code": "kuat", "name": "Kuat", "permissions": permissions });
    assert_eq!(
        office
            .post("/roles", &admin, role(json!(["letter:approve"])))
            .await
            .code(),
        (403, "identity.escalation")
    );
    assert_eq!(
        office.post("/roles", &chief, role(json!(["letter:fly"]))).await.code(),
        (422, "identity.invalid_field")
    );
    assert_eq!(
        office
            .post("/roles", &chief, role(json!(["letter:approve"])))
            .await
            .status,
        201
    );
    // Not even to take something away: it was given by who holds it.
    let weaker = json!({ "name": "Kuat", "permissions": [] });
    let answer = change(&office, "PUT", "/roles/kuat", &admin, "\"1\"", weaker).await;
    assert_eq!(answer.code(), (403, "identity.escalation"));
}

#[tokio::test]
async fn system_roles_are_listed_and_cannot_be_changed_deleted_or_imitated() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let list = office.get("/roles", &chief).await;
    let codes: Vec<_> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), identity::SYSTEM_ROLES.len());
    assert!(codes.contains(&"head_of_office") && codes.contains(&"verifikator_rw"));
    let body = json!({ "name": "Warga", "permissions": ["user:create"] });
    assert_eq!(
        change(&office, "PUT", "/roles/warga", &chief, "\"1\"", body)
            .await
            .code(),
        (409, "identity.system_role")
    );
    assert_eq!(
        change(&office, "DELETE", "/roles/super_admin", &chief, "\"1\"", Value::Null)
            .await
            .code(),
        (409, "identity.system_role")
    );
    let imitation = json!({ "code": "super_admin", "name": "Palsu", "permissions": [] });
    assert_eq!(
        office.post("/roles", &chief, imitation).await.code(),
        (409, "identity.system_role")
    );
    let permissions = office.get("/permissions", &chief).await;
    assert!(
        permissions.body["items"]
            .as_array()
            .unwrap()
            .contains(&json!({ "permission": "letter:create", "description": "membuat surat" }))
    );
}
