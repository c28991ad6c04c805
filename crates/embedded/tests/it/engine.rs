//! The one port.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use embedded::{Credentials, Engine, EngineError, Options, Storage};
use http::Request;
use tokio::net::TcpListener;

use crate::dynamodb::{TABLE, item, make_table, put, text};
use crate::{Folder, Server};

/// Tells the killed process below where its folder is.
const FOLDER: &str = "EMBEDDED_TEST_FOLDER";

fn options(storage: Storage) -> Options {
    Options::new(
        storage,
        Credentials {
            access_key: "a".to_owned(),
            secret_key: "s".to_owned(),
        },
    )
}

#[test]
fn the_engine_claims_what_speaks_an_aws_api_and_leaves_the_rest() {
    let claims = |request: http::request::Builder| Engine::claims(&request.body(()).unwrap());

    assert!(claims(
        Request::get("/inbox/a.pdf").header("authorization", "AWS4-HMAC-SHA256 Credential=...")
    ));
    assert!(claims(Request::get(
        "/inbox/a.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
    )));
    assert!(claims(
        Request::post("/").header("x-amz-target", "AmazonSQS.SendMessage")
    ));

    assert!(!claims(Request::get("/v/ABSAH")));
    assert!(!claims(Request::get("/v/ABSAH?from=X-Amz-Signature=")));
    assert!(!claims(
        Request::post("/lambda-url/decide/").header("authorization", "Bearer AWS4-")
    ));
}

#[tokio::test]
async fn the_engine_serves_on_loopback_only() {
    let engine = Engine::open(options(Storage::Memory)).await.unwrap();
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = engine.serve(listener, std::future::ready(())).await;
    assert!(matches!(refused, Err(EngineError::NotLoopback(_))), "{refused:?}");
}

#[tokio::test]
async fn a_folder_has_one_engine_at_a_time() {
    let folder = Folder::new();
    let storage = || Storage::Directory(folder.path().to_owned());
    let first = Engine::open(options(storage())).await.unwrap();
    assert!(matches!(
        Engine::open(options(storage())).await,
        Err(EngineError::Store(_))
    ));
    first.close().await;
    Engine::open(options(storage())).await.unwrap().close().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_long_polls() {
    let server = Server::in_memory().await;
    let sqs = server.sqs();
    let url = sqs
        .create_queue()
        .queue_name("inbox")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let polling = tokio::spawn(sqs.receive_message().queue_url(url).wait_time_seconds(20).send());

    let begun = std::time::Instant::now();
    server.close().await;
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    // Cut off, or never begun: nothing is left of it either way.
    polling.abort();
}

#[tokio::test]
async fn secrets_are_not_printed() {
    let options = Options::new(
        Storage::Memory,
        Credentials {
            access_key: "AKIA".to_owned(),
            secret_key: "hush".to_owned(),
        },
    );
    let engine = Engine::open(options.clone()).await.unwrap();
    assert!(!format!("{options:?} {engine:?}").contains("hush"));
}

/// Not a test of its own: the process that the next test kills. Writes, and prints what was acknowledged.
#[tokio::test]
#[ignore = "is run by the test below"]
#[allow(clippy::print_stdout, reason = "the test below reads it")]
async fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let server = Server::start(Storage::Directory(PathBuf::from(folder))).await;
    let (db, sqs) = (server.dynamodb(), server.sqs());
    make_table(&db).await;
    let url = sqs
        .create_queue()
        .queue_name("inbox")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    for at in 0.. {
        let items = [
            put(item("t#doc", &format!("{at}a"), 1)),
            put(item("t#doc", &format!("{at}b"), 1)),
        ];
        db.transact_write_items()
            .set_transact_items(Some(items.to_vec()))
            .send()
            .await
            .unwrap();
        sqs.send_message()
            .queue_url(&url)
            .message_body(at.to_string())
            .send()
            .await
            .unwrap();
        println!("\nacknowledged {at}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = Folder::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "engine::writes_until_it_is_killed",
        ])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let acknowledged = lines.filter_map(|line| line.strip_prefix("acknowledged ").map(|at| at.parse::<i64>().unwrap()));
    let last = acknowledged.take_while(|at| *at < 50).last().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let server = Server::on(&folder).await;
    let (db, sqs) = (server.dynamodb(), server.sqs());
    for at in 0..=last {
        for half in ["a", "b"] {
            let get = db
                .get_item()
                .table_name(TABLE)
                .key("pk", text("t#doc"))
                .key("sk", text(&format!("{at}{half}")));
            assert!(get.send().await.unwrap().item.is_some(), "{at}{half} of {last}");
        }
    }
    let url = sqs
        .get_queue_url()
        .queue_name("inbox")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let count = aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages;
    let got = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(count.clone())
        .send()
        .await
        .unwrap();
    assert!(got.attributes.unwrap()[&count].parse::<i64>().unwrap() > last);
    server.close().await;
}
