#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use jiff::civil::Date;
use kernel::Fault;
use serde_json::json;

use super::*;
use crate::item::{Attributes, ItemKind};

pub(super) fn route() -> Route {
    serde_json::from_str(
        r#"{"name":"izin","version":3,"steps":[
            {"name":"pemeriksa","role":"examiner"},
            {"name":"kepala_bidang","role":"head_of_division","on_reject":"previous"},
            {"name":"sekretaris","role":"secretary","on_reject":"origin"},
            {"name":"kepala_dinas","role":"head_of_office","on_reject":"terminal"}]}"#,
    )
    .unwrap()
}

pub(super) fn trace() -> Traceparent {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        .parse()
        .unwrap()
}

pub(super) fn moment() -> Moment {
    Moment {
        at: "2026-01-05T02:00:00Z".parse().unwrap(),
        today: day("2026-01-05"),
    }
}

pub(super) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(super) fn item() -> Item {
    Item {
        kind: ItemKind::Document,
        id: "AAAQEAYEAUDAOCAJBIFQYDIOB4".parse().unwrap(),
        item_type: None,
        title: None,
        applicant: None,
        submitted_by: Some("loket-1".into()),
        attributes: Attributes::default(),
        revision: 0,
        sealed_answers: None,
        description: None,
    }
}

pub(super) fn opened(route: Route) -> Approval {
    Approval::open(item(), "karo".parse().unwrap(), route, trace(), moment().at).unwrap()
}

pub(super) fn in_status(status: Status) -> Approval {
    Approval {
        status,
        ..opened(route())
    }
}

pub(super) fn awaiting(step: usize) -> Status {
    let since = moment().at;
    Status::Awaiting { step, since }
}

pub(super) fn actor(id: &str, role: &str) -> Actor {
    Actor {
        id: id.into(),
        name: "Budi Contoh".into(),
        roles: vec![role.into()],
        reach: Reach::default(),
    }
}

pub(super) fn decision(role: &str, verdict: Verdict, note: Option<&str>) -> Decision {
    Decision {
        id: "d-1".into(),
        actor: actor("u-1", role),
        verdict,
        note: note.map(str::to_owned),
    }
}

pub(super) fn by(id: &str, role: &str, verdict: Verdict) -> Decision {
    Decision {
        id: format!("d-{id}"),
        actor: actor(id, role),
        ..decision(role, verdict, Some("Periksa lagi."))
    }
}

fn show(answer: Result<(Approval, ApprovalEvent), DecideError>) -> String {
    match answer {
        Ok((after, event)) => match after.status {
            Status::Awaiting { step, .. } => format!("{}:{step}", event.event_type()),
            Status::Returned { .. } | Status::Withdrawn | Status::Rejected | Status::Approved => {
                event.event_type().to_owned()
            }
        },
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn every_status_answers_every_actor_and_decision_as_this_table_says() {
    let statuses = [
        awaiting(0),
        awaiting(1),
        awaiting(2),
        awaiting(3),
        Status::Returned { step: 0 },
        Status::Withdrawn,
        Status::Rejected,
        Status::Approved,
    ];
    let roles = [
        "examiner",
        "head_of_division",
        "secretary",
        "head_of_office",
        "outsider",
    ];
    // What the actor whose turn it is gets for approve, return and reject; everybody else is out of turn.
    let in_turn = [
        ["approval.advanced:1", "approval.returned", "approval.rejected"],
        ["approval.advanced:2", "approval.sent_back:0", "approval.rejected"],
        ["approval.advanced:3", "approval.returned", "approval.rejected"],
        ["approval.approved", "approval.rejected", "approval.rejected"],
    ];
    for (row, status) in statuses.into_iter().enumerate() {
        for (column, role) in roles.into_iter().enumerate() {
            for (index, verdict) in [Verdict::Approve, Verdict::Return, Verdict::Reject]
                .into_iter()
                .enumerate()
            {
                let expected = match in_turn.get(row) {
                    None => "approvals.not_awaiting",
                    Some(answers) if row == column => answers[index],
                    Some(_) => "approvals.out_of_turn",
                };
                let decision = decision(role, verdict, Some("Lampirkan KTP"));
                let got = show(in_status(status).decide(&decision, &[], moment()));
                assert_eq!(got, expected, "{status:?}, {role}, {verdict:?}");
            }
        }
    }
}

#[test]
fn every_status_answers_a_withdrawal_and_a_resubmission_as_this_table_says() {
    for (status, withdrawn, resubmitted) in [
        (awaiting(1), "approval.withdrawn", "approvals.still_open"),
        (Status::Returned { step: 0 }, "approval.withdrawn", "approval.reopened"),
        (Status::Withdrawn, "approvals.not_awaiting", "approval.reopened"),
        (Status::Rejected, "approvals.not_awaiting", "approvals.ended"),
        (Status::Approved, "approvals.not_awaiting", "approvals.ended"),
    ] {
        let answer = in_status(status).withdraw("loket-1");
        let got = answer.map_or_else(|error| error.code(), |(_, event)| event.event_type());
        assert_eq!(got, withdrawn, "{status:?}");
        let stranger = in_status(status).withdraw("loket-2");
        assert_eq!(stranger.unwrap_err(), WithdrawError::NotSubmitter, "{status:?}");
        let answer = in_status(status).resubmit(item(), moment().at);
        let got = answer.map_or_else(|error| error.code(), |(_, event)| event.event_type());
        assert_eq!(got, resubmitted, "{status:?}");
    }
    let nobodys = Item {
        submitted_by: None,
        ..item()
    };
    let nobodys = Approval {
        item: nobodys,
        ..opened(route())
    };
    assert_eq!(nobodys.withdraw("loket-1").unwrap_err(), WithdrawError::NotSubmitter);
}

#[test]
fn a_return_or_rejection_without_a_reason_is_refused() {
    for note in [None, Some(""), Some("  \n")] {
        for verdict in [Verdict::Return, Verdict::Reject] {
            let answer = in_status(awaiting(0)).decide(&decision("examiner", verdict, note), &[], moment());
            assert_eq!(answer.unwrap_err(), DecideError::NoteMissing);
        }
    }
    let long = "a".repeat(decision::NOTE_LIMIT + 1);
    let long = decision("examiner", Verdict::Return, Some(&long));
    let answer = in_status(awaiting(0)).decide(&long, &[], moment());
    assert_eq!(answer.unwrap_err(), DecideError::NoteTooLong);
    for id in [String::new(), "a".repeat(201)] {
        let nameless = Decision {
            id,
            ..decision("examiner", Verdict::Approve, None)
        };
        let answer = in_status(awaiting(0)).decide(&nameless, &[], moment());
        assert_eq!(answer.unwrap_err(), DecideError::BadId);
    }
}

#[test]
fn each_decision_is_kept_with_who_when_and_why() {
    let decision = decision("examiner", Verdict::Approve, Some(" Lengkap "));
    let (approval, _) = in_status(awaiting(0)).decide(&decision, &[], moment()).unwrap();
    let expected = Decided {
        decision_id: "d-1".into(),
        step: "pemeriksa".into(),
        actor_id: "u-1".into(),
        actor_name: "Budi Contoh".into(),
        acting_for: None,
        verdict: Verdict::Approve,
        note: Some("Lengkap".into()),
        at: moment().at,
    };
    assert_eq!(approval.history, [expected]);
}

#[test]
fn a_decision_is_the_same_only_if_the_same_person_says_the_same() {
    let taken = decision("examiner", Verdict::Approve, Some("Lengkap"));
    let (approval, _) = in_status(awaiting(0)).decide(&taken, &[], moment()).unwrap();
    assert_eq!(approval.has_taken(&taken), Ok(true));
    let same = decision("examiner", Verdict::Approve, Some(" Lengkap\n"));
    assert_eq!(approval.has_taken(&same), Ok(true));
    let other = decision("examiner", Verdict::Reject, Some("Lengkap"));
    assert_eq!(approval.has_taken(&other), Err(DecideError::KeyReused));
    let somebody_else = Decision {
        actor: actor("u-2", "examiner"),
        ..taken
    };
    assert_eq!(approval.has_taken(&somebody_else), Err(DecideError::KeyReused));
    let new = Decision {
        id: "d-2".into(),
        ..other
    };
    assert_eq!(approval.has_taken(&new), Ok(false));
}

pub(super) fn panel() -> Route {
    serde_json::from_value(json!({ "name": "panel", "version": 1, "steps": [
        { "name": "panitia", "role": "panel", "quorum": 2 },
        { "name": "ketua", "role": "chair" },
    ], "forbid": { "deciding_twice": true } }))
    .unwrap()
}

#[test]
fn a_step_of_two_needs_two_different_people() {
    let decide = |approval: Approval, decision: Decision| approval.decide(&decision, &[], moment());
    let (one, told) = decide(opened(panel()), by("a", "panel", Verdict::Approve)).unwrap();
    assert_eq!((told, one.status), (ApprovalEvent::Endorsed, awaiting(0)));
    let same = Decision {
        id: "d-again".into(),
        ..by("a", "panel", Verdict::Approve)
    };
    assert_eq!(decide(one.clone(), same).unwrap_err(), DecideError::Twice);
    let (two, told) = decide(one.clone(), by("b", "panel", Verdict::Approve)).unwrap();
    assert_eq!((told, two.status), (ApprovalEvent::Advanced, awaiting(1)));
    // One of them is enough to return it, and then both have to look again.
    let (returned, told) = decide(one, by("b", "panel", Verdict::Return)).unwrap();
    assert_eq!(
        (told, returned.status),
        (ApprovalEvent::Returned, Status::Returned { step: 0 })
    );
    let (sent_back, told) = decide(two, by("c", "chair", Verdict::Return)).unwrap();
    assert_eq!((told, sent_back.status), (ApprovalEvent::SentBack, awaiting(0)));
    let again = Decision {
        id: "d-2".into(),
        ..by("a", "panel", Verdict::Approve)
    };
    assert_eq!(decide(sent_back, again).unwrap().1, ApprovalEvent::Endorsed);
}

#[test]
fn nobody_decides_at_two_steps_where_the_route_forbids_it_and_anybody_does_where_it_does_not() {
    let both = |id: &str, step: &str| Decision {
        id: format!("{id}-{step}"),
        actor: Actor {
            roles: vec!["panel".into(), "chair".into()],
            ..actor(id, "")
        },
        ..decision("", Verdict::Approve, None)
    };
    let pass = |route: Route| {
        let first = opened(route).decide(&both("a", "1"), &[], moment()).unwrap().0;
        first.decide(&both("b", "1"), &[], moment()).unwrap().0
    };
    let answer = pass(panel()).decide(&both("a", "2"), &[], moment());
    assert_eq!(answer.unwrap_err(), DecideError::Twice);
    assert!(pass(panel()).decide(&both("c", "2"), &[], moment()).is_ok());
    let mut lenient = serde_json::to_value(panel()).unwrap();
    lenient["forbid"]["deciding_twice"] = false.into();
    let lenient: Route = serde_json::from_value(lenient).unwrap();
    assert!(pass(lenient).decide(&both("a", "2"), &[], moment()).is_ok());
}
