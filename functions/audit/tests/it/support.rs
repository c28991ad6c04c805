//! An office whose actions are recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::Arc;

use audit::{Head, Row, Verification, verify_chain};
use embedded::{Credentials, Engine, Options, Storage};
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kernel::{EventId, FixedClock, Ids, SequentialIds, Sha256Digest, TenantId};
use platform::{
    Actor, ActorKind, ApiKey, ApiKeySecret, AuditEntry, Environment, Function, HttpEvent, HttpReply, Index, Key, Maker,
    Paging, Provision, Query, Settings, Table,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const NOW: &str = "2026-02-01T00:30:00Z";

pub(crate) struct Office {
    pub(crate) environment: Environment,
    pub(crate) table: Table,
    pub(crate) recorder: Function,
    pub(crate) http: Function,
    ids: SequentialIds,
}

pub(crate) fn tenant() -> TenantId {
    "karo".parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Office {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let credentials = Credentials {
            access_key: "AKID".into(),
            secret_key: "secret".into(),
        };
        let engine = Engine::open(Options::new(Storage::Memory, credentials)).await.unwrap();
        tokio::spawn(async move { engine.serve(listener, pending::<()>()).await });
        let settings: Settings = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_REGION", "ap-southeast-3"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("TABLE_NAME", "absah-test-table"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
        let mut environment = Environment::connect(settings).unwrap();
        environment.clock = Arc::new(FixedClock(at(NOW)));
        environment.ids = Arc::new(SequentialIds::default());
        let provision = Provision::new(&environment.aws);
        provision.table("absah-test-table", Some("expires_at")).await.unwrap();
        Self {
            table: environment.table().unwrap(),
            recorder: audit::record_audit::function(&environment).unwrap(),
            http: audit::audit::function(&environment).unwrap(),
            environment,
            ids: SequentialIds::default(),
        }
    }

    /// An event that tells of an action of `tenant` at a time.
    pub(crate) fn event(&self, tenant: &str, time: &str, entry: &AuditEntry) -> Value {
        let id: EventId = self.ids.event_id(at(time));
        json!({
            "specversion": "1.0", "id": id, "source": "absah/audit", "type": "action.taken", "subject": entry.resource.id,
            "time": time, "tenant": tenant, "datacontenttype": "application/json", "data": entry,
            "traceparent": "00-019b8bb3f7ab154d4246b2e0ee3a693b-4d4246b2e0ee3a69-01",
        })
    }

    /// Has an action recorded.
    pub(crate) async fn record(&self, time: &str, entry: &AuditEntry) {
        let event = self.event("karo", time, entry);
        assert_eq!(deliver(&self.recorder, &[event]).await, [""; 0]);
    }

    /// Three actions in January and two in February, of two people.
    pub(crate) async fn with_five_rows() -> Self {
        let office = Self::open().await;
        office
            .record("2026-01-05T01:00:00Z", &by("ani", "user.created", "user", "u1"))
            .await;
        let change = by("ani", "user.updated", "user", "u1").changing(
            Some(json!({ "active": false })),
            Some(json!({ "active": true, "rw": "003" })),
        );
        office.record("2026-01-05T01:00:00.25Z", &change).await;
        office
            .record("2026-01-31T23:59:59Z", &by("budi", "route.put", "route", "izin:1"))
            .await;
        office
            .record("2026-02-01T00:00:00Z", &by("budi", "user.created", "user", "u2"))
            .await;
        let refused = by("ani", "role.assigned", "user", "u2").refused("access.forbidden");
        office.record("2026-02-01T00:10:00Z", &refused).await;
        office
    }

    pub(crate) async fn verify(&self) -> Verification {
        verify_chain(&self.table, &tenant(), at(NOW)).await.unwrap()
    }

    pub(crate) async fn head(&self) -> Head {
        self.table.load::<Head>(Head::key_of(&tenant())).await.unwrap().value
    }

    pub(crate) async fn rows_of(&self, tenant: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        for month in ["2026-01", "2026-02"] {
            let pk = Row::partition(&tenant.parse().unwrap(), month.parse().unwrap());
            let query = Query {
                index: Index::Main,
                pk: &pk,
                prefix: "",
                ascending: true,
            };
            let page = self.table.page::<Row>(&query, &Paging::first(100)).await.unwrap();
            rows.extend(page.items.into_iter().map(|stored| stored.value));
        }
        rows.sort_by_key(|row| row.sequence);
        rows
    }

    /// The first action that the HTTP function told of by itself.
    pub(crate) async fn own_action(&self) -> AuditEntry {
        let id = SequentialIds::default().event_id(at(NOW));
        let key = Key::state("karo", "action", &id.to_string());
        let event = self.table.events(&key, 1).await.unwrap().remove(0);
        serde_json::from_value(event.data).unwrap()
    }

    /// A key of a program with these permissions, and what it sends after `Bearer`.
    pub(crate) async fn key(&self, scopes: &[&str], id: u8, tenant: &str) -> String {
        let secret = ApiKeySecret::new([id; 10], [9; 32]);
        let key = ApiKey {
            id: secret.id.clone(),
            name: "pemeriksa".into(),
            tenant: tenant.parse().unwrap(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            secret_sha256: Sha256Digest::of(secret.secret.as_bytes()),
            created_by: format!("ani-{id}"),
            created_at: at(NOW),
            revoked_at: None,
        };
        let maker = Maker {
            tenant: key.tenant.clone(),
            person: key.created_by.clone(),
            active: true,
            permissions: key.scopes.clone(),
            roles: BTreeSet::new(),
        };
        let transaction = self.table.transaction().insert(&key).unwrap();
        transaction.insert(&maker).unwrap().commit().await.unwrap();
        secret.to_text()
    }

    pub(crate) async fn get(&self, path_and_query: &str, bearer: Option<&str>) -> HttpReply {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let mut request = Request::builder().method("GET").uri(format!("/?{query}"));
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let event = HttpEvent::new(&parts, path, b"", "203.0.113.7".into(), 1_767_574_800_000);
        let reply = self.http.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
        serde_json::from_value(reply).unwrap()
    }
}

pub(crate) fn by(actor: &str, action: &str, kind: &str, id: &str) -> AuditEntry {
    let actor = Actor {
        id: actor.into(),
        kind: ActorKind::Person,
    };
    AuditEntry::success(actor, action, kind, id)
}

/// Delivers a batch to a recorder; the ids of the messages that have to come again. The first message is `0`.
pub(crate) async fn deliver(recorder: &Function, events: &[Value]) -> Vec<String> {
    let record = |(index, event): (usize, &Value)| {
        json!({
            "messageId": index.to_string(), "receiptHandle": "r", "body": event.to_string(),
            "attributes": {}, "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "ap-southeast-3",
        })
    };
    let records: Vec<_> = events.iter().enumerate().map(record).collect();
    let answer = recorder.invoke(json!({ "Records": records })).await.unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}

/// Seconds after the first moment of January, as text.
pub(crate) fn seconds(count: i64) -> String {
    (at("2026-01-01T00:00:00Z") + SignedDuration::from_secs(count)).to_string()
}

pub(crate) fn body(reply: &HttpReply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

/// How often each text occurs.
pub(crate) fn counted<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}
