//! What an engine in a folder keeps.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use embedded::Storage;
use tokio::task::JoinSet;

use super::{BUCKET, INLINE, get, pattern, put, refusal, refused, with_bucket};
use crate::{ACCESS_KEY, Folder, REGION, SECRET_KEY, Server};

#[tokio::test]
async fn objects_and_their_announcements_are_there_after_a_restart() {
    let folder = Folder::new();
    let (server, s3) = with_bucket(Server::on(&folder).await).await;
    announce(&server, &s3).await;
    put(&s3, "small", pattern(10)).await;
    put(&s3, "large", pattern(INLINE + 10)).await;
    let id = s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("parts")
        .send()
        .await
        .unwrap()
        .upload_id
        .unwrap();
    let part = s3
        .upload_part()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id)
        .part_number(1);
    part.body(ByteStream::from(pattern(INLINE + 20))).send().await.unwrap();
    server.close().await;
    std::fs::write(
        folder.path().join("blobs/0123456789abcdef0123456789abcdef"),
        b"left by a crash",
    )
    .unwrap();

    let server = Server::on(&folder).await;
    let s3 = server.s3();
    assert!(get(&s3, "small").await == pattern(10));
    assert!(get(&s3, "large").await == pattern(INLINE + 10));
    put(&s3, "after", "x").await;
    // The test event, and one for each object.
    assert_eq!(
        announced(&server).await,
        ["after", "large", "small"].map(str::to_owned).into()
    );
    let parts = s3
        .list_parts()
        .bucket(BUCKET)
        .key("parts")
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(parts.parts().len(), 1);
    // One object and one part; what the crash left is swept.
    assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 2);
}

#[tokio::test]
async fn a_reader_gets_its_object_whole_although_it_is_replaced_meanwhile() {
    let folder = Folder::new();
    let (_server, s3) = with_bucket(Server::on(&folder).await).await;
    let old = pattern(8 * 1024 * 1024);
    put(&s3, "k", old.clone()).await;
    let reading = s3.get_object().bucket(BUCKET).key("k").send().await.unwrap();
    put(&s3, "k", vec![0; INLINE + 1]).await;
    s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert!(reading.body.collect().await.unwrap().to_vec() == old);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_and_writers_of_one_key_see_one_write_or_another() {
    let folder = Folder::new();
    let (_server, s3) = with_bucket(Server::on(&folder).await).await;
    put(&s3, "k", vec![0; INLINE + 1]).await;
    let mut tasks = JoinSet::new();
    for byte in 0..4_u8 {
        let writer = s3.clone();
        tasks.spawn(async move {
            for round in 0..15 {
                // Some in the database, some in files.
                put(&writer, "k", vec![byte; INLINE + round % 2]).await;
            }
        });
        let reader = s3.clone();
        tasks.spawn(async move {
            for _ in 0..30 {
                let got = get(&reader, "k").await;
                assert!(got.iter().all(|found| *found == got[0]));
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn an_object_over_the_limit_is_refused_and_leaves_nothing() {
    let folder = Folder::new();
    let credentials = embedded::Credentials {
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
    };
    let mut options = embedded::Options::new(embedded::Storage::Directory(folder.path().to_owned()), credentials);
    options.max_object_bytes = 1_000_000;
    let (_server, s3) = with_bucket(Server::with(options).await).await;
    put(&s3, "k", pattern(1_000_000)).await;
    let over = s3
        .put_object()
        .bucket(BUCKET)
        .key("over")
        .body(ByteStream::from(pattern(1_000_001)))
        .send()
        .await;
    assert_eq!(refusal(over), refused(400, "EntityTooLarge"));
    assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 1);
}

/// Tells the killed process below where its folder is.
const FOLDER: &str = "EMBEDDED_S3_TEST_FOLDER";
const WRITERS: usize = 4;

fn size(number: usize) -> usize {
    if number.is_multiple_of(3) {
        INLINE + 1 + number
    } else {
        1 + number
    }
}

/// Not a test of its own: the process that the next test kills. Writes, and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is run by the test below"]
#[allow(clippy::print_stdout, reason = "the test below reads it")]
async fn puts_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (server, s3) = with_bucket(Server::start(Storage::Directory(PathBuf::from(folder))).await).await;
    announce(&server, &s3).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let s3 = s3.clone();
        writers.spawn(async move {
            for number in (writer..).step_by(WRITERS) {
                put(&s3, &number.to_string(), pattern(size(number))).await;
                println!("\nacknowledged {number}");
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn acknowledged_objects_survive_a_kill_and_each_is_announced_once() {
    let folder = Folder::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--ignored",
            "--nocapture",
            "s3::durability::puts_until_it_is_killed",
        ])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let numbers = lines.filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<usize>().ok());
    let acknowledged: Vec<usize> = numbers.take(150).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(acknowledged.len(), 150);

    let server = Server::on(&folder).await;
    let s3 = server.s3();
    for number in acknowledged {
        assert!(
            get(&s3, &number.to_string()).await == pattern(size(number)),
            "object {number}"
        );
    }
    let list = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let kept: BTreeSet<String> = list
        .contents()
        .iter()
        .map(|object| object.key().unwrap().to_owned())
        .collect();
    assert_eq!(announced(&server).await, kept);
    let in_files = kept.iter().filter(|key| size(key.parse().unwrap()) > INLINE).count();
    assert_eq!(
        std::fs::read_dir(folder.path().join("blobs")).unwrap().count(),
        in_files
    );
}

/// Sends the bucket's events to a new queue.
async fn announce(server: &Server, s3: &Client) {
    server.sqs().create_queue().queue_name("inbox").send().await.unwrap();
    let rule = QueueConfiguration::builder()
        .queue_arn(format!("arn:aws:sqs:{REGION}:000000000000:inbox"))
        .events(Event::S3ObjectCreated)
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder().queue_configurations(rule).build();
    let configure = s3.put_bucket_notification_configuration().bucket(BUCKET);
    configure
        .notification_configuration(configuration)
        .send()
        .await
        .unwrap();
}

/// The keys that messages in the queue name, each in one message.
async fn announced(server: &Server) -> BTreeSet<String> {
    let sqs = server.sqs();
    let url = sqs
        .get_queue_url()
        .queue_name("inbox")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    let mut keys = BTreeSet::new();
    loop {
        let received = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .send()
            .await
            .unwrap();
        if received.messages().is_empty() {
            return keys;
        }
        for message in received.messages() {
            let body: serde_json::Value = serde_json::from_str(message.body().unwrap()).unwrap();
            if let Some(key) = body["Records"][0]["s3"]["object"]["key"].as_str() {
                assert!(keys.insert(key.to_owned()), "{key} is announced twice");
            }
        }
    }
}
