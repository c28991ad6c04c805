//! The three scenarios of the requirements, from draft to download, and the ways around them.

use serde_json::json;

use crate::support::{ADMIN, RESIDENT, body, by, code, office_that_gives};

const DOCUMENT: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const LINK: &str =
    "HTTPS://ABSAH.EXAMPLE/V/1AAAQEAYEAUDAOCAJBIFQYDIOB4/TRLMYUNTOTB3UGESCDK3NVF7K54Q2NI4S3CHYAQZB3HR4QYGGWVQ";

#[tokio::test]
async fn a_letter_that_all_approve_is_numbered_rendered_and_fetched() {
    let office = office_that_gives(true, true).await;
    let (budi, lurah) = (office.person("budi", &RESIDENT), office.person("lurah", &ADMIN));
    let id = office.draft(&budi, "k1").await;
    assert_eq!(office.status(&budi, &id).await, "draft");
    office.submit(&budi, &id, "k1").await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
    let data = json!({ "label": "menunggu_verifikasi_rt" });
    office.approval(&id, "approval.opened", data).await;
    let data = json!({ "label": "menunggu_verifikasi_rw", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.advanced", data).await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rw");
    let data = json!({ "label": "menunggu_admin", "decided_by": by("pak-rw", "rw") });
    office.approval(&id, "approval.advanced", data).await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_admin");
    office.approve(&id).await;
    assert_eq!(office.status(&budi, &id).await, "disetujui");
    let pdf = format!("/letters/{id}/pdf");
    assert_eq!(
        code(&office.get(&budi, &pdf).await),
        (409, "letters.not_finished".into())
    );

    let approved = office.told(&id, "letter.approved").await;
    office.deliver(&office.render, &approved).await;
    let issued = json!({
        "document_id": DOCUMENT, "key": format!("karo/letters/{id}.pdf"), "sha256": "00", "verify_url": LINK,
    });
    let issued = office.event("absah/documents", "document.issued", DOCUMENT, issued);
    office.deliver(&office.track, &issued).await;
    assert_eq!(office.status(&budi, &id).await, "selesai");
    office.deliver(&office.track, &issued).await;
    assert_eq!(
        office.event_types(&id).await,
        [
            "letter.submitted",
            "letter.approved",
            "letter.rendered",
            "letter.finished"
        ]
    );

    let vault = platform::Vault::new(&office.environment.aws, "vault".into());
    let key = format!("karo/documents/{DOCUMENT}/final.pdf");
    vault
        .put_once(&key, "application/pdf", "%PDF-signed".into())
        .await
        .unwrap();
    for person in [&budi, &lurah] {
        let reply = office.get(person, &pdf).await;
        assert_eq!(
            (reply.status_code, reply.headers["content-type"].as_str()),
            (200, "application/pdf")
        );
        assert_eq!(reply.into_body(), b"%PDF-signed");
    }
    let letter = body(&office.get(&budi, &format!("/letters/{id}")).await);
    assert_eq!(letter["verify_url"], LINK);
    assert_eq!(letter["current_verification_level"], "completed");
    assert!(letter["number"].as_str().unwrap().starts_with("470/1/SKD/"));
    let states: Vec<_> = letter["progress"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| &level["state"])
        .collect();
    assert_eq!(states, ["approved", "approved", "approved"]);
    assert_eq!(letter["progress"][0]["last"]["name"], "Nama pak-rt");
    assert!(office.parked("track-letter").await.is_empty() && office.parked("render-letter").await.is_empty());
}

#[tokio::test]
async fn a_letter_that_the_rt_returned_is_corrected_and_submitted_again() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let data = json!({ "label": "revisi_rt", "note": "Lampirkan KK", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.returned", data).await;
    let letter = body(&office.get(&budi, &format!("/letters/{id}")).await);
    assert_eq!(
        (&letter["status"], &letter["progress"][0]["last"]["note"]),
        (&json!("revisi_rt"), &json!("Lampirkan KK"))
    );
    assert_eq!(letter["current_verification_level"], "rt");

    let path = format!("/letters/{id}");
    let etag = office.get(&budi, &path).await.headers["etag"].clone();
    let corrected =
        json!({ "answers": { "nama": "Budi Contoh", "nik": "9901010101900001", "alamat": "Jalan Melur 8" } });
    assert_eq!(office.put(&budi, &path, Some(&etag), &corrected).await.status_code, 200);
    assert_eq!(office.submit(&budi, &id, "k2").await.status_code, 200);
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
    assert_eq!(
        office.event_types(&id).await,
        ["letter.submitted", "letter.resubmitted"]
    );
    let events = office.events(&id).await;
    assert_eq!(events[0].traceparent.trace_id(), events[1].traceparent.trace_id());
}

#[tokio::test]
async fn a_letter_that_the_rw_sent_back_waits_for_the_rt_again() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let data = json!({ "label": "menunggu_verifikasi_rw", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.advanced", data).await;
    let note = "Data alamat tidak sesuai";
    let data = json!({ "label": "menunggu_verifikasi_rt", "note": note, "decided_by": by("pak-rw", "rw") });
    office.approval(&id, "approval.sent_back", data).await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
    let data = json!({ "label": "menunggu_verifikasi_rw", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.advanced", data).await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rw");
}

#[tokio::test]
async fn a_letter_without_levels_waits_for_the_office_at_once_and_may_be_refused_for_good() {
    let office = office_that_gives(false, false).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_admin");
    let data = json!({ "label": "ditolak", "note": "Bukan warga", "decided_by": by("lurah", "admin") });
    office.approval(&id, "approval.rejected", data).await;
    let letter = body(&office.get(&budi, &format!("/letters/{id}")).await);
    assert_eq!(
        (&letter["status"], &letter["progress"][0]["state"]),
        (&json!("ditolak"), &json!("rejected"))
    );
    assert_eq!(
        code(&office.submit(&budi, &id, "k2").await),
        (409, "letters.not_editable".into())
    );
}

#[tokio::test]
async fn a_letter_on_a_route_with_a_step_of_its_own_stays_where_it_is_until_a_level_that_it_knows_decides() {
    let office = office_that_gives(true, false).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let data = json!({ "label": "menunggu_admin", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.advanced", data).await;
    let data = json!({ "label": "menunggu_kasi", "decided_by": by("lurah", "admin") });
    office.approval(&id, "approval.advanced", data).await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_admin");
    let data = json!({ "label": "disetujui", "decided_by": by("kasi", "kasi") });
    office.approval(&id, "approval.approved", data).await;
    assert_eq!(office.status(&budi, &id).await, "disetujui");
    let deciders: Vec<_> = office
        .letter(&id)
        .await
        .value
        .history
        .into_iter()
        .map(|one| one.by)
        .collect();
    assert_eq!(deciders, ["pak-rt", "lurah", "kasi"]);
    assert!(office.parked("track-letter").await.is_empty());
}

#[tokio::test]
async fn a_letter_that_is_asked_back_is_a_draft_when_its_approval_has_ended() {
    let office = office_that_gives(true, false).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let withdraw = format!("/letters/{id}/withdraw");
    let reply = office.post(&budi, &withdraw, "w1", &json!({})).await;
    assert_eq!(
        (reply.status_code, &body(&reply)["is_withdrawing"]),
        (202, &json!(true))
    );
    office
        .approval(&id, "approval.withdrawn", json!({ "label": "withdrawn" }))
        .await;
    assert_eq!(office.status(&budi, &id).await, "draft");
    assert_eq!(
        code(&office.post(&budi, &withdraw, "w2", &json!({})).await),
        (409, "letters.not_waiting".into())
    );
    office.submit(&budi, &id, "k2").await;
    assert_eq!(
        office.event_types(&id).await,
        ["letter.submitted", "letter.withdrawn", "letter.resubmitted"]
    );
}

#[tokio::test]
async fn a_withdrawal_that_races_a_return_leaves_no_letter_between_two_submissions() {
    let office = office_that_gives(true, false).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let data = json!({ "label": "revisi_rt", "note": "Lampirkan KK", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.returned", data).await;
    office.submit(&budi, &id, "k2").await;
    // Of the first submission, and late.
    let withdrawn = office.approval_event(&id, (1, 3), "approval.withdrawn", json!({ "label": "draft" }));
    office.deliver(&office.track, &withdrawn).await;
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
    office.approve(&id).await;
    assert_eq!(office.status(&budi, &id).await, "disetujui");
    assert!(office.parked("track-letter").await.is_empty());
}

#[tokio::test]
async fn approvals_and_documents_of_something_else_change_nothing() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let mut event = office.approval_event(&id, (1, 2), "approval.rejected", json!({ "decided_by": by("a", "b") }));
    event["data"]["item"]["kind"] = "document".into();
    office.deliver(&office.track, &event).await;
    event["data"].as_object_mut().unwrap().remove("item");
    event["data"]["document_id"] = DOCUMENT.into();
    office.deliver(&office.track, &event).await;
    for key in [
        format!("karo/sicantik/{id}.pdf"),
        format!("dairi/letters/{id}.pdf"),
        "karo/letters/x.pdf".into(),
    ] {
        let issued = json!({ "document_id": DOCUMENT, "key": key, "sha256": "00", "verify_url": LINK });
        let issued = office.event("absah/documents", "document.issued", DOCUMENT, issued);
        office.deliver(&office.track, &issued).await;
    }
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
    assert!(office.parked("track-letter").await.is_empty());
}

#[tokio::test]
async fn a_signed_document_for_a_letter_that_nobody_approved_is_parked() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let issued = json!({
        "document_id": DOCUMENT, "key": format!("karo/letters/{id}.pdf"), "sha256": "00", "verify_url": LINK,
    });
    let issued = office.event("absah/documents", "document.issued", DOCUMENT, issued);
    office.deliver(&office.track, &issued).await;
    assert_eq!(office.parked("track-letter").await, ["letters.not_approved"]);
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
}
