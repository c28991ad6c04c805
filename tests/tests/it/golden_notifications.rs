//! Golden notifications of object stores, told to `detect` as the field tells them, and what comes of each.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::messages::{deliver_to, failures, parked};
use crate::support::stream::StreamPlace;
use crate::support::{home, http_event, root, skipped_elsewhere, stack};

/// A file, the objects that `detect` records for it, and the code with which it is parked or refused.
type Told = (&'static str, &'static [&'static str], Option<&'static str>);

/// In the order of telling: what was seen before is not recorded again.
const TOLD: [Told; 19] = [
    ("aws/s3-put.json", &["karo/sicantik/izin-0042.pdf"], None),
    (
        "aws/s3-complete-multipart-upload.json",
        &["karo/sicantik/izin-besar.pdf"],
        None,
    ),
    ("aws/s3-copy.json", &["karo/sicantik/salinan.pdf"], None),
    (
        "aws/s3-odd-keys.json",
        &[
            "karo/loket 1/izin praktik dokter.pdf",
            "karo/loket/a+b & c.pdf",
            "karo/loket/café – izin.pdf",
            "karo/loket/100%.PDF",
        ],
        None,
    ),
    ("aws/s3-sidecar.json", &["karo/sicantik/izin-0042.json"], None),
    ("aws/s3-not-pdf.json", &[], None),
    ("aws/s3-removed.json", &[], None),
    ("aws/s3-test-event.json", &[], None),
    // Two uploads and a test; the first upload is the one of s3-put.json.
    ("aws/sqs-s3-batch.json", &["karo/sicantik/izin-0043.pdf"], None),
    ("minio/webhook-put.json", &["karo/sicantik/izin 0042.pdf"], None),
    (
        "minio/webhook-complete-multipart-upload.json",
        &["karo/sicantik/besar.pdf"],
        None,
    ),
    ("minio/webhook-odd-key.json", &["karo/loket/café + b.pdf"], None),
    ("invalid/not-json.txt", &[], Some("message.malformed")),
    ("invalid/s3-no-records.json", &[], Some("message.malformed")),
    ("invalid/s3-no-object.json", &[], Some("message.malformed")),
    ("invalid/s3-key-not-utf8.json", &[], Some("detect.malformed")),
    ("invalid/s3-no-etag.json", &[], Some("detect.malformed")),
    ("invalid/s3-key-of-reserved-tenant.json", &[], Some("detect.bad_key")),
    ("invalid/s3-key-without-tenant.json", &[], Some("detect.bad_key")),
];

/// The files that are read here.
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    TOLD.into_iter().map(|(file, ..)| file)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_golden_notification_is_recorded_once_or_parked_with_its_code() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let detect = &stack.functions["detect"];
    let mut place = StreamPlace::open(&stack).await;
    for (file, objects, code) in TOLD {
        let text = std::fs::read_to_string(root().join("events").join(file)).unwrap();
        // Stores tell of one thing more than once.
        for repeated in [false, true] {
            if file.starts_with("minio/") {
                let token = format!("Bearer {}", home().webhook_token());
                let answer = detect
                    .invoke(http_event("POST", "/", &[("authorization", &token)], &text))
                    .await;
                assert_eq!(answer.unwrap()["statusCode"], 204, "{file}");
            } else if file.starts_with("aws/sqs-") {
                let answer = detect.invoke(serde_json::from_str(&text).unwrap()).await.unwrap();
                assert!(failures(&answer).is_empty(), "{file}");
            } else {
                deliver_to(detect, &text).await;
            }
            let recorded: Vec<String> = place.events().await.iter().map(|event| key(&event.data)).collect();
            let expected = if repeated { &[] } else { objects };
            assert_eq!(recorded, expected, "{file}");
            // Each message of these tests has the same id, and so the same row.
            let rows = parked(&stack, "detect").await;
            let last = rows.first().map(|row| (row.code.as_str(), row.body.as_str()));
            if let Some(code) = code {
                assert_eq!(last, Some((code, text.as_str())), "{file}");
            } else {
                assert_eq!(last, None, "{file}");
            }
        }
    }
    stack.stop().await;
}

fn key(data: &Value) -> String {
    let key = data.get("key").unwrap_or(&data["object"]["key"]);
    key.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_taken_in_is_parked_with_its_code_so_that_the_store_goes_on() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let mut place = StreamPlace::open(&stack).await;
    let token = format!("Bearer {}", home().webhook_token());
    let mut expected = BTreeSet::new();
    for (file, _, code) in TOLD {
        let Some(code) = code else { continue };
        let text = std::fs::read_to_string(root().join("events").join(file)).unwrap();
        let event = http_event("POST", "/", &[("authorization", &token)], &text);
        let answer = stack.functions["detect"].invoke(event).await.unwrap();
        assert_eq!(answer["statusCode"], 204, "{file}");
        // Over HTTP the step itself reads the message.
        expected.insert(code.replace("message.malformed", "detect.malformed"));
    }
    let rows = parked(&stack, "detect").await;
    assert_eq!(rows.into_iter().map(|row| row.code).collect::<BTreeSet<_>>(), expected);
    assert!(place.events().await.is_empty());
    stack.stop().await;
}
