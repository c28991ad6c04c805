//! Whatever anybody does to the rows of a chain is found, and the first row that is concerned is named.

use audit::{Flaw, Head, Row, Verification};
use platform::{Indexes, Key, Record, Table};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::support::{Office, at, tenant};

/// A row of whatever content.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    key: Key,
    indexes: Indexes,
    data: Value,
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = Key {
            pk: String::new(),
            sk: String::new(),
        };
        Value::deserialize(deserializer).map(|data| Self::at(key, data))
    }
}

impl Record for Raw {
    fn key(&self) -> Key {
        self.key.clone()
    }

    fn indexes(&self) -> Indexes {
        self.indexes.clone()
    }
}

impl Raw {
    pub(crate) fn at(key: Key, data: Value) -> Self {
        Self {
            key,
            indexes: Indexes::default(),
            data,
        }
    }

    fn of<T: Record>(record: &T) -> Self {
        Self {
            key: record.key(),
            indexes: record.indexes(),
            data: serde_json::to_value(record).unwrap(),
        }
    }

    /// Puts the row there, at a version, whatever was there before.
    pub(crate) async fn stand(&self, table: &Table, version: u64) {
        table.transaction().overwrite(self).unwrap().commit().await.unwrap();
        for before in 1..version {
            table
                .transaction()
                .update(self, before)
                .unwrap()
                .commit()
                .await
                .unwrap();
        }
    }

    /// All rows that differ from this one in one byte of their JSON and can be stored.
    fn with_one_byte_changed(&self) -> Vec<Self> {
        let text = self.data.to_string();
        let mut changed = Vec::new();
        for at in 0..text.len() {
            for bit in [1, 0x20] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= bit;
                let data = String::from_utf8(bytes)
                    .ok()
                    .and_then(|text| serde_json::from_str::<Value>(&text).ok());
                if let Some(data) = data.filter(|data| *data != self.data) {
                    changed.push(Self { data, ..self.clone() });
                }
            }
        }
        changed
    }
}

fn broken(sequence: u64, flaw: Flaw) -> Verification {
    Verification::Broken { sequence, flaw }
}

async fn intact(office: &Office) {
    assert!(matches!(office.verify().await, Verification::Verified { rows: 5, .. }));
}

async fn remove(office: &Office, key: &Key, version: u64) {
    let transaction = office.table.transaction().remove(key, version).unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_byte_that_is_changed_anywhere_in_any_row_is_found_and_the_row_is_named() {
    let office = Office::with_five_rows().await;
    let mut tried = 0;
    for row in office.rows_of("karo").await {
        let original = Raw::of(&row);
        let variants = original.with_one_byte_changed();
        assert!(variants.len() > original.data.to_string().len());
        for variant in variants {
            variant.stand(&office.table, 1).await;
            assert_eq!(
                office.verify().await,
                broken(row.sequence, Flaw::Altered),
                "{}",
                variant.data
            );
            tried += 1;
        }
        original.stand(&office.table, 1).await;
        intact(&office).await;
    }
    assert!(tried > 2_500, "{tried}");
}

#[tokio::test]
async fn a_byte_that_is_changed_anywhere_in_the_head_is_found() {
    let office = Office::with_five_rows().await;
    let original = Raw::of(&office.head().await);
    let variants = original.with_one_byte_changed();
    assert!(variants.len() > 150);
    for variant in variants {
        variant.stand(&office.table, 5).await;
        let found = office.verify().await;
        assert!(matches!(found, Verification::Broken { .. }), "{}", variant.data);
    }
    original.stand(&office.table, 5).await;
    intact(&office).await;
}

#[tokio::test]
async fn attributes_beside_the_data_are_guarded_too() {
    let office = Office::with_five_rows().await;
    let rows = office.rows_of("karo").await;
    let original = Raw::of(&rows[1]);
    let other = Raw::of(&rows[3]).indexes;
    let without = |indexes| Raw {
        indexes,
        ..original.clone()
    };
    // Hidden from a search by actor, or listed under somebody else.
    for indexes in [
        Indexes::default(),
        other.clone(),
        Indexes {
            gsi2: None,
            ..original.indexes.clone()
        },
    ] {
        without(indexes).stand(&office.table, 1).await;
        assert_eq!(office.verify().await, broken(2, Flaw::Altered));
    }
    original.stand(&office.table, 2).await;
    assert_eq!(office.verify().await, broken(2, Flaw::Altered), "another version");
    // The service itself would remove it.
    let expiring = office.table.transaction().overwrite(&original).unwrap();
    expiring.expires(at("2026-03-01T00:00:00Z")).commit().await.unwrap();
    assert_eq!(office.verify().await, broken(2, Flaw::Altered), "it expires");
    original.stand(&office.table, 1).await;
    intact(&office).await;
    // A head that was written anew.
    Raw::of(&office.head().await).stand(&office.table, 4).await;
    assert_eq!(office.verify().await, broken(1, Flaw::Head));
}

#[tokio::test]
async fn a_row_that_is_removed_is_named_be_it_the_first_the_last_or_any_other() {
    let office = Office::with_five_rows().await;
    for row in office.rows_of("karo").await {
        remove(&office, &row.key(), 1).await;
        assert_eq!(office.verify().await, broken(row.sequence, Flaw::Missing));
        Raw::of(&row).stand(&office.table, 1).await;
    }
    intact(&office).await;
    for cut in [&[4_u64, 5][..], &[1, 2, 3], &[1, 2, 3, 4, 5]] {
        let rows = office.rows_of("karo").await;
        let gone = rows.iter().filter(|row| cut.contains(&row.sequence));
        for row in gone.clone() {
            remove(&office, &row.key(), 1).await;
        }
        assert_eq!(office.verify().await, broken(cut[0], Flaw::Missing));
        for row in gone {
            Raw::of(row).stand(&office.table, 1).await;
        }
    }
    intact(&office).await;
}

#[tokio::test]
async fn a_head_that_is_removed_or_set_back_is_found() {
    let office = Office::with_five_rows().await;
    let head = office.head().await;
    let rows = office.rows_of("karo").await;
    remove(&office, &Head::key_of(&tenant()), 5).await;
    assert_eq!(office.verify().await, broken(1, Flaw::Head));
    // As it was after the fourth row.
    let earlier = Head {
        sequence: 4,
        hash: rows[3].hash,
        ..head.clone()
    };
    Raw::of(&earlier).stand(&office.table, 4).await;
    assert_eq!(office.verify().await, broken(5, Flaw::Inserted));
    Raw::of(&head).stand(&office.table, 5).await;
    intact(&office).await;
}

#[tokio::test]
async fn two_rows_that_change_places_are_found_at_the_first_of_them() {
    let office = Office::with_five_rows().await;
    let rows = office.rows_of("karo").await;
    for first in 0..rows.len() {
        for second in first + 1..rows.len() {
            let (one, other) = (&rows[first], &rows[second]);
            // Their contents alone, and then as if each had been recorded in the place of the other.
            let moved = |row: &Row, place: &Row| Raw {
                key: place.key(),
                ..Raw::of(row)
            };
            moved(one, other).stand(&office.table, 1).await;
            moved(other, one).stand(&office.table, 1).await;
            assert_eq!(office.verify().await, broken(one.sequence, Flaw::Altered));
            let renamed = |row: &Row, place: &Row| {
                let mut row = Row {
                    sequence: place.sequence,
                    time: place.time,
                    ..row.clone()
                };
                row.hash = row.digest();
                Raw::of(&row)
            };
            renamed(one, other).stand(&office.table, 1).await;
            renamed(other, one).stand(&office.table, 1).await;
            let found = office.verify().await;
            assert!(
                matches!(found, Verification::Broken { sequence, .. } if sequence >= one.sequence),
                "{found:?}"
            );
            for row in [one, other] {
                Raw::of(row).stand(&office.table, 1).await;
            }
        }
    }
    intact(&office).await;
}

#[tokio::test]
async fn a_row_that_is_put_in_is_found_wherever_it_is() {
    let office = Office::with_five_rows().await;
    let rows = office.rows_of("karo").await;
    let forged = |sequence: u64, time: &str| {
        let head = Head {
            sequence: sequence - 1,
            ..Head::begin(tenant())
        };
        let (_, row) = head.append(rows[0].event_id, at(time), rows[0].entry.clone());
        row
    };
    // At the end; in another month under a place that is taken; in a month that has none.
    let cases = [
        (forged(6, "2026-02-01T00:20:00Z"), broken(6, Flaw::Inserted)),
        (forged(2, "2026-02-01T00:20:00Z"), broken(2, Flaw::Inserted)),
        (forged(9, "2026-02-01T00:20:00Z"), broken(6, Flaw::Inserted)),
    ];
    for (row, expected) in cases {
        Raw::of(&row).stand(&office.table, 1).await;
        assert_eq!(office.verify().await, expected);
        remove(&office, &row.key(), 1).await;
    }
    // Between two places, before the first, and under names that are no place.
    for (sk, sequence) in [
        ("00000000000000000002x", 3),
        ("00000000000000000000", 0),
        ("", 1),
        ("zzz", 6),
        ("0", 0),
    ] {
        let sk = if sk.is_empty() { "!" } else { sk };
        let key = Key {
            pk: "karo#audit#2026-01".into(),
            sk: sk.into(),
        };
        Raw::at(key.clone(), json!({ "a": 1 })).stand(&office.table, 1).await;
        assert_eq!(office.verify().await, broken(sequence, Flaw::Inserted), "{sk}");
        remove(&office, &key, 1).await;
    }
    intact(&office).await;
}

#[tokio::test]
async fn rows_that_were_rewritten_with_fitting_digests_do_not_fit_the_head_nor_one_that_was_noted() {
    let office = Office::with_five_rows().await;
    let Verification::Verified { head: noted, .. } = office.verify().await else {
        panic!("the chain is intact");
    };
    let rows = office.rows_of("karo").await;
    for from in 0..rows.len() {
        let mut head = Head::begin(tenant());
        for (index, row) in rows.iter().enumerate() {
            let entry = if index >= from {
                row.entry.replace("ani", "siti").replace("budi", "siti")
            } else {
                row.entry.clone()
            };
            let (next, row) = head.append(row.event_id, row.time, entry);
            Raw::of(&row).stand(&office.table, 1).await;
            head = next;
        }
        assert_eq!(office.verify().await, broken(5, Flaw::Head));
    }
    // Whoever can rewrite the head as well is found by whoever noted it down before.
    let mut head = Head::begin(tenant());
    for row in &rows {
        let entry = row.entry.replace("ani", "siti").replace("budi", "siti");
        let (next, row) = head.append(row.event_id, row.time, entry);
        Raw::of(&row).stand(&office.table, 1).await;
        head = next;
    }
    Raw::of(&head).stand(&office.table, 5).await;
    let Verification::Verified { head: forged, .. } = office.verify().await else {
        panic!("it fits by itself");
    };
    assert_ne!(forged, noted);
}
