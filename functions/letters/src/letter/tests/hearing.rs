//! What a letter makes of what its approval says: late, twice, out of order.

use super::*;

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
