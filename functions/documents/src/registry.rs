//! The public register: what anyone may know of an issued document, and nothing more. Rows begin with `public`, so that
//! the verifying function can be confined to them.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{DocumentId, PublicUrl, Sha256Digest};
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::document::{Document, Sealed, Signed};

/// The format of the QR text, its first character: `1` is `<26 characters of id>/<52 of SHA-256(F1)>`.
pub(crate) const QR_FORMAT: char = '1';

/// What the public register says of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: DocumentId,
    pub(crate) number: Option<String>,
    #[serde(rename = "type")]
    pub(crate) document_type: Option<String>,
    pub(crate) date: Option<Date>,
    pub(crate) issuing_unit: Option<String>,
    pub(crate) signer: String,
    pub(crate) office: Option<String>,
    pub(crate) signed_at: Timestamp,
    pub(crate) issued_at: Timestamp,
    pub(crate) valid_until: Option<Date>,
    /// Of all bytes of the signed file, F1: what the QR holds.
    pub(crate) signed_sha256: Sha256Digest,
    /// The length of F1 in bytes.
    pub(crate) signed_length: u64,
    /// Of all bytes of the sealed file, F2.
    pub(crate) final_sha256: Sha256Digest,
    /// The length of F2 in bytes.
    pub(crate) final_length: u64,
}

impl Entry {
    /// The entry for a document that has just been sealed.
    pub(crate) fn of(document: &Document, signed: &Signed, sealed: &Sealed) -> Self {
        let description = &document.description;
        let public = |text: &Option<String>| text.as_deref().map(mask_personal_numbers);
        Self {
            id: document.id,
            number: public(&description.number),
            document_type: public(&description.document_type),
            date: description.date,
            issuing_unit: public(&description.issuing_unit),
            signer: mask_personal_numbers(&signed.signer),
            office: public(&signed.office),
            signed_at: signed.at,
            issued_at: sealed.at,
            valid_until: description.valid_until,
            signed_sha256: signed.sha256,
            signed_length: signed.length,
            final_sha256: sealed.sha256,
            final_length: sealed.length,
        }
    }

    pub(crate) fn key_of(id: DocumentId) -> Key {
        Key::state("public", "document", &id.to_string())
    }
}

impl Record for Entry {
    fn key(&self) -> Key {
        Self::key_of(self.id)
    }
}

/// Which of a document's files has a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileRole {
    /// F1.
    Signed,
    /// F2.
    Final,
}

/// Finds a document by the digest of one of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestEntry {
    pub(crate) sha256: Sha256Digest,
    pub(crate) role: FileRole,
    pub(crate) document_id: DocumentId,
}

impl DigestEntry {
    pub(crate) fn key_of(sha256: Sha256Digest) -> Key {
        Key::state("public", "sha256", &sha256.to_string())
    }
}

impl Record for DigestEntry {
    fn key(&self) -> Key {
        Self::key_of(self.sha256)
    }
}

/// What the QR holds: all upper case, so that the QR's alphanumeric mode keeps it small.
pub(crate) fn qr_text(public_url: &PublicUrl, id: DocumentId, signed_sha256: Sha256Digest) -> String {
    let base = public_url.as_str().to_ascii_uppercase();
    format!("{base}/V/{QR_FORMAT}{id}/{}", signed_sha256.to_base32())
}

/// Replaces what is shaped like a personal number, so that one that slipped into a description does not become public:
/// a NIK (16 digits), a NIP (18) or an NPWP (15 or 16), in one piece or in groups.
///
/// Numbers of any other length stay, because people compare the document's number with their paper: an OSS number has 21
/// digits, and letters are numbered like `500.16.7.2/1234/2026`.
pub(crate) fn mask_personal_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, run) = rest.split_at(at);
        masked.push_str(before);
        let length = run
            .find(|c: char| !c.is_ascii_digit() && !joins(c))
            .unwrap_or(run.len());
        let (run, after) = run.split_at(length);
        mask_run(run, &mut masked);
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// What stands between the groups of one number.
fn joins(character: char) -> bool {
    matches!(
        character,
        '.' | '-' | ' ' | '/' | '_' | ',' | '\u{a0}' | '\u{2010}' | '\u{2011}' | '\u{2013}'
    )
}

/// How many digits a personal number has.
const LENGTHS: [usize; 3] = [15, 16, 18];

/// How the groups of a personal number are commonly written.
const GROUPINGS: [&[usize]; 18] = [
    // NIK: in fours; place, birth date, serial number; more finely.
    &[4, 4, 4, 4],
    &[6, 6, 4],
    &[6, 10],
    &[12, 4],
    &[2, 2, 2, 6, 4],
    &[2, 4, 6, 4],
    &[6, 2, 2, 2, 4],
    &[2, 2, 2, 2, 2, 2, 4],
    // NIP: birth date, date of appointment, sex, serial number.
    &[8, 6, 1, 3],
    &[8, 6, 4],
    &[8, 10],
    &[4, 2, 2, 4, 2, 1, 3],
    &[4, 4, 4, 2, 1, 3],
    // NPWP: 99.999.999.9-999.999.
    &[2, 3, 3, 1, 3, 3],
    &[2, 3, 3, 1, 6],
    &[2, 3, 3, 4, 3],
    &[9, 6],
    &[9, 3, 3],
];

/// `run` begins with a digit and holds nothing but digits and what joins them.
fn mask_run(run: &str, masked: &mut String) {
    let mut groups = Vec::<Range<usize>>::new();
    for (at, _) in run.match_indices(|c: char| c.is_ascii_digit()) {
        match groups.last_mut() {
            Some(group) if group.end == at => group.end += 1,
            Some(_) | None => groups.push(at..at + 1),
        }
    }
    let (mut written, mut hiding) = (0, false);
    for (group, personal) in groups.iter().zip(personal_groups(run, &groups)) {
        if !(personal && hiding) {
            masked.push_str(run.get(written..group.start).unwrap_or_default());
            let shown = run.get(group.clone()).unwrap_or_default();
            masked.push_str(if personal { "••••••" } else { shown });
        }
        (written, hiding) = (group.end, personal);
    }
    masked.push_str(run.get(written..).unwrap_or_default());
}

/// For each group of digits, whether it is part of what may be a personal number.
fn personal_groups(run: &str, groups: &[Range<usize>]) -> Vec<bool> {
    let lengths: Vec<usize> = groups.iter().map(Range::len).collect();
    // Slashes number letters, so across them only the common groupings count.
    let whole = LENGTHS.contains(&lengths.iter().sum()) && !run.contains('/');
    let mut personal: Vec<bool> = lengths.iter().map(|length| whole || LENGTHS.contains(length)).collect();
    for grouping in GROUPINGS {
        for (start, window) in lengths.windows(grouping.len()).enumerate() {
            if window == grouping {
                personal
                    .iter_mut()
                    .skip(start)
                    .take(grouping.len())
                    .for_each(|group| *group = true);
            }
        }
    }
    personal
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_qr_text_stays_in_the_qr_alphanumeric_set() {
        let id = DocumentId::from_bytes([7; 16]);
        let text = qr_text(
            &"https://absah.example.go.id/".parse().unwrap(),
            id,
            Sha256Digest::of(b"F1"),
        );
        assert_eq!(
            text,
            "HTTPS://ABSAH.EXAMPLE.GO.ID/V/1A4DQOBYHA4DQOBYHA4DQOBYHA4/32XC2TLVQV6BBAPRCO6PZFINZJLH3VNC4FHGVSH3RZLYL72N2XWA"
        );
        assert!(
            text.chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || " $%*+-./:".contains(c))
        );
    }

    #[test]
    fn personal_numbers_are_masked_and_document_numbers_are_not() {
        assert_eq!(
            mask_personal_numbers("NIK 9900112233445566 atas nama"),
            "NIK •••••• atas nama"
        );
        assert_eq!(mask_personal_numbers("NPWP 99.001.122.3-344.556"), "NPWP ••••••");
        assert_eq!(mask_personal_numbers("9900 1122 3344 5566"), "••••••");
        assert_eq!(mask_personal_numbers("9900/1122/3344/5566"), "••••••");
        assert_eq!(mask_personal_numbers("990011_223344,5566."), "••••••.");
        assert_eq!(
            mask_personal_numbers("NIP 19800101 200501 1 001 / 2026"),
            "NIP •••••• / 2026"
        );
        assert_eq!(mask_personal_numbers("9900112233445566/2026"), "••••••/2026");
        for number in [
            "503/0042/DPMPTSP/2026",
            "500.16.7.2/1234/2026",
            "440/0042/0123/2026",
            "PB-UMKU: 912010102163300010001",
            "NIB 9120101021633",
            "1/2026 - 12.000 m",
            "telepon 0812-3456-7890",
        ] {
            assert_eq!(mask_personal_numbers(number), number);
        }
    }

    /// A number in one piece or grouped, with one kind of joint.
    fn personal_number() -> impl Strategy<Value = String> {
        let pieces = LENGTHS.map(|length| vec![length]).into_iter();
        let groupings: Vec<Vec<usize>> = pieces.chain(GROUPINGS.map(<[usize]>::to_vec)).collect();
        let joint = prop::sample::select(vec![".", "-", " ", "/", "_", ",", " - ", "\u{a0}"]);
        (prop::sample::select(groupings), "[0-9]{18}", joint).prop_map(|(lengths, digits, joint)| {
            let mut digits = digits.chars();
            let groups = lengths
                .iter()
                .map(|length| digits.by_ref().take(*length).collect::<String>());
            groups.collect::<Vec<_>>().join(joint)
        })
    }

    fn digits(text: &str) -> String {
        text.chars().filter(char::is_ascii_digit).collect()
    }

    proptest! {
        #[test]
        fn no_personal_number_survives_whatever_stands_around_it(
            before in "([a-z/.:(]{1,8}|[0-9]{1,4}[ /])?", number in personal_number(), after in "([a-z/.:)]{1,8}|[ /][0-9]{1,4})?",
        ) {
            let masked = mask_personal_numbers(&format!("{before}{number}{after}"));
            prop_assert!(!digits(&masked).contains(&digits(&number)), "{masked}");
            prop_assert!(masked.contains("••••••"));
        }

        #[test]
        fn a_number_in_one_piece_of_any_other_length_stays(
            before in "[A-Z/.: -]{0,8}", number in "[0-9]{1,14}|[0-9]{17}|[0-9]{19,30}", after in "[A-Z/.: -]{0,8}",
        ) {
            let text = format!("{before}{number}{after}");
            prop_assert_eq!(mask_personal_numbers(&text), text);
        }
    }
}
