//! Signing in, staying in, signing out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Ask, OTHER, Office, PASSWORD, add_key};

#[tokio::test]
async fn the_first_administrator_chooses_a_password_before_anything_else() {
    let office = Office::open().await;
    let once = office.administrator("karo").await;
    let first = office.login("karo", "kepala", &once).await;
    assert!(
        first.body.get("access_token").is_none() && first.body.get("refresh_token").is_none(),
        "{first:?}"
    );
    office.settle("karo", "kepala", &once, PASSWORD).await;
    assert_eq!(
        office.login("karo", "kepala", &once).await.code(),
        (401, "session.wrong_credentials")
    );
    let token = office.token("karo", "KEPALA@contoh.go.id", PASSWORD).await;
    let who = office.get("/auth/session", &token).await;
    assert_eq!(
        (who.status, &who.body["roles"], &who.body["tenant"]),
        (200, &json!(["super_admin"]), &json!("karo"))
    );
    assert!(
        who.body["permissions"]
            .as_array()
            .unwrap()
            .contains(&json!("user:create"))
    );
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_an_old_one_ends_the_session_for_thief_and_owner() {
    let office = Office::open().await;
    office.chief("karo").await;
    let first = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    let refresh = |token: String| office.post("/auth/refresh", "", json!({ "refresh_token": token }));
    let second = refresh(first.clone()).await;
    assert_eq!(second.status, 200);
    assert_eq!(refresh(first).await.code(), (401, "session.ended"));
    assert_eq!(
        refresh(second.text("refresh_token")).await.code(),
        (401, "session.ended")
    );
    let trail = office.trail("karo").await;
    assert!(trail.contains(&"auth.token_reused refused".to_owned()), "{trail:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_refresh_with_one_token_at_once_one_goes_on_and_then_nobody() {
    let office = Office::open().await;
    office.chief("karo").await;
    let token = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    let asked = (0..20).map(|_| office.post("/auth/refresh", "", json!({ "refresh_token": token })));
    let answers = futures::future::join_all(asked).await;
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(good.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| [200, 401].contains(&answer.status)));
    let next = json!({ "refresh_token": good[0].text("refresh_token") });
    assert_eq!(office.post("/auth/refresh", "", next).await.status, 401);
}

#[tokio::test]
async fn a_session_ends_after_seven_days_without_use() {
    let office = Office::open().await;
    office.chief("karo").await;
    let token = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    office.later(Duration::from_hours(7 * 24));
    let answer = office
        .post("/auth/refresh", "", json!({ "refresh_token": token }))
        .await;
    assert_eq!(answer.code(), (401, "session.ended"));
}

#[tokio::test]
async fn signing_out_ends_this_device_and_signing_out_everywhere_ends_all() {
    let office = Office::open().await;
    office.chief("karo").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(office.login("karo", "kepala", PASSWORD).await);
    }
    let refresh = |index: usize| json!({ "refresh_token": sessions[index].body["refresh_token"] });
    let left = office.post("/auth/logout", "", refresh(0)).await;
    assert_eq!(left.status, 204);
    assert_eq!(office.post("/auth/refresh", "", refresh(0)).await.status, 401);
    assert_eq!(
        office
            .post("/auth/logout", "", json!({ "refresh_token": "x" }))
            .await
            .status,
        204
    );

    let all = office
        .post("/auth/logout-all", &sessions[1].text("access_token"), Value::Null)
        .await;
    assert_eq!(all.status, 204, "{all:?}");
    for index in 0..3 {
        assert_eq!(
            office.post("/auth/refresh", "", refresh(index)).await.code(),
            (401, "session.ended")
        );
    }
    assert_eq!(
        office
            .get("/auth/sessions", &sessions[2].text("access_token"))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_person_sees_their_devices_and_ends_one_but_never_somebody_elses() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (_, other) = office.member("karo", &chief, "budi", &["warga"]).await;
    let second = office.login("karo", "kepala", PASSWORD).await;
    let devices = office.get("/auth/sessions", &second.text("access_token")).await;
    let items = devices.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{devices:?}");
    assert_eq!(items.iter().filter(|device| device["current"] == true).count(), 1);
    assert!(
        items
            .iter()
            .all(|device| device["user_agent"] == "Contoh/1.0" && device["ip"] == "203.0.113.7")
    );

    let here = items.iter().find(|device| device["current"] == true).unwrap();
    let path = format!("/auth/sessions/{}", here["id"].as_str().unwrap());
    let end = |token: String| office.ask_delete(&path, token);
    assert_eq!(end(other).await.code(), (404, "request.unknown"));
    assert_eq!(end(chief).await.status, 204);
    let refreshed = office
        .post(
            "/auth/refresh",
            "",
            json!({ "refresh_token": second.text("refresh_token") }),
        )
        .await;
    assert_eq!(refreshed.status, 401);
}

#[tokio::test]
async fn adding_a_key_signs_with_it_and_signs_nobody_out() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let kid = |token: &str| {
        let header = token.split('.').next().unwrap();
        let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(kid(&chief), "2026-01");
    add_key(&office.keys.path().join("tokens"), "2026-02");
    office.later(Duration::from_secs(61));
    // Published first, so that whoever reads tokens knows it when it signs.
    let first = office.token("karo", "kepala", PASSWORD).await;
    assert_eq!(kid(&first), "2026-01");
    office.later(Duration::from_secs(61));
    let newer = office.token("karo", "kepala", PASSWORD).await;
    assert_eq!(kid(&newer), "2026-02");
    for token in [&chief, &newer] {
        assert_eq!(office.get("/auth/session", token).await.status, 200);
        assert_eq!(office.get("/users", token).await.status, 200);
    }
    let set = office.get("/.well-known/jwks.json", "").await;
    let kids: Vec<_> = set.body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect();
    assert_eq!(kids, ["2026-01", "2026-02"]);
    assert!(
        set.body["keys"]
            .as_array()
            .unwrap()
            .iter()
            .all(|key| key.get("d").is_none() && key["alg"] == "ES256")
    );

    // Another instance may still sign with it: it is trusted until nobody has said for long enough that they have it.
    std::fs::remove_file(office.keys.path().join("tokens/2026-01.pem")).unwrap();
    office.later(Duration::from_secs(61));
    office.token("karo", "kepala", PASSWORD).await;
    assert_eq!(office.get("/users", &chief).await.status, 200);
    office.later(Duration::from_mins(40));
    assert_eq!(office.get("/users", &chief).await.code(), (401, "access.unauthorized"));
}

#[tokio::test]
async fn whoever_is_deactivated_neither_signs_in_nor_stays_in() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (id, _) = office.member("karo", &chief, "budi", &["warga"]).await;
    let signed_in = office.login("karo", "budi", PASSWORD).await;
    let path = format!("/users/{id}");
    let version = office.get(&path, &chief).await.etag;
    let path = format!("/users/{id}/activate");
    let change = |active: bool, version: String| {
        let (office, path, chief) = (&office, &path, &chief);
        async move {
            let body = json!({ "active": active });
            office
                .ask(Ask {
                    method: "PATCH",
                    path,
                    token: chief,
                    version: &version,
                    body,
                })
                .await
        }
    };
    let off = change(false, version).await;
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
    assert_eq!(
        office.login("karo", "budi", PASSWORD).await.code(),
        (401, "session.wrong_credentials")
    );
    let refresh = json!({ "refresh_token": signed_in.text("refresh_token") });
    assert_eq!(office.post("/auth/refresh", "", refresh.clone()).await.status, 401);
    let on = change(true, off.etag).await;
    assert_eq!(on.status, 200);
    assert_eq!(office.post("/auth/refresh", "", refresh).await.status, 401);
    assert_eq!(office.login("karo", "budi", PASSWORD).await.status, 200);
    assert_eq!(office.login("karo", "budi", OTHER).await.status, 401);
}

#[tokio::test]
async fn a_refresh_that_fails_on_our_side_leaves_the_token_as_good_as_it_was() {
    let office = Office::open().await;
    office.chief("karo").await;
    let token = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    let refresh = || office.post("/auth/refresh", "", json!({ "refresh_token": token }));
    let (key, away) = (
        office.keys.path().join("tokens/2026-01.pem"),
        office.keys.path().join("2026-01.pem"),
    );
    std::fs::rename(&key, &away).unwrap();
    office.later(Duration::from_secs(61));
    assert_eq!(refresh().await.code(), (503, "session.no_key"));
    std::fs::rename(&away, &key).unwrap();
    assert_eq!(refresh().await.status, 200);
}

#[tokio::test]
async fn signing_out_with_an_old_token_ends_the_session_because_somebody_has_a_copy() {
    let office = Office::open().await;
    office.chief("karo").await;
    let old = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    let body = |token: &str| json!({ "refresh_token": token });
    let newer = office.post("/auth/refresh", "", body(&old)).await.text("refresh_token");
    assert_eq!(office.post("/auth/logout", "", body(&old)).await.status, 204);
    assert_eq!(
        office.post("/auth/refresh", "", body(&newer)).await.code(),
        (401, "session.ended")
    );
    let trail = office.trail("karo").await;
    assert_eq!(trail.last().map(String::as_str), Some("auth.token_reused refused"));
}

#[tokio::test]
async fn whoever_only_knows_a_sessions_id_ends_nothing() {
    let office = Office::open().await;
    office.chief("karo").await;
    let token = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    let (session, _) = token.rsplit_once('.').unwrap();
    let guessed = json!({ "refresh_token": format!("{session}.{}", "A".repeat(43)) });
    let before = office.trail("karo").await;
    for path in ["/auth/logout", "/auth/refresh"] {
        let answer = office.post(path, "", guessed.clone()).await;
        assert!([204, 401].contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(office.trail("karo").await, before);
    let refreshed = office
        .post("/auth/refresh", "", json!({ "refresh_token": token }))
        .await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_sign_out_at_once_all_are_signed_out() {
    let office = Office::open().await;
    office.chief("karo").await;
    let signed_in = office.login("karo", "kepala", PASSWORD).await;
    let body = json!({ "refresh_token": signed_in.text("refresh_token") });
    let asked = (0..10).map(|_| office.post("/auth/logout", "", body.clone()));
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status == 204), "{answers:?}");
    assert_eq!(office.post("/auth/refresh", "", body).await.status, 401);
}
