//! A stack in memory, and people who use it.

pub(crate) mod clock;
pub(crate) mod messages;
pub(crate) mod site;
pub(crate) mod stream;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use kernel::{DocumentId, TenantId};
use localstack::{Home, Stack, StackOptions};
use platform::{Environment, Settings};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) use site::{Issued, Place, Site, document, note_skipped, site, skipped_elsewhere};

/// Longer than any step takes; a test that waits for so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const TENANT: &str = "contoh";
/// The header that makes a command happen once.
pub(crate) const DEMO_KEY: &str = "idempotency-key";

/// Rate limits that no test reaches: their own tests set them.
pub(crate) const UNLIMITED: &str = r#"{"auth":1000000,"read":1000000,"write":1000000,"tenant":1000000}"#;

/// One set of development keys for all tests: making RSA keys takes long.
static HOME: LazyLock<(tempfile::TempDir, Home)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).unwrap();
    (folder, home)
});

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub(crate) fn home() -> &'static Home {
    &HOME.1
}

/// The folder of the site's development keys and secrets.
pub(crate) fn folder_of_home() -> PathBuf {
    site::described().map_or_else(|| HOME.0.path().to_owned(), |site| site.data)
}

/// One of the site's development keys, PEM: `token.pem` signs tokens, `token.pub.pem` checks them.
pub(crate) fn key_file(name: &str) -> String {
    std::fs::read_to_string(folder_of_home().join("keys").join(name)).unwrap()
}

/// The stack's connections with settings as a function of the template has them, and those of `own` besides.
pub(crate) fn environment(stack: &Stack, own: &[(&str, &str)]) -> Environment {
    let own = own
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let table = ("TABLE_NAME".to_owned(), "absah-main-table".to_owned());
    let rates = ("RATE_LIMITS".to_owned(), UNLIMITED.to_owned());
    let fields = folder_of_home().join("keys/fields.json").display().to_string();
    let fields = ("FIELD_KEYS_FILE".to_owned(), fields);
    let settings: Settings = home()
        .connection(&stack.endpoint())
        .into_iter()
        .chain([table, rates, fields])
        .chain(own)
        .collect();
    stack.environment.with_settings(settings)
}

pub(crate) fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

pub(crate) fn sample() -> Bytes {
    std::fs::read(root().join("events/samples/permit.pdf")).unwrap().into()
}

/// The python with the test tools, which `tests/run` installs.
pub(crate) fn python() -> PathBuf {
    let venv = std::env::var("ABSAH_VENV").expect("ABSAH_VENV is not set: run the tests with tests/run");
    Path::new(&venv).join("bin/python")
}

/// Runs a program to its end and returns its standard output; fails with its standard error.
pub(crate) fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new(&program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.as_ref().display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{} {arguments:?}: {errors}",
        program.as_ref().display()
    );
    output.stdout
}

/// The files of a folder of `events/`, sorted.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("events").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// A JSON file.
pub(crate) fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A schema of `events/schemas/`, ready to check with.
pub(crate) fn schema(name: &str) -> jsonschema::Validator {
    let schema = json_file(&root().join(format!("events/schemas/{name}.json")));
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// A stack in memory; with `triggers`, messages travel by themselves.
pub(crate) async fn stack(triggers: bool, effect_hook: Option<platform::EffectHook>) -> Stack {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = StackOptions {
        home: home().clone(),
        in_memory: true,
        public_url: None,
        parameters: [("RateLimits".to_owned(), UNLIMITED.to_owned())].into(),
        triggers,
        effect_hook,
    };
    Stack::start(listener, options)
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// An HTTP request to a function, as its URL would deliver it.
pub(crate) fn http_event(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Value {
    let headers: BTreeMap<_, _> = headers.iter().copied().chain([("host", "127.0.0.1")]).collect();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test",
            },
            "requestId": "r-1", "stage": "$default", "timeEpoch": 1_767_574_800_000_i64, "domainName": "127.0.0.1",
        },
        "body": body, "isBase64Encoded": false,
    })
}

/// The demo official's decision, as an event for the decide function.
pub(crate) fn decision(document: &str, key: &str, body: &Value) -> Value {
    let token = home().demo_token().unwrap();
    let authorization = format!("Bearer {token}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("idempotency-key", key),
        ("content-type", "application/json"),
    ];
    http_event(
        "POST",
        &format!("/approvals/{document}/decisions"),
        &headers,
        &body.to_string(),
    )
}

/// Drops a PDF into the inbox under `name`.
pub(crate) async fn drop_pdf(place: &impl Place, name: &str, bytes: Bytes, metadata: &[(&str, &str)]) {
    let key = format!("{TENANT}/loket/{}.pdf", place.name(name));
    let metadata = metadata
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let (inbox, bucket) = place.drop_box();
    inbox
        .drop_off(&bucket, &key, "application/pdf", metadata, bytes)
        .await
        .unwrap();
}

/// A document's file in the vault.
pub(crate) async fn file(place: &impl Place, id: &str, stage: &str) -> Bytes {
    place
        .files()
        .get(&format!("{TENANT}/documents/{id}/{stage}.pdf"), u64::MAX)
        .await
        .unwrap()
}

/// An agent to which an answer is an answer, whatever its status.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// The address and the `Host` of a URL. Names below `.localhost` mean this machine (RFC 6761), which browsers know and the
/// C library does not.
fn local(url: &str) -> (String, Option<String>) {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = authority.to_ascii_lowercase();
    match authority.split_once(".localhost:") {
        Some((_, port)) => (format!("{scheme}://127.0.0.1:{port}{path}"), Some(authority)),
        None => (url.to_owned(), None),
    }
}

/// A GET over the wire, as anyone would send it: status and body.
pub(crate) fn fetch(url: &str) -> (u16, String) {
    ask(url, &[], None)
}

/// Posts bytes; status and the JSON that came back.
pub(crate) fn post(url: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
    send(url, &[("content-type", content_type)], body)
}

/// Posts bytes with headers; status and the JSON that came back.
pub(crate) fn send(url: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, Value) {
    call(url, headers, Some(body))
}

/// A request with headers, which posts what it is given to post; status and the JSON that came back.
pub(crate) fn call(url: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> (u16, Value) {
    let (status, text) = ask(url, headers, body);
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn ask(url: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> (u16, String) {
    let method = if body.is_some() { "POST" } else { "GET" };
    let answer = request(method, url, headers, body);
    let status = answer.status().as_u16();
    (status, String::from_utf8(answer.into_body()).unwrap())
}

/// Any request over the wire, and its whole answer.
pub(crate) fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> http::Response<Vec<u8>> {
    let (url, host) = local(url);
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers
        .iter()
        .copied()
        .chain(host.as_deref().map(|host| ("host", host)))
    {
        request = request.header(name, value);
    }
    let answered = match body {
        Some(body) => agent().run(request.body(body).unwrap()),
        None => agent().run(request.body(()).unwrap()),
    };
    let (parts, mut body) = answered.unwrap().into_parts();
    http::Response::from_parts(parts, body.read_to_vec().unwrap())
}

/// Runs what waits for the network off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// What an inbox name stands for now: its newest document.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Newest {
    pub(crate) document_id: DocumentId,
}

impl Newest {
    /// The row of the name under which [`drop_pdf`] drops.
    pub(crate) fn key_of(name: &str) -> platform::Key {
        platform::Key::state(TENANT, "newest", &format!("loket/{name}"))
    }
}

impl platform::Record for Newest {
    fn key(&self) -> platform::Key {
        unreachable!("tests only read it")
    }
}

/// Each thing happened to an issued document once, and in order. That it awaits approval may be news that came too late.
pub(crate) fn assert_issued_once(events: &[&str]) {
    let told = |name: &str| events.iter().filter(|event| **event == name).count();
    assert!(told("document.awaiting_approval") <= 1, "{events:?}");
    let optional = ["document.awaiting_approval", "document.described"];
    let rest: Vec<_> = events.iter().filter(|event| !optional.contains(event)).collect();
    let expected = ["detected", "imported", "approved", "signed", "issued"].map(|what| format!("document.{what}"));
    assert_eq!(rest, expected.iter().collect::<Vec<_>>());
}
