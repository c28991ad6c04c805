//! The public register: what anyone may know of an issued document, and nothing more. Rows begin with `public`, so that
//! the verifying function can be confined to them.

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{DocumentId, Sha256Digest};
use platform::{Key, Record};
use serde::{Deserialize, Serialize};

use crate::document::{Document, Sealed, Signed};
use crate::public_url::PublicUrl;

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

/// Replaces every run of 15 or more digits (a NIK has 16, a NIP 18, an NPWP 15 or 16), even if it is grouped by dots, dashes or
/// spaces, so that a personal number that slipped into a description does not become public.
pub(crate) fn mask_personal_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars().chain(std::iter::once('\0')) {
        let separator = matches!(character, '.' | '-' | ' ') && !run.is_empty();
        if character.is_ascii_digit() || separator {
            run.push(character);
            continue;
        }
        let digits = run.chars().filter(char::is_ascii_digit).count();
        if digits >= 15 {
            let tail = run.len() - run.trim_end_matches(['.', '-', ' ']).len();
            masked.push_str("••••••");
            masked.push_str(run.get(run.len() - tail..).unwrap_or_default());
        } else {
            masked.push_str(&run);
        }
        run.clear();
        if character != '\0' {
            masked.push(character);
        }
    }
    masked
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
        assert_eq!(mask_personal_numbers("503/0042/DPMPTSP/2026"), "503/0042/DPMPTSP/2026");
        assert_eq!(mask_personal_numbers("1/2026 - 12.000 m"), "1/2026 - 12.000 m");
    }

    proptest! {
        #[test]
        fn no_run_of_fifteen_digits_survives(text in "[0-9a-z .-]{0,60}") {
            let masked = mask_personal_numbers(&text);
            let longest = masked.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap();
            prop_assert!(longest < 15);
        }
    }
}
