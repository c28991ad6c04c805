//! Who gets to see and do what.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{ADMIN, Office, Person, RESIDENT, Role, answers, body, by, code, office_that_gives};

#[tokio::test]
async fn nobody_without_a_token_gets_an_answer_on_any_route() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let description: serde_json::Value = crate::support::body(&office.get(&budi, "/openapi.json").await);
    let mut routes = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", "AAAQEAYEAUDAOCAJBIFQYDIOB4")
            .replace("{code}", "SKD");
        for method in methods.as_object().unwrap().keys() {
            routes += 1;
            let reply = office.send(&method.to_uppercase(), &path, &[], Some(&json!({}))).await;
            assert_eq!(code(&reply), (401, "access.unauthorized".into()), "{method} {path}");
        }
    }
    assert_eq!(routes, 15);
    assert_eq!(office.send("GET", "/openapi.json", &[], None).await.status_code, 401);
}

#[tokio::test]
async fn nobody_without_the_permission_gets_anything_done() {
    let office = office_that_gives(true, true).await;
    let nobody = office.person(
        "tamu",
        &Role {
            permissions: &[],
            ..RESIDENT
        },
    );
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let letter = format!("/letters/{id}");
    for path in [
        "/letter-types",
        "/letter-types/SKD",
        "/letterhead",
        "/letters",
        &letter,
        &format!("{letter}/pdf"),
        "/admin/surat?status=menunggu_admin",
    ] {
        assert_eq!(
            code(&office.get(&nobody, path).await),
            (403, "access.forbidden".into()),
            "{path}"
        );
    }
    let new = json!({ "type": "SKD", "answers": answers() });
    assert_eq!(office.post(&nobody, "/letters", "k", &new).await.status_code, 403);
    for path in [
        format!("{letter}/submit"),
        format!("{letter}/withdraw"),
        format!("/admin/generate-surat/{id}"),
    ] {
        assert_eq!(
            office.post(&nobody, &path, "k", &json!({})).await.status_code,
            403,
            "{path}"
        );
    }
    for person in [&nobody, &budi] {
        let reply = office
            .put(person, "/letterhead", Some("\"1\""), &crate::support::letterhead())
            .await;
        assert_eq!(reply.status_code, 403);
    }
}

#[tokio::test]
async fn another_residents_and_another_tenants_letter_is_not_there() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let letter = format!("/letters/{id}");
    let everything: Vec<_> = RESIDENT.permissions.iter().chain(ADMIN.permissions).copied().collect();
    let strangers = [
        office.person("ani", &RESIDENT),
        office.person(
            "budi",
            &Role {
                tenant: "dairi",
                permissions: &everything,
                ..RESIDENT
            },
        ),
    ];
    for stranger in &strangers {
        for path in [letter.clone(), format!("{letter}/pdf")] {
            assert_eq!(
                code(&office.get(stranger, &path).await),
                (404, "request.unknown".into()),
                "{path}"
            );
        }
        let answers = json!({ "answers": answers() });
        assert_eq!(
            office.put(stranger, &letter, Some("\"2\""), &answers).await.status_code,
            404
        );
        for path in [format!("{letter}/submit"), format!("{letter}/withdraw")] {
            assert_eq!(
                office.post(stranger, &path, "k", &json!({})).await.status_code,
                404,
                "{path}"
            );
        }
    }
    let [_, dairi] = &strangers;
    assert_eq!(
        office
            .post(dairi, &format!("/admin/generate-surat/{id}"), "k", &json!({}))
            .await
            .status_code,
        404
    );
    assert_eq!(office.get(dairi, "/letter-types/SKD").await.status_code, 404);
    for bad in ["%FF", "x", "..%2F..", "AAAQEAYEAUDAOCAJBIFQYDIOB5"] {
        assert_eq!(
            office.get(&budi, &format!("/letters/{bad}")).await.status_code,
            404,
            "{bad}"
        );
    }
    assert_eq!(office.status(&budi, &id).await, "menunggu_verifikasi_rt");
}

/// Somebody who verifies, by the permission.
fn verifier(office: &Office, permission: &str, rw: Option<&str>, rt: Option<&str>) -> Person {
    let permissions: &[&str] = match permission {
        "rt" => &["letter:read", "letter:verify_rt"],
        "rw" => &["letter:read", "letter:verify_rw"],
        _ => ADMIN.permissions,
    };
    let role = Role {
        tenant: "karo",
        permissions,
        rw,
        rt,
    };
    office.person(permission, &role)
}

#[tokio::test]
async fn verifiers_read_what_was_handed_to_their_own_territory() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let (draft, submitted) = (office.draft(&budi, "k1").await, office.submitted(&budi, "k2").await);
    let advanced = json!({ "label": "menunggu_verifikasi_rw", "decided_by": by("pak-rt", "rt") });
    office.approval(&submitted, "approval.advanced", advanced).await;
    for (permission, rw, rt, sees) in [
        ("rt", Some("003"), Some("001"), true),
        ("rt", Some("3"), Some("1"), true),
        ("rt", Some("003"), Some("002"), false),
        ("rt", Some("004"), Some("001"), false),
        ("rt", None, Some("001"), false),
        ("rt", Some("003"), None, false),
        ("rw", Some("003"), None, true),
        ("rw", Some("0003"), None, true),
        ("rw", Some("30"), None, false),
        ("rw", Some("004"), None, false),
        ("rw", None, None, false),
        ("admin", None, None, true),
    ] {
        let person = verifier(&office, permission, rw, rt);
        let status = office.get(&person, &format!("/letters/{submitted}")).await.status_code;
        assert_eq!(status == 200, sees, "{permission} {rw:?} {rt:?}: {status}");
        let status = office.get(&person, &format!("/letters/{draft}")).await.status_code;
        assert_eq!(status, 404, "a draft is nobody else's: {permission}");
    }
}

#[tokio::test]
async fn nobody_reads_answers_that_have_not_come_to_them_or_are_back_at_the_resident() {
    let office = office_that_gives(true, true).await;
    let budi = office.person("budi", &RESIDENT);
    let id = office.submitted(&budi, "k1").await;
    let path = format!("/letters/{id}");
    let rt = verifier(&office, "rt", Some("003"), Some("001"));
    let rw = verifier(&office, "rw", Some("003"), None);
    let admin = verifier(&office, "admin", None, None);
    // The status, and whether the answers are there.
    let seen = async || {
        let mut seen = Vec::new();
        for person in [&rt, &rw, &admin, &budi] {
            let reply = office.get(person, &path).await;
            seen.push((reply.status_code, body(&reply).get("answers").is_some()));
        }
        seen
    };
    let whole = (200, true);
    let (outline, nothing) = ((200, false), (404, false));
    assert_eq!(seen().await, [whole, nothing, outline, whole]);
    let data = json!({ "label": "menunggu_verifikasi_rw", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.advanced", data).await;
    assert_eq!(seen().await, [whole, whole, outline, whole]);
    let data = json!({ "label": "menunggu_verifikasi_rt", "note": "KK", "decided_by": by("pak-rw", "rw") });
    office.approval(&id, "approval.sent_back", data).await;
    let data = json!({ "label": "revisi_rt", "note": "KK", "decided_by": by("pak-rt", "rt") });
    office.approval(&id, "approval.returned", data).await;
    assert_eq!(seen().await, [outline, outline, outline, whole]);
}

#[tokio::test]
async fn the_office_lists_its_letters_by_their_state_and_no_drafts() {
    let office = office_that_gives(true, false).await;
    let (budi, lurah) = (office.person("budi", &RESIDENT), office.person("lurah", &ADMIN));
    let draft = office.draft(&budi, "k0").await;
    let mut waiting = Vec::new();
    for key in ["k1", "k2", "k3"] {
        waiting.push(office.submitted(&budi, key).await);
    }
    let approved = office.submitted(&budi, "k4").await;
    office.approve(&approved).await;
    let listed = async |query: &str| {
        let reply = office.get(&lurah, &format!("/admin/surat?{query}")).await;
        assert_eq!(reply.status_code, 200, "{}", reply.body);
        body(&reply)
    };
    let ids = |page: &Value| {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let first = listed("status=menunggu_verifikasi_rt&limit=2").await;
    let next = first["next"].as_str().unwrap();
    let second = listed(&format!("status=menunggu_verifikasi_rt&limit=2&cursor={next}")).await;
    let both = &ids(&first) | &ids(&second);
    assert_eq!(both, waiting.into_iter().collect());
    assert_eq!(
        (&first["items"][0]["applicant"], &first["items"][0]["rw"]),
        (&json!("Nama budi"), &json!("003"))
    );
    assert_eq!(ids(&listed("status=disetujui").await), [approved].into());
    for empty in ["draft", "selesai"] {
        assert!(ids(&listed(&format!("status={empty}")).await).is_empty(), "{draft}");
    }
    let dairi = Role {
        tenant: "dairi",
        ..ADMIN
    };
    let page = office
        .get(&office.person("lurah", &dairi), "/admin/surat?status=disetujui")
        .await;
    assert_eq!(body(&page)["items"], json!([]));
    for bad in [
        "",
        "?status=lain",
        "?status=selesai&limit=0",
        "?status=selesai&cursor=x",
    ] {
        let reply = office.get(&lurah, &format!("/admin/surat{bad}")).await;
        assert_eq!(reply.status_code, 400, "{bad}");
    }
}
