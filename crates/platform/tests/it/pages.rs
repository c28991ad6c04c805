//! Lists in pages, by the table's own keys and by its indexes, and counters.

use std::collections::BTreeSet;

use jiff::Timestamp;
use platform::{Index, Indexes, Key, Page, Paging, Query, Record, Table};
use serde::{Deserialize, Serialize};

use crate::environment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Paper {
    id: u32,
}

impl Record for Paper {
    fn key(&self) -> Key {
        Key::state("karo", "paper", &self.id.to_string())
    }

    /// Every third is listed a second time.
    fn indexes(&self) -> Indexes {
        let listed = |pk: &str| Key {
            pk: pk.into(),
            sk: format!("{:04}", self.id),
        };
        Indexes {
            gsi1: Some(listed("karo#papers")),
            gsi2: self.id.is_multiple_of(3).then(|| listed("karo#thirds")),
        }
    }
}

async fn fifty_papers() -> Table {
    let table = environment().await.table().unwrap();
    for id in 0..50 {
        let transaction = table.transaction().insert(&Paper { id }).unwrap();
        transaction.commit().await.unwrap();
    }
    table
}

/// All pages, with how many rows each has.
async fn all(table: &Table, query: &Query<'_>, limit: u16) -> (Vec<u32>, Vec<usize>) {
    let (mut ids, mut lengths) = (Vec::new(), Vec::new());
    let mut paging = Paging::first(limit);
    loop {
        let Page::<Paper> { items, next } = table.page(query, &paging).await.unwrap();
        lengths.push(items.len());
        ids.extend(items.into_iter().map(|stored| stored.value.id));
        match next {
            Some(cursor) => paging = paging.at(cursor),
            None => return (ids, lengths),
        }
    }
}

/// More papers than are asked for at a time, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sheet {
    day: u32,
}

impl Record for Sheet {
    fn key(&self) -> Key {
        Key {
            pk: "karo#sheets".into(),
            sk: format!("until#{:04}", self.day),
        }
    }

    fn indexes(&self) -> Indexes {
        Indexes {
            gsi1: None,
            gsi2: Some(self.key()),
        }
    }
}

#[tokio::test]
async fn a_list_that_begins_at_a_day_has_all_that_comes_after_up_to_its_limit() {
    let table = environment().await.table().unwrap();
    for day in 0..230 {
        let transaction = table.transaction().insert(&Sheet { day }).unwrap();
        transaction.commit().await.unwrap();
    }
    for index in [Index::Main, Index::Gsi2] {
        let days = async |from: &str, limit: usize| {
            let rows = table
                .list_from::<Sheet>(index, "karo#sheets", from, limit)
                .await
                .unwrap();
            rows.into_iter().map(|stored| stored.value.day).collect::<Vec<_>>()
        };
        assert_eq!(days("until#0010", 1_000).await, (10..230).collect::<Vec<_>>());
        assert_eq!(days("until#0010", 150).await, (10..160).collect::<Vec<_>>());
        assert_eq!(days("until#0230", 150).await, Vec::<u32>::new());
    }
}

#[tokio::test]
async fn every_row_is_on_one_page_in_either_order() {
    let table = fifty_papers().await;
    let query = |ascending| Query {
        index: Index::Gsi1,
        pk: "karo#papers",
        prefix: "",
        ascending,
    };
    let (ids, lengths) = all(&table, &query(true), 20).await;
    assert_eq!((ids, lengths), ((0..50).collect(), vec![20, 20, 10]));
    let (ids, _) = all(&table, &query(false), 7).await;
    assert_eq!(ids, (0..50).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_index_lists_only_what_has_its_keys_and_begins_as_asked() {
    let table = fifty_papers().await;
    let query = |pk, prefix| Query {
        index: Index::Gsi2,
        pk,
        prefix,
        ascending: true,
    };
    let (thirds, _) = all(&table, &query("karo#thirds", ""), 100).await;
    assert_eq!(thirds, (0..50).step_by(3).collect::<Vec<_>>());
    let (twenties, _) = all(&table, &query("karo#thirds", "002"), 100).await;
    assert_eq!(twenties, [21, 24, 27]);
    let (foreign, _) = all(&table, &query("dairi#thirds", ""), 100).await;
    assert!(foreign.is_empty());
}

#[tokio::test]
async fn a_row_that_is_removed_is_in_no_list() {
    let table = fifty_papers().await;
    let removed = Paper { id: 7 }.key();
    table.transaction().remove(&removed, 1).unwrap().commit().await.unwrap();
    let query = Query {
        index: Index::Gsi1,
        pk: "karo#papers",
        prefix: "",
        ascending: true,
    };
    let (ids, _) = all(&table, &query, 100).await;
    assert_eq!(ids.len(), 49);
    assert!(!ids.contains(&7));
    let again = table.transaction().remove(&removed, 1).unwrap().commit().await;
    assert!(matches!(again, Err(platform::TableError::Conflict)));
}

#[tokio::test]
async fn a_counter_that_a_hundred_raise_at_once_counts_each() {
    let table = environment().await.table().unwrap();
    let key = Key::state("karo", "rate", "u");
    let raised = (0..100).map(|_| table.count(&key, Timestamp::UNIX_EPOCH));
    let raised = futures::future::try_join_all(raised).await.unwrap();
    assert_eq!(raised.into_iter().collect::<BTreeSet<_>>(), (1..=100).collect());
}
