//! The files in `events/`: what comes in is read as the field sends it, what goes out is what the schemas promise.

use std::path::PathBuf;

use documents::Notification;
use kernel::Envelope;
use serde_json::Value;

use crate::support::root;

pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("events").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

pub(crate) fn json(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn schema(name: &str) -> jsonschema::Validator {
    let schema = json(&root().join(format!("events/schemas/{name}.json")));
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// The keys that a notification names, or why it is refused.
fn keys(file: &str) -> Result<Vec<String>, String> {
    let text = std::fs::read(root().join("events").join(file)).unwrap();
    let notification: Notification = serde_json::from_slice(&text).map_err(|_| "unreadable".to_owned())?;
    let created = notification.created().map(|created| match created {
        Ok(created) => Ok(created.object.key),
        Err(error) => Err(error.to_string()),
    });
    created.collect()
}

#[test]
fn aws_and_minio_notifications_name_the_same_objects_in_their_own_ways() {
    let check = |file: &str, expected: &[&str]| assert_eq!(keys(file).unwrap(), expected, "{file}");
    check("aws/s3-put.json", &["karo/sicantik/izin-0042.pdf"]);
    check(
        "aws/s3-complete-multipart-upload.json",
        &["karo/sicantik/izin-besar.pdf"],
    );
    check("aws/s3-copy.json", &["karo/sicantik/salinan.pdf"]);
    check(
        "aws/s3-odd-keys.json",
        &[
            "karo/loket 1/izin praktik dokter.pdf",
            "karo/loket/a+b & c.pdf",
            "karo/loket/café – izin.pdf",
            "karo/loket/100%.PDF",
        ],
    );
    check("aws/s3-sidecar.json", &["karo/sicantik/izin-0042.json"]);
    check("aws/s3-removed.json", &[]);
    check("aws/s3-test-event.json", &[]);
    check("minio/webhook-put.json", &["karo/sicantik/izin 0042.pdf"]);
    check(
        "minio/webhook-complete-multipart-upload.json",
        &["karo/sicantik/besar.pdf"],
    );
    check("minio/webhook-odd-key.json", &["karo/loket/café + b.pdf"]);
}

#[test]
fn notifications_that_name_no_object_are_refused_with_a_reason() {
    let check = |file: &str, reason: &str| assert_eq!(keys(file).unwrap_err(), reason, "{file}");
    check("invalid/not-json.txt", "unreadable");
    check("invalid/s3-no-records.json", "unreadable");
    check("invalid/s3-no-object.json", "unreadable");
    check(
        "invalid/s3-key-not-utf8.json",
        "the object's key is not URL-encoded UTF-8",
    );
    check("invalid/s3-no-etag.json", "the object has no ETag");
}

#[test]
fn every_golden_domain_event_is_an_envelope_of_its_schema_and_of_its_file_name() {
    for path in files("domain") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let event = json(&path);
        let errors: Vec<_> = schema(&name)
            .iter_errors(&event)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let envelope: Envelope<Value> = serde_json::from_value(event.clone()).unwrap();
        assert_eq!(envelope.event_type.as_str(), name);
        assert_eq!(
            name.parse(),
            Ok(envelope.event_type.clone()),
            "a type that no route could name"
        );
        assert_eq!(
            serde_json::to_value(&envelope).unwrap(),
            event,
            "{name} changes when it is passed on"
        );
    }
}

#[test]
fn an_event_without_one_of_its_parts_breaks_its_schema() {
    for path in files("domain") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let schema = schema(&name);
        let event = json(&path);
        for part in event.as_object().unwrap().keys() {
            let mut broken = event.clone();
            broken.as_object_mut().unwrap().remove(part);
            assert!(!schema.is_valid(&broken), "{name} without {part}");
        }
        let mut extended = event.clone();
        extended["data"]["nik"] = "9900000000000000".into();
        assert!(!schema.is_valid(&extended), "{name} with a personal number");
    }
}

#[test]
fn an_envelope_of_another_version_is_no_envelope() {
    let event = json(&root().join("events/invalid/envelope-wrong-version.json"));
    assert!(serde_json::from_value::<Envelope<Value>>(event).is_err());
}

#[test]
fn the_sample_sidecar_is_of_its_schema() {
    let sidecar = json(&root().join("events/samples/permit.json"));
    assert!(schema("sidecar").is_valid(&sidecar));
}
