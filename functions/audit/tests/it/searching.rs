//! What auditors find over HTTP, and who else finds nothing.

use platform::HttpReply;
use serde_json::{Value, json};

use crate::support::{Office, body, by, deliver, seconds};

fn sequences(reply: &HttpReply) -> Vec<u64> {
    assert_eq!(reply.status_code, 200, "{}", reply.body);
    let items = body(reply)["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["sequence"].as_u64().unwrap()).collect()
}

/// Goes from page to page to the end; the rows, and how many pages there were.
async fn all(office: &Office, key: &str, path_and_query: &str) -> (Vec<u64>, usize) {
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let reply = office.get(&format!("{path_and_query}{cursor}"), Some(key)).await;
        found.extend(sequences(&reply));
        pages += 1;
        match body(&reply).get("next") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return (found, pages),
        }
    }
}

#[tokio::test]
async fn each_search_finds_its_rows_newest_first() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:read"], 1, "karo").await;
    let cases: [(&str, &[u64]); 20] = [
        ("", &[5, 4, 3, 2, 1]),
        ("actor=ani", &[5, 2, 1]),
        ("actor=budi", &[4, 3]),
        ("actor=nobody", &[]),
        ("actor=", &[]),
        ("resource=user:u1", &[2, 1]),
        ("resource=route:izin:1", &[3]),
        ("resource=user:u2&actor=ani", &[5]),
        ("action=user.created", &[4, 1]),
        ("action=user.*", &[4, 2, 1]),
        ("outcome=refused", &[5]),
        ("outcome=failed", &[]),
        ("from=2026-01-31T23:59:59Z", &[5, 4, 3]),
        ("until=2026-01-31T23:59:59Z", &[2, 1]),
        ("from=2026-01-05T01:00:00.2Z&until=2026-02-01T00:10:00Z", &[4, 3, 2]),
        ("from=2026-02-01T07:00:00%2B07:00", &[5, 4]),
        ("actor=ani&from=2026-01-05T01:00:00.1Z&until=2026-02-01T00:00:00Z", &[2]),
        ("resource=user:u2&action=user.created&from=2026-02-01T00:00:00Z", &[4]),
        ("from=2027-01-01T00:00:00Z", &[]),
        ("until=2025-01-01T00:00:00Z", &[]),
    ];
    for (query, expected) in cases {
        let reply = office.get(&format!("/audit?{query}"), Some(&key)).await;
        assert_eq!(sequences(&reply), expected, "{query}");
        assert_eq!(body(&reply).get("next"), None, "{query}");
    }
}

#[tokio::test]
async fn a_row_says_who_did_what_to_what_and_its_place_in_the_chain() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:read"], 1, "karo").await;
    let reply = office.get("/audit?resource=user:u1&limit=1", Some(&key)).await;
    let row = &office.rows_of("karo").await[1];
    let expected = json!({
        "tenant": "karo", "sequence": 2, "time": "2026-01-05T01:00:00.25Z", "event_id": row.event_id,
        "previous": row.previous, "hash": row.hash,
        "entry": {
            "actor": { "id": "ani", "kind": "person" }, "action": "user.updated", "outcome": "success",
            "resource": { "kind": "user", "id": "u1" }, "before": { "active": false },
            "after": { "active": true, "rw": "003" },
        },
    });
    assert_eq!(body(&reply)["items"][0], expected);
}

#[tokio::test]
async fn pages_hold_every_row_once_however_long_they_are_and_whatever_is_left_out() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:read"], 1, "karo").await;
    for (limit, pages) in [(1, 5), (2, 3), (3, 2), (4, 2), (5, 1), (100, 1)] {
        let (found, count) = all(&office, &key, &format!("/audit?limit={limit}")).await;
        assert_eq!(found, [5, 4, 3, 2, 1], "{limit}");
        assert!(count <= pages + 1, "{count} pages of {limit}");
    }
    for query in [
        "actor=ani",
        "action=user.*&until=2026-02-01T00:05:00Z",
        "resource=user:u2",
    ] {
        let whole = sequences(&office.get(&format!("/audit?{query}"), Some(&key)).await);
        let (found, _) = all(&office, &key, &format!("/audit?{query}&limit=1")).await;
        assert_eq!(found, whole, "{query}");
    }
}

#[tokio::test]
async fn what_is_rare_is_found_behind_hundreds_of_other_rows() {
    let office = Office::open().await;
    let events: Vec<Value> = (0..260)
        .map(|index| {
            let action = if index % 100 == 7 {
                "role.assigned"
            } else {
                "user.created"
            };
            office.event(
                "karo",
                &seconds(index),
                &by("ani", action, "user", &format!("u{index}")),
            )
        })
        .collect();
    assert_eq!(deliver(&office.recorder, &events).await, [""; 0]);
    let key = office.key(&["audit:read"], 1, "karo").await;
    for query in ["action=role.assigned", "action=role.assigned&actor=ani"] {
        let reply = office.get(&format!("/audit?{query}"), Some(&key)).await;
        assert_eq!(sequences(&reply), [208, 108, 8], "{query}");
        let (found, _) = all(&office, &key, &format!("/audit?{query}&limit=1")).await;
        assert_eq!(found, [208, 108, 8], "{query}");
    }
    let (found, pages) = all(&office, &key, "/audit?limit=100").await;
    assert_eq!((found.len(), pages), (260, 3));
    assert!(found.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn rows_of_another_tenant_are_never_found_not_even_with_its_cursors() {
    let office = Office::with_five_rows().await;
    let other = office.event("dairi", &seconds(1), &by("ani", "user.created", "user", "u1"));
    deliver(&office.recorder, &[other]).await;
    let (karo, dairi) = (
        office.key(&["audit:read"], 1, "karo").await,
        office.key(&["audit:read"], 2, "dairi").await,
    );
    for query in ["", "actor=ani", "resource=user:u1"] {
        let reply = office.get(&format!("/audit?{query}"), Some(&dairi)).await;
        assert_eq!(sequences(&reply), [1], "{query}");
        assert_eq!(body(&reply)["items"][0]["tenant"], "dairi");
        let page = office.get(&format!("/audit?{query}&limit=1"), Some(&karo)).await;
        let cursor = body(&page)["next"].as_str().unwrap().to_owned();
        let refused = office
            .get(&format!("/audit?{query}&cursor={cursor}"), Some(&dairi))
            .await;
        assert_eq!(
            (refused.status_code, &body(&refused)["code"]),
            (400, &json!("request.paging")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn nobody_searches_without_the_permission() {
    let office = Office::with_five_rows().await;
    let stranger = office.get("/audit", None).await;
    assert_eq!(
        (stranger.status_code, &body(&stranger)["code"]),
        (401, &json!("access.unauthorized"))
    );
    let exporter = office.key(&["audit:export", "user:read"], 1, "karo").await;
    let refused = office.get("/audit", Some(&exporter)).await;
    assert_eq!(
        (refused.status_code, &body(&refused)["code"]),
        (403, &json!("access.forbidden"))
    );
    let reader = office.key(&["audit:read"], 2, "karo").await;
    let refused = office.get("/audit/export", Some(&reader)).await;
    assert_eq!(
        (refused.status_code, &body(&refused)["code"]),
        (403, &json!("access.forbidden"))
    );
}

#[tokio::test]
async fn a_search_that_cannot_be_done_is_refused_with_a_reason() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:read"], 1, "karo").await;
    let cases = [
        ("limit=0", "request.paging"),
        ("limit=101", "request.paging"),
        ("limit=x", "request.malformed_query"),
        ("from=yesterday", "request.malformed_query"),
        ("outcome=maybe", "request.malformed_query"),
        ("cursor=x", "request.paging"),
        ("cursor=-.x", "request.paging"),
        ("cursor=2026-01.x", "request.paging"),
        ("cursor=2027-01.", "request.paging"),
        ("resource=user", "audit.malformed_resource"),
        ("action=User", "audit.malformed_action"),
        (
            "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
            "audit.no_period",
        ),
    ];
    for (query, code) in cases {
        let reply = office.get(&format!("/audit?{query}"), Some(&key)).await;
        assert_eq!(
            (reply.status_code, &body(&reply)["code"]),
            (400, &json!(code)),
            "{query}"
        );
    }
    let long = office
        .get(&format!("/audit?actor={}", "a".repeat(3_000)), Some(&key))
        .await;
    assert_eq!(
        (long.status_code, &body(&long)["code"]),
        (400, &json!("audit.filter_too_long"))
    );
}

#[tokio::test]
async fn a_parameter_that_no_row_can_match_is_refused_and_no_outage() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:read"], 1, "karo").await;
    // Each letter is two bytes, and three times as many in an address.
    let letters = |count: usize| "%C3%A9".repeat(count);
    for query in [
        format!("actor={}", letters(261)),
        format!("actor={}", "a".repeat(2_048)),
        format!("resource=user:{}", letters(326)),
        format!("action={}", "a".repeat(67)),
    ] {
        let reply = office.get(&format!("/audit?{query}"), Some(&key)).await;
        assert_eq!(
            (reply.status_code, &body(&reply)["code"]),
            (400, &json!("audit.filter_too_long"))
        );
    }
    for query in [
        format!("actor={}", letters(260)),
        format!("resource=user:{}", letters(325)),
    ] {
        let reply = office.get(&format!("/audit?{query}"), Some(&key)).await;
        assert_eq!(sequences(&reply), [0; 0]);
    }
}
