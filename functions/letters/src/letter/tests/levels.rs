//! How far a letter has come, for whom.

use LevelState::{Approved, Pending, Rejected, Returned, Waiting};

use super::*;
use crate::letter_type::tests::with;

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
