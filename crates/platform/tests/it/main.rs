//! The table, the vault and idempotency records against the embedded engine, in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod gate;
mod pages;
mod proxy;
mod queues;
mod reads;
mod states;
mod uploads;

use std::collections::BTreeMap;
use std::time::Duration;

use embedded::{Credentials, Engine, Options, Storage};
use jiff::Timestamp;
use kernel::{Envelope, Fault};
use platform::{
    AuditEntry, Begun, Cause, Environment, Event, Idempotency, Key, Provision, Put, Record, Settings, Stored,
    StreamRecord, Streams, Table, TableError, Vault,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Counter {
    id: String,
    count: u64,
}

impl Record for Counter {
    fn key(&self) -> Key {
        Key::state("karo", "counter", &self.id)
    }
}

/// An engine in memory with a table and a bucket.
async fn environment() -> Environment {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let engine = engine().await;
    tokio::spawn(async move { engine.serve(listener, std::future::pending::<()>()).await });
    environment_at(&endpoint).await
}

async fn engine() -> Engine {
    let credentials = Credentials {
        access_key: "AKID".into(),
        secret_key: "secret".into(),
    };
    Engine::open(Options::new(Storage::Memory, credentials)).await.unwrap()
}

async fn environment_at(endpoint: &str) -> Environment {
    let settings: Settings = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "ap-southeast-3"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("TABLE_NAME", "absah-test-table"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    let environment = Environment::connect(settings).unwrap();
    let provision = Provision::new(&environment.aws);
    provision.table("absah-test-table", Some("expires_at")).await.unwrap();
    provision.bucket("vault", true).await.unwrap();
    environment
}

/// The same place with more settings.
fn configured(environment: &Environment, more: &[(&str, &str)]) -> Environment {
    let settings = more
        .iter()
        .fold(environment.settings.clone(), |settings, (name, value)| {
            settings.with(name, (*value).to_owned())
        });
    environment.with_settings(settings)
}

/// The audit entries that were written, oldest first.
async fn actions(environment: &Environment) -> Vec<AuditEntry> {
    let streams = Streams::new(&environment.aws);
    let arn = streams.find("absah-test-table").await.unwrap();
    let mut entries = Vec::new();
    for shard in streams.shards(&arn).await.unwrap() {
        let cursor = streams.seek(&arn, &shard, None).await.unwrap();
        let page = streams.read(&cursor, 1000).await.unwrap();
        let records = page.records.into_iter();
        let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).unwrap());
        let envelopes = records.filter_map(|record| serde_json::from_str(record.envelope_json()?).ok());
        entries.extend(envelopes.map(|envelope: Envelope<AuditEntry>| envelope.data));
    }
    entries
}

fn counter(count: u64) -> Counter {
    Counter { id: "a".into(), count }
}

fn event(environment: &Environment) -> Envelope<u64> {
    let tenant = "karo".parse().unwrap();
    environment.envelope(
        &Cause::Outside,
        "absah/test",
        Event {
            event_type: "counter.counted",
            subject: "a".into(),
            tenant,
            data: 1,
        },
    )
}

async fn insert(table: &Table) -> Result<(), TableError> {
    table.transaction().insert(&counter(1))?.commit().await
}

#[tokio::test]
async fn a_new_row_is_new_once_and_a_stale_version_loses() {
    let table = environment().await.table().unwrap();
    insert(&table).await.unwrap();
    assert_eq!(insert(&table).await.unwrap_err().code(), "table.already_exists");

    let update = |count, version| {
        let table = &table;
        async move { table.transaction().update(&counter(count), version)?.commit().await }
    };
    update(2, 1).await.unwrap();
    assert_eq!(update(9, 1).await.unwrap_err().code(), "table.conflict");
    let stored: Stored<Counter> = table.load(counter(0).key()).await.unwrap();
    assert_eq!(
        stored,
        Stored {
            value: counter(2),
            version: 2
        }
    );
}

#[tokio::test]
async fn state_and_event_are_stored_together_or_not_at_all() {
    let environment = environment().await;
    let table = environment.table().unwrap();
    let key = counter(1).key();
    let commit = |version| {
        let (table, environment, key) = (&table, &environment, &key);
        async move {
            let transaction = table.transaction().update(&counter(version + 1), version)?;
            transaction.event(key, version + 1, &event(environment))?.commit().await
        }
    };
    commit(0).await.unwrap();
    assert_eq!(commit(0).await.unwrap_err().code(), "table.conflict");
    assert_eq!(commit(7).await.unwrap_err().code(), "table.conflict");
    assert_eq!(table.events(&key, 10).await.unwrap().len(), 1);
    assert_eq!(table.load::<Counter>(key).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_row_that_is_only_required_fails_the_transaction_when_it_changed() {
    let table = environment().await.table().unwrap();
    let other = Counter {
        id: "b".into(),
        count: 1,
    };
    let write = |version| {
        let (table, other) = (&table, &other);
        async move {
            table
                .transaction()
                .insert(other)?
                .require(&counter(0).key(), version)?
                .commit()
                .await
        }
    };
    insert(&table).await.unwrap();
    assert_eq!(write(0).await.unwrap_err().code(), "table.conflict");
    assert_eq!(write(2).await.unwrap_err().code(), "table.conflict");
    write(1).await.unwrap();
}

#[tokio::test]
async fn of_many_writers_of_one_vault_key_one_wins_and_all_see_its_bytes() {
    let environment = environment().await;
    let vault = Vault::new(&environment.aws, "vault".into());
    let writers = (0..20_u8).map(|writer| {
        let vault = vault.clone();
        tokio::spawn(async move {
            let bytes = vec![writer; 100].into();
            vault
                .put_once("karo/documents/x/final.pdf", "application/pdf", bytes)
                .await
                .unwrap()
        })
    });
    let mut stored = 0;
    for writer in writers.collect::<Vec<_>>() {
        stored += usize::from(writer.await.unwrap() == Put::Stored);
    }
    assert_eq!(stored, 1);
    let keep = async |key: &str, by: &str| {
        let metadata = BTreeMap::from([("kept-by".to_owned(), by.to_owned())]);
        let kept = vault.keep_first(key, "application/pdf", metadata, vec![99].into(), 1000);
        let kept = kept.await.unwrap();
        (kept.bytes.len(), kept.metadata.get("kept-by").cloned())
    };
    assert_eq!(keep("karo/documents/x/final.pdf", "late").await, (100, None));
    for by in ["first", "second"] {
        assert_eq!(keep("karo/letters/x.pdf", by).await, (1, Some("first".into())), "{by}");
    }
    assert_eq!(
        vault.get("karo/documents/x/final.pdf", 99).await.unwrap_err().code(),
        "vault.too_large"
    );
    assert_eq!(vault.get("nothing", 99).await.unwrap_err().code(), "vault.missing");
}

#[tokio::test]
async fn a_repeated_command_gets_the_first_response_and_another_payload_is_refused() {
    let table = environment().await.table().unwrap();
    let now: Timestamp = "2026-01-05T01:00:00Z".parse().unwrap();
    let command = |payload: &[u8]| Idempotency::new("karo".parse().unwrap(), "decide", "key-1", payload);

    let Begun::Started(ticket) = command(b"approve").begin(&table, now).await.unwrap() else {
        panic!("nobody had begun");
    };
    let again = command(b"approve").begin(&table, now).await.unwrap_err();
    assert_eq!(again.code(), "idempotency.in_progress");
    command(b"approve")
        .complete(&table, ticket, "done".into(), now)
        .await
        .unwrap();
    assert_eq!(
        command(b"approve").begin(&table, now).await.unwrap(),
        Begun::Completed("done".into())
    );
    assert_eq!(
        command(b"reject").begin(&table, now).await.unwrap_err().code(),
        "idempotency.reused"
    );
}

#[tokio::test]
async fn a_command_whose_carrier_died_can_be_taken_over_when_its_lease_is_over() {
    let table = environment().await.table().unwrap();
    let now: Timestamp = "2026-01-05T01:00:00Z".parse().unwrap();
    let command = Idempotency::new("karo".parse().unwrap(), "decide", "key-1", b"approve");
    assert_eq!(command.begin(&table, now).await.unwrap(), Begun::Started(1));
    let later = now.checked_add(Duration::from_secs(61)).unwrap();
    assert_eq!(command.begin(&table, later).await.unwrap(), Begun::Started(2));
    assert!(
        command.complete(&table, 1, "late".into(), later).await.is_err(),
        "the dead carrier's ticket is void"
    );
}
