//! From an approved letter to the PDF in the inbox.

use kernel::Sha256Digest;
use letters::{ActingFor, ActingKind};
use platform::{Inbox, ObjectVersion, Vault};
use serde_json::json;

use crate::support::{ADMIN, Office, RESIDENT, by, code, letterhead, office_that_gives};

pub(crate) async fn approved(office: &Office, key: &str, decided_by: serde_json::Value) -> String {
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, key).await;
    let data = json!({ "label": "disetujui", "decided_by": decided_by });
    office.approval(&id, "approval.approved", data).await;
    id
}

pub(crate) async fn dropped(office: &Office, id: &str) -> Option<platform::Received> {
    let inbox = Inbox::new(&office.environment.aws);
    let uploads = inbox.uploads("inbox", None).await.unwrap().uploads;
    let key = format!("karo/letters/{id}.pdf");
    let mut objects: Vec<ObjectVersion> = uploads.into_iter().map(|upload| upload.object).collect();
    objects.retain(|object| object.key == key);
    assert!(objects.len() <= 1, "it was dropped twice");
    let object = objects.pop()?;
    Some(inbox.receive(&object, 1_000_000).await.unwrap())
}

#[tokio::test]
async fn an_approved_letter_is_dropped_once_and_its_digest_was_told_before() {
    let office = office_that_gives(false, false).await;
    let id = approved(&office, "k1", by("lurah", "admin")).await;
    let event = office.told(&id, "letter.approved").await;
    for _ in 0..2 {
        office.deliver(&office.render, &event).await;
    }
    let pdf = dropped(&office, &id).await.unwrap();
    assert!(pdf.bytes.starts_with(b"%PDF-"));
    let rendered = office.told(&id, "letter.rendered").await;
    assert_eq!(rendered["data"]["sha256"], json!(Sha256Digest::of(&pdf.bytes)));
    assert_eq!(
        rendered["traceparent"].as_str().unwrap()[..35],
        event["traceparent"].as_str().unwrap()[..35]
    );
    assert_eq!(
        office.event_types(&id).await,
        ["letter.submitted", "letter.approved", "letter.rendered"]
    );
    let issue = office.letter(&id).await.value.issue.unwrap();
    let said = |name: &str| pdf.metadata[name].clone();
    assert_eq!((said("number"), said("date")), (issue.number, issue.date.to_string()));
    assert_eq!(
        (said("type"), said("holder")),
        ("Surat Keterangan Domisili".into(), "Nama budi".into())
    );
    assert_eq!(
        (said("issuing-unit"), said("valid-until")),
        ("Kelurahan Melati".into(), issue.valid_until.unwrap().to_string())
    );
}

#[tokio::test]
async fn a_pdf_that_was_told_of_but_not_dropped_is_dropped_when_the_message_comes_again() {
    let office = office_that_gives(false, false).await;
    let id = approved(&office, "k1", by("lurah", "admin")).await;
    let event = office.told(&id, "letter.approved").await;
    office.deliver(&office.render, &event).await;
    let told = office.letter(&id).await.value.rendered.unwrap();

    // The same letter in an inbox that never got it, and on a paper that was written anew meanwhile.
    let mut paper = letterhead();
    paper["office"] = "Kelurahan Kenanga".into();
    let lurah = office.person("lurah", &ADMIN);
    let written = office.put(&lurah, "/letterhead", Some("\"1\""), &paper).await;
    assert_eq!(written.status_code, 200, "{}", written.body);
    let other = platform::Provision::new(&office.environment.aws);
    other.bucket("inbox-2", true).await.unwrap();
    let settings = office.settings_with("INBOX_BUCKET", "inbox-2");
    let render = letters::render_letter::function(&office.environment.with_settings(settings)).unwrap();
    office.deliver(&render, &event).await;
    let inbox = Inbox::new(&office.environment.aws);
    let upload = inbox.uploads("inbox-2", None).await.unwrap().uploads.remove(0);
    let pdf = inbox.receive(&upload.object, 1_000_000).await.unwrap();
    assert_eq!(Sha256Digest::of(&pdf.bytes), told);
    assert_eq!(office.event_types(&id).await.len(), 3);
}

#[tokio::test]
async fn a_letter_that_was_kept_and_not_told_of_is_told_of_and_dropped_as_it_was_kept() {
    let office = office_that_gives(false, false).await;
    let id = approved(&office, "k1", by("lurah", "admin")).await;
    // An earlier release, which set letters otherwise, got no further.
    let vault = Vault::new(&office.environment.aws, "vault".into());
    let (key, earlier) = (format!("karo/letters/{id}.pdf"), "%PDF-1.7 earlier");
    vault.put_once(&key, "application/pdf", earlier.into()).await.unwrap();
    let event = office.told(&id, "letter.approved").await;
    for _ in 0..2 {
        office.deliver(&office.render, &event).await;
    }
    let pdf = dropped(&office, &id).await.unwrap();
    assert_eq!(pdf.bytes, earlier);
    let digest = Sha256Digest::of(earlier.as_bytes());
    assert_eq!(
        office.told(&id, "letter.rendered").await["data"]["sha256"],
        json!(digest)
    );
    assert!(office.parked("render-letter").await.is_empty());
}

#[tokio::test]
async fn a_letter_whose_signer_is_not_on_the_letterhead_waits_until_the_office_names_them() {
    let office = office_that_gives(false, false).await;
    let lurah = office.person("lurah", &ADMIN);
    let id = approved(&office, "k1", by("pejabat-baru", "admin")).await;
    let event = office.told(&id, "letter.approved").await;
    office.deliver(&office.render, &event).await;
    assert_eq!(office.parked("render-letter").await, ["letters.unknown_official"]);
    assert!(dropped(&office, &id).await.is_none());

    let mut paper = letterhead();
    paper["officials"]["pejabat-baru"] = json!({ "name": "Rina Contoh", "office": "Lurah Melati" });
    assert_eq!(
        office
            .put(&lurah, "/letterhead", Some("\"1\""), &paper)
            .await
            .status_code,
        200
    );
    let generate = format!("/admin/generate-surat/{id}");
    let reply = office.post(&lurah, &generate, "g1", &json!({})).await;
    assert_eq!(reply.status_code, 202, "{}", reply.body);
    // Asked once, told once.
    office.post(&lurah, &generate, "g1", &json!({})).await;
    let requested = office.told(&id, "letter.generation_requested").await;
    office.deliver(&office.render, &requested).await;
    assert!(dropped(&office, &id).await.is_some());
    assert_eq!(
        office.event_types(&id).await,
        [
            "letter.submitted",
            "letter.approved",
            "letter.generation_requested",
            "letter.rendered"
        ]
    );
}

#[tokio::test]
async fn a_delegate_signs_in_the_office_of_whom_the_approval_names() {
    let office = office_that_gives(false, false).await;
    let mut decided_by = by("sekretaris", "admin");
    decided_by["capacity"] = "a.n. Super Admin".into();
    decided_by["acting_for"] = json!({ "id": "lurah", "name": "Siti Contoh", "kind": "an" });
    let id = approved(&office, "k1", decided_by).await;
    let plain = approved(&office, "k2", by("sekretaris", "admin")).await;
    let approver = office.letter(&id).await.value.issue.unwrap().approved_by;
    let lurah = ActingFor {
        id: "lurah".into(),
        kind: ActingKind::An,
    };
    assert_eq!(approver.acting_for, Some(lurah));
    for (id, named) in [(&id, json!("Lurah Melati")), (&plain, json!(null))] {
        let event = office.told(id, "letter.approved").await;
        office.deliver(&office.render, &event).await;
        assert!(dropped(&office, id).await.is_some());
        let rendered = office.told(id, "letter.rendered").await;
        assert_eq!(rendered["data"]["office"], named, "for the signature to name the same");
    }
}

#[tokio::test]
async fn only_who_may_print_asks_for_a_pdf_and_only_of_an_approved_letter() {
    let office = office_that_gives(false, false).await;
    let (budi, lurah) = (office.person("budi", &RESIDENT), office.person("lurah", &ADMIN));
    let id = office.draft(&budi, "k1").await;
    let generate = format!("/admin/generate-surat/{id}");
    assert_eq!(office.post(&budi, &generate, "g1", &json!({})).await.status_code, 403);
    assert_eq!(office.post(&lurah, &generate, "g1", &json!({})).await.status_code, 404);
    office.submit(&budi, &id, "k1").await;
    let reply = office.post(&lurah, &generate, "g1", &json!({})).await;
    assert_eq!(code(&reply), (409, "letters.not_approved".into()));
}
