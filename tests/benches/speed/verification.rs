//! The public verify function under load, beside what the table below it can do at all.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use localstack::{Home, Stack};
use serde_json::json;

use crate::load::{Rate, load};
use crate::pipeline::{issue, open};
use crate::statistics::median;

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(3);

/// Prints the rates of both, and their ratio.
pub(crate) fn measure() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let stack = Arc::new(open(&home).await);
        let mut events = stack.events();
        issue(&stack, &home, "izin", 1).await;
        let link = loop {
            let event = events.recv().await.unwrap();
            if event.event_type.as_str() == "document.issued" {
                break event.data["verify_url"].as_str().unwrap().to_owned();
            }
        };
        let path = link.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap();
        let id = path
            .split('/')
            .nth(2)
            .and_then(|id| id.strip_prefix('1'))
            .unwrap()
            .to_lowercase();
        let contenders = [
            ("GetItem, signed once", get_item(&stack, &home, &id)),
            ("GET /v/<id>/<h>", get(&stack, &path)),
            (
                "GET /api/v1/documents/<id>",
                get(&stack, &format!("/api/v1/documents/{id}")),
            ),
        ];
        let mut rates = contenders.each_ref().map(|_| Vec::<Rate>::new());
        // In turns, so that what else the machine does falls on all alike.
        for _ in 0..ROUNDS {
            for ((_, request), rates) in contenders.iter().zip(&mut rates) {
                rates.push(load(stack.address, CONNECTIONS, ROUND, request).await);
            }
        }
        report(contenders.map(|(name, _)| name), &rates);
        Arc::into_inner(stack).expect("all requests have ended").stop().await;
    });
}

fn report(names: [&str; 3], rates: &[Vec<Rate>; 3]) {
    println!(
        "\nverify, {CONNECTIONS} connections on loopback, {ROUNDS} rounds of {} s in turns, medians; client in the same process",
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
    let key = json!({ "pk": { "S": format!("public#document#{id}") }, "sk": { "S": "state" } });
    let body = json!({ "TableName": "absah-main-table", "Key": key }).to_string();
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
