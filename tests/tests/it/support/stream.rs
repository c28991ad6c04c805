//! The table's stream, read as the event source of a function reads it.

use kernel::Envelope;
use localstack::Stack;
use platform::{Cursor, StreamRecord, Streams};
use serde_json::Value;

/// A place in the table's stream.
pub(crate) struct StreamPlace {
    streams: Streams,
    cursors: Vec<Cursor>,
}

impl StreamPlace {
    /// The place before the first change.
    pub(crate) async fn open(stack: &Stack) -> Self {
        let streams = Streams::new(&stack.environment.aws);
        let arn = streams.find("absah-main-table").await.unwrap();
        let mut cursors = Vec::new();
        for shard in streams.shards(&arn).await.unwrap() {
            cursors.push(streams.seek(&arn, &shard, None).await.unwrap());
        }
        Self { streams, cursors }
    }

    /// The changes since the last call, as DynamoDB tells of them.
    pub(crate) async fn read(&mut self) -> Vec<Value> {
        let mut records = Vec::new();
        let mut next = Vec::new();
        for cursor in std::mem::take(&mut self.cursors) {
            let page = self.streams.read(&cursor, 1000).await.unwrap();
            records.extend(page.records);
            next.extend(page.next);
        }
        self.cursors = next;
        records
    }

    /// The events that were recorded since the last call, oldest first.
    pub(crate) async fn events(&mut self) -> Vec<Envelope<Value>> {
        self.read().await.iter().filter_map(envelope).collect()
    }
}

/// The event that a change of the table records, if it does.
pub(crate) fn envelope(record: &Value) -> Option<Envelope<Value>> {
    serde_json::from_value::<StreamRecord>(record.clone())
        .unwrap()
        .envelope()
}
