//! Descriptions: which of several counts, until when, and what becomes of those that cannot be read.

use documents::State;
use localstack::Stack;
use serde_json::{Value, json};

use crate::support::messages::{
    assert_of_schema, deliver, detect_all, history, newest, notifications, parked, put_sidecar, recorded,
    sidecar_events, types,
};
use crate::support::{TENANT, decision, document, drop_pdf, http_event, sample, site, skipped_elsewhere, stack};

/// Every order of `0..count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let with_last = |order: &Vec<usize>| {
        let insert = |at: usize| [&order[..at], &[count - 1], &order[at..]].concat();
        (0..count).map(insert).collect::<Vec<_>>()
    };
    shorter.iter().flat_map(with_last).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_sidecar_counts_in_whatever_order_and_however_often_they_are_told_of() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    // The third says what the first said: it still is the newest.
    for numbers in [&["A", "B"][..], &["A", "B", "A"]] {
        for (index, order) in orders(numbers.len()).into_iter().enumerate() {
            for import_first in [true, false] {
                let case = format!("{}-{index}-{import_first}", numbers.len());
                drop_pdf(&stack, &case, sample(), &[]).await;
                detect_all(&stack).await;
                let id = newest(&stack, &case).await.id.to_string();
                let detected = recorded(&stack, &id, "document.detected").await;
                if import_first {
                    deliver(&stack, "import", &detected).await;
                }
                for number in numbers {
                    put_sidecar(&stack, &case, &json!({ "number": number })).await;
                }
                let told = notifications(&stack).await;
                assert_eq!(told.len(), numbers.len());
                for position in order.iter().chain(&order) {
                    deliver(&stack, "detect", &told[*position]).await;
                }
                let events = sidecar_events(&stack, &told).await;
                for position in &order {
                    deliver(&stack, "import", &events[*position]).await;
                    deliver(&stack, "import", &events[*position]).await;
                }
                // The oldest comes once more, long after.
                deliver(&stack, "import", &events[0]).await;
                deliver(&stack, "import", &detected).await;
                let described = newest(&stack, &case).await.description.number;
                assert_eq!(described.as_deref(), numbers.last().copied(), "{case}: {order:?}");
            }
        }
    }
    assert!(parked(&stack, "import").await.is_empty());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_upload_is_a_second_document_and_the_newer_one_has_the_name_whichever_is_told_of_first() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    for order in [[0, 1], [1, 0]] {
        let name = format!("izin-{}", order[0]);
        // The same bytes twice: only the store's versions tell them apart.
        drop_pdf(&stack, &name, sample(), &[("number", "1")]).await;
        drop_pdf(&stack, &name, sample(), &[("number", "2")]).await;
        let told = notifications(&stack).await;
        assert_eq!(told.len(), 2);
        let mut ids = std::collections::BTreeSet::new();
        for position in order.iter().chain(&order) {
            deliver(&stack, "detect", &told[*position]).await;
            ids.insert(newest(&stack, &name).await.id.to_string());
        }
        let id = newest(&stack, &name).await.id.to_string();
        deliver(&stack, "import", &recorded(&stack, &id, "document.detected").await).await;
        assert_eq!(document(&stack, &id).await.description.number.as_deref(), Some("2"));
        // Told of first, the newer one keeps the name; the older one is a document all the same.
        assert_eq!(ids.len(), if order == [0, 1] { 2 } else { 1 });

        put_sidecar(&stack, &name, &json!({ "number": "S" })).await;
        let told = notifications(&stack).await;
        deliver(&stack, "detect", &told[0]).await;
        for event in sidecar_events(&stack, &told).await {
            deliver(&stack, "import", &event).await;
        }
        assert_eq!(document(&stack, &id).await.description.number.as_deref(), Some("S"));
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_that_served_a_signed_document_says_nothing_of_the_next_one_of_its_name() {
    let site = site().await;
    put_sidecar(&site, "izin", &json!({ "number": "1/2026" })).await;
    let issued = site.issue("izin", sample(), &[]).await;
    let described = async || {
        let number = document(&site, &issued.id).await.description.number;
        (number.as_deref() == Some("1/2026")).then_some(())
    };
    site.wait("the sidecar's number", described).await;
    drop_pdf(&site, "izin", sample(), &[]).await;
    let next = site.wait("the next document", async || {
        let id = newest(&site, "izin").await.id.to_string();
        (id != issued.id).then_some(id)
    });
    let next = next.await;
    site.event(&next, "document.imported").await;
    assert_eq!(document(&site, &next).await.description.number, None);
    site.stop().await;
}

/// Tells a step what was recorded of a document or its approval.
async fn relayed(stack: &Stack, id: &str, step: &str, event_type: &str) {
    deliver(stack, step, &recorded(stack, id, event_type).await).await;
}

/// A document of the name, imported and waiting for its official.
async fn waiting(stack: &Stack, name: &str, metadata: &[(&str, &str)]) -> String {
    drop_pdf(stack, name, sample(), metadata).await;
    detect_all(stack).await;
    let id = newest(stack, name).await.id.to_string();
    relayed(stack, &id, "import", "document.detected").await;
    relayed(stack, &id, "advance-approval", "document.imported").await;
    id
}

/// The official asks for something of an approval.
async fn ask(stack: &Stack, id: &str, what: &str, body: &Value) {
    let mut request = decision(id, "k-1", body);
    request["rawPath"] = format!("/approvals/{id}/{what}").into();
    request["requestContext"]["http"]["path"] = request["rawPath"].clone();
    let answer = stack.functions["decide"].invoke(request).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
}

/// A sidecar comes after the import.
async fn describe(stack: &Stack, name: &str, said: &Value) {
    put_sidecar(stack, name, said).await;
    let told = notifications(stack).await;
    deliver(stack, "detect", &told[0]).await;
    for event in sidecar_events(stack, &told).await {
        deliver(stack, "import", &event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_approval_was_about_becomes_public_and_what_is_said_after_it_does_not() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    // Whether the sidecar, and the news of it, come before the decision; and what becomes public.
    for (case, is_said, is_heard, public) in [
        ("sesudah", false, false, "1/2026"),
        ("tak-terdengar", true, false, "1/2026"),
        ("sebelum", true, true, "999/2026"),
    ] {
        let id = waiting(&stack, case, &[("number", "1/2026")]).await;
        let said = json!({ "number": "999/2026" });
        if is_said {
            describe(&stack, case, &said).await;
        }
        if is_heard {
            relayed(&stack, &id, "advance-approval", "document.described").await;
        }
        ask(&stack, &id, "decisions", &json!({ "verdict": "approve" })).await;
        if !is_said {
            describe(&stack, case, &said).await;
        }
        relayed(&stack, &id, "advance-approval", "document.described").await;
        let described = newest(&stack, case).await.description;
        assert_eq!(described.number.as_deref(), Some("999/2026"));

        relayed(&stack, &id, "sign", "approval.approved").await;
        relayed(&stack, &id, "stamp", "document.signed").await;
        let asked = http_event("GET", &format!("/api/v1/documents/{id}"), &[], "");
        let entry = stack.functions["verify"].invoke(asked).await.unwrap();
        let entry: Value = serde_json::from_str(entry["body"].as_str().unwrap()).unwrap();
        assert_eq!(entry["number"], public, "{case}");

        let events = history(&stack, TENANT, "document", &id).await;
        events.iter().for_each(assert_of_schema);
        let expected = ["detected", "imported", "described", "approved", "signed", "issued"];
        assert_eq!(types(&events), expected.map(|what| format!("document.{what}")));
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_submitted_a_document_takes_it_back_and_nobody_reads_in_public_who_it_was() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let official = "kepala-dinas";
    let id = waiting(&stack, "izin", &[("submitted-by", official)]).await;
    ask(&stack, &id, "withdraw", &Value::Null).await;
    relayed(&stack, &id, "track-approval", "approval.withdrawn").await;
    let State::Returned { note } = document(&stack, &id).await.state else {
        panic!("it was taken back");
    };
    assert_eq!(note, "Ditarik kembali oleh pengaju.");

    let id = waiting(&stack, "terbit", &[("submitted-by", official)]).await;
    ask(&stack, &id, "decisions", &json!({ "verdict": "approve" })).await;
    relayed(&stack, &id, "sign", "approval.approved").await;
    relayed(&stack, &id, "stamp", "document.signed").await;
    for path in [format!("/api/v1/documents/{id}"), format!("/v/{id}")] {
        let shown = stack.functions["verify"]
            .invoke(http_event("GET", &path, &[], ""))
            .await;
        let shown = shown.unwrap()["body"].to_string();
        assert!(!shown.contains(official), "{shown}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_day_that_cannot_be_read_is_no_reason_to_be_in_force_for_ever() {
    let site = site().await;
    let unreadable = [("valid-until", "31-12-2026"), ("number", "1")];
    let id = site.drop_new("izin", sample(), &unreadable).await;
    let refused = site.event(&id, "document.quarantined").await;
    assert_eq!(refused.data["code"], "import.bad_metadata");
    assert!(refused.data["message"].as_str().unwrap().contains("berlaku"));
    assert_of_schema(&refused);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_cannot_be_read_is_left_out_and_the_rest_still_describes() {
    let site = site().await;
    let long = "9".repeat(301);
    let metadata = [
        ("number", "2/2026"),
        ("date", "31-12-2026"),
        ("type", long.as_str()),
        ("valid-until", "2031-01-04"),
    ];
    let id = site.submit("izin", sample(), &metadata).await;
    let described = document(&site, &id).await.description;
    assert_eq!(described.number.as_deref(), Some("2/2026"));
    assert_eq!((described.date, described.document_type), (None, None));
    assert_eq!(described.valid_until, Some("2031-01-04".parse().unwrap()));
    site.stop().await;
}
