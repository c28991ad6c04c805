//! The PDF of an approved letter comes through the inbox and is not approved again.

use kernel::Sha256Digest;
use serde_json::{Value, json};

use crate::office::{Office, Person};

const FIRST: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const SECOND: &str = "BAAQEAYEAUDAOCAJBIFQYDIOB4";

fn rendered(office: &Office, sha256: &str) -> Value {
    let data = json!({ "letter_id": "surat-1", "sha256": sha256 });
    office.event("absah/letters", "letter.rendered", "surat-1", &data)
}

#[tokio::test]
async fn the_pdf_of_an_approved_letter_is_approved_by_whoever_approved_the_letter() {
    let office = Office::open().await;
    let sha256 = Sha256Digest::of(b"surat").to_string();
    office
        .tell(&office.letter("letter.submitted", "surat-1", false, false))
        .await;
    office
        .outcome(&Person::admin(), "/admin/approve/surat-1", &Value::Null)
        .await;

    let document = office.document(FIRST, "letters", Some("Surat Kematian"), &sha256);
    assert_eq!(
        office.tell_in_vain(&document).await,
        None,
        "it is faster than the news of its rendering"
    );
    office.tell(&rendered(&office, &sha256)).await;
    office.tell(&document).await;
    let events = office.events(FIRST).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_type.as_str(), "approval.approved");
    assert_eq!(events[0].data["item"], json!({ "kind": "document", "id": FIRST }));
    assert_eq!(events[0].data["decided_by"]["id"], "admin");
    assert_eq!(
        office.get(&Person::admin(), "/approvals/pending").await.body["items"],
        json!([])
    );

    let again = office.document(SECOND, "letters", Some("Surat Kematian"), &sha256);
    assert_eq!(
        office.tell_in_vain(&again).await.as_deref(),
        Some("approvals.letter_twice")
    );
    assert!(office.events(SECOND).await.is_empty());
}

#[tokio::test]
async fn the_same_bytes_from_elsewhere_are_a_document_like_any_other() {
    let office = Office::open().await;
    let sha256 = Sha256Digest::of(b"surat").to_string();
    office
        .tell(&office.letter("letter.submitted", "surat-1", false, false))
        .await;
    office
        .outcome(&Person::admin(), "/admin/approve/surat-1", &Value::Null)
        .await;
    office.tell(&rendered(&office, &sha256)).await;
    office.tell(&office.document(FIRST, "loket", None, &sha256)).await;
    assert_eq!(office.types(FIRST).await, ["approval.opened"]);
}

#[tokio::test]
async fn a_letter_that_nobody_approved_has_no_pdf_that_passes() {
    let office = Office::open().await;
    let sha256 = Sha256Digest::of(b"surat").to_string();
    office
        .tell(&office.letter("letter.submitted", "surat-1", false, false))
        .await;
    let news = rendered(&office, &sha256);
    assert_eq!(
        office.tell_in_vain(&news).await.as_deref(),
        Some("approvals.letter_not_approved")
    );
}
