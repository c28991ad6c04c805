//! Copies of the trail: for a spreadsheet, and for whoever wants to compute the chain again.

use kernel::Sha256Digest;
use platform::{AuditEntry, HttpReply, Origin, Outcome};
use serde_json::{Value, json};

use crate::support::{NOW, Office, body, by, deliver, seconds, tenant};

fn header<'a>(reply: &'a HttpReply, name: &str) -> Option<&'a str> {
    reply.headers.get(name).map(String::as_str)
}

#[tokio::test]
async fn a_spreadsheet_gets_a_line_for_each_row_and_nothing_to_compute() {
    let office = Office::with_five_rows().await;
    let attack = by("=HYPERLINK(\"http://a\")", "session.refused", "user", "u9").from(&Origin {
        ip: "203.0.113.7".into(),
        user_agent: "@SUM(A1),\r\nx".into(),
        correlation_id: "c1".into(),
    });
    office.record(NOW, &attack).await;
    let key = office.key(&["audit:export"], 1, "karo").await;
    let reply = office.get("/audit/export", Some(&key)).await;
    assert_eq!((reply.status_code, reply.is_base64_encoded), (200, false));
    assert_eq!(
        header(&reply, "content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    assert_eq!(
        header(&reply, "content-disposition"),
        Some("attachment; filename=\"audit.csv\"")
    );
    let lines: Vec<_> = reply.body.split("\r\n").collect();
    assert_eq!(
        lines.len(),
        1 + 6 + 1 + 1,
        "names, rows, a line break within a cell, and the end"
    );
    assert!(
        lines[1]
            .starts_with("6,2026-02-01T00:30:00Z,person,\"'=HYPERLINK(\"\"http://a\"\")\",session.refused,user,u9,")
    );
    assert!(lines[1].ends_with("203.0.113.7,\"'@SUM(A1),"), "{}", lines[1]);
    assert!(lines[3].starts_with("5,2026-02-01T00:10:00Z,person,ani,role.assigned,user,u2,refused,access.forbidden,"));
}

#[tokio::test]
async fn whoever_takes_a_copy_as_json_can_compute_the_chain_again() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:export"], 1, "karo").await;
    let reply = office.get("/audit/export?format=json", Some(&key)).await;
    assert_eq!(header(&reply, "content-type"), Some("application/json"));
    let mut items: Vec<Value> = body(&reply)["items"].as_array().unwrap().clone();
    items.reverse();
    let mut previous = "0".repeat(64);
    for item in &mut items {
        let hash = item.as_object_mut().unwrap().remove("hash").unwrap();
        assert_eq!(item["previous"], previous);
        // The values of this chain are plain enough for sorted names to be the canonical form.
        previous = Sha256Digest::of(item.to_string().as_bytes()).to_string();
        assert_eq!(hash, previous);
    }
    assert_eq!(previous, office.head().await.hash.to_string());
}

#[tokio::test]
async fn a_copy_is_of_what_the_search_finds_and_goes_on_where_it_reached_its_limit() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:export"], 1, "karo").await;
    let first = office
        .get("/audit/export?format=json&action=user.*&limit=2", Some(&key))
        .await;
    let sequences = |reply: &HttpReply| {
        let items = body(reply)["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["sequence"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(sequences(&first), [4, 2]);
    let next = header(&first, "x-next-cursor").unwrap();
    assert_eq!(body(&first)["next"], next);
    let second = office
        .get(
            &format!("/audit/export?format=json&action=user.*&cursor={next}"),
            Some(&key),
        )
        .await;
    assert_eq!((sequences(&second), header(&second, "x-next-cursor")), (vec![1], None));
    let too_many = office.get("/audit/export?limit=10001", Some(&key)).await;
    assert_eq!(
        (too_many.status_code, &body(&too_many)["code"]),
        (400, &json!("request.paging"))
    );
    let unknown = office.get("/audit/export?format=xlsx", Some(&key)).await;
    assert_eq!(
        (unknown.status_code, &body(&unknown)["code"]),
        (400, &json!("request.malformed_query"))
    );
}

#[tokio::test]
async fn a_large_trail_is_copied_in_parts_that_fit_an_answer() {
    let office = Office::open().await;
    let large = json!({ "text": "\"".repeat(30_000) });
    let events: Vec<Value> = (0..90)
        .map(|index| {
            let entry = by("ani", "user.updated", "user", "u1").changing(None, Some(large.clone()));
            office.event("karo", &seconds(index), &entry)
        })
        .collect();
    assert_eq!(deliver(&office.recorder, &events).await, [""; 0]);
    let key = office.key(&["audit:export"], 1, "karo").await;
    let (mut cursor, mut rows, mut parts) = (String::new(), 0, 0);
    loop {
        let reply = office
            .get(&format!("/audit/export?format=json{cursor}"), Some(&key))
            .await;
        // As Lambda would send it.
        let sent = serde_json::to_string(&reply).unwrap().len();
        assert!(sent < 6_000_000, "{sent} bytes");
        rows += body(&reply)["items"].as_array().unwrap().len();
        parts += 1;
        match header(&reply, "x-next-cursor") {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(rows, 90);
    assert!(parts > 1);
    for path in ["/audit/export", "/audit?limit=100"] {
        let reader = office
            .key(
                &["audit:export", "audit:read"],
                u8::try_from(path.len()).unwrap(),
                "karo",
            )
            .await;
        let reply = office.get(path, Some(&reader)).await;
        let sent = serde_json::to_string(&reply).unwrap().len();
        assert!((2_000_000..6_000_000).contains(&sent), "{path}: {sent} bytes");
    }
}

#[tokio::test]
async fn that_a_copy_was_taken_is_an_action_too() {
    let office = Office::with_five_rows().await;
    let key = office.key(&["audit:export"], 1, "karo").await;
    assert_eq!(office.get("/audit/export?actor=ani", Some(&key)).await.status_code, 200);
    let AuditEntry {
        action,
        outcome,
        resource,
        after,
        ..
    } = office.own_action().await;
    assert_eq!((action.as_str(), outcome), ("audit.exported", Outcome::Success));
    assert_eq!(
        (resource.id.as_str(), after),
        (tenant().as_str(), Some(json!({ "format": "csv", "rows": 3 })))
    );
}
