//! Who tries what they may not, and many at once.

use serde_json::{Value, json};

use crate::office::{Office, Person};

#[tokio::test]
async fn another_tenants_letter_is_unknown_on_every_route() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    let before = office.types("surat-1").await;
    let foreigners = [
        Person::rt("003", "001"),
        Person::rw("003"),
        Person::admin(),
        Person::resident(),
    ];
    let all = [
        "approval:read",
        "approval:decide",
        "approval:withdraw",
        "user:assign_role",
    ];
    for who in foreigners.map(|person| person.of("lain").who_may(&all)) {
        for path in ["/approvals/surat-1", "/approvals/surat-1/history"] {
            let answer = office.get(&who, path).await;
            assert_eq!(answer.outcome(), (404, "approvals.unknown".into()), "{path}");
        }
        let note = json!({ "catatan": "x" });
        for (path, body) in [
            ("/approvals/surat-1/decisions", json!({ "verdict": "approve" })),
            ("/approvals/surat-1/withdraw", Value::Null),
            ("/verifikator/approve/surat-1", Value::Null),
            ("/verifikator/reject/surat-1", note.clone()),
            ("/admin/approve/surat-1", Value::Null),
            ("/admin/reject/surat-1", note),
        ] {
            let answer = office.outcome(&who, path, &body).await;
            assert_eq!(answer, (404, "approvals.unknown".into()), "{path}");
        }
        let many = json!({ "items": [{ "id": "surat-1", "verdict": "approve" }] });
        let answer = office.post(&who, "/approvals/decisions", &many).await;
        assert_eq!(answer.body["items"][0]["code"], "approvals.unknown");
        assert_eq!(office.get(&who, "/approvals/pending").await.body["items"], json!([]));
    }
    assert_eq!(office.types("surat-1").await, before);
}

#[tokio::test]
async fn a_verifier_of_another_rt_or_rw_sees_nothing_and_decides_nothing() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    for who in [
        Person::rt("004", "001"),
        Person::rt("003", "002"),
        Person::rt("001", "003"),
    ] {
        let who = who.who_may(&["approval:read"]);
        assert_eq!(
            office.get(&who, "/approvals/surat-1").await.outcome(),
            (404, "approvals.unknown".into())
        );
        assert_eq!(
            office.get(&who, "/verifikator/surat-masuk").await.body["items"],
            json!([])
        );
        let answer = office.outcome(&who, "/verifikator/approve/surat-1", &Value::Null).await;
        assert_eq!(answer, (404, "approvals.unknown".into()));
        let many = json!({ "items": [{ "id": "surat-1", "verdict": "approve" }] });
        let answer = office.post(&who, "/approvals/decisions", &many).await.body;
        assert_eq!(
            (&answer["items"][0]["status"], &answer["items"][0]["code"]),
            (&json!(404), &json!("approvals.unknown"))
        );
    }
    assert_eq!(office.types("surat-1").await, ["approval.opened"]);
    // Who oversees the RW reads what is of its RTs; who looks after everything reads everything; others nothing of a place.
    for (who, status) in [
        (Person::rw("003").who_may(&["approval:read"]), 200),
        (
            Person::new("auditor", "auditor").who_may(&["approval:read", "audit:read"]),
            200,
        ),
        (Person::new("pegawai", "employee").who_may(&["approval:read"]), 404),
        (
            Person::new("pegawai", "employee")
                .who_may(&["approval:read"])
                .in_unit("KEUANGAN"),
            404,
        ),
        (Person::new("auditor", "auditor").who_may(&["audit:read"]), 404),
        (Person::new("orang", "warga"), 404),
    ] {
        assert_eq!(
            office.get(&who, "/approvals/surat-1").await.status,
            status,
            "{}",
            who.id
        );
    }
}

#[tokio::test]
async fn roles_and_tenants_in_a_body_are_refused_and_so_is_what_is_no_id() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", false, false))
        .await;
    for body in [
        json!({ "verdict": "approve", "roles": ["super_admin"] }),
        json!({ "verdict": "approve", "tenant": "lain" }),
        json!({ "verdict": "approve", "actor": { "id": "admin" } }),
        json!({ "verdict": "promote" }),
        json!([]),
    ] {
        let answer = office
            .outcome(&Person::resident(), "/approvals/surat-1/decisions", &body)
            .await;
        assert_eq!(answer, (400, "request.malformed".into()), "{body}");
    }
    for id in ["a%23b", "%2e%2e", "%FF", "surat%2F1", &"a".repeat(65)] {
        let answer = office.get(&Person::admin(), &format!("/approvals/{id}")).await;
        assert_eq!(answer.outcome(), (404, "approvals.unknown".into()), "{id}");
    }
    let (admin, body) = (Person::admin(), json!({ "verdict": "approve" }));
    let answer = office.ask(&admin, "POST", "/approvals/surat-1/decisions", &[], &body);
    assert_eq!(answer.await.outcome(), (400, "idempotency.no_key".into()));
    assert_eq!(office.types("surat-1").await, ["approval.opened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_approve_at_once_one_moves_the_letter() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    let people = (0..50).map(|number| {
        let mut who = Person::rt("003", "001");
        who.id = format!("rt-{number}");
        who
    });
    let people: Vec<_> = people.collect();
    let body = json!({ "verdict": "approve" });
    let asked = people
        .iter()
        .map(|who| office.outcome(who, "/approvals/surat-1/decisions", &body));
    let answers = futures::future::join_all(asked).await;
    let passed = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(passed, 1, "{answers:?}");
    let others = ["approvals.conflict", "approvals.out_of_turn"];
    let rest = answers.iter().filter(|(status, _)| *status != 200);
    rest.for_each(|(status, code)| assert!(others.contains(&code.as_str()), "{status} {code}"));
    assert_eq!(office.types("surat-1").await, ["approval.opened", "approval.advanced"]);
}

#[tokio::test]
async fn who_has_seen_an_older_version_decides_on_nothing() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, false))
        .await;
    let rt = Person::rt("003", "001");
    let seen = office.get(&rt, "/approvals/surat-1").await.etag.unwrap();
    assert_eq!(seen, "\"1\"");
    let body = json!({ "verdict": "approve" });
    let ask = async |key: &'static str, etag: &'static str| {
        let headers = [("idempotency-key", key), ("if-match", etag)];
        office
            .ask(&rt, "POST", "/approvals/surat-1/decisions", &headers, &body)
            .await
    };
    assert_eq!(ask("k-1", "\"7\"").await.outcome(), (412, "request.stale".into()));
    let taken = ask("k-2", "\"1\"").await;
    assert_eq!(
        (taken.outcome(), taken.etag.as_deref()),
        ((200, "menunggu_admin".into()), Some("\"2\""))
    );
    // The same again is the same answer, though the version has moved on.
    assert_eq!(ask("k-2", "\"1\"").await.outcome(), (200, "menunggu_admin".into()));
}
