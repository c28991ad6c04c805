//! The database behind S3 and SQS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use embedded::{Store, StoreError, Tx};
use tokio::task::JoinSet;

use crate::Folder;

const SCHEMA: &[&str] = &["CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"];

async fn add(store: &Store, text: &str) -> Result<(), StoreError> {
    let text = text.to_owned();
    store.write(move |tx| insert(tx, &text)).await
}

fn insert(tx: &Tx<'_>, text: &str) -> Result<(), StoreError> {
    tx.execute("INSERT INTO entries (text) VALUES (?1)", [text])?;
    Ok(())
}

async fn entries(store: &Store) -> Vec<String> {
    store
        .read(|db| {
            let mut query = db.prepare("SELECT text FROM entries ORDER BY id")?;
            Ok::<_, StoreError>(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap()
}

fn both(folder: &Folder) -> [Store; 2] {
    [
        Store::in_memory(SCHEMA).unwrap(),
        Store::open(&folder.path().join("db"), SCHEMA).unwrap(),
    ]
}

#[tokio::test]
async fn a_write_is_seen_by_the_next_read_and_by_the_next_opening() {
    let folder = Folder::new();
    for store in both(&folder) {
        add(&store, "a").await.unwrap();
        assert_eq!(entries(&store).await, ["a"]);
    }
    let again = Store::open(&folder.path().join("db"), SCHEMA).unwrap();
    assert_eq!(entries(&again).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_or_panics_takes_no_other_down() {
    let folder = Folder::new();
    for store in both(&folder) {
        let mut jobs = JoinSet::new();
        for n in 0..300 {
            let store = store.clone();
            jobs.spawn(async move {
                store
                    .write(move |tx| {
                        insert(tx, &format!("{n:03}"))?;
                        match n % 3 {
                            0 => Ok(()),
                            1 => insert(tx, &format!("{n:03}")),
                            _ => panic!("job {n}"),
                        }
                    })
                    .await
            });
        }
        let failed = jobs.join_all().await.into_iter().filter(Result::is_err).count();

        assert_eq!(failed, 200);
        let kept = entries(&store).await;
        assert_eq!(kept.len(), 100);
        assert!(kept.iter().all(|text| text.parse::<u32>().unwrap() % 3 == 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_has_read_still_holds_when_it_writes() {
    let folder = Folder::new();
    for store in both(&folder) {
        let mut jobs = JoinSet::new();
        for _ in 0..200 {
            let store = store.clone();
            jobs.spawn(async move {
                store
                    .write(|tx| {
                        let count: i64 = tx.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?;
                        insert(tx, &count.to_string())
                    })
                    .await
            });
        }
        assert!(jobs.join_all().await.into_iter().all(|result| result.is_ok()));
        let expected: Vec<String> = (0..200).map(|n| n.to_string()).collect();
        assert_eq!(entries(&store).await, expected);
    }
}

#[tokio::test]
async fn effects_and_wake_ups_follow_commits_only() {
    let store = Store::in_memory(SCHEMA).unwrap();
    let mut changes = store.subscribe("topic");
    let effects = Arc::new(AtomicUsize::new(0));
    let job = |fail: bool, touch: bool| {
        let effects = Arc::clone(&effects);
        move |tx: &Tx<'_>| {
            tx.after_commit(move || {
                effects.fetch_add(1, Ordering::SeqCst);
            });
            if touch {
                tx.touch("topic");
            }
            if fail { Err(StoreError::Closed) } else { Ok(()) }
        }
    };

    store.write(job(true, false)).await.unwrap_err();
    store.write(job(false, false)).await.unwrap();
    assert!(!changes.has_changed().unwrap());
    assert_eq!(effects.load(Ordering::SeqCst), 1);

    store.write(job(false, true)).await.unwrap();
    changes.changed().await.unwrap();
    assert_eq!(effects.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_folder_serves_one_process_at_a_time() {
    let folder = Folder::new();
    let path = folder.path().join("db");
    let first = Store::open(&path, SCHEMA).unwrap();
    assert!(matches!(Store::open(&path, SCHEMA), Err(StoreError::InUse(_))));
    drop(first);
    Store::open(&path, SCHEMA).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_writers_and_see_whole_transactions() {
    let folder = Folder::new();
    let store = Store::open(&folder.path().join("db"), SCHEMA).unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..100 {
                let pair = move |tx: &Tx<'_>| {
                    insert(tx, &format!("a{n}"))?;
                    insert(tx, &format!("b{n}"))
                };
                store.write(pair).await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        assert_eq!(entries(&store).await.len() % 2, 0);
    }
    writer.await.unwrap();
    assert_eq!(entries(&store).await.len(), 200);
}
