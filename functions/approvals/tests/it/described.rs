//! Documents that a sidecar describes after they were imported.

use serde_json::json;

use crate::office::{Office, Person};
use crate::routes::load;

const DOCUMENT: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const SHA256: &str = "6f5902ac237024bdd0c176cb93063dc42c8c8b4c3a1f3f0c8a1d9b7e5a3c1d2e";

/// Two types of permits, each with a route of its own.
async fn two_types(office: &Office) {
    let one = json!({ "name": "satu", "version": 1, "steps": [{ "name": "bidang", "role": "examiner" },
        { "name": "kepala", "role": "head_of_office" }] });
    let two = json!({ "name": "dua", "version": 1, "steps": [{ "name": "camat", "role": "super_admin" }] });
    load(office, "routes/satu/1.json", &one).await;
    load(office, "routes/dua/1.json", &two).await;
    let types = json!({ "version": 1, "document": { "default": { "route": "dua" }, "types": {
        "Izin Praktik": { "route": "satu", "authority": { "office": "Kepala Dinas Kesehatan" } } } } });
    load(office, "item-types.json", &types).await;
}

#[tokio::test]
async fn a_permit_whose_type_comes_late_is_approved_on_the_route_of_that_type_and_on_no_other() {
    let office = Office::open().await;
    two_types(&office).await;
    let path = format!("/approvals/{DOCUMENT}/decisions");
    let approve = json!({ "verdict": "approve" });
    let (examiner, admin) = (Person::new("pemeriksa", "examiner"), Person::admin());
    let head = Person::new("kepala", "head_of_office");
    let described = office.described(DOCUMENT, 1, Some("IZIN praktik"), "Izin praktik dokter");
    office.tell(&office.document(DOCUMENT, "sicantik", None, SHA256)).await;
    let label = async |who: &Person| office.get(who, &format!("/approvals/{DOCUMENT}")).await.body["label"].clone();
    assert_eq!(label(&admin).await, "menunggu_camat");
    office.tell(&described).await;
    assert_eq!(label(&examiner).await, "menunggu_bidang");
    assert_eq!(
        office.outcome(&admin, &path, &approve).await,
        (404, "approvals.unknown".into())
    );
    assert_eq!(
        office.outcome(&examiner, &path, &approve).await,
        (200, "menunggu_kepala".into())
    );

    // Of another type, what was approved counts no longer; what is late changes nothing.
    office
        .tell(&office.described(DOCUMENT, 3, Some("Izin Usaha"), "Izin usaha"))
        .await;
    assert_eq!(label(&admin).await, "menunggu_camat");
    office
        .tell(&office.described(DOCUMENT, 2, Some("Izin Praktik"), "Izin praktik"))
        .await;
    office.tell(&described).await;
    assert_eq!(label(&admin).await, "menunggu_camat");
    office
        .tell(&office.described(DOCUMENT, 4, Some("Izin Praktik"), "Izin praktik"))
        .await;
    assert_eq!(
        office.outcome(&head, &path, &approve).await,
        (403, "approvals.out_of_turn".into())
    );
    let view = office.get(&head, &format!("/approvals/{DOCUMENT}")).await.body;
    assert_eq!(
        (&view["authority"], &view["label"]),
        (&json!("Kepala Dinas Kesehatan"), &json!("menunggu_bidang"))
    );
    let again = json!({ "verdict": "approve", "note": "Masih lengkap" });
    assert_eq!(
        office.outcome(&examiner, &path, &again).await,
        (200, "menunggu_kepala".into())
    );
    assert_eq!(office.outcome(&head, &path, &approve).await, (200, "disetujui".into()));
    let approved = office.events(DOCUMENT).await.pop().unwrap();
    assert_eq!(approved.data["item"]["revision"], 4);

    // Only who had approved has lost something by it.
    let events = office.events(DOCUMENT).await;
    let reopened = events
        .iter()
        .filter(|event| event.event_type.as_str() == "approval.reopened");
    let informed: Vec<_> = reopened.map(|event| event.data["informed"].clone()).collect();
    assert_eq!(informed, [json!(null), json!(["pemeriksa"]), json!(null)]);

    // Once each, though everything was told twice.
    let rerouted = office.audited("approval.rerouted").await;
    let moved = rerouted
        .iter()
        .map(|entry| (entry["before"]["route"].clone(), entry["after"]["route"].clone()));
    let (one, two) = (json!("satu"), json!("dua"));
    assert_eq!(
        moved.collect::<Vec<_>>(),
        [(two.clone(), one.clone()), (one.clone(), two.clone()), (two, one)]
    );
    let last = &rerouted[2];
    assert_eq!(last["actor"], json!({ "id": "advance-approval", "kind": "system" }));
    assert_eq!(
        (
            &last["before"]["type"],
            &last["after"]["type"],
            &last["after"]["revision"]
        ),
        (&json!("Izin Usaha"), &json!("Izin Praktik"), &json!(4))
    );
}

#[tokio::test]
async fn other_words_go_before_everybody_again_who_approved_the_words_before_and_the_same_words_do_not() {
    let office = Office::open().await;
    two_types(&office).await;
    let path = format!("/approvals/{DOCUMENT}/decisions");
    let approve = json!({ "verdict": "approve" });
    let (examiner, head) = (
        Person::new("pemeriksa", "examiner"),
        Person::new("kepala", "head_of_office"),
    );
    let described = async |revision: u32, subject: &str| {
        let described = office.described(DOCUMENT, revision, Some("izin praktik"), subject);
        office.tell(&described).await;
    };
    let label = async || office.get(&head, &format!("/approvals/{DOCUMENT}")).await.body["label"].clone();
    office
        .tell(&office.document(DOCUMENT, "sicantik", Some("Izin Praktik"), SHA256))
        .await;
    // Nobody has approved: the examiner looks at what is said now.
    described(1, "Praktik bidan").await;
    office.outcome(&examiner, &path, &approve).await;
    described(2, "Praktik bidan").await;
    assert_eq!(label().await, "menunggu_kepala", "it says what the examiner has read");

    let seen = office.get(&head, &format!("/approvals/{DOCUMENT}")).await.etag.unwrap();
    described(3, "Praktik dokter").await;
    let headers = [("idempotency-key", "k-lama"), ("if-match", seen.as_str())];
    let late = office.ask(&head, "POST", &path, &headers, &approve).await;
    assert_eq!(late.outcome(), (412, "request.stale".into()));
    assert_eq!(label().await, "menunggu_bidang");
    assert_eq!(
        office.outcome(&head, &path, &approve).await,
        (403, "approvals.out_of_turn".into())
    );
    assert_eq!(
        office.outcome(&examiner, &path, &approve).await,
        (200, "menunggu_kepala".into())
    );
    let view = office.get(&head, &format!("/approvals/{DOCUMENT}")).await.body;
    assert_eq!(
        (&view["title"], view["history"].as_array().unwrap().len()),
        (&json!("Praktik dokter"), 2)
    );
    assert_eq!(office.outcome(&head, &path, &approve).await, (200, "disetujui".into()));
    described(4, "Terlambat").await;

    let events = office.events(DOCUMENT).await;
    let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    let expected = ["opened", "advanced", "reopened", "advanced", "approved"];
    assert_eq!(types, expected.map(|what| format!("approval.{what}")));
    let revisions = events
        .iter()
        .map(|event| event.data["item"]["revision"].as_u64().unwrap());
    assert_eq!(revisions.collect::<Vec<_>>(), [0, 1, 3, 3, 3]);
    let informed = events.iter().filter(|event| event.data.get("informed").is_some());
    let informed: Vec<_> = informed
        .map(|event| (event.event_type.as_str(), event.data["informed"].clone()))
        .collect();
    assert_eq!(informed, [("approval.reopened", json!(["pemeriksa"]))]);
    let told = office.audited("approval.described").await;
    let labels = told
        .iter()
        .map(|entry| (entry["before"]["label"].clone(), entry["after"]["label"].clone()));
    let (first, second) = (json!("menunggu_bidang"), json!("menunggu_kepala"));
    assert_eq!(
        labels.collect::<Vec<_>>(),
        [
            (first.clone(), first.clone()),
            (second.clone(), second.clone()),
            (second, first)
        ]
    );
    assert!(
        !json!(told).to_string().contains("Praktik dokter"),
        "what it is about stays with it"
    );
}

#[tokio::test]
async fn a_sidecar_that_is_told_of_before_the_import_opens_the_approval_and_the_import_changes_nothing() {
    let office = Office::open().await;
    two_types(&office).await;
    office
        .tell(&office.described(DOCUMENT, 1, Some("Izin Praktik"), "Izin praktik"))
        .await;
    office.tell(&office.document(DOCUMENT, "sicantik", None, SHA256)).await;
    let examiner = Person::new("pemeriksa", "examiner");
    let view = office.get(&examiner, &format!("/approvals/{DOCUMENT}")).await.body;
    assert_eq!(view["label"], "menunggu_bidang");
    assert_eq!(office.types(DOCUMENT).await, ["approval.opened"]);
}
