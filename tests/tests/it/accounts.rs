//! From the first administrator to a signed permit: people sign in, and what they do is in the audit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

use localstack::Home;
use platform::{Environment, Inbox, Key, Settings};
use serde_json::{Value, json};

use crate::program::{Running, absah};
use crate::support::{Newest, PATIENCE, TENANT, agent, sample, skipped_elsewhere};

pub(crate) const CHOSEN: &str = "Kemuning-Sore-2026!";

/// Requests so far: none is a repetition of another.
static SENT: AtomicU64 = AtomicU64::new(0);

/// A machine on which `absah` runs.
pub(crate) struct Machine {
    running: Running,
    endpoint: String,
    data: PathBuf,
}

impl Machine {
    fn start(data: &Path) -> Self {
        Self::start_with(data, &["--public-url", "http://127.0.0.1"])
    }

    pub(crate) fn start_with(data: &Path, arguments: &[&str]) -> Self {
        let (running, endpoint) = Running::up_with(data, arguments);
        Self {
            running,
            endpoint,
            data: data.to_owned(),
        }
    }

    fn home(&self) -> Home {
        Home::open(&self.data).unwrap()
    }

    /// Runs `absah` as an operator of this machine would.
    fn operate(&self, arguments: &[&str]) -> Output {
        let mut command: Command = absah();
        command.args(arguments).envs(self.home().connection(&self.endpoint));
        command.output().unwrap()
    }

    /// Makes the tenant's first administrator, who chooses a password: the access token.
    pub(crate) fn first_administrator(&self) -> String {
        let data = self.data.display().to_string();
        let names = ["--username", "pengelola", "--email", "pengelola@contoh.example"];
        let made = self.operate(&[&["admin", "create", TENANT, "--data", &data][..], &names].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let password = String::from_utf8(made.stdout).unwrap();
        self.begin("pengelola", password.trim())
    }

    /// Its connections.
    pub(crate) fn environment(&self) -> Environment {
        let settings: Settings = self.home().connection(&self.endpoint).into_iter().collect();
        Environment::connect(settings.with("TABLE_NAME", "absah-main-table".into())).unwrap()
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("absah.log")).unwrap()
    }

    /// Puts a file into the tenant's part of the configuration bucket, and waits until it is in force: `kind` and `id` are
    /// those of its row.
    pub(crate) async fn configure(&self, name: &str, file: &Value, (kind, id): (&str, &str)) {
        let (environment, key) = (self.environment(), format!("{TENANT}/{name}"));
        let (inbox, bytes) = (Inbox::new(&environment.aws), file.to_string().into());
        let put = inbox.drop_off("config", &key, "application/json", BTreeMap::new(), bytes);
        put.await.unwrap();
        let (table, row) = (environment.table().unwrap(), Key::state(TENANT, kind, id));
        until(name, async || {
            let loaded = table.events(&row, 1).await.unwrap();
            (!loaded.is_empty()).then_some(())
        })
        .await;
    }

    /// Asks it to stop, and waits for its exit status.
    pub(crate) fn stop(self) -> std::process::ExitStatus {
        self.running.stop()
    }

    /// Sends JSON to a function: status and answer.
    pub(crate) fn send(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}/lambda-url/{path}", self.endpoint))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("k-{}", SENT.fetch_add(1, Ordering::Relaxed)));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body.to_string()).unwrap();
        let mut response = agent().run(request).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (
            response.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::Null),
        )
    }

    /// Signs in with a password that is good once, chooses another, and signs in with that: the access token.
    pub(crate) fn begin(&self, username: &str, password: &str) -> String {
        let credentials = |password: &str| json!({ "tenant": TENANT, "username": username, "password": password });
        let (status, first) = self.send("POST", "session/auth/login", None, &credentials(password));
        assert_eq!((status, &first["must_change_password"]), (200, &json!(true)), "{first}");
        assert_eq!(
            first.get("access_token"),
            None,
            "nothing but choosing a password is allowed"
        );
        let chosen = json!({ "token": first["password_token"], "new_password": CHOSEN });
        let (status, answer) = self.send("POST", "session/auth/reset-password", None, &chosen);
        assert_eq!(status, 204, "{answer}");
        let (status, tokens) = self.send("POST", "session/auth/login", None, &credentials(CHOSEN));
        assert_eq!(status, 200, "{tokens}");
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// Drops the sample permit; the document's id.
    pub(crate) async fn drop_permit(&self) -> String {
        let environment = self.environment();
        let (inbox, key) = (Inbox::new(&environment.aws), format!("{TENANT}/loket/izin.pdf"));
        let metadata = BTreeMap::new();
        let dropped = inbox.drop_off("inbox", &key, "application/pdf", metadata, sample());
        dropped.await.unwrap();
        let (table, key) = (environment.table().unwrap(), Newest::key_of("izin"));
        let newest = until("the document", async || table.find::<Newest>(&key).await.unwrap()).await;
        newest.value.document_id.to_string()
    }
}

/// Looks again and again until `look` finds something.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("{what} did not come"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_official_whom_the_administrator_made_signs_in_and_signs_a_permit_and_all_of_it_is_in_the_audit() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::start(&folder.path().join("data"));
    let administrator = machine.first_administrator();

    let official = json!({ "username": "kepala.dinas", "name": "Contoh Kepala", "roles": ["head_of_office"] });
    let (status, created) = machine.send("POST", "users/users", Some(&administrator), &official);
    assert_eq!(status, 201, "{created}");
    let token = machine.begin("kepala.dinas", created["one_time_password"].as_str().unwrap());
    let (status, refused) = machine.send("POST", "users/users", Some(&token), &official);
    assert_eq!((status, &refused["code"]), (403, &json!("access.forbidden")));

    // Keys of officials are the operator's to place, under the official's id, and are read at the start.
    let keys = machine.data.join("keys/officials").join(TENANT);
    let id = created["user"]["id"].as_str().unwrap();
    std::fs::copy(keys.join("kepala-dinas.pem"), keys.join(format!("{id}.pem"))).unwrap();
    let data = machine.data.clone();
    assert!(machine.stop().success());
    let machine = Machine::start(&data);
    let document = machine.drop_permit().await;
    let decisions = format!("decide/approvals/{document}/decisions");
    let approve = json!({ "verdict": "approve" });
    // The approval is opened soon after the document is there.
    until("the decision", async || {
        let (status, answer) = machine.send("POST", &decisions, Some(&token), &approve);
        assert!(matches!(status, 200 | 404), "{status} {answer}");
        (status == 200).then_some(())
    })
    .await;
    let page = format!("verify/api/v1/documents/{document}");
    let view = until("the issued document", async || {
        let (status, view) = machine.send("GET", &page, None, &Value::Null);
        (status == 200).then_some(view)
    })
    .await;
    assert_eq!(view["standing"], "in_force", "{view}");

    let audited = until("the audit", async || {
        let verified = machine.operate(&["audit", "verify", TENANT]);
        let said = String::from_utf8(verified.stdout).unwrap();
        assert!(verified.status.success(), "{said}");
        let (_, auditor) = machine.send("GET", "audit/audit?limit=100", Some(&administrator), &Value::Null);
        let actions: Vec<_> = auditor["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["entry"]["action"].clone())
            .collect();
        actions.contains(&json!("approval.decided")).then_some((said, actions))
    })
    .await;
    let (said, actions) = audited;
    assert!(machine.stop().success());
    assert!(said.starts_with("Rantai audit contoh utuh: "), "{said}");
    for action in ["user.created", "auth.login_success", "access.refused"] {
        assert!(actions.contains(&json!(action)), "{action} in {actions:?}");
    }
}
