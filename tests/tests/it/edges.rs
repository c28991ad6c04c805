//! What comes in at the edges: messages that are somebody else's, half a notification, a key used twice.

use std::collections::BTreeMap;

use documents::{Document, State};
use serde_json::{Value, json};

use crate::support::messages::{
    batch_event, deliver, detect_all, failures, history, message, newest, notifications, parked, put_sidecar, recorded,
    sidecar_events,
};
use crate::support::{
    Newest, PATIENCE, TENANT, decision, document, drop_pdf, files, home, http_event, json_file, root, sample,
    skipped_elsewhere, stack, tenant, wait_for,
};

/// Each step that a queue triggers, and the events that are its own.
pub(crate) const OWN: [(&str, &[&str]); 7] = [
    ("detect", &[]),
    ("import", &["document.detected", "description.detected"]),
    (
        "advance-approval",
        &[
            "document.imported",
            "letter.submitted",
            "letter.resubmitted",
            "letter.withdrawn",
            "letter.rendered",
        ],
    ),
    ("load-route", &[]),
    (
        "track-approval",
        &["approval.opened", "approval.returned", "approval.rejected"],
    ),
    ("sign", &["approval.approved"]),
    ("stamp", &["document.signed"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_step_parks_every_event_that_is_not_its_own_and_changes_nothing() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    drop_pdf(&stack, "izin", sample(), &[]).await;
    detect_all(&stack).await;
    let id = newest(&stack, "izin").await.id.to_string();
    deliver(&stack, "import", &recorded(&stack, &id, "document.detected").await).await;
    let before = document(&stack, &id).await;
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
            foreign.push(message(&format!("m-{:02}", foreign.len()), &event.to_string()));
        }
        assert!(foreign.len() > 10);
        // Twice: a message that is parked twice is one row.
        for _ in 0..2 {
            let answer = stack.functions[step].invoke(batch_event(&foreign)).await.unwrap();
            assert!(failures(&answer).is_empty(), "{step}");
        }
        let rows = parked(&stack, step).await;
        assert_eq!(rows.len(), foreign.len(), "{step}");
        for (row, message) in rows.iter().zip(&foreign) {
            assert_eq!(
                (row.code.as_str(), &row.body),
                ("message.malformed", &message.body),
                "{step}"
            );
        }
        assert_eq!(document(&stack, &id).await, before, "{step}");
        assert_eq!(history(&stack, TENANT, "document", &id).await.len(), 2, "{step}");
        assert!(history(&stack, TENANT, "approval", &id).await.is_empty(), "{step}");
    }
    assert_eq!(stack.vault().list_versions("").await.unwrap().len(), 1, "the original");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_number_in_a_bad_sidecar_is_parked_with_the_message_only() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let bad = json!({ "holder": 9_900_112_233_445_566_u64, "9900112233445566": 1 });
    put_sidecar(&stack, "izin", &bad).await;
    let told = notifications(&stack).await;
    deliver(&stack, "detect", &told[0]).await;
    for event in sidecar_events(&stack, &told).await {
        deliver(&stack, "import", &event).await;
    }
    let malformed = json!({ "nik": "9900112233445566" });
    deliver(&stack, "sign", &malformed).await;
    for (step, code) in [("import", "import.bad_sidecar"), ("sign", "message.malformed")] {
        let rows = parked(&stack, step).await;
        assert_eq!(rows.len(), 1, "{step}");
        assert_eq!(rows[0].code, code);
        assert!(!rows[0].detail.contains("99001122"), "{}", rows[0].detail);
    }
    assert_eq!(parked(&stack, "sign").await[0].body, malformed.to_string());
    stack.stop().await;
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
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(true, None).await;
    let mut events = stack.events();
    drop_pdf(&stack, "izin", sample(), &[]).await;
    let id = wait_for(&mut events, "approval.opened", None).await.subject.clone();
    let ask = async |body: Value| {
        let answer = stack.functions["decide"]
            .invoke(decision(&id, "k-1", &body))
            .await
            .unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].as_u64().unwrap(), body)
    };
    let reject = json!({ "verdict": "reject", "note": "Tidak memenuhi syarat." });
    let (status, first) = ask(reject.clone()).await;
    assert_eq!(status, 200);
    assert_eq!(ask(reject).await, (200, first));
    let (status, problem) = ask(json!({ "verdict": "approve" })).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("idempotency.reused")));
    let rejected = wait_for(&mut events, "document.rejected", Some(&id)).await;
    assert_eq!(rejected.data["note"], "Tidak memenuhi syarat.");
    // Over the queue, where no idempotency record stands in between, the approval itself refuses.
    let command = json!({ "tenant": TENANT, "document_id": id, "decision": {
        "id": "kepala-dinas:k-1", "verdict": "approve",
        "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat", "roles": ["head_of_office"] } } });
    deliver(&stack, "advance-approval", &command).await;
    let rows = parked(&stack, "advance-approval").await;
    assert_eq!(rows[0].code, "approvals.key_reused");
    assert_eq!(
        history(&stack, TENANT, "approval", &id).await.len(),
        2,
        "opened and rejected"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_of_another_tenant_signs_nothing_here() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(true, None).await;
    let mut events = stack.events();
    let (inbox, key) = (stack.inbox(), "lain/loket/izin.pdf");
    let dropped = inbox.drop_off("inbox", key, "application/pdf", BTreeMap::new(), sample());
    dropped.await.unwrap();
    let opened = wait_for(&mut events, "approval.opened", None).await;
    assert_eq!(opened.tenant.as_str(), "lain");
    // Their official of the same id decides; only ours has a key.
    let command = json!({ "tenant": "lain", "document_id": opened.subject, "decision": {
        "id": "kepala-dinas:k-1", "verdict": "approve",
        "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat Lain", "roles": ["head_of_office"] } } });
    deliver(&stack, "advance-approval", &command).await;
    let refused = async {
        loop {
            if let Some(row) = parked(&stack, "sign").await.first() {
                return row.code.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let code = tokio::time::timeout(PATIENCE, refused).await.unwrap();
    assert_eq!(code, "sign.no_key");
    let events = history(&stack, "lain", "document", &opened.subject).await;
    assert!(
        events
            .iter()
            .all(|event| event.event_type.as_str() != "document.signed")
    );
    stack.stop().await;
}
