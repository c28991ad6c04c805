//! How fast objects come and go, with the client on the same cores.

#![allow(clippy::print_stderr, reason = "the numbers are the result")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use super::{get, pattern, put, with_bucket};
use crate::{Folder, Server};

/// Runs `job` for each number below `count`, `at_once` at a time, and prints the rate.
async fn rate<F, J>(name: &str, count: usize, at_once: usize, job: J)
where
    F: Future<Output = ()> + Send,
    J: Fn(usize) -> F + Send + Sync + 'static,
{
    let (next, job) = (Arc::new(AtomicUsize::new(0)), Arc::new(job));
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (next, job) = (Arc::clone(&next), Arc::clone(&job));
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                job(number).await;
            }
        });
    }
    workers.join_all().await;
    let took = begun.elapsed();
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let per_second = count as f64 / took.as_secs_f64();
    eprintln!("{name:<44} {at_once:>3} at once {per_second:>9.0}/s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints numbers and takes a minute"]
async fn speed_of_objects() {
    let folder = Folder::new();
    for (place, server) in [
        ("memory", Server::in_memory().await),
        ("disk", Server::on(&folder).await),
    ] {
        let (_server, s3) = with_bucket(server).await;
        for size in [3_000, 60_000, 300_000] {
            let bytes = pattern(size);
            for at_once in [1, 32] {
                let (writer, reader, documents) = (s3.clone(), s3.clone(), s3.clone());
                let (sent, documents_sent) = (bytes.clone(), bytes.clone());
                let key = move |number: usize| format!("{size}/{at_once}/{number}");
                rate(&format!("{place}: put {size} bytes"), 1000, at_once, move |number| {
                    let (writer, sent) = (writer.clone(), sent.clone());
                    async move {
                        put(&writer, &key(number), sent).await;
                    }
                })
                .await;
                rate(&format!("{place}: get {size} bytes"), 1000, at_once, move |number| {
                    let reader = reader.clone();
                    async move {
                        assert_eq!(get(&reader, &key(number)).await.len(), size);
                    }
                })
                .await;
                rate(
                    &format!("{place}: 4 puts + 6 gets of {size} bytes"),
                    200,
                    at_once,
                    move |number| {
                        let (s3, sent) = (documents.clone(), documents_sent.clone());
                        async move {
                            for step in 0..4 {
                                put(
                                    &s3,
                                    &format!("documents/{size}/{at_once}/{number}/{step}"),
                                    sent.clone(),
                                )
                                .await;
                            }
                            for step in 0..6 {
                                get(&s3, &format!("documents/{size}/{at_once}/{number}/{}", step % 4)).await;
                            }
                        }
                    },
                )
                .await;
            }
        }
    }
}
