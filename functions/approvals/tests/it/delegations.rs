//! Offices in other hands for some days.

mod accounts;
mod many;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::Fields;
use serde_json::{Value, json};

use crate::office::{Office, Person, TENANT};

pub(crate) fn days(from: i64, until: i64) -> (String, String) {
    let today = Timestamp::now().to_zoned(TimeZone::get("Asia/Jakarta").unwrap()).date();
    let day = |offset: i64| today.checked_add(jiff::Span::new().days(offset)).unwrap().to_string();
    (day(from), day(until))
}

pub(crate) fn delegation(to: &str, (valid_from, valid_until): (String, String)) -> Value {
    json!({
        "kind": "plh", "to": { "id": to, "name": "Contoh Sekretaris" }, "role": "head_of_office", "valid_from": valid_from,
        "valid_until": valid_until,
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
        (404, "approvals.unknown".into())
    );
    assert_eq!(office.get(&secretary, &format!("/approvals/{ID}")).await.status, 404);

    let made = office
        .post(&head, "/approvals/delegations", &delegation("sekretaris", days(0, 3)))
        .await;
    assert_eq!((made.status, &made.body["title"]), (201, &json!("Plh. Kepala Dinas")));
    let waiting = office.get(&secretary, "/approvals/pending").await.body;
    assert_eq!(waiting["items"][0]["capacity"], "Plh. Kepala Dinas");
    assert_eq!(office.get(&secretary, &format!("/approvals/{ID}")).await.status, 200);
    assert_eq!(
        office.outcome(&secretary, &decisions, &approve).await,
        (200, "disetujui".into())
    );
    let approved = office.events(ID).await.pop().unwrap().data;
    let by = &approved["decided_by"];
    assert_eq!(
        (&by["id"], &by["capacity"]),
        (&json!("sekretaris"), &json!("Plh. Kepala Dinas"))
    );
    assert_eq!(
        by["acting_for"],
        json!({ "id": "kepala", "name": "Contoh kepala", "kind": "plh" })
    );
    let history = office.get(&head, &format!("/approvals/{ID}/history")).await.body;
    assert_eq!(history["items"][1]["capacity"], "Plh. Kepala Dinas");
}

#[tokio::test]
async fn a_delegation_that_is_past_to_come_or_taken_back_is_none() {
    let (office, head, secretary) = with_document().await;
    let path = format!("/approvals/{ID}/decisions");
    let approve = json!({ "verdict": "approve" });
    let refused = (404, "approvals.unknown".to_owned());
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
async fn who_stands_in_reads_the_letter_that_they_decide_on_as_long_as_they_may() {
    let office = Office::open().await;
    let answers = json!({ "alamat": "Jalan Kenanga 7" });
    let place = format!("{TENANT}#letter#{ID}#answers");
    let sealed = Fields::connect(&office.environment)
        .unwrap()
        .seal(&place, &answers.to_string());
    let mut letter = office.letter("letter.submitted", ID, true, false);
    letter["data"]["sealed_answers"] = json!(sealed.unwrap());
    office.tell(&letter).await;

    let path = format!("/approvals/{ID}");
    let read = async |who: &Person| office.get(who, &path).await.body.get("answers").cloned();
    let stand_in = Person::new("tetangga", "warga");
    let hand_over = async |from: Person, days: (String, String)| {
        let mut body = delegation("tetangga", days);
        body["role"] = "verifikator_rt".into();
        let from = from.who_may(&["approval:delegate"]);
        let made = office.post(&from, "/approvals/delegations", &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        format!("/approvals/delegations/{}", made.body["id"].as_str().unwrap())
    };
    let (rt, another_rt) = (Person::rt("003", "001"), Person::rt("003", "002"));
    for days in [days(-3, -1), days(1, 3)] {
        hand_over(rt.clone(), days).await;
        assert_eq!(read(&stand_in).await, None, "it is past, or to come");
    }
    hand_over(another_rt.clone(), days(0, 3)).await;
    assert_eq!(read(&stand_in).await, None, "it is for another RT");

    let today = hand_over(rt.clone(), days(0, 0)).await;
    for person in [&stand_in, &rt] {
        assert_eq!(read(person).await, Some(answers.clone()));
    }
    for person in [&another_rt, &Person::admin(), &Person::resident()] {
        assert_eq!(read(person).await, None, "it is not theirs to decide on");
    }
    let revoked = office.ask(&rt, "DELETE", &today, &[], &Value::Null).await;
    assert_eq!(revoked.status, 200);
    assert_eq!(read(&stand_in).await, None, "it was taken back");

    hand_over(rt.clone(), days(0, 0)).await;
    assert_eq!(read(&stand_in).await, Some(answers));
    let approved = office
        .outcome(&rt, &format!("{path}/decisions"), &json!({ "verdict": "approve" }))
        .await;
    assert_eq!(approved, (200, "menunggu_admin".into()));
    assert_eq!(read(&stand_in).await, None, "it is the next level's");
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
    // Nor does anybody hand out for others what these do not hold.
    let admin = Person::admin().who_may(&["approval:delegate", "user:assign_role"]);
    let not_held = (422, "approvals.not_holder".to_owned());
    let hand_out = async || office.outcome(&admin, "/approvals/delegations", &anothers).await;
    assert_eq!(hand_out().await, not_held, "nobody of that id");
    office.tell(&office.account("kepala", 1, true, &["examiner"])).await;
    assert_eq!(hand_out().await, not_held, "another role");
    office
        .tell(&office.account("kepala", 2, false, &["head_of_office"]))
        .await;
    assert_eq!(hand_out().await, not_held, "deactivated");
    office
        .tell(&office.account("kepala", 3, true, &["head_of_office"]))
        .await;
    assert_eq!(
        office.post(&admin, "/approvals/delegations", &anothers).await.status,
        201
    );
    let mut titled = anothers.clone();
    titled["office"] = "Bupati".into();
    assert_eq!(
        office.outcome(&admin, "/approvals/delegations", &titled).await,
        (400, "request.malformed".into()),
        "nobody writes a title of their own"
    );

    // Nor do they take one of them.
    let mut taken = anothers.clone();
    taken["to"]["id"] = admin.id.clone().into();
    assert_eq!(office.outcome(&admin, "/approvals/delegations", &taken).await, refused);
    let program = office.program(&admin, &["approval:delegate", "user:assign_role"]).await;
    assert_eq!(
        office.outcome(&program, "/approvals/delegations", &taken).await,
        refused
    );

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

/// The one item type of the tenant, in the name of an authority.
async fn authority(office: &Office, unit: &str) {
    let types = json!({ "version": 1, "document": { "default": { "route": "izin-kesehatan",
        "authority": { "office": "Kepala Dinas Kesehatan", "org_unit": unit } } } });
    let steps = json!([
        { "name": "pemeriksa", "role": "examiner" }, { "name": "kepala", "role": "head_of_office", "scope": "org_unit" }]);
    let route = json!({ "name": "izin-kesehatan", "version": 1, "steps": steps, "forbid": { "own_submission": true } });
    crate::routes::load(office, "routes/izin-kesehatan/1.json", &route).await;
    crate::routes::load(office, "item-types.json", &types).await;
}

#[tokio::test]
async fn on_paper_stands_the_office_of_the_step_and_at_the_last_one_the_authority() {
    let office = Office::open().await;
    authority(&office, "KESEHATAN").await;
    office.tell(&office.document(ID, "loket", None, SHA256)).await;
    let examiner = Person::new("pemeriksa", "examiner").who_may(&["approval:delegate"]);
    let head = Person::new("kepala", "head_of_office")
        .in_unit("KESEHATAN")
        .who_may(&["approval:delegate"]);
    for (holder, role, to) in [(&examiner, "examiner", "satu"), (&head, "head_of_office", "dua")] {
        let mut body = delegation(to, days(0, 3));
        body["role"] = role.into();
        assert_eq!(office.post(holder, "/approvals/delegations", &body).await.status, 201);
    }
    let path = format!("/approvals/{ID}/decisions");
    for (id, label) in [("satu", "menunggu_kepala"), ("dua", "disetujui")] {
        let who = Person::new(id, "secretary");
        assert_eq!(
            office.outcome(&who, &path, &json!({ "verdict": "approve" })).await,
            (200, label.into())
        );
    }
    let capacities: Vec<_> = office
        .events(ID)
        .await
        .into_iter()
        .map(|event| event.data["decided_by"]["capacity"].clone())
        .collect();
    assert_eq!(
        capacities,
        [
            json!(null),
            json!("Plh. Pemeriksa"),
            json!("Plh. Kepala Dinas Kesehatan")
        ]
    );
}

#[tokio::test]
async fn a_delegation_ends_when_its_giver_no_longer_holds_the_office_and_stays_ended() {
    let (office, head, secretary) = with_document().await;
    let role = ["head_of_office"];
    office.tell(&office.account("kepala", 1, true, &role)).await;
    office
        .tell(&office.account("sekretaris", 1, true, &["secretary"]))
        .await;
    let path = format!("/approvals/{ID}/decisions");
    let approve = json!({ "verdict": "approve" });
    let mut revision = 1;
    for (active, roles) in [(true, &[][..]), (false, &role)] {
        let made = office
            .post(&head, "/approvals/delegations", &delegation("sekretaris", days(0, 3)))
            .await;
        assert_eq!((made.status, &made.body["has_ended"]), (201, &json!(false)));
        assert_eq!(office.get(&secretary, &format!("/approvals/{ID}")).await.status, 200);
        for (active, roles) in [(active, roles), (true, &role)] {
            revision += 1;
            office.tell(&office.account("kepala", revision, active, roles)).await;
            assert_eq!(
                office.outcome(&secretary, &path, &approve).await,
                (404, "approvals.unknown".into())
            );
            let given = office.get(&head, "/approvals/delegations?given=true").await.body;
            let items = given["items"].as_array().unwrap();
            assert!(items.iter().all(|item| item["has_ended"] == true), "{given}");
        }
    }
}

#[tokio::test]
async fn a_narrower_delegation_is_for_what_it_names_and_the_office_of_another_is_as_far_as_theirs() {
    let office = Office::open().await;
    office.tell(&office.submission(1, "surat-1", false, true)).await;
    let admin = Person::admin().who_may(&["approval:delegate", "user:assign_role"]);
    let rw = Person::rw("003").who_may(&["approval:delegate"]);
    let mut account = office.account("rw-003", 1, true, &["verifikator_rw"]);
    account["data"]["rw"] = "003".into();
    office.tell(&account).await;
    for stand_in in ["satu", "dua", "tiga"] {
        office.tell(&office.account(stand_in, 1, true, &["warga"])).await;
    }
    let try_with = async |by: &Person, to: &str, from: Option<&str>, only: Value| {
        let mut body = delegation(to, days(0, 3));
        body["role"] = "verifikator_rw".into();
        body.as_object_mut().unwrap().extend(only.as_object().unwrap().clone());
        if let Some(from) = from {
            body["from"] = json!({ "id": from, "name": "Contoh Ketua" });
        }
        let made = office.post(by, "/approvals/delegations", &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let seen = office.get(&Person::new(to, "warga"), "/approvals/surat-1").await;
        seen.status
    };
    let (here, elsewhere) = (json!({ "rw": "003", "rt": "001" }), json!({ "rw": "003", "rt": "002" }));
    assert_eq!(try_with(&rw, "satu", None, elsewhere.clone()).await, 404);
    assert_eq!(try_with(&rw, "dua", None, here.clone()).await, 200);
    assert_eq!(try_with(&rw, "tiga", None, json!({})).await, 200);
    assert_eq!(try_with(&admin, "empat", Some("rw-003"), elsewhere).await, 404);
    assert_eq!(try_with(&admin, "lima", Some("rw-003"), here).await, 200);
    // What an administrator writes makes the office no larger.
    let mut account = office.account("rw-004", 1, true, &["verifikator_rw"]);
    account["data"]["rw"] = "004".into();
    office.tell(&account).await;
    assert_eq!(
        try_with(&admin, "enam", Some("rw-004"), json!({ "rw": "003" })).await,
        404
    );
}
