#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod hearing;
mod levels;
mod submitting;

use jiff::civil::date;
use kernel::{DocumentId, SequentialIds};
use serde_json::json;

use super::*;
use crate::letter_type::tests::letter_type;

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
            let rendered = heard(Ruling::Approved).render(Sha256Digest::of(b"pdf")).unwrap().0;
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
        Act::Render => letter
            .clone()
            .render(Sha256Digest::of(b"pdf"))
            .map(|(letter, _)| letter),
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
fn a_letter_is_one_pdf_whose_digest_is_told_once_and_the_first_signed_document_is_the_letter() {
    let of = letter_type();
    let letter = in_state(&of, Status::Disetujui);
    let first = Sha256Digest::of(b"pdf");
    let (letter, event) = letter.render(first).unwrap();
    assert_eq!((letter.rendered, event), (Some(first), Some(LetterEvent::Rendered)));
    assert_eq!(letter.clone().render(first).unwrap(), (letter.clone(), None));
    assert_eq!(
        letter.clone().render(Sha256Digest::of(b"other")),
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
