//! A table's stream as a function's trigger: in order, each batch again until the function takes it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kernel::Fault;
use platform::{Aws, Cursor, Function, StreamError, StreamRecord, Streams};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::EventFeed;

/// The pause when a shard had nothing new.
const IDLE: Duration = Duration::from_millis(15);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How often the stream is asked for shards that are new.
const LOOK_FOR_SHARDS: Duration = Duration::from_mins(1);

/// A stream with the places up to which it was delivered.
pub(crate) struct Stream {
    streams: Streams,
    arn: String,
    batch_size: i32,
    checkpoint: Option<PathBuf>,
    /// Shard id, and the sequence number of the last record that was delivered.
    delivered: BTreeMap<String, String>,
}

impl Stream {
    /// Finds the table's stream, and the places where an earlier process stopped.
    pub(crate) async fn open(
        aws: &Aws,
        table: &str,
        batch_size: i32,
        checkpoint: Option<PathBuf>,
    ) -> Result<Self, StreamError> {
        let streams = Streams::new(aws);
        let arn = streams.find(table).await?;
        let saved = checkpoint.as_ref().and_then(|path| std::fs::read(path).ok());
        // Without its checkpoint the stream is delivered from its beginning, which every step bears.
        let delivered = saved
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default();
        Ok(Self {
            streams,
            arn,
            batch_size,
            checkpoint,
            delivered,
        })
    }

    /// Delivers until stopped.
    pub(crate) async fn run(mut self, function: Function, feed: EventFeed, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(failure) = self.deliver(&function, &feed, &stop).await {
                warn!(
                    error.code = failure.code(),
                    error.chain = kernel::chain(&failure),
                    "the stream is read again from its last place"
                );
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }

    /// Delivers all shards until stopped, or until it is time to look for new ones.
    async fn deliver(
        &mut self,
        function: &Function,
        feed: &EventFeed,
        stop: &CancellationToken,
    ) -> Result<(), StreamError> {
        let mut open = Vec::<(String, Cursor)>::new();
        for shard in self.streams.shards(&self.arn).await? {
            let after = self.delivered.get(&shard).map(String::as_str);
            let cursor = self.streams.seek(&self.arn, &shard, after).await?;
            open.push((shard, cursor));
        }
        let look_again = tokio::time::Instant::now() + LOOK_FOR_SHARDS;
        while !stop.is_cancelled() && tokio::time::Instant::now() < look_again {
            let mut idle = true;
            let mut still_open = Vec::with_capacity(open.len());
            for (shard, cursor) in open {
                let page = self.streams.read(&cursor, self.batch_size).await?;
                if let Some(last) = page.last {
                    idle = false;
                    if !self.hand_over(page.records, function, feed).await {
                        // The same records again.
                        still_open.push((shard, cursor));
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    self.delivered.insert(shard.clone(), last);
                    self.save();
                }
                still_open.extend(page.next.map(|next| (shard, next)));
            }
            open = still_open;
            if idle {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(IDLE) => {}
                }
            }
        }
        Ok(())
    }

    /// Whether the function took the records.
    async fn hand_over(&self, records: Vec<Value>, function: &Function, feed: &EventFeed) -> bool {
        let events = records
            .iter()
            .filter_map(|record| serde_json::from_value::<StreamRecord>(record.clone()).ok());
        let events: Vec<_> = events.filter_map(|record| record.envelope()).collect();
        let taken = match function.invoke(json!({ "Records": records })).await {
            Ok(response) => response
                .get("batchItemFailures")
                .and_then(Value::as_array)
                .is_none_or(Vec::is_empty),
            Err(_) => false,
        };
        if taken {
            for event in events {
                feed.publish(event);
            }
        }
        taken
    }

    fn save(&self) {
        let Some(path) = &self.checkpoint else {
            return;
        };
        let beside = path.with_extension("new");
        let saved = serde_json::to_vec(&self.delivered).map_err(std::io::Error::other);
        let saved = saved
            .and_then(|json| std::fs::write(&beside, json))
            .and_then(|()| std::fs::rename(&beside, path));
        if let Err(failure) = saved {
            warn!(error.chain = %failure, "the place in the stream could not be kept; a restart delivers events again");
        }
    }
}
