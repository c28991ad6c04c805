//! Accounts: made, found, changed, given up.

use serde_json::{Value, json};

use crate::support::{Ask, Office};

const NIK: &str = "9900000000000001";

fn budi() -> Value {
    json!({
        "username": "Budi.Contoh", "name": "Budi Contoh", "email": "Budi@Contoh.go.id", "nik": NIK,
        "nip": "998001012005011001",
        "phone": "0812-0000-0001", "rw": "003", "rt": "001", "roles": ["verifikator_rt"],
    })
}

async fn change(
    office: &Office,
    method: &str,
    path: &str,
    token: &str,
    version: &str,
    body: Value,
) -> crate::support::Answer {
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
async fn a_user_is_made_shown_changed_and_given_up() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let made = office.post("/users", &chief, budi()).await;
    assert_eq!((made.status, made.etag.as_str()), (201, "\"1\""), "{made:?}");
    let path = format!("/users/{}", made.body["user"]["id"].as_str().unwrap());
    let shown = office.get(&path, &chief).await;
    assert_eq!(
        (&shown.body, &shown.body["username"]),
        (&made.body["user"], &json!("budi.contoh"))
    );
    assert_eq!(
        (&shown.body["nik"], &shown.body["phone"]),
        (&json!(NIK), &json!("+6281200000001"))
    );

    let mut body = budi();
    body.as_object_mut().unwrap().remove("roles");
    body["name"] = "Budi Teladan".into();
    body["nip"] = Value::Null;
    assert_eq!(
        change(&office, "PUT", &path, &chief, "", body.clone()).await.status,
        428
    );
    assert_eq!(
        change(&office, "PUT", &path, &chief, "\"7\"", body.clone())
            .await
            .code(),
        (412, "request.stale")
    );
    let changed = change(&office, "PUT", &path, &chief, "\"1\"", body.clone()).await;
    assert_eq!((changed.status, changed.etag.as_str()), (200, "\"2\""), "{changed:?}");
    assert_eq!(
        (&changed.body["name"], &changed.body["nip"]),
        (&json!("Budi Teladan"), &Value::Null)
    );
    assert_eq!(change(&office, "PUT", &path, &chief, "\"1\"", body).await.status, 412);

    let list = office.get("/users?username=bud", &chief).await;
    assert_eq!(list.body["items"][0]["nik"], "************0001");
    assert_eq!(
        change(&office, "DELETE", &path, &chief, "\"2\"", Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(office.get(&path, &chief).await.code(), (404, "request.unknown"));
    assert_eq!(office.get("/users?username=bud", &chief).await.body["items"], json!([]));
    // The names are free again.
    assert_eq!(office.post("/users", &chief, budi()).await.status, 201);
    let trail = office.trail("karo").await;
    let of_users: Vec<_> = trail.iter().filter(|entry| entry.starts_with("user.")).collect();
    assert_eq!(
        of_users,
        [
            "user.created success",
            "user.password_changed success",
            "user.created success",
            "user.updated success",
            "user.deleted success",
            "user.created success"
        ]
    );
}

#[tokio::test]
async fn nothing_personal_is_readable_in_the_table_or_the_audit_trail_but_the_name_of_an_official() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    office.post("/users", &chief, budi()).await;
    let resident = json!({ "username": "ani", "name": "Ani Contoh", "roles": ["warga"] });
    assert_eq!(office.post("/users", &chief, resident).await.status, 201);
    for mut event in office.events().await {
        if event.event_type.as_str() == "user.changed" && event.data["name"] == "Budi Contoh" {
            event.data["name"] = Value::Null;
        }
        let text = serde_json::to_string(&event).unwrap().to_lowercase();
        for personal in [
            NIK,
            "budi@contoh",
            "81200000001",
            "998001012005011001",
            "budi contoh",
            "ani contoh",
        ] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
}

#[tokio::test]
async fn two_people_cannot_have_one_username_address_or_number() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    office.post("/users", &chief, budi()).await;
    for (field, value) in [
        ("username", "BUDI.contoh"),
        ("email", "budi@CONTOH.go.id"),
        ("nik", NIK),
        ("nip", "99800101 200501 1 001"),
    ] {
        let mut body = json!({ "username": "ani", "name": "Ani Contoh" });
        body[field] = value.into();
        let answer = office.post("/users", &chief, body).await;
        assert_eq!(answer.code(), (409, "identity.taken"), "{field}");
        assert!(answer.text("detail").contains(field));
    }
    // Another office has its own names.
    let other = office.chief("dairi").await;
    assert_eq!(office.post("/users", &other, budi()).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_one_name_at_once_one_gets_it() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let made = (0..10).map(|_| office.post("/users", &chief, budi()));
    let answers = futures::future::join_all(made).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1,
        "{answers:?}"
    );
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
}

#[tokio::test]
async fn a_user_is_found_by_the_beginning_of_names_and_by_whole_numbers() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    office.post("/users", &chief, budi()).await;
    office
        .post("/users", &chief, json!({ "username": "ani", "name": "Ani Budiarti" }))
        .await;
    let table = [
        (json!({ "username": "BUD" }), vec!["budi.contoh"]),
        (json!({ "name": "budi" }), vec!["budi.contoh"]),
        (json!({ "name": "an" }), vec!["ani"]),
        (json!({ "email": "budi@" }), vec!["budi.contoh"]),
        (json!({ "email": "ke" }), vec!["kepala"]),
        (json!({ "nik": NIK }), vec!["budi.contoh"]),
        (json!({ "nik": "9900000000000002" }), vec![]),
        (json!({ "nip": "998001012005011001" }), vec!["budi.contoh"]),
    ];
    for (by, expected) in table {
        let found = office.post("/users/search", &chief, json!({ "by": by })).await;
        let names: Vec<_> = found.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["username"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{by}");
    }
    assert_eq!(
        office
            .post("/users/search", &chief, json!({ "by": { "nik": "99" } }))
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn lists_come_in_pages_without_gaps_or_repetitions() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    for index in 0..7 {
        let body = json!({ "username": format!("orang{index}"), "name": "Orang Contoh" });
        assert_eq!(office.post("/users", &chief, body).await.status, 201);
    }
    let (mut names, mut path) = (Vec::new(), "/users?limit=3".to_owned());
    loop {
        let page = office.get(&path, &chief).await;
        let items = page.body["items"].as_array().unwrap();
        names.extend(items.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(next) => path = format!("/users?limit=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        names,
        [
            "kepala", "orang0", "orang1", "orang2", "orang3", "orang4", "orang5", "orang6"
        ]
    );
    for bad in ["/users?limit=0", "/users?limit=101", "/users?cursor=x"] {
        assert_eq!(office.get(bad, &chief).await.code(), (400, "request.paging"), "{bad}");
    }
}

#[tokio::test]
async fn a_field_that_is_none_is_named() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    for (field, value) in [
        ("username", "a b"),
        ("name", "=1+1"),
        ("email", "budi"),
        ("nik", "123"),
        ("nip", "123"),
        ("phone", "rumah"),
        ("rw", "3"),
    ] {
        let mut body = json!({ "username": "ani", "name": "Ani Contoh" });
        body[field] = value.into();
        let answer = office.post("/users", &chief, body).await;
        assert_eq!(answer.code(), (422, "identity.invalid_field"), "{field}: {answer:?}");
    }
    let rt = json!({ "username": "ani", "name": "Ani Contoh", "rt": "001" });
    assert_eq!(
        office.post("/users", &chief, rt).await.code(),
        (422, "identity.rt_without_rw")
    );
    let nowhere = json!({ "username": "ani", "name": "Ani Contoh", "roles": ["verifikator_rw"] });
    assert_eq!(
        office.post("/users", &chief, nowhere).await.code(),
        (422, "identity.territory_missing")
    );
    let unit = json!({ "username": "ani", "name": "Ani Contoh", "org_unit": "NIHIL" });
    assert_eq!(
        office.post("/users", &chief, unit).await.code(),
        (422, "identity.unknown_parent")
    );
}

#[tokio::test]
async fn an_organisation_is_a_tree_that_is_changed_at_its_version() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let unit =
        |code: &str, parent: Value| json!({ "code": code, "name": "Unit Contoh", "type": "bidang", "parent": parent });
    assert_eq!(
        office
            .post("/org-units", &chief, unit("DINAS", Value::Null))
            .await
            .status,
        201
    );
    let made = office.post("/org-units", &chief, unit("APTIKA", json!("DINAS"))).await;
    assert_eq!((made.status, made.etag.as_str()), (201, "\"2\""));
    assert_eq!(
        office
            .post("/org-units", &chief, unit("APTIKA", json!("DINAS")))
            .await
            .code(),
        (409, "identity.unit_taken")
    );

    let below = json!({ "name": "Dinas", "type": "root", "parent": "APTIKA" });
    let circle = change(&office, "PUT", "/org-units/DINAS", &chief, "\"2\"", below).await;
    assert_eq!(circle.code(), (422, "identity.circle"));
    assert_eq!(
        change(&office, "DELETE", "/org-units/DINAS", &chief, "\"2\"", Value::Null)
            .await
            .code(),
        (409, "identity.unit_has_children")
    );
    assert_eq!(
        change(&office, "DELETE", "/org-units/APTIKA", &chief, "\"1\"", Value::Null)
            .await
            .status,
        412
    );
    assert_eq!(
        change(&office, "DELETE", "/org-units/APTIKA", &chief, "\"2\"", Value::Null)
            .await
            .status,
        204
    );
    let list = office.get("/org-units", &chief).await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    let member = json!({ "username": "ani", "name": "Ani Contoh", "org_unit": "DINAS" });
    assert_eq!(office.post("/users", &chief, member).await.status, 201);
}

#[tokio::test]
async fn others_learn_who_holds_which_role_where_and_under_which_name_and_nothing_else() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let made = office.post("/users", &chief, budi()).await;
    let id = made.body["user"]["id"].as_str().unwrap().to_owned();
    let path = format!("/users/{id}");
    for (method, path, version, body) in [
        ("PATCH", format!("{path}/activate"), "\"1\"", json!({ "active": false })),
        ("PATCH", format!("{path}/activate"), "\"2\"", json!({ "active": true })),
        ("POST", format!("{path}/one-time-password"), "\"3\"", Value::Null),
        ("DELETE", path.clone(), "\"4\"", Value::Null),
    ] {
        let answer = change(&office, method, &path, &chief, version, body).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
    }
    let told = office.events().await.into_iter();
    let of_budi = told.filter(|event| event.event_type.as_str() == "user.changed" && event.subject == id);
    let told: Vec<_> = of_budi.map(|event| event.data).collect();
    let first = json!({ "user_id": id, "revision": 1, "active": true, "name": "Budi Contoh",
        "roles": ["verifikator_rt"], "rw": "003", "rt": "001" });
    assert_eq!(told[0], first);
    let changes: Vec<_> = told
        .iter()
        .map(|data| (data["revision"].as_u64(), data["active"].as_bool()))
        .collect();
    let expected = [(1, true), (2, false), (3, true), (5, false)];
    assert_eq!(
        changes,
        expected.map(|(revision, active)| (Some(revision), Some(active))),
        "a new password tells nothing"
    );
}

#[tokio::test]
async fn the_audit_tells_that_a_telephone_number_is_another_one_and_not_which() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let made = office.post("/users", &chief, budi()).await;
    let path = format!("/users/{}", made.body["user"]["id"].as_str().unwrap());
    let mut body = budi();
    body.as_object_mut().unwrap().remove("roles");
    let same = change(&office, "PUT", &path, &chief, &made.etag, body.clone()).await;
    assert_eq!(same.status, 200, "{same:?}");
    body["phone"] = "0812-0000-0002".into();
    let other = change(&office, "PUT", &path, &chief, &same.etag, body).await;
    assert_eq!(other.status, 200, "{other:?}");
    let entries = office.entries("karo").await;
    let phones: Vec<_> = entries
        .iter()
        .filter(|entry| entry["action"] == "user.updated")
        .map(|entry| (&entry["before"]["phone"], &entry["after"]["phone"]))
        .collect();
    let hidden = json!("***");
    assert_eq!(phones, [(&hidden, &hidden), (&hidden, &json!("*** (diubah)"))]);
}
