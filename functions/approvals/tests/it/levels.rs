//! The three scenarios of multi-level verification, over the endpoints by which RT, RW and admin know their work.

use serde_json::{Value, json};

use crate::office::{Office, Person};

async fn inbox(office: &Office, who: &Person, path: &str) -> Vec<String> {
    let answer = office.get(who, path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_letter_that_everybody_approves_goes_from_rt_to_rw_to_admin() {
    let office = Office::open().await;
    let (rt, rw, admin) = (Person::rt("003", "001"), Person::rw("003"), Person::admin());
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    for (who, inbox_path, approve, after) in [
        (
            &rt,
            "/verifikator/surat-masuk",
            "/verifikator/approve/surat-1",
            "menunggu_verifikasi_rw",
        ),
        (
            &rw,
            "/verifikator/surat-masuk",
            "/verifikator/approve/surat-1",
            "menunggu_admin",
        ),
        (&admin, "/admin/surat-masuk", "/admin/approve/surat-1", "disetujui"),
    ] {
        assert_eq!(inbox(&office, who, inbox_path).await, ["surat-1"]);
        assert_eq!(office.outcome(who, approve, &Value::Null).await, (200, after.into()));
        assert!(inbox(&office, who, inbox_path).await.is_empty());
    }
    let types = office.types("surat-1").await;
    assert_eq!(
        types,
        [
            "approval.opened",
            "approval.advanced",
            "approval.advanced",
            "approval.approved"
        ]
    );
    let mut events = office.events("surat-1").await;
    let versions: Vec<_> = events.iter().map(|event| event.data["version"].as_u64()).collect();
    assert_eq!(versions, [Some(1), Some(2), Some(3), Some(4)]);
    let last = events.pop().unwrap().data;
    assert_eq!(
        last["item"],
        json!({ "kind": "letter", "id": "surat-1", "revision": 1 })
    );
    assert_eq!(
        (&last["label"], &last["decided_by"]["id"]),
        (&json!("disetujui"), &json!("admin"))
    );

    let history = office.get(&rt, "/verifikator/riwayat").await.body;
    let mine = &history["items"][0];
    assert_eq!(
        (&mine["id"], &mine["verdict"], &mine["label"]),
        (&json!("surat-1"), &json!("approve"), &json!("menunggu_verifikasi_rw"))
    );
}

#[tokio::test]
async fn a_letter_that_the_rt_rejects_comes_back_to_the_resident_and_begins_again() {
    let office = Office::open().await;
    let rt = Person::rt("003", "001");
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    let reject = json!({ "catatan": "Lampirkan KK" });
    let answer = office.outcome(&rt, "/verifikator/reject/surat-1", &reject).await;
    assert_eq!(answer, (200, "revisi_rt".into()));
    let returned = office.events("surat-1").await.pop().unwrap().data;
    assert_eq!(
        (&returned["note"], &returned["informed"]),
        (&json!("Lampirkan KK"), &json!(["warga-1"]))
    );
    let resubmitted = office.letter("letter.resubmitted", "surat-1", true, true);
    office.tell(&resubmitted).await;
    assert_eq!(
        office.outcome(&rt, "/verifikator/approve/surat-1", &Value::Null).await,
        (200, "menunggu_verifikasi_rw".into())
    );
    // Late, and for nothing.
    office.tell(&resubmitted).await;
    let types = office.types("surat-1").await;
    assert_eq!(
        types,
        [
            "approval.opened",
            "approval.returned",
            "approval.reopened",
            "approval.advanced"
        ]
    );
}

#[tokio::test]
async fn a_letter_that_the_rw_rejects_is_the_rts_again_and_both_rt_and_resident_learn_of_it() {
    let office = Office::open().await;
    let (rt, rw) = (Person::rt("003", "001"), Person::rw("003"));
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    office
        .outcome(&rt, "/verifikator/approve/surat-1", &json!({ "catatan": "Lengkap" }))
        .await;
    let reject = json!({ "catatan": "Data alamat tidak sesuai" });
    let answer = office.outcome(&rw, "/verifikator/reject/surat-1", &reject).await;
    assert_eq!(answer, (200, "menunggu_verifikasi_rt".into()));
    let sent_back = office.events("surat-1").await.pop().unwrap().data;
    assert_eq!(sent_back["informed"], json!(["warga-1", rt.id]));
    assert_eq!(
        office.outcome(&rt, "/verifikator/approve/surat-1", &Value::Null).await,
        (200, "menunggu_verifikasi_rw".into())
    );
    let history = office.get(&rt, "/approvals/surat-1/history").await.body;
    let told: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["note"].as_str())
        .collect();
    assert_eq!(told, [None, Some("Lengkap"), Some("Data alamat tidak sesuai"), None]);
}

#[tokio::test]
async fn of_documents_the_endpoints_for_letters_know_nothing() {
    const ID: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
    let office = Office::open().await;
    office.tell(&office.document(ID, "loket", None, &"0".repeat(64))).await;
    let head = Person::new("kepala", "head_of_office");
    let note = json!({ "catatan": "Lampirkan KK" });
    for (path, body) in [
        ("/verifikator/approve", &Value::Null),
        ("/verifikator/reject", &note),
        ("/admin/approve", &Value::Null),
        ("/admin/reject", &note),
    ] {
        let answer = office.outcome(&head, &format!("{path}/{ID}"), body).await;
        assert_eq!(answer, (404, "approvals.unknown".into()), "{path}");
    }
    assert_eq!(office.types(ID).await, ["approval.opened"]);
    let decide = json!({ "verdict": "approve" });
    let answer = office
        .outcome(&head, &format!("/approvals/{ID}/decisions"), &decide)
        .await;
    assert_eq!(answer, (200, "disetujui".into()));
    let history = office.get(&head, "/verifikator/riwayat").await.body;
    assert_eq!(history["items"], json!([]));
}

#[tokio::test]
async fn only_the_admin_refuses_for_good() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, false))
        .await;
    let refuse = json!({ "catatan": "Bukan warga desa ini", "tolak_final": true });
    let rt = Person::rt("003", "001");
    let answer = office.outcome(&rt, "/verifikator/reject/surat-1", &refuse).await;
    assert_eq!(answer, (403, "approvals.may_not_refuse".into()));
    office.outcome(&rt, "/verifikator/approve/surat-1", &Value::Null).await;
    let answer = office.outcome(&Person::admin(), "/admin/reject/surat-1", &refuse).await;
    assert_eq!(answer, (200, "ditolak".into()));
}

#[tokio::test]
async fn a_resident_takes_a_letter_back_over_either_way_and_submits_it_again() {
    let office = Office::open().await;
    let resident = Person::resident();
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    let stranger = office
        .outcome(&Person::rt("003", "001"), "/approvals/surat-1/withdraw", &Value::Null)
        .await;
    assert_eq!(stranger, (403, "approvals.not_submitter".into()));
    for _ in 0..2 {
        let answer = office
            .outcome(&resident, "/approvals/surat-1/withdraw", &Value::Null)
            .await;
        assert_eq!(answer, (200, "draft".into()));
    }
    office
        .tell(&office.letter("letter.resubmitted", "surat-1", true, true))
        .await;
    let withdrawn = office.withdrawal(2, "surat-1");
    office.tell(&withdrawn).await;
    office.tell(&office.submission(3, "surat-1", false, false)).await;
    // The withdrawal comes once more, too late.
    office.tell(&withdrawn).await;
    let view = office.get(&resident, "/approvals/surat-1").await.body;
    assert_eq!(view["label"], "menunggu_admin");
    assert_eq!(
        office.types("surat-1").await,
        [
            "approval.opened",
            "approval.withdrawn",
            "approval.reopened",
            "approval.withdrawn",
            "approval.reopened"
        ]
    );
}

#[tokio::test]
async fn a_submission_that_overtakes_its_withdrawal_waits_for_it() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", true, true))
        .await;
    let again = office.letter("letter.resubmitted", "surat-1", true, true);
    assert_eq!(office.tell_in_vain(&again).await, None, "delivered again");
    office.tell(&office.withdrawal(1, "surat-1")).await;
    office.tell(&again).await;
    assert_eq!(
        office.types("surat-1").await,
        ["approval.opened", "approval.withdrawn", "approval.reopened"]
    );
}

#[tokio::test]
async fn what_comes_late_does_not_undo_what_came_after_it() {
    let office = Office::open().await;
    let rt = Person::rt("003", "001");
    let (first, withdrawn) = (
        office.submission(1, "surat-1", true, true),
        office.withdrawal(1, "surat-1"),
    );
    office.tell(&first).await;
    let reject = json!({ "catatan": "Lampirkan KK" });
    office.outcome(&rt, "/verifikator/reject/surat-1", &reject).await;
    office.tell(&office.submission(2, "surat-1", true, true)).await;
    // Each of them is of the first submission, under an id that was never seen.
    for late in [withdrawn, office.submission(1, "surat-1", false, false)] {
        office.tell(&late).await;
        let label = office.get(&rt, "/approvals/surat-1").await.body["label"].clone();
        assert_eq!(label, "menunggu_verifikasi_rt", "{late}");
    }
    let types = office.types("surat-1").await;
    assert_eq!(types, ["approval.opened", "approval.returned", "approval.reopened"]);
}

#[tokio::test]
async fn a_letter_that_came_back_before_its_withdrawal_was_read_stays_where_it_is() {
    let office = Office::open().await;
    let rt = Person::rt("003", "001");
    office.tell(&office.submission(1, "surat-1", true, true)).await;
    let reject = json!({ "catatan": "Lampirkan KK" });
    office.outcome(&rt, "/verifikator/reject/surat-1", &reject).await;
    office.tell(&office.withdrawal(1, "surat-1")).await;
    let view = office.get(&Person::resident(), "/approvals/surat-1").await.body;
    assert_eq!(view["label"], "revisi_rt");
    assert_eq!(office.types("surat-1").await, ["approval.opened", "approval.returned"]);
}

#[tokio::test]
async fn a_withdrawal_that_overtakes_its_submission_waits_for_it() {
    let office = Office::open().await;
    let rt = Person::rt("003", "001");
    office.tell(&office.submission(1, "surat-1", true, true)).await;
    let reject = json!({ "catatan": "Lampirkan KK" });
    office.outcome(&rt, "/verifikator/reject/surat-1", &reject).await;
    let withdrawn = office.withdrawal(2, "surat-1");
    assert_eq!(office.tell_in_vain(&withdrawn).await, None, "delivered again");
    office.tell(&office.submission(2, "surat-1", true, true)).await;
    office.tell(&withdrawn).await;
    let view = office.get(&Person::resident(), "/approvals/surat-1").await.body;
    assert_eq!(view["label"], "draft");
    let entry = office.audited("approval.withdrawn").await.pop().unwrap();
    assert_eq!(
        (&entry["actor"]["id"], &entry["before"], &entry["after"]),
        (
            &json!("warga-1"),
            &json!({ "label": "menunggu_verifikasi_rt" }),
            &json!({ "label": "draft" })
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_submissions_that_come_at_once_the_newer_one_is_what_waits() {
    for _ in 0..8 {
        let office = Office::open().await;
        let events = [
            office.submission(1, "surat-1", true, true),
            office.withdrawal(1, "surat-1"),
            office.submission(2, "surat-1", false, false),
        ];
        let mut left: Vec<_> = events.iter().collect();
        while !left.is_empty() {
            let told = left.iter().map(|event| office.deliver_advance(event));
            let again = futures::future::join_all(told).await;
            left = left
                .into_iter()
                .zip(again)
                .filter_map(|(event, again)| again.then_some(event))
                .collect();
        }
        let view = office.get(&Person::resident(), "/approvals/surat-1").await.body;
        assert_eq!(view["label"], "menunggu_admin");
    }
}

#[tokio::test]
async fn a_withdrawal_is_told_to_the_audit_as_a_withdrawal() {
    let office = Office::open().await;
    office.tell(&office.submission(1, "surat-1", true, true)).await;
    let rt = Person::rt("003", "001");
    office.outcome(&rt, "/verifikator/approve/surat-1", &Value::Null).await;
    office
        .outcome(&Person::resident(), "/approvals/surat-1/withdraw", &Value::Null)
        .await;
    let entry = office.audited("approval.withdrawn").await.pop().unwrap();
    assert_eq!(entry["actor"]["id"], "warga-1");
    assert_eq!(
        entry["after"],
        json!({ "label": "draft" }),
        "no step and verdict of the decision before"
    );
    assert_eq!(entry["origin"]["ip"], "203.0.113.7");
}

#[tokio::test]
async fn who_looks_at_an_older_version_decides_nothing_over_any_endpoint() {
    let office = Office::open().await;
    office.tell(&office.submission(1, "surat-1", false, false)).await;
    let (admin, note) = (Person::admin(), json!({ "catatan": "Lampirkan KK" }));
    for (path, body) in [
        ("/verifikator/approve/surat-1", &Value::Null),
        ("/verifikator/reject/surat-1", &note),
        ("/admin/approve/surat-1", &Value::Null),
        ("/admin/reject/surat-1", &note),
    ] {
        let headers = [("idempotency-key", "k-1"), ("if-match", "\"7\"")];
        let answer = office.ask(&admin, "POST", path, &headers, body).await;
        assert_eq!(answer.outcome(), (412, "request.stale".into()), "{path}");
    }
    let waiting = office.get(&admin, "/admin/surat-masuk").await.body;
    assert_eq!(waiting["items"][0]["version"], 1);
    for (version, expected) in [(7, (412, "request.stale")), (1, (200, "disetujui"))] {
        let many = json!({ "items": [{ "id": "surat-1", "verdict": "approve", "version": version }] });
        let answer = office.post(&admin, "/approvals/decisions", &many).await.body;
        let item = &answer["items"][0];
        let said = item["code"].as_str().or_else(|| item["label"].as_str());
        assert_eq!((item["status"].as_u64().unwrap(), said.unwrap()), expected);
    }
}
