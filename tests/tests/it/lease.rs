//! A decision whose process dies: at whatever effect, its lease ends, and whoever asks again gets the one answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use kernel::Clock;
use platform::{Environment, Function};
use serde_json::{Value, json};

use crate::golden_flow::TWO_STEPS;
use crate::support::messages::{deliver, deliver_to, detect_all, history, newest, recorded, types};
use crate::support::{TENANT, drop_pdf, environment, http_event, key_file, sample, skipped_elsewhere, stack};
use crate::tokens::{Holder, token};

tokio::task_local! {
    /// After how many moments the process dies; each effect has two, before and after.
    static LIFE: AtomicUsize;
}

/// A clock that stands still until it is moved.
struct Hand {
    /// The real time: the table forgets what expired before it.
    begun: Timestamp,
    seconds: AtomicI64,
}

impl Hand {
    fn move_on(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        self.begun + SignedDuration::from_secs(self.seconds.load(Ordering::SeqCst))
    }
}

async fn ask(decide: &Function, id: &str, verdict: &str) -> Option<(u64, Value)> {
    let bearer = token(&Holder {
        id: "pemeriksa-1",
        role: "examiner",
        ..Holder::default()
    });
    let authorization = format!("Bearer {bearer}");
    let headers = [("authorization", authorization.as_str()), ("idempotency-key", "k-1")];
    let body = json!({ "verdict": verdict, "note": "Lampirkan KTP." }).to_string();
    let request = http_event("POST", &format!("/approvals/{id}/decisions"), &headers, &body);
    let answer = decide.invoke(request).await.ok()?;
    let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    Some((answer["statusCode"].as_u64().unwrap(), body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_process_died_is_taken_over_when_its_lease_is_over_and_not_before() {
    if skipped_elsewhere("it delivers messages by hand, to functions within this process") {
        return;
    }
    let hook: platform::EffectHook = Arc::new(|_, _| {
        let dies = LIFE.try_with(|left| left.fetch_sub(1, Ordering::SeqCst) == 0);
        if dies == Ok(true) {
            std::panic::resume_unwind(Box::new("killed"));
        }
    });
    let stack = stack(false, Some(hook)).await;
    let clock = Arc::new(Hand {
        begun: Timestamp::now(),
        seconds: AtomicI64::new(0),
    });
    let public_key = key_file("token.pub.pem");
    let environment = Environment {
        clock: clock.clone(),
        ..environment(
            &stack,
            &[("APPROVAL_ROUTE", TWO_STEPS), ("TOKEN_PUBLIC_KEY", &public_key)],
        )
    };
    let advance = approvals::advance_approval::function(&environment).unwrap();
    let decide = approvals::decide::function(&environment).unwrap();

    // Five effects: two counters of requests, the record of the command, the decision, the response.
    for life in 0..10 {
        let name = format!("izin-{life}");
        drop_pdf(&stack, &name, sample(), &[]).await;
        detect_all(&stack).await;
        let id = newest(&stack, &name).await.id.to_string();
        deliver(&stack, "import", &recorded(&stack, &id, "document.detected").await).await;
        deliver_to(&advance, &recorded(&stack, &id, "document.imported").await.to_string()).await;

        let died = LIFE.scope(AtomicUsize::new(life), ask(&decide, &id, "return")).await;
        assert!(died.is_none(), "{life}");
        let waiting = ask(&decide, &id, "return").await.unwrap();
        match life {
            // Before the record it left no trace but in the counters; after its last effect it had done everything.
            0..=4 | 9 => assert_eq!(waiting.0, 200),
            _ => {
                assert_eq!(
                    (waiting.0, &waiting.1["code"]),
                    (409, &json!("idempotency.in_progress")),
                    "{life}"
                );
                clock.move_on(59);
                assert_eq!(
                    ask(&decide, &id, "return").await.unwrap().0,
                    409,
                    "{life}: a second too early"
                );
                clock.move_on(1);
            }
        }
        let (status, answer) = ask(&decide, &id, "return").await.unwrap();
        assert_eq!((status, &answer["status"]["name"]), (200, &json!("returned")), "{life}");
        assert_eq!(answer["history"].as_array().unwrap().len(), 1, "{life}");
        assert_eq!(ask(&decide, &id, "return").await.unwrap(), (200, answer), "{life}");
        let (status, problem) = ask(&decide, &id, "approve").await.unwrap();
        assert_eq!(
            (status, &problem["code"]),
            (422, &json!("idempotency.reused")),
            "{life}"
        );
        // A day later the response is forgotten, and the approval itself still knows the key.
        clock.move_on(25 * 3600);
        let (status, problem) = ask(&decide, &id, "approve").await.unwrap();
        assert_eq!(problem["code"], "approvals.key_reused", "{life}: {status}");
        let events = history(&stack, TENANT, "approval", &id).await;
        assert_eq!(types(&events), ["approval.opened", "approval.returned"], "{life}");
    }
    stack.stop().await;
}
