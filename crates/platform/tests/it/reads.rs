//! Reads that travel together, against the embedded engine behind a gate that counts and holds them.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use embedded::Engine;
use futures::future::join_all;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kernel::Fault;
use platform::{Environment, Key, Record, Stored, Table, TableError};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::{Counter, engine, environment_at};

/// A test that waits for so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Counts `BatchGetItem` requests and, while it is shut, holds their answers: what the engine has read by then stays read.
#[derive(Clone)]
struct Gate {
    read: Arc<AtomicUsize>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn shut() -> Self {
        Self {
            read: Arc::default(),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    fn open(&self) {
        self.open.add_permits(1000);
    }

    fn count(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    /// Waits until the engine has carried out `count` reads.
    async fn has_seen(&self, count: usize) {
        let seen = async {
            while self.count() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap();
    }

    async fn serve(self, engine: Engine, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let (gate, engine) = (self.clone(), engine.clone());
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let (gate, engine) = (gate.clone(), engine.clone());
                async move {
                    let target = request.headers().get("x-amz-target");
                    let counts = target.is_some_and(|target| target.as_bytes().ends_with(b".BatchGetItem"));
                    let response = engine.handle(request).await;
                    if counts {
                        gate.read.fetch_add(1, Ordering::SeqCst);
                        gate.open.acquire().await.unwrap().forget();
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }
}

async fn gated(gate: &Gate) -> Environment {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(gate.clone().serve(engine().await, listener));
    environment_at(&endpoint).await
}

fn counter(index: usize, count: u64) -> Counter {
    let id = format!("{index:03}");
    Counter { id, count }
}

async fn store(table: &Table, count: usize) {
    for index in 0..count {
        let transaction = table.transaction().insert(&counter(index, 1)).unwrap();
        transaction.commit().await.unwrap();
    }
}

fn key(index: usize) -> Key {
    Key::state("karo", "counter", &format!("{index:03}"))
}

type Answer = Result<Option<Stored<Counter>>, TableError>;
type Asked = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Asks; returns when the question is put and unanswered.
fn ask(table: &Table, index: usize) -> Asked {
    let table = table.clone();
    let mut asked: Asked = Box::pin(async move { table.find_together(&key(index)).await });
    assert!(
        asked
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    asked
}

/// As many reads as may be under way, of rows 0 and 1, each for whoever asked for it.
async fn under_way(gate: &Gate, table: &Table) -> Vec<Asked> {
    let first = ask(table, 0);
    gate.has_seen(1).await;
    let second = ask(table, 1);
    gate.has_seen(2).await;
    vec![first, second]
}

fn value(answer: Answer) -> Option<Counter> {
    answer.unwrap().map(|stored| stored.value)
}

#[tokio::test]
async fn those_who_ask_while_reads_are_under_way_share_the_next_and_each_gets_its_own_row() {
    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    store(&table, 20).await;
    let mut asked = under_way(&gate, &table).await;
    // Some ask for the same row, some for one that is not there.
    asked.extend((0..60).map(|index| ask(&table, index % 30)));
    gate.open();
    let answers = join_all(asked).await;

    assert_eq!(gate.count(), 3);
    let expected = [0, 1].into_iter().chain((0..60).map(|index| index % 30));
    for (answer, index) in answers.into_iter().zip(expected) {
        assert_eq!(value(answer), (index < 20).then(|| counter(index, 1)), "{index}");
    }
}

#[tokio::test]
async fn whoever_asks_after_a_write_sees_it_even_if_older_reads_are_still_under_way() {
    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    store(&table, 2).await;
    let before = under_way(&gate, &table).await;
    let transaction = table.transaction().update(&counter(0, 2), 1).unwrap();
    transaction.commit().await.unwrap();
    let after = ask(&table, 0);
    gate.open();

    for (index, answer) in join_all(before).await.into_iter().enumerate() {
        assert_eq!(value(answer), Some(counter(index, 1)));
    }
    assert_eq!(value(after.await), Some(counter(0, 2)));
}

#[tokio::test]
async fn whoever_goes_away_takes_nobodys_answer_along_and_costs_no_read_if_it_had_not_begun() {
    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    store(&table, 3).await;
    let first = under_way(&gate, &table).await;
    let (leaving, staying) = (ask(&table, 2), ask(&table, 2));
    // Both of those at work and one of those who wait.
    drop((first, leaving));
    gate.open();
    assert_eq!(value(staying.await), Some(counter(2, 1)));

    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    let first = under_way(&gate, &table).await;
    drop(ask(&table, 2));
    gate.open();
    join_all(first).await;
    assert_eq!(value(table.find_together(&key(0)).await), None);
    assert_eq!(gate.count(), 3);
}

#[tokio::test]
async fn more_rows_than_one_request_may_name_all_arrive() {
    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    store(&table, 250).await;
    let asked: Vec<_> = (0..250).map(|index| ask(&table, index)).collect();
    gate.open();
    for (index, answer) in join_all(asked).await.into_iter().enumerate() {
        assert_eq!(value(answer), Some(counter(index, 1)));
    }
    assert_eq!(gate.count(), 3);
}

/// A row that is nearly as large as a row may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Large {
    id: String,
    text: String,
}

impl Record for Large {
    fn key(&self) -> Key {
        Key::state("karo", "large", &self.id)
    }
}

#[tokio::test]
async fn rows_that_the_service_leaves_out_are_asked_for_again() {
    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    // 50 of them are more than the 16 MB after which the service leaves rows out.
    let large = |index: usize| Large {
        id: index.to_string(),
        text: "x".repeat(390_000),
    };
    for index in 0..50 {
        let transaction = table.transaction().insert(&large(index)).unwrap();
        transaction.commit().await.unwrap();
    }
    let before = under_way(&gate, &table).await;
    let finds = (0..50).map(|index| {
        let (table, key) = (table.clone(), large(index).key());
        async move { table.find_together::<Large>(&key).await }
    });
    gate.open();
    let (_, answers) = tokio::join!(join_all(before), join_all(finds));
    for (index, answer) in answers.into_iter().enumerate() {
        assert!(
            answer.unwrap().is_some_and(|stored| stored.value == large(index)),
            "{index}"
        );
    }
    assert_eq!(gate.count(), 4);
}

#[tokio::test]
async fn an_error_reaches_all_who_asked_and_the_next_read_is_made_anew() {
    let gate = Gate::shut();
    let environment = gated(&gate).await;
    let missing = Table::new(&environment.aws, "absah-no-such-table".to_owned());
    let asked: Vec<_> = (0..10).map(|index| ask(&missing, index)).collect();
    gate.open();
    for answer in join_all(asked).await {
        let error = answer.unwrap_err();
        assert_eq!(error.code(), "table.unavailable");
        let chain = format!("{error:?}");
        assert!(chain.contains("ResourceNotFound"), "{chain}");
    }
    let seen = gate.count();
    assert_eq!(
        missing.find_together::<Counter>(&key(0)).await.unwrap_err().code(),
        "table.unavailable"
    );
    assert_eq!(gate.count(), seen + 1);
}

#[tokio::test]
async fn a_key_that_the_service_refuses_spoils_nobody_elses_read() {
    let gate = Gate::shut();
    let table = gated(&gate).await.table().unwrap();
    store(&table, 3).await;
    let mut asked = under_way(&gate, &table).await;
    let too_long = Key::state("karo", "counter", &"a".repeat(3000));
    let refused = table.find_together::<Counter>(&too_long);
    asked.push(ask(&table, 2));
    assert_eq!(refused.await.unwrap_err().code(), "table.unavailable");
    gate.open();
    for (index, answer) in join_all(asked).await.into_iter().enumerate() {
        assert_eq!(value(answer), Some(counter(index, 1)));
    }
}
