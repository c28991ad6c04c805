//! The demo: files go into the inbox, an official approves them, and each ends with its verification link.

pub(crate) mod client;
pub(crate) mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::Envelope;
use platform::{InboxError, VaultError};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use crate::cli::DemoArguments;
use crate::demo::client::{Client, ClientError};
use crate::demo::file::{DemoFile, Outcome};
use crate::progress::Progress;
use crate::stack::{DEMO_TENANT, Stack};

/// A document that shows no sign of life for so long is stuck.
const PATIENCE: Duration = Duration::from_mins(2);
/// The largest final file that is fetched.
const FINAL_LIMIT: u64 = 64 * 1024 * 1024;

/// The demo could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("{0} cannot be read or written")]
    File(String, #[source] std::io::Error),
    #[error("{0} does not end in .pdf")]
    NotPdf(String),
    #[error("two files have the name {0}")]
    SameName(String),
    #[error("a file could not be dropped into the inbox")]
    Inbox(#[source] InboxError),
    #[error("a final file could not be fetched")]
    Vault(#[source] VaultError),
    #[error("a function could not be called")]
    Client(#[source] ClientError),
    #[error("output failed")]
    Output(#[source] std::io::Error),
}

/// Drives all files to their end. True when each was issued or quarantined.
pub(crate) async fn run(stack: &Stack, arguments: &DemoArguments, token: &str) -> Result<bool, DemoError> {
    let mut files = file::read(&arguments.files)?;
    if let Some(out) = &arguments.out {
        std::fs::create_dir_all(out).map_err(|error| DemoError::File(out.display().to_string(), error))?;
    }
    let names = files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    let mut progress = Progress::new(arguments.json, &names);
    let client = Arc::new(Client::new(stack.endpoint(), token.to_owned()));
    let mut events = stack.events();

    // Each run has its own folder, so that the same sample is a new document every time.
    let run = ulid::Ulid::new().to_string().to_lowercase();
    for file in &mut files {
        file.drop_into(stack, &format!("{DEMO_TENANT}/demo-{run}")).await?;
        progress.step(&file.name, "inbox", None).map_err(DemoError::Output)?;
    }
    let mut by_key: BTreeMap<String, DemoFile> = files.into_iter().map(|file| (file.key.clone(), file)).collect();
    let mut key_of = BTreeMap::<String, String>::new();
    let mut approvals = JoinSet::new();
    let mut all_well = true;

    while !by_key.is_empty() {
        let event = tokio::select! {
            Some(decided) = approvals.join_next() => {
                match decided {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Err(DemoError::Client(error)),
                    Err(_cut_off) => {}
                }
                continue;
            }
            event = tokio::time::timeout(PATIENCE, events.recv()) => event,
        };
        let event = match event {
            Ok(Ok(event)) => event,
            Ok(Err(RecvError::Lagged(_))) => continue,
            Ok(Err(RecvError::Closed)) | Err(_) => break,
        };
        if let Some(key) = event.data.get("key").and_then(Value::as_str) {
            key_of.insert(event.subject.clone(), key.to_owned());
        }
        let Some(file) = key_of.get(&event.subject).and_then(|key| by_key.get(key)) else {
            continue;
        };
        if let Some(step) = step_of(event.event_type.as_str()) {
            progress
                .step(&file.name, step, Some(&event.subject))
                .map_err(DemoError::Output)?;
        }
        match event.event_type.as_str() {
            "approval.opened" => {
                let (client, id) = (client.clone(), event.subject.clone());
                approvals.spawn(async move { client.approve(&id).await });
            }
            "document.issued" | "document.quarantined" | "document.returned" | "document.rejected" => {
                let Some(file) = key_of.get(&event.subject).and_then(|key| by_key.remove(key)) else {
                    continue;
                };
                let outcome = finish(stack, &client, &event, &file, arguments.out.as_deref()).await?;
                if outcome.is_issued() {
                    progress
                        .step(&file.name, "verify", Some(&event.subject))
                        .map_err(DemoError::Output)?;
                }
                all_well &= outcome.is_good();
                progress.end(&outcome).map_err(DemoError::Output)?;
            }
            _ => {}
        }
    }
    for file in by_key.into_values() {
        all_well = false;
        progress.end(&Outcome::stuck(file)).map_err(DemoError::Output)?;
    }
    progress.close().map_err(DemoError::Output)?;
    Ok(all_well)
}

/// The step that an event comes from; none for events that tell of nothing that is shown.
fn step_of(event_type: &str) -> Option<&'static str> {
    match event_type {
        "document.detected" => Some("detect"),
        "document.imported" | "document.quarantined" => Some("import"),
        "approval.opened" => Some("advance-approval"),
        "approval.approved" | "approval.returned" | "approval.rejected" => Some("decide"),
        "document.signed" => Some("sign"),
        "document.issued" => Some("stamp"),
        _ => None,
    }
}

/// Fetches and checks what became of a file.
async fn finish(
    stack: &Stack,
    client: &Client,
    event: &Envelope<Value>,
    file: &DemoFile,
    out: Option<&Path>,
) -> Result<Outcome, DemoError> {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).map(str::to_owned);
    let refused = |state, message| Outcome::refused(file, &event.subject, state, text("code"), text(message));
    match event.event_type.as_str() {
        "document.quarantined" => return Ok(refused("quarantined", "message")),
        "document.returned" => return Ok(refused("returned", "note")),
        "document.rejected" => return Ok(refused("rejected", "note")),
        _ => {}
    }
    let key = format!("{DEMO_TENANT}/documents/{}/final.pdf", event.subject);
    let bytes: Bytes = stack.vault().get(&key, FINAL_LIMIT).await.map_err(DemoError::Vault)?;
    let path = match out {
        Some(folder) => {
            let path = folder.join(format!("{}.final.pdf", file.stem()));
            std::fs::write(&path, &bytes).map_err(|error| DemoError::File(path.display().to_string(), error))?;
            Some(path)
        }
        None => None,
    };
    let verdict = client.verify(bytes).await.map_err(DemoError::Client)?;
    let link = text("verify_url").unwrap_or_default();
    client.open(&link).await.map_err(DemoError::Client)?;
    Ok(Outcome::issued(
        file,
        &event.subject,
        link,
        path,
        text("sha256"),
        &verdict,
    ))
}
