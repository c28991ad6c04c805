//! What residents do with their letters over HTTP.

use serde_json::{Value, json};

use crate::support::{ADMIN, RESIDENT, Role, answers, body, code, office, office_that_gives, wording};

#[tokio::test]
async fn a_draft_is_written_once_per_key_and_read_back() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.draft(&budi, "k1").await;
    assert_eq!(office.draft(&budi, "k1").await, id);
    let other = json!({ "type": "SKD", "answers": { "nama": "Ani", "nik": "9901010101900002" } });
    assert_eq!(
        code(&office.post(&budi, "/letters", "k1", &other).await),
        (422, "idempotency.reused".into())
    );
    let letter = body(&office.get(&budi, &format!("/letters/{id}")).await);
    assert_eq!((&letter["answers"], &letter["status"]), (&answers(), &json!("draft")));
    assert_eq!(
        (&letter["type"], &letter["title"]),
        (&json!("SKD"), &json!("Surat Keterangan Domisili"))
    );
    assert_eq!(
        (&letter["rw"], &letter["rt"]),
        (&json!("003"), &json!("001")),
        "whom it waits for"
    );
    assert!(office.event_types(&id).await.is_empty());
}

#[tokio::test]
async fn what_a_resident_filled_in_stands_in_no_row_and_in_no_event() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let row = serde_json::to_string(&office.letter(&id).await.value).unwrap();
    let events = serde_json::to_string(&office.events(&id).await).unwrap();
    for text in [row, events] {
        assert!(
            !text.contains("9901010101900001") && !text.contains("Kenanga"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn answers_that_do_not_fit_are_refused_by_the_titles_of_their_fields() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let new = json!({ "type": "SKD", "answers": { "nama": "", "nik": "1", "peran": "admin" } });
    let reply = office.post(&budi, "/letters", "k1", &new).await;
    assert_eq!(code(&reply), (422, "letters.wrong_answers".into()));
    assert_eq!(
        body(&reply)["detail"],
        "Periksa kembali isian: Nama lengkap, NIK, peran."
    );
    for unknown in ["SKX", "skd", "../SKD"] {
        let new = json!({ "type": unknown, "answers": answers() });
        assert_eq!(
            code(&office.post(&budi, "/letters", "k2", &new).await),
            (422, "letters.unknown_type".into())
        );
    }
}

#[tokio::test]
async fn a_resident_cannot_say_whose_letter_it_is_or_how_far() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    for field in ["status", "resident", "tenant", "number", "id"] {
        let mut new = json!({ "type": "SKD", "answers": answers() });
        new[field] = "x".into();
        assert_eq!(
            office.post(&budi, "/letters", "k1", &new).await.status_code,
            400,
            "{field}"
        );
    }
}

#[tokio::test]
async fn a_change_names_the_version_that_it_is_based_on() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.draft(&budi, "k1").await;
    let path = format!("/letters/{id}");
    let changed = json!({ "answers": { "nama": "Budi C.", "nik": "9901010101900001" } });
    assert_eq!(office.put(&budi, &path, None, &changed).await.status_code, 428);
    assert_eq!(office.put(&budi, &path, Some("\"9\""), &changed).await.status_code, 412);
    let reply = office.put(&budi, &path, Some("\"1\""), &changed).await;
    assert_eq!((reply.status_code, reply.headers["etag"].as_str()), (200, "\"2\""));
    assert_eq!(office.put(&budi, &path, Some("\"1\""), &changed).await.status_code, 412);
    assert_eq!(body(&office.get(&budi, &path).await)["answers"]["nama"], "Budi C.");
    office.submit(&budi, &id, "k1").await;
    let reply = office.put(&budi, &path, Some("\"3\""), &changed).await;
    assert_eq!(code(&reply), (409, "letters.not_editable".into()));
}

#[tokio::test]
async fn submitting_twice_with_one_key_submits_once() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.draft(&budi, "k1").await;
    for _ in 0..3 {
        assert_eq!(office.submit(&budi, &id, "k1").await.status_code, 200);
    }
    assert_eq!(
        code(&office.submit(&budi, &id, "k2").await),
        (409, "letters.not_editable".into())
    );
    assert_eq!(office.event_types(&id).await, ["letter.submitted"]);
    let submitted = office.told(&id, "letter.submitted").await;
    assert_eq!(
        submitted["data"],
        json!({
            "letter_id": id, "letter_type": "SKD", "title": "Surat Keterangan Domisili", "applicant": "Nama budi",
            "submitted_by": "budi", "submission": 1, "sealed_answers": office.letter(&id).await.value.answers,
            "attributes": { "rw": "003", "rt": "001", "require_rt": true, "require_rw": true },
        })
    );
}

#[tokio::test]
async fn a_resident_without_territory_cannot_submit_what_the_rt_verifies() {
    let office = office_that_gives(true, true).await;
    let nowhere = office.person(
        "ani",
        &Role {
            rw: None,
            rt: None,
            ..RESIDENT
        },
    );
    let id = office.draft(&nowhere, "k1").await;
    assert_eq!(
        code(&office.submit(&nowhere, &id, "k1").await),
        (422, "letters.no_territory".into())
    );
}

#[tokio::test]
async fn letters_are_listed_to_their_resident_the_newest_first_in_pages() {
    let office = office_that_gives(true, true).await;
    let (budi, ani) = (office.person("budi", &RESIDENT), office.person("ani", &RESIDENT));
    let mut ids = Vec::new();
    for index in 0..5 {
        ids.push(office.draft(&budi, &format!("k{index}")).await);
    }
    office.draft(&ani, "k").await;
    let mut listed = Vec::new();
    let mut path = "/letters?limit=2".to_owned();
    loop {
        let page = body(&office.get(&budi, &path).await);
        listed.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/letters?limit=2&cursor={next}");
    }
    let distinct: std::collections::BTreeSet<_> = listed.iter().collect();
    assert_eq!((listed.len(), distinct), (5, ids.iter().collect()));
    let times: Vec<Value> = body(&office.get(&budi, "/letters").await)["items"]
        .as_array()
        .unwrap()
        .clone();
    assert!(
        times
            .windows(2)
            .all(|pair| pair[0]["created_at"].as_str() >= pair[1]["created_at"].as_str())
    );
    assert_eq!(office.get(&budi, "/letters?limit=0").await.status_code, 400);
    assert_eq!(office.get(&budi, "/letters?cursor=x").await.status_code, 400);
}

#[tokio::test]
async fn a_letter_keeps_the_version_of_its_type_that_it_was_submitted_with() {
    let office = office().await;
    let (budi, lurah) = (office.person("budi", &RESIDENT), office.person("lurah", &ADMIN));
    let mut new = json!({
        "code": "SKD", "name": "Surat Keterangan Domisili", "require_rt": false, "require_rw": false,
        "fields": crate::support::fields(), "wording": wording(),
    });
    office.post(&lurah, "/letter-types", "t1", &new).await;
    let (submitted, draft) = (office.submitted(&budi, "k1").await, office.draft(&budi, "k2").await);
    new.as_object_mut().unwrap().remove("code");
    new["name"] = "Surat Domisili".into();
    new["require_rt"] = true.into();
    assert_eq!(
        office
            .put(&lurah, "/letter-types/SKD", Some("\"1\""), &new)
            .await
            .status_code,
        200
    );

    office
        .approval(
            &submitted,
            "approval.returned",
            json!({ "label": "revisi_rw", "decided_by": crate::support::by("lurah", "admin") }),
        )
        .await;
    office.submit(&budi, &submitted, "k3").await;
    let kind = office.letter(&submitted).await.value.kind;
    assert_eq!((kind.version, kind.requires.rt), (1, false));
    assert_eq!(office.status(&budi, &submitted).await, "menunggu_admin");
    office.submit(&budi, &draft, "k4").await;
    assert_eq!(office.letter(&draft).await.value.kind.version, 2);
    assert_eq!(office.status(&budi, &draft).await, "menunggu_verifikasi_rt");
}
