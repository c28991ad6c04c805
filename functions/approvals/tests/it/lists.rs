//! What waits, in pages; many decisions at once.

use std::collections::BTreeSet;

use serde_json::json;

use crate::office::{Office, Person};

#[tokio::test]
async fn what_waits_is_listed_page_by_page_without_gap_or_repetition() {
    let office = Office::open().await;
    for number in 0..45 {
        let require_rt = number % 3 == 0;
        office
            .tell(&office.letter("letter.submitted", &format!("surat-{number}"), require_rt, false))
            .await;
    }
    let sha256 = "6f5902ac237024bdd0c176cb93063dc42c8c8b4c3a1f3f0c8a1d9b7e5a3c1d2e";
    office
        .tell(&office.document("AAAQEAYEAUDAOCAJBIFQYDIOB4", "loket", None, sha256))
        .await;
    let mut both = Person::rt("003", "001");
    both = both.with_role("super_admin").with_role("head_of_office");
    let (mut seen, mut cursor, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = office
            .get(&both, &format!("/approvals/pending?limit=10{cursor}"))
            .await
            .body;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 10);
        for item in items {
            assert!(seen.insert(item["id"].as_str().unwrap().to_owned()), "twice: {item}");
        }
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 46);
    assert!((5..=8).contains(&pages), "{pages}");

    let documents = office.get(&both, "/approvals/pending?kind=document").await.body;
    assert_eq!(documents["items"].as_array().unwrap().len(), 1);
    let typed = office.get(&both, "/approvals/pending?type=skm&limit=100").await.body;
    assert_eq!(typed["items"].as_array().unwrap().len(), 45);
    for bad in [
        "limit=0",
        "limit=101",
        "cursor=x",
        "cursor=0.x",
        "limit=a",
        "role=super_admin",
    ] {
        let answer = office.get(&both, &format!("/approvals/pending?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.body);
    }
}

#[tokio::test]
async fn many_decisions_have_a_result_each_and_once() {
    let office = Office::open().await;
    for number in 0..3 {
        office
            .tell(&office.letter("letter.submitted", &format!("surat-{number}"), number == 1, false))
            .await;
    }
    let body = json!({ "items": [
        { "id": "surat-0", "verdict": "approve" },
        { "id": "surat-1", "verdict": "approve" },
        { "id": "surat-2", "verdict": "return" },
        { "id": "surat-9", "verdict": "approve" },
        { "id": "#", "verdict": "approve" },
    ] });
    let headers = [("idempotency-key", "k-1")];
    let decide = async || {
        office
            .ask(&Person::admin(), "POST", "/approvals/decisions", &headers, &body)
            .await
    };
    let answer = decide().await;
    let results: Vec<_> = answer.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let said = item["label"].as_str().or_else(|| item["code"].as_str());
            (item["status"].as_u64().unwrap(), said.unwrap().to_owned())
        })
        .collect();
    let expected = [
        (200, "disetujui"),
        (403, "approvals.out_of_turn"),
        (422, "approvals.note_missing"),
        (404, "approvals.unknown"),
        (404, "approvals.unknown"),
    ];
    assert_eq!(results, expected.map(|(status, said)| (status, said.to_owned())));
    assert_eq!(decide().await.body, answer.body);
    assert_eq!(office.types("surat-0").await, ["approval.opened", "approval.approved"]);

    let many: Vec<_> = (0..101)
        .map(|number| json!({ "id": number.to_string(), "verdict": "approve" }))
        .collect();
    let document = "AAAQEAYEAUDAOCAJBIFQYDIOB4";
    let twice =
        json!([{ "id": document, "verdict": "approve" }, { "id": document.to_lowercase(), "verdict": "approve" }]);
    for items in [json!([]), json!(many), twice] {
        let answer = office
            .outcome(&Person::admin(), "/approvals/decisions", &json!({ "items": items }))
            .await;
        assert_eq!(answer, (422, "approvals.bulk_size".into()));
    }
    // Letters of which the ids differ by case are different letters.
    let different =
        json!({ "items": [{ "id": "surat-a", "verdict": "approve" }, { "id": "surat-A", "verdict": "approve" }] });
    let answer = office.post(&Person::admin(), "/approvals/decisions", &different).await;
    assert_eq!(answer.body["items"][1]["id"], "surat-A");
}

#[tokio::test]
async fn whoever_has_many_offices_gets_the_list_in_portions() {
    let office = Office::open().await;
    office
        .tell(&office.letter("letter.submitted", "surat-1", false, false))
        .await;
    let mut who = Person::rt("003", "001").in_unit("PERIZINAN");
    for number in 0..9 {
        who = who.with_role(&format!("role_{number}"));
    }
    // Each role waits at four places, and the last of them is where something waits.
    who = who.with_role("super_admin");
    let first = office.get(&who, "/approvals/pending").await.body;
    assert_eq!(
        (&first["items"], first["next"].is_string()),
        (&json!([]), true),
        "{first}"
    );
    let next = format!("/approvals/pending?cursor={}", first["next"].as_str().unwrap());
    let second = office.get(&who, &next).await.body;
    assert_eq!(
        (&second["items"][0]["id"], &second["next"]),
        (&json!("surat-1"), &json!(null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_decisions_that_somebody_else_was_quicker_with_is_not_kept() {
    let office = Office::open().await;
    let body = json!({ "items": (0..20).map(|number| json!({ "id": format!("surat-{number}"), "verdict": "approve" })).collect::<Vec<_>>() });
    for number in 0..20 {
        office
            .tell(&office.letter("letter.submitted", &format!("surat-{number}"), false, false))
            .await;
    }
    let admins = ["admin-1", "admin-2"].map(|id| Person::new(id, "super_admin"));
    let headers = [("idempotency-key", "k-1")];
    let ask = async |who: &Person| {
        let answer = office.ask(who, "POST", "/approvals/decisions", &headers, &body).await;
        answer.body["items"].as_array().unwrap().clone()
    };
    futures::future::join_all(admins.iter().map(&ask)).await;
    for admin in &admins {
        let again = ask(admin).await;
        assert!(
            again.iter().all(|item| item["code"] != "approvals.conflict"),
            "{again:?}"
        );
    }
}

#[tokio::test]
async fn the_description_of_the_interface_names_every_path() {
    let office = Office::open().await;
    let answer = office.get(&Person::resident(), "/openapi.json").await;
    assert_eq!(answer.body["openapi"], "3.1.0");
    let paths: BTreeSet<_> = answer.body["paths"].as_object().unwrap().keys().cloned().collect();
    let expected = [
        "/admin/approve/{id}",
        "/admin/reject/{id}",
        "/admin/surat-masuk",
        "/approvals/decisions",
        "/approvals/delegations",
        "/approvals/delegations/{id}",
        "/approvals/pending",
        "/approvals/{id}",
        "/approvals/{id}/decisions",
        "/approvals/{id}/history",
        "/approvals/{id}/withdraw",
        "/verifikator/approve/{id}",
        "/verifikator/reject/{id}",
        "/verifikator/riwayat",
        "/verifikator/surat-masuk",
    ];
    assert_eq!(paths, expected.map(str::to_owned).into());
}
