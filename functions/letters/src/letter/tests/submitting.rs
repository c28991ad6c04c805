//! Submitting a letter, and asking it back.

use super::*;
use crate::letter_type::tests::with;

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
