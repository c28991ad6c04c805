//! The public verify function under load, beside what the table below it can do at all.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use kernel::Envelope;
use localstack::{Home, Stack};
use platform::{Key, Record, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use crate::load::{Rate, load, rate, turns};
use crate::pipeline::{issue, open};
use crate::statistics::median;

const CONNECTIONS: usize = 32;
/// Issued documents over which the requests are spread.
const DOCUMENTS: usize = 256;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);

/// Prints the rates of all, and what they are of the table's.
pub(crate) fn measure() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let stack = Arc::new(open(&home).await);
        let links = tokio::spawn(links(stack.events()));
        issue(&stack, &home, "izin", DOCUMENTS).await;
        let paths = links.await.unwrap();
        let ids: Vec<String> = paths.iter().map(|path| id_in(path)).collect();

        let raw = ids.iter().map(|id| get_item(&stack, &home, id)).collect();
        let pages = paths.iter().map(|path| get(&stack, path)).collect();
        let entries = ids.iter().map(|id| get(&stack, &format!("/api/v1/documents/{id}")));
        let contenders: [(&str, Contender); 4] = [
            ("GetItem, signed once", Contender::Http(raw)),
            (
                "GetItem through the SDK",
                Contender::Sdk(ids.iter().map(|id| key(id)).collect()),
            ),
            ("GET /v/<id>/<h>", Contender::Http(pages)),
            ("GET /api/v1/documents/<id>", Contender::Http(entries.collect())),
        ];
        let mut rates = contenders.each_ref().map(|_| Vec::<Rate>::new());
        // In turns, so that what else the machine does falls on all alike.
        for _ in 0..ROUNDS {
            for ((_, contender), rates) in contenders.iter().zip(&mut rates) {
                rates.push(contender.load(&stack).await);
            }
        }
        report(contenders.each_ref().map(|(name, _)| *name), &rates);
        Arc::into_inner(stack).expect("all requests have ended").stop().await;
    });
}

/// What is asked over and over.
enum Contender {
    Http(Arc<[Request<Full<Bytes>>]>),
    Sdk(Arc<[Key]>),
}

impl Contender {
    async fn load(&self, stack: &Stack) -> Rate {
        match self {
            Self::Http(requests) => load(stack.address, CONNECTIONS, ROUND, requests).await,
            Self::Sdk(keys) => find(&stack.table().unwrap(), keys).await,
        }
    }
}

/// The reads of as many tasks as there are connections, each by itself.
async fn find(table: &Table, keys: &Arc<[Key]>) -> Rate {
    let until = Instant::now() + ROUND;
    let clients = (0..CONNECTIONS).map(|task| {
        let (table, keys) = (table.clone(), keys.clone());
        async move {
            let mut times = Vec::new();
            for key in turns(&keys, task, CONNECTIONS) {
                if Instant::now() >= until {
                    break;
                }
                let before = Instant::now();
                table.find::<Row>(key).await.unwrap().unwrap();
                times.push(before.elapsed().as_secs_f64() * 1000.0);
            }
            times
        }
    });
    rate(clients).await
}

/// Whatever a row holds.
#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    #[serde(flatten)]
    rest: Value,
}

impl Record for Row {
    fn key(&self) -> Key {
        key(&self.id)
    }
}

fn key(id: &str) -> Key {
    Key::state("public", "document", id)
}

/// The paths of the verification links of all documents.
async fn links(mut events: Receiver<Arc<Envelope<Value>>>) -> Vec<String> {
    let mut paths = Vec::new();
    while paths.len() < DOCUMENTS {
        let event = events.recv().await.unwrap();
        if event.event_type.as_str() == "document.issued" {
            let link = event.data.get("verify_url").and_then(Value::as_str).unwrap();
            let path = link.splitn(4, '/').nth(3).unwrap();
            paths.push(format!("/{path}"));
        }
    }
    paths
}

fn id_in(path: &str) -> String {
    let id = path.split('/').nth(2).and_then(|id| id.strip_prefix('1'));
    id.unwrap().to_owned()
}

fn report(names: [&str; 4], rates: &[Vec<Rate>; 4]) {
    println!(
        "\nverify, {DOCUMENTS} documents, {CONNECTIONS} connections on loopback, {ROUNDS} rounds of {} s in turns, medians; client in the same process",
        ROUND.as_secs()
    );
    println!(
        "{:<28} {:>10} {:>9} {:>9} {:>14}",
        "request", "per second", "p50", "p99", "of the table's"
    );
    let mut table = None;
    for (name, rates) in names.iter().zip(rates) {
        let middle = |of: fn(&Rate) -> f64| median(&mut rates.iter().map(of).collect::<Vec<_>>());
        let rate = middle(|rate| rate.per_second);
        let table = *table.get_or_insert(rate);
        println!(
            "{name:<28} {rate:>10.0} {:>6.2} ms {:>6.2} ms {:>13.0}%",
            middle(|rate| rate.p50_ms),
            middle(|rate| rate.p99_ms),
            100.0 * rate / table
        );
    }
    println!("(aim: at least 50%)");
}

fn get(stack: &Stack, path: &str) -> Request<Full<Bytes>> {
    let request = Request::get(path).header("host", stack.address.to_string());
    request.body(Full::default()).unwrap()
}

/// The read that verifying needs, as any AWS client would send it. Signed once, so that the client's work is no part
/// of what is measured.
fn get_item(stack: &Stack, home: &Home, id: &str) -> Request<Full<Bytes>> {
    let Key { pk, sk } = key(id);
    let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
    let body = json!({ "TableName": "absah-main-table", "Key": key, "ConsistentRead": true }).to_string();
    let connection = home.connection(&stack.endpoint());
    let of = |name: &str| connection.get(name).unwrap().clone();
    let credentials = Credentials::new(of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY"), None, None, "home");
    let (identity, region) = (credentials.into(), of("AWS_REGION"));
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("dynamodb");
    let parameters = parameters
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let headers = [
        ("host", stack.address.to_string()),
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amz-target", "DynamoDB_20120810.GetItem".to_owned()),
    ];
    let signable = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let signable = SignableRequest::new("POST", stack.endpoint(), signable, SignableBody::Bytes(body.as_bytes()));
    let (instructions, _signature) = sign(signable.unwrap(), &parameters.into()).unwrap().into_parts();
    let mut request = Request::post("/").body(Full::new(Bytes::from(body))).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    instructions.apply_to_request_http1x(&mut request);
    request
}
