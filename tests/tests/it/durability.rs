//! What was acknowledged survives a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use documents::{Document, State};
use localstack::Home;
use platform::{Environment, Table};
use serde_json::json;

use crate::program::Running;
use crate::support::messages::types;
use crate::support::{Newest, PATIENCE, TENANT, assert_issued_once, sample, skipped_elsewhere, tenant};

const DOCUMENTS: usize = 100;

/// A client of the running program, as an integrator would write it.
struct Client {
    environment: Environment,
    table: Table,
    endpoint: String,
    token: String,
}

impl Client {
    fn new(home: &Home, endpoint: &str) -> Self {
        let settings = home
            .connection(endpoint)
            .into_iter()
            .chain([("TABLE_NAME".into(), "absah-main-table".into())]);
        let environment = Environment::connect(settings.collect()).unwrap();
        let (table, token) = (environment.table().unwrap(), home.demo_token().unwrap());
        Self {
            environment,
            table,
            endpoint: endpoint.to_owned(),
            token,
        }
    }

    async fn drop_all(&self) {
        let inbox = platform::Inbox::new(&self.environment.aws);
        for index in 0..DOCUMENTS {
            let key = format!("{TENANT}/loket/izin-{index:03}.pdf");
            inbox
                .drop_off("inbox", &key, "application/pdf", BTreeMap::new(), sample())
                .await
                .unwrap();
        }
    }

    /// Each document, if it was detected yet.
    async fn documents(&self) -> Vec<Option<Document>> {
        let mut documents = Vec::new();
        for index in 0..DOCUMENTS {
            let key = Newest::key_of(&format!("izin-{index:03}"));
            let Some(newest) = self.table.find::<Newest>(&key).await.unwrap() else {
                documents.push(None);
                continue;
            };
            let key = Document::key_of(&tenant(), newest.value.document_id);
            documents.push(Some(self.table.load::<Document>(key).await.unwrap().value));
        }
        documents
    }

    async fn approve(&self, document: &Document) {
        let url = format!(
            "{}/lambda-url/decide/approvals/{}/decisions",
            self.endpoint, document.id
        );
        let (token, id) = (self.token.clone(), document.id.to_string());
        let decide = move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let request = agent.post(&url).header("authorization", format!("Bearer {token}"));
            let body = json!({ "verdict": "approve" }).to_string();
            request
                .header("idempotency-key", id)
                .send(body)
                .unwrap()
                .status()
                .as_u16()
        };
        let status = tokio::task::spawn_blocking(decide).await.unwrap();
        // 404: it awaits an approval that is not opened yet. 409: decided before, by the process that was killed.
        assert!(matches!(status, 200 | 404 | 409), "decide answered {status}");
    }

    /// Approves what awaits approval until `enough` documents are issued.
    async fn work_until(&self, enough: usize) {
        let begun = Instant::now();
        let mut approved = BTreeSet::new();
        loop {
            let documents = self.documents().await;
            let issued = |document: &&Document| matches!(document.state, State::Issued { .. });
            if documents.iter().flatten().filter(issued).count() >= enough {
                return;
            }
            for document in documents.iter().flatten() {
                if matches!(document.state, State::AwaitingApproval { .. }) && approved.insert(document.id) {
                    self.approve(document).await;
                }
            }
            assert!(begun.elapsed() < 3 * PATIENCE, "stuck: {documents:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_documents_survive_two_kills_with_none_lost_and_none_doubled() {
    if skipped_elsewhere("it starts the program `absah`, which is a site of its own") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let public_url = "http://127.0.0.1:9000";
    let (mut running, endpoint) = Running::up(folder.path(), public_url);
    let home = Home::open(folder.path()).unwrap();
    let mut client = Client::new(&home, &endpoint);
    client.drop_all().await;
    for enough in [10, 40] {
        client.work_until(enough).await;
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        let (next, endpoint) = Running::up(folder.path(), public_url);
        (running, client) = (next, Client::new(&home, &endpoint));
    }
    client.work_until(DOCUMENTS).await;

    let vault = platform::Vault::new(&client.environment.aws, "vault".into());
    for document in client.documents().await {
        let document = document.unwrap();
        let events = client
            .table
            .events(&Document::key_of(&tenant(), document.id), 100)
            .await
            .unwrap();
        assert_issued_once(&types(&events));
        let State::Issued { sealed, .. } = document.state else {
            panic!("{}", document.state.name())
        };
        let key = format!("{TENANT}/documents/{}/final.pdf", document.id);
        assert_eq!(
            kernel::Sha256Digest::of(&vault.get(&key, u64::MAX).await.unwrap()),
            sealed.sha256
        );
    }
    assert_eq!(vault.list_versions("").await.unwrap().len(), 3 * DOCUMENTS);
    assert!(running.stop().success());
}
