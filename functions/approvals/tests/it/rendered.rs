//! The PDF of an approved letter comes through the inbox and is not approved again.

use kernel::Sha256Digest;
use serde_json::{Value, json};

use crate::delegations::{days, delegation};
use crate::office::{Office, Person};

const FIRST: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
const SECOND: &str = "BAAQEAYEAUDAOCAJBIFQYDIOB4";

fn rendered(office: &Office, sha256: &str) -> Value {
    let data = json!({ "letter_id": "surat-1", "sha256": sha256 });
    office.event("absah/letters", "letter.rendered", "surat-1", &data)
}

/// A PDF that says it is a letter's.
fn pdf(office: &Office, id: &str, letter: &str, sha256: &str) -> Value {
    let description = json!({ "subject": "Surat Kematian", "type": "Surat Kematian" });
    office.imported(id, &format!("letters/{letter}.pdf"), &description, sha256)
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

    let document = pdf(&office, FIRST, "surat-1", &sha256);
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
    assert_eq!(
        events[0].data["item"],
        json!({ "kind": "document", "id": FIRST, "revision": 0 })
    );
    assert_eq!(events[0].data["decided_by"]["id"], "admin");
    assert_eq!(
        office.get(&Person::admin(), "/approvals/pending").await.body["items"],
        json!([])
    );

    // Everybody who holds the letter has the id of its PDF.
    for (neighbourhood, status) in [("001", 200), ("002", 404)] {
        let rt = Person::rt("003", neighbourhood).who_may(&["approval:read"]);
        for id in ["surat-1", FIRST] {
            let seen = office.get(&rt, &format!("/approvals/{id}")).await;
            assert_eq!(seen.status, status, "{neighbourhood} {id}: {}", seen.body);
        }
    }

    let again = pdf(&office, SECOND, "surat-1", &sha256);
    assert_eq!(
        office.tell_in_vain(&again).await.as_deref(),
        Some("approvals.letter_twice")
    );
    assert!(office.events(SECOND).await.is_empty());
}

#[tokio::test]
async fn the_pdf_of_a_letter_is_signed_in_the_office_that_the_letter_names_whatever_its_role_is_called() {
    let office = Office::open().await;
    let sha256 = Sha256Digest::of(b"surat").to_string();
    office
        .tell(&office.letter("letter.submitted", "surat-1", false, false))
        .await;
    let mut stands_in = delegation("sekretaris", days(0, 3));
    stands_in["role"] = "super_admin".into();
    let admin = Person::admin().who_may(&["approval:delegate"]);
    let made = office.post(&admin, "/approvals/delegations", &stands_in).await;
    assert_eq!(made.status, 201);
    let secretary = Person::new("sekretaris", "secretary");
    let approve = json!({ "verdict": "approve" });
    assert_eq!(
        office
            .outcome(&secretary, "/approvals/surat-1/decisions", &approve)
            .await,
        (200, "disetujui".into())
    );

    let mut news = rendered(&office, &sha256);
    news["data"]["office"] = "Lurah Melati".into();
    office.tell(&news).await;
    office.tell(&pdf(&office, FIRST, "surat-1", &sha256)).await;
    let approved = office.events(FIRST).await.pop().unwrap().data;
    let by = &approved["decided_by"];
    assert_eq!(
        (&by["id"], &by["capacity"], &by["acting_for"]["id"]),
        (&json!("sekretaris"), &json!("Plh. Lurah Melati"), &json!("admin"))
    );
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

#[tokio::test]
async fn a_letter_is_one_pdf_whoever_renders_it_again_or_drops_another() {
    let office = Office::open().await;
    let digest = |bytes: &[u8]| Sha256Digest::of(bytes).to_string();
    let (sha256, other) = (digest(b"surat"), digest(b"surat lain"));
    for letter in ["surat-1", "surat-2"] {
        office
            .tell(&office.letter("letter.submitted", letter, false, false))
            .await;
        office
            .outcome(&Person::admin(), &format!("/admin/approve/{letter}"), &Value::Null)
            .await;
    }
    office.tell(&rendered(&office, &sha256)).await;
    let refused = |code: &str| Some(code.to_owned());
    for (event, code) in [
        (rendered(&office, &other), refused("approvals.letter_differs")),
        (
            pdf(&office, FIRST, "surat-1", &other),
            refused("approvals.letter_differs"),
        ),
        (pdf(&office, FIRST, "surat_1", &sha256), refused("approvals.no_letter")),
        (
            pdf(&office, FIRST, "sub/surat-1", &sha256),
            refused("approvals.no_letter"),
        ),
    ] {
        assert_eq!(office.tell_in_vain(&event).await, code, "{event}");
        assert!(office.types(FIRST).await.is_empty());
    }
    // The same bytes as those of another letter are no rendering of this one.
    assert!(
        office.deliver_advance(&pdf(&office, SECOND, "surat-2", &sha256)).await,
        "it may be on its way"
    );
    office.deliver_advance(&pdf(&office, FIRST, "surat-1", &sha256)).await;
    assert_eq!(office.types(FIRST).await, ["approval.approved"]);
}
