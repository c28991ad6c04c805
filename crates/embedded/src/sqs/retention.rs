//! Messages leave when they are older than their queue keeps them.

use rusqlite::params;

use super::error::SqsError;
use crate::store::Store;

/// Messages in one transaction.
const STEP: i64 = 500;

/// Deletes what is too old at `now_ms`; gives the number of messages deleted.
///
/// Receiving never hands out such a message; this frees the space of those that nobody receives.
pub(super) async fn sweep(store: &Store, now_ms: i64) -> Result<usize, SqsError> {
    let mut deleted = 0;
    loop {
        // Looked for beside the writer: only the deletes have to wait for it.
        let old: Vec<(i64, i64)> = store
            .read(move |db| {
                let rows = db
                    .prepare_cached(
                        "SELECT m.id, m.sent_ms FROM sqs_messages m JOIN sqs_queues q ON q.id = m.queue
                         WHERE m.sent_ms + q.retention_s * 1000 <= ?1 LIMIT ?2",
                    )?
                    .query_map([now_ms, STEP], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<Result<Vec<_>, _>>()?;
                Ok::<_, SqsError>(rows)
            })
            .await?;
        if old.is_empty() {
            return Ok(deleted);
        }
        deleted += store
            .write(move |tx| {
                let mut deleted = 0;
                for (id, sent_ms) in old {
                    // A message that was moved meanwhile has a new time of sending.
                    deleted += tx
                        .prepare_cached("DELETE FROM sqs_messages WHERE id = ?1 AND sent_ms = ?2")?
                        .execute(params![id, sent_ms])?;
                }
                Ok::<_, SqsError>(deleted)
            })
            .await?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::BTreeMap;

    use super::super::names::Account;
    use super::super::{SCHEMA, enqueue, queues, receive};
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    #[tokio::test]
    async fn a_message_too_old_is_neither_received_nor_kept() {
        let store = Store::in_memory(&[SCHEMA]).unwrap();
        store
            .write(|tx| {
                let account = Account {
                    region: "r".to_owned(),
                    id: "0".to_owned(),
                };
                let attributes = BTreeMap::from([("MessageRetentionPeriod".to_owned(), "60".to_owned())]);
                for name in ["received", "left"] {
                    queues::create(tx, name, &attributes, &BTreeMap::new(), &account, 0)?;
                    enqueue(tx, name, "old", 0)?;
                    enqueue(tx, name, "new", 1)?;
                }
                Ok::<_, SqsError>(())
            })
            .await
            .unwrap();

        let look = store
            .write(|tx| receive::look(tx, "received", &receive::Wanted::ten(), ToOwned::to_owned, MINUTE_MS))
            .await
            .unwrap();
        let bodies: Vec<_> = look.messages.iter().map(|message| message.body.as_str()).collect();
        assert_eq!(bodies, ["new"]);

        assert_eq!(sweep(&store, MINUTE_MS).await.unwrap(), 1);
        assert_eq!(sweep(&store, MINUTE_MS + 1).await.unwrap(), 2);
        assert_eq!(sweep(&store, MINUTE_MS * 9).await.unwrap(), 0);
    }
}
