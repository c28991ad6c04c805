//! Documents that are described anew: with other words, or as another type.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use kernel::Sha256Digest;

use super::tests::{awaiting, by, decision, in_status, item, moment, opened, panel, route};
use super::*;

/// The document as it is described for the nth time, with these words.
fn described(revision: u32, words: &str) -> Item {
    Item {
        title: Some(words.to_owned()),
        revision,
        description: Some(Sha256Digest::of(words.as_bytes())),
        ..item()
    }
}

/// The approval of a document that was imported with some words.
fn imported() -> Approval {
    Approval {
        item: described(0, "Izin praktik"),
        ..opened(route())
    }
}

fn after(approval: Approval, people: &[(&str, &str)]) -> Approval {
    people.iter().fold(approval, |approval, (id, role)| {
        let approved = approval.decide(&by(id, role, Verdict::Approve), &[], moment());
        approved.unwrap().0
    })
}

#[test]
fn other_words_begin_an_approval_again_where_anybody_has_approved_and_the_same_words_do_not() {
    let (a, b) = (("a", "examiner"), ("b", "head_of_division"));
    // How many have approved, the words, and what becomes of it.
    for (approvers, words, told, status) in [
        (&[][..], "Izin usaha", None, awaiting(0)),
        (&[a], "Izin usaha", Some(ApprovalEvent::Reopened), awaiting(0)),
        (&[a, b], "Izin usaha", Some(ApprovalEvent::Reopened), awaiting(0)),
        (&[], "Izin praktik", None, awaiting(0)),
        (&[a], "Izin praktik", None, awaiting(1)),
        (&[a, b], "Izin praktik", None, awaiting(2)),
    ] {
        let before = after(imported(), approvers);
        let standing = if told.is_some() {
            Vec::new()
        } else {
            before.standing.clone()
        };
        let history = before.history.clone();
        let ids: Vec<_> = approvers.iter().map(|(id, _)| *id).collect();
        assert_eq!(before.approvers(), ids);
        let (now, event) = before.describe(described(1, words), moment().at).unwrap();
        assert_eq!((event, now.status), (told, status), "{approvers:?} {words}");
        assert_eq!(
            (now.standing, now.history),
            (standing, history),
            "{approvers:?} {words}"
        );
        assert_eq!((now.item.revision, now.item.title.as_deref()), (1, Some(words)));
    }
}

#[test]
fn one_of_two_who_approved_is_enough_to_begin_again_and_the_same_people_may_approve_again() {
    let one = after(opened(panel()), &[("a", "panel")]);
    let (again, told) = one.describe(described(1, "Izin usaha"), moment().at).unwrap();
    assert_eq!(told, Some(ApprovalEvent::Reopened));
    let anew = Decision {
        id: "d-anew".into(),
        ..by("a", "panel", Verdict::Approve)
    };
    assert_eq!(again.decide(&anew, &[], moment()).unwrap().1, ApprovalEvent::Endorsed);
}

#[test]
fn what_was_sent_back_to_the_first_step_stands_nowhere_and_goes_on_with_other_words() {
    let at_second = after(imported(), &[("a", "examiner")]);
    let back = decision("head_of_division", Verdict::Return, Some("Periksa lagi."));
    let back = Decision {
        id: "d-back".into(),
        ..back
    };
    let (back, _) = at_second.decide(&back, &[], moment()).unwrap();
    let (on, told) = back.describe(described(1, "Izin usaha"), moment().at).unwrap();
    assert_eq!((told, on.status), (None, awaiting(0)));
}

#[test]
fn words_of_which_no_digest_was_kept_count_as_other_words() {
    let before = after(opened(route()), &[("a", "examiner")]);
    let (_, told) = before.describe(described(1, "Izin praktik"), moment().at).unwrap();
    assert_eq!(told, Some(ApprovalEvent::Reopened));
}

#[test]
fn a_document_of_another_type_begins_again_on_the_route_of_that_type() {
    let other: Route =
        serde_json::from_str(r#"{"name":"lain","version":1,"steps":[{"name":"camat","role":"district_head"}]}"#)
            .unwrap();
    let described = |revision: u32, by: Option<&str>| Item {
        item_type: Some("Izin Usaha".into()),
        submitted_by: by.map(str::to_owned),
        revision,
        ..item()
    };
    let at_second = opened(route())
        .decide(&by("a", "examiner", Verdict::Approve), &[], moment())
        .unwrap()
        .0;
    let (again, told) = at_second
        .reroute(described(1, Some("lain")), other, moment().at)
        .unwrap();
    assert_eq!((told, again.status), (ApprovalEvent::Reopened, awaiting(0)));
    assert_eq!((again.route.name(), again.standing.len()), ("lain", 0));
    assert_eq!(
        again.item.submitted_by.as_deref(),
        Some("loket-1"),
        "nobody takes it over"
    );
    assert_eq!(again.history.len(), 1, "what was decided is still told");
    let done = again
        .clone()
        .decide(&by("c", "district_head", Verdict::Approve), &[], moment());
    assert_eq!(done.unwrap().1, ApprovalEvent::Approved);

    for (status, revision, takes) in [
        (awaiting(0), 1, true),
        (awaiting(2), 1, true),
        (awaiting(0), 0, false),
        (Status::Returned { step: 0 }, 1, false),
        (Status::Withdrawn, 1, false),
        (Status::Rejected, 1, false),
        (Status::Approved, 1, false),
    ] {
        let got = in_status(status).takes_description(&described(revision, None));
        assert_eq!(got, takes, "{status:?} {revision}");
    }
}
