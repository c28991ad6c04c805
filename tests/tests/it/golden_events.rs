//! The files in `events/`: what goes out is as the schemas promise, and no file is there for show.

use std::collections::BTreeSet;

use kernel::Envelope;
use serde_json::Value;

use crate::support::{Place, files, json_file, root, schema, site, skipped_elsewhere};
use crate::{golden_flow, golden_notifications};

/// The schemas of what is no event.
const OTHER_SCHEMAS: [&str; 5] = ["item-types", "registered-document", "route", "sidecar", "verification"];

/// The golden events with their names.
fn golden() -> Vec<(String, Value)> {
    let named = files("domain").into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, json_file(&path))
    });
    named.collect()
}

#[test]
fn every_golden_domain_event_is_an_envelope_of_its_schema_and_of_its_file_name() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    for (name, event) in golden() {
        let errors: Vec<_> = schema(&name)
            .iter_errors(&event)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let envelope: Envelope<Value> = serde_json::from_value(event.clone()).unwrap();
        assert_eq!(envelope.event_type.as_str(), name);
        let named = name.parse();
        assert_eq!(
            named,
            Ok(envelope.event_type.clone()),
            "a type that no route could name"
        );
        let passed_on = serde_json::to_value(&envelope).unwrap();
        assert_eq!(passed_on, event, "{name} changes when it is passed on");
    }
}

#[test]
fn an_event_without_one_of_its_parts_or_of_a_reserved_tenant_breaks_its_schema() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    for (name, event) in golden() {
        let schema = schema(&name);
        for part in event.as_object().unwrap().keys() {
            let mut broken = event.clone();
            broken.as_object_mut().unwrap().remove(part);
            assert!(!schema.is_valid(&broken), "{name} without {part}");
        }
        let mut extended = event.clone();
        extended["data"]["nik"] = "9900000000000000".into();
        assert!(!schema.is_valid(&extended), "{name} with a personal number");
        for reserved in ["public", "system", "Karo", ""] {
            let mut reserving = event.clone();
            reserving["tenant"] = reserved.into();
            assert!(!schema.is_valid(&reserving), "{name} of the tenant {reserved:?}");
            assert!(serde_json::from_value::<Envelope<Value>>(reserving).is_err());
        }
        for allowed in ["publik", "system-2", "x"] {
            let mut allowing = event.clone();
            allowing["tenant"] = allowed.into();
            assert!(schema.is_valid(&allowing), "{name} of the tenant {allowed}");
        }
    }
}

#[test]
fn the_golden_events_of_one_document_are_one_flow() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let traces: BTreeSet<_> = golden()
        .into_iter()
        .filter(|(name, _)| name != "description.detected")
        .map(|(_, event)| {
            serde_json::from_value::<Envelope<Value>>(event)
                .unwrap()
                .traceparent
                .trace_id()
        })
        .collect();
    assert_eq!(traces.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_another_version_is_no_envelope() {
    let mut event = json_file(&root().join("events/invalid/envelope-wrong-version.json"));
    assert!(serde_json::from_value::<Envelope<Value>>(event.clone()).is_err());
    let site = site().await;
    let id = site.environment().ids.document_id().to_string();
    event["subject"] = id.clone().into();
    site.hand("import", std::slice::from_ref(&event)).await;
    let rows = site.parked("import", &id, 1).await;
    assert_eq!(
        (rows[0].code.as_str(), &rows[0].body),
        ("message.malformed", &event.to_string())
    );
    site.stop().await;
}

#[test]
fn the_sample_sidecar_and_the_routes_are_of_their_schemas() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let sidecar = json_file(&root().join("events/samples/permit.json"));
    assert!(schema("sidecar").is_valid(&sidecar));
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(&template).unwrap();
    let usual = template["Parameters"]["ApprovalRoute"]["Default"].as_str().unwrap();
    let types = json_file(&root().join("events/samples/item-types.json"));
    assert!(schema("item-types").is_valid(&types));
    assert!(approvals::ItemTypes::from_json(types.to_string().as_bytes()).is_ok());
    for route in [usual, golden_flow::TWO_STEPS, approvals::BUILT_IN_LETTER] {
        let json: Value = serde_json::from_str(route).unwrap();
        assert!(schema("route").is_valid(&json), "{route}");
        assert!(serde_json::from_str::<approvals::Route>(route).is_ok(), "{route}");
    }
    for bad in [
        r#"{"name":"izin","version":1,"steps":[]}"#,
        r#"{"name":"izin","steps":[]}"#,
    ] {
        assert!(!schema("route").is_valid(&serde_json::from_str(bad).unwrap()), "{bad}");
    }
}

/// What the tests read of `events/`. Each of these lists is compared with what its test has really read.
fn read_by_tests() -> BTreeSet<String> {
    let schemas = golden().into_iter().map(|(name, _)| name);
    let schemas = schemas.chain(OTHER_SCHEMAS.map(str::to_owned));
    let domain = golden().into_iter().map(|(name, _)| format!("domain/{name}.json"));
    let single = [
        "invalid/envelope-wrong-version.json",
        "samples/item-types.json",
        "samples/permit.json",
        "samples/permit.pdf",
    ];
    schemas
        .map(|name| format!("schemas/{name}.json"))
        .chain(domain)
        .chain(single.map(str::to_owned))
        .chain(golden_notifications::files().map(str::to_owned))
        .chain(golden_flow::FED.map(str::to_owned))
        .collect()
}

#[test]
fn every_file_below_events_is_read_by_a_test() {
    if skipped_elsewhere("it is about this checkout, not about a site") {
        return;
    }
    let mut there = BTreeSet::new();
    for folder in ["aws", "domain", "invalid", "minio", "samples", "schemas"] {
        let named = files(folder).into_iter();
        there.extend(named.map(|path| format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap())));
    }
    assert_eq!(
        std::fs::read_dir(root().join("events")).unwrap().count(),
        6,
        "a folder that no test knows"
    );
    assert_eq!(there, read_by_tests());
}
