//! An office with the functions of this context, and whoever talks to it.

use std::collections::BTreeMap;
use std::future::pending;

use embedded::{Credentials, Engine, Options, Storage};
use http::Request;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::Envelope;
use letters::{Letter, LetterId};
use platform::{
    Environment, Function, HttpEvent, HttpReply, Parking, Provision, Settings, Stored, StreamRecord, Streams,
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

const FIELD_KEYS: &str = r#"{"active":"a","keys":{"a":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="},
    "lookup":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="}"#;

/// The office's functions over an engine in memory.
pub(crate) struct Office {
    pub(crate) environment: Environment,
    pub(crate) letters: Function,
    pub(crate) track: Function,
    pub(crate) render: Function,
    key: EncodingKey,
    settings: BTreeMap<String, String>,
    _field_keys: NamedTempFile,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) token: String,
}

/// What somebody is: the id and the claims beyond it.
pub(crate) struct Role<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) permissions: &'a [&'a str],
    pub(crate) rw: Option<&'a str>,
    pub(crate) rt: Option<&'a str>,
}

pub(crate) const RESIDENT: Role<'_> = Role {
    tenant: "karo",
    permissions: &[
        "letter:create",
        "letter:read",
        "letter:update",
        "letter:submit",
        "letter_type:read",
    ],
    rw: Some("003"),
    rt: Some("001"),
};

pub(crate) const ADMIN: Role<'_> = Role {
    tenant: "karo",
    permissions: &[
        "letter:read",
        "letter:approve",
        "letter:print",
        "letter_type:read",
        "letter_type:manage",
    ],
    rw: None,
    rt: None,
};

pub(crate) async fn office() -> Office {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let credentials = Credentials {
        access_key: "AKID".into(),
        secret_key: "secret".into(),
    };
    let engine = Engine::open(Options::new(Storage::Memory, credentials)).await.unwrap();
    tokio::spawn(async move { engine.serve(listener, pending::<()>()).await });

    let keys = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let field_keys = NamedTempFile::new().unwrap();
    std::fs::write(field_keys.path(), FIELD_KEYS).unwrap();
    let settings: BTreeMap<String, String> = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "ap-southeast-3"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("TABLE_NAME", "absah-test-table"),
        ("VAULT_BUCKET", "vault"),
        ("INBOX_BUCKET", "inbox"),
        ("TIME_ZONE", "Asia/Jakarta"),
        ("FIELD_KEYS_FILE", field_keys.path().to_str().unwrap()),
        ("TOKEN_PUBLIC_KEY", &keys.public_key_pem()),
        ("RATE_LIMITS", r#"{"read":10000,"write":10000,"tenant":100000}"#),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
    .collect();
    let environment = Environment::connect(settings.clone().into_iter().collect()).unwrap();
    let provision = Provision::new(&environment.aws);
    provision.table("absah-test-table", None).await.unwrap();
    for bucket in ["vault", "inbox"] {
        provision.bucket(bucket, true).await.unwrap();
    }
    Office {
        letters: letters::letters::function(&environment).unwrap(),
        track: letters::track_letter::function(&environment).unwrap(),
        render: letters::render_letter::function(&environment).unwrap(),
        key: EncodingKey::from_ec_pem(keys.serialize_pem().as_bytes()).unwrap(),
        environment,
        settings,
        _field_keys: field_keys,
    }
}

/// An office with a letterhead and the type `SKD`, which RT and RW verify as asked.
pub(crate) async fn office_that_gives(rt: bool, rw: bool) -> Office {
    let office = office().await;
    let admin = office.person("lurah", &ADMIN);
    let new = json!({
        "code": "SKD", "name": "Surat Keterangan Domisili", "require_rt": rt, "require_rw": rw,
        "fields": fields(), "wording": wording(), "validity_days": 90,
    });
    assert_eq!(office.post(&admin, "/letter-types", "t1", &new).await.status_code, 201);
    assert_eq!(
        office.put(&admin, "/letterhead", None, &letterhead()).await.status_code,
        200
    );
    office
}

pub(crate) fn fields() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["nama", "nik"], "x-order": ["nama", "nik"],
        "properties": {
            "nama": { "type": "string", "title": "Nama lengkap", "minLength": 1 },
            "nik": { "type": "string", "title": "NIK", "pattern": "^99[0-9]{14}$" },
            "alamat": { "type": "string", "title": "Alamat" },
        },
    })
}

pub(crate) fn wording() -> Value {
    json!({
        "opening": "Yang bertanda tangan di bawah ini menerangkan bahwa:",
        "statements": ["{nama} benar berdomisili di {alamat}."],
        "closing": "Demikian surat keterangan ini dibuat untuk dipergunakan sebagaimana mestinya.",
    })
}

pub(crate) fn letterhead() -> Value {
    let official = |name: &str, office: &str| json!({ "name": name, "office": office, "nip": "99750101 200001 2 001" });
    json!({
        "superiors": ["Pemerintah Kabupaten Contoh", "Kecamatan Mawar"], "office": "Kelurahan Melati",
        "address": ["Jalan Contoh Nomor 1"], "place": "Contoh",
        "officials": {
            "lurah": official("Siti Contoh, S.Sos.", "Lurah Melati"),
            "sekretaris": official("Andi Contoh", "Sekretaris Kelurahan"),
        },
    })
}

pub(crate) fn answers() -> Value {
    json!({ "nama": "Budi Contoh", "nik": "9901010101900001", "alamat": "Jalan Kenanga 7" })
}

impl Office {
    /// The office's settings with another value for one of them.
    pub(crate) fn settings_with(&self, name: &str, value: &str) -> Settings {
        let mut settings = self.settings.clone();
        settings.insert(name.to_owned(), value.to_owned());
        settings.into_iter().collect()
    }

    pub(crate) fn person(&self, id: &str, role: &Role<'_>) -> Person {
        let now = Timestamp::now().as_second();
        let mut claims = json!({
            "sub": id, "name": format!("Nama {id}"), "tenant_id": role.tenant, "roles": [],
            "permissions": role.permissions, "aud": "absah", "iat": now, "exp": now + 600, "jti": "1",
        });
        for (name, value) in [("rw", role.rw), ("rt", role.rt)] {
            if let Some(value) = value {
                claims[name] = value.into();
            }
        }
        let token = encode(&Header::new(Algorithm::ES256), &claims, &self.key).unwrap();
        Person {
            token: format!("Bearer {token}"),
        }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> HttpReply {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let body = body.map(ToString::to_string).unwrap_or_default();
        let path = path.split('?').next().unwrap();
        let event = HttpEvent::new(&parts, path, body.as_bytes(), "203.0.113.7".into(), 0);
        let reply = self.letters.invoke(serde_json::to_value(event).unwrap()).await.unwrap();
        serde_json::from_value(reply).unwrap()
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> HttpReply {
        self.send("GET", path, &[("authorization", &person.token)], None).await
    }

    pub(crate) async fn post(&self, person: &Person, path: &str, key: &str, body: &Value) -> HttpReply {
        let headers = [("authorization", person.token.as_str()), ("idempotency-key", key)];
        self.send("POST", path, &headers, Some(body)).await
    }

    pub(crate) async fn put(&self, person: &Person, path: &str, version: Option<&str>, body: &Value) -> HttpReply {
        let mut headers = vec![("authorization", person.token.as_str())];
        headers.extend(version.map(|version| ("if-match", version)));
        self.send("PUT", path, &headers, Some(body)).await
    }

    /// A new draft; its id.
    pub(crate) async fn draft(&self, resident: &Person, key: &str) -> String {
        let new = json!({ "type": "SKD", "answers": answers() });
        let reply = self.post(resident, "/letters", key, &new).await;
        assert_eq!(reply.status_code, 201, "{}", reply.body);
        body(&reply)["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn submit(&self, resident: &Person, id: &str, key: &str) -> HttpReply {
        self.post(resident, &format!("/letters/{id}/submit"), key, &json!({}))
            .await
    }

    /// A letter that waits for its first level; its id.
    pub(crate) async fn submitted(&self, resident: &Person, key: &str) -> String {
        let id = self.draft(resident, key).await;
        let reply = self.submit(resident, &id, key).await;
        assert_eq!(reply.status_code, 200, "{}", reply.body);
        id
    }

    pub(crate) async fn status(&self, resident: &Person, id: &str) -> String {
        let reply = self.get(resident, &format!("/letters/{id}")).await;
        body(&reply)["status"].as_str().unwrap().to_owned()
    }

    /// Hands an event to a step, as the relay would; it must not be delivered again.
    pub(crate) async fn deliver(&self, step: &Function, event: &Value) {
        let message = json!({ "messageId": event["id"], "body": event.to_string(), "eventSource": "aws:sqs" });
        let response = step.invoke(json!({ "Records": [message] })).await.unwrap();
        assert_eq!(response["batchItemFailures"], json!([]), "{event}");
    }

    /// The approval of a letter says this.
    pub(crate) async fn approval(&self, id: &str, what: &str, data: Value) {
        let letter = self.letter(id).await.value;
        let event = self.approval_event(id, (letter.submissions, letter.heard + 1), what, data);
        self.deliver(&self.track, &event).await;
    }

    /// What an approval says at one of its versions, about a submission of a letter.
    pub(crate) fn approval_event(
        &self,
        id: &str,
        (submission, version): (u32, u64),
        what: &str,
        mut data: Value,
    ) -> Value {
        data["version"] = version.into();
        data["item"] = json!({ "kind": "letter", "id": id, "revision": submission });
        self.event("absah/approvals", what, id, data)
    }

    pub(crate) fn event(&self, source: &str, what: &str, subject: &str, data: Value) -> Value {
        let now = Timestamp::now();
        let id = self.environment.ids.event_id(now);
        let mut event = json!({
            "specversion": "1.0", "id": id, "source": source, "type": what, "subject": subject, "time": now, "tenant": "karo",
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "datacontenttype": "application/json",
        });
        event["data"] = data;
        event
    }

    /// The letter's last approver says yes.
    pub(crate) async fn approve(&self, id: &str) {
        let data = json!({ "label": "disetujui", "decided_by": by("lurah", "admin") });
        self.approval(id, "approval.approved", data).await;
    }

    pub(crate) async fn letter(&self, id: &str) -> Stored<Letter> {
        let id: LetterId = id.parse().unwrap();
        let key = Letter::key_of(&"karo".parse().unwrap(), id);
        self.environment.table().unwrap().load(key).await.unwrap()
    }

    /// What was told of a letter, oldest first.
    pub(crate) async fn events(&self, id: &str) -> Vec<Envelope<Value>> {
        let key = Letter::key_of(&"karo".parse().unwrap(), id.parse().unwrap());
        self.environment.table().unwrap().events(&key, 100).await.unwrap()
    }

    pub(crate) async fn event_types(&self, id: &str) -> Vec<String> {
        let events = self.events(id).await;
        events.into_iter().map(|event| event.event_type.to_string()).collect()
    }

    /// The last event of this type, as JSON.
    pub(crate) async fn told(&self, id: &str, what: &str) -> Value {
        let events = self.events(id).await;
        let found = events
            .into_iter()
            .rfind(|event| event.event_type.as_str() == what)
            .unwrap();
        serde_json::to_value(found).unwrap()
    }

    /// What the audit hears of an action, oldest first.
    pub(crate) async fn audited(&self, action: &str) -> Vec<Value> {
        let streams = Streams::new(&self.environment.aws);
        let arn = streams.find("absah-test-table").await.unwrap();
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

    /// The codes of what a step parked.
    pub(crate) async fn parked(&self, step: &str) -> Vec<String> {
        let table = self.environment.table().unwrap();
        let rows = table
            .list::<Parking>(&Parking::partition(step), "", true, 100)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.value.code).collect()
    }
}

/// Who decided, as an approval says.
pub(crate) fn by(id: &str, step: &str) -> Value {
    json!({ "id": id, "name": format!("Nama {id}"), "step": step, "at": Timestamp::now() })
}

pub(crate) fn body(reply: &HttpReply) -> Value {
    serde_json::from_slice(&plain(reply)).unwrap()
}

pub(crate) fn plain(reply: &HttpReply) -> Vec<u8> {
    reply.clone().into_body()
}

pub(crate) fn code(reply: &HttpReply) -> (u16, String) {
    let problem = body(reply);
    (
        reply.status_code,
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
}
