#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

const COMMANDS: [&str; 9] = [
    "quarantine",
    "import",
    "describe",
    "await",
    "return",
    "reject",
    "approve",
    "sign",
    "issue",
];

fn file() -> File {
    File {
        original_sha256: Sha256Digest::of(b"F0"),
        prepared: false,
        pages: 1,
    }
}

fn signed() -> Signed {
    let at = "2026-01-05T02:00:00Z".parse().unwrap();
    Signed {
        sha256: Sha256Digest::of(b"F1"),
        length: 2,
        signer: "Budi Contoh".into(),
        office: None,
        at,
    }
}

fn sealed() -> Sealed {
    let at = "2026-01-05T02:00:01Z".parse().unwrap();
    Sealed {
        sha256: Sha256Digest::of(b"F2"),
        length: 3,
        at,
    }
}

fn in_state(state: State) -> Document {
    let object = ObjectVersion {
        bucket: "inbox".into(),
        key: "karo/sicantik/izin.pdf".into(),
        etag: "900150983cd24fb0d6963f7d28e17f72".into(),
        version_id: None,
    };
    let name = InboxName::parse(&object.key).unwrap();
    let at = "2026-01-05T01:00:00Z".parse().unwrap();
    Document {
        state,
        ..Document::detected(DocumentId::from_bytes([1; 16]), name, object, at)
    }
}

fn every_state() -> Vec<State> {
    let note = String::from("Lampirkan KTP");
    vec![
        State::Detected,
        State::Quarantined {
            code: "pdf.malformed".into(),
        },
        State::Imported { file: file() },
        State::AwaitingApproval { file: file() },
        State::Returned {
            file: file(),
            note: note.clone(),
        },
        State::Rejected { note },
        State::Approved { file: file() },
        State::Signed { signed: signed() },
        State::Issued {
            signed: signed(),
            sealed: sealed(),
        },
    ]
}

fn apply(document: Document, command: &str) -> Result<Document, TransitionError> {
    let note = String::from("Lampirkan KTP");
    match command {
        "quarantine" => document.quarantine("pdf.malformed"),
        "import" => document.import(file(), Description::default()),
        "describe" => document.describe(Description {
            number: Some("1/2026".into()),
            ..Description::default()
        }),
        "await" => document.await_approval(),
        "return" => document.return_to_origin(note),
        "reject" => document.reject(note),
        "approve" => document.approve(),
        "sign" => document.sign(signed()),
        "issue" => document.issue(sealed()),
        other => unreachable!("{other}"),
    }
}

#[test]
fn every_state_answers_every_command_as_this_table_says() {
    // One row per state, one column per command; `-` is refused and leaves no new state.
    let expected = "
state              quarantine   import    describe           await              return    reject    approve   sign    issue
detected           quarantined  imported  -                  -                  -         -         -         -       -
quarantined        -            -         -                  -                  -         -         -         -       -
imported           -            -         imported           awaiting_approval  returned  rejected  approved  -       -
awaiting_approval  -            -         awaiting_approval  -                  returned  rejected  approved  -       -
returned           -            -         returned           awaiting_approval  -         rejected  approved  -       -
rejected           -            -         -                  -                  -         -         -         -       -
approved           -            -         -                  -                  -         -         approved  signed  -
signed             -            -         -                  -                  -         -         -         -       issued
issued             -            -         -                  -                  -         -         -         -       -
";
    let mut rows = expected.trim().lines();
    let header: Vec<_> = rows.next().unwrap().split_whitespace().skip(1).collect();
    assert_eq!(header, COMMANDS);
    for (state, row) in every_state().into_iter().zip(rows) {
        let mut cells = row.split_whitespace();
        assert_eq!(cells.next(), Some(state.name()));
        for (command, cell) in COMMANDS.into_iter().zip(cells) {
            let answer = apply(in_state(state.clone()), command);
            let got = answer.as_ref().map_or("-", |document| document.state.name());
            assert_eq!(got, cell, "{} + {command}", state.name());
        }
    }
}

#[test]
fn a_new_description_fills_and_replaces_but_loses_nothing() {
    let before = Description {
        number: Some("0/2025".into()),
        subject: Some("Klinik".into()),
        ..Description::default()
    };
    let document = Document {
        description: before,
        ..in_state(State::Imported { file: file() })
    };
    let after = apply(document, "describe").unwrap().description;
    assert_eq!(
        (after.number.as_deref(), after.subject.as_deref()),
        (Some("1/2026"), Some("Klinik"))
    );
}

#[test]
fn every_state_is_stored_and_read_back_as_it_was() {
    for state in every_state() {
        let document = in_state(state);
        let json = serde_json::to_value(&document).unwrap();
        assert_eq!(json["state"]["name"], document.state.name());
        assert_eq!(serde_json::from_value::<Document>(json).unwrap(), document);
    }
}
