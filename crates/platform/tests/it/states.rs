//! The states of all aggregates of a kind.

use std::collections::BTreeSet;

use kernel::Fault;
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::environment;

/// Rows that are large, so that a few of them are more than one page.
#[derive(Debug, Serialize, Deserialize)]
struct Large {
    kind: String,
    id: String,
    text: String,
}

impl Large {
    fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            text: "x".repeat(150_000),
        }
    }
}

impl Record for Large {
    fn key(&self) -> Key {
        Key::state("karo", &self.kind, &self.id)
    }
}

/// What is no [`Large`].
#[derive(Debug, Serialize, Deserialize)]
struct Other;

impl Record for Other {
    fn key(&self) -> Key {
        Key::state("karo", "large", "other")
    }
}

#[tokio::test]
async fn all_states_of_a_kind_are_found_page_by_page_and_one_that_cannot_be_read_hides_no_other() {
    let table = environment().await.table().unwrap();
    let ids: BTreeSet<String> = (0..12).map(|index| format!("l-{index:02}")).collect();
    for id in &ids {
        let transaction = table.transaction().insert(&Large::new("large", id)).unwrap();
        transaction.commit().await.unwrap();
    }
    let namesake = Large::new("small", "karo#large#1");
    let transaction = table.transaction().insert(&namesake).unwrap();
    transaction.insert(&Other).unwrap().commit().await.unwrap();

    let (mut found, mut unreadable, mut pages, mut after) = (BTreeSet::new(), Vec::new(), 0, None);
    loop {
        let page = table.states::<Large>("large", after.as_ref()).await.unwrap();
        pages += 1;
        for row in page.rows {
            match row {
                Ok(stored) => assert!(found.insert(stored.value.id), "told twice"),
                Err(error) => unreadable.push(error.code()),
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((found, unreadable), (ids, vec!["table.format"]));
    assert!(pages > 1);
}
