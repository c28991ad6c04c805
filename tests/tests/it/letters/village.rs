//! A village that gives letters: its people, and what they ask for over HTTP.

use std::cell::Cell;

use identity::SystemRole;
use serde_json::{Value, json};

use crate::support::{DEMO_KEY, Site, TENANT, blocking, key_file, request, site};
use crate::tokens::signed;

/// Somebody of the village: an id, a role, and the RW and RT that it is for.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    id: &'static str,
    role: &'static str,
    rw: Option<&'static str>,
    rt: Option<&'static str>,
}

const fn person(id: &'static str, role: &'static str, rw: Option<&'static str>, rt: Option<&'static str>) -> Person {
    Person { id, role, rw, rt }
}

pub(crate) const BUDI: Person = person("budi", "warga", Some("003"), Some("001"));
pub(crate) const RT_001: Person = person("ketua-rt-001", "verifikator_rt", Some("003"), Some("001"));
pub(crate) const RT_002: Person = person("ketua-rt-002", "verifikator_rt", Some("003"), Some("002"));
/// Numbers of RT repeat in each RW.
pub(crate) const RT_001_OF_RW_004: Person = person("ketua-rt-lain", "verifikator_rt", Some("004"), Some("001"));
pub(crate) const RW_003: Person = person("ketua-rw-003", "verifikator_rw", Some("003"), None);
pub(crate) const RW_004: Person = person("ketua-rw-004", "verifikator_rw", Some("004"), None);
/// The one official of whom the development keys have a key.
pub(crate) const LURAH: Person = person("kepala-dinas", "super_admin", None, None);
/// The same official without the office, and who holds it and is away.
pub(crate) const EXAMINER: Person = person("kepala-dinas", "examiner", None, None);
pub(crate) const CAMAT: Person = person("camat", "super_admin", None, None);

/// What the office says: the status, the version, and the body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// The village, and the site of its office.
pub(crate) struct Village {
    pub(crate) site: Site,
    /// What sets this test's people and types apart from those of others on a shared site.
    mark: String,
    asked: Cell<u32>,
}

impl Village {
    /// A village whose office has a letterhead.
    pub(crate) async fn open() -> Self {
        let site = site().await;
        let village = Self {
            mark: crate::support::Place::environment(&site).ids.document_id().to_string(),
            site,
            asked: Cell::new(0),
        };
        // Others on a shared site write the same one.
        village.letters(LURAH, "PUT", "/letterhead", None, &letterhead()).await;
        let kept = village.letters(LURAH, "GET", "/letterhead", None, &Value::Null).await;
        assert_eq!(kept.json(), letterhead());
        village
    }

    /// A type of letters that RT and RW verify as asked; its code.
    pub(crate) async fn letter_type(&self, rt: bool, rw: bool) -> String {
        let levels = format!("{}{}", u8::from(rt), u8::from(rw));
        let code = format!("SKD-{}-{levels}", &self.mark[..8]);
        let new = json!({
            "code": code, "name": "Surat Keterangan Domisili", "require_rt": rt, "require_rw": rw,
            "validity_days": 90,
            "fields": {
                "type": "object", "additionalProperties": false,
                "required": ["nama", "nik", "alamat"], "x-order": ["nama", "nik", "alamat"],
                "properties": {
                    "nama": { "type": "string", "title": "Nama lengkap", "minLength": 1 },
                    "nik": { "type": "string", "title": "NIK", "pattern": "^[0-9]{16}$" },
                    "alamat": { "type": "string", "title": "Alamat", "minLength": 1 },
                },
            },
            "wording": {
                "opening": "Yang bertanda tangan di bawah ini menerangkan dengan sebenarnya bahwa:",
                "statements": ["Nama tersebut di atas benar berdomisili di {alamat}."],
                "closing": "Demikian surat keterangan ini dibuat untuk dipergunakan sebagaimana mestinya.",
            },
        });
        let made = self.letters(LURAH, "POST", "/letter-types", None, &new).await;
        assert_eq!(made.status, 201, "{}", made.json());
        code
    }

    /// A letter that Budi has submitted; its id.
    pub(crate) async fn submitted(&self, code: &str) -> String {
        let new = json!({ "type": code, "answers": answers("Jalan Kenanga 7") });
        let drafted = self.letters(BUDI, "POST", "/letters", None, &new).await;
        let letter = drafted.json();
        assert_eq!((drafted.status, &letter["status"]), (201, &json!("draft")), "{letter}");
        let id = letter["id"].as_str().unwrap().to_owned();
        self.submit(&id).await;
        id
    }

    /// Budi hands a letter in.
    pub(crate) async fn submit(&self, id: &str) {
        let path = format!("/letters/{id}/submit");
        let submitted = self.letters(BUDI, "POST", &path, None, &json!({})).await;
        assert_eq!(submitted.status, 200, "{}", submitted.json());
    }

    /// Budi corrects the address in a letter that came back.
    pub(crate) async fn correct(&self, id: &str, address: &str) {
        let path = format!("/letters/{id}");
        let seen = self.letters(BUDI, "GET", &path, None, &Value::Null).await;
        let corrected = json!({ "answers": answers(address) });
        let edited = self.letters(BUDI, "PUT", &path, Some(&seen.etag), &corrected).await;
        assert_eq!(edited.status, 200, "{}", edited.json());
    }

    /// Waits until Budi sees a letter in a state.
    pub(crate) async fn waits(&self, id: &str, status: &str) -> Value {
        let path = format!("/letters/{id}");
        self.site
            .wait(status, async || {
                let letter = self.letters(BUDI, "GET", &path, None, &Value::Null).await.json();
                (letter["status"] == status).then_some(letter)
            })
            .await
    }

    /// Somebody lets a letter pass.
    pub(crate) async fn approve(&self, by: Person, id: &str) {
        self.decide(by, "approve", id, &json!({})).await;
    }

    /// Somebody sends a letter back, and says why.
    pub(crate) async fn reject(&self, by: Person, id: &str, why: &str) {
        self.decide(by, "reject", id, &json!({ "catatan": why })).await;
    }

    async fn decide(&self, by: Person, verdict: &str, id: &str, body: &Value) {
        let path = format!("{}/{verdict}/{id}", desk(by));
        // The approval is opened soon after the letter is submitted, and opened again soon after it is submitted again.
        self.site
            .wait("the approval", async || {
                let decided = self.approvals(by, "POST", &path, body).await;
                let answer = decided.json();
                let is_early = decided.status == 404 || answer["code"] == "approvals.not_awaiting";
                assert!(decided.status == 200 || is_early, "{answer}");
                (decided.status == 200).then_some(())
            })
            .await;
    }

    /// Somebody who is away puts their office in another's hands, today and tomorrow.
    pub(crate) async fn delegate(&self, from: Person, to: Person) {
        let zone = jiff::tz::TimeZone::get("Asia/Jakarta").unwrap();
        let today = jiff::Timestamp::now().to_zoned(zone).date();
        let tomorrow = today.tomorrow().unwrap();
        let delegation = json!({
            "kind": "plh", "to": { "id": to.id, "name": "Siti Contoh" }, "role": from.role,
            "valid_from": today.to_string(), "valid_until": tomorrow.to_string(),
        });
        let made = self
            .approvals(from, "POST", "/approvals/delegations", &delegation)
            .await;
        assert_eq!(made.status, 201, "{}", made.json());
    }

    /// The letters that wait for somebody.
    pub(crate) async fn inbox(&self, of: Person) -> Vec<Value> {
        let path = format!("{}/surat-masuk?limit=100", desk(of));
        let page = self.approvals(of, "GET", &path, &Value::Null).await;
        assert_eq!(page.status, 200, "{}", page.json());
        page.json()["items"].as_array().unwrap().clone()
    }

    /// Asks the function of letters.
    pub(crate) async fn letters(
        &self,
        who: Person,
        method: &'static str,
        path: &str,
        etag: Option<&str>,
        body: &Value,
    ) -> Answer {
        let url = format!("{}{path}", self.site.letters);
        self.ask(who, method, url, etag, body).await
    }

    /// Asks the function of approvals.
    pub(crate) async fn approvals(&self, who: Person, method: &'static str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.site.decide);
        self.ask(who, method, url, None, body).await
    }

    async fn ask(&self, who: Person, method: &'static str, url: String, etag: Option<&str>, body: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.token(who));
        self.asked.set(self.asked.get() + 1);
        let key = format!("k-{}-{}", self.mark, self.asked.get());
        let (etag, body) = (etag.map(str::to_owned), (!body.is_null()).then(|| body.to_string()));
        let answered = blocking(move || {
            let mut headers = vec![
                ("authorization", authorization.as_str()),
                ("content-type", "application/json"),
                (DEMO_KEY, &key),
            ];
            headers.extend(etag.as_deref().map(|etag| ("if-match", etag)));
            request(method, &url, &headers, body.as_deref().map(str::as_bytes))
        })
        .await;
        let etag = answered.headers().get("etag");
        Answer {
            status: answered.status().as_u16(),
            etag: etag.map(|etag| etag.to_str().unwrap().to_owned()).unwrap_or_default(),
            body: answered.into_body(),
        }
    }

    /// What somebody would get for signing in. Whose letters are asked for in lists is this test's own.
    fn token(&self, who: Person) -> String {
        let permissions = SystemRole::find(who.role).unwrap().permissions();
        let permissions: Vec<_> = permissions.iter().map(ToString::to_string).collect();
        let id = if who.role == "warga" {
            format!("{}-{}", who.id, self.mark)
        } else {
            who.id.to_owned()
        };
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "sub": id, "name": format!("Contoh {}", who.id), "tenant_id": TENANT, "roles": [who.role],
            "permissions": permissions, "aud": "absah", "iat": now, "exp": now + 600,
        });
        for (name, value) in [("rw", who.rw), ("rt", who.rt)] {
            if let Some(value) = value {
                claims[name] = value.into();
            }
        }
        signed(&claims, &key_file("token.pem"))
    }
}

/// Where somebody finds their work.
fn desk(of: Person) -> &'static str {
    if of.role == "super_admin" {
        "/admin"
    } else {
        "/verifikator"
    }
}

fn answers(address: &str) -> Value {
    json!({ "nama": "Budi Contoh", "nik": "9901010101900001", "alamat": address })
}

fn letterhead() -> Value {
    json!({
        "superiors": ["Pemerintah Kabupaten Contoh", "Kecamatan Mawar"],
        "office": "Kelurahan Melati",
        "address": ["Jalan Contoh Nomor 1, Contoh 99999"],
        "place": "Contoh",
        "officials": {
            LURAH.id: {
                "name": "Siti Contoh, S.Sos.", "office": "Lurah Melati", "rank": "Penata Tingkat I (III/d)",
                "nip": "99750101 200001 2 001",
            },
            CAMAT.id: { "name": "Rina Contoh, M.Si.", "office": "Camat Mawar" },
        },
    })
}
