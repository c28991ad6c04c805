//! From the first administrator to a signed permit: people sign in, and what they do is in the audit.

use std::process::{Command, Output};

use localstack::Stack;
use serde_json::{Value, json};

use crate::program::absah;
use crate::support::{
    Newest, PATIENCE, TENANT, agent, drop_pdf, folder_of_home, home, key_file, sample, skipped_elsewhere, stack,
};

const CHOSEN: &str = "Kemuning-Sore-2026!";

/// A stack, and the machine that it runs on.
struct Machine {
    stack: Stack,
}

impl Machine {
    /// Runs `absah` as an operator of this machine would.
    fn operate(&self, arguments: &[&str]) -> Output {
        let mut command: Command = absah();
        command.args(arguments).envs(home().connection(&self.stack.endpoint()));
        command.output().unwrap()
    }

    /// Sends JSON to a function: status and answer.
    fn send(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}/lambda-url/{path}", self.stack.endpoint()))
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
        drop_pdf(&self.stack, "izin-akun", sample(), &[]).await;
        let (table, key) = (self.stack.table().unwrap(), Newest::key_of("izin-akun"));
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
    if skipped_elsewhere("it places keys of officials in the folder of a site of its own") {
        return;
    }
    let machine = Machine {
        stack: stack(true, None).await,
    };
    let data = folder_of_home().display().to_string();
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

    // The officials' keys are the operator's to place, under the official's id.
    let id = created["user"]["id"].as_str().unwrap();
    let key = key_file(&format!("officials/{TENANT}/kepala-dinas.pem"));
    let place = folder_of_home().join(format!("keys/officials/{TENANT}/{id}.pem"));
    std::fs::write(place, key).unwrap();
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
    machine.stack.stop().await;
    assert!(said.starts_with("Rantai audit contoh utuh: "), "{said}");
    for action in ["user.created", "auth.login_success", "access.refused"] {
        assert!(actions.contains(&json!(action)), "{action} in {actions:?}");
    }
}
