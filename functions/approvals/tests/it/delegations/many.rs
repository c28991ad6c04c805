//! Delegations by the hundred.

use approvals::{Delegation, DelegationKind, Person as Named, Reach};
use serde_json::json;

use super::{ID, days, delegation, with_document};
use crate::office::{Office, TENANT};

fn given(number: usize, from: &str, to: &str, (valid_from, valid_until): &(String, String)) -> Delegation {
    let person = |id: &str| Named {
        id: id.into(),
        name: format!("Contoh {id}"),
    };
    Delegation {
        id: format!("del-{number}"),
        tenant: TENANT.parse().unwrap(),
        kind: DelegationKind::Plh,
        from: person(from),
        to: person(to),
        role: "head_of_office".into(),
        reach: Reach::default(),
        only: Reach::default(),
        held_since: None,
        valid_from: valid_from.parse().unwrap(),
        valid_until: valid_until.parse().unwrap(),
        revoked_at: None,
    }
}

async fn keep(office: &Office, delegation: &Delegation) {
    let transaction = office.table.transaction().insert(delegation).unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn hundreds_of_delegations_by_strangers_do_not_hide_the_one_that_holds_today() {
    let (office, head, secretary) = with_document().await;
    let now = office.environment.now();
    for number in 0..120 {
        let stranger = format!("orang-{number}");
        let far = given(number, &stranger, "sekretaris", &days(100, 200));
        keep(&office, &far).await;
        let taken_back = given(1_000 + number, &stranger, "sekretaris", &days(0, 1));
        keep(&office, &taken_back.revoke(now)).await;
    }
    let made = office
        .post(&head, "/approvals/delegations", &delegation("sekretaris", days(0, 3)))
        .await;
    assert_eq!(made.status, 201);
    let waiting = office.get(&secretary, "/approvals/pending").await.body;
    assert_eq!(waiting["items"][0]["capacity"], "Plh. Kepala Dinas");
    let path = format!("/approvals/{ID}/decisions");
    let approved = office
        .outcome(&secretary, &path, &json!({ "verdict": "approve" }))
        .await;
    assert_eq!(approved, (200, "disetujui".into()));
}

#[tokio::test]
async fn whoever_has_fifty_delegations_that_are_not_past_hands_out_no_more() {
    let (office, head, _) = with_document().await;
    let now = office.environment.now();
    for number in 0..60 {
        let to = format!("orang-{number}");
        keep(&office, &given(number, "kepala", &to, &days(-9, -1))).await;
        keep(&office, &given(100 + number, "orang", &to, &days(0, 9))).await;
    }
    for number in 200..249 {
        let to = format!("orang-{number}");
        let still_to_come = given(number, "kepala", &to, &days(0, 9));
        let taken_back = number.is_multiple_of(2);
        let row = if taken_back {
            still_to_come.revoke(now)
        } else {
            still_to_come
        };
        keep(&office, &row).await;
    }
    let path = "/approvals/delegations";
    let body = delegation("sekretaris", days(0, 3));
    assert_eq!(
        office.post(&head, path, &body).await.status,
        201,
        "what is past does not count"
    );
    assert_eq!(
        office.outcome(&head, path, &body).await,
        (409, "approvals.too_many_delegations".into())
    );
}
