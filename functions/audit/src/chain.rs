//! One tenant's chain: rows that follow each other, and its head.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kernel::{EventId, Sha256Digest, TenantId};
use platform::{AuditEntry, Indexes, Key, Record};
use serde::{Deserialize, Serialize};

use crate::month::Month;

/// What the first row names as the digest of the one before it.
const BEFORE_THE_FIRST: Sha256Digest = Sha256Digest::from_bytes([0; 32]);

/// One row of a chain. Never changed, never removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Whose chain.
    pub tenant: TenantId,
    /// Its place, from 1.
    pub sequence: u64,
    /// When the action was taken.
    pub time: Timestamp,
    /// The event that told of it.
    pub event_id: EventId,
    /// The entry, as its canonical JSON text (RFC 8785): storage cannot respell it.
    pub entry: String,
    /// The digest of the row before it.
    pub previous: Sha256Digest,
    /// The digest of [`Row::canonical`].
    pub hash: Sha256Digest,
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose chain.
    pub tenant: TenantId,
    /// How many rows it has.
    pub sequence: u64,
    /// The digest of the last.
    pub hash: Sha256Digest,
    /// The months that have rows.
    pub months: BTreeSet<Month>,
}

/// That an event is in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) tenant: TenantId,
    pub(crate) event_id: EventId,
    /// Where.
    pub(crate) sequence: u64,
}

impl Head {
    /// The head of a chain that has no rows.
    #[must_use]
    pub fn begin(tenant: TenantId) -> Self {
        Self {
            tenant,
            sequence: 0,
            hash: BEFORE_THE_FIRST,
            months: BTreeSet::new(),
        }
    }

    /// Adds a row. `entry` is canonical JSON.
    #[must_use]
    pub fn append(&self, event_id: EventId, time: Timestamp, entry: String) -> (Self, Row) {
        let mut row = Row {
            tenant: self.tenant.clone(),
            sequence: self.sequence + 1,
            time,
            event_id,
            entry,
            previous: self.hash,
            hash: BEFORE_THE_FIRST,
        };
        row.hash = row.digest();
        let mut months = self.months.clone();
        months.insert(Month::of(time));
        let head = Self {
            tenant: row.tenant.clone(),
            sequence: row.sequence,
            hash: row.hash,
            months,
        };
        (head, row)
    }

    /// Where the head of a tenant's chain is.
    #[must_use]
    pub fn key_of(tenant: &TenantId) -> Key {
        Key {
            pk: format!("{tenant}#audit-head"),
            sk: "state".into(),
        }
    }
}

impl Row {
    /// The canonical JSON text (RFC 8785) of everything but the hash, with the entry as an object. Whoever exports rows
    /// can compute it with any tool.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self {
            tenant,
            sequence,
            time,
            event_id,
            entry,
            previous,
            hash: _,
        } = self;
        format!(
            r#"{{"entry":{entry},"event_id":"{event_id}","previous":"{previous}","sequence":{sequence},"tenant":"{tenant}","time":"{time}"}}"#
        )
    }

    /// What [`Row::hash`] must be.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.canonical().as_bytes())
    }

    /// The entry; none if the text is no entry.
    #[must_use]
    pub fn read_entry(&self) -> Option<AuditEntry> {
        serde_json::from_str(&self.entry).ok()
    }

    /// The partition of a month.
    #[must_use]
    pub fn partition(tenant: &TenantId, month: Month) -> String {
        format!("{tenant}#audit#{month}")
    }

    /// The partition of an actor's rows, in the first index.
    #[must_use]
    pub fn of_actor(tenant: &TenantId, id: &str) -> String {
        format!("{tenant}#audit-actor#{id}")
    }

    /// The partition of the rows of a resource, in the second index.
    #[must_use]
    pub fn of_resource(tenant: &TenantId, kind: &str, id: &str) -> String {
        format!("{tenant}#audit-resource#{kind}:{id}")
    }
}

impl Record for Row {
    fn key(&self) -> Key {
        Key {
            pk: Self::partition(&self.tenant, Month::of(self.time)),
            sk: format!("{:020}", self.sequence),
        }
    }

    fn indexes(&self) -> Indexes {
        let Some(entry) = self.read_entry() else {
            return Indexes::default();
        };
        // A fixed number of digits, so that text sorts as time does.
        let sk = format!("{:.9}#{:020}", self.time, self.sequence);
        Indexes {
            gsi1: Some(Key {
                pk: Self::of_actor(&self.tenant, &entry.actor.id),
                sk: sk.clone(),
            }),
            gsi2: Some(Key {
                pk: Self::of_resource(&self.tenant, &entry.resource.kind, &entry.resource.id),
                sk,
            }),
        }
    }
}

impl Record for Head {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant)
    }
}

impl Record for Seen {
    fn key(&self) -> Key {
        Key::state(self.tenant.as_str(), "audit-seen", &self.event_id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Ids, SequentialIds};
    use serde_json::{Value, json};

    use super::*;
    use crate::canonical;

    const ENTRY: &str = r#"{"action":"user.created","actor":{"id":"u1","kind":"person"},"outcome":"success","resource":{"id":"u2","kind":"user"}}"#;

    fn two_rows() -> (Head, Row, Row) {
        let ids = SequentialIds::default();
        let time: Timestamp = "2026-01-31T23:59:59.5Z".parse().unwrap();
        let later: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        let head = Head::begin("karo".parse().unwrap());
        let (head, first) = head.append(ids.event_id(time), time, ENTRY.into());
        let (head, second) = head.append(ids.event_id(later), later, ENTRY.into());
        (head, first, second)
    }

    #[test]
    fn each_row_holds_the_digest_of_the_one_before_it_and_the_head_that_of_the_last() {
        let (head, first, second) = two_rows();
        assert_eq!(first.previous, BEFORE_THE_FIRST);
        assert_eq!((second.previous, head.hash), (first.hash, second.hash));
        assert_eq!((first.sequence, second.sequence, head.sequence), (1, 2, 2));
        let months: Vec<_> = head.months.iter().map(Month::to_string).collect();
        assert_eq!(months, ["2026-01", "2026-02"]);
    }

    #[test]
    fn the_digest_is_over_the_canonical_form_of_the_row_with_its_entry_as_an_object() {
        let (_, first, _) = two_rows();
        let mut value = serde_json::to_value(&first).unwrap();
        value.as_object_mut().unwrap().remove("hash");
        value["entry"] = serde_json::from_str::<Value>(ENTRY).unwrap();
        assert_eq!(canonical::text(&value).unwrap(), first.canonical());
        assert_eq!(value["sequence"], json!(1));
        assert_eq!(first.hash, Sha256Digest::of(first.canonical().as_bytes()));
    }

    #[test]
    fn rows_are_kept_by_month_and_listed_by_actor_and_resource_in_the_order_of_time() {
        let (_, first, second) = two_rows();
        assert_eq!(first.key().pk, "karo#audit#2026-01");
        assert_eq!(second.key().sk, "00000000000000000002");
        let listed = |row: &Row| row.indexes().gsi1.unwrap();
        assert_eq!(listed(&first).pk, "karo#audit-actor#u1");
        assert_eq!(listed(&first).sk, "2026-01-31T23:59:59.500000000Z#00000000000000000001");
        assert!(listed(&first).sk < listed(&second).sk);
        assert_eq!(first.indexes().gsi2.unwrap().pk, "karo#audit-resource#user:u2");
    }
}
