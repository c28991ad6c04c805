#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

fn route() -> Route {
    serde_json::from_str(
        r#"{"name":"izin","version":3,"steps":[
            {"name":"pemeriksa","role":"examiner"},
            {"name":"kepala_bidang","role":"head_of_division","on_reject":"previous"},
            {"name":"sekretaris","role":"secretary","on_reject":"origin"},
            {"name":"kepala_dinas","role":"head_of_office","on_reject":"terminal"}]}"#,
    )
    .unwrap()
}

fn trace() -> Traceparent {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        .parse()
        .unwrap()
}

fn in_status(status: Status) -> Approval {
    let opened = Approval::open(
        DocumentId::from_bytes([1; 16]),
        "karo".parse().unwrap(),
        route(),
        trace(),
    );
    Approval { status, ..opened }
}

fn decision(role: &str, verdict: Verdict, note: Option<&str>) -> Decision {
    let actor = Actor {
        id: "u-1".into(),
        name: "Budi Contoh".into(),
        roles: vec![role.into()],
    };
    Decision {
        id: "d-1".into(),
        actor,
        verdict,
        note: note.map(str::to_owned),
    }
}

fn at() -> Timestamp {
    "2026-01-05T02:00:00Z".parse().unwrap()
}

fn show(answer: Result<(Approval, ApprovalEvent), DecideError>) -> String {
    match answer {
        Ok((
            Approval {
                status: Status::Awaiting { step },
                ..
            },
            event,
        )) => format!("{}:{step}", event.event_type()),
        Ok((_, event)) => event.event_type().to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn every_status_answers_every_actor_and_decision_as_this_table_says() {
    let statuses = [
        Status::Awaiting { step: 0 },
        Status::Awaiting { step: 1 },
        Status::Awaiting { step: 2 },
        Status::Awaiting { step: 3 },
        Status::Returned,
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
                let got = show(in_status(status).decide(&decision(role, verdict, Some("Lampirkan KTP")), at()));
                assert_eq!(got, expected, "{status:?}, {role}, {verdict:?}");
            }
        }
    }
}

#[test]
fn a_return_or_rejection_without_a_reason_is_refused() {
    for note in [None, Some(""), Some("  \n")] {
        for verdict in [Verdict::Return, Verdict::Reject] {
            let answer = in_status(Status::Awaiting { step: 0 }).decide(&decision("examiner", verdict, note), at());
            assert_eq!(answer.unwrap_err(), DecideError::NoteMissing);
        }
    }
    let long = "a".repeat(NOTE_LIMIT + 1);
    let answer =
        in_status(Status::Awaiting { step: 0 }).decide(&decision("examiner", Verdict::Return, Some(&long)), at());
    assert_eq!(answer.unwrap_err(), DecideError::NoteTooLong);
}

#[test]
fn each_decision_is_kept_with_who_when_and_why() {
    let answer = in_status(Status::Awaiting { step: 0 })
        .decide(&decision("examiner", Verdict::Approve, Some(" Lengkap ")), at());
    let (approval, _) = answer.unwrap();
    let expected = Decided {
        decision_id: "d-1".into(),
        step: "pemeriksa".into(),
        actor_id: "u-1".into(),
        actor_name: "Budi Contoh".into(),
        verdict: Verdict::Approve,
        note: Some("Lengkap".into()),
        at: at(),
    };
    assert_eq!(approval.history, [expected]);
}

#[test]
fn a_decision_is_the_same_only_if_it_says_the_same() {
    let taken = decision("examiner", Verdict::Approve, Some("Lengkap"));
    let (approval, _) = in_status(Status::Awaiting { step: 0 }).decide(&taken, at()).unwrap();
    assert_eq!(approval.has_taken(&taken), Ok(true));
    assert_eq!(
        approval.has_taken(&decision("examiner", Verdict::Approve, Some(" Lengkap\n"))),
        Ok(true)
    );
    let other = decision("examiner", Verdict::Reject, Some("Lengkap"));
    assert_eq!(approval.has_taken(&other), Err(DecideError::KeyReused));
    assert_eq!(
        approval.has_taken(&Decision {
            id: "d-2".into(),
            ..other
        }),
        Ok(false)
    );
}
