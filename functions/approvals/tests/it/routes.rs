//! Routes and item types as files of the configuration bucket.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Envelope;
use platform::{Grants, Inbox, Key};
use serde_json::{Value, json};

use crate::office::{CONFIG, Office, Person, TENANT};

const DOCUMENT: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const SHA256: &str = "6f5902ac237024bdd0c176cb93063dc42c8c8b4c3a1f3f0c8a1d9b7e5a3c1d2e";

/// Puts a file into the bucket; its notification.
async fn put(office: &Office, key: &str, body: &Value) -> Value {
    let files = Inbox::new(&office.environment.aws);
    let key = format!("{TENANT}/{key}");
    let bytes = body.to_string().into_bytes().into();
    let kept = files.drop_off(CONFIG, &key, "application/json", BTreeMap::new(), bytes);
    kept.await.unwrap();
    let etag = files.etag(CONFIG, &key).await.unwrap();
    json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": { "bucket": { "name": CONFIG },
        "object": { "key": key.replace('/', "%2F"), "eTag": etag, "sequencer": "1" } } }] })
}

/// Puts a file, and tells the step of it. Whether it comes again.
pub(crate) async fn load(office: &Office, key: &str, body: &Value) -> bool {
    let notification = put(office, key, body).await;
    office.deliver(&office.load, &notification).await
}

fn route(version: u32, role: &str) -> Value {
    json!({ "name": "kesehatan", "version": version, "steps": [
        { "name": "bidang", "role": role, "scope": "org_unit" }, { "name": "kepala", "role": "head_of_office" }] })
}

async fn events(office: &Office, kind: &str, id: &str) -> Vec<Envelope<Value>> {
    office.events_at(&Key::state(TENANT, kind, id)).await
}

#[tokio::test]
async fn permits_of_a_type_take_the_route_and_the_authority_that_files_name() {
    let office = Office::open().await;
    assert!(!load(&office, "routes/kesehatan/1.json", &route(1, "examiner")).await);
    let types = json!({ "version": 1, "document": { "types": { "Izin Praktik": { "route": "kesehatan",
        "authority": { "office": "Kepala Dinas Kesehatan", "org_unit": "kesehatan" } } } } });
    assert!(!load(&office, "item-types.json", &types).await);
    assert_eq!(office.parked("load-route").await, Vec::<String>::new());
    let loaded = events(&office, "route", "kesehatan").await;
    assert_eq!((loaded.len(), &loaded[0].data["version"]), (1, &json!(1)));

    office
        .tell(&office.document(DOCUMENT, "sicantik", Some("izin  praktik"), SHA256))
        .await;
    let head = Person::new("kepala", "head_of_office");
    let view = office.get(&head, &format!("/approvals/{DOCUMENT}")).await.body;
    assert_eq!(
        (&view["authority"], &view["label"]),
        (&json!("Kepala Dinas Kesehatan"), &json!("menunggu_bidang"))
    );
    let approve = json!({ "verdict": "approve" });
    let path = format!("/approvals/{DOCUMENT}/decisions");
    let elsewhere = Person::new("pemeriksa", "examiner");
    assert_eq!(
        office.outcome(&elsewhere, &path, &approve).await,
        (404, "approvals.unknown".into())
    );
    let examiner = Person::new("pemeriksa", "examiner").in_unit("kesehatan");
    assert_eq!(
        office.outcome(&examiner, &path, &approve).await,
        (200, "menunggu_kepala".into())
    );

    // What is on its way keeps the route that it began with.
    assert!(
        !load(
            &office,
            "routes/kesehatan/2.json",
            &json!({ "name": "kesehatan", "version": 2, "steps": [
        { "name": "camat", "role": "super_admin" }] })
        )
        .await
    );
    assert_eq!(office.outcome(&head, &path, &approve).await, (200, "disetujui".into()));
    office
        .tell(&office.document("BAAQEAYEAUDAOCAJBIFQYDIOB4", "sicantik", Some("Izin Praktik"), SHA256))
        .await;
    let view = office
        .get(&Person::admin(), "/approvals/BAAQEAYEAUDAOCAJBIFQYDIOB4")
        .await
        .body;
    assert_eq!(view["label"], "menunggu_camat");
}

#[tokio::test]
async fn versions_may_arrive_in_any_order_and_the_highest_counts() {
    let office = Office::open().await;
    for version in [2, 1] {
        assert!(
            !load(
                &office,
                &format!("routes/kesehatan/{version}.json"),
                &route(version, "examiner")
            )
            .await
        );
    }
    let current: Value = current(&office).await;
    assert_eq!(current["configured"]["version"], 2);
    assert_eq!(events(&office, "route", "kesehatan").await.len(), 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_parked_with_its_reason_and_an_event_tells_of_it() {
    let office = Office::open().await;
    assert!(!load(&office, "routes/kesehatan/1.json", &route(1, "examiner")).await);
    for (key, body, code) in [
        ("routes/kesehatan/1.json", route(1, "head_of_office"), "route.changed"),
        ("routes/kesehatan/2.json", route(2, "king"), "route.unknown_role"),
        ("routes/kesehatan/3.json", route(2, "examiner"), "route.misnamed"),
        (
            "routes/kesehatan/4.json",
            json!({ "name": "kesehatan", "version": 4, "steps": [] }),
            "route.steps",
        ),
        ("routes/kesehatan/5.json", json!("x".repeat(300_000)), "route.too_large"),
        ("item-types.json", json!({ "version": 0 }), "item_types.version"),
    ] {
        assert!(!load(&office, key, &body).await, "{key}");
        assert_eq!(office.parked("load-route").await, [code], "{key}");
    }
    let current: Value = current(&office).await;
    assert_eq!(current["configured"]["version"], 1);
    let etag = Inbox::new(&office.environment.aws)
        .etag(CONFIG, "contoh/routes/kesehatan/2.json")
        .await
        .unwrap();
    let refused = events(
        &office,
        "refused-route",
        &format!("contoh/routes/kesehatan/2.json#{etag}"),
    )
    .await;
    assert_eq!(refused.len(), 1, "once, however often it comes");
    assert_eq!(refused[0].data["code"], "route.unknown_role");
    let told = office.audited("route.loaded").await;
    let told: Vec<_> = told
        .iter()
        .map(|entry| {
            (
                entry["outcome"].as_str().unwrap(),
                entry["code"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        told[..3],
        [
            ("success", ""),
            ("refused", "route.changed"),
            ("refused", "route.unknown_role")
        ]
    );
    // Other contexts' files are theirs.
    assert!(!load(&office, "templates/surat/1.json", &json!({})).await);
    assert_eq!(office.parked("load-route").await, ["item_types.version"]);
}

#[tokio::test]
async fn a_step_may_ask_for_a_role_of_the_tenants_own_that_lets_decide_and_for_no_other_of_its_own() {
    let office = Office::open().await;
    for (tenant, role, permission) in [
        (TENANT, "verifikator_gizi", "approval:decide"),
        (TENANT, "pencatat", "approval:read"),
        ("dairi", "verifikator_dairi", "approval:decide"),
    ] {
        let grants = Grants {
            tenant: tenant.parse().unwrap(),
            role: role.into(),
            permissions: [permission.to_owned()].into(),
        };
        let kept = office.table.transaction().insert(&grants).unwrap().commit();
        kept.await.unwrap();
    }
    assert!(!load(&office, "routes/kesehatan/1.json", &route(1, "verifikator_gizi")).await);
    // What was taken in counts for good: its notification may come again when the role is gone.
    let gone = Grants {
        tenant: TENANT.parse().unwrap(),
        role: "verifikator_gizi".into(),
        permissions: BTreeSet::new(),
    };
    let kept = office.table.transaction().overwrite(&gone).unwrap().commit();
    kept.await.unwrap();
    assert!(!load(&office, "routes/kesehatan/1.json", &route(1, "verifikator_gizi")).await);
    assert_eq!(office.parked("load-route").await, Vec::<String>::new());
    for (version, role) in [(2, "pencatat"), (3, "verifikator_dairi")] {
        let key = format!("routes/kesehatan/{version}.json");
        assert!(!load(&office, &key, &route(version, role)).await, "{role}");
        assert_eq!(office.parked("load-route").await, ["route.unknown_role"], "{role}");
    }
    let current: Value = current(&office).await;
    assert_eq!(current["configured"]["version"], 1);
}

#[tokio::test]
async fn item_types_wait_for_the_routes_that_they_name() {
    let office = Office::open().await;
    let types = json!({ "version": 1, "letter": { "default": { "route": "kesehatan",
        "attributes": { "org_unit": "kesehatan" } } } });
    assert!(load(&office, "item-types.json", &types).await, "delivered again");
    load(&office, "routes/kesehatan/1.json", &route(1, "examiner")).await;
    assert!(!load(&office, "item-types.json", &types).await);
}

#[tokio::test]
async fn a_step_of_two_waits_for_the_second_and_says_until_when() {
    let office = Office::open().await;
    let panel = json!({ "name": "kesehatan", "version": 1, "steps": [
        { "name": "panitia", "role": "examiner", "quorum": 2, "due": "P3D" }] });
    load(&office, "routes/kesehatan/1.json", &panel).await;
    let types = json!({ "version": 1, "document": { "default": { "route": "kesehatan" } } });
    load(&office, "item-types.json", &types).await;
    office.tell(&office.document(DOCUMENT, "sicantik", None, SHA256)).await;
    let path = format!("/approvals/{DOCUMENT}/decisions");
    let approve = json!({ "verdict": "approve" });
    let (one, two) = (Person::new("satu", "examiner"), Person::new("dua", "examiner"));
    assert_eq!(
        office.outcome(&one, &path, &approve).await,
        (200, "menunggu_panitia".into())
    );
    assert_eq!(
        office.outcome(&one, &path, &approve).await,
        (403, "approvals.decided_twice".into())
    );
    assert_eq!(
        office.get(&one, "/approvals/pending").await.body["items"],
        json!([]),
        "no longer theirs"
    );
    let waiting = office.get(&two, "/approvals/pending").await.body;
    assert_eq!(waiting["items"][0]["is_overdue"], false);
    assert!(waiting["items"][0]["due_at"].is_string());
    assert_eq!(office.outcome(&two, &path, &approve).await, (200, "disetujui".into()));
    let types = office.types(DOCUMENT).await;
    assert_eq!(types, ["approval.opened", "approval.endorsed", "approval.approved"]);
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Row(Value);

impl platform::Record for Row {
    fn key(&self) -> Key {
        unreachable!("the test only reads it")
    }
}

/// The route as it counts now.
async fn current(office: &Office) -> Value {
    let key = Key::state(TENANT, "route", "kesehatan");
    office.table.load::<Row>(key).await.unwrap().value.0
}

#[tokio::test]
async fn a_route_that_asks_for_a_place_which_items_of_its_types_do_not_have_is_refused_whichever_comes_first() {
    let office = Office::open().await;
    let with = json!({ "version": 2, "document": { "default": { "route": "kesehatan",
        "authority": { "office": "Kepala Dinas", "org_unit": "kesehatan" } } } });
    let without = json!({ "version": 1, "document": { "default": { "route": "kesehatan" } } });
    load(&office, "routes/kesehatan/1.json", &route(1, "examiner")).await;
    load(&office, "item-types.json", &without).await;
    assert_eq!(office.parked("load-route").await, ["route.placeless"]);
    load(&office, "item-types.json", &with).await;
    let by_place = json!({ "name": "kesehatan", "version": 2, "steps": [
        { "name": "rt", "role": "examiner", "scope": "rt" }] });
    load(&office, "routes/kesehatan/2.json", &by_place).await;
    let current: Value = current(&office).await;
    assert_eq!(current["configured"]["version"], 1);
}

#[tokio::test]
async fn who_submitted_a_permit_does_not_approve_it_and_may_take_it_back() {
    let office = Office::open().await;
    let own = json!({ "name": "kesehatan", "version": 1, "steps": [{ "name": "kepala", "role": "head_of_office" }],
        "forbid": { "own_submission": true } });
    load(&office, "routes/kesehatan/1.json", &own).await;
    let types = json!({ "version": 1, "document": { "default": { "route": "kesehatan" } } });
    load(&office, "item-types.json", &types).await;
    let description = json!({ "subject": "Izin praktik", "submitted_by": "kepala" });
    office
        .tell(&office.imported(DOCUMENT, "sicantik/izin.pdf", &description, SHA256))
        .await;
    // A sidecar does not take it over for somebody else.
    office.tell(&office.described(DOCUMENT, 1, None, "Izin praktik")).await;
    let head = Person::new("kepala", "head_of_office");
    let approve = json!({ "verdict": "approve" });
    let path = format!("/approvals/{DOCUMENT}/decisions");
    assert_eq!(
        office.outcome(&head, &path, &approve).await,
        (403, "approvals.own_submission".into())
    );
    let answer = office
        .outcome(&head, &format!("/approvals/{DOCUMENT}/withdraw"), &Value::Null)
        .await;
    assert_eq!(answer, (200, "ditarik".into()));
}
