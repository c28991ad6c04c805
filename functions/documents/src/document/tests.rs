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

fn trace() -> Traceparent {
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        .parse()
        .unwrap()
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
        ..Document::detected(DocumentId::from_bytes([1; 16]), name, object, at, trace())
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
        State::Returned { note: note.clone() },
        State::Rejected { note },
        State::Approved { file: file() },
        State::Signed { signed: signed() },
        State::Issued {
            signed: signed(),
            sealed: sealed(),
        },
    ]
}

fn number(number: &str) -> Description {
    Description {
        number: Some(number.into()),
        ..Description::default()
    }
}

fn apply(document: Document, command: &str) -> Result<Document, TransitionError> {
    let note = String::from("Lampirkan KTP");
    match command {
        "quarantine" => document.quarantine("pdf.malformed"),
        "import" => document.import(file(), Description::default()),
        "describe" => document.describe(number("1/2026")).map_err(|error| match error {
            DescribeError::State(error) => error,
            DescribeError::TooOften => unreachable!("it was described once"),
        }),
        "await" => document.await_approval(),
        "return" => document.return_to_origin(note),
        "reject" => document.reject(note),
        "approve" => document.approve(0),
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
returned           -            -         -                  -                  -         -         -         -       -
rejected           -            -         -                  -                  -         -         -         -       -
approved           -            -         -                  -                  -         -         -         signed  -
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
fn what_is_approved_is_what_was_said_in_the_revision_that_the_approval_knew() {
    for (revision, expected) in [(0, "1"), (1, "2"), (2, "3")] {
        let document = Document {
            description: number("1"),
            ..in_state(State::AwaitingApproval { file: file() })
        };
        let document = document.describe(number("2")).unwrap();
        let document = document.describe(number("3")).unwrap();
        assert_eq!(document.revision(), 2);
        let approved = document.approve(revision).unwrap();
        assert_eq!(
            approved.description.number.as_deref(),
            Some(expected),
            "revision {revision}"
        );
        assert_eq!(approved.earlier, []);
    }
}

#[test]
fn a_document_is_not_described_without_end() {
    let mut document = in_state(State::AwaitingApproval { file: file() });
    for nth in 0..20 {
        document = document.describe(number(&nth.to_string())).unwrap();
    }
    assert_eq!(document.describe(number("20")), Err(DescribeError::TooOften));
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
