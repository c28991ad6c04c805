//! What this context tells is as the golden events and their schemas promise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{ADMIN, RESIDENT, by, office_that_gives};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn read(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(events().join(path)).unwrap()).unwrap()
}

#[tokio::test]
async fn everything_that_is_told_of_a_letter_fits_its_schema_and_its_golden_event() {
    let office = office_that_gives(true, true).await;
    let (budi, lurah) = (office.person("budi", &RESIDENT), office.person("lurah", &ADMIN));
    let id = office.submitted(&budi, "k1").await;
    office
        .post(&budi, &format!("/letters/{id}/withdraw"), "w1", &json!({}))
        .await;
    office.approval(&id, "approval.withdrawn", json!({})).await;
    office.submit(&budi, &id, "k2").await;
    let mut decided_by = by("sekretaris", "admin");
    decided_by["acting_for"] = json!({ "id": "lurah", "name": "Siti Contoh", "kind": "plh" });
    let approved = json!({ "label": "disetujui", "decided_by": decided_by });
    office.approval(&id, "approval.approved", approved).await;
    office
        .post(&lurah, &format!("/admin/generate-surat/{id}"), "g1", &json!({}))
        .await;
    let requested = office.told(&id, "letter.generation_requested").await;
    office.deliver(&office.render, &requested).await;
    let issued = read("domain/document.issued.json");
    let data = json!({
        "document_id": issued["data"]["document_id"], "key": format!("karo/letters/{id}.pdf"),
        "sha256": issued["data"]["sha256"], "verify_url": issued["data"]["verify_url"],
    });
    office
        .deliver(
            &office.track,
            &office.event("absah/documents", "document.issued", &id, data),
        )
        .await;

    let told = office.events(&id).await;
    let types: Vec<_> = told.iter().map(|event| event.event_type.as_str().to_owned()).collect();
    assert_eq!(
        types,
        [
            "letter.submitted",
            "letter.withdrawn",
            "letter.resubmitted",
            "letter.approved",
            "letter.generation_requested",
            "letter.rendered",
            "letter.finished",
        ]
    );
    for event in told {
        let name = event.event_type.to_string();
        let event = serde_json::to_value(event).unwrap();
        let schema = jsonschema::validator_for(&read(&format!("schemas/{name}.json"))).unwrap();
        let errors: Vec<_> = schema.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let golden = read(&format!("domain/{name}.json"));
        assert!(schema.is_valid(&golden), "{name}");
        let parts = |event: &Value| {
            event["data"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(parts(&golden), parts(&event), "{name}");
    }
}
