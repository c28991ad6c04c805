//! Every event that a flow records is of its schema, and a document's events are one flow.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kernel::Envelope;
use localstack::Stack;
use platform::Function;
use serde_json::{Value, json};

use crate::golden_flow::TWO_STEPS;
use crate::support::messages::{assert_of_schema, batch_event, drain, failures, put_sidecar};
use crate::support::stream::{StreamPlace, envelope};
use crate::support::{TENANT, drop_pdf, environment, files, http_event, key_file, sample, skipped_elsewhere, stack};
use crate::tokens::{Holder, token};

const STEPS: [&str; 6] = [
    "detect",
    "import",
    "advance-approval",
    "track-approval",
    "sign",
    "stamp",
];

/// Golden events of which a document's flow has none: those of the audit, of letters and routes, which their packages' tests
/// record.
const ELSEWHERE: [&str; 15] = [
    "action.taken.json",
    "approval.endorsed.json",
    "approval.reopened.json",
    "approval.withdrawn.json",
    "letter.approved.json",
    "letter.finished.json",
    "letter.generation_requested.json",
    "letter.rendered.json",
    "letter.resubmitted.json",
    "letter.submitted.json",
    "letter.withdrawn.json",
    "route.loaded.json",
    "route.refused.json",
    "user.changed.json",
    "user.password_reset_requested.json",
];

/// An office with two officials, whose messages travel when it is told to.
struct Office {
    stack: Stack,
    place: StreamPlace,
    functions: BTreeMap<String, Function>,
    recorded: Vec<Envelope<Value>>,
}

impl Office {
    async fn open() -> Self {
        let stack = stack(false, None).await;
        let mut functions = stack.functions.clone();
        let public_key = key_file("token.pub.pem");
        let own = [("APPROVAL_ROUTE", TWO_STEPS), ("TOKEN_PUBLIC_KEY", public_key.as_str())];
        let environment = environment(&stack, &own);
        let advance = approvals::advance_approval::function(&environment).unwrap();
        functions.insert("advance-approval".into(), advance);
        functions.insert("decide".into(), approvals::decide::function(&environment).unwrap());
        Self {
            place: StreamPlace::open(&stack).await,
            stack,
            functions,
            recorded: Vec::new(),
        }
    }

    /// Lets every message travel until nothing is left to do.
    async fn settle(&mut self) {
        loop {
            let records = self.place.read().await;
            let mut idle = records.is_empty();
            // Who did what is a trail of its own.
            let events = records.iter().filter_map(envelope);
            self.recorded
                .extend(events.filter(|event| event.event_type.as_str() != "action.taken"));
            if !idle {
                let answer = self.functions["relay"]
                    .invoke(json!({ "Records": records }))
                    .await
                    .unwrap();
                assert!(failures(&answer).is_empty());
            }
            for step in STEPS {
                for message in drain(&self.stack, step).await {
                    idle = false;
                    let answer = self.functions[step]
                        .invoke(batch_event(std::slice::from_ref(&message)))
                        .await;
                    assert!(failures(&answer.unwrap()).is_empty(), "{step}: {}", message.body);
                }
            }
            if idle {
                return;
            }
        }
    }

    /// Drops a document and lets it come as far as it can; its id.
    async fn receive(&mut self, name: &str, bytes: Bytes) -> String {
        drop_pdf(&self.stack, name, bytes, &[]).await;
        self.settle().await;
        let key = format!("{TENANT}/loket/{name}.pdf");
        let detected = self.recorded.iter().find(|event| event.data["key"] == key.as_str());
        detected.unwrap().subject.clone()
    }

    /// The official of a role decides.
    async fn decide(&mut self, id: &str, role: &str, verdict: &str) {
        let official = if role == "examiner" {
            "pemeriksa-1"
        } else {
            "kepala-dinas"
        };
        let bearer = token(&Holder {
            id: official,
            role,
            ..Holder::default()
        });
        let (authorization, key) = (format!("Bearer {bearer}"), self.recorded.len().to_string());
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", key.as_str()),
        ];
        let body = json!({ "verdict": verdict, "note": "Periksa kembali alamatnya." }).to_string();
        let request = http_event("POST", &format!("/approvals/{id}/decisions"), &headers, &body);
        let answer = self.functions["decide"].invoke(request).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        self.settle().await;
    }

    fn of(&self, id: &str) -> Vec<&str> {
        let of_it = self.recorded.iter().filter(|event| event.subject == id);
        of_it.map(|event| event.event_type.as_str()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_every_ending_is_recorded_once_and_of_its_schema_and_one_flow_per_document() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let mut office = Office::open().await;
    let (examiner, head) = ("examiner", "head_of_office");

    let issued = office.receive("terbit", sample()).await;
    put_sidecar(&office.stack, "terbit", &json!({ "number": "1/2026" })).await;
    office.settle().await;
    office.decide(&issued, examiner, "approve").await;
    office.decide(&issued, head, "approve").await;
    let begun = [
        "document.detected",
        "document.imported",
        "approval.opened",
        "document.awaiting_approval",
    ];
    let ended = [
        "document.described",
        "approval.advanced",
        "approval.approved",
        "document.approved",
        "document.signed",
    ];
    assert_eq!(office.of(&issued), [&begun[..], &ended, &["document.issued"]].concat());

    let returned = office.receive("kembali", sample()).await;
    office.decide(&returned, examiner, "approve").await;
    office.decide(&returned, head, "return").await;
    office.decide(&returned, examiner, "return").await;
    let ended = [
        "approval.advanced",
        "approval.sent_back",
        "approval.returned",
        "document.returned",
    ];
    assert_eq!(office.of(&returned), [&begun[..], &ended].concat());

    let rejected = office.receive("tolak", sample()).await;
    office.decide(&rejected, examiner, "reject").await;
    assert_eq!(
        office.of(&rejected),
        [&begun[..], &["approval.rejected", "document.rejected"]].concat()
    );

    let quarantined = office.receive("rusak", Bytes::from_static(b"bukan PDF")).await;
    assert_eq!(office.of(&quarantined), ["document.detected", "document.quarantined"]);

    office.recorded.iter().for_each(assert_of_schema);
    let recorded: BTreeSet<_> = office
        .recorded
        .iter()
        .map(|event| format!("{}.json", event.event_type))
        .collect();
    let golden = files("domain")
        .into_iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !ELSEWHERE.contains(&name.as_str()));
    assert_eq!(
        recorded,
        golden.collect(),
        "each golden event is recorded by a flow, and the other way round"
    );

    for id in [&issued, &returned, &rejected, &quarantined] {
        let of_it: Vec<_> = office.recorded.iter().filter(|event| event.subject == *id).collect();
        let flows: BTreeSet<_> = of_it.iter().map(|event| event.traceparent.trace_id()).collect();
        assert_eq!(flows.len(), 1, "one flow: {of_it:?}");
        let spans: BTreeSet<_> = of_it.iter().map(|event| event.traceparent.to_string()).collect();
        assert_eq!(spans.len(), of_it.len(), "each event is a part of its own");
    }
    let notes: Vec<_> = office
        .recorded
        .iter()
        .filter_map(|event| event.data.get("note"))
        .collect();
    assert!(notes.len() >= 5);
    assert!(notes.iter().all(|note| **note == "Periksa kembali alamatnya."));
    office.stack.stop().await;
}
