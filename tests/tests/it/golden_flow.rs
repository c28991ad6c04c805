//! One document taken through every step by the golden files alone, each as its trigger would deliver it.

use std::collections::BTreeMap;
use std::sync::Arc;

use documents::{Document, Sealed, Signed, State};
use jiff::Timestamp;
use kernel::{DocumentId, EventId, Ids, RandomIds, TenantId};
use localstack::Stack;
use platform::{Environment, Function};
use serde_json::{Value, json};

use crate::support::messages::{assert_of_schema, deliver_to, drain, failures, history, notifications, types};
use crate::support::{environment, home, key_file, root, sample, skipped_elsewhere, stack};
use crate::tokens::{Holder, token};

/// The golden files of functions' triggers that are read here, in the order of the flow.
pub(crate) const FED: [&str; 10] = [
    "aws/sqs-import-document.detected.json",
    "aws/sqs-import-description.detected.json",
    "aws/sqs-advance-approval-document.imported.json",
    "aws/sqs-track-approval-approval.opened.json",
    "aws/function-url-decide.json",
    "aws/sqs-sign-approval.approved.json",
    "aws/sqs-stamp-document.signed.json",
    "aws/function-url-verify-page.json",
    "aws/function-url-verify-digest.json",
    "aws/dynamodb-stream.json",
];

/// The route that the golden events are of.
pub(crate) const TWO_STEPS: &str = r#"{"name":"izin","version":1,"steps":[
    {"name":"pemeriksa","role":"examiner"},{"name":"kepala_dinas","role":"head_of_office"}]}"#;

/// The document, tenant, version and digests of the golden files.
const ID: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const KARO: &str = "karo";
const VERSION: &str = "3HL4kqtJvjVBH40Nrjfkd";
const ETAG: &str = "6f5902ac237024bdd0c176cb93063dc4";
const QR_DIGEST: &str = "TRLMYUNTOTB3UGESCDK3NVF7K54Q2NI4S3CHYAQZB3HR4QYGGWVQ";
const FILE_DIGEST: &str = "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d";

/// The next document is the one of the golden files.
struct GoldenIds;

impl Ids for GoldenIds {
    fn document_id(&self) -> DocumentId {
        ID.parse().unwrap()
    }

    fn event_id(&self, at: Timestamp) -> EventId {
        RandomIds.event_id(at)
    }
}

/// Reads golden files, and remembers which.
#[derive(Default)]
struct Golden {
    read: Vec<&'static str>,
}

impl Golden {
    /// A file, with some of its words replaced by what they stand for here.
    fn file(&mut self, index: usize, words: &[(&str, &str)]) -> Value {
        let name = FED[index];
        if self.read.last() != Some(&name) {
            self.read.push(name);
        }
        let mut text = std::fs::read_to_string(root().join("events").join(name)).unwrap();
        for (word, meaning) in words {
            assert!(text.contains(word), "{name} does not say {word}");
            text = text.replace(word, meaning);
        }
        serde_json::from_str(&text).unwrap()
    }

    /// Delivers a batch of a queue.
    async fn feed(&mut self, function: &Function, index: usize, words: &[(&str, &str)]) {
        let answer = function.invoke(self.file(index, words)).await.unwrap();
        assert!(failures(&answer).is_empty(), "{}", FED[index]);
    }
}

/// Drops an object for the golden tenant; the version and `ETag` that the store gave it.
async fn drop_off(stack: &Stack, name: &str, metadata: &[(&str, &str)], bytes: bytes::Bytes) -> (String, String) {
    let metadata: BTreeMap<_, _> = metadata
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let key = format!("{KARO}/sicantik/{name}");
    let (inbox, kind) = (stack.inbox(), "application/octet-stream");
    inbox.drop_off("inbox", &key, kind, metadata, bytes).await.unwrap();
    let told = notifications(stack).await;
    let object = &told[0]["Records"][0]["s3"]["object"];
    let text = |name: &str| object[name].as_str().unwrap().to_owned();
    (text("versionId"), text("eTag"))
}

/// The steps that need other settings than the template's: the golden tenant has a key and a route of its own.
struct Office {
    detect: Function,
    advance: Function,
    decide: Function,
    sign: Function,
    /// The officials' keys, for as long as the office is open.
    _keys: tempfile::TempDir,
}

impl Office {
    fn open(stack: &Stack) -> Self {
        let keys = tempfile::tempdir().unwrap();
        std::fs::create_dir(keys.path().join(KARO)).unwrap();
        let official = key_file("officials/contoh/kepala-dinas.pem");
        std::fs::write(keys.path().join(KARO).join("kepala-dinas.pem"), official).unwrap();
        let with = |own: &[(&str, &str)]| environment(stack, own);
        let (folder, public_key) = (keys.path().to_str().unwrap(), key_file("token.pub.pem"));
        let detect = Environment {
            ids: Arc::new(GoldenIds),
            ..with(&[("INBOX_BUCKET", "inbox"), ("WEBHOOK_TOKEN", home().webhook_token())])
        };
        let decide = with(&[("APPROVAL_ROUTE", TWO_STEPS), ("TOKEN_PUBLIC_KEY", &public_key)]);
        let sign = with(&[("VAULT_BUCKET", "vault"), ("OFFICIAL_KEYS_FOLDER", folder)]);
        Self {
            detect: documents::detect::function(&detect).unwrap(),
            advance: approvals::advance_approval::function(&with(&[("APPROVAL_ROUTE", TWO_STEPS)])).unwrap(),
            decide: approvals::decide::function(&decide).unwrap(),
            sign: documents::sign::function(&sign).unwrap(),
            _keys: keys,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_golden_files_of_every_trigger_take_one_document_all_the_way() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let stack = stack(false, None).await;
    let (office, mut golden) = (Office::open(&stack), Golden::default());
    import(&stack, &office, &mut golden).await;
    golden.feed(&office.advance, 2, &[]).await;
    golden.feed(&stack.functions["track-approval"], 3, &[]).await;
    assert_eq!(state(&stack).await, "awaiting_approval");

    decide(&office, &mut golden).await;
    golden.feed(&office.sign, 5, &[]).await;
    assert_eq!(state(&stack).await, "signed");
    golden.feed(&stack.functions["stamp"], 6, &[]).await;
    // The golden decision is older than the sidecar: what stood then counts.
    let issued = document(&stack).await;
    assert_eq!(issued.description.subject.as_deref(), Some("Izin praktik"));
    let State::Issued { signed, sealed } = issued.state else {
        panic!("{}", issued.state.name())
    };

    check_public(&stack, &mut golden, &signed, &sealed).await;
    golden.feed(&stack.functions["relay"], 9, &[]).await;
    let relayed = drain(&stack, "stamp").await;
    assert_eq!(relayed.len(), 1, "the event row and not the state row");
    let relayed: Value = serde_json::from_str(&relayed[0].body).unwrap();
    assert_eq!(
        (&relayed["type"], &relayed["subject"]),
        (&json!("document.signed"), &json!(ID))
    );

    let (document, approval) = (
        history(&stack, KARO, "document", ID).await,
        history(&stack, KARO, "approval", ID).await,
    );
    document.iter().chain(&approval).for_each(assert_of_schema);
    let expected = [
        "detected",
        "imported",
        "described",
        "awaiting_approval",
        "approved",
        "signed",
        "issued",
    ];
    assert_eq!(types(&document), expected.map(|what| format!("document.{what}")));
    assert_eq!(
        types(&approval),
        ["approval.opened", "approval.advanced", "approval.approved"]
    );
    assert_eq!(golden.read, FED);
    stack.stop().await;
}

/// From the inbox to the vault, with a sidecar that comes later.
async fn import(stack: &Stack, office: &Office, golden: &mut Golden) {
    let described = [("number", "503/0042/DPMPTSP/2026"), ("subject", "Izin praktik")];
    let (version, etag) = drop_off(stack, "izin-0042.pdf", &described, sample()).await;
    let put = std::fs::read_to_string(root().join("events/aws/s3-put.json")).unwrap();
    deliver_to(&office.detect, &put.replace(VERSION, &version).replace(ETAG, &etag)).await;
    assert_eq!(state(stack).await, "detected");

    golden.feed(&stack.functions["import"], 0, &[]).await;
    assert_eq!(state(stack).await, "imported");
    let original = format!("{KARO}/documents/{ID}/original.pdf");
    assert_eq!(stack.vault().get(&original, u64::MAX).await.unwrap(), sample());

    let sidecar = json!({ "subject": "Izin praktik perorangan" }).to_string();
    let (version, etag) = drop_off(stack, "izin-0042.json", &[], sidecar.into()).await;
    golden
        .feed(&stack.functions["import"], 1, &[(VERSION, &version), (ETAG, &etag)])
        .await;
    let described = document(stack).await.description;
    assert_eq!(described.subject.as_deref(), Some("Izin praktik perorangan"));
    assert_eq!(described.number.as_deref(), Some("503/0042/DPMPTSP/2026"));
}

/// Both officials approve.
async fn decide(office: &Office, golden: &mut Golden) {
    for (who, role, next) in [
        ("pemeriksa-1", "examiner", "awaiting"),
        ("kepala-dinas", "head_of_office", "approved"),
    ] {
        let bearer = token(&Holder {
            id: who,
            role,
            tenant: KARO,
            ..Holder::default()
        });
        let request = golden.file(4, &[("<token>", &bearer)]);
        let answer = office.decide.invoke(request).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let view: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(view["status"]["name"], next);
    }
}

/// What anyone may ask about the issued document. As they are, the golden requests are about another file.
async fn check_public(stack: &Stack, golden: &mut Golden, signed: &Signed, sealed: &Sealed) {
    let verify = &stack.functions["verify"];
    let page = verify.invoke(golden.file(7, &[])).await.unwrap();
    assert_eq!(page["statusCode"], 404);
    assert!(page["body"].as_str().unwrap().contains("Kode QR palsu"), "{page}");
    let page = verify
        .invoke(golden.file(7, &[(QR_DIGEST, &signed.sha256.to_base32())]))
        .await
        .unwrap();
    assert_eq!(page["statusCode"], 200);
    assert!(
        page["body"].as_str().unwrap().contains("503/0042/DPMPTSP/2026"),
        "{page}"
    );
    for (digest, verdict) in [
        (FILE_DIGEST.to_owned(), "unknown"),
        (sealed.sha256.to_string(), "authentic"),
    ] {
        let answer = verify.invoke(golden.file(8, &[(FILE_DIGEST, &digest)])).await.unwrap();
        let answer: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(answer["verdict"], verdict);
    }
}

async fn document(stack: &Stack) -> Document {
    let tenant: TenantId = KARO.parse().unwrap();
    let key = Document::key_of(&tenant, ID.parse().unwrap());
    stack.table().unwrap().load::<Document>(key).await.unwrap().value
}

async fn state(stack: &Stack) -> &'static str {
    document(stack).await.state.name()
}
