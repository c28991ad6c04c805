//! What operators rely on: dead letters go back, backups come back, health is told.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use localstack::Redrive;
use platform::Queues;
use serde_json::{Value, json};

use crate::program::{Running, absah};
use crate::support::{blocking, environment, fetch, home, http_event, key_file, skipped_elsewhere, stack};
use crate::tokens::{Holder, token};

/// `absah` with arguments, against a stack.
fn operator(endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = absah();
    command
        .args(arguments)
        .envs(home().connection(endpoint))
        .env("USER", "petugas");
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_go_back_to_their_queue_and_it_is_written_down_who_sent_them_and_why() {
    if skipped_elsewhere("it makes a queue give up a message") {
        return;
    }
    let stack = stack(false, None).await;
    let queues = Queues::new(&stack.environment.aws);
    let url = &stack.queues["absah-import"];
    queues.send(url, &["surat mati".to_owned()]).await.unwrap();
    for _ in 0..5 {
        let received = queues.receive(url, 1, 5).await.unwrap();
        queues.release(url, &received[0].receipt_handle, 0).await.unwrap();
    }
    assert!(queues.receive(url, 1, 0).await.unwrap().is_empty(), "it was given up");

    let endpoint = stack.endpoint();
    let run = |arguments: &'static [&'static str]| {
        let endpoint = endpoint.clone();
        blocking(move || operator(&endpoint, arguments))
    };
    let refused = run(&["redrive", "import", "--reason", "oh"]).await;
    assert!(!refused.status.success());
    let unknown = run(&["redrive", "tidak-ada", "--reason", "Salah ketik nama antrean"]).await;
    let words = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(
        !unknown.status.success() && words.contains("there is no queue absah-tidak-ada-dead"),
        "{words}"
    );
    let done = run(&["redrive", "import", "--reason", "Kunci sudah dipasang"]).await;
    assert!(done.status.success(), "{done:?}");
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "1 pesan dikembalikan ke import.\n"
    );
    let back = queues.receive(url, 1, 20).await.unwrap();
    assert_eq!(back[0].body, "surat mati");
    let nothing = run(&["redrive", "import", "--reason", "Sekali lagi"]).await;
    assert_eq!(
        String::from_utf8_lossy(&nothing.stdout),
        "Tidak ada pesan yang tertahan untuk import.\n"
    );

    let table = stack.table().unwrap();
    let audit = table.list::<Redrive>(Redrive::PARTITION, "", true, 10).await.unwrap();
    assert_eq!(audit.len(), 1);
    let Redrive {
        queue,
        reason,
        actor,
        messages,
        ..
    } = &audit[0].value;
    assert_eq!(
        (queue.as_str(), reason.as_str(), actor.as_str(), *messages),
        ("import", "Kunci sudah dipasang", "petugas", 1)
    );
    stack.stop().await;
}

#[test]
fn a_backup_comes_back_as_the_same_state_and_a_damaged_one_not_at_all() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, file, again) = (at("data"), at("cadangan.tar"), at("pulih"));
    let demo = absah()
        .args(["demo", "--exit", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let last = String::from_utf8(demo.stdout).unwrap();
    let issued: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    let run = |command: &str, file: &Path, data: &Path| -> Output {
        Command::new(absah().get_program())
            .arg(command)
            .arg(file)
            .arg("--data")
            .arg(data)
            .output()
            .unwrap()
    };
    let fingerprint = |output: &Output| {
        let words = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{output:?}");
        words.split("sidik jari ").nth(1).unwrap().to_owned()
    };

    let (running, _) = Running::up(&data, "http://127.0.0.1:9");
    let refused = run("backup", &file, &data);
    assert!(!refused.status.success() && !file.exists(), "somebody is writing");
    assert!(running.stop().success());

    let state = fingerprint(&run("backup", &file, &data));
    assert_eq!(fingerprint(&run("restore", &file, &again)), state);
    assert_eq!(
        fingerprint(&run("backup", &at("kedua.tar"), &again)),
        state,
        "the same state"
    );
    assert!(!run("restore", &file, &again).status.success(), "what is there stays");

    let (running, endpoint) = Running::up(&again, "http://127.0.0.1:9");
    let (status, page) = fetch(&format!("{endpoint}/v/{}", issued["id"].as_str().unwrap()));
    assert!(status == 200 && page.contains("Dokumen asli"), "{page}");
    assert!(running.stop().success());

    let whole = fs::read(&file).unwrap();
    for (name, damaged) in [
        ("flipped", {
            let mut bytes = whole.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("foreign", b"bukan cadangan".to_vec()),
    ] {
        let (file, target) = (at(name), at(&format!("dari-{name}")));
        fs::write(&file, damaged).unwrap();
        let refused = run("restore", &file, &target);
        assert!(!refused.status.success() && !target.exists(), "{name}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_which_dependency_is_down_to_whoever_may_know_and_nothing_else() {
    if skipped_elsewhere("it takes a bucket away from a function within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let ask = async |vault: &str, held: Option<&str>| {
        let (url, issuer) = (stack.queues["absah-import"].clone(), key_file("token.pub.pem"));
        let own = [
            ("INBOX_BUCKET", "inbox"),
            ("VAULT_BUCKET", vault),
            ("QUEUE_URLS", url.as_str()),
            ("TOKEN_PUBLIC_KEY", issuer.as_str()),
        ];
        let function = operations::health::function(&environment(&stack, &own)).unwrap();
        let bearer = held.map(|permission| {
            let holder = Holder {
                permission,
                ..Holder::default()
            };
            format!("Bearer {}", token(&holder))
        });
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        let answer = function.invoke(http_event("GET", "/", &headers, "")).await.unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["statusCode"].as_u64().unwrap(), body)
    };
    let (may, may_not) = (Some("health:read"), Some("approval:decide"));
    let up = json!({ "table": "up", "inbox": "up", "vault": "up", "queues": "up" });
    assert_eq!(
        ask("vault", may).await,
        (200, json!({ "status": "up", "dependencies": up }))
    );
    let down = json!({ "table": "up", "inbox": "up", "vault": "down", "queues": "up" });
    assert_eq!(
        ask("tidak-ada", may).await,
        (503, json!({ "status": "down", "dependencies": down }))
    );
    for (held, status, code) in [(None, 401, "access.unauthorized"), (may_not, 403, "access.forbidden")] {
        let (answered, body) = ask("vault", held).await;
        assert_eq!((answered, &body["code"]), (status, &json!(code)));
    }
    stack.stop().await;
}
