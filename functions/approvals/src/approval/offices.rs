//! Own offices and others': who may decide and look, in whose place, and when.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use kernel::Fault;
use serde_json::json;

use super::tests::{actor, awaiting, by, day, in_status, item, moment, opened, panel, route};
use super::*;
use crate::delegation::{DelegationKind, Person};

fn delegation(from: &str, to: &str, role: &str) -> Delegation {
    let person = |id: &str| Person {
        id: id.into(),
        name: format!("Contoh {id}"),
    };
    Delegation {
        id: "del-1".into(),
        tenant: "karo".parse().unwrap(),
        kind: DelegationKind::Plh,
        from: person(from),
        to: person(to),
        role: role.into(),
        reach: Reach::default(),
        only: Reach::default(),
        held_since: None,
        valid_from: day("2026-01-05"),
        valid_until: day("2026-01-07"),
        revoked_at: None,
    }
}

#[test]
fn who_acts_for_another_decides_on_those_days_only_and_the_history_says_so() {
    let plh = delegation("kepala", "sekretaris", "head_of_office");
    let last = by("sekretaris", "secretary", Verdict::Approve);
    let decide = |delegations: &[Delegation], today: &str| {
        let now = Moment {
            today: day(today),
            ..moment()
        };
        in_status(awaiting(3)).decide(&last, delegations, now)
    };
    let (done, told) = decide(std::slice::from_ref(&plh), "2026-01-07").unwrap();
    assert_eq!(told, ApprovalEvent::Approved);
    let acting = done.history[0].acting_for.clone().unwrap();
    assert_eq!(
        (acting.title.as_str(), acting.id.as_str()),
        ("Plh. Kepala Dinas", "kepala")
    );
    let out_of_turn = |delegations: &[Delegation], today: &str| {
        let code = decide(delegations, today).unwrap_err();
        assert_eq!(code.code(), "approvals.out_of_turn", "{delegations:?} {today}");
    };
    out_of_turn(&[], "2026-01-05");
    out_of_turn(std::slice::from_ref(&plh), "2026-01-04");
    out_of_turn(std::slice::from_ref(&plh), "2026-01-08");
    out_of_turn(&[plh.clone().revoke(moment().at)], "2026-01-05");
    out_of_turn(&[delegation("kepala", "lain", "head_of_office")], "2026-01-05");
    out_of_turn(&[delegation("kepala", "sekretaris", "treasurer")], "2026-01-05");
    let elsewhere = Delegation {
        tenant: "lain".parse().unwrap(),
        ..plh
    };
    out_of_turn(&[elsewhere], "2026-01-05");
}

#[test]
fn an_official_and_who_acts_for_them_are_one_person_and_so_are_a_submitter_and_theirs() {
    let (one, _) = opened(panel())
        .decide(&by("a", "panel", Verdict::Approve), &[], moment())
        .unwrap();
    let for_a = [delegation("a", "z", "panel")];
    let answer = one.decide(&by("z", "none", Verdict::Approve), &for_a, moment());
    assert_eq!(answer.unwrap_err(), DecideError::Twice);

    let mut strict = serde_json::to_value(panel()).unwrap();
    strict["forbid"]["own_submission"] = true.into();
    let strict: Route = serde_json::from_value(strict).unwrap();
    let for_submitter = [delegation("loket-1", "z", "panel")];
    let answer = opened(strict).decide(&by("z", "none", Verdict::Approve), &for_submitter, moment());
    assert_eq!(answer.unwrap_err(), DecideError::OwnSubmission);
}

#[test]
fn of_several_offices_in_ones_hands_the_first_that_may_decide_is_the_one() {
    let (one, _) = opened(panel())
        .decide(&by("a", "panel", Verdict::Approve), &[], moment())
        .unwrap();
    let elsewhere = Delegation {
        only: Reach {
            rw: Some("003".into()),
            ..Reach::default()
        },
        ..delegation("b", "z", "panel")
    };
    let (for_a, for_c) = (delegation("a", "z", "panel"), delegation("c", "z", "panel"));
    let decide = |delegations: &[Delegation]| {
        one.clone()
            .decide(&by("z", "none", Verdict::Approve), delegations, moment())
    };
    let code = |delegations: &[Delegation]| decide(delegations).unwrap_err().code();
    assert_eq!(code(std::slice::from_ref(&elsewhere)), "approvals.out_of_scope");
    assert_eq!(code(&[for_a.clone(), elsewhere.clone()]), "approvals.decided_twice");
    assert_eq!(code(&[elsewhere.clone(), for_a.clone()]), "approvals.decided_twice");
    let (done, _) = decide(&[elsewhere, for_a, for_c]).unwrap();
    assert_eq!(done.history[1].acting_for.clone().unwrap().id, "c");
}

#[test]
fn an_approval_is_visible_to_whom_it_concerns_and_to_readers_within_their_reach() {
    let mut placed = item();
    placed.attributes = serde_json::from_value(json!({ "rw": "003", "rt": "001" })).unwrap();
    let approval = Approval {
        item: placed,
        ..opened(route())
    };
    let of_rw = |rw: &str| Actor {
        reach: Reach {
            rw: Some(rw.into()),
            ..Reach::default()
        },
        ..actor("u-9", "reader")
    };
    for (who, reading, expected) in [
        (actor("u-9", "examiner"), Reading::Nothing, true),
        (actor("loket-1", "clerk"), Reading::Nothing, true),
        (actor("u-9", "reader"), Reading::Nothing, false),
        (actor("u-9", "reader"), Reading::WithinReach, false),
        (of_rw("003"), Reading::WithinReach, true),
        (of_rw("004"), Reading::WithinReach, false),
        (of_rw("004"), Reading::Everything, true),
    ] {
        assert_eq!(approval.is_visible_to(&who, reading), expected, "{who:?} {reading:?}");
    }
}
