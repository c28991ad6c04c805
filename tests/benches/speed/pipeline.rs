//! The whole pipeline, durable on disk: small permits from the inbox to issued, in one process with its storage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use kernel::Envelope;
use localstack::{Home, Stack, StackOptions};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;

use crate::load::Client;
use crate::process::{cpu_seconds, forget_peak, memory, peak_memory};
use crate::statistics::percentile;

const DOCUMENTS: usize = 1000;
/// Documents that are issued before the clock starts: the first signature of a process collects entropy.
const WARM_UP: usize = 20;
/// Uploads at the same time.
const UPLOADS: usize = 8;
const PATIENCE: Duration = Duration::from_mins(2);
const SAMPLE: &[u8] = include_bytes!("../../../events/samples/permit.pdf");

/// Prints the rate, the memory, and where the time went.
pub(crate) fn measure() {
    let folder = tempfile::tempdir_in(std::env::var_os("CARGO_TARGET_TMPDIR").unwrap_or(".".into())).unwrap();
    let log = folder.path().join("bench.log");
    platform::log_to(File::create(&log).unwrap(), "warn,platform::function=info");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let run = runtime.block_on(run(folder.path()));
    report(run, &steps(&log));
}

struct Run {
    seconds: f64,
    cpu: f64,
    /// From the upload of each document to its issue, in seconds.
    latencies: Vec<f64>,
    /// After each tenth of the documents, in MiB.
    memory: Vec<f64>,
    peak: f64,
}

async fn run(folder: &Path) -> Run {
    let home = Home::open(folder).unwrap();
    let stack = open(&home).await;
    let stack = Arc::new(stack);
    issue(&stack, &home, "warm", WARM_UP).await;
    forget_peak();
    let cpu = cpu_seconds();
    let begun = Instant::now();
    let (latencies, memory) = issue(&stack, &home, "izin", DOCUMENTS).await;
    let run = Run {
        seconds: begun.elapsed().as_secs_f64(),
        cpu: cpu_seconds() - cpu,
        latencies,
        memory,
        peak: peak_memory(),
    };
    Arc::into_inner(stack)
        .expect("all uploads and decisions have ended")
        .stop()
        .await;
    run
}

/// A stack that keeps everything on disk.
pub(crate) async fn open(home: &Home) -> Stack {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = StackOptions {
        home: home.clone(),
        in_memory: false,
        public_url: None,
        // One official decides about all of them.
        parameters: [(
            "RateLimits".to_owned(),
            r#"{"write":1000000,"tenant":1000000}"#.to_owned(),
        )]
        .into(),
        triggers: true,
        effect_hook: None,
    };
    Stack::start(listener, options).await.unwrap()
}

/// Uploads `count` permits, approves each as soon as its approval is open, and returns when all are issued: the time
/// that each took, and the memory in use after each tenth.
pub(crate) async fn issue(stack: &Arc<Stack>, home: &Home, name: &str, count: usize) -> (Vec<f64>, Vec<f64>) {
    let events = stack.events();
    let approving = tokio::spawn(approve_all(stack.clone(), home.demo_token().unwrap(), events, count));
    let uploads = futures::stream::iter(0..count).map(|index| {
        let (stack, key) = (stack.clone(), format!("contoh/loket/{name}-{index:04}.pdf"));
        async move {
            let inbox = stack.inbox();
            let at = Instant::now();
            let sample = Bytes::from_static(SAMPLE);
            inbox
                .drop_off("inbox", &key, "application/pdf", BTreeMap::new(), sample)
                .await
                .unwrap();
            (key, at)
        }
    });
    let uploaded: BTreeMap<_, _> = uploads.buffer_unordered(UPLOADS).collect().await;
    let (issued, memory) = approving.await.unwrap();
    let latencies = issued
        .into_iter()
        .map(|(key, at)| (at - *uploaded.get(&key).unwrap()).as_secs_f64());
    (latencies.collect(), memory)
}

async fn approve_all(
    stack: Arc<Stack>,
    token: String,
    mut events: Receiver<Arc<Envelope<Value>>>,
    count: usize,
) -> (BTreeMap<String, Instant>, Vec<f64>) {
    let mut keys = BTreeMap::new();
    let (mut issued, mut samples) = (BTreeMap::new(), Vec::new());
    let mut decisions = tokio::task::JoinSet::new();
    while issued.len() < count {
        let event = tokio::time::timeout(PATIENCE, events.recv())
            .await
            .expect("the pipeline is stuck")
            .unwrap();
        match event.event_type.as_str() {
            "document.detected" => {
                let key = event.data.get("key").and_then(Value::as_str).unwrap();
                keys.insert(event.subject.clone(), key.to_owned());
            }
            "approval.opened" => {
                decisions.spawn(approve(stack.clone(), token.clone(), event.subject.clone()));
            }
            "document.issued" => {
                issued.insert(keys.remove(&event.subject).unwrap(), Instant::now());
                if issued.len() % (count / 10).max(1) == 0 {
                    samples.push(memory());
                }
            }
            "document.quarantined" => panic!("a permit was refused: {}", event.data),
            _ => {}
        }
    }
    decisions.join_all().await;
    (issued, samples)
}

/// As an official's browser would: over HTTP.
async fn approve(stack: Arc<Stack>, token: String, document: String) {
    let request = http::Request::post(format!("/lambda-url/decide/approvals/{document}/decisions"))
        .header("host", stack.address.to_string())
        .header("authorization", format!("Bearer {token}"))
        .header("idempotency-key", "bench")
        .body(http_body_util::Full::new(Bytes::from_static(
            br#"{"verdict":"approve"}"#,
        )))
        .unwrap();
    let mut client = Client::connect(stack.address).await;
    client.ask(request).await;
    client.close().await;
}

/// What a step did: how often, and how long in all.
#[derive(Default)]
struct StepTime {
    handled: usize,
    milliseconds: f64,
}

/// From the log, where each handled message has its step and its time.
fn steps(log: &Path) -> BTreeMap<String, StepTime> {
    #[derive(Deserialize)]
    struct Line {
        span: Span,
        #[serde(rename = "event.duration_ms")]
        milliseconds: f64,
    }
    #[derive(Deserialize)]
    struct Span {
        step: String,
    }
    let mut steps = BTreeMap::<String, StepTime>::new();
    for line in BufReader::new(File::open(log).unwrap()).lines() {
        let Ok(line) = serde_json::from_str::<Line>(&line.unwrap()) else {
            continue;
        };
        let step = steps.entry(line.span.step).or_default();
        step.handled += 1;
        step.milliseconds += line.milliseconds;
    }
    steps
}

fn report(mut run: Run, steps: &BTreeMap<String, StepTime>) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "\npipeline, {DOCUMENTS} permits of {} bytes, durable on disk, everything and its client in one process",
        SAMPLE.len()
    );
    println!(
        "{:.0} documents/s (aim: 40): {:.1} s; processor {:.1} s, {:.0}% of {cores} cores, {:.1} ms a document",
        DOCUMENTS as f64 / run.seconds,
        run.seconds,
        run.cpu,
        100.0 * run.cpu / (run.seconds * cores as f64),
        1000.0 * run.cpu / DOCUMENTS as f64
    );
    println!(
        "inbox to issued with {DOCUMENTS} waiting: p50 {:.2} s, p99 {:.2} s",
        percentile(&mut run.latencies, 50),
        percentile(&mut run.latencies, 99)
    );
    let samples: Vec<_> = run.memory.iter().map(|mib| format!("{mib:.0}")).collect();
    println!(
        "memory after each {} documents, MiB: {}; peak {:.0}",
        DOCUMENTS / 10,
        samples.join(" "),
        run.peak
    );
    println!(
        "{:<18} {:>8} {:>10} {:>10} {:>7}",
        "step", "messages", "ms each", "s in all", "share"
    );
    let all: f64 = steps.values().map(|step| step.milliseconds).sum();
    for (name, step) in steps {
        println!(
            "{name:<18} {:>8} {:>10.2} {:>10.1} {:>6.0}%",
            step.handled,
            step.milliseconds / step.handled as f64,
            step.milliseconds / 1000.0,
            100.0 * step.milliseconds / all
        );
    }
    println!("(a step's time includes waiting for storage and for other messages that are handled at the same time)");
}
