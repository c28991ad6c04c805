//! Who gives and who acts, as their accounts have it.

use serde_json::{Value, json};

use super::{ID, days, delegation, with_document};
use crate::office::{Office, Person};

const PATH: &str = "/approvals/delegations";

/// An account that tells a name.
fn account(office: &Office, id: &str, (revision, active): (u64, bool), role: &str, name: &str) -> Value {
    let mut account = office.account(id, revision, active, &[role]);
    account["data"]["name"] = name.into();
    account
}

#[tokio::test]
async fn who_is_to_act_has_an_active_account_where_accounts_are_kept_here() {
    let (office, head, _) = with_document().await;
    office
        .tell(&account(&office, "kepala", (1, true), "head_of_office", "Siti Contoh"))
        .await;
    let body = delegation("sekretaris", days(0, 3));
    let refused = (422, "approvals.not_active".to_owned());
    assert_eq!(office.outcome(&head, PATH, &body).await, refused, "nobody of that id");
    for (revision, active) in [(1, false), (3, false)] {
        let told = account(&office, "sekretaris", (revision, active), "secretary", "Rina Contoh");
        office.tell(&told).await;
        assert_eq!(office.outcome(&head, PATH, &body).await, refused, "deactivated");
        let told = account(&office, "sekretaris", (revision + 1, true), "secretary", "Rina Contoh");
        office.tell(&told).await;
        assert_eq!(office.post(&head, PATH, &body).await.status, 201);
    }
    office.tell(&office.account("tanpa-peran", 1, true, &[])).await;
    let body = delegation("tanpa-peran", days(0, 3));
    assert_eq!(office.outcome(&head, PATH, &body).await, refused, "without a role");
}

#[tokio::test]
async fn whoever_writes_a_delegation_gives_nobody_another_name_than_their_account() {
    let (office, _, secretary) = with_document().await;
    let admin = Person::admin().who_may(&["approval:delegate", "user:assign_role"]);
    for (id, role, name) in [
        ("admin", "super_admin", "Andi Contoh"),
        ("kepala", "head_of_office", "Siti Contoh, S.H."),
        ("sekretaris", "secretary", "Rina Contoh"),
    ] {
        office.tell(&account(&office, id, (1, true), role, name)).await;
    }
    // Told by an earlier release, which did not tell names.
    office.tell(&office.account("lama", 1, true, &["examiner"])).await;
    for (to, name) in [("sekretaris", "Rina Contoh"), ("lama", "Contoh Sekretaris")] {
        let mut body = delegation(to, days(0, 3));
        body["from"] = json!({ "id": "kepala", "name": "Bupati Contoh" });
        let made = office.post(&admin, PATH, &body).await;
        assert_eq!(
            (made.status, &made.body["from"]["name"], &made.body["to"]["name"]),
            (201, &json!("Siti Contoh, S.H."), &json!(name))
        );
    }
    let decisions = format!("/approvals/{ID}/decisions");
    let approve = json!({ "verdict": "approve" });
    assert_eq!(
        office.outcome(&secretary, &decisions, &approve).await,
        (200, "disetujui".into())
    );
    let approved = office.events(ID).await.pop().unwrap().data;
    assert_eq!(approved["decided_by"]["acting_for"]["name"], "Siti Contoh, S.H.");
}
