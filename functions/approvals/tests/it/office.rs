//! An office with its functions, its people and its table.

use std::collections::BTreeSet;
use std::future::pending;

use embedded::{Credentials, Engine, Options, Storage};
use http::Request;
use jiff::Timestamp;
use kernel::{Envelope, Sha256Digest};
use platform::{
    ApiKey, ApiKeySecret, Environment, Function, HttpEvent, HttpReply, Key, Maker, Parking, Provision, Settings,
    StreamRecord, Streams, Table,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

mod person;

pub(crate) use person::Person;

pub(crate) const TENANT: &str = "contoh";
const ROUTE: &str =
    r#"{"name":"izin","version":1,"steps":[{"name":"kepala_dinas","role":"head_of_office","on_reject":"origin"}]}"#;
const TABLE: &str = "absah-test-table";
pub(crate) const CONFIG: &str = "config";

pub(crate) struct Office {
    pub(crate) environment: Environment,
    pub(crate) table: Table,
    advance: Function,
    decide: Function,
    pub(crate) load: Function,
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) etag: Option<String>,
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
            ("TABLE_NAME", TABLE),
            ("APPROVAL_ROUTE", ROUTE),
            ("TOKEN_PUBLIC_KEY", include_str!("token.pub.pem")),
            ("RATE_LIMITS", r#"{"read":100000,"write":100000,"tenant":1000000}"#),
            ("CONFIG_BUCKET", CONFIG),
            (
                "FIELD_KEYS_FILE",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fields.json"),
            ),
            ("APPROVAL_ROLES", "examiner,head_of_office,super_admin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect();
        let environment = Environment::connect(settings).unwrap();
        let provision = Provision::new(&environment.aws);
        provision.table(TABLE, None).await.unwrap();
        provision.bucket(CONFIG, true).await.unwrap();
        Self {
            table: environment.table().unwrap(),
            advance: approvals::advance_approval::function(&environment).unwrap(),
            decide: approvals::decide::function(&environment).unwrap(),
            load: approvals::load_route::function(&environment).unwrap(),
            environment,
        }
    }

    /// Delivers a message twice, as queues do. Whether it is to be delivered again.
    pub(crate) async fn deliver(&self, function: &Function, body: &Value) -> bool {
        let record = json!({ "messageId": "m-1", "receiptHandle": "r-1", "body": body.to_string(), "attributes": {},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "ap-southeast-3" });
        let batch = json!({ "Records": [record] });
        let mut again = false;
        for _ in 0..2 {
            let answer = function.invoke(batch.clone()).await.unwrap();
            again = !answer["batchItemFailures"].as_array().unwrap().is_empty();
        }
        again
    }

    /// Tells the approvals of an event, without looking at what became of it. Whether it is to be delivered again.
    pub(crate) async fn deliver_advance(&self, event: &Value) -> bool {
        self.deliver(&self.advance, event).await
    }

    /// Tells the approvals of an event; fails if it was not taken.
    pub(crate) async fn tell(&self, event: &Value) {
        assert!(!self.deliver(&self.advance, event).await, "{event}");
        assert_eq!(self.parked("advance-approval").await, Vec::<String>::new());
    }

    /// Tells the approvals of an event that cannot be taken: the code under which it is parked, or none if it comes again.
    pub(crate) async fn tell_in_vain(&self, event: &Value) -> Option<String> {
        let again = self.deliver(&self.advance, event).await;
        let parked = self.parked("advance-approval").await;
        assert_ne!(again, !parked.is_empty());
        parked.into_iter().next()
    }

    pub(crate) async fn parked(&self, step: &str) -> Vec<String> {
        let rows = self
            .table
            .list::<Parking>(&Parking::partition(step), "", true, 100)
            .await;
        rows.unwrap().into_iter().map(|row| row.value.code).collect()
    }

    /// A program with these permissions, made by `by`.
    pub(crate) async fn program(&self, by: &Person, scopes: &[&str]) -> Person {
        let secret = ApiKeySecret::new([7; 10], [9; 32]);
        let key = ApiKey {
            id: secret.id.clone(),
            name: "SICANTIK".into(),
            tenant: by.tenant.parse().unwrap(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            secret_sha256: Sha256Digest::of(secret.secret.as_bytes()),
            created_by: by.id.clone(),
            created_at: Timestamp::now(),
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
        Person {
            key: Some(secret.to_text()),
            ..Person::new(&key.id, "")
        }
    }

    /// Sends a request in somebody's name.
    pub(crate) async fn ask(
        &self,
        who: &Person,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", who.token()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let event = HttpEvent::new(
            &parts,
            parts.uri.path(),
            &bytes,
            "203.0.113.7".into(),
            1_767_574_800_000,
        );
        let reply = self.decide.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
        let reply: HttpReply = serde_json::from_value(reply).unwrap();
        let etag = reply.headers.get("etag").cloned();
        let status = reply.status_code;
        Answer {
            status,
            body: serde_json::from_slice(&reply.into_body()).unwrap_or(Value::Null),
            etag,
        }
    }

    pub(crate) async fn get(&self, who: &Person, path: &str) -> Answer {
        self.ask(who, "GET", path, &[], &Value::Null).await
    }

    /// Posts under a key that was never used.
    pub(crate) async fn post(&self, who: &Person, path: &str, body: &Value) -> Answer {
        let key = self.environment.ids.document_id().to_string();
        self.ask(who, "POST", path, &[("idempotency-key", &key)], body).await
    }

    /// Status and code, or label, of an answer.
    pub(crate) async fn outcome(&self, who: &Person, path: &str, body: &Value) -> (u16, String) {
        self.post(who, path, body).await.outcome()
    }

    /// The events of an approval, each as its schema says.
    pub(crate) async fn events(&self, id: &str) -> Vec<Envelope<Value>> {
        self.events_at(&Key::state(TENANT, "approval", id)).await
    }

    /// The events of a row, each as its schema says.
    pub(crate) async fn events_at(&self, key: &Key) -> Vec<Envelope<Value>> {
        let events = self.table.events(key, 100).await.unwrap();
        for event in &events {
            let path = format!(
                "{}/../../events/schemas/{}.json",
                env!("CARGO_MANIFEST_DIR"),
                event.event_type
            );
            let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            assert_fits(&schema, &serde_json::to_value(event).unwrap());
        }
        events
    }

    pub(crate) async fn types(&self, id: &str) -> Vec<String> {
        let events = self.events(id).await.into_iter();
        events.map(|event| event.event_type.to_string()).collect()
    }

    /// An event as another context records it.
    pub(crate) fn event(&self, source: &str, event_type: &str, subject: &str, data: &Value) -> Value {
        let id = self.environment.ids.event_id(self.environment.now());
        json!({
            "specversion": "1.0", "id": id, "source": source, "type": event_type, "subject": subject,
            "time": self.environment.now(), "tenant": TENANT,
            "traceparent": "00-019b8bb3f7ab154d4246b2e0ee3a693b-4d4246b2e0ee3a69-01",
            "datacontenttype": "application/json", "data": data,
        })
    }

    /// A letter of RW 003, RT 001, as it is submitted for the first or the second time.
    pub(crate) fn letter(&self, event_type: &str, id: &str, require_rt: bool, require_rw: bool) -> Value {
        let submission = if event_type == "letter.submitted" { 1 } else { 2 };
        self.submission(submission, id, require_rt, require_rw)
    }

    /// The nth submission of a letter of RW 003, RT 001.
    pub(crate) fn submission(&self, nth: u32, id: &str, require_rt: bool, require_rw: bool) -> Value {
        let event_type = if nth == 1 {
            "letter.submitted"
        } else {
            "letter.resubmitted"
        };
        let data = json!({
            "letter_id": id, "letter_type": "SKM", "title": "Surat Kematian", "applicant": "Contoh Warga",
            "submitted_by": "warga-1", "submission": nth,
            "attributes": { "rw": "003", "rt": "001", "require_rt": require_rt, "require_rw": require_rw },
        });
        self.event("absah/letters", event_type, id, &data)
    }

    /// The resident wants the nth submission of a letter back.
    pub(crate) fn withdrawal(&self, nth: u32, id: &str) -> Value {
        let data = json!({ "letter_id": id, "withdrawn_by": "warga-1", "submission": nth });
        self.event("absah/letters", "letter.withdrawn", id, &data)
    }

    /// A document as it is imported from `source`.
    pub(crate) fn document(&self, id: &str, source: &str, document_type: Option<&str>, sha256: &str) -> Value {
        let description = json!({ "subject": "Izin praktik", "holder": "Contoh Pemohon", "type": document_type });
        self.imported(id, &format!("{source}/izin.pdf"), &description, sha256)
    }

    /// A document as it is imported under a name.
    pub(crate) fn imported(&self, id: &str, name: &str, description: &Value, sha256: &str) -> Value {
        let data = json!({
            "document_id": id, "key": format!("{TENANT}/{name}"), "sha256": sha256, "pages": 1,
            "description": description,
        });
        self.event("absah/documents", "document.imported", id, &data)
    }

    /// A document of the counter that a sidecar describes anew.
    pub(crate) fn described(&self, id: &str, revision: u32, document_type: Option<&str>, subject: &str) -> Value {
        let data = json!({
            "document_id": id, "key": format!("{TENANT}/sicantik/izin.pdf"), "revision": revision,
            "description": { "subject": subject, "holder": "Contoh Pemohon", "type": document_type },
        });
        self.event("absah/documents", "document.described", id, &data)
    }

    /// An account as it was made or changed.
    pub(crate) fn account(&self, id: &str, revision: u64, active: bool, roles: &[&str]) -> Value {
        let data = json!({
            "user_id": id, "revision": revision, "active": active, "roles": roles,
        });
        self.event("absah/identity", "user.changed", id, &data)
    }

    /// What the audit hears of an action, oldest first.
    pub(crate) async fn audited(&self, action: &str) -> Vec<Value> {
        let streams = Streams::new(&self.environment.aws);
        let arn = streams.find(TABLE).await.unwrap();
        let mut entries = Vec::new();
        for shard in streams.shards(&arn).await.unwrap() {
            let mut cursor = Some(streams.seek(&arn, &shard, None).await.unwrap());
            while let Some(at) = cursor {
                let page = streams.read(&at, 1000).await.unwrap();
                let records = page.records.iter().cloned().map(serde_json::from_value::<StreamRecord>);
                entries.extend(records.filter_map(|record| record.unwrap().envelope()));
                cursor = page.next.filter(|_| page.last.is_some());
            }
        }
        let taken = entries.into_iter().map(|event: Envelope<Value>| event.data);
        taken.filter(|entry| entry["action"] == action).collect()
    }
}

impl Answer {
    pub(crate) fn outcome(&self) -> (u16, String) {
        let said = self.body["code"].as_str().or_else(|| self.body["label"].as_str());
        (self.status, said.unwrap_or_default().to_owned())
    }
}

/// Fails unless a value has the members that an object's schema requires, and no others.
fn assert_fits(schema: &Value, value: &Value) {
    let (Some(known), Some(members)) = (schema["properties"].as_object(), value.as_object()) else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            members.contains_key(name.as_str().unwrap()),
            "{name} is missing: {value}"
        );
    }
    for (name, member) in members {
        assert_fits(
            known.get(name).unwrap_or_else(|| panic!("{name} is unknown: {value}")),
            member,
        );
    }
}
