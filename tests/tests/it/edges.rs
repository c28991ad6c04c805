//! What comes in at the edges: messages that are somebody else's, half a notification, a key used twice.

use std::collections::{BTreeMap, BTreeSet};

use documents::{Document, State};
use serde_json::{Value, json};

use crate::support::messages::{deliver, history, newest, parked, put_sidecar, types};
use crate::support::{
    Newest, Place, TENANT, blocking, document, files, home, http_event, json_file, root, sample, send, site,
    skipped_elsewhere, stack, tenant,
};

/// Each step that a queue triggers, and the events that are its own.
pub(crate) const OWN: [(&str, &[&str]); 11] = [
    ("detect", &[]),
    ("import", &["document.detected", "description.detected"]),
    (
        "advance-approval",
        &[
            "document.imported",
            "document.described",
            "user.changed",
            "letter.submitted",
            "letter.resubmitted",
            "letter.withdrawn",
            "letter.rendered",
        ],
    ),
    ("load-route", &[]),
    (
        "track-approval",
        &[
            "approval.opened",
            "approval.returned",
            "approval.withdrawn",
            "approval.rejected",
        ],
    ),
    ("sign", &["approval.approved"]),
    ("stamp", &["document.signed"]),
    (
        "track-letter",
        &[
            "approval.opened",
            "approval.endorsed",
            "approval.advanced",
            "approval.sent_back",
            "approval.returned",
            "approval.reopened",
            "approval.withdrawn",
            "approval.rejected",
            "approval.approved",
            "document.issued",
        ],
    ),
    ("render-letter", &["letter.approved", "letter.generation_requested"]),
    ("record-audit", &["action.taken"]),
    (
        "send-mail",
        &[
            "approval.sent_back",
            "approval.returned",
            "approval.rejected",
            "approval.reopened",
            "user.password_reset_requested",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_step_parks_every_event_that_is_not_its_own_and_changes_nothing() {
    let site = site().await;
    let id = site.submit("izin", sample(), &[]).await;
    site.event(&id, "document.awaiting_approval").await;
    let before = document(&site, &id).await;
    for (step, own) in OWN {
        let mut foreign = Vec::new();
        for path in files("domain") {
            let mut event = json_file(&path);
            if own.contains(&event["type"].as_str().unwrap()) {
                continue;
            }
            // It is about a document that is really there.
            event["tenant"] = TENANT.into();
            event["subject"] = id.clone().into();
            event["data"]["document_id"] = id.clone().into();
            foreign.push(event);
        }
        assert!(foreign.len() > 10);
        site.hand(step, &foreign).await;
        let rows = site.parked(step, &id, foreign.len()).await;
        let bodies: BTreeSet<_> = rows.iter().map(|row| row.body.clone()).collect();
        assert_eq!(bodies, foreign.iter().map(Value::to_string).collect(), "{step}");
        assert!(rows.iter().all(|row| row.code == "message.malformed"), "{step}");
    }
    assert_eq!(document(&site, &id).await, before);
    let of_document = history(&site, TENANT, "document", &id).await;
    assert_eq!(of_document.len(), 3, "detected, imported, awaiting approval");
    assert_eq!(history(&site, TENANT, "approval", &id).await.len(), 1, "opened");
    let files = site.files().list_versions(&format!("{TENANT}/documents/{id}/")).await;
    assert_eq!(files.unwrap().len(), 1, "the original");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_parked_twice_is_one_row() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let malformed = json!({ "nik": "9900112233445566" });
    for _ in 0..2 {
        deliver(&stack, "sign", &malformed).await;
    }
    assert_eq!(parked(&stack, "sign").await.len(), 1);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_number_in_a_bad_sidecar_is_parked_with_the_message_only() {
    let site = site().await;
    let name = format!("izin-{}", site.environment().ids.document_id());
    let bad = json!({ "holder": 9_900_112_233_445_566_u64, "9900112233445566": 1 });
    put_sidecar(&site, &name, &bad).await;
    let malformed = json!({ "nik": "9900112233445566", "name": name });
    site.hand("sign", std::slice::from_ref(&malformed)).await;
    for (step, code) in [("import", "import.bad_sidecar"), ("sign", "message.malformed")] {
        let rows = site.parked(step, &name, 1).await;
        assert_eq!(rows[0].code, code);
        assert!(!rows[0].detail.contains("99001122"), "{}", rows[0].detail);
    }
    assert_eq!(site.parked("sign", &name, 1).await[0].body, malformed.to_string());
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_does_not_hide_the_others_of_its_notification() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let golden = json_file(&root().join("events/aws/s3-put.json"))["Records"][0].clone();
    let own = |name: &str| {
        let mut own = golden.clone();
        own["s3"]["object"]["key"] = format!("{TENANT}/loket/{name}.pdf").into();
        own
    };
    let mut no_etag = golden.clone();
    no_etag["s3"]["object"].as_object_mut().unwrap().remove("eTag");
    let mut foreign = golden.clone();
    foreign["s3"]["bucket"]["name"] = "vault".into();
    let mut reserved = golden.clone();
    reserved["s3"]["object"]["key"] = "system/loket/izin.pdf".into();
    let records = json!([own("pertama"), no_etag, foreign, reserved, own("terakhir")]);
    deliver(&stack, "detect", &json!({ "Records": records })).await;

    let rows = parked(&stack, "detect").await;
    let codes: Vec<_> = rows.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["detect.malformed"], "the first that cannot be taken in");
    for name in ["pertama", "terakhir"] {
        assert_eq!(newest(&stack, name).await.state, State::Detected);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minio_webhook_with_its_token_is_detected_and_without_it_or_for_another_bucket_nothing_is() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let mut notification = json_file(&root().join("events/minio/webhook-put.json"));
    notification["Records"][0]["s3"]["object"]["key"] = "contoh%2Floket%2Fizin+lama.pdf".into();
    let send = async |token: &str, notification: &Value| {
        let event = http_event("POST", "/", &[("authorization", token)], &notification.to_string());
        let answer = stack.functions["detect"].invoke(event).await.unwrap();
        let body = answer["body"].as_str().unwrap_or_default().to_owned();
        (answer["statusCode"].as_u64().unwrap(), body)
    };
    let token = format!("Bearer {}", home().webhook_token());
    assert_eq!(send("Bearer wrong", &notification).await.0, 401);
    let key = Newest::key_of("izin lama");
    assert!(stack.table().unwrap().find::<Newest>(&key).await.unwrap().is_none());
    assert_eq!(send(&token, &notification).await.0, 204);
    let again = send(&token, &notification).await.0;
    assert_eq!(again, 204, "MinIO tells again what it is not sure of");
    let newest = newest(&stack, "izin lama").await;
    assert_eq!(newest.state, State::Detected);
    assert_eq!(newest.object.key, "contoh/loket/izin lama.pdf");
    let key = Document::key_of(&tenant(), newest.id);
    assert_eq!(stack.table().unwrap().events(&key, 10).await.unwrap().len(), 1);

    notification["Records"][0]["s3"]["bucket"]["name"] = "vault".into();
    assert_eq!(send(&token, &notification).await.0, 204, "so that the store goes on");
    assert_eq!(send(&token, &notification).await.0, 204);
    let rows = parked(&stack, "detect").await;
    let codes: Vec<_> = rows.iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["detect.foreign_bucket"], "once, however often it comes");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_tells_again_over_http_changes_nothing_and_without_the_token_is_refused() {
    let site = site().await;
    let id = site.submit("izin", sample(), &[]).await;
    let object = document(&site, &id).await.object;
    let mut notification = json_file(&root().join("events/minio/webhook-put.json"));
    notification["Records"][0]["s3"]["bucket"]["name"] = object.bucket.clone().into();
    notification["Records"][0]["s3"]["object"] =
        json!({ "key": object.key, "eTag": object.etag, "versionId": object.version_id, "sequencer": "17A2" });
    let tell = async |token: String, notification: &Value| {
        let (url, body) = (format!("{}/", site.detect), notification.to_string());
        blocking(move || send(&url, &[("authorization", token.as_str())], body.as_bytes()).0).await
    };
    let token = site.home.webhook_token().to_owned();
    assert_eq!(tell("Bearer wrong".to_owned(), &notification).await, 401);
    for authorization in [format!("Bearer {token}"), token.clone()] {
        assert_eq!(tell(authorization, &notification).await, 204);
    }
    assert_eq!(newest(&site, "izin").await.id.to_string(), id);

    notification["Records"][0]["s3"]["bucket"]["name"] = "tidak-dikenal".into();
    for _ in 0..2 {
        let status = tell(token.clone(), &notification).await;
        assert_eq!(status, 204, "so that the store goes on");
    }
    let rows = site.parked("detect", &object.key, 1).await;
    assert_eq!(rows[0].code, "detect.foreign_bucket", "once, however often it comes");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_versions_an_upload_is_told_apart_by_its_etag_and_its_place_in_the_order() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let mut notification = json_file(&root().join("events/minio/webhook-put.json"));
    let mut ids = Vec::new();
    // The same bytes again, later; then a repetition of the first notification.
    for sequencer in ["17A2B3C4D6A1B2C3", "17A2B3C4D6A1B2C4", "17A2B3C4D6A1B2C3"] {
        let object = &mut notification["Records"][0]["s3"]["object"];
        object["key"] = "contoh%2Floket%2Fizin.pdf".into();
        object["sequencer"] = sequencer.into();
        deliver(&stack, "detect", &notification).await;
        ids.push(newest(&stack, "izin").await.id);
    }
    assert_ne!(ids[0], ids[1], "a new upload is a new document");
    assert_eq!(ids[1], ids[2], "what is older or known changes nothing");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_decision_is_good_for_that_decision_only() {
    let site = site().await;
    let id = site.submit("izin", sample(), &[]).await;
    let reject = json!({ "verdict": "reject", "note": "Tidak memenuhi syarat." });
    let (status, first) = site.decide(&id, "k-1", &reject).await;
    assert_eq!(status, 200);
    assert_eq!(site.decide(&id, "k-1", &reject).await, (200, first));
    let (status, problem) = site.decide(&id, "k-1", &json!({ "verdict": "approve" })).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("idempotency.reused")));
    let rejected = site.event(&id, "document.rejected").await;
    assert_eq!(rejected.data["note"], "Tidak memenuhi syarat.");
    // Over the queue, where no idempotency record stands in between, the approval itself refuses.
    let command = json!({ "tenant": TENANT, "document_id": id, "decision": {
        "id": "kepala-dinas:k-1", "verdict": "approve",
        "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat", "roles": ["head_of_office"] } } });
    site.hand("advance-approval", &[command]).await;
    let rows = site.parked("advance-approval", &id, 1).await;
    assert_eq!(rows[0].code, "approvals.key_reused");
    assert_eq!(
        history(&site, TENANT, "approval", &id).await.len(),
        2,
        "opened and rejected"
    );
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_of_another_tenant_signs_nothing_here() {
    let site = site().await;
    let ((inbox, bucket), name) = (site.drop_box(), site.name("loket/izin"));
    let key = format!("lain/{name}.pdf");
    let dropped = inbox.drop_off(&bucket, &key, "application/pdf", BTreeMap::new(), sample());
    dropped.await.unwrap();
    let row = platform::Key::state("lain", "newest", &name);
    let newest = site.wait("the document", async || site.rows().find::<Newest>(&row).await.unwrap());
    let id = newest.await.value.document_id.to_string();
    site.wait("the approval", async || {
        (!history(&site, "lain", "approval", &id).await.is_empty()).then_some(())
    })
    .await;
    // Their official of the same id decides; only ours has a key.
    let command = json!({ "tenant": "lain", "document_id": id, "decision": {
        "id": "kepala-dinas:k-1", "verdict": "approve",
        "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat Lain", "roles": ["head_of_office"] } } });
    site.hand("advance-approval", &[command]).await;
    assert_eq!(site.parked("sign", &id, 1).await[0].code, "sign.no_key");
    let events = history(&site, "lain", "document", &id).await;
    assert!(!types(&events).contains(&"document.signed"));
    site.stop().await;
}
