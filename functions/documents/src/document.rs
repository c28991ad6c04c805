//! The document and its states. No I/O, no clock.
//!
//! ```text
//! detected ─► imported ─► awaiting_approval ─► approved ─► signed ─► issued
//!     │                      │      ▲
//!     ▼                      ▼      │ opened again
//! quarantined         rejected / returned
//! ```

use jiff::Timestamp;
use kernel::{DocumentId, Sha256Digest, TenantId};
use platform::{Key, ObjectVersion, Record};
use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::inbox_name::InboxName;

/// One document from the moment that it was seen in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its public id.
    pub id: DocumentId,
    /// Where it was dropped.
    pub name: InboxName,
    /// The exact object.
    pub object: ObjectVersion,
    /// When it was seen.
    pub detected_at: Timestamp,
    /// What it is about.
    pub description: Description,
    /// How far it has come.
    pub state: State,
}

/// How far a document has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// Seen, not read.
    Detected,
    /// Cannot be used; `code` says why.
    Quarantined {
        /// The stable code of what is wrong.
        code: String,
    },
    /// In the vault.
    Imported {
        /// The bytes to sign.
        file: File,
    },
    /// The officials' turn.
    AwaitingApproval {
        /// The bytes to sign.
        file: File,
    },
    /// Sent back to where it came from.
    Returned {
        /// The bytes to sign.
        file: File,
        /// Why.
        note: String,
    },
    /// Refused for good.
    Rejected {
        /// Why.
        note: String,
    },
    /// Approved by all, not signed yet.
    Approved {
        /// The bytes to sign.
        file: File,
    },
    /// Signed by the official.
    Signed {
        /// The signed file.
        signed: Signed,
    },
    /// Sealed and public.
    Issued {
        /// The signed file.
        signed: Signed,
        /// The sealed file.
        sealed: Sealed,
    },
}

/// The bytes that get signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Of the bytes as received.
    pub original_sha256: Sha256Digest,
    /// Whether the bytes had to be prepared first (`prepared.pdf` beside `original.pdf`).
    pub prepared: bool,
    /// The number of pages.
    pub pages: u32,
}

/// The signed file, F1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Of all of its bytes: what the QR holds.
    pub sha256: Sha256Digest,
    /// Its length in bytes.
    pub length: u64,
    /// The official's name, from the certificate.
    pub signer: String,
    /// The official's office, from the certificate.
    pub office: Option<String>,
    /// The signature's own time.
    pub at: Timestamp,
}

/// The sealed file, F2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Of all of its bytes.
    pub sha256: Sha256Digest,
    /// Its length in bytes.
    pub length: u64,
    /// When it was sealed.
    pub at: Timestamp,
}

/// The document is in a state that does not allow the command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a document that is {state} cannot be {command}")]
pub struct TransitionError {
    /// The state it is in.
    pub state: &'static str,
    /// What it was to become.
    pub command: &'static str,
}

impl Document {
    /// A document that was just seen.
    #[must_use]
    pub fn detected(id: DocumentId, name: InboxName, object: ObjectVersion, at: Timestamp) -> Self {
        let description = Description::default();
        Self {
            id,
            name,
            object,
            detected_at: at,
            description,
            state: State::Detected,
        }
    }

    /// The key of document `id` of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: DocumentId) -> Key {
        Key::state(tenant.as_str(), "document", &id.to_string())
    }

    /// The bytes to sign, if it may be signed now.
    pub fn signable(&self) -> Result<File, TransitionError> {
        match &self.state {
            State::Imported { file }
            | State::AwaitingApproval { file }
            | State::Returned { file, .. }
            | State::Approved { file } => Ok(*file),
            State::Detected
            | State::Quarantined { .. }
            | State::Rejected { .. }
            | State::Signed { .. }
            | State::Issued { .. } => Err(self.state.refuses("signed")),
        }
    }

    /// The signed file, if it may be sealed now.
    pub fn sealable(&self) -> Result<&Signed, TransitionError> {
        match &self.state {
            State::Signed { signed } => Ok(signed),
            State::Detected
            | State::Quarantined { .. }
            | State::Imported { .. }
            | State::AwaitingApproval { .. }
            | State::Returned { .. }
            | State::Rejected { .. }
            | State::Approved { .. }
            | State::Issued { .. } => Err(self.state.refuses("sealed")),
        }
    }

    /// Sets it aside.
    pub fn quarantine(self, code: &str) -> Result<Self, TransitionError> {
        match self.state {
            State::Detected => Ok(Self {
                state: State::Quarantined { code: code.to_owned() },
                ..self
            }),
            state => Err(state.refuses("quarantined")),
        }
    }

    /// Takes it into the vault.
    pub fn import(self, file: File, description: Description) -> Result<Self, TransitionError> {
        match self.state {
            State::Detected => Ok(Self {
                state: State::Imported { file },
                description,
                ..self
            }),
            state => Err(state.refuses("imported")),
        }
    }

    /// Describes it anew, which a signature ends: what is signed is what was approved.
    pub fn describe(self, description: Description) -> Result<Self, TransitionError> {
        match self.state {
            State::Imported { .. } | State::AwaitingApproval { .. } | State::Returned { .. } => Ok(Self {
                description: description.or(self.description),
                ..self
            }),
            state @ (State::Detected
            | State::Quarantined { .. }
            | State::Rejected { .. }
            | State::Approved { .. }
            | State::Signed { .. }
            | State::Issued { .. }) => Err(state.refuses("described")),
        }
    }

    /// Hands it to the officials.
    pub fn await_approval(self) -> Result<Self, TransitionError> {
        match self.state {
            State::Imported { file } | State::Returned { file, .. } => Ok(Self {
                state: State::AwaitingApproval { file },
                ..self
            }),
            state => Err(state.refuses("awaiting approval")),
        }
    }

    /// Sends it back to where it came from.
    pub fn return_to_origin(self, note: String) -> Result<Self, TransitionError> {
        match self.state {
            // Events may overtake each other: an approval that was returned was certainly opened.
            State::Imported { file } | State::AwaitingApproval { file } => Ok(Self {
                state: State::Returned { file, note },
                ..self
            }),
            state => Err(state.refuses("returned")),
        }
    }

    /// Refuses it for good.
    pub fn reject(self, note: String) -> Result<Self, TransitionError> {
        match self.state {
            State::Imported { .. } | State::AwaitingApproval { .. } | State::Returned { .. } => Ok(Self {
                state: State::Rejected { note },
                ..self
            }),
            state => Err(state.refuses("rejected")),
        }
    }

    /// Clears it for signing; again, if it is cleared already.
    pub fn approve(self) -> Result<Self, TransitionError> {
        match self.state {
            State::Imported { file }
            | State::AwaitingApproval { file }
            | State::Returned { file, .. }
            | State::Approved { file } => Ok(Self {
                state: State::Approved { file },
                ..self
            }),
            state => Err(state.refuses("approved")),
        }
    }

    /// Takes the official's signature.
    pub fn sign(self, signed: Signed) -> Result<Self, TransitionError> {
        match self.state {
            State::Approved { .. } => Ok(Self {
                state: State::Signed { signed },
                ..self
            }),
            state => Err(state.refuses("signed")),
        }
    }

    /// Takes the seal.
    pub fn issue(self, sealed: Sealed) -> Result<Self, TransitionError> {
        match self.state {
            State::Signed { signed } => Ok(Self {
                state: State::Issued { signed, sealed },
                ..self
            }),
            state => Err(state.refuses("issued")),
        }
    }
}

impl State {
    /// The state's name, as it is stored and shown to machines.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Quarantined { .. } => "quarantined",
            Self::Imported { .. } => "imported",
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Returned { .. } => "returned",
            Self::Rejected { .. } => "rejected",
            Self::Approved { .. } => "approved",
            Self::Signed { .. } => "signed",
            Self::Issued { .. } => "issued",
        }
    }

    fn refuses(&self, command: &'static str) -> TransitionError {
        TransitionError {
            state: self.name(),
            command,
        }
    }
}

impl Record for Document {
    fn key(&self) -> Key {
        Self::key_of(&self.name.tenant, self.id)
    }
}

#[cfg(test)]
mod tests;
