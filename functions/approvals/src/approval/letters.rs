//! Residents' letters on the built-in route: every status, actor and decision, for each of the four kinds of letter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![allow(clippy::similar_names, reason = "RT and RW are what they are called")]

use kernel::Fault;

use super::tests::{actor, decision, moment, trace};
use super::*;
use crate::item::ItemKind;
use crate::route::BUILT_IN_LETTER;

/// An RT verifier of RT 001 in RW 003, and so on.
pub(super) fn verifier(role: &str, rw: &str, rt: Option<&str>) -> Actor {
    let mut verifier = actor(&format!("{role}-{rw}-{}", rt.unwrap_or("x")), role);
    verifier.reach.rw = Some(rw.to_owned());
    verifier.reach.rt = rt.map(str::to_owned);
    verifier
}

/// Everybody who tries, with the name by which the tables call them.
fn people() -> Vec<(&'static str, Actor)> {
    vec![
        ("rt", verifier("verifikator_rt", "003", Some("001"))),
        ("rt of another rw", verifier("verifikator_rt", "004", Some("001"))),
        ("another rt", verifier("verifikator_rt", "003", Some("002"))),
        ("rw", verifier("verifikator_rw", "003", None)),
        ("another rw", verifier("verifikator_rw", "001", None)),
        ("admin", actor("admin-1", "super_admin")),
        ("resident", actor("warga-1", "warga")),
    ]
}

pub(super) fn letter(require_rt: bool, require_rw: bool) -> Item {
    Item {
        kind: ItemKind::Letter,
        id: "surat-1".parse().unwrap(),
        item_type: Some("SKM".into()),
        title: Some("Surat Kematian".into()),
        applicant: Some("Contoh Warga".into()),
        submitted_by: Some("warga-1".into()),
        attributes: serde_json::from_value(serde_json::json!({
            "rw": "003", "rt": "001", "require_rt": require_rt, "require_rw": require_rw,
        }))
        .unwrap(),
        revision: 1,
        sealed_answers: None,
        description: None,
    }
}

pub(super) fn submitted(require_rt: bool, require_rw: bool) -> Approval {
    let route = serde_json::from_str(BUILT_IN_LETTER).unwrap();
    let item = letter(require_rt, require_rw);
    Approval::open(item, "karo".parse().unwrap(), route, trace(), moment().at).unwrap()
}

/// What the letter is called after the decision, or why it was not taken.
fn outcome(approval: &Approval, actor: &Actor, verdict: Verdict) -> String {
    let decision = Decision {
        actor: actor.clone(),
        ..decision("", verdict, Some("Lampirkan KK."))
    };
    match approval.clone().decide(&decision, &[], moment()) {
        Ok((after, event)) => format!("{} {}", event.event_type(), after.label()),
        Err(error) => error.code().to_owned(),
    }
}

/// Compares each answer of a letter in `label` with a table: who, and what they get for approve, return and reject.
/// Whoever is not in the table has another place (`elsewhere`) or is out of turn.
fn check(approval: &Approval, label: &str, in_turn: (&str, [&str; 3]), elsewhere: &[&str]) {
    assert_eq!(approval.label(), label);
    for (name, person) in people() {
        for (index, verdict) in [Verdict::Approve, Verdict::Return, Verdict::Reject]
            .into_iter()
            .enumerate()
        {
            let expected = if name == in_turn.0 {
                in_turn.1[index]
            } else if elsewhere.contains(&name) {
                "approvals.out_of_scope"
            } else {
                "approvals.out_of_turn"
            };
            let got = outcome(approval, &person, verdict);
            assert_eq!(got, expected, "{label}, {name}, {verdict:?}");
        }
    }
}

/// Nothing can be decided on a letter that awaits nobody.
fn check_closed(approval: &Approval, label: &str) {
    assert_eq!(approval.label(), label);
    for (name, person) in people() {
        for verdict in [Verdict::Approve, Verdict::Return, Verdict::Reject] {
            let got = outcome(approval, &person, verdict);
            assert_eq!(got, "approvals.not_awaiting", "{label}, {name}, {verdict:?}");
        }
    }
}

fn after(approval: &Approval, who: &str, verdict: Verdict) -> Approval {
    let (_, person) = people().into_iter().find(|(name, _)| *name == who).unwrap();
    let decision = Decision {
        id: format!("d-{}", approval.history.len()),
        actor: person,
        ..decision("", verdict, Some("Lampirkan KK."))
    };
    approval.clone().decide(&decision, &[], moment()).unwrap().0
}

const OTHER_RTS: [&str; 2] = ["rt of another rw", "another rt"];
const ADMIN_LAST: &str = "approval.approved disetujui";
const REFUSED: &str = "approval.rejected ditolak";
const NOT_THEIRS: &str = "approvals.may_not_refuse";

#[test]
fn a_letter_of_rt_and_rw_goes_through_both_and_back_one_level_at_a_time() {
    let at_rt = submitted(true, true);
    let rt = [
        "approval.advanced menunggu_verifikasi_rw",
        "approval.returned revisi_rt",
        NOT_THEIRS,
    ];
    check(&at_rt, "menunggu_verifikasi_rt", ("rt", rt), &OTHER_RTS);
    let at_rw = after(&at_rt, "rt", Verdict::Approve);
    let rw = [
        "approval.advanced menunggu_admin",
        "approval.sent_back menunggu_verifikasi_rt",
        NOT_THEIRS,
    ];
    check(&at_rw, "menunggu_verifikasi_rw", ("rw", rw), &["another rw"]);
    let at_admin = after(&at_rw, "rw", Verdict::Approve);
    let admin = [ADMIN_LAST, "approval.sent_back menunggu_verifikasi_rw", REFUSED];
    check(&at_admin, "menunggu_admin", ("admin", admin), &[]);
    check_closed(&after(&at_admin, "admin", Verdict::Approve), "disetujui");
    check_closed(&after(&at_admin, "admin", Verdict::Reject), "ditolak");
    check_closed(&after(&at_rt, "rt", Verdict::Return), "revisi_rt");
    check_closed(&at_rt.withdraw("warga-1").unwrap().0, "draft");
}

#[test]
fn a_letter_of_rt_only_comes_back_from_the_admin_to_the_rt() {
    let at_rt = submitted(true, false);
    let rt = [
        "approval.advanced menunggu_admin",
        "approval.returned revisi_rt",
        NOT_THEIRS,
    ];
    check(&at_rt, "menunggu_verifikasi_rt", ("rt", rt), &OTHER_RTS);
    let at_admin = after(&at_rt, "rt", Verdict::Approve);
    let admin = [ADMIN_LAST, "approval.sent_back menunggu_verifikasi_rt", REFUSED];
    check(&at_admin, "menunggu_admin", ("admin", admin), &[]);
    check_closed(&after(&at_admin, "admin", Verdict::Approve), "disetujui");
    check_closed(&after(&at_admin, "admin", Verdict::Reject), "ditolak");
    check_closed(&after(&at_rt, "rt", Verdict::Return), "revisi_rt");
}

#[test]
fn a_letter_of_rw_only_comes_back_from_the_rw_as_revisi_rw() {
    let at_rw = submitted(false, true);
    let rw = [
        "approval.advanced menunggu_admin",
        "approval.returned revisi_rw",
        NOT_THEIRS,
    ];
    check(&at_rw, "menunggu_verifikasi_rw", ("rw", rw), &["another rw"]);
    let at_admin = after(&at_rw, "rw", Verdict::Approve);
    let admin = [ADMIN_LAST, "approval.sent_back menunggu_verifikasi_rw", REFUSED];
    check(&at_admin, "menunggu_admin", ("admin", admin), &[]);
    check_closed(&after(&at_admin, "admin", Verdict::Approve), "disetujui");
    check_closed(&after(&at_admin, "admin", Verdict::Reject), "ditolak");
    check_closed(&after(&at_rw, "rw", Verdict::Return), "revisi_rw");
}

#[test]
fn a_letter_without_verification_goes_to_the_admin_and_comes_back_to_the_resident() {
    let at_admin = submitted(false, false);
    let admin = [ADMIN_LAST, "approval.returned revisi_rw", REFUSED];
    check(&at_admin, "menunggu_admin", ("admin", admin), &[]);
    check_closed(&after(&at_admin, "admin", Verdict::Approve), "disetujui");
    check_closed(&after(&at_admin, "admin", Verdict::Reject), "ditolak");
    check_closed(&after(&at_admin, "admin", Verdict::Return), "revisi_rw");
}

#[test]
fn a_letter_that_was_put_right_begins_at_the_first_level_again_and_the_same_people_may_decide_again() {
    let returned = after(&submitted(true, true), "rt", Verdict::Return);
    let (again, told) = returned.resubmit(letter(true, true), moment().at).unwrap();
    assert_eq!(
        (told, again.label().as_str()),
        (ApprovalEvent::Reopened, "menunggu_verifikasi_rt")
    );
    let at_rw = after(&again, "rt", Verdict::Approve);
    let at_rt = after(&at_rw, "rw", Verdict::Return);
    assert_eq!(at_rt.label(), "menunggu_verifikasi_rt");
    let at_admin = after(&after(&at_rt, "rt", Verdict::Approve), "rw", Verdict::Approve);
    let done = after(&at_admin, "admin", Verdict::Approve);
    assert_eq!(done.label(), "disetujui");
    let steps: Vec<_> = done.history.iter().map(|decided| decided.step.as_str()).collect();
    assert_eq!(steps, ["rt", "rt", "rw", "rt", "rw", "admin"]);
}

#[test]
fn nobody_decides_on_a_letter_of_their_own() {
    let mut own = letter(true, true);
    own.submitted_by = Some("verifikator_rt-003-001".into());
    let route = serde_json::from_str(BUILT_IN_LETTER).unwrap();
    let opened = Approval::open(own, "karo".parse().unwrap(), route, trace(), moment().at).unwrap();
    let got = outcome(
        &opened,
        &verifier("verifikator_rt", "003", Some("001")),
        Verdict::Approve,
    );
    assert_eq!(got, "approvals.own_submission");
}

#[test]
fn everybody_who_let_a_letter_pass_learns_that_it_did_not() {
    let at_admin = after(
        &after(&submitted(true, true), "rt", Verdict::Approve),
        "rw",
        Verdict::Approve,
    );
    let refused = after(&at_admin, "admin", Verdict::Reject);
    assert_eq!(
        refused.informed(),
        ["warga-1", "verifikator_rt-003-001", "verifikator_rw-003-x"]
    );
    let sent_back = after(
        &after(&submitted(true, true), "rt", Verdict::Approve),
        "rw",
        Verdict::Return,
    );
    assert_eq!(sent_back.informed(), ["warga-1", "verifikator_rt-003-001"]);
}

#[test]
fn a_letter_without_a_territory_that_its_route_asks_for_is_not_opened() {
    let mut nowhere = letter(true, true);
    nowhere.attributes = serde_json::from_str(r#"{"rw":"003","require_rt":true}"#).unwrap();
    let route = serde_json::from_str(BUILT_IN_LETTER).unwrap();
    let opened = Approval::open(nowhere, "karo".parse().unwrap(), route, trace(), moment().at);
    assert_eq!(opened.unwrap_err(), OpenError::Nowhere { step: "rt".into() });
}
