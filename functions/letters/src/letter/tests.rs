#![allow(clippy::unwrap_used, reason = "a test may panic")]

use jiff::civil::date;
use kernel::{DocumentId, SequentialIds};
use serde_json::json;

use super::*;
use crate::letter_type::tests::{letter_type, with};
use LevelState::{Approved, Pending, Rejected, Returned, Waiting};

/// One of everything that can happen to a letter.
#[derive(Debug, Clone, Copy)]
enum Act {
    Edit,
    Submit,
    Withdraw,
    Hear(Ruling),
    Render,
    Finish,
}

const ACTS: [Act; 13] = [
    Act::Edit,
    Act::Submit,
    Act::Withdraw,
    Act::Hear(Ruling::Awaits(Level::Rt)),
    Act::Hear(Ruling::Awaits(Level::Rw)),
    Act::Hear(Ruling::Awaits(Level::Admin)),
    Act::Hear(Ruling::AwaitsAnother),
    Act::Hear(Ruling::Returned(None)),
    Act::Hear(Ruling::Refused),
    Act::Hear(Ruling::Approved),
    Act::Hear(Ruling::Withdrawn),
    Act::Render,
    Act::Finish,
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_574_800 + second).unwrap()
}

fn sealed(text: &str) -> Sealed {
    serde_json::from_value(json!(text)).unwrap()
}

fn resident() -> Resident {
    Resident {
        id: "warga-1".into(),
        name: "Budi Contoh".into(),
        rw: Some("003".into()),
        rt: Some("001".into()),
    }
}

fn draft(of: &LetterType) -> Letter {
    let id = LetterId::new(DocumentId::from_bytes([7; 16]));
    Letter::draft(id, of, resident(), sealed("a.draft"), at(0))
}

fn news(second: i64, ruling: Ruling) -> News {
    decided(second, ruling, None)
}

fn decided(second: i64, ruling: Ruling, decision: Option<(Level, Verdict, &str)>) -> News {
    let ids = SequentialIds::default();
    let event = kernel::Ids::event_id(&ids, at(second));
    let decision = decision.map(|(level, verdict, note)| Verification {
        event,
        level: Some(level),
        verdict,
        by: format!("{level:?}").to_lowercase(),
        name: None,
        note: Some(note.to_owned()).filter(|note| !note.is_empty()),
        at: at(second),
    });
    News {
        event,
        submission: 1,
        version: u64::try_from(second).unwrap_or_default(),
        at: at(second),
        ruling,
        decision,
    }
}

fn issue() -> Issue {
    Issue {
        number: "470/1/SKD/I/2026".into(),
        sequence: 1,
        date: date(2026, 1, 5),
        valid_until: None,
        approved_by: Approver {
            id: "lurah".into(),
            name: None,
            acting_for: None,
        },
    }
}

fn document() -> IssuedDocument {
    IssuedDocument {
        id: DocumentId::from_bytes([9; 16]),
        verify_url: "HTTPS://ABSAH.EXAMPLE/V/1A/B".into(),
    }
}

fn rendering(pdf: &[u8]) -> Rendering {
    Rendering {
        sha256: Sha256Digest::of(pdf),
        letterhead: 1,
    }
}

fn hear(letter: Letter, news: &News) -> Letter {
    match letter.clone().hear(news).unwrap() {
        Heard::Nothing => letter,
        Heard::Changed(letter) => *letter,
        Heard::WantsNumber(letter) => letter.number(news, issue()).0,
    }
}

/// A letter that came to `status` at second 10.
fn in_state(of: &LetterType, status: Status) -> Letter {
    let waiting = || draft(of).submit(of, resident(), at(5)).unwrap().0;
    let heard = |ruling| hear(waiting(), &news(10, ruling));
    match status {
        Status::Draft => draft(of),
        Status::MenungguVerifikasiRt => heard(Ruling::Awaits(Level::Rt)),
        Status::MenungguVerifikasiRw => heard(Ruling::Awaits(Level::Rw)),
        Status::MenungguAdmin => heard(Ruling::Awaits(Level::Admin)),
        Status::Disetujui => heard(Ruling::Approved),
        Status::Ditolak => heard(Ruling::Refused),
        Status::RevisiRt => heard(Ruling::Returned(Some(Status::RevisiRt))),
        Status::RevisiRw => heard(Ruling::Returned(Some(Status::RevisiRw))),
        Status::Selesai => {
            let rendered = heard(Ruling::Approved).render(rendering(b"pdf")).unwrap().0;
            rendered.finish(document(), at(10)).unwrap().0
        }
    }
}

/// The state after an act at second 20; `=` when nothing changes, `!` when it is refused.
fn after(of: &LetterType, letter: &Letter, act: Act) -> &'static str {
    let acted = match act {
        Act::Edit => letter.clone().edit(of, sealed("a.edited")),
        Act::Submit => letter.clone().submit(of, resident(), at(20)).map(|(letter, _)| letter),
        Act::Withdraw => letter.clone().withdraw().map(|(letter, _)| letter),
        Act::Hear(ruling) => {
            let news = news(20, ruling);
            letter.clone().hear(&news).map(|_| hear(letter.clone(), &news))
        }
        Act::Render => letter.clone().render(rendering(b"pdf")).map(|(letter, _)| letter),
        Act::Finish => letter.clone().finish(document(), at(20)).map(|(letter, _)| letter),
    };
    match acted {
        Err(_) => "!",
        Ok(acted) if acted == *letter => "=",
        Ok(acted) => acted.status.as_str(),
    }
}

#[test]
fn every_act_on_a_letter_in_every_state_leads_where_this_table_says() {
    const D: &str = "draft";
    const RT: &str = "menunggu_verifikasi_rt";
    const RW: &str = "menunggu_verifikasi_rw";
    const ADM: &str = "menunggu_admin";
    const OK: &str = "disetujui";
    const NO: &str = "ditolak";
    const BT: &str = "revisi_rt";
    const BW: &str = "revisi_rw";
    const FIN: &str = "selesai";
    let of = letter_type();
    // edit, submit, withdraw | awaits rt, rw, admin, another | returned, refused, approved, withdrawn | render, finish
    let table = [
        (
            Status::Draft,
            [D, RT, "!", "!", "!", "!", "!", "!", "!", "!", "=", "!", "!"],
        ),
        (
            Status::MenungguVerifikasiRt,
            ["!", "!", RT, RT, RW, ADM, RT, BT, NO, OK, D, "!", "!"],
        ),
        (
            Status::MenungguVerifikasiRw,
            ["!", "!", RW, RT, RW, ADM, RW, BT, NO, OK, D, "!", "!"],
        ),
        (
            Status::MenungguAdmin,
            ["!", "!", ADM, RT, RW, ADM, ADM, BT, NO, OK, D, "!", "!"],
        ),
        (
            Status::Disetujui,
            ["!", "!", "!", "!", "!", "!", "!", "!", "!", "=", "!", OK, FIN],
        ),
        (
            Status::Ditolak,
            ["!", "!", "!", "!", "!", "!", "!", "!", "=", "!", "!", "!", "!"],
        ),
        (
            Status::RevisiRt,
            [BT, RT, "!", "!", "!", "!", "!", "=", "!", "!", D, "!", "!"],
        ),
        (
            Status::RevisiRw,
            [BW, RT, "!", "!", "!", "!", "!", "=", "!", "!", D, "!", "!"],
        ),
        (
            Status::Selesai,
            ["!", "!", "!", "!", "!", "!", "!", "!", "!", "=", "!", "=", "="],
        ),
    ];
    assert_eq!(table.map(|(status, _)| status), Status::ALL);
    for (status, row) in table {
        let letter = in_state(&of, status);
        assert_eq!(letter.status, status);
        for (act, expected) in ACTS.into_iter().zip(row) {
            assert_eq!(after(&of, &letter, act), expected, "{status:?}, {act:?}");
        }
    }
}

#[test]
fn what_an_approval_said_before_the_letter_came_to_its_state_moves_nothing() {
    let of = letter_type();
    let taken_back = hear(in_state(&of, Status::MenungguAdmin), &news(11, Ruling::Withdrawn));
    for status in Status::ALL {
        let letter = match status {
            Status::Draft => taken_back.clone(),
            submitted => in_state(&of, submitted),
        };
        for act in ACTS {
            let Act::Hear(ruling) = act else { continue };
            let of_an_earlier_submission = News {
                submission: 0,
                ..news(30, ruling)
            };
            for old in [news(-1, ruling), of_an_earlier_submission] {
                assert_eq!(letter.clone().hear(&old), Ok(Heard::Nothing), "{status:?}, {ruling:?}");
            }
        }
    }
}

#[test]
fn an_approval_whose_clock_is_behind_the_residents_moves_the_letter_all_the_same() {
    let of = letter_type();
    let (letter, _) = draft(&of).submit(&of, resident(), at(5)).unwrap();
    let letter = hear(letter, &news(3, Ruling::Awaits(Level::Rw)));
    assert_eq!(letter.status, Status::MenungguVerifikasiRw);
}

#[test]
fn a_final_decision_counts_though_the_clock_of_who_took_it_is_behind() {
    let of = letter_type();
    let (letter, _) = draft(&of).submit(&of, resident(), at(1)).unwrap();
    let letter = hear(letter, &news(20, Ruling::Awaits(Level::Admin)));
    for (ruling, status) in [
        (Ruling::Approved, Status::Disetujui),
        (Ruling::Refused, Status::Ditolak),
    ] {
        let behind = News {
            at: at(10),
            ..news(21, ruling)
        };
        assert_eq!(hear(letter.clone(), &behind).status, status);
    }
}

#[test]
fn an_overtaken_decision_is_noted_and_a_repeated_one_is_not() {
    let of = letter_type();
    let (letter, _) = draft(&of).submit(&of, resident(), at(1)).unwrap();
    let rt = decided(2, Ruling::Awaits(Level::Rw), Some((Level::Rt, Verdict::Approved, "")));
    let rw = decided(
        3,
        Ruling::Awaits(Level::Admin),
        Some((Level::Rw, Verdict::Approved, "")),
    );
    let letter = hear(hear(letter, &rw), &rt);
    assert_eq!(letter.status, Status::MenungguAdmin);
    let levels: Vec<_> = letter.history.iter().map(|decided| decided.level).collect();
    assert_eq!(levels, [Some(Level::Rt), Some(Level::Rw)]);
    for repeated in [rt, rw] {
        assert_eq!(letter.clone().hear(&repeated), Ok(Heard::Nothing));
    }
}

#[test]
fn a_letter_waits_for_its_first_level_and_comes_back_as_its_type_says() {
    for (rt, rw, waits, returned) in [
        (true, true, Status::MenungguVerifikasiRt, Status::RevisiRt),
        (true, false, Status::MenungguVerifikasiRt, Status::RevisiRt),
        (false, true, Status::MenungguVerifikasiRw, Status::RevisiRw),
        (false, false, Status::MenungguAdmin, Status::RevisiRw),
    ] {
        let of = with(|draft| draft.requires = Requires { rt, rw });
        let (letter, event) = draft(&of).submit(&of, resident(), at(1)).unwrap();
        assert_eq!((letter.status, event), (waits, LetterEvent::Submitted));
        let letter = hear(letter, &news(2, Ruling::Returned(None)));
        assert_eq!(letter.status, returned);
        let (letter, event) = letter.submit(&of, resident(), at(3)).unwrap();
        assert_eq!((letter.status, event), (waits, LetterEvent::Resubmitted));
    }
}

#[test]
fn a_letter_that_a_level_must_verify_needs_that_levels_territory() {
    let nowhere = Resident {
        rw: None,
        rt: None,
        ..resident()
    };
    let only_rw = Resident { rt: None, ..resident() };
    for (rt, rw, from_nowhere, from_rw) in [
        (true, true, false, false),
        (true, false, false, false),
        (false, true, false, true),
        (false, false, true, true),
    ] {
        let of = with(|draft| draft.requires = Requires { rt, rw });
        let submits = |resident: &Resident| draft(&of).submit(&of, resident.clone(), at(1)).is_ok();
        assert_eq!(
            (submits(&nowhere), submits(&only_rw)),
            (from_nowhere, from_rw),
            "{rt} {rw}"
        );
    }
}

#[test]
fn a_letter_is_submitted_only_so_often_and_less_often_than_approvals_take_it() {
    let of = letter_type();
    let after = |submissions| Letter {
        submissions,
        ..in_state(&of, Status::RevisiRt)
    };
    let (last, _) = after(SUBMISSION_LIMIT - 1).submit(&of, resident(), at(20)).unwrap();
    assert_eq!(last.submissions, 100);
    let refused = after(SUBMISSION_LIMIT).submit(&of, resident(), at(20));
    assert_eq!(refused, Err(LetterError::TooOften));
}

#[test]
fn a_letter_that_was_asked_back_is_a_draft_when_its_approval_has_ended_and_goes_on_if_it_was_too_late() {
    let of = letter_type();
    let (letter, _) = draft(&of).submit(&of, resident(), at(1)).unwrap();
    let (letter, event) = letter.withdraw().unwrap();
    assert_eq!(
        (letter.status, event),
        (Status::MenungguVerifikasiRt, LetterEvent::Withdrawn)
    );
    assert!(letter.is_withdrawing && letter.clone().edit(&of, sealed("a.x")).is_err());

    let withdrawn = hear(letter.clone(), &news(2, Ruling::Withdrawn));
    assert_eq!((withdrawn.status, withdrawn.is_withdrawing), (Status::Draft, false));
    let (_, event) = withdrawn.submit(&of, resident(), at(3)).unwrap();
    assert_eq!(event, LetterEvent::Resubmitted);

    let approved = hear(letter, &news(2, Ruling::Approved));
    assert_eq!((approved.status, approved.is_withdrawing), (Status::Disetujui, false));
}

#[test]
fn a_letter_is_at_the_level_that_has_to_decide_or_will_have_to_first() {
    for (rt, rw, first) in [
        (true, true, CurrentLevel::Rt),
        (false, true, CurrentLevel::Rw),
        (false, false, CurrentLevel::Admin),
    ] {
        let of = with(|draft| draft.requires = Requires { rt, rw });
        let levels = Status::ALL.map(|status| in_state(&of, status).current_level());
        let expected = [
            first,
            CurrentLevel::Rt,
            CurrentLevel::Rw,
            CurrentLevel::Admin,
            CurrentLevel::Completed,
            CurrentLevel::Completed,
            first,
            first,
            CurrentLevel::Completed,
        ];
        assert_eq!(levels, expected);
    }
}

#[test]
fn a_letter_comes_to_one_level_after_the_other_and_stays_with_those_who_have_decided() {
    let of = letter_type();
    let comes_to = |letter: &Letter| Level::ALL.map(|level| letter.has_come_to(level));
    let expected = Status::ALL.map(|status| (status, comes_to(&in_state(&of, status))));
    let table = [
        (Status::Draft, [false, false, false]),
        (Status::MenungguVerifikasiRt, [true, false, false]),
        (Status::MenungguVerifikasiRw, [true, true, false]),
        (Status::MenungguAdmin, [true, true, true]),
        (Status::Disetujui, [true, true, true]),
        (Status::Ditolak, [false, false, true]),
        (Status::RevisiRt, [false, false, false]),
        (Status::RevisiRw, [false, false, false]),
        (Status::Selesai, [true, true, true]),
    ];
    assert_eq!(table, expected);

    let (letter, _) = draft(&of).submit(&of, resident(), at(1)).unwrap();
    let by_rw = decided(2, Ruling::Awaits(Level::Rt), Some((Level::Rw, Verdict::Returned, "KK")));
    assert_eq!(comes_to(&hear(letter, &by_rw)), [true, true, false]);
}

#[test]
fn a_resident_sees_which_level_approved_returned_or_is_next() {
    let of = letter_type();
    let states = |letter: &Letter| {
        letter
            .progress()
            .into_iter()
            .map(|level| level.state)
            .collect::<Vec<_>>()
    };
    let (letter, _) = draft(&of).submit(&of, resident(), at(1)).unwrap();
    assert_eq!(states(&letter), [Waiting, Pending, Pending]);
    let by_rt = decided(2, Ruling::Awaits(Level::Rw), Some((Level::Rt, Verdict::Approved, "")));
    let letter = hear(letter, &by_rt);
    assert_eq!(states(&letter), [Approved, Waiting, Pending]);
    let note = "Data alamat tidak sesuai";
    let returned_by_rw = decided(3, Ruling::Awaits(Level::Rt), Some((Level::Rw, Verdict::Returned, note)));
    let letter = hear(letter, &returned_by_rw);
    assert_eq!(states(&letter), [Waiting, Returned, Pending]);
    let rw = letter.progress().remove(1).last.unwrap();
    assert_eq!((rw.note.as_deref(), rw.by.as_str()), (Some(note), "rw"));
    let returned = decided(
        4,
        Ruling::Returned(None),
        Some((Level::Rt, Verdict::Returned, "Lampirkan KK")),
    );
    assert_eq!(states(&hear(letter.clone(), &returned)), [Returned, Returned, Pending]);
    let refused = decided(
        4,
        Ruling::Refused,
        Some((Level::Admin, Verdict::Rejected, "Bukan warga")),
    );
    assert_eq!(states(&hear(letter.clone(), &refused)), [Approved, Pending, Rejected]);
    let approved = decided(4, Ruling::Approved, Some((Level::Admin, Verdict::Approved, "")));
    assert_eq!(states(&hear(letter, &approved)), [Approved, Approved, Approved]);
}

#[test]
fn a_letter_is_one_pdf_whose_digest_is_told_once_and_the_first_signed_document_is_the_letter() {
    let of = letter_type();
    let letter = in_state(&of, Status::Disetujui);
    let first = rendering(b"pdf");
    let (letter, event) = letter.render(first).unwrap();
    assert_eq!((letter.rendered, event), (Some(first), Some(LetterEvent::Rendered)));
    assert_eq!(letter.clone().render(first).unwrap(), (letter.clone(), None));
    assert_eq!(
        letter.clone().render(rendering(b"other")),
        Err(LetterError::RenderedOtherwise)
    );

    let (letter, event) = letter.finish(document(), at(30)).unwrap();
    assert_eq!((letter.status, event), (Status::Selesai, Some(LetterEvent::Finished)));
    let other = IssuedDocument {
        id: DocumentId::from_bytes([1; 16]),
        ..document()
    };
    assert_eq!(letter.clone().finish(other, at(31)).unwrap(), (letter, None));
}
