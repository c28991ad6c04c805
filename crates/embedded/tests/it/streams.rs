//! The streams of tables: what the outbox relies on.

use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{OperationType, Record, ShardIteratorType};

use crate::dynamodb::{TABLE, item, make_table, put};
use crate::{Folder, Server};

struct Shard {
    arn: String,
    id: String,
}

async fn shard(server: &Server) -> Shard {
    let streams = server.streams();
    let listed = streams.list_streams().table_name(TABLE).send().await.unwrap();
    let arn = listed.streams()[0].stream_arn().unwrap().to_owned();
    let described = streams
        .describe_stream()
        .stream_arn(&arn)
        .send()
        .await
        .unwrap()
        .stream_description
        .unwrap();
    assert_eq!(described.shards().len(), 1);
    Shard {
        arn,
        id: described.shards()[0].shard_id().unwrap().to_owned(),
    }
}

async fn iterator(streams: &Client, shard: &Shard, kind: ShardIteratorType, after: Option<&str>) -> String {
    let got = streams
        .get_shard_iterator()
        .stream_arn(&shard.arn)
        .shard_id(&shard.id)
        .shard_iterator_type(kind);
    got.set_sequence_number(after.map(ToOwned::to_owned))
        .send()
        .await
        .unwrap()
        .shard_iterator
        .unwrap()
}

/// One page and the iterator after it.
async fn page(streams: &Client, iterator: &str, limit: i32) -> (Vec<Record>, String) {
    let got = streams
        .get_records()
        .shard_iterator(iterator)
        .limit(limit)
        .send()
        .await
        .unwrap();
    (got.records.unwrap_or_default(), got.next_shard_iterator.unwrap())
}

fn keys(records: &[Record]) -> Vec<String> {
    let key = |record: &Record| record.dynamodb().unwrap().keys().unwrap()["sk"].as_s().unwrap().clone();
    records.iter().map(key).collect()
}

fn sequence(record: &Record) -> &str {
    record.dynamodb().unwrap().sequence_number().unwrap()
}

async fn write(server: &Server, sks: &[&str]) {
    let items: Vec<TransactWriteItem> = sks.iter().map(|sk| put(item("t#outbox", sk, 1))).collect();
    server
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(items))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stream_is_read_from_its_beginning_in_order_page_by_page() {
    let server = Server::in_memory().await;
    make_table(&server.dynamodb()).await;
    write(&server, &["1", "2", "3"]).await;
    write(&server, &["4", "5"]).await;
    let streams = server.streams();
    let shard = shard(&server).await;
    assert!(
        shard
            .arn
            .starts_with("arn:aws:dynamodb:ap-southeast-3:000000000000:table/absah-registry/stream/")
    );

    let start = iterator(&streams, &shard, ShardIteratorType::TrimHorizon, None).await;
    let (first, next) = page(&streams, &start, 2).await;
    let (second, next) = page(&streams, &next, 2).await;
    let (third, next) = page(&streams, &next, 2).await;
    let (nothing, next) = page(&streams, &next, 2).await;

    assert_eq!(
        [keys(&first), keys(&second), keys(&third)].concat(),
        ["1", "2", "3", "4", "5"]
    );
    assert_eq!(nothing, []);
    let record = &first[0];
    assert_eq!(record.event_name(), Some(&OperationType::Insert));
    assert_eq!(record.aws_region(), Some("ap-southeast-3"));
    assert_eq!(
        record.dynamodb().unwrap().new_image().unwrap()["pk"].as_s().unwrap(),
        "t#outbox"
    );

    // An iterator at the end stays usable, and so does one that was used before.
    write(&server, &["6"]).await;
    assert_eq!(keys(&page(&streams, &next, 2).await.0), ["6"]);
    assert_eq!(
        keys(&page(&streams, &start, 1000).await.0),
        ["1", "2", "3", "4", "5", "6"]
    );
}

#[tokio::test]
async fn a_reader_goes_on_from_the_sequence_number_it_remembers() {
    let server = Server::in_memory().await;
    make_table(&server.dynamodb()).await;
    write(&server, &["1", "2", "3"]).await;
    let streams = server.streams();
    let shard = shard(&server).await;
    let start = iterator(&streams, &shard, ShardIteratorType::TrimHorizon, None).await;
    let (records, _) = page(&streams, &start, 10).await;
    let second = sequence(&records[1]);
    let mut numbers: Vec<_> = records.iter().map(sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, records.iter().map(sequence).collect::<Vec<_>>());

    let at = iterator(&streams, &shard, ShardIteratorType::AtSequenceNumber, Some(second)).await;
    assert_eq!(keys(&page(&streams, &at, 10).await.0), ["2", "3"]);
    let after = iterator(&streams, &shard, ShardIteratorType::AfterSequenceNumber, Some(second)).await;
    assert_eq!(keys(&page(&streams, &after, 10).await.0), ["3"]);
    let latest = iterator(&streams, &shard, ShardIteratorType::Latest, None).await;
    assert_eq!(page(&streams, &latest, 10).await.0, []);
    write(&server, &["4"]).await;
    assert_eq!(keys(&page(&streams, &latest, 10).await.0), ["4"]);
}

#[tokio::test]
async fn a_reader_of_an_empty_stream_misses_nothing() {
    let server = Server::in_memory().await;
    make_table(&server.dynamodb()).await;
    let streams = server.streams();
    let shard = shard(&server).await;

    let latest = iterator(&streams, &shard, ShardIteratorType::Latest, None).await;
    let horizon = iterator(&streams, &shard, ShardIteratorType::TrimHorizon, None).await;
    write(&server, &["1"]).await;

    assert_eq!(keys(&page(&streams, &latest, 10).await.0), ["1"]);
    assert_eq!(keys(&page(&streams, &horizon, 10).await.0), ["1"]);
}

#[tokio::test]
async fn a_refused_transaction_leaves_no_record() {
    let server = Server::in_memory().await;
    make_table(&server.dynamodb()).await;
    write(&server, &["1"]).await;
    let twice = [put(item("t#outbox", "2", 1)), put(item("t#outbox", "1", 1))];
    let refused = server
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(twice.to_vec()))
        .send()
        .await;
    assert!(refused.is_err());

    let streams = server.streams();
    let shard = shard(&server).await;
    let start = iterator(&streams, &shard, ShardIteratorType::TrimHorizon, None).await;
    assert_eq!(keys(&page(&streams, &start, 10).await.0), ["1"]);
}

#[tokio::test]
async fn a_reader_goes_on_after_a_restart() {
    let folder = Folder::new();
    let server = Server::on(&folder).await;
    make_table(&server.dynamodb()).await;
    write(&server, &["1", "2"]).await;
    let shard_before = shard(&server).await;
    let start = iterator(&server.streams(), &shard_before, ShardIteratorType::TrimHorizon, None).await;
    let (records, next) = page(&server.streams(), &start, 1).await;
    let first = sequence(&records[0]).to_owned();
    server.close().await;

    let server = Server::on(&folder).await;
    write(&server, &["3"]).await;
    let streams = server.streams();
    assert_eq!(keys(&page(&streams, &next, 10).await.0), ["2", "3"]);
    let shard = shard(&server).await;
    assert_eq!((&shard.arn, &shard.id), (&shard_before.arn, &shard_before.id));
    let after = iterator(&streams, &shard, ShardIteratorType::AfterSequenceNumber, Some(&first)).await;
    assert_eq!(keys(&page(&streams, &after, 10).await.0), ["2", "3"]);
    server.close().await;
}

#[tokio::test]
async fn readers_beside_writers_see_every_record_once_and_in_order() {
    let folder = Folder::new();
    let server = Server::on(&folder).await;
    make_table(&server.dynamodb()).await;
    let streams = server.streams();
    let shard = shard(&server).await;
    let mut next = iterator(&streams, &shard, ShardIteratorType::TrimHorizon, None).await;
    let writing = futures::future::join_all((0..8).map(|writer| {
        let server = &server;
        async move {
            for at in 0..25 {
                write(server, &[&format!("{writer}/{at:02}a"), &format!("{writer}/{at:02}b")]).await;
            }
        }
    }));
    let reading = async {
        let mut seen = Vec::new();
        while seen.len() < 400 {
            let (records, after) = page(&streams, &next, 7).await;
            seen.extend(records);
            next = after;
        }
        seen
    };

    let (_, seen) = tokio::join!(writing, reading);

    let numbers: Vec<_> = seen.iter().map(sequence).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    for writer in 0..8 {
        let prefix = format!("{writer}/");
        let own: Vec<_> = keys(&seen).into_iter().filter(|key| key.starts_with(&prefix)).collect();
        let expected: Vec<_> = (0..25)
            .flat_map(|at| ["a", "b"].map(|end| format!("{writer}/{at:02}{end}")))
            .collect();
        assert_eq!(own, expected);
    }
    server.close().await;
}
