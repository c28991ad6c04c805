//! What comes in at the edges: notifications in every order, and messages that are somebody else's.

use std::collections::BTreeMap;

use bytes::Bytes;
use documents::{Document, State};
use localstack::Stack;
use platform::{Key, Parking, Queues, ReceivedMessage};
use serde_json::{Value, json};

use crate::golden_events::{files, json, schema};
use crate::support::{
    Newest, PATIENCE, TENANT, batch_event, decision, document, drop_pdf, failures, home, http_event, root, sample,
    stack, tenant, wait_for,
};

/// Delivers one message to a function.
async fn deliver(stack: &Stack, step: &str, body: &Value) {
    let message = ReceivedMessage {
        message_id: "m-1".into(),
        receipt_handle: "r-1".into(),
        body: body.to_string(),
        receive_count: 1,
    };
    let answer = stack.functions[step].invoke(batch_event(&[message])).await.unwrap();
    assert!(failures(&answer).is_empty(), "{step}: {body}");
}

/// Takes the notifications of objects that wait, and acknowledges them.
async fn notifications(stack: &Stack) -> Vec<Value> {
    let queues = Queues::new(&stack.environment.aws);
    let url = &stack.queues["absah-detect"];
    let mut bodies = Vec::new();
    loop {
        let messages = queues.receive(url, 10, 0).await.unwrap();
        if messages.is_empty() {
            // S3 also sends a test of itself.
            bodies.retain(|body: &Value| body.get("Records").is_some());
            return bodies;
        }
        let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
        queues.delete(url, &handles).await.unwrap();
        bodies.extend(
            messages
                .iter()
                .map(|message| serde_json::from_str::<Value>(&message.body).unwrap()),
        );
    }
}

async fn parked(stack: &Stack, step: &str) -> Vec<Parking> {
    let partition = Parking::partition(step);
    let rows = stack
        .table()
        .unwrap()
        .list::<Parking>(&partition, "", true, 100)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.value).collect()
}

async fn put_sidecar(stack: &Stack, name: &str, body: String) {
    let key = format!("{TENANT}/loket/{name}.json");
    let inbox = stack.inbox();
    inbox
        .drop_off("inbox", &key, "application/json", BTreeMap::new(), body.into())
        .await
        .unwrap();
}

/// The event that the sidecar rows of `name` hold, for `import`.
async fn sidecar_events(stack: &Stack, notifications: &[Value]) -> Vec<Value> {
    let mut events = Vec::new();
    for notification in notifications {
        let object = &notification["Records"][0]["s3"]["object"];
        let version = object["versionId"].as_str().unwrap();
        let key = object["key"].as_str().unwrap();
        let key = Key::state(TENANT, "object", &format!("{key}#version#{version}"));
        let recorded = stack.table().unwrap().events(&key, 10).await.unwrap();
        assert_eq!(recorded.len(), 1, "one event for each upload");
        events.push(serde_json::to_value(&recorded[0]).unwrap());
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_sidecar_counts_in_whatever_order_and_however_often_they_are_told_of() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (index, order) in orders.into_iter().enumerate() {
        let stack = stack(false, None).await;
        let name = format!("izin-{index}");
        drop_pdf(&stack, &name, sample(), &[]).await;
        for notification in notifications(&stack).await {
            deliver(&stack, "detect", &notification).await;
        }
        let id = newest(&stack, &name).await.id;
        let detected = recorded(&stack, &id.to_string(), "document.detected").await;
        // The third says what the first said: it still is the newest.
        for number in ["A", "B", "A"] {
            put_sidecar(&stack, &name, json!({ "number": number }).to_string()).await;
        }
        let told = notifications(&stack).await;
        assert_eq!(told.len(), 3);
        for position in order {
            deliver(&stack, "detect", &told[position]).await;
            deliver(&stack, "detect", &told[position]).await;
        }
        let events = sidecar_events(&stack, &told).await;
        // Half of the time the document is imported before them, else after them.
        if index % 2 == 0 {
            deliver(&stack, "import", &detected).await;
        }
        for position in order.into_iter().chain(order) {
            deliver(&stack, "import", &events[position]).await;
        }
        deliver(&stack, "import", &detected).await;
        assert_eq!(
            newest(&stack, &name).await.description.number.as_deref(),
            Some("A"),
            "{order:?}"
        );
        assert!(parked(&stack, "import").await.is_empty());
        stack.stop().await;
    }
}

async fn newest(stack: &Stack, name: &str) -> Document {
    let newest = stack
        .table()
        .unwrap()
        .load::<Newest>(Newest::key_of(name))
        .await
        .unwrap();
    document(stack, &newest.value.document_id.to_string()).await
}

/// The one event of a type in a document's history.
async fn recorded(stack: &Stack, id: &str, event_type: &str) -> Value {
    let key = Key::state(TENANT, "document", id);
    let events = stack.table().unwrap().events(&key, 100).await.unwrap();
    let event = events.iter().find(|event| event.event_type.as_str() == event_type);
    serde_json::to_value(event.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_that_served_a_signed_document_says_nothing_of_the_next_one_of_its_name() {
    let stack = stack(true, None).await;
    put_sidecar(&stack, "izin", json!({ "number": "1/2026" }).to_string()).await;
    let issued = crate::support::issue(&stack, "izin", sample(), &[]).await;
    assert_eq!(
        document(&stack, &issued.id).await.description.number.as_deref(),
        Some("1/2026")
    );
    let mut events = stack.events();
    drop_pdf(&stack, "izin", sample(), &[]).await;
    let next = wait_for(&mut events, "document.imported", None).await;
    assert_ne!(next.subject, issued.id, "a new upload is a new document");
    assert_eq!(document(&stack, &next.subject).await.description.number, None);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_after_the_decision_does_not_become_public() {
    let stack = stack(false, None).await;
    drop_pdf(&stack, "izin", sample(), &[("number", "1/2026")]).await;
    for notification in notifications(&stack).await {
        deliver(&stack, "detect", &notification).await;
    }
    let id = newest(&stack, "izin").await.id.to_string();
    deliver(&stack, "import", &recorded(&stack, &id, "document.detected").await).await;
    deliver(
        &stack,
        "advance-approval",
        &recorded(&stack, &id, "document.imported").await,
    )
    .await;
    let answer = stack.functions["decide"]
        .invoke(decision(&id, "k-1", &json!({ "verdict": "approve" })))
        .await;
    assert_eq!(answer.unwrap()["statusCode"], 200);

    put_sidecar(&stack, "izin", json!({ "number": "999/2026" }).to_string()).await;
    let told = notifications(&stack).await;
    deliver(&stack, "detect", &told[0]).await;
    for event in sidecar_events(&stack, &told).await {
        deliver(&stack, "import", &event).await;
    }
    assert_eq!(
        newest(&stack, "izin").await.description.number.as_deref(),
        Some("999/2026")
    );

    let approval = Key::state(TENANT, "approval", &id);
    let approved = stack
        .table()
        .unwrap()
        .events(&approval, 10)
        .await
        .unwrap()
        .pop()
        .unwrap();
    deliver(&stack, "sign", &serde_json::to_value(&approved).unwrap()).await;
    deliver(&stack, "stamp", &recorded(&stack, &id, "document.signed").await).await;
    let url = format!("/api/v1/documents/{id}");
    let entry = stack.functions["verify"]
        .invoke(http_event("GET", &url, &[], ""))
        .await
        .unwrap();
    let entry: Value = serde_json::from_str(entry["body"].as_str().unwrap()).unwrap();
    assert_eq!(entry["number"], "1/2026");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_parks_every_event_that_is_not_its_own_and_changes_nothing() {
    let own = |step: &str| -> &[&str] {
        match step {
            "import" => &["document.detected", "description.detected"],
            "advance-approval" => &["document.imported"],
            "track-approval" => &["approval.opened", "approval.returned", "approval.rejected"],
            "sign" => &["approval.approved"],
            "stamp" => &["document.signed"],
            "detect" => &[],
            other => unreachable!("{other}"),
        }
    };
    let stack = stack(false, None).await;
    drop_pdf(&stack, "izin", sample(), &[]).await;
    for notification in notifications(&stack).await {
        deliver(&stack, "detect", &notification).await;
    }
    let id = newest(&stack, "izin").await.id.to_string();
    deliver(&stack, "import", &recorded(&stack, &id, "document.detected").await).await;
    let before = document(&stack, &id).await;
    for step in [
        "detect",
        "import",
        "advance-approval",
        "track-approval",
        "sign",
        "stamp",
    ] {
        let mut foreign = 0;
        for path in files("domain") {
            let mut event = json(&path);
            if own(step).contains(&event["type"].as_str().unwrap()) {
                continue;
            }
            // It is about a document that is really there.
            event["tenant"] = TENANT.into();
            event["data"]["document_id"] = id.clone().into();
            let message = ReceivedMessage {
                message_id: format!("m-{foreign}"),
                receipt_handle: "r".into(),
                body: event.to_string(),
                receive_count: 1,
            };
            let answer = stack.functions[step].invoke(batch_event(&[message])).await.unwrap();
            assert!(failures(&answer).is_empty());
            foreign += 1;
        }
        let rows = parked(&stack, step).await;
        assert_eq!(rows.len(), foreign, "{step}");
        assert!(
            rows.iter().all(|row| row.code == "message.malformed"),
            "{step}: {rows:?}"
        );
        assert_eq!(document(&stack, &id).await, before, "{step}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_day_that_cannot_be_read_is_no_reason_to_be_in_force_for_ever() {
    let stack = stack(true, None).await;
    let mut events = stack.events();
    drop_pdf(
        &stack,
        "izin",
        sample(),
        &[("valid-until", "31-12-2026"), ("number", "1")],
    )
    .await;
    let refused = wait_for(&mut events, "document.quarantined", None).await;
    assert_eq!(refused.data["code"], "import.bad_metadata");
    assert!(refused.data["message"].as_str().unwrap().contains("berlaku"));
    let errors: Vec<_> = schema("document.quarantined")
        .iter_errors(&serde_json::to_value(&*refused).unwrap())
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    drop_pdf(&stack, "lain", sample(), &[("date", "31-12-2026"), ("number", "2")]).await;
    let imported = wait_for(&mut events, "document.imported", None).await;
    assert_eq!(
        document(&stack, &imported.subject).await.description.number.as_deref(),
        Some("2")
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_number_in_a_bad_sidecar_is_repeated_nowhere() {
    let stack = stack(false, None).await;
    put_sidecar(
        &stack,
        "izin",
        r#"{"holder":9900112233445566,"9900112233445566":1}"#.to_owned(),
    )
    .await;
    let told = notifications(&stack).await;
    deliver(&stack, "detect", &told[0]).await;
    for event in sidecar_events(&stack, &told).await {
        deliver(&stack, "import", &event).await;
    }
    deliver(&stack, "sign", &json!({ "nik": "9900112233445566" })).await;
    for (step, code) in [("import", "import.bad_sidecar"), ("sign", "message.malformed")] {
        let rows = parked(&stack, step).await;
        assert_eq!(rows.len(), 1, "{step}");
        assert_eq!(rows[0].code, code);
        assert!(!rows[0].detail.contains("99001122"), "{}", rows[0].detail);
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_does_not_hide_the_others_of_its_notification() {
    let stack = stack(false, None).await;
    let mut notification = json(&root().join("events/aws/s3-put.json"));
    let good = notification["Records"][0].clone();
    let mut no_etag = good.clone();
    no_etag["s3"]["object"].as_object_mut().unwrap().remove("eTag");
    let mut foreign = good.clone();
    foreign["s3"]["bucket"]["name"] = "vault".into();
    let mut own = good;
    own["s3"]["bucket"]["name"] = "inbox".into();
    own["s3"]["object"]["key"] = "contoh/loket/izin.pdf".into();
    notification["Records"] = json!([no_etag, foreign, own]);
    deliver(&stack, "detect", &notification).await;
    let rows = parked(&stack, "detect").await;
    assert_eq!(
        rows.iter().map(|row| row.code.as_str()).collect::<Vec<_>>(),
        ["detect.malformed"]
    );
    assert_eq!(newest(&stack, "izin").await.state, State::Detected);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minio_webhook_with_its_token_is_detected_and_without_it_or_for_another_bucket_nothing_is() {
    let stack = stack(false, None).await;
    let mut notification = json(&root().join("events/minio/webhook-put.json"));
    let object = &mut notification["Records"][0]["s3"];
    object["bucket"]["name"] = "inbox".into();
    object["object"]["key"] = "contoh%2Floket%2Fizin+lama.pdf".into();
    let send = async |token: &str, notification: &Value| {
        let event = http_event("POST", "/", &[("authorization", token)], &notification.to_string());
        let answer = stack.functions["detect"].invoke(event).await.unwrap();
        (
            answer["statusCode"].as_u64().unwrap(),
            answer["body"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let token = format!("Bearer {}", home().webhook_token());
    assert_eq!(send("Bearer wrong", &notification).await.0, 401);
    let key = Newest::key_of("izin lama");
    assert!(stack.table().unwrap().find::<Newest>(&key).await.unwrap().is_none());
    assert_eq!(send(&token, &notification).await.0, 204);
    assert_eq!(
        send(&token, &notification).await.0,
        204,
        "MinIO tells again what it is not sure of"
    );
    let newest = newest(&stack, "izin lama").await;
    assert_eq!(newest.state, State::Detected);
    assert_eq!(newest.object.key, "contoh/loket/izin lama.pdf");
    let events = stack
        .table()
        .unwrap()
        .events(&Document::key_of(&tenant(), newest.id), 10)
        .await
        .unwrap();
    assert_eq!(events.len(), 1);

    notification["Records"][0]["s3"]["bucket"]["name"] = "vault".into();
    let (status, body) = send(&token, &notification).await;
    assert_eq!(status, 400);
    assert!(body.contains("detect.foreign_bucket"), "{body}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_decision_is_good_for_that_decision_only() {
    let stack = stack(true, None).await;
    let mut events = stack.events();
    drop_pdf(&stack, "izin", sample(), &[]).await;
    let id = wait_for(&mut events, "approval.opened", None).await.subject.clone();
    let ask = async |body: Value| {
        let answer = stack.functions["decide"]
            .invoke(decision(&id, "k-1", &body))
            .await
            .unwrap();
        answer["statusCode"].as_u64().unwrap()
    };
    let reject = json!({ "verdict": "reject", "note": "Tidak memenuhi syarat." });
    assert_eq!(ask(reject.clone()).await, 200);
    assert_eq!(ask(reject).await, 200);
    assert_eq!(ask(json!({ "verdict": "approve" })).await, 422);
    let rejected = wait_for(&mut events, "document.rejected", Some(&id)).await;
    assert_eq!(rejected.data["note"], "Tidak memenuhi syarat.");
    // Over the queue, where no idempotency record stands in between, the approval itself refuses.
    let command = json!({ "tenant": TENANT, "document_id": id, "decision": {
        "id": "kepala-dinas:k-1", "verdict": "approve",
        "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat", "roles": ["head_of_office"] } } });
    deliver(&stack, "advance-approval", &command).await;
    let rows = parked(&stack, "advance-approval").await;
    assert_eq!(rows[0].code, "approvals.key_reused");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_of_another_tenant_signs_nothing_here() {
    let stack = stack(true, None).await;
    let mut events = stack.events();
    let inbox = stack.inbox();
    let bytes: Bytes = sample();
    inbox
        .drop_off(
            "inbox",
            "lain/loket/izin.pdf",
            "application/pdf",
            BTreeMap::new(),
            bytes,
        )
        .await
        .unwrap();
    let opened = wait_for(&mut events, "approval.opened", None).await;
    assert_eq!(opened.tenant.as_str(), "lain");
    // Their official of the same id decides; only ours has a key.
    let command = json!({ "tenant": "lain", "document_id": opened.subject, "decision": {
        "id": "kepala-dinas:k-1", "verdict": "approve",
        "actor": { "id": "kepala-dinas", "name": "Contoh Pejabat Lain", "roles": ["head_of_office"] } } });
    deliver(&stack, "advance-approval", &command).await;
    let refused = async {
        loop {
            let rows = parked(&stack, "sign").await;
            if let Some(row) = rows.first() {
                return row.code.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let code = tokio::time::timeout(PATIENCE, refused).await.unwrap();
    assert_eq!(code, "sign.no_key");
    stack.stop().await;
}
