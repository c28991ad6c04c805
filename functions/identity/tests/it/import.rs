//! Users from a spreadsheet.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Ask, HERE, Office, Sender};

async fn import(office: &Office, token: &str, csv: &str) -> Answer {
    let ask = Ask {
        method: "POST",
        path: "/users/import",
        token,
        version: "",
        body: Value::Null,
    };
    office.send(&ask, "text/csv", csv.as_bytes()).await
}

#[tokio::test]
async fn each_valid_line_is_taken_and_each_other_is_reported_without_its_content() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let csv = "username;name;email;nik;rw;rt;roles\n\
        budi;Budi Contoh;budi@contoh.go.id;9900000000000001;003;001;warga\n\
        ani;\"Ani; Contoh\";;;003;;verifikator_rw\n\
        BUDI;Budi Lain;;;;;\n\
        cici;=HYPERLINK(\"x\");;;;;\n\
        kepala;Kepala Lain;;;;;\n\
        dodi;Dodi Contoh;;123;;;\n\
        evi;Evi Contoh;;;;;raja\n\
        feri;Feri Contoh;;9900000000000001;;;\n\
        gita\n\
        hadi;Hadi Contoh;;;;;verifikator_rt\n";
    let report = import(&office, &chief, csv).await;
    assert_eq!(
        (report.status, &report.body["created"], &report.body["refused"]),
        (200, &json!(2), &json!(8)),
        "{report:?}"
    );
    let lines = report.body["lines"].as_array().unwrap();
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line.get("id").is_none())
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                line["code"].as_str().unwrap(),
                line["field"].as_str().unwrap_or(""),
            )
        })
        .collect();
    let expected = [
        (4, "identity.taken", "username"),
        (5, "identity.invalid_field", "name"),
        (6, "identity.taken", "username"),
        (7, "identity.invalid_field", "nik"),
        (8, "identity.unknown_role", "roles"),
        (9, "identity.taken", "nik"),
        (10, "identity.file", ""),
        (11, "identity.territory_missing", ""),
    ];
    assert_eq!(refused, expected);
    assert!(!report.body.to_string().contains("HYPERLINK"));
    let found = office
        .post("/users/search", &chief, json!({ "by": { "name": "ani;" } }))
        .await;
    assert_eq!(found.body["items"][0]["username"], "ani");
    let entries = office.entries("karo").await;
    let told = &entries.last().unwrap()["after"];
    let refused = json!({
        "identity.taken": [4, 6, 9], "identity.invalid_field": [5, 7], "identity.unknown_role": [8],
        "identity.file": [10], "identity.territory_missing": [11],
    });
    assert_eq!(told, &json!({ "created": 2, "refused_lines": refused }));
    // The same file again makes nobody twice.
    assert_eq!(import(&office, &chief, csv).await.body["created"], 0);
}

#[tokio::test]
async fn an_imported_user_has_no_password_until_one_is_chosen() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let report = import(&office, &chief, "username,name\nbudi,Budi Contoh\n").await;
    for guess in ["", "budi", "Budi Contoh"] {
        assert_eq!(office.login("karo", "budi", guess).await.status, 401);
    }
    let path = format!(
        "/users/{}/one-time-password",
        report.body["lines"][0]["id"].as_str().unwrap()
    );
    let given = office
        .ask(Ask {
            method: "POST",
            path: &path,
            token: &chief,
            version: "\"1\"",
            body: Value::Null,
        })
        .await;
    assert_eq!(given.status, 200, "{given:?}");
    office
        .settle("karo", "budi", &given.text("one_time_password"), "Padi#17sawah-X")
        .await;
    assert_eq!(office.login("karo", "budi", "Padi#17sawah-X").await.status, 200);
}

#[tokio::test]
async fn an_import_gives_no_role_beyond_the_importers_powers() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let (_, admin) = office.member("karo", &chief, "admin", &["admin"]).await;
    let report = import(&office, &admin, "username,name,roles\nbudi,Budi Contoh,super_admin\n").await;
    assert_eq!(report.body["lines"][0]["code"], "identity.escalation");
}

#[tokio::test]
async fn a_file_that_is_too_long_too_large_or_names_the_tenant_is_refused() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let long = format!("username,name\n{}", "budi,Budi\n".repeat(251));
    for csv in [
        long.as_str(),
        "username,name,tenant\nbudi,Budi,dairi\n",
        "username,name,active\n",
        "x",
    ] {
        assert_eq!(import(&office, &chief, csv).await.code(), (422, "identity.file"));
    }
    let large = format!("username,name\nbudi,{}", "x".repeat(1024 * 1024));
    assert_eq!(import(&office, &chief, &large).await.code(), (413, "request.too_large"));
}

#[tokio::test]
async fn the_same_import_again_is_answered_with_the_same_report() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let ask = Ask {
        method: "POST",
        path: "/users/import",
        token: &chief,
        version: "",
        body: Value::Null,
    };
    let send = |csv: &'static str| {
        let sender = Sender {
            ip: HERE,
            key: "sekali",
        };
        office.send_as(&ask, "text/csv", csv.as_bytes(), sender)
    };
    let first = send("username,name\nbudi,Budi Contoh\n").await;
    assert_eq!(first.body["created"], 1);
    assert_eq!(send("username,name\nbudi,Budi Contoh\n").await, first);
    let other = send("username,name\nani,Ani Contoh\n").await;
    assert_eq!(other.code(), (422, "idempotency.reused"));
}

#[tokio::test]
async fn an_import_that_was_cut_off_goes_on_where_it_stopped_and_says_whom_it_made_before() {
    const PEOPLE: usize = 60;
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let people = (0..PEOPLE).map(|index| format!("orang{index:02},Orang Contoh\n"));
    let csv = format!("username,name\n{}", people.collect::<String>());
    let ask = Ask {
        method: "POST",
        path: "/users/import",
        token: &chief,
        version: "",
        body: Value::Null,
    };
    let send = || {
        let sender = Sender {
            ip: HERE,
            key: "sekali",
        };
        office.send_as(&ask, "text/csv", csv.as_bytes(), sender)
    };
    let begun = async { while office.get("/users?username=orang05", &chief).await.body["items"] == json!([]) {} };
    tokio::select! {
        report = send() => panic!("nobody cut it off: {report:?}"),
        () = begun => {}
    }
    assert_eq!(send().await.code(), (409, "idempotency.in_progress"));

    office.later(Duration::from_secs(61));
    let report = send().await;
    assert_eq!(
        (report.status, &report.body["created"], &report.body["refused"]),
        (200, &json!(PEOPLE), &json!(0)),
        "{report:?}"
    );
    let lines = report.body["lines"].as_array().unwrap();
    let earlier: Vec<_> = lines.iter().map(|line| line["earlier"] == json!(true)).collect();
    let before = earlier.iter().take_while(|earlier| **earlier).count();
    assert!((6..PEOPLE).contains(&before), "{before}");
    assert!(earlier.iter().skip(before).all(|earlier| !earlier), "{earlier:?}");
    assert_eq!(send().await, report);
    let made = office.get("/users?username=orang&limit=100", &chief).await;
    assert_eq!(made.body["items"].as_array().unwrap().len(), PEOPLE);
    let created = office.trail("karo").await;
    let created = created.iter().filter(|entry| *entry == "user.created success").count();
    assert_eq!(created, PEOPLE + 1, "each once, and the administrator");
}

#[tokio::test]
async fn a_name_that_was_taken_before_the_import_is_refused_however_often_the_file_is_sent() {
    let office = Office::open().await;
    let chief = office.chief("karo").await;
    let csv = "username,name\nkepala,Kepala Lain\nani,Ani Contoh\n";
    for created in [1, 0] {
        let report = import(&office, &chief, csv).await;
        assert_eq!(report.body["created"], created);
        assert_eq!(report.body["lines"][0]["code"], "identity.taken");
        assert!(report.body["lines"][0].get("earlier").is_none());
    }
}
