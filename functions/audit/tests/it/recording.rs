//! Each action becomes one row of its tenant's chain, however it is delivered.

use audit::{Row, Verification, verify_chain};
use kernel::{Ids, SequentialIds, Sha256Digest};
use platform::{Actor, ActorKind, AuditEntry, Key, Outcome, Parking};
use serde_json::{Value, json};

use crate::support::{NOW, Office, at, by, counted, deliver, seconds, tenant};
use crate::tampering::Raw;

#[tokio::test]
async fn each_action_is_a_row_that_holds_the_digest_of_the_one_before_it() {
    let office = Office::with_five_rows().await;
    let rows = office.rows_of("karo").await;
    let actions: Vec<_> = rows.iter().map(|row| row.read_entry().unwrap().action).collect();
    let expected = [
        "user.created",
        "user.updated",
        "route.put",
        "user.created",
        "role.assigned",
    ];
    assert_eq!(actions, expected);
    let mut previous = Sha256Digest::from_bytes([0; 32]);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(
            (row.sequence, row.previous, row.digest()),
            (index as u64 + 1, previous, row.hash)
        );
        previous = row.hash;
    }
    let head = office.head().await;
    assert_eq!((head.sequence, head.hash), (5, previous));
    assert_eq!(rows[4].read_entry().unwrap().outcome, Outcome::Refused);
    let verified = Verification::Verified {
        rows: 5,
        head: previous,
    };
    assert_eq!(office.verify().await, verified);
}

#[tokio::test]
async fn an_action_that_is_delivered_again_is_recorded_once_also_by_another_process() {
    let office = Office::open().await;
    let events: Vec<Value> = (0..3)
        .map(|second| office.event("karo", &seconds(second), &by("ani", "user.created", "user", "u1")))
        .collect();
    let twice: Vec<Value> = events.iter().chain(&events).cloned().collect();
    assert_eq!(deliver(&office.recorder, &twice).await, [""; 0]);
    let other = audit::record_audit::function(&office.environment).unwrap();
    assert_eq!(deliver(&other, &events).await, [""; 0]);
    assert_eq!(deliver(&office.recorder, &events).await, [""; 0]);
    let ids: Vec<String> = office
        .rows_of("karo")
        .await
        .iter()
        .map(|row| row.event_id.to_string())
        .collect();
    let delivered: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, delivered);
}

#[tokio::test]
async fn processes_that_record_at_the_same_time_make_one_chain_without_gaps() {
    let office = Office::open().await;
    let recorders: Vec<_> = (0..4)
        .map(|_| audit::record_audit::function(&office.environment).unwrap())
        .collect();
    let batches: Vec<Vec<Value>> = (0..4)
        .map(|process| {
            let second = |index| seconds(process * 100 + index);
            let entry = |index: i64| by("ani", "user.created", "user", &format!("u{process}-{index}"));
            (0..10)
                .map(|index| office.event("karo", &second(index), &entry(index)))
                .collect()
        })
        .collect();
    let deliveries = recorders.iter().zip(&batches).map(async |(recorder, batch)| {
        let mut left: Vec<Value> = batch.clone();
        // A queue delivers again what failed.
        while !left.is_empty() {
            let failed = deliver(recorder, &left).await;
            left = failed
                .iter()
                .map(|id| left[id.parse::<usize>().unwrap()].clone())
                .collect();
        }
    });
    futures::future::join_all(deliveries).await;

    let rows = office.rows_of("karo").await;
    let recorded = counted(rows.iter().map(|row| row.read_entry().unwrap().resource.id));
    assert_eq!((rows.len(), recorded.len()), (40, 40));
    assert!(matches!(office.verify().await, Verification::Verified { rows: 40, .. }));
}

#[tokio::test]
async fn each_tenant_has_a_chain_of_its_own() {
    let office = Office::open().await;
    let entry = by("ani", "user.created", "user", "u1");
    let events = ["karo", "dairi", "karo", "dairi", "dairi"].map(|tenant| office.event(tenant, &seconds(1), &entry));
    assert_eq!(deliver(&office.recorder, &events).await, [""; 0]);
    for (tenant, count) in [("karo", 2), ("dairi", 3), ("toba", 0)] {
        let tenant = tenant.parse().unwrap();
        let verified = verify_chain(&office.table, &tenant, at("2026-01-02T00:00:00Z"))
            .await
            .unwrap();
        assert!(
            matches!(verified, Verification::Verified { rows, .. } if rows == count),
            "{tenant}"
        );
    }
    assert_ne!(
        office.rows_of("karo").await[0].hash,
        office.rows_of("dairi").await[0].hash
    );
}

#[tokio::test]
async fn an_action_that_was_recorded_late_stands_in_its_month_and_at_the_end_of_the_chain() {
    let office = Office::with_five_rows().await;
    office
        .record("2026-01-02T00:00:00Z", &by("ani", "user.deleted", "user", "u1"))
        .await;
    let late = office.rows_of("karo").await.pop().unwrap();
    assert_eq!(
        (late.sequence, platform::Record::key(&late).pk.as_str()),
        (6, "karo#audit#2026-01")
    );
    assert!(matches!(office.verify().await, Verification::Verified { rows: 6, .. }));
}

#[tokio::test]
async fn no_entry_is_lost_to_a_row_that_somebody_put_where_it_belongs() {
    let office = Office::with_five_rows().await;
    let key = Key {
        pk: "karo#audit#2026-02".into(),
        sk: format!("{:020}", 6),
    };
    Raw::at(key, json!({ "planted": true })).stand(&office.table, 1).await;
    let event = office.event("karo", "2026-02-01T00:20:00Z", &by("ani", "user.created", "user", "u3"));
    // Delivered again until somebody looks, and in the end a dead letter with its alarm.
    assert_eq!(deliver(&office.recorder, std::slice::from_ref(&event)).await, ["0"]);
    assert_eq!(deliver(&office.recorder, std::slice::from_ref(&event)).await, ["0"]);
    assert_eq!(office.head().await.sequence, 5);
}

#[tokio::test]
async fn personal_numbers_and_secrets_that_a_writer_left_in_are_not_recorded() {
    let office = Office::open().await;
    let nik = "9900112233445566";
    let anonymous = Actor {
        id: nik.into(),
        kind: ActorKind::Anonymous,
    };
    let after = json!({ "nik": nik, "users": [{ "refreshToken": "abc", "phone": 81_200_000_000_u64 }], "note": format!("NIK {nik}") });
    let entry = AuditEntry::success(anonymous, "session.refused", "user", nik).changing(None, Some(after));
    office.record(&seconds(1), &entry).await;
    let row = office.rows_of("karo").await.remove(0);
    assert!(
        !row.entry.contains(nik) && !row.entry.contains("abc") && !row.entry.contains("812"),
        "{}",
        row.entry
    );
    assert!(
        row.entry.contains(r#""note":"NIK ***""#) && row.entry.contains(r#""id":"***""#),
        "{}",
        row.entry
    );
}

#[tokio::test]
async fn what_is_no_action_of_ours_is_parked_and_not_recorded() {
    let office = Office::open().await;
    let good = office.event("karo", &seconds(1), &by("ani", "user.created", "user", "u1"));
    let mut other = good.clone();
    other["type"] = "user.created".into();
    let mut shouted = good.clone();
    shouted["data"]["action"] = "DROP TABLE".into();
    let mut incomplete = good.clone();
    incomplete["data"].as_object_mut().unwrap().remove("actor");
    assert_eq!(deliver(&office.recorder, &[other, shouted, incomplete]).await, [""; 0]);
    let partition = Parking::partition("record-audit");
    let parked = office.table.list::<Parking>(&partition, "", true, 10).await.unwrap();
    let codes: Vec<_> = parked.iter().map(|row| row.value.code.as_str()).collect();
    assert_eq!(codes, ["message.malformed", "audit.malformed", "message.malformed"]);
    assert_eq!(office.rows_of("karo").await, Vec::<Row>::new());
}

#[tokio::test]
async fn what_a_function_records_with_its_change_arrives_in_the_chain() {
    let office = Office::open().await;
    let id = SequentialIds::default().event_id(at(NOW));
    let entry = by("ani", "user.created", "user", "u1").changing(None, Some(json!({ "rw": "003" })));
    let transaction = office.table.transaction();
    let audited = transaction
        .audited(&office.environment, &tenant(), entry.clone())
        .unwrap();
    audited.commit().await.unwrap();

    let key = Key::state("karo", "action", &id.to_string());
    let event = office.table.events(&key, 1).await.unwrap().remove(0);
    assert_eq!(
        deliver(&office.recorder, &[serde_json::to_value(event).unwrap()]).await,
        [""; 0]
    );
    let row = office.rows_of("karo").await.remove(0);
    assert_eq!((row.event_id, row.time, row.read_entry()), (id, at(NOW), Some(entry)));
}

#[tokio::test]
async fn the_golden_event_becomes_these_very_bytes() {
    let office = Office::open().await;
    let golden = include_str!("../../../../events/domain/action.taken.json");
    assert_eq!(
        deliver(&office.recorder, &[serde_json::from_str(golden).unwrap()]).await,
        [""; 0]
    );
    let row = office.rows_of("karo").await.remove(0);
    let expected = concat!(
        r#"{"entry":{"action":"user.updated","actor":{"id":"admin-1","kind":"person"},"#,
        r#""after":{"active":true,"roles":["rt_verifier"]},"before":{"active":false,"roles":["rt_verifier"]},"#,
        r#""origin":{"correlation_id":"01KE5VQ7XB2N3M4P5Q6R7S8T21","ip":"203.0.113.7","user_agent":"Mozilla/5.0"},"#,
        r#""outcome":"success","resource":{"id":"01KE5VQ7XB2N3M4P5Q6R7S8T19","kind":"user"}},"#,
        r#""event_id":"01KE5VQ7XB2N3M4P5Q6R7S8T20","#,
        r#""previous":"0000000000000000000000000000000000000000000000000000000000000000","sequence":1,"#,
        r#""tenant":"karo","time":"2026-01-05T01:00:00Z"}"#,
    );
    assert_eq!(row.canonical(), expected);
    assert_eq!(row.hash, Sha256Digest::of(expected.as_bytes()));
}
