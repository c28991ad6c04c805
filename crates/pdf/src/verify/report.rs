//! What verification says about one signature.

use jiff::Timestamp;
use kernel::Sha256Digest;

/// One signature of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureReport {
    /// Full name of the field.
    pub field: String,
    /// A person's or organisation's signature, or a timestamp over the document.
    pub kind: SignatureKind,
    /// Who signed, by their certificate. `None` when no certificate was found.
    pub signer: Option<SignerName>,
    /// SHA-256 of the signer's certificate (DER).
    pub certificate: Option<Sha256Digest>,
    /// When the signer says that they signed (`/M`); of a timestamp, the time that it proves.
    pub claimed_at: Option<Timestamp>,
    /// Whether the covered bytes are as they were signed.
    pub integrity: Integrity,
    /// Which bytes are covered.
    pub coverage: Coverage,
    /// Whether the signer's certificate leads to a trusted root.
    pub trust: Trust,
    /// What was appended after signing.
    pub changes_after: Changes,
}

impl SignatureReport {
    /// Intact, trusted, over a whole revision, and nothing appended but further signatures or validation data.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let benign = match self.changes_after {
            Changes::None | Changes::OnlyValidationData | Changes::OnlyNewSignatureField => true,
            Changes::Other { .. } => false,
        };
        self.integrity == Integrity::Intact
            && self.trust == Trust::Trusted
            && self.coverage != Coverage::Invalid
            && benign
    }
}

/// What a signature stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// A person's or organisation's.
    Signature,
    /// A timestamp over the document (RFC 3161).
    Timestamp,
}

/// Parts of the subject of a certificate. Numbers of persons are left out on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignerName {
    /// `CN`.
    pub common_name: Option<String>,
    /// `title`, such as an office that is held.
    pub title: Option<String>,
    /// `O`.
    pub organization: Option<String>,
    /// `OU`.
    pub organizational_unit: Option<String>,
}

/// Whether the covered bytes are as they were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integrity {
    /// They are.
    Intact,
    /// They are not, or the signature itself is wrong.
    Broken {
        /// What is wrong.
        why: &'static str,
    },
    /// The signature is made in a way that is not checked here.
    Unverifiable {
        /// What is not supported.
        why: &'static str,
    },
}

/// Which bytes a signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// All of the file but the signature itself.
    EntireFile,
    /// All of a revision, to which something was appended.
    Revision {
        /// Where the revision ends, in bytes.
        end: usize,
    },
    /// Something else, so that the signature says nothing about the document.
    Invalid,
}

/// Whether the signer's certificate leads to a trusted root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It does, and was valid at the claimed time. Revocation is not looked up.
    Trusted,
    /// It does not.
    Untrusted {
        /// Where the chain ends.
        why: &'static str,
    },
}

/// What was appended after signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Nothing, or white space.
    None,
    /// Certificates, revocation data or timestamps of the document (DSS, `DocTimeStamp`), or metadata of the program that
    /// wrote them.
    OnlyValidationData,
    /// A further signature with its field, and perhaps validation data.
    OnlyNewSignatureField,
    /// Something that changes the document.
    Other {
        /// What, at most 20 things, in English.
        what: Vec<String>,
    },
}
