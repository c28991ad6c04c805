//! How fast the engine is, durable on disk and through the SDK. Prints; asserts nothing about time.
//!
//! `cargo test --release -p embedded -- --ignored --nocapture speed`

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "numbers are for people to read"
)]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::dynamodb::{TABLE, item, make_table, put, text};
use crate::{Folder, Server};

const CLIENTS: usize = 32;

/// Runs `work` `times` times over `clients` tasks.
async fn measure<F, W>(name: &str, clients: usize, times: usize, work: F)
where
    F: Fn(usize) -> W + Send + Sync + 'static,
    W: Future<Output = ()> + Send,
{
    let (work, next) = (Arc::new(work), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (work, next) = (Arc::clone(&work), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= times {
                        return;
                    }
                    work(at).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{name:<58} {clients:>3} clients {times:>7} in {seconds:>6.2} s = {:>7.0}/s",
        times as f64 / seconds
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints numbers and takes a minute"]
async fn speed_of_queues() {
    let folder = Folder::new();
    let server = Server::on(&folder).await;
    let sqs = server.sqs();
    let url = sqs
        .create_queue()
        .queue_name("inbox")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    for clients in [1, CLIENTS] {
        let (sqs, url) = (sqs.clone(), url.clone());
        measure("SQS send, receive one, delete", clients, 200 * clients, move |_| {
            let (sqs, url) = (sqs.clone(), url.clone());
            async move {
                sqs.send_message()
                    .queue_url(&url)
                    .message_body("x".repeat(600))
                    .send()
                    .await
                    .unwrap();
                let got = sqs
                    .receive_message()
                    .queue_url(&url)
                    .wait_time_seconds(5)
                    .send()
                    .await
                    .unwrap();
                let handle = got.messages()[0].receipt_handle().unwrap();
                sqs.delete_message()
                    .queue_url(&url)
                    .receipt_handle(handle)
                    .send()
                    .await
                    .unwrap();
            }
        })
        .await;
    }
    let send = {
        let (sqs, url) = (sqs.clone(), url.clone());
        move |_| {
            let (sqs, url) = (sqs.clone(), url.clone());
            async move {
                let entries = (0..10).map(|at| {
                    let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder().id(at.to_string());
                    entry.message_body("x".repeat(600)).build().unwrap()
                });
                sqs.send_message_batch()
                    .queue_url(&url)
                    .set_entries(Some(entries.collect()))
                    .send()
                    .await
                    .unwrap();
            }
        }
    };
    measure("SQS send a batch of ten (backlog of 100,000)", CLIENTS, 10_000, send).await;
    measure("SQS receive one, delete, on that backlog", CLIENTS, 5_000, move |_| {
        let (sqs, url) = (sqs.clone(), url.clone());
        async move {
            let got = sqs.receive_message().queue_url(&url).send().await.unwrap();
            let handle = got.messages()[0].receipt_handle().unwrap();
            sqs.delete_message()
                .queue_url(&url)
                .receipt_handle(handle)
                .send()
                .await
                .unwrap();
        }
    })
    .await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints numbers and takes a minute"]
async fn speed_of_tables() {
    let folder = Folder::new();
    let server = Server::on(&folder).await;
    let db = server.dynamodb();
    make_table(&db).await;
    let mut base = 0;
    for (clients, times) in [(1, 500), (CLIENTS, 5_000), (CLIENTS, 5_000), (CLIENTS, 5_000)] {
        let db = db.clone();
        measure(
            "DynamoDB TransactWriteItems of three puts, with stream",
            clients,
            times,
            move |at| {
                let (db, pk) = (db.clone(), format!("t#doc#{}", base + at));
                async move {
                    let items = ["meta", "event#1", "outbox#1"].map(|sk| put(item(&pk, sk, 1)));
                    db.transact_write_items()
                        .set_transact_items(Some(items.to_vec()))
                        .send()
                        .await
                        .unwrap();
                }
            },
        )
        .await;
        base += times;
    }
    measure("DynamoDB GetItem", CLIENTS, 20_000, move |at| {
        let (db, pk) = (db.clone(), format!("t#doc#{}", at % 10_000));
        async move {
            let get = db
                .get_item()
                .table_name(TABLE)
                .key("pk", text(&pk))
                .key("sk", text("meta"));
            assert!(get.send().await.unwrap().item.is_some());
        }
    })
    .await;
    let begun = Instant::now();
    server.engine.sweep().await.unwrap();
    println!("sweep: {:?}", begun.elapsed());
    server.close().await;
}
