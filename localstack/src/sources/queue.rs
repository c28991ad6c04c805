//! A queue as a function's trigger: batches, acknowledged but for the reported failures.

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::Fault;
use platform::{Function, Queues, ReceivedMessage};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// Batches of one queue that are handled at the same time.
const WORKERS: usize = 2;
/// How long one receive waits for a message.
const WAIT_SECONDS: i32 = 20;
/// The pause after the queue itself failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A queue that triggers a function, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueSource {
    pub(crate) arn: String,
    /// The most messages of one batch, 1 to 10.
    pub(crate) batch_size: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    batch_item_failures: Vec<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// Delivers the queue's messages to `function` until stopped; then finishes the batches at work.
pub(crate) async fn queue(
    queues: Queues,
    url: String,
    source: QueueSource,
    function: Function,
    stop: CancellationToken,
) {
    let workers = (0..WORKERS).map(|_| work(&queues, &url, &source, &function, &stop));
    futures::future::join_all(workers).await;
}

async fn work(queues: &Queues, url: &str, source: &QueueSource, function: &Function, stop: &CancellationToken) {
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = queues.receive(url, source.batch_size, WAIT_SECONDS) => received,
        };
        match received {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => deliver(queues, url, &source.arn, function, messages).await,
            Err(failure) => {
                warn!(
                    queue.url = url,
                    error.code = failure.code(),
                    error.chain = kernel::chain(&failure),
                    "a queue cannot be read"
                );
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}

async fn deliver(queues: &Queues, url: &str, arn: &str, function: &Function, messages: Vec<ReceivedMessage>) {
    let response = function
        .invoke(event(arn, &messages))
        .await
        .map(serde_json::from_value::<Response>);
    let failed: BTreeSet<String> = if let Ok(Ok(response)) = response {
        response
            .batch_item_failures
            .into_iter()
            .map(|failure| failure.item_identifier)
            .collect()
    } else {
        error!(queue.url = url, "a whole batch failed; it is delivered again");
        messages.iter().map(|message| message.message_id.clone()).collect()
    };
    let (again, done): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .partition(|message| failed.contains(&message.message_id));
    let handles: Vec<_> = done.into_iter().map(|message| message.receipt_handle).collect();
    if let Err(failure) = queues.delete(url, &handles).await {
        // They come again, which every step bears.
        warn!(
            queue.url = url,
            error.code = failure.code(),
            "handled messages could not be acknowledged"
        );
    }
    for message in again {
        if let Err(failure) = queues
            .release(url, &message.receipt_handle, backoff(message.receive_count))
            .await
        {
            warn!(
                queue.url = url,
                error.code = failure.code(),
                "a message comes again only after its timeout"
            );
        }
    }
}

/// Seconds before the next delivery: 1, 2, 4, ... up to a minute. Lambda would wait for the visibility timeout.
fn backoff(receive_count: u32) -> i32 {
    1 << receive_count.saturating_sub(1).min(6)
}

/// The batch as Lambda hands it to a function.
pub(crate) fn event(arn: &str, messages: &[ReceivedMessage]) -> Value {
    let region = arn.split(':').nth(3).unwrap_or_default();
    let record = |message: &ReceivedMessage| {
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": { "ApproximateReceiveCount": message.receive_count.to_string() },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": region,
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}
