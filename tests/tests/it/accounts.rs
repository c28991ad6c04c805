//! From the first administrator to a signed permit: people sign in, and what they do is in the audit.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use localstack::Home;
use platform::{Environment, Inbox, Settings};
use serde_json::{Value, json};

use crate::program::{Running, absah};
use crate::support::{Newest, PATIENCE, TENANT, agent, sample, skipped_elsewhere};

const CHOSEN: &str = "Kemuning-Sore-2026!";

/// A machine on which `absah` runs.
struct Machine {
    running: Running,
    endpoint: String,
    data: PathBuf,
}

impl Machine {
    fn start(data: &Path) -> Self {
        let (running, endpoint) = Running::up(data, "http://127.0.0.1");
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

    /// Sends JSON to a function: status and answer.
    fn send(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}/lambda-url/{path}", self.endpoint))
            .header("content-type", "application/json")
            .header("idempotency-key", "k-1");
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
    fn begin(&self, username: &str, password: &str) -> String {
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
    async fn drop_permit(&self) -> String {
        let settings: Settings = self.home().connection(&self.endpoint).into_iter().collect();
        let environment = Environment::connect(settings.with("TABLE_NAME", "absah-main-table".into())).unwrap();
        let (inbox, key) = (Inbox::new(&environment.aws), format!("{TENANT}/loket/izin.pdf"));
        let metadata = std::collections::BTreeMap::new();
        let dropped = inbox.drop_off("inbox", &key, "application/pdf", metadata, sample());
        dropped.await.unwrap();
        let (table, key) = (environment.table().unwrap(), Newest::key_of("izin"));
        let newest = until("the document", async || table.find::<Newest>(&key).await.unwrap()).await;
        newest.value.document_id.to_string()
    }
}

async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
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
    let data = machine.data.display().to_string();
    let names = [
        "--username",
        "pengelola",
        "--email",
        "pengelola@contoh.example",
        "--data",
        &data,
    ];
    let made = machine.operate(&[&["admin", "create", TENANT][..], &names].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let password = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let administrator = machine.begin("pengelola", &password);

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
    assert!(machine.running.stop().success());
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
    assert!(machine.running.stop().success());
    assert!(said.starts_with("Rantai audit contoh utuh: "), "{said}");
    for action in ["user.created", "auth.login_success", "access.refused"] {
        assert!(actions.contains(&json!(action)), "{action} in {actions:?}");
    }
}
