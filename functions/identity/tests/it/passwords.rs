//! Wrong, weak, forgotten and changed passwords.

use std::time::Duration;

use platform::{Fields, Sealed};
use serde_json::json;

use crate::support::{OTHER, Office, PASSWORD};

#[tokio::test]
async fn after_five_wrong_passwords_even_the_right_one_waits_and_then_works() {
    let office = Office::open().await;
    office.chief("karo").await;
    for _ in 0..5 {
        assert_eq!(
            office.login("karo", "kepala", OTHER).await.code(),
            (401, "session.wrong_credentials")
        );
    }
    // What somebody else types has its own count: nobody learns from it which name and address are one person's.
    assert_eq!(office.login("karo", "kepala@contoh.go.id", PASSWORD).await.status, 200);
    assert_eq!(
        office.login("karo", "kepala", PASSWORD).await.code(),
        (429, "session.locked")
    );
    office.later(Duration::from_mins(1));
    assert_eq!(office.login("karo", "kepala", OTHER).await.status, 401);
    office.later(Duration::from_mins(1));
    assert_eq!(
        office.login("karo", "kepala", PASSWORD).await.code(),
        (429, "session.locked")
    );
    office.later(Duration::from_mins(1));
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 200);
    assert_eq!(office.login("karo", "kepala", OTHER).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guesses_at_once_are_five_guesses() {
    let office = Office::open().await;
    office.chief("karo").await;
    let guesses = (0..100).map(|_| office.login("karo", "kepala", OTHER));
    let answers = futures::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(tried <= 5, "{tried} were tried");
    assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)));
}

#[tokio::test]
async fn changing_the_password_signs_every_other_device_out_and_keeps_this_one() {
    let office = Office::open().await;
    let token = office.chief("karo").await;
    let elsewhere = office.login("karo", "kepala", PASSWORD).await.text("refresh_token");
    let change = |token: String, current: &'static str, new: &'static str| {
        let office = &office;
        async move {
            let body = json!({ "current_password": current, "new_password": new });
            office.post("/auth/change-password", &token, body).await
        }
    };
    assert_eq!(
        change(token.clone(), OTHER, OTHER).await.code(),
        (401, "session.wrong_credentials")
    );
    assert_eq!(
        change(token.clone(), PASSWORD, PASSWORD).await.code(),
        (422, "identity.reused_password")
    );
    let weak = change(token.clone(), PASSWORD, "kepala123").await;
    assert_eq!(weak.code(), (422, "identity.weak_password"));
    assert!(weak.text("detail").contains("Tambahkan huruf besar."));

    let changed = change(token.clone(), PASSWORD, OTHER).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(
        office
            .post("/auth/refresh", "", json!({ "refresh_token": elsewhere }))
            .await
            .status,
        401
    );
    assert_eq!(change(token, OTHER, PASSWORD).await.code(), (401, "session.ended"));
    let kept = json!({ "refresh_token": changed.text("refresh_token") });
    assert_eq!(office.post("/auth/refresh", "", kept).await.status, 200);
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 401);
    assert_eq!(office.login("karo", "kepala", OTHER).await.status, 200);
}

#[tokio::test]
async fn the_last_five_passwords_do_not_come_back() {
    let office = Office::open().await;
    let mut token = office.chief("karo").await;
    let passwords = [
        "Padi#17sawah-X",
        "Jagung#28ladang-X",
        "Kopi#39kebun-X",
        "Teh#41bukit-X",
        "Nanas#52pasar-X",
    ];
    let mut current = PASSWORD;
    for next in passwords {
        let back = json!({ "current_password": current, "new_password": PASSWORD });
        assert_eq!(
            office.post("/auth/change-password", &token, back).await.code(),
            (422, "identity.reused_password")
        );
        let body = json!({ "current_password": current, "new_password": next });
        token = office
            .post("/auth/change-password", &token, body)
            .await
            .text("access_token");
        current = next;
    }
    let back = json!({ "current_password": current, "new_password": PASSWORD });
    assert_eq!(office.post("/auth/change-password", &token, back).await.status, 200);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_with_a_link_that_is_good_once() {
    let office = Office::open().await;
    office.chief("karo").await;
    let forgot = json!({ "tenant": "karo", "username": "kepala" });
    assert_eq!(office.post("/auth/forgot-password", "", forgot).await.status, 202);
    let events = office.events().await;
    let event = events
        .iter()
        .find(|event| event.event_type.as_str() == "user.password_reset_requested")
        .unwrap();
    let text = event.data.to_string();
    assert!(!text.contains("contoh.go.id") && !text.contains("karo."), "{text}");

    let fields = Fields::connect(&office.environment).unwrap();
    let place = format!("karo#password-reset#{}", event.data["reset_id"].as_str().unwrap());
    let open = |name: &str| {
        let sealed: Sealed = serde_json::from_value(event.data[name].clone()).unwrap();
        fields.open(&place, &sealed).unwrap()
    };
    assert_eq!(open("sealed_email"), "kepala@contoh.go.id");
    let reset = |new: &'static str| {
        office.post(
            "/auth/reset-password",
            "",
            json!({ "token": open("sealed_token"), "new_password": new }),
        )
    };
    assert_eq!(reset("lemah").await.code(), (422, "identity.weak_password"));
    assert_eq!(reset(OTHER).await.status, 204);
    assert_eq!(reset("Padi#17sawah-X").await.code(), (422, "session.reset_void"));
    assert_eq!(office.login("karo", "kepala", OTHER).await.status, 200);
}

#[tokio::test]
async fn whoever_forgets_gets_three_mails_an_hour() {
    let office = Office::open().await;
    office.chief("karo").await;
    for _ in 0..6 {
        let forgot = json!({ "tenant": "karo", "username": "kepala" });
        assert_eq!(office.post("/auth/forgot-password", "", forgot).await.status, 202);
    }
    let events = office.events().await;
    let mails = events
        .iter()
        .filter(|event| event.event_type.as_str() == "user.password_reset_requested")
        .count();
    assert_eq!(mails, 3);
}

#[tokio::test]
async fn a_meter_says_how_strong_a_password_is_and_what_to_do() {
    let office = Office::open().await;
    let meter = |password: &'static str| {
        office.post(
            "/auth/password-strength",
            "",
            json!({ "password": password, "names": ["Budi Contoh"] }),
        )
    };
    let weak = meter("Contoh123").await;
    assert_eq!((weak.status, &weak.body["acceptable"]), (200, &json!(false)));
    assert!(
        weak.body["weaknesses"]
            .as_array()
            .unwrap()
            .contains(&json!("like_name"))
    );
    let strong = meter(PASSWORD).await;
    assert_eq!(
        (&strong.body["acceptable"], strong.body["score"].as_u64().unwrap() >= 3),
        (&json!(true), true)
    );
}

#[tokio::test]
async fn whoever_guesses_elsewhere_locks_nobody_out_here() {
    let office = Office::open().await;
    office.chief("karo").await;
    for hour in 0..30 {
        let guessed = office.login_from("198.51.100.9", "karo", "kepala", OTHER).await;
        assert!([401, 429].contains(&guessed.status), "{hour}: {guessed:?}");
        office.later(Duration::from_mins(10));
    }
    let there = office.login_from("198.51.100.9", "karo", "kepala", PASSWORD).await;
    assert_eq!(there.code(), (429, "session.locked"));
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn whoever_guesses_from_everywhere_gets_a_hundred_guesses_and_then_one_a_minute() {
    let office = Office::open().await;
    office.chief("karo").await;
    for network in 0..25 {
        let ip = format!("198.51.100.{network}");
        for _ in 0..4 {
            let guessed = office.login_from(&ip, "karo", "kepala", OTHER).await;
            assert_eq!(guessed.status, 401, "{ip}");
        }
    }
    // From where the owner never signed in.
    let login = |password: &'static str| office.login_from("192.0.2.7", "karo", "kepala", password);
    assert_eq!(login(PASSWORD).await.code(), (429, "session.locked"));
    office.later(Duration::from_mins(1));
    assert_eq!(login(PASSWORD).await.status, 200);
    assert_eq!(login(OTHER).await.status, 401);
}

/// Uses up the guesses from anywhere, and then the one that each minute lets through.
async fn hold(office: &Office, username: &str) {
    for network in 0..25 {
        for _ in 0..4 {
            let ip = format!("2001:db8:0:{network:x}::1");
            assert_eq!(office.login_from(&ip, "karo", username, OTHER).await.status, 401);
        }
    }
    office.later(Duration::from_mins(1));
    let taken = office.login_from("2001:db8:0:ff::1", "karo", username, OTHER).await;
    assert_eq!(taken.status, 401);
}

#[tokio::test]
async fn whoever_takes_every_try_from_elsewhere_keeps_nobody_out_of_where_they_sign_in_from_as_usual() {
    let office = Office::open().await;
    office.chief("karo").await;
    hold(&office, "kepala").await;
    assert_eq!(office.login("karo", "kepala", PASSWORD).await.status, 200);
    // It opens nothing to those who guess.
    let guessed = office.login_from("2001:db8:0:fe::1", "karo", "kepala", OTHER).await;
    assert_eq!(guessed.code(), (429, "session.locked"));
    // At home there are as many guesses as anywhere.
    for _ in 0..5 {
        assert_eq!(office.login("karo", "kepala", OTHER).await.status, 401);
    }
    assert_eq!(
        office.login("karo", "kepala", PASSWORD).await.code(),
        (429, "session.locked")
    );
}

#[tokio::test]
async fn a_network_is_strange_again_after_thirty_days_and_was_never_familiar_to_somebody_else() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    office.member("karo", &chief, "budi", &["warga"]).await;
    assert_eq!(
        office.login_from("192.0.2.7", "karo", "kepala", PASSWORD).await.status,
        200
    );
    hold(&office, "budi").await;
    let locked = office.login_from("192.0.2.7", "karo", "budi", PASSWORD).await;
    assert_eq!(locked.code(), (429, "session.locked"));

    office.later(Duration::from_hours(30 * 24));
    hold(&office, "kepala").await;
    let locked = office.login_from("192.0.2.7", "karo", "kepala", PASSWORD).await;
    assert_eq!(locked.code(), (429, "session.locked"));
}

#[tokio::test]
async fn a_login_that_there_is_and_one_that_there_is_not_are_held_alike() {
    let office = Office::open().await;
    office.chief("karo").await;
    for username in ["kepala", "bukan.siapa"] {
        hold(&office, username).await;
        let held = office.login_from("192.0.2.7", "karo", username, OTHER).await;
        assert_eq!(held.code(), (429, "session.locked"), "{username}");
    }
}

#[tokio::test]
async fn the_audit_tells_of_failures_lockouts_and_tries_while_locked() {
    let office = Office::open().await;
    office.chief("karo").await;
    let before = office.entries("karo").await.len();
    for _ in 0..6 {
        office.login("karo", "kepala", OTHER).await;
    }
    let entries = office.entries("karo").await.split_off(before);
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["code"].as_str().unwrap_or("")))
        .collect();
    let wrong = ("auth.login_failed", "session.wrong_credentials");
    let mut expected = vec![wrong; 5];
    expected.extend([("auth.locked_out", ""), ("auth.login_failed", "session.locked")]);
    assert_eq!(told, expected);
    assert!(entries[5]["after"]["locked_until"].is_string());
    assert!(entries.iter().all(|entry| entry["origin"]["ip"] == "203.0.113.7"));
}

#[tokio::test]
async fn the_audit_tells_of_permissions_that_are_not_good_in_offices_that_there_are() {
    let office = Office::open().await;
    let once = office.administrator("karo").await;
    let first = office.login("karo", "kepala", &once).await;
    let token = first.text("password_token");
    let choose = |token: String| {
        let body = json!({ "token": token, "new_password": PASSWORD });
        office.post("/auth/reset-password", "", body)
    };
    assert_eq!(choose(token.clone()).await.status, 204);
    assert_eq!(choose(token.clone()).await.code(), (422, "session.reset_void"));
    let elsewhere = token.replace("karo.", "dairi.");
    assert_eq!(choose(elsewhere).await.code(), (422, "session.reset_void"));
    let entries = office.entries("karo").await;
    let last = entries.last().unwrap();
    assert_eq!(
        (&last["action"], &last["outcome"], &last["code"]),
        (
            &json!("user.password_changed"),
            &json!("refused"),
            &json!("session.reset_void")
        )
    );
    assert_eq!(office.entries("dairi").await, [json!(null); 0]);
}
