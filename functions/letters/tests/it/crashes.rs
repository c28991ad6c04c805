//! A process that dies while it renders a letter, at whatever effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use platform::{Aws, EffectHook, Environment};
use serde_json::{Value, json};

use crate::rendering::{approved, dropped};
use crate::support::{ADMIN, Office, by, letterhead, office_that_gives};

tokio::task_local! {
    /// After how many moments the process dies; each effect has two, before and after.
    static LIFE: AtomicUsize;
}

/// Writes the office's paper anew, as that of `unit`.
async fn write_letterhead(office: &Office, seen: usize, unit: &str) {
    let mut paper = letterhead();
    paper["office"] = unit.into();
    paper["officials"]["lurah"]["office"] = format!("Kepala {unit}").into();
    let lurah = office.person("lurah", &ADMIN);
    let seen = format!("\"{seen}\"");
    let written = office.put(&lurah, "/letterhead", Some(&seen), &paper).await;
    assert_eq!(written.status_code, 200, "{}", written.body);
}

/// What the secretary approved in the office of the head.
fn on_behalf() -> Value {
    let mut decided_by = by("sekretaris", "admin");
    decided_by["capacity"] = "a.n. Super Admin".into();
    decided_by["acting_for"] = json!({ "id": "lurah", "name": "Siti Contoh", "kind": "an" });
    decided_by
}

#[tokio::test]
async fn a_letter_whose_process_dies_is_told_of_and_dropped_with_the_names_on_its_page() {
    let office = office_that_gives(false, false).await;
    let hook: EffectHook = Arc::new(|_, _| {
        let dies = LIFE.try_with(|left| left.fetch_sub(1, Ordering::SeqCst) == 0);
        if dies == Ok(true) {
            std::panic::resume_unwind(Box::new("killed"));
        }
    });
    let mortal = Environment {
        aws: Aws::connect_observed(&office.settings_with("INBOX_BUCKET", "inbox"), hook).unwrap(),
        ..office.environment.clone()
    };
    let render = letters::render_letter::function(&mortal).unwrap();
    // Three effects: the PDF is kept, told of, dropped.
    for moment in 0..6 {
        let (before, after) = (
            format!("Kelurahan Melati {moment}"),
            format!("Kelurahan Kenanga {moment}"),
        );
        write_letterhead(&office, 1 + 2 * moment, &before).await;
        let id = approved(&office, &format!("k{moment}"), on_behalf()).await;
        let event = office.told(&id, "letter.approved").await;
        let message = json!({ "messageId": event["id"], "body": event.to_string(), "eventSource": "aws:sqs" });
        let dying = render.invoke(json!({ "Records": [message] }));
        let answer = LIFE.scope(AtomicUsize::new(moment), dying).await.unwrap();
        assert_ne!(answer["batchItemFailures"], json!([]), "{moment}");

        write_letterhead(&office, 2 + 2 * moment, &after).await;
        office.deliver(&office.render, &event).await;
        // Once a page was kept, the letter has it for good.
        let on_page = if moment == 0 { after } else { before };
        let rendered = office.told(&id, "letter.rendered").await;
        assert_eq!(
            rendered["data"]["office"],
            json!(format!("Kepala {on_page}")),
            "{moment}"
        );
        let pdf = dropped(&office, &id).await.unwrap();
        assert_eq!(pdf.metadata["issuing-unit"], on_page, "{moment}");
        let types = office.event_types(&id).await;
        assert_eq!(types, ["letter.submitted", "letter.approved", "letter.rendered"]);
    }
}
