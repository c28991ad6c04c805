//! How much may be decided on one item: an approval is one row of the table.

use super::Approval;

/// An item on which more decisions are taken is sent to and fro by machines.
const DECISIONS: usize = 500;
/// Bytes of the route and of all decisions together, as JSON, which is longer than what the table counts. A row has at most
/// 409,600. The next submission may bring an item of 103,000: 90,200 of a letter's answers (64 KB, encrypted, in base64), 32
/// attributes of 206, three texts of 1,200 and who submitted it. 2,000 are for keys and status.
const DECIDED: usize = 290_000;

impl Approval {
    /// Whether it can be kept, whatever its item will say.
    pub(super) fn has_room(&self) -> bool {
        let decided = serde_json::to_vec(&(&self.route, &self.history, &self.standing));
        self.history.len() <= DECISIONS && decided.is_ok_and(|json| json.len() <= DECIDED)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::actor::{Actor, Reach};
    use crate::approval::tests::{awaiting, by, day, item, moment, opened, route};
    use crate::approval::{DecideError, Decision, Verdict};
    use crate::delegation::{Delegation, DelegationKind, Person};
    use crate::item::{Item, ItemKind};
    use crate::route::Route;

    /// What a row may have.
    const ROW: usize = 400 * 1024;

    /// As many characters, each as long as characters get.
    fn wide(characters: usize) -> String {
        "\u{1d400}".repeat(characters)
    }

    fn longest_route() -> Route {
        let word = |kind: char, index: usize| format!("{kind}{index:0>63}");
        let conditions: Vec<Value> = (0..8)
            .map(|index| json!({ "attribute": word('a', index), "equals": "a".repeat(100) }))
            .collect();
        let steps = (0..20).map(|index| {
            let mut step = json!({ "name": word('s', index), "role": word('r', 0), "label": word('l', index),
                "returned_label": word('l', index), "quorum": 20, "due": "PT12H" });
            if index > 0 {
                step["required_if"] = json!(conditions);
            }
            step
        });
        let steps: Vec<Value> = steps.collect();
        serde_json::from_value(json!({ "name": word('n', 0), "version": u32::MAX, "steps": steps })).unwrap()
    }

    /// A letter of which everything is said that can be said.
    fn longest_item() -> Item {
        let attributes: BTreeMap<String, String> = (0..32)
            .map(|index| (format!("{index:0>100}"), "a".repeat(100)))
            .collect();
        Item {
            kind: ItemKind::Letter,
            item_type: Some(wide(300)),
            title: Some(wide(300)),
            applicant: Some(wide(300)),
            submitted_by: Some(wide(100)),
            attributes: serde_json::from_value(json!(attributes)).unwrap(),
            revision: u32::MAX,
            sealed_answers: Some(serde_json::from_value(json!(format!("a.{}", "A".repeat(88 * 1024)))).unwrap()),
            ..item()
        }
    }

    /// Everything that the table keeps of decisions of the longest names, offices and keys, by somebody in another's office.
    fn longest_decision(role: &str, note: Option<String>) -> (Decision, Delegation) {
        let decision = Decision {
            id: wide(200),
            actor: Actor {
                id: wide(100),
                name: wide(200),
                roles: Vec::new(),
                reach: Reach::default(),
            },
            verdict: Verdict::Approve,
            note,
        };
        let person = |id: String| Person { id, name: wide(200) };
        let delegation = Delegation {
            id: wide(26),
            tenant: "karo".parse().unwrap(),
            kind: DelegationKind::Plh,
            from: person("a".repeat(400)),
            to: person(decision.actor.id.clone()),
            role: role.to_owned(),
            reach: Reach::default(),
            only: Reach::default(),
            held_since: None,
            valid_from: day("2026-01-05"),
            valid_until: day("2026-01-07"),
            revoked_at: None,
        };
        (decision, delegation)
    }

    #[test]
    fn an_item_that_goes_to_and_fro_without_end_is_stopped() {
        let mut approval = opened(route());
        let template = by("a", "examiner", Verdict::Approve);
        let decided = approval.clone().decide(&template, &[], moment()).unwrap().0.history;
        approval.history = std::iter::repeat_n(decided[0].clone(), DECISIONS - 1).collect();
        let next = Decision {
            id: "d-next".into(),
            ..template
        };
        assert!(approval.clone().decide(&next, &[], moment()).is_ok());
        approval.history.push(decided[0].clone());
        assert_eq!(approval.decide(&next, &[], moment()).unwrap_err(), DecideError::TooMany);
    }

    #[test]
    fn decisions_of_the_longest_of_everything_are_refused_before_the_row_of_the_longest_item_is_full() {
        let route = longest_route();
        let role = route.steps()[0].role.clone();
        for note in [None, Some(wide(2_000))] {
            let (decision, delegation) = longest_decision(&role, note);
            let mut kept = Approval {
                item: longest_item(),
                authority: Some(wide(160)),
                ..opened(route.clone())
            };
            let refusal = loop {
                // It came back once more.
                let again = Approval {
                    status: awaiting(0),
                    standing: Vec::new(),
                    ..kept.clone()
                };
                match again.decide(&decision, std::slice::from_ref(&delegation), moment()) {
                    Ok((after, _)) => kept = after,
                    Err(error) => break error,
                }
            };
            assert_eq!(refusal, DecideError::TooMany);
            let bytes = serde_json::to_vec(&kept).unwrap().len();
            assert!(kept.history.len() < DECISIONS && bytes > ROW * 9 / 10, "{bytes}");
            assert!(bytes <= ROW, "{bytes}");
        }
    }
}
