//! The document and its states. No I/O, no clock.
//!
//! ```text
//! detected ─► imported ─► awaiting_approval ─► approved ─► signed ─► issued
//!     ▼                      ▼
//! quarantined         rejected / returned
//! ```

use jiff::Timestamp;
use kernel::{DocumentId, Sha256Digest, TenantId, Traceparent};
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
    /// The flow that began with it.
    pub traceparent: Traceparent,
    /// What it is about.
    pub description: Description,
    /// What it was said to be about before, oldest first. Kept until it is approved.
    pub earlier: Vec<Description>,
    /// How far it has come.
    pub state: State,
}

/// A document that is described more often than this before it is approved is described by a machine that went wrong.
const DESCRIPTIONS: usize = 20;

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
    /// Sent back to where it came from; a new upload is a new document.
    Returned {
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

/// A document cannot be described anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescribeError {
    /// It is not in a state that allows it.
    #[error(transparent)]
    State(#[from] TransitionError),
    /// It was described too often.
    #[error("it was described {DESCRIPTIONS} times")]
    TooOften,
}

impl Document {
    /// A document that was just seen, at the beginning of a flow.
    #[must_use]
    pub fn detected(
        id: DocumentId,
        name: InboxName,
        object: ObjectVersion,
        at: Timestamp,
        traceparent: Traceparent,
    ) -> Self {
        Self {
            id,
            name,
            object,
            detected_at: at,
            traceparent,
            description: Description::default(),
            earlier: Vec::new(),
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
        let State::Approved { file } = self.state else {
            return Err(self.state.refuses("signed"));
        };
        Ok(file)
    }

    /// The signed file, if it may be sealed now.
    pub fn sealable(&self) -> Result<&Signed, TransitionError> {
        let State::Signed { signed } = &self.state else {
            return Err(self.state.refuses("sealed"));
        };
        Ok(signed)
    }

    /// Sets it aside.
    pub fn quarantine(self, code: &str) -> Result<Self, TransitionError> {
        let State::Detected = self.state else {
            return Err(self.state.refuses("quarantined"));
        };
        Ok(self.into_state(State::Quarantined { code: code.to_owned() }))
    }

    /// Takes it into the vault.
    pub fn import(self, file: File, description: Description) -> Result<Self, TransitionError> {
        let State::Detected = self.state else {
            return Err(self.state.refuses("imported"));
        };
        let described = Self { description, ..self };
        Ok(described.into_state(State::Imported { file }))
    }

    /// How often it was described anew: by this number its approval says what was approved.
    #[must_use]
    pub fn revision(&self) -> usize {
        self.earlier.len()
    }

    /// Describes it anew, which an approval ends: what is signed is what was approved.
    pub fn describe(mut self, description: Description) -> Result<Self, DescribeError> {
        let (State::Imported { .. } | State::AwaitingApproval { .. }) = self.state else {
            return Err(self.state.refuses("described").into());
        };
        if self.earlier.len() >= DESCRIPTIONS {
            return Err(DescribeError::TooOften);
        }
        self.earlier.push(self.description.clone());
        Ok(Self {
            description: description.or(self.description),
            ..self
        })
    }

    /// Hands it to the officials.
    pub fn await_approval(self) -> Result<Self, TransitionError> {
        let State::Imported { file } = self.state else {
            return Err(self.state.refuses("awaiting approval"));
        };
        Ok(self.into_state(State::AwaitingApproval { file }))
    }

    /// Sends it back to where it came from.
    pub fn return_to_origin(self, note: String) -> Result<Self, TransitionError> {
        // Events may overtake each other: an approval that was returned was certainly opened.
        let (State::Imported { .. } | State::AwaitingApproval { .. }) = self.state else {
            return Err(self.state.refuses("returned"));
        };
        Ok(self.into_state(State::Returned { note }))
    }

    /// Refuses it for good.
    pub fn reject(self, note: String) -> Result<Self, TransitionError> {
        let (State::Imported { .. } | State::AwaitingApproval { .. }) = self.state else {
            return Err(self.state.refuses("rejected"));
        };
        Ok(self.into_state(State::Rejected { note }))
    }

    /// Clears it for signing, as it was described in the revision that was approved.
    pub fn approve(mut self, revision: usize) -> Result<Self, TransitionError> {
        let (State::Imported { file } | State::AwaitingApproval { file }) = self.state else {
            return Err(self.state.refuses("approved"));
        };
        if revision < self.earlier.len() {
            self.description = self.earlier.swap_remove(revision);
        }
        self.earlier.clear();
        Ok(self.into_state(State::Approved { file }))
    }

    /// Takes the official's signature.
    pub fn sign(self, signed: Signed) -> Result<Self, TransitionError> {
        let State::Approved { .. } = self.state else {
            return Err(self.state.refuses("signed"));
        };
        Ok(self.into_state(State::Signed { signed }))
    }

    /// Takes the seal.
    pub fn issue(self, sealed: Sealed) -> Result<Self, TransitionError> {
        let signed = self.sealable()?.clone();
        Ok(self.into_state(State::Issued { signed, sealed }))
    }

    fn into_state(self, state: State) -> Self {
        Self { state, ..self }
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
