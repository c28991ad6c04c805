//! Messages to functions, as queues deliver them, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use documents::Document;
use kernel::Envelope;
use localstack::Stack;
use platform::{Function, Key, Parking, Queues, ReceivedMessage};
use serde_json::{Value, json};

use super::{Newest, Place, TENANT, document, schema};

/// Messages as Lambda hands them to a function.
pub(crate) fn batch_event(messages: &[ReceivedMessage]) -> Value {
    let record = |message: &ReceivedMessage| {
        json!({
            "messageId": message.message_id, "receiptHandle": message.receipt_handle, "body": message.body,
            "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "ap-southeast-3",
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// The messages of a batch that are to be delivered again.
pub(crate) fn failures(answer: &Value) -> BTreeSet<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}

/// A message that has just been received.
pub(crate) fn message(id: &str, body: &str) -> ReceivedMessage {
    ReceivedMessage {
        message_id: id.into(),
        receipt_handle: "r-1".into(),
        body: body.into(),
        receive_count: 1,
    }
}

/// Delivers one message to a step of the stack, which acknowledges it.
pub(crate) async fn deliver(stack: &Stack, step: &str, body: &Value) {
    deliver_to(&stack.functions[step], &body.to_string()).await;
}

/// Delivers one message to a function, which acknowledges it.
pub(crate) async fn deliver_to(function: &Function, body: &str) {
    let answer = function.invoke(batch_event(&[message("m-1", body)])).await.unwrap();
    assert!(failures(&answer).is_empty(), "{body}");
}

/// Takes everything that waits in a queue, and acknowledges it.
pub(crate) async fn drain(stack: &Stack, step: &str) -> Vec<ReceivedMessage> {
    let queues = Queues::new(&stack.environment.aws);
    let url = &stack.queues[&format!("absah-{step}")];
    let mut drained = Vec::new();
    loop {
        let messages = queues.receive(url, 10, 0).await.unwrap();
        if messages.is_empty() {
            return drained;
        }
        let handles: Vec<_> = messages.iter().map(|message| message.receipt_handle.clone()).collect();
        queues.delete(url, &handles).await.unwrap();
        drained.extend(messages);
    }
}

/// Takes the notifications of objects that wait, in the order of the uploads.
pub(crate) async fn notifications(stack: &Stack) -> Vec<Value> {
    let messages = drain(stack, "detect").await;
    let bodies = messages
        .iter()
        .map(|message| serde_json::from_str::<Value>(&message.body).unwrap());
    // S3 also sends a test of itself.
    let mut bodies: Vec<_> = bodies.filter(|body| body.get("Records").is_some()).collect();
    let sequencer = |body: &Value| {
        body["Records"][0]["s3"]["object"]["sequencer"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    bodies.sort_by_key(sequencer);
    bodies
}

/// Tells `detect` of everything that was dropped.
pub(crate) async fn detect_all(stack: &Stack) {
    for notification in notifications(stack).await {
        deliver(stack, "detect", &notification).await;
    }
}

/// What a step has parked.
pub(crate) async fn parked(place: &impl Place, step: &str) -> Vec<Parking> {
    let (table, partition) = (place.rows(), Parking::partition(step));
    let rows = table.list::<Parking>(&partition, "", true, 1000).await.unwrap();
    rows.into_iter().map(|row| row.value).collect()
}

/// Drops a sidecar into the inbox beside the PDF of `name`.
pub(crate) async fn put_sidecar(place: &impl Place, name: &str, body: &Value) {
    let key = format!("{TENANT}/loket/{}.json", place.name(name));
    let ((inbox, bucket), bytes) = (place.drop_box(), body.to_string().into());
    inbox
        .drop_off(&bucket, &key, "application/json", BTreeMap::new(), bytes)
        .await
        .unwrap();
}

/// The events of `detect` about the sidecars that `notifications` told of.
pub(crate) async fn sidecar_events(stack: &Stack, notifications: &[Value]) -> Vec<Value> {
    let mut events = Vec::new();
    for notification in notifications {
        let object = &notification["Records"][0]["s3"]["object"];
        let (key, version) = (object["key"].as_str().unwrap(), object["versionId"].as_str().unwrap());
        let key = Key::state(TENANT, "object", &format!("{key}#version#{version}"));
        let recorded = stack.table().unwrap().events(&key, 10).await.unwrap();
        assert_eq!(recorded.len(), 1, "one event for each upload");
        assert_of_schema(&recorded[0]);
        events.push(serde_json::to_value(&recorded[0]).unwrap());
    }
    events
}

/// The document that an inbox name stands for now.
pub(crate) async fn newest(place: &impl Place, name: &str) -> Document {
    let key = Newest::key_of(&place.name(name));
    let newest = place.rows().load::<Newest>(key).await.unwrap();
    document(place, &newest.value.document_id.to_string()).await
}

/// Everything that happened to a document (`kind` is `document`) or to its approval (`approval`).
pub(crate) async fn history(place: &impl Place, tenant: &str, kind: &str, id: &str) -> Vec<Envelope<Value>> {
    let key = Key::state(tenant, kind, id);
    place.rows().events(&key, 100).await.unwrap()
}

/// The types of events.
pub(crate) fn types(events: &[Envelope<Value>]) -> Vec<&str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

/// The one event of a type in the history of our document `id` or of its approval, as a queue carries it.
pub(crate) async fn recorded(place: &impl Place, id: &str, event_type: &str) -> Value {
    let (kind, _) = event_type.split_once('.').unwrap();
    let events = history(place, TENANT, kind, id).await;
    let event = events.iter().find(|event| event.event_type.as_str() == event_type);
    serde_json::to_value(event.unwrap_or_else(|| panic!("no {event_type}"))).unwrap()
}

/// Fails unless an event is as its schema says.
pub(crate) fn assert_of_schema(event: &Envelope<Value>) {
    let name = event.event_type.as_str();
    let event = serde_json::to_value(event).unwrap();
    let errors: Vec<_> = schema(name)
        .iter_errors(&event)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

/// What is kept of a sidecar, as the table holds it.
#[derive(serde::Serialize, serde::Deserialize)]
struct KeptSidecar {
    description: documents::Description,
}

impl platform::Record for KeptSidecar {
    fn key(&self) -> Key {
        unreachable!("the test only reads it")
    }
}

/// What the newest sidecar of a name says, once it was taken in.
pub(crate) async fn kept_sidecar(place: &impl Place, name: &str) -> Option<documents::Description> {
    let key = Key::state(TENANT, "sidecar", &format!("loket/{}", place.name(name)));
    let kept = place.rows().find::<KeptSidecar>(&key).await.unwrap();
    kept.map(|kept| kept.value.description)
}
