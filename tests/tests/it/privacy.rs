//! Personal numbers that arrive where they should not are repeated nowhere: not in the log, not in what is parked.

use std::collections::BTreeMap;
use std::time::Instant;

use documents::{Document, State};
use localstack::Home;
use platform::{Environment, Inbox, Parking, Queues, Table};
use serde_json::json;

use crate::edges::OWN;
use crate::program::Running;
use crate::support::{Newest, PATIENCE, TENANT, post, sample, skipped_elsewhere, tenant};

/// An invented number of the form of a NIK, with digits that no region has.
const NIK: &str = "9900112233445566";

/// Waits until each of these steps has parked so many messages.
async fn parked(table: &Table, counts: &[(&str, usize)]) -> Vec<Parking> {
    let begun = Instant::now();
    loop {
        let mut rows = Vec::new();
        let mut missing = Vec::new();
        for (step, count) in counts {
            let partition = Parking::partition(step);
            let of_step = table.list::<Parking>(&partition, "", true, 100).await.unwrap();
            if of_step.len() < *count {
                missing.push(format!("{step}: {} of {count}", of_step.len()));
            }
            rows.extend(of_step.into_iter().map(|row| row.value));
        }
        if missing.is_empty() {
            return rows;
        }
        assert!(begun.elapsed() < PATIENCE, "not parked: {missing:?}");
        tokio::task::yield_now().await;
    }
}

/// Waits until the document of a name is in quarantine.
async fn quarantined(table: &Table, name: &str) {
    let begun = Instant::now();
    loop {
        if let Some(newest) = table.find::<Newest>(&Newest::key_of(name)).await.unwrap() {
            let key = Document::key_of(&tenant(), newest.value.document_id);
            let document = table.load::<Document>(key).await.unwrap().value;
            if matches!(document.state, State::Quarantined { .. }) {
                return;
            }
        }
        assert!(begun.elapsed() < PATIENCE, "{name} is not in quarantine");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_number_in_a_bad_message_sidecar_or_request_is_repeated_nowhere() {
    if skipped_elsewhere("it reads the log of the program `absah`") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (running, endpoint) = Running::up(folder.path(), "http://127.0.0.1:9000");
    let home = Home::open(folder.path()).unwrap();
    let settings = home.connection(&endpoint).into_iter();
    let settings = settings.chain([("TABLE_NAME".to_owned(), "absah-main-table".to_owned())]);
    let environment = Environment::connect(settings.collect()).unwrap();
    let (inbox, queues) = (Inbox::new(&environment.aws), Queues::new(&environment.aws));

    let sidecars = [
        json!({ "holder": NIK.parse::<u64>().unwrap() }).to_string(),
        json!({ NIK: "x" }).to_string(),
        json!({ "date": NIK }).to_string(),
        format!("{{\"holder\": {NIK}"),
    ];
    for (index, sidecar) in sidecars.iter().enumerate() {
        let key = format!("{TENANT}/loket/izin-{index}.json");
        let bytes = sidecar.clone().into();
        let dropped = inbox.drop_off("inbox", &key, "application/json", BTreeMap::new(), bytes);
        dropped.await.unwrap();
    }
    let metadata = [("valid-until", NIK), ("date", NIK), ("holder", NIK)];
    let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let key = format!("{TENANT}/loket/izin.pdf");
    let dropped = inbox.drop_off("inbox", &key, "application/pdf", metadata.into(), sample());
    dropped.await.unwrap();
    let bodies = [
        json!({ "nik": NIK }).to_string(),
        json!({ "specversion": NIK, "type": NIK, "data": { NIK: NIK.parse::<u64>().unwrap() } }).to_string(),
        json!({ "Records": [{ "eventName": NIK.parse::<u64>().unwrap() }] }).to_string(),
        NIK.to_owned(),
        format!("{{\"{NIK}"),
    ];
    for (step, _) in OWN {
        let url = format!("{endpoint}/000000000000/absah-{step}");
        queues.send(&url, &bodies).await.unwrap();
    }
    for path in [
        "/lambda-url/detect/",
        "/lambda-url/decide/approvals/x/decisions",
        "/api/v1/verify",
    ] {
        for body in &bodies {
            let url = format!("{endpoint}{path}");
            let body = body.clone();
            let asked = tokio::task::spawn_blocking(move || post(&url, "application/json", body.as_bytes()));
            let (status, _) = asked.await.unwrap();
            assert!((400..500).contains(&status), "{path}: {status}");
        }
    }

    let table = environment.table().unwrap();
    let count = |step| bodies.len() + if step == "import" { sidecars.len() } else { 0 };
    let counts: Vec<_> = OWN.iter().map(|(step, _)| (*step, count(*step))).collect();
    let rows = parked(&table, &counts).await;
    assert_eq!(rows.len(), counts.iter().map(|(_, count)| count).sum::<usize>());
    for row in &rows {
        assert!(
            !row.detail.contains(NIK) && !row.code.contains(NIK),
            "{}: {}",
            row.function,
            row.detail
        );
    }
    let codes = |code: &str| rows.iter().filter(|row| row.code == code).count();
    assert_eq!(codes("import.bad_sidecar"), sidecars.len());
    assert_eq!(codes("message.malformed"), OWN.len() * bodies.len());

    quarantined(&table, "izin").await;
    assert!(running.stop().success());
    let log = std::fs::read_to_string(folder.path().join("absah.log")).unwrap();
    for told in ["import.bad_sidecar", "message.malformed", "import.bad_metadata"] {
        assert!(log.contains(told), "the log does not speak of {told}");
    }
    let repeated: Vec<_> = log.lines().filter(|line| line.contains(&NIK[..12])).collect();
    assert!(repeated.is_empty(), "{}", repeated.join("\n"));
}
