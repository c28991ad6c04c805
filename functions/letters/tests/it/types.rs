//! The office manages its kinds of letters and its letterhead.

use serde_json::{Value, json};

use crate::support::{ADMIN, RESIDENT, body, code, fields, letterhead, office, office_that_gives, wording};

fn new_type(code: &str) -> Value {
    json!({
        "code": code, "name": "Surat Keterangan Usaha", "require_rt": true, "require_rw": false,
        "fields": fields(), "wording": wording(),
    })
}

#[tokio::test]
async fn a_type_is_made_once_read_changed_and_retired() {
    let office = office().await;
    let (lurah, budi) = (office.person("lurah", &ADMIN), office.person("budi", &RESIDENT));
    let reply = office.post(&lurah, "/letter-types", "t1", &new_type("SKU")).await;
    assert_eq!((reply.status_code, reply.headers["etag"].as_str()), (201, "\"1\""));
    let made = body(&reply);
    assert_eq!(
        (&made["template"], &made["version"]),
        (&json!("keterangan@1"), &json!(1))
    );
    assert_eq!(
        body(&office.post(&lurah, "/letter-types", "t1", &new_type("SKU")).await),
        made
    );
    let again = office.post(&lurah, "/letter-types", "t2", &new_type("SKU")).await;
    assert_eq!(code(&again), (409, "letters.type_exists".into()));
    // Not that its letters could have the numbers of the type SKU.
    let mut other = new_type("SKU");
    other["number_format"] = "470/1{number}/{code}/{roman_month}/{year}".into();
    let again = office.post(&lurah, "/letter-types", "t3", &other).await;
    assert_eq!(code(&again), (409, "letters.type_exists".into()));
    assert_eq!(body(&office.get(&budi, "/letter-types/SKU").await), made);

    let mut change = new_type("SKU");
    change.as_object_mut().unwrap().remove("code");
    change["is_active"] = false.into();
    assert_eq!(
        office.put(&lurah, "/letter-types/SKU", None, &change).await.status_code,
        428
    );
    let changed = office.put(&lurah, "/letter-types/SKU", Some("\"1\""), &change).await;
    assert_eq!((changed.status_code, &body(&changed)["version"]), (200, &json!(2)));
    assert_eq!(
        office
            .put(&lurah, "/letter-types/SKU", Some("\"1\""), &change)
            .await
            .status_code,
        412
    );
    assert_eq!(office.get(&budi, "/letter-types/SKU").await.status_code, 404);
    assert_eq!(office.get(&lurah, "/letter-types/SKU").await.status_code, 200);
    assert_eq!(body(&office.get(&budi, "/letter-types").await)["items"], json!([]));
    assert_eq!(
        body(&office.get(&lurah, "/letter-types").await)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let letter = json!({ "type": "SKU", "answers": { "nama": "Budi", "nik": "9901010101900001" } });
    assert_eq!(
        code(&office.post(&budi, "/letters", "k", &letter).await),
        (422, "letters.unknown_type".into())
    );
}

#[tokio::test]
async fn a_type_that_says_nothing_of_levels_is_verified_by_rt_and_rw() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    let mut new = new_type("SKM");
    for level in ["require_rt", "require_rw"] {
        new.as_object_mut().unwrap().remove(level);
    }
    let made = body(&office.post(&lurah, "/letter-types", "t1", &new).await);
    assert_eq!((&made["require_rt"], &made["require_rw"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn only_who_manages_types_makes_and_changes_them() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    assert_eq!(
        office
            .post(&budi, "/letter-types", "t", &new_type("SKU"))
            .await
            .status_code,
        403
    );
    let mut change = new_type("SKD");
    change.as_object_mut().unwrap().remove("code");
    assert_eq!(
        office
            .put(&budi, "/letter-types/SKD", Some("\"1\""), &change)
            .await
            .status_code,
        403
    );
}

#[tokio::test]
async fn a_type_that_cannot_be_used_is_refused_with_the_part_to_correct() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    for (part, value, named) in [
        ("code", json!("sku"), "code"),
        ("name", json!(" "), "name"),
        ("fields", json!({ "$ref": "http://127.0.0.1/" }), "fields"),
        ("template", json!("../../etc/passwd"), "template"),
        ("validity_days", json!(0), "validity_days"),
        ("number_format", json!("{number}"), "number_format"),
    ] {
        let mut new = new_type("SKU");
        new[part] = value;
        let reply = office
            .post(&lurah, "/letter-types", part.replace('_', "-").as_str(), &new)
            .await;
        assert_eq!(code(&reply), (422, "letters.unusable_type".into()), "{part}");
        assert!(
            body(&reply)["detail"].as_str().unwrap().contains(named),
            "{}",
            reply.body
        );
    }
    let mut unknown = new_type("SKU");
    unknown["tenant"] = "dairi".into();
    assert_eq!(
        office.post(&lurah, "/letter-types", "u", &unknown).await.status_code,
        400
    );
}

#[tokio::test]
async fn a_type_whose_letters_could_have_the_numbers_of_another_is_refused() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    let numbered = |code: &str, format: &str| {
        let mut new = new_type(code);
        new["number_format"] = format.into();
        new
    };
    for (code, format) in [
        ("SKD", "470/{number}/DS/{code}/{year}"),
        ("SKU", "470/{number}/DS/{code}/{year}"),
        ("SKL", "474.1/{number}/{year}"),
    ] {
        let made = office
            .post(&lurah, "/letter-types", code, &numbered(code, format))
            .await;
        assert_eq!(made.status_code, 201, "{}", made.body);
    }
    let taken = numbered("SKM", "474.1/{number:3}/{year}");
    let reply = office.post(&lurah, "/letter-types", "SKM", &taken).await;
    assert_eq!(code(&reply), (422, "letters.unusable_type".into()));
    assert!(
        body(&reply)["detail"].as_str().unwrap().contains("SKL"),
        "{}",
        reply.body
    );
    assert_eq!(office.get(&lurah, "/letter-types/SKM").await.status_code, 404);

    // What the type had before stays its own: letters that were submitted with it are numbered by it.
    let mut other = numbered("SKL", "474.2/{number}/{year}");
    other.as_object_mut().unwrap().remove("code");
    let changed = office.put(&lurah, "/letter-types/SKL", Some("\"1\""), &other).await;
    assert_eq!(changed.status_code, 200, "{}", changed.body);
    let reply = office.post(&lurah, "/letter-types", "SKM-2", &taken).await;
    assert_eq!(code(&reply), (422, "letters.unusable_type".into()));

    let mut other = numbered("SKU", "474.2/{number}/{year}");
    other.as_object_mut().unwrap().remove("code");
    let reply = office.put(&lurah, "/letter-types/SKU", Some("\"1\""), &other).await;
    assert_eq!(code(&reply), (422, "letters.unusable_type".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_types_of_one_format_that_are_made_at_once_one_is_kept() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    for round in 0..8 {
        let [one, other] = ["A", "B"].map(|name| {
            let mut new = new_type(&format!("{name}{round}"));
            new["number_format"] = format!("47{round}/{{number}}/{{year}}").into();
            new
        });
        let (first, second) = (format!("a{round}"), format!("b{round}"));
        let replies = tokio::join!(
            office.post(&lurah, "/letter-types", &first, &one),
            office.post(&lurah, "/letter-types", &second, &other),
        );
        let mut codes = [replies.0.status_code, replies.1.status_code];
        codes.sort_unstable();
        assert_eq!(codes, [201, 422], "{} {}", replies.0.body, replies.1.body);
    }
}

#[tokio::test]
async fn the_letterhead_is_written_and_changed_by_version() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    assert_eq!(
        code(&office.get(&lurah, "/letterhead").await),
        (404, "letters.no_letterhead".into())
    );
    let first = office.put(&lurah, "/letterhead", None, &letterhead()).await;
    assert_eq!((first.status_code, first.headers["etag"].as_str()), (200, "\"1\""));
    assert_eq!(body(&office.get(&lurah, "/letterhead").await), letterhead());
    assert_eq!(
        office.put(&lurah, "/letterhead", None, &letterhead()).await.status_code,
        428
    );
    assert_eq!(
        office
            .put(&lurah, "/letterhead", Some("\"7\""), &letterhead())
            .await
            .status_code,
        412
    );
    let mut bad = letterhead();
    bad["logo"] = "R0lGODlh".into();
    let reply = office.put(&lurah, "/letterhead", Some("\"1\""), &bad).await;
    assert_eq!(code(&reply), (422, "letters.unusable_letterhead".into()));
    assert_eq!(
        office
            .put(&lurah, "/letterhead", Some("\"1\""), &letterhead())
            .await
            .status_code,
        200
    );
}

#[tokio::test]
async fn the_audit_hears_how_a_type_is_issued_before_and_after_a_change() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    office.post(&lurah, "/letter-types", "t1", &new_type("SKU")).await;
    let mut change = new_type("SKU");
    change.as_object_mut().unwrap().remove("code");
    change["require_rt"] = false.into();
    change["number_format"] = "500/{number}/{code}/{year}".into();
    change["validity_days"] = 30.into();
    let changed = office.put(&lurah, "/letter-types/SKU", Some("\"1\""), &change).await;
    assert_eq!(changed.status_code, 200, "{}", changed.body);
    let created = office.audited("letter_type.created").await.pop().unwrap();
    let changed = office.audited("letter_type.changed").await.pop().unwrap();
    assert!(created["before"].is_null());
    assert_eq!(created["after"], changed["before"]);
    let shown = |version: u64, require_rt: bool, number_format: &str, validity_days: Value| {
        json!({
            "version": version, "name": "Surat Keterangan Usaha", "require_rt": require_rt, "require_rw": false,
            "template": "keterangan@1", "number_format": number_format, "validity_days": validity_days,
            "is_active": true,
        })
    };
    let usual = "470/{number}/{code}/{roman_month}/{year}";
    assert_eq!(changed["before"], shown(1, true, usual, Value::Null));
    assert_eq!(
        changed["after"],
        shown(2, false, "500/{number}/{code}/{year}", 30.into())
    );
}

#[tokio::test]
async fn the_audit_hears_what_changed_on_a_letterhead_and_no_officials_name_or_number() {
    let office = office().await;
    let lurah = office.person("lurah", &ADMIN);
    office.put(&lurah, "/letterhead", None, &letterhead()).await;
    let mut paper = letterhead();
    paper["place"] = "Kenanga".into();
    paper["officials"]["lurah"]["nip"] = "99760101 200101 2 001".into();
    office.put(&lurah, "/letterhead", Some("\"1\""), &paper).await;
    let entries = office.audited("letterhead.changed").await;
    let [first, second] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert!(first["before"].is_null());
    assert_eq!(second["before"]["place"], "Contoh");
    assert_eq!(second["after"]["place"], "Kenanga");
    assert_eq!(
        second["after"]["officials"],
        json!({
            "lurah": { "office": "Lurah Melati", "person": "*** (diubah)" },
            "sekretaris": { "office": "Sekretaris Kelurahan", "person": "***" },
        })
    );
    let all = serde_json::to_string(&entries).unwrap();
    assert!(!all.contains("Siti Contoh") && !all.contains("200001"), "{all}");
}
