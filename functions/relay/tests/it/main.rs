//! Events on their way to queues of the embedded engine, in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::future::pending;

use embedded::{Credentials, Engine, Options, Storage};
use platform::{Environment, Provision, Queues, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// More than fit into two calls.
const EVENTS: u64 = 25;

async fn environment() -> Environment {
    let credentials = Credentials {
        access_key: "AKID".into(),
        secret_key: "secret".into(),
    };
    let engine = Engine::open(Options::new(Storage::Memory, credentials)).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { engine.serve(listener, pending::<()>()).await });
    let settings: Settings = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "ap-southeast-3"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    Environment::connect(settings).unwrap()
}

/// A batch of the stream: new event rows.
fn batch() -> Value {
    let records = (1..=EVENTS).map(|number| {
        let envelope = json!({ "type": "user.changed", "id": number }).to_string();
        json!({ "dynamodb": { "NewImage": { "envelope": { "S": envelope } }, "SequenceNumber": number.to_string() } })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_queue_that_takes_nothing_keeps_no_event_from_another_and_the_batch_comes_again() {
    let environment = environment().await;
    let there = Provision::new(&environment.aws)
        .queue("absah-there", &[])
        .await
        .unwrap();
    let gone = there.replace("absah-there", "absah-gone");
    let routes = json!({ gone: ["user.changed"], there.clone(): ["user.changed"] }).to_string();
    let settings = environment.settings.clone().with("EVENT_ROUTES", routes);
    let relay = relay::function(&environment.with_settings(settings)).unwrap();

    let reply = relay.invoke(batch()).await.unwrap();

    assert_eq!(reply["batchItemFailures"], json!([{ "itemIdentifier": "1" }]));
    let queues = Queues::new(&environment.aws);
    assert_eq!(queues.depth(&there).await.unwrap(), [EVENTS, 0, 0]);
}
