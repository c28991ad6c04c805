//! Where Absah is deployed: in memory in this process, or wherever `ABSAH_SITE` says.
//!
//! `ABSAH_SITE` names a file as `localstack/deploy --json` prints it. Tests that use a site reach it as anybody does,
//! over S3, DynamoDB, SQS and HTTP, and say the same of every site.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use documents::Document;
use kernel::Envelope;
use localstack::{Home, Stack};
use platform::{Environment, Inbox, Parking, Queues, Settings, Table, Vault};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::messages::{history, parked};
use super::{DEMO_KEY, Newest, PATIENCE, TENANT, blocking, drop_pdf, file, home, send, stack};

/// Longer than any step takes where functions are processes that start, and that are killed: a command whose process died
/// is free again after a minute, and a message whose function died comes again after six at most.
const PATIENCE_ELSEWHERE: Duration = Duration::from_mins(8);
/// Who kills functions is alone on the site.
static OTHERS: RwLock<()> = RwLock::const_new(());

/// How long to wait between two looks at what a site has done.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Storage that tests look into.
pub(crate) trait Place {
    /// Its connections.
    fn environment(&self) -> &Environment;
    /// Its table.
    fn rows(&self) -> Table;
    /// Its vault.
    fn files(&self) -> Vault;
    /// The inbox, and its bucket.
    fn drop_box(&self) -> (Inbox, String);
    /// What a document is called there: on a site that tests share, each test has names of its own.
    fn name(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl Place for Stack {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn rows(&self) -> Table {
        self.table().unwrap()
    }

    fn files(&self) -> Vault {
        self.vault()
    }

    fn drop_box(&self) -> (Inbox, String) {
        (self.inbox(), self.inbox_bucket.clone())
    }
}

/// A deployed Absah.
pub(crate) struct Site {
    environment: Environment,
    inbox: String,
    vault: String,
    /// Keys and tokens of its officials.
    pub(crate) home: Home,
    pub(crate) verify: String,
    pub(crate) decide: String,
    pub(crate) detect: String,
    pub(crate) letters: String,
    /// What its queues' names begin with.
    stack_name: String,
    /// What this test's names end with.
    mark: String,
    patience: Duration,
    stack: Option<Stack>,
    _among_others: Option<RwLockReadGuard<'static, ()>>,
}

/// A site as `localstack/deploy` describes it.
#[derive(Clone, Deserialize)]
pub(crate) struct Description {
    /// `ministack`, where functions are processes of this machine; something else elsewhere.
    #[serde(default)]
    pub(crate) kind: String,
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) access_key_id: String,
    secret_access_key: String,
    pub(crate) stack: String,
    table: String,
    inbox: String,
    vault: String,
    urls: Urls,
    /// The folder of its keys.
    pub(crate) data: PathBuf,
}

#[derive(Clone, Deserialize)]
struct Urls {
    verify: String,
    decide: String,
    detect: String,
    letters: String,
}

/// The tests that are skipped on a site elsewhere, and why.
pub(crate) const SKIPPED_ELSEWHERE: &str = include_str!("../../../skipped-elsewhere.txt");

/// The site that `ABSAH_SITE` describes.
pub(crate) fn described() -> Option<Description> {
    let file = std::env::var_os("ABSAH_SITE")?;
    let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(serde_json::from_slice(&text).unwrap())
}

/// Whether the tests run on a site elsewhere, where this one, for the reason given, says nothing. Only a test that is
/// expected to is skipped there.
pub(crate) fn skipped_elsewhere(reason: &str) -> bool {
    let elsewhere = std::env::var_os("ABSAH_SITE").is_some();
    if elsewhere {
        let skipped = note_skipped(reason);
        let expected = SKIPPED_ELSEWHERE.lines().any(|line| line == skipped);
        assert!(expected, "tests/skipped-elsewhere.txt has no line: {skipped}");
    }
    elsewhere
}

/// Notes by name that this test is skipped, in the file that `ABSAH_SKIPPED` names or else where its caller sees it: what is
/// printed is shown of failed tests only.
pub(crate) fn note_skipped(reason: &str) -> String {
    let thread = std::thread::current();
    let skipped = format!("{}: {reason}", thread.name().unwrap_or_default());
    match std::env::var_os("ABSAH_SKIPPED") {
        Some(file) => {
            let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
            file.write_all(format!("{skipped}\n").as_bytes()).unwrap();
        }
        None => std::io::stderr()
            .write_all(format!("SKIPPED {skipped}\n").as_bytes())
            .unwrap(),
    }
    skipped
}

/// The site that the tests run on: one of its own in memory, unless `ABSAH_SITE` names another.
pub(crate) async fn site() -> Site {
    match described() {
        Some(description) => {
            let others = OTHERS.read().await;
            Site::elsewhere(description, Some(others))
        }
        None => Site::in_memory().await,
    }
}

/// The site that `description` describes, with nobody else on it.
pub(crate) async fn alone_on(description: Description) -> (Site, RwLockWriteGuard<'static, ()>) {
    let nobody = OTHERS.write().await;
    (Site::elsewhere(description, None), nobody)
}

impl Site {
    async fn in_memory() -> Self {
        let stack = stack(true, None).await;
        Self {
            environment: stack.environment.clone(),
            inbox: stack.inbox_bucket.clone(),
            vault: stack.vault_bucket.clone(),
            home: home().clone(),
            verify: stack.endpoint(),
            decide: format!("{}/lambda-url/decide", stack.endpoint()),
            detect: format!("{}/lambda-url/detect", stack.endpoint()),
            letters: format!("{}/lambda-url/letters", stack.endpoint()),
            stack_name: "absah".to_owned(),
            mark: String::new(),
            patience: PATIENCE,
            stack: Some(stack),
            _among_others: None,
        }
    }

    fn elsewhere(site: Description, others: Option<RwLockReadGuard<'static, ()>>) -> Self {
        let settings: Settings = [
            ("AWS_ENDPOINT_URL", site.endpoint),
            ("AWS_REGION", site.region),
            ("AWS_ACCESS_KEY_ID", site.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", site.secret_access_key),
            ("TABLE_NAME", site.table),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
        let environment = Environment::connect(settings).unwrap();
        Self {
            mark: format!("-{}", environment.ids.document_id()),
            environment,
            inbox: site.inbox,
            vault: site.vault,
            home: Home::open(&site.data).unwrap(),
            verify: site.urls.verify,
            decide: site.urls.decide,
            detect: site.urls.detect,
            letters: site.urls.letters,
            stack_name: site.stack,
            patience: PATIENCE_ELSEWHERE,
            stack: None,
            _among_others: others,
        }
    }

    /// Looks again and again until `look` finds something.
    pub(crate) async fn wait<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(self.patience, found)
            .await
            .unwrap_or_else(|_| panic!("{what} did not come"))
    }

    /// The URL of a step's queue.
    pub(crate) async fn queue(&self, step: &str) -> String {
        let queues = Queues::new(&self.environment.aws);
        let (url, _) = queues.locate(&format!("{}-{step}", self.stack_name)).await.unwrap();
        url
    }

    /// Puts messages into a step's queue.
    pub(crate) async fn hand(&self, step: &str, messages: &[Value]) {
        let bodies: Vec<_> = messages.iter().map(Value::to_string).collect();
        let queues = Queues::new(&self.environment.aws);
        queues.send(&self.queue(step).await, &bodies).await.unwrap();
    }

    /// Waits until a step has parked `count` messages that hold `mark`: others share the site.
    pub(crate) async fn parked(&self, step: &str, mark: &str, count: usize) -> Vec<Parking> {
        self.wait("what is parked", async || {
            let mut rows = parked(self, step).await;
            rows.retain(|row| row.body.contains(mark));
            assert!(rows.len() <= count, "{step} parked more than {count}");
            (rows.len() == count).then_some(rows)
        })
        .await
    }

    /// Waits for an event of a document or of its approval.
    pub(crate) async fn event(&self, id: &str, event_type: &str) -> Envelope<Value> {
        let (kind, _) = event_type.split_once('.').unwrap();
        self.wait(event_type, async || {
            let events = history(self, TENANT, kind, id).await;
            events.into_iter().find(|event| event.event_type.as_str() == event_type)
        })
        .await
    }

    /// Drops a PDF under a name that this test did not use before; the document's id.
    pub(crate) async fn drop_new(&self, name: &str, bytes: Bytes, metadata: &[(&str, &str)]) -> String {
        drop_pdf(self, name, bytes, metadata).await;
        let key = Newest::key_of(&self.name(name));
        let newest = self
            .wait("the document", async || self.rows().find::<Newest>(&key).await.unwrap())
            .await;
        newest.value.document_id.to_string()
    }

    /// As [`Self::drop_new`], until the document awaits its approval.
    pub(crate) async fn submit(&self, name: &str, bytes: Bytes, metadata: &[(&str, &str)]) -> String {
        let id = self.drop_new(name, bytes, metadata).await;
        self.event(&id, "approval.opened").await;
        id
    }

    /// The demo official decides, over HTTP: status and answer.
    pub(crate) async fn decide(&self, id: &str, key: &str, decision: &Value) -> (u16, Value) {
        let (url, body) = (
            format!("{}/approvals/{id}/decisions", self.decide),
            decision.to_string(),
        );
        let authorization = format!("Bearer {}", self.home.demo_token().unwrap());
        let key = key.to_owned();
        blocking(move || {
            let headers = [
                ("authorization", authorization.as_str()),
                (DEMO_KEY, &key),
                ("content-type", "application/json"),
            ];
            send(&url, &headers, body.as_bytes())
        })
        .await
    }

    /// Takes a PDF all the way.
    pub(crate) async fn issue(&self, name: &str, bytes: Bytes, metadata: &[(&str, &str)]) -> Issued {
        let id = self.submit(name, bytes, metadata).await;
        let (status, answer) = self.decide(&id, "k-1", &json!({ "verdict": "approve" })).await;
        assert_eq!(status, 200, "{answer}");
        self.issued(id).await
    }

    /// Waits until an approved document is issued.
    pub(crate) async fn issued(&self, id: String) -> Issued {
        let issued = self.event(&id, "document.issued").await;
        Issued {
            link: issued.data["verify_url"].as_str().unwrap().to_owned(),
            signed: file(self, &id, "signed").await,
            sealed: file(self, &id, "final").await,
            id,
        }
    }

    /// Stops it, if it is this test's own.
    pub(crate) async fn stop(self) {
        if let Some(stack) = self.stack {
            stack.stop().await;
        }
    }
}

impl Place for Site {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn rows(&self) -> Table {
        self.environment.table().unwrap()
    }

    fn files(&self) -> Vault {
        Vault::new(&self.environment.aws, self.vault.clone())
    }

    fn drop_box(&self) -> (Inbox, String) {
        (Inbox::new(&self.environment.aws), self.inbox.clone())
    }

    fn name(&self, name: &str) -> String {
        format!("{name}{}", self.mark)
    }
}

/// An issued document.
pub(crate) struct Issued {
    pub(crate) id: String,
    pub(crate) link: String,
    pub(crate) signed: Bytes,
    pub(crate) sealed: Bytes,
}

/// A document as it is stored.
pub(crate) async fn document(place: &impl Place, id: &str) -> Document {
    let key = Document::key_of(&super::tenant(), id.parse().unwrap());
    place.rows().load::<Document>(key).await.unwrap().value
}
