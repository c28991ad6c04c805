//! The table in which dynoxide keeps stream records, tended from a connection of our own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};

/// `DynamoDB` promises 24 hours. An office's machine may be off over the longest holidays of the year, and the relay must
/// still find its outbox rows when it is switched on again.
const RETENTION_S: i64 = 30 * 24 * 60 * 60;
/// Records in one transaction, so that requests do not wait long.
const STEP: i64 = 1000;

pub(super) struct Streams(Mutex<Connection>);

impl Streams {
    /// Opens the database `name`, which dynoxide has made.
    pub(super) fn open(name: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(name)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // dynoxide compares sequence numbers as numbers but stores text: only an index on the same expression is used.
        connection.execute_batch(
            "CREATE INDEX IF NOT EXISTS stream_records_in_order
                 ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Deletes what is too old at `now_s`; gives the number of records.
    ///
    /// The newest record stays, however old: the next sequence number follows from it even if the clock was set back.
    pub(super) fn trim(&self, now_s: i64) -> rusqlite::Result<usize> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut trimmed = 0;
        loop {
            let step = connection
                .prepare_cached(
                    "DELETE FROM _stream_records WHERE id IN (SELECT id FROM _stream_records ORDER BY id LIMIT ?1)
                        AND created_at < ?2 AND id < (SELECT max(id) FROM _stream_records)",
                )?
                .execute(params![STEP, now_s.saturating_sub(RETENTION_S)])?;
            if step == 0 {
                return Ok(trimmed);
            }
            trimmed += step;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use dynoxide::Database;

    use super::*;

    fn plan(connection: &Connection, sql: &str) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn neither_a_write_nor_a_read_of_a_stream_scans_all_records() {
        let name = "file:/stream-plan?vfs=memdb";
        let _database = Database::new(name).unwrap();
        let streams = Streams::open(name).unwrap();
        let connection = streams.0.lock().unwrap();

        let next =
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 't'";
        let read = "SELECT event_name FROM _stream_records
                    WHERE table_name = 't' AND shard_id = 's' AND CAST(sequence_number AS INTEGER) > 5
                    ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 10";
        for sql in [next, read] {
            let plan = plan(&connection, sql);
            assert!(
                plan.contains("SEARCH _stream_records USING") && plan.contains("stream_records_in_order"),
                "{plan}"
            );
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    #[test]
    fn old_records_go_and_the_newest_stays() {
        let name = "file:/stream-trim?vfs=memdb";
        let _database = Database::new(name).unwrap();
        let streams = Streams::open(name).unwrap();
        {
            let connection = streams.0.lock().unwrap();
            for (number, created_at) in [(1, 0), (2, 100), (3, RETENTION_S), (4, 50)] {
                connection
                    .execute(
                        "INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                         VALUES ('t', 'INSERT', '{}', ?1, 's', ?2)",
                        params![number.to_string(), created_at],
                    )
                    .unwrap();
            }
        }

        assert_eq!(streams.trim(RETENTION_S + 200).unwrap(), 2);

        let connection = streams.0.lock().unwrap();
        let mut statement = connection
            .prepare("SELECT sequence_number FROM _stream_records ORDER BY id")
            .unwrap();
        let left: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(left, ["3", "4"]);
    }
}
