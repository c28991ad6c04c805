//! An office in memory: both functions over one table, with a clock that the test turns.

use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded::{Credentials, Engine, Options, Storage};
use http::Request;
use jiff::Timestamp;
use kernel::{Clock, Envelope, RandomIds, TenantId};
use platform::{Aws, Environment, Fields, Function, HttpEvent, HttpReply, Provision, Settings, StreamRecord, Streams};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const TABLE: &str = "absah-test-table";
pub(crate) const PASSWORD: &str = "Kopi-Gayo#27rasa";
pub(crate) const OTHER: &str = "Teh.Melati=84pagi";

/// Begins with the machine's time, which tokens are checked against, and goes on when the test says so.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Office {
    pub(crate) session: Function,
    pub(crate) users: Function,
    pub(crate) environment: Environment,
    pub(crate) keys: tempfile::TempDir,
    clock: Arc<TestClock>,
    sent: AtomicU64,
}

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) etag: String,
}

impl Answer {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} in {self:?}"))
            .to_owned()
    }
}

/// One request.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) token: &'a str,
    pub(crate) version: &'a str,
    pub(crate) body: Value,
}

/// Where a request comes from, and which one it is.
pub(crate) struct Sender<'a> {
    pub(crate) ip: &'a str,
    /// The `Idempotency-Key`: the same makes it a repetition.
    pub(crate) key: &'a str,
}

pub(crate) const HERE: &str = "203.0.113.7";

pub(crate) fn add_key(folder: &Path, kid: &str) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    std::fs::write(folder.join(format!("{kid}.pem")), key.serialize_pem()).unwrap();
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

        let keys = tempfile::tempdir().unwrap();
        std::fs::create_dir(keys.path().join("tokens")).unwrap();
        add_key(&keys.path().join("tokens"), "2026-01");
        let base64 = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let fields = json!({ "active": "a", "keys": { "a": base64 }, "lookup": base64 });
        std::fs::write(keys.path().join("fields.json"), fields.to_string()).unwrap();

        let path = |name: &str| keys.path().join(name).to_str().unwrap().to_owned();
        let settings: Settings = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "ap-southeast-3".into()),
            ("AWS_ACCESS_KEY_ID", "AKID".into()),
            ("AWS_SECRET_ACCESS_KEY", "secret".into()),
            ("TABLE_NAME", TABLE.into()),
            ("TOKEN_KEYS_FOLDER", path("tokens")),
            ("FIELD_KEYS_FILE", path("fields.json")),
            (
                "RATE_LIMITS",
                r#"{"auth":100000,"read":100000,"write":100000,"tenant":1000000}"#.into(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
        let clock = Arc::new(TestClock(Mutex::new(Timestamp::now())));
        let aws = Aws::connect(&settings).unwrap();
        let environment = Environment {
            settings,
            aws,
            clock: clock.clone(),
            ids: Arc::new(RandomIds),
        };
        Provision::new(&environment.aws).table(TABLE, None).await.unwrap();
        Self {
            session: identity::session::function(&environment).unwrap(),
            users: identity::users::function(&environment).unwrap(),
            environment,
            keys,
            clock,
            sent: AtomicU64::new(0),
        }
    }

    pub(crate) fn later(&self, by: Duration) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.saturating_add(by).unwrap();
    }

    /// The one-time password of a new tenant's first administrator, `kepala`.
    pub(crate) async fn administrator(&self, tenant: &str) -> String {
        let tenant: TenantId = tenant.parse().unwrap();
        let (table, fields) = (
            self.environment.table().unwrap(),
            Fields::connect(&self.environment).unwrap(),
        );
        let (username, email) = ("kepala".parse().unwrap(), "kepala@contoh.go.id".parse().unwrap());
        identity::first_administrator(&self.environment, &table, &fields, &tenant, &username, &email)
            .await
            .unwrap()
    }

    /// The access token of a new tenant's first administrator.
    pub(crate) async fn chief(&self, tenant: &str) -> String {
        let once = self.administrator(tenant).await;
        self.settle(tenant, "kepala", &once, PASSWORD).await;
        self.token(tenant, "kepala", PASSWORD).await
    }

    /// Chooses the first password.
    pub(crate) async fn settle(&self, tenant: &str, username: &str, once: &str, password: &str) {
        let first = self.login(tenant, username, once).await;
        assert_eq!(first.body["must_change_password"], true, "{first:?}");
        let body = json!({ "token": first.text("password_token"), "new_password": password });
        let chosen = self.post("/auth/reset-password", "", body).await;
        assert_eq!(chosen.status, 204, "{chosen:?}");
    }

    pub(crate) async fn login(&self, tenant: &str, username: &str, password: &str) -> Answer {
        self.login_from(HERE, tenant, username, password).await
    }

    pub(crate) async fn login_from(&self, ip: &str, tenant: &str, username: &str, password: &str) -> Answer {
        let body = json!({ "tenant": tenant, "username": username, "password": password });
        let ask = Ask {
            method: "POST",
            path: "/auth/login",
            token: "",
            version: "",
            body: Value::Null,
        };
        let sender = Sender { ip, key: "" };
        self.send_as(&ask, "application/json", body.to_string().as_bytes(), sender)
            .await
    }

    /// Posts under an `Idempotency-Key`.
    pub(crate) async fn post_once(&self, path: &str, token: &str, key: &str, body: Value) -> Answer {
        let ask = Ask {
            method: "POST",
            path,
            token,
            version: "",
            body: Value::Null,
        };
        let sender = Sender { ip: HERE, key };
        self.send_as(&ask, "application/json", body.to_string().as_bytes(), sender)
            .await
    }

    pub(crate) async fn token(&self, tenant: &str, username: &str, password: &str) -> String {
        let answer = self.login(tenant, username, password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("access_token")
    }

    /// Makes a user with `roles` in RW 003 and RT 001, and returns the id and an access token.
    pub(crate) async fn member(&self, tenant: &str, chief: &str, username: &str, roles: &[&str]) -> (String, String) {
        let body = json!({ "username": username, "name": "Orang Contoh", "rw": "003", "rt": "001", "roles": roles });
        let made = self
            .ask(Ask {
                method: "POST",
                path: "/users",
                token: chief,
                version: "",
                body,
            })
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        self.settle(tenant, username, &made.text("one_time_password"), PASSWORD)
            .await;
        let id = made.body["user"]["id"].as_str().unwrap().to_owned();
        (id, self.token(tenant, username, PASSWORD).await)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(Ask {
            method: "GET",
            path,
            token,
            version: "",
            body: Value::Null,
        })
        .await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.ask(Ask {
            method: "POST",
            path,
            token,
            version: "",
            body,
        })
        .await
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        let body = if ask.body.is_null() {
            Vec::new()
        } else {
            ask.body.to_string().into_bytes()
        };
        self.send(&ask, "application/json", &body).await
    }

    /// Sends a request that is no repetition.
    pub(crate) async fn send(&self, ask: &Ask<'_>, content_type: &str, body: &[u8]) -> Answer {
        let key = format!("k-{}", self.sent.fetch_add(1, Ordering::Relaxed));
        self.send_as(ask, content_type, body, Sender { ip: HERE, key: &key })
            .await
    }

    pub(crate) async fn send_as(
        &self,
        ask: &Ask<'_>,
        content_type: &str,
        body: &[u8],
        Sender { ip, key }: Sender<'_>,
    ) -> Answer {
        let open = ask.path.starts_with("/auth") || ask.path.starts_with("/.well-known");
        let function = if open { &self.session } else { &self.users };
        let mut request = Request::builder().method(ask.method).header("user-agent", "Contoh/1.0");
        if !body.is_empty() {
            request = request.header("content-type", content_type);
        }
        if !ask.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", ask.token));
        }
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        if !ask.version.is_empty() {
            request = request.header("if-match", ask.version);
        }
        let (path, query) = ask.path.split_once('?').unwrap_or((ask.path, ""));
        let (parts, ()) = request.uri(format!("/?{query}")).body(()).unwrap().into_parts();
        let event = HttpEvent::new(&parts, path, body, ip.into(), 1_767_574_800_000);
        let reply = function.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
        let reply: HttpReply = serde_json::from_value(reply).unwrap();
        let (status, etag) = (
            reply.status_code,
            reply.headers.get("etag").cloned().unwrap_or_default(),
        );
        let bytes = reply.into_body();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Answer { status, body, etag }
    }

    /// Every change of the table, oldest first, as its stream tells it.
    async fn records(&self) -> Vec<Value> {
        let streams = Streams::new(&self.environment.aws);
        let arn = streams.find(TABLE).await.unwrap();
        let mut records = Vec::new();
        for shard in streams.shards(&arn).await.unwrap() {
            let mut cursor = Some(streams.seek(&arn, &shard, None).await.unwrap());
            while let Some(at) = cursor {
                let page = streams.read(&at, 1000).await.unwrap();
                records.extend(page.records);
                cursor = page.next.filter(|_| page.last.is_some());
            }
        }
        records
    }

    /// Everything that happened, oldest first.
    pub(crate) async fn events(&self) -> Vec<Envelope<Value>> {
        let records = self.records().await.into_iter();
        let records = records.map(|record| serde_json::from_value::<StreamRecord>(record).unwrap());
        records.filter_map(|record| record.envelope()).collect()
    }

    /// How long each row is that was written, oldest first.
    pub(crate) async fn written(&self) -> Vec<usize> {
        let records = self.records().await;
        let images = records.iter().map(|record| &record["dynamodb"]["NewImage"]);
        images.filter(|image| image.is_object()).map(attributes).collect()
    }

    /// What the audit trail will say: action and outcome, oldest first.
    pub(crate) async fn trail(&self, tenant: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let entries = self.entries(tenant).await;
        entries
            .iter()
            .map(|entry| format!("{} {}", text(&entry["action"]), text(&entry["outcome"])))
            .collect()
    }

    /// The entries of the audit trail, oldest first.
    pub(crate) async fn entries(&self, tenant: &str) -> Vec<Value> {
        let events = self.events().await.into_iter();
        let taken = events.filter(|event| event.event_type.as_str() == "action.taken");
        let own = taken.filter(|event| event.tenant.as_str() == tenant);
        own.map(|event| event.data).collect()
    }
}

impl Office {
    pub(crate) async fn ask_delete(&self, path: &str, token: String) -> Answer {
        self.ask(Ask {
            method: "DELETE",
            path,
            token: &token,
            version: "",
            body: Value::Null,
        })
        .await
    }
}

/// The length of attributes as DynamoDB counts it: of their names and of what they hold, whatever they are made of.
fn attributes(named: &Value) -> usize {
    let named = named.as_object().into_iter().flatten();
    named.map(|(name, value)| name.len() + length(value)).sum()
}

/// The length of an attribute's value, which names its type.
fn length(value: &Value) -> usize {
    let of_type = |(kind, held): (&String, &Value)| match kind.as_str() {
        "M" => attributes(held),
        "L" => held.as_array().into_iter().flatten().map(length).sum(),
        _ => held.as_str().map_or(1, str::len),
    };
    value.as_object().into_iter().flatten().map(of_type).sum()
}
