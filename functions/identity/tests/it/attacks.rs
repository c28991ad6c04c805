//! What somebody tries who should not get in.

use serde_json::{Value, json};

use crate::support::{Ask, OTHER, Office, PASSWORD};

#[tokio::test]
async fn an_unknown_user_an_unknown_office_and_a_wrong_password_get_one_answer() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    office
        .post(
            "/users",
            &chief,
            json!({ "username": "tanpa.sandi", "name": "Tanpa Sandi" }),
        )
        .await;
    let wrong = office.login("karo", "kepala", OTHER).await;
    assert_eq!(wrong.code(), (401, "session.wrong_credentials"));
    for (tenant, username) in [
        ("karo", "bukan.siapa"),
        ("karo", "bukan@contoh.go.id"),
        ("karo", "tanpa.sandi"),
        ("karo", "a b c"),
        ("karo", ""),
        ("karo", "kepala#state"),
        ("bukan-kantor", "kepala"),
        ("SYSTEM", "kepala"),
        ("public", "kepala"),
        ("karo#user", "kepala"),
    ] {
        assert_eq!(
            office.login(tenant, username, PASSWORD).await,
            wrong,
            "{tenant} {username}"
        );
    }
    for username in ["kepala", "bukan.siapa", "tanpa.sandi", "a b"] {
        let answer = office
            .post(
                "/auth/forgot-password",
                "",
                json!({ "tenant": "karo", "username": username }),
            )
            .await;
        assert_eq!((answer.status, answer.body), (202, Value::Null));
    }
}

#[tokio::test]
async fn an_unknown_user_and_an_unknown_office_are_locked_like_known_ones() {
    let office = Office::open().await;
    office.chief("karo").await;
    let mut answers = Vec::new();
    for (tenant, username) in [
        ("karo", "kepala"),
        ("karo", "bukan.siapa"),
        ("karo", "bukan@contoh.go.id"),
        ("bukan-kantor", "kepala"),
    ] {
        let mut codes = Vec::new();
        for _ in 0..7 {
            codes.push(office.login(tenant, username, OTHER).await);
        }
        answers.push(codes);
    }
    assert!(answers.iter().all(|codes| *codes == answers[0]), "{answers:?}");
    assert_eq!(answers[0][6].status, 429);
}

#[tokio::test]
async fn what_only_looks_like_a_name_is_counted_apart_from_it_and_another_spelling_of_it_is_not() {
    let office = Office::open().await;
    office.chief("karo").await;
    for _ in 0..5 {
        // The Kelvin sign, whose lower case is a plain k.
        assert_eq!(office.login("karo", "\u{212a}epala", OTHER).await.status, 401);
    }
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 200);
    for _ in 0..5 {
        assert_eq!(office.login("karo", " KEPALA ", OTHER).await.status, 401);
    }
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 429);
}

#[tokio::test]
async fn what_is_too_long_to_be_found_is_refused_and_no_outage() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let long = "a".repeat(2_000);
    let listed = office.get(&format!("/users?username={long}"), &chief).await;
    assert_eq!(listed.code(), (422, "identity.invalid_field"));
    for field in ["username", "name", "email", "nik", "nip"] {
        let by = json!({ "by": { field: long } });
        let found = office.post("/users/search", &chief, by).await;
        assert_eq!(found.code(), (422, "identity.invalid_field"), "{field}");
    }
    let longest = json!({ "by": { "name": "𐐀".repeat(254) } });
    assert_eq!(office.post("/users/search", &chief, longest).await.status, 200);
}

#[tokio::test]
async fn nothing_is_written_for_an_office_that_does_not_exist() {
    let office = Office::open().await;
    office.login("bukan-kantor", "kepala", PASSWORD).await;
    office
        .post(
            "/auth/forgot-password",
            "",
            json!({ "tenant": "bukan-kantor", "username": "kepala" }),
        )
        .await;
    assert!(office.events().await.is_empty());
}

#[tokio::test]
async fn tenant_roles_and_state_cannot_be_slipped_into_a_body() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (id, _) = office.member("karo", &chief, "budi", &["warga"]).await;
    let version = office.get(&format!("/users/{id}"), &chief).await.etag;
    for (field, value) in [
        ("tenant", json!("dairi")),
        ("tenant_id", json!("dairi")),
        ("id", json!("x")),
        ("active", json!(true)),
        ("generation", json!(0)),
        ("password", json!("x")),
        ("password_hash", json!("x")),
        ("permissions", json!(["user:create"])),
        ("must_change_password", json!(false)),
    ] {
        let mut body = json!({ "username": "ani", "name": "Ani Contoh" });
        body[field] = value.clone();
        assert_eq!(
            office.post("/users", &chief, body.clone()).await.code(),
            (400, "request.malformed"),
            "{field}"
        );
        let path = format!("/users/{id}");
        let put = office
            .ask(Ask {
                method: "PUT",
                path: &path,
                token: &chief,
                version: &version,
                body,
            })
            .await;
        assert_eq!(put.status, 400, "{field}");
    }
    let body = json!({ "username": "budi", "name": "Budi", "roles": ["super_admin"] });
    let path = format!("/users/{id}");
    assert_eq!(
        office
            .ask(Ask {
                method: "PUT",
                path: &path,
                token: &chief,
                version: &version,
                body
            })
            .await
            .status,
        400
    );
    let login = json!({ "tenant": "karo", "username": "kepala", "password": PASSWORD, "roles": ["super_admin"] });
    assert_eq!(office.post("/auth/login", "", login).await.status, 400);
}

/// Every route of `users` with an id in it, and every list.
fn routes(id: &str, role: &str, unit: &str, key: &str) -> Vec<(&'static str, String, Value)> {
    let profile = json!({ "username": "dicuri", "name": "Dicuri" });
    vec![
        ("GET", format!("/users/{id}"), Value::Null),
        ("PUT", format!("/users/{id}"), profile),
        ("DELETE", format!("/users/{id}"), Value::Null),
        ("PATCH", format!("/users/{id}/activate"), json!({ "active": false })),
        ("POST", format!("/users/{id}/one-time-password"), Value::Null),
        ("PUT", format!("/users/{id}/roles"), json!({ "roles": [] })),
        ("POST", format!("/users/{id}/roles"), json!({ "role": "warga" })),
        ("DELETE", format!("/users/{id}/roles/warga"), Value::Null),
        ("GET", format!("/users/{id}/permissions"), Value::Null),
        ("GET", format!("/roles/{role}"), Value::Null),
        (
            "PUT",
            format!("/roles/{role}"),
            json!({ "name": "X", "permissions": [] }),
        ),
        ("DELETE", format!("/roles/{role}"), Value::Null),
        ("GET", format!("/org-units/{unit}"), Value::Null),
        (
            "PUT",
            format!("/org-units/{unit}"),
            json!({ "name": "X", "type": "bidang" }),
        ),
        ("DELETE", format!("/org-units/{unit}"), Value::Null),
        ("DELETE", format!("/api-keys/{key}"), Value::Null),
    ]
}

#[tokio::test]
async fn another_tenants_ids_are_unknown_on_every_route() {
    let office = Office::open().await;
    let (chief, thief) = (office.chief("karo").await, office.chief("dairi").await);
    let (id, _) = office.member("karo", &chief, "budi", &["warga"]).await;
    let role = json!({ "code": "petugas_arsip", "name": "Petugas Arsip", "permissions": ["document:read"] });
    office.post("/roles", &chief, role).await;
    office
        .post(
            "/org-units",
            &chief,
            json!({ "code": "DINAS", "name": "Dinas", "type": "root" }),
        )
        .await;
    let key = office
        .post("/api-keys", &chief, json!({ "name": "X", "scopes": [] }))
        .await
        .text("id");
    for (method, path, body) in routes(&id, "petugas_arsip", "DINAS", &key) {
        let answer = office
            .ask(Ask {
                method,
                path: &path,
                token: &thief,
                version: "\"1\"",
                body,
            })
            .await;
        assert_eq!(answer.code(), (404, "request.unknown"), "{method} {path}: {answer:?}");
    }
    for path in ["/users", "/org-units", "/api-keys"] {
        let list = office.get(path, &thief).await.body.to_string();
        assert!(
            !list.contains("budi") && !list.contains("DINAS") && !list.contains(&key),
            "{path}"
        );
    }
    // A page of somebody else's list is none of theirs.
    office.member("karo", &chief, "cici", &["warga"]).await;
    let page = office.get("/users?limit=1", &chief).await.text("next");
    assert_eq!(
        office.get(&format!("/users?cursor={page}"), &thief).await.code(),
        (400, "request.paging")
    );
}

#[tokio::test]
async fn ids_that_reach_into_other_keys_are_unknown() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    for bad in [
        "x%23state",
        "..%2f..",
        "%00",
        "%FF",
        "KEPALA",
        "a%0d%0ab",
        "system%23token-keys",
    ] {
        for (method, path, body) in routes(bad, bad, bad, bad) {
            let answer = office
                .ask(Ask {
                    method,
                    path: &path,
                    token: &chief,
                    version: "\"1\"",
                    body,
                })
                .await;
            assert!([404, 400].contains(&answer.status), "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn every_route_of_users_refuses_strangers_and_whoever_may_nothing() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (id, nobody) = office.member("karo", &chief, "budi", &[]).await;
    let mut all = routes(&id, "petugas_arsip", "DINAS", "AAAAAAAAAAAAAAAA");
    all.extend([
        ("GET", "/users".to_owned(), Value::Null),
        ("POST", "/users".to_owned(), json!({ "username": "abc", "name": "A" })),
        ("POST", "/users/search".to_owned(), json!({ "by": { "name": "a" } })),
        ("POST", "/users/import".to_owned(), json!({})),
        ("GET", "/roles".to_owned(), Value::Null),
        (
            "POST",
            "/roles".to_owned(),
            json!({ "code": "abc", "name": "A", "permissions": [] }),
        ),
        ("GET", "/permissions".to_owned(), Value::Null),
        ("GET", "/org-units".to_owned(), Value::Null),
        (
            "POST",
            "/org-units".to_owned(),
            json!({ "code": "A", "name": "A", "type": "root" }),
        ),
        ("GET", "/api-keys".to_owned(), Value::Null),
        ("POST", "/api-keys".to_owned(), json!({ "name": "A", "scopes": [] })),
    ]);
    for (method, path, body) in all {
        let stranger = office
            .ask(Ask {
                method,
                path: &path,
                token: "",
                version: "\"1\"",
                body: body.clone(),
            })
            .await;
        assert_eq!(stranger.code(), (401, "access.unauthorized"), "{method} {path}");
        let answer = office
            .ask(Ask {
                method,
                path: &path,
                token: &nobody,
                version: "\"1\"",
                body,
            })
            .await;
        assert_eq!(answer.code(), (403, "access.forbidden"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_token_that_is_changed_or_unsigned_is_none() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let mut parts: Vec<_> = chief.split('.').map(str::to_owned).collect();
    let encode = |value: Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let payload = data_encoding::BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap();
    let mut claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["tenant_id"] = "dairi".into();
    let forged = format!("{}.{}.{}", parts[0], encode(claims.clone()), parts[2]);
    let unsigned = format!("{}.{}.", encode(json!({ "alg": "none", "kid": "2026-01" })), parts[1]);
    let swapped = format!(
        "{}.{}.{}",
        encode(json!({ "alg": "HS256", "kid": "2026-01" })),
        parts[1],
        parts[2]
    );
    let elsewhere = format!(
        "{}.{}.{}",
        encode(json!({ "alg": "ES256", "kid": "../2026-01" })),
        parts[1],
        parts[2]
    );
    let other = if parts[2].starts_with('A') { "B" } else { "A" };
    parts[2].replace_range(0..1, other);
    for token in [
        forged,
        unsigned,
        swapped,
        elsewhere,
        parts.join("."),
        "x".into(),
        "x.y.z".into(),
    ] {
        assert_eq!(
            office.get("/users", &token).await.code(),
            (401, "access.unauthorized"),
            "{token}"
        );
        assert_eq!(office.get("/auth/session", &token).await.status, 401);
    }
}

#[tokio::test]
async fn oversized_and_deeply_nested_bodies_are_refused() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let long = json!({ "tenant": "karo", "username": "kepala", "password": "x".repeat(100_000) });
    assert_eq!(
        office.post("/auth/login", "", long).await.code(),
        (413, "request.too_large")
    );
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let ask = Ask {
        method: "POST",
        path: "/users",
        token: &chief,
        version: "",
        body: Value::Null,
    };
    assert_eq!(
        office.send(&ask, "application/json", nested.as_bytes()).await.code(),
        (400, "request.malformed")
    );
    assert_eq!(
        office.send(&ask, "text/plain", b"{}").await.code(),
        (415, "request.not_json")
    );
    assert_eq!(office.login("karo", "kepala", &"x".repeat(10_000)).await.status, 401);
}
