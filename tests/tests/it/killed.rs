//! Exactly one effect on a site whose functions are processes: they are killed, and messages repeat and overtake.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use kernel::Envelope;
use platform::Queues;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::messages::{history, parked, types};
use crate::support::site::{Description, alone_on, described};
use crate::support::{Place, Site, TENANT, assert_issued_once, blocking, note_skipped, sample, send};

const DOCUMENTS: usize = 40;
/// Processes that are killed in all; deliveries that a dead process leaves behind come again within seconds.
const KILLS: usize = 40;
const BETWEEN_KILLS: Duration = Duration::from_millis(250);
/// The steps that queues trigger, with the types of the events that they get.
const STEPS: [(&str, &[&str]); 5] = [
    ("import", &["document.detected"]),
    ("advance-approval", &["document.imported"]),
    ("track-approval", &["approval.opened"]),
    ("sign", &["approval.approved"]),
    ("stamp", &["document.signed"]),
];

/// Processes that run functions of the MiniStack at `endpoint`, which keeps their programs in a folder named after its port.
fn function_processes(endpoint: &str) -> Vec<u32> {
    let (_, port) = endpoint.rsplit_once(':').unwrap();
    let folder = format!("ministack-provided-code-{port}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        // A process may end while it is looked at.
        let program = std::fs::read_link(entry.path().join("exe")).unwrap_or_default();
        if program.iter().any(|part| part == folder.as_str()) {
            found.push(id);
        }
    }
    found
}

/// Kills one function's process now and then, until everything is done; how many it killed.
async fn kill_now_and_then(endpoint: &str, random: &mut StdRng, done: &AtomicBool) -> usize {
    let mut killed = 0;
    while killed < KILLS && !done.load(Ordering::Relaxed) {
        tokio::time::sleep(BETWEEN_KILLS).await;
        if let Some(process) = function_processes(endpoint).choose(random) {
            let status = Command::new("kill").args(["-KILL", &process.to_string()]).status();
            killed += usize::from(status.unwrap().success());
        }
    }
    killed
}

/// Asks SQS for something that no function may. MiniStack reads the credential's scope and checks no signature.
fn ask(description: &Description, operation: &str, body: &Value) -> Value {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential={}/20260105/{}/sqs/aws4_request, SignedHeaders=host, Signature=0",
        description.access_key_id, description.region
    );
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", operation),
        ("authorization", scope.as_str()),
    ];
    let (status, answer) = send(&description.endpoint, &headers, body.to_string().as_bytes());
    assert_eq!(status, 200, "{answer}");
    answer
}

/// For how long a delivery keeps a message of a queue from others, in seconds.
fn visibility(description: &Description, queue: &str) -> String {
    let names = json!({ "QueueUrl": queue, "AttributeNames": ["VisibilityTimeout"] });
    let answer = ask(description, "AmazonSQS.GetQueueAttributes", &names);
    answer["Attributes"]["VisibilityTimeout"].as_str().unwrap().to_owned()
}

fn set_visibility(description: &Description, queue: &str, seconds: &str) {
    let attributes = json!({ "QueueUrl": queue, "Attributes": { "VisibilityTimeout": seconds } });
    ask(description, "AmazonSQS.SetQueueAttributes", &attributes);
}

/// Queues whose deliveries, where they were left behind, come again after three seconds instead of minutes.
struct Hurried {
    description: Description,
    /// Each queue, and how it was before.
    before: Vec<(String, String)>,
}

impl Hurried {
    fn new(description: Description, queues: &[String]) -> Self {
        let before: Vec<_> = queues
            .iter()
            .map(|queue| (queue.clone(), visibility(&description, queue)))
            .collect();
        let hurried = Self { description, before };
        for queue in queues {
            set_visibility(&hurried.description, queue, "3");
        }
        hurried
    }
}

impl Drop for Hurried {
    /// Others use the site afterwards, whatever became of this test.
    fn drop(&mut self) {
        for (queue, seconds) in &self.before {
            set_visibility(&self.description, queue, seconds);
        }
    }
}

/// Approves until the answer is a decision: the process that was asked may die.
async fn approve(site: &Site, id: &str) {
    site.wait("the decision", async || {
        let (status, answer) = site.decide(id, "k-1", &json!({ "verdict": "approve" })).await;
        let comes_again = status >= 500 || answer["code"] == "idempotency.in_progress";
        assert!(status == 200 || comes_again, "{status} {answer}");
        (status == 200).then_some(())
    })
    .await;
}

/// Each event once more, twice over, in any order, to the step that it is for.
async fn repeat_everything(site: &Site, random: &mut StdRng, ids: &[String]) {
    let mut again: Vec<(&str, Value)> = Vec::new();
    for id in ids {
        let both = [
            history(site, TENANT, "document", id).await,
            history(site, TENANT, "approval", id).await,
        ];
        for event in both.iter().flatten() {
            let step = STEPS
                .iter()
                .find(|(_, types)| types.contains(&event.event_type.as_str()));
            let Some((step, _)) = step else { continue };
            let body = serde_json::to_value(event).unwrap();
            again.extend(std::iter::repeat_n((*step, body), random.random_range(1..=2)));
        }
    }
    again.shuffle(random);
    for (step, body) in again {
        site.hand(step, &[body]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_documents_end_once_each_although_processes_die_and_messages_repeat() {
    let Some(described) = described().filter(|site| site.kind == "ministack") else {
        note_skipped("functions are no processes of this machine; exactly_once makes them die at chosen effects");
        return;
    };
    let (site, _nobody) = alone_on(described.clone()).await;
    let mut urls = Vec::new();
    for step in STEPS.iter().map(|(step, _)| *step).chain(["detect"]) {
        urls.push(site.queue(step).await);
    }
    let (asked, queues) = (described.clone(), urls.clone());
    let _hurried = blocking(move || Hurried::new(asked, &queues)).await;
    let mut random = StdRng::seed_from_u64(20_260_105);
    let (done, issued) = (AtomicBool::new(false), AtomicUsize::new(0));

    let documents = join_all((0..DOCUMENTS).map(async |index| {
        let name = format!("izin-{index:03}");
        let id = site.submit(&name, sample(), &[("number", &name)]).await;
        approve(&site, &id).await;
        site.event(&id, "document.issued").await;
        if issued.fetch_add(1, Ordering::Relaxed) + 1 == DOCUMENTS {
            done.store(true, Ordering::Relaxed);
        }
        id
    }));
    let (ids, killed) = tokio::join!(documents, kill_now_and_then(&described.endpoint, &mut random, &done));
    assert!(killed >= 10, "only {killed} processes were killed");

    repeat_everything(&site, &mut random, &ids).await;
    let queues = Queues::new(&site.environment().aws);
    for url in &urls {
        site.wait("an empty queue", async || {
            (queues.depth(url).await.unwrap() == [0, 0, 0]).then_some(())
        })
        .await;
    }

    let mut expected = BTreeSet::new();
    for id in &ids {
        let of_document = history(&site, TENANT, "document", id).await;
        assert_issued_once(&types(&of_document));
        let of_approval: Vec<Envelope<Value>> = history(&site, TENANT, "approval", id).await;
        assert_eq!(types(&of_approval), ["approval.opened", "approval.approved"], "{id}");
        expected.extend(["original", "signed", "final"].map(|stage| format!("{TENANT}/documents/{id}/{stage}.pdf")));
    }
    let ours = |file: &String| {
        ids.iter()
            .any(|id| Path::new(file).iter().any(|part| part == id.as_str()))
    };
    let versions: Vec<_> = site
        .files()
        .list_versions("")
        .await
        .unwrap()
        .into_iter()
        .filter(ours)
        .collect();
    let files: BTreeSet<_> = versions.iter().cloned().collect();
    assert_eq!(versions.len(), files.len(), "a file was written twice");
    assert_eq!(files, expected, "files without a document, or documents without files");
    for (step, _) in STEPS {
        let mut parked = parked(&site, step).await;
        // Other tests of the site make steps park.
        parked.retain(|row| ids.iter().any(|id| row.body.contains(id.as_str())));
        assert!(parked.is_empty(), "{step} parked {parked:?}");
    }
}
