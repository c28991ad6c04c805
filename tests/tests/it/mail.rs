//! What people are told by e-mail arrives at a mail server that is not ours, once.

mod tls;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use platform::{Parking, Queues};
use serde_json::{Value, json};

use crate::accounts::{CHOSEN, Machine, until};
use crate::devtools::Page;
use crate::support::{PATIENCE, TENANT, blocking, python, root, skipped_elsewhere};

const SENDER: &str = "absah@contoh.example";
const NEW: &str = "Melati-Pagi-2026!";

/// A mail server, which ends when it is dropped.
struct Postman {
    child: Child,
    port: u64,
    mails: Receiver<Value>,
}

impl Postman {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(python());
        command.arg(root().join("tests/mail/server.py")).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, mails) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test may be over.
                let _gone = sender.send(serde_json::from_str::<Value>(&line).unwrap());
            }
        });
        let port = mails.recv_timeout(PATIENCE).unwrap()["port"].as_u64().unwrap();
        Self { child, port, mails }
    }

    /// The next mail.
    fn mail(&self) -> Value {
        self.mails.recv_timeout(PATIENCE).expect("no mail came")
    }

    /// Ends the server; what it took and nobody asked for.
    fn stop(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.mails.iter().collect()
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// An office that sends its mails to a port, and its administrator's token.
fn office(data: &std::path::Path, port: u64) -> (Machine, String) {
    let machine = Machine::start_with(
        data,
        &["--smtp", &format!("smtp://127.0.0.1:{port}"), "--mail-from", SENDER],
    );
    let administrator = machine.first_administrator();
    (machine, administrator)
}

/// Makes an account with an e-mail address: its id and its one-time password.
fn hire(machine: &Machine, administrator: &str, username: &str, role: &str) -> (String, String) {
    let email = format!("{username}@contoh.example");
    let person = json!({ "username": username, "name": "Contoh Pegawai", "email": email, "roles": [role] });
    let (status, made) = machine.send("POST", "users/users", Some(administrator), &person);
    assert_eq!(status, 201, "{made}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["user"]["id"]), text(&made["one_time_password"]))
}

fn forget(machine: &Machine, username: &str) {
    let forgot = json!({ "tenant": TENANT, "username": username });
    let (status, answer) = machine.send("POST", "session/auth/forgot-password", None, &forgot);
    assert_eq!(status, 202, "{answer}");
}

/// Opens a mailed link in a browser and chooses the new password, first with a slip of the finger.
async fn choose(link: &str) {
    let link = link.to_owned();
    blocking(move || {
        let mut page = Page::open(&link);
        page.when("location.hash === '' && document.body.innerText.includes('Pilih kata sandi baru')");
        let mut submit = |again: &str| {
            page.when(&format!(
                "(() => {{
                    document.getElementById('password').value = '{NEW}';
                    document.getElementById('again').value = '{again}';
                    document.getElementById('choose').requestSubmit();
                    return true;
                }})()"
            ));
            page.when("document.body.innerText.match(/Kedua isian tidak sama|sudah diganti/)?.[0]")
        };
        assert_eq!(submit("Melati-Sore-2026!"), "Kedua isian tidak sama");
        assert_eq!(submit(NEW), "sudah diganti");
    })
    .await;
}

/// Waits until no mail waits to be sent, nor is being sent.
async fn all_sent(machine: &Machine) {
    let environment = machine.environment();
    let queues = Queues::new(&environment.aws);
    let (url, _) = queues.locate("absah-send-mail").await.unwrap();
    until("an empty queue", async || {
        (queues.depth(&url).await.unwrap() == [0; 3]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_replaced_by_a_mailed_link_although_the_mail_server_was_away_at_first() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let away = Postman::start(&[]);
    let port = away.port;
    assert!(away.stop().is_empty());
    let (machine, _) = office(&folder.path().join("data"), port);
    forget(&machine, "pengelola");
    until("the failure", async || {
        machine.log().contains("mail.unavailable").then_some(())
    })
    .await;

    let postman = Postman::start(&["--port", &port.to_string()]);
    let mail = postman.mail();
    assert_eq!(
        (&mail["from"], &mail["to"]),
        (&json!(SENDER), &json!(["pengelola@contoh.example"]))
    );
    let headers = &mail["headers"];
    assert_eq!(headers["Subject"], "Memilih kata sandi baru");
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    let id = headers["Message-ID"].as_str().unwrap();
    assert!(id.starts_with("<01") && id.ends_with("@contoh.example>"), "{id}");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("berlaku 30 menit"), "{text}");
    let link = text.lines().find(|line| line.starts_with("http://")).unwrap();
    choose(link).await;

    let sign_in = |password: &str| {
        let credentials = json!({ "tenant": TENANT, "username": "pengelola", "password": password });
        machine.send("POST", "session/auth/login", None, &credentials).0
    };
    assert_eq!(sign_in(NEW), 200);
    assert_eq!(sign_in(CHOSEN), 401);

    all_sent(&machine).await;
    assert!(postman.stop().is_empty(), "the mail came once");
    let (_, token) = link.split_once('#').unwrap();
    let again = json!({ "token": token, "new_password": "Kenanga-Siang-2026!" });
    let (status, problem) = machine.send("POST", "session/auth/reset-password", None, &again);
    assert_eq!((status, &problem["code"]), (422, &json!("session.reset_void")), "once");
    let log = machine.log();
    assert!(!log.contains("pengelola@") && !log.contains(token), "{log}");
    assert!(machine.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_approved_before_learns_of_a_rejection_once_although_it_is_told_three_times() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // One of them has to be tried again, which must not tell the other twice.
    let postman = Postman::start(&["--greylist", "pemeriksa.dua@contoh.example"]);
    let (machine, administrator) = office(&folder.path().join("data"), postman.port);
    let examiners = ["pemeriksa.satu", "pemeriksa.dua"];
    let mut officials = Vec::new();
    for (username, role) in [
        (examiners[0], "examiner"),
        (examiners[1], "examiner"),
        ("kepala.dinas", "head_of_office"),
    ] {
        let (_, password) = hire(&machine, &administrator, username, role);
        officials.push(machine.begin(username, &password));
    }
    let route = json!({ "name": "periksa-berdua", "version": 1, "steps": [
        { "name": "pemeriksa", "role": "examiner", "quorum": 2 }, { "name": "kepala_dinas", "role": "head_of_office" }] });
    let types = json!({ "version": 1, "document": { "default": { "route": "periksa-berdua" } } });
    let row = ("route", "periksa-berdua");
    machine.configure("routes/periksa-berdua/1.json", &route, row).await;
    machine
        .configure("item-types.json", &types, ("item-types", "item-types"))
        .await;

    let document = machine.drop_permit().await;
    let path = format!("decide/approvals/{document}/decisions");
    for (token, verdict) in officials.iter().zip(["approve", "approve", "reject"]) {
        let decision = json!({ "verdict": verdict, "note": "Lokasi tidak sesuai tata ruang." });
        // The approval is opened soon after the document is there.
        until("the decision", async || {
            let (status, answer) = machine.send("POST", &path, Some(token), &decision);
            assert!(matches!(status, 200 | 404), "{status} {answer}");
            (status == 200).then_some(())
        })
        .await;
    }
    let environment = machine.environment();
    let key = platform::Key::state(TENANT, "approval", &document);
    let events = environment.table().unwrap().events(&key, 10).await.unwrap();
    let rejection = events.last().unwrap();
    assert_eq!(rejection.event_type.as_str(), "approval.rejected");
    let again = vec![serde_json::to_string(rejection).unwrap(); 2];
    let queues = Queues::new(&environment.aws);
    let (url, _) = queues.locate("absah-send-mail").await.unwrap();
    queues.send(&url, &again).await.unwrap();

    let mails = [postman.mail(), postman.mail()];
    all_sent(&machine).await;
    assert!(postman.stop().is_empty(), "each of them once");
    let mut to: Vec<_> = mails.iter().map(|mail| mail["to"][0].as_str().unwrap()).collect();
    to.sort_unstable();
    assert_eq!(to, ["pemeriksa.dua@contoh.example", "pemeriksa.satu@contoh.example"]);
    for mail in &mails {
        assert_eq!(mail["headers"]["Subject"], "Dokumen ditolak");
        let text = mail["text"].as_str().unwrap();
        assert!(
            text.contains(&document) && text.contains("Lokasi tidak sesuai tata ruang."),
            "{text}"
        );
    }
    assert!(machine.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_the_server_refuses_is_parked_with_its_code_and_the_address_is_told_nowhere() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let postman = Postman::start(&["--refuse", "pindah.alamat@contoh.example"]);
    let (machine, administrator) = office(&folder.path().join("data"), postman.port);
    hire(&machine, &administrator, "pindah.alamat", "examiner");
    forget(&machine, "pindah.alamat");
    let table = machine.environment().table().unwrap();
    let row = until("what is parked", async || {
        let rows = table
            .list::<Parking>(&Parking::partition("send-mail"), "", true, 10)
            .await;
        rows.unwrap().pop()
    })
    .await;
    assert_eq!(
        (row.value.code.as_str(), row.value.detail.as_str()),
        ("mail.refused", "the mail server refuses the mail, status 550")
    );
    assert!(!row.value.body.contains("pindah.alamat"));
    assert!(machine.log().contains("mail.refused"));
    assert!(!machine.log().contains("pindah.alamat"));
    assert!(postman.stop().is_empty());
    assert!(machine.stop().success());
}
