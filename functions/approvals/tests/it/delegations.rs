//! Offices in other hands for some days.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::office::{Office, Person};

fn days(from: i64, until: i64) -> (String, String) {
    let today = Timestamp::now().to_zoned(TimeZone::get("Asia/Jakarta").unwrap()).date();
    let day = |offset: i64| today.checked_add(jiff::Span::new().days(offset)).unwrap().to_string();
    (day(from), day(until))
}

fn delegation(to: &str, (valid_from, valid_until): (String, String)) -> Value {
    json!({
        "kind": "plh", "to": { "id": to, "name": "Contoh Sekretaris" }, "office": "Kepala Dinas Contoh",
        "role": "head_of_office", "valid_from": valid_from, "valid_until": valid_until,
    })
}

const ID: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const SHA256: &str = "6f5902ac237024bdd0c176cb93063dc42c8c8b4c3a1f3f0c8a1d9b7e5a3c1d2e";

async fn with_document() -> (Office, Person, Person) {
    let office = Office::open().await;
    office.tell(&office.document(ID, "loket", None, SHA256)).await;
    let head = Person::new("kepala", "head_of_office").who_may(&["approval:delegate"]);
    (office, head, Person::new("sekretaris", "secretary"))
}

#[tokio::test]
async fn who_stands_in_sees_and_decides_what_waits_for_the_office_and_history_and_event_say_so() {
    let (office, head, secretary) = with_document().await;
    let approve = json!({ "verdict": "approve" });
    let decisions = format!("/approvals/{ID}/decisions");
    assert_eq!(
        office.outcome(&secretary, &decisions, &approve).await,
        (403, "approvals.out_of_turn".into())
    );
    assert_eq!(office.get(&secretary, &format!("/approvals/{ID}")).await.status, 404);

    let made = office
        .post(&head, "/approvals/delegations", &delegation("sekretaris", days(0, 3)))
        .await;
    assert_eq!(
        (made.status, &made.body["title"]),
        (201, &json!("Plh. Kepala Dinas Contoh"))
    );
    let waiting = office.get(&secretary, "/approvals/pending").await.body;
    assert_eq!(waiting["items"][0]["capacity"], "Plh. Kepala Dinas Contoh");
    assert_eq!(office.get(&secretary, &format!("/approvals/{ID}")).await.status, 200);
    assert_eq!(
        office.outcome(&secretary, &decisions, &approve).await,
        (200, "disetujui".into())
    );
    let approved = office.events(ID).await.pop().unwrap().data;
    let by = &approved["decided_by"];
    assert_eq!(
        (&by["id"], &by["capacity"]),
        (&json!("sekretaris"), &json!("Plh. Kepala Dinas Contoh"))
    );
    assert_eq!(by["acting_for"], json!({ "id": "kepala", "name": "Contoh kepala" }));
    let history = office.get(&head, &format!("/approvals/{ID}/history")).await.body;
    assert_eq!(history["items"][1]["capacity"], "Plh. Kepala Dinas Contoh");
}

#[tokio::test]
async fn a_delegation_that_is_past_to_come_or_taken_back_is_none() {
    let (office, head, secretary) = with_document().await;
    let path = format!("/approvals/{ID}/decisions");
    let approve = json!({ "verdict": "approve" });
    let refused = (403, "approvals.out_of_turn".to_owned());
    for days in [days(-3, -1), days(1, 3)] {
        let made = office
            .post(&head, "/approvals/delegations", &delegation("sekretaris", days))
            .await;
        assert_eq!(made.status, 201);
        assert_eq!(office.outcome(&secretary, &path, &approve).await, refused);
    }
    let made = office
        .post(&head, "/approvals/delegations", &delegation("sekretaris", days(0, 0)))
        .await;
    let revoke = format!("/approvals/delegations/{}", made.body["id"].as_str().unwrap());
    let nobody = office.ask(&secretary, "DELETE", &revoke, &[], &Value::Null).await;
    assert_eq!(
        nobody.outcome(),
        (404, "approvals.no_delegation".into()),
        "who stands in does not decide for how long"
    );
    for _ in 0..2 {
        let revoked = office.ask(&head, "DELETE", &revoke, &[], &Value::Null).await;
        assert_eq!((revoked.status, &revoked.body["is_revoked"]), (200, &json!(true)));
    }
    assert_eq!(office.outcome(&secretary, &path, &approve).await, refused);
    let given = office.get(&head, "/approvals/delegations?given=true").await.body;
    assert_eq!(given["items"].as_array().unwrap().len(), 3);
    let received = office.get(&secretary, "/approvals/delegations").await.body;
    assert_eq!(received["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn nobody_hands_out_what_they_do_not_hold() {
    let (office, head, secretary) = with_document().await;
    let body = delegation("sekretaris", days(0, 3));
    let without = Person::new("kepala", "head_of_office");
    assert_eq!(
        office.outcome(&without, "/approvals/delegations", &body).await,
        (403, "access.forbidden".into())
    );
    let other_role = Person::new("orang", "examiner").who_may(&["approval:delegate"]);
    let refused = (403, "approvals.not_your_office".to_owned());
    assert_eq!(
        office.outcome(&other_role, "/approvals/delegations", &body).await,
        refused
    );
    let mut anothers = delegation("orang", days(0, 3));
    anothers["from"] = json!({ "id": "kepala", "name": "Contoh Kepala" });
    assert_eq!(
        office.outcome(&other_role, "/approvals/delegations", &anothers).await,
        refused
    );
    let admin = Person::admin().who_may(&["approval:delegate", "user:assign_role"]);
    assert_eq!(
        office.post(&admin, "/approvals/delegations", &anothers).await.status,
        201
    );

    // Nor do they take one of them.
    let mut taken = anothers.clone();
    taken["to"]["id"] = admin.id.clone().into();
    assert_eq!(office.outcome(&admin, "/approvals/delegations", &taken).await, refused);

    // Standing in gives no office to hand on.
    office.post(&head, "/approvals/delegations", &body).await;
    let secretary = secretary.who_may(&["approval:delegate"]);
    let on = delegation("teman", days(0, 3));
    assert_eq!(office.outcome(&secretary, "/approvals/delegations", &on).await, refused);
    let oneself = delegation("kepala", days(0, 3));
    assert_eq!(
        office.outcome(&head, "/approvals/delegations", &oneself).await,
        (422, "approvals.delegation_oneself".into())
    );
}
