//! Numbers without gaps, however many letters are approved at once.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;

use crate::support::{RESIDENT, by, office_that_gives};

const LETTERS: usize = 200;
const PROCESSES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_letters_that_are_approved_at_once_get_the_numbers_1_to_200() {
    let office = office_that_gives(false, false).await;
    let budi = office.person("budi", &RESIDENT);
    let mut ids = Vec::new();
    for index in 0..LETTERS {
        ids.push(office.submitted(&budi, &format!("k{index}")).await);
    }
    // Several processes, which know nothing of each other.
    let steps: Vec<_> = (0..PROCESSES)
        .map(|_| letters::track_letter::function(&office.environment).unwrap())
        .collect();
    let approvals = ids.iter().enumerate().map(|(index, id)| {
        let data = json!({ "label": "disetujui", "decided_by": by("lurah", "admin") });
        let event = office.approval_event(id, (1, 2), "approval.approved", data);
        let (office, step) = (&office, &steps[index % PROCESSES]);
        async move {
            office.deliver(step, &event).await;
            // Deliveries repeat.
            office.deliver(step, &event).await;
        }
    });
    join_all(approvals).await;

    let mut sequences = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for id in &ids {
        let issue = office.letter(id).await.value.issue.unwrap();
        sequences.insert(issue.sequence);
        numbers.insert(issue.number);
        let approved = office.event_types(id).await;
        assert_eq!(approved, ["letter.submitted", "letter.approved"]);
    }
    assert_eq!(sequences, (1..=LETTERS as u64).collect());
    assert_eq!(numbers.len(), LETTERS);
    assert!(office.parked("track-letter").await.is_empty());
}
