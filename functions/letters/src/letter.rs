//! One letter on its way from a resident's draft to a signed PDF. No I/O, no clock.

mod error;
mod news;
mod progress;
mod status;

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{DocumentId, Sha256Digest, TenantId, Traceparent};
use platform::{Indexes, Key, Record, Sealed};
use serde::{Deserialize, Serialize};

use crate::ids::{LetterId, TypeCode};
use crate::letter_type::LetterType;

pub use error::LetterError;
pub use news::{Heard, News, Ruling, Verdict, Verification};
pub use progress::{CurrentLevel, LevelProgress, LevelState};
pub use status::{Level, Requires, Status};

/// Submissions of one letter; more are made by machines. Approvals end at twice as many, and would leave a letter that went
/// past them waiting for ever.
const SUBMISSION_LIMIT: u32 = 100;
/// Decisions kept for the resident to read. Each may carry a note of 2,000 characters, and a row holds 400 KB.
const HISTORY_LIMIT: usize = 40;

/// A resident's letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its id, for good.
    pub id: LetterId,
    /// Whose office.
    pub tenant: TenantId,
    /// Whose letter.
    pub resident: Resident,
    /// What kind of letter, as of the version that it was last drafted or submitted with.
    pub kind: Kind,
    /// What the resident filled in: JSON, encrypted under [`Letter::answers_place`].
    pub answers: Sealed,
    /// Where it stands.
    pub status: Status,
    /// The resident wants it back; the approval has not yet ended.
    pub is_withdrawing: bool,
    /// How often it was submitted.
    pub submissions: u32,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last came to another state.
    pub moved_at: Timestamp,
    /// The version of its approval that it has followed it to; 0 before any.
    #[serde(default)]
    pub heard: u64,
    /// The flow that its submission began.
    pub traceparent: Option<Traceparent>,
    /// What its approval decided, oldest first.
    pub history: Vec<Verification>,
    /// Its number, once it is approved.
    pub issue: Option<Issue>,
    /// The digest of the PDF that it was rendered to, before anybody signed it, for good.
    pub rendered: Option<Sha256Digest>,
    /// The signed document.
    pub document: Option<IssuedDocument>,
}

/// The resident who asks for a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// The user's id.
    pub id: String,
    /// The name, for lists.
    pub name: String,
    /// The ward.
    pub rw: Option<String>,
    /// The neighbourhood within it.
    pub rt: Option<String>,
}

/// What a letter keeps of its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// The type's code.
    pub code: TypeCode,
    /// The type's version.
    pub version: u64,
    /// The type's name.
    pub name: String,
    /// Who has to verify it.
    pub requires: Requires,
}

/// Number and date of an approved letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The whole number, such as `470/12/SKD/XI/2026`.
    pub number: String,
    /// Its place in the year's sequence.
    pub sequence: u64,
    /// The date on the letter.
    pub date: Date,
    /// The last day on which it is in force.
    pub valid_until: Option<Date>,
    /// Who approved it.
    pub approved_by: Approver,
}

/// The official who approved a letter, as the approval says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// The user's id.
    pub id: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose office it was, where it was another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<ActingFor>,
}

/// In whose office somebody approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActingFor {
    /// The id of who holds the office.
    pub id: String,
    /// As what.
    pub kind: ActingKind,
}

/// As what somebody acts in another's office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActingKind {
    /// Pelaksana tugas: the office is vacant.
    Plt,
    /// Pelaksana harian: its holder is away.
    Plh,
    /// Atas nama: in its holder's name.
    An,
}

/// The signed document of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedDocument {
    /// The document's id.
    pub id: DocumentId,
    /// Where anybody can verify it.
    pub verify_url: String,
}

/// What happened to a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterEvent {
    /// It waits for its first level.
    Submitted,
    /// It was corrected, and waits for its first level again.
    Resubmitted,
    /// The resident wants it back.
    Withdrawn,
    /// It has a number.
    Approved,
    /// Its PDF has a digest.
    Rendered,
    /// Its signed PDF is there.
    Finished,
}

impl Letter {
    /// Begins a letter of a type, with what the resident filled in.
    #[must_use]
    pub fn draft(id: LetterId, of: &LetterType, resident: Resident, answers: Sealed, at: Timestamp) -> Self {
        Self {
            id,
            tenant: of.tenant.clone(),
            resident,
            kind: Kind::from(of),
            answers,
            status: Status::Draft,
            is_withdrawing: false,
            submissions: 0,
            created_at: at,
            moved_at: at,
            heard: 0,
            traceparent: None,
            history: Vec::new(),
            issue: None,
            rendered: None,
            document: None,
        }
    }

    /// Replaces what the resident filled in; it was checked against `of`.
    pub fn edit(self, of: &LetterType, answers: Sealed) -> Result<Self, LetterError> {
        if !self.status.is_editable() {
            return Err(LetterError::NotEditable(self.status));
        }
        Ok(Self {
            kind: Kind::from(of),
            answers,
            ..self
        })
    }

    /// Hands it to its first level, again after a return. It keeps the type's version that it is submitted with.
    pub fn submit(
        self,
        of: &LetterType,
        resident: Resident,
        at: Timestamp,
    ) -> Result<(Self, LetterEvent), LetterError> {
        if !self.status.is_editable() {
            return Err(LetterError::NotEditable(self.status));
        }
        if self.submissions >= SUBMISSION_LIMIT {
            return Err(LetterError::TooOften);
        }
        let kind = Kind::from(of);
        let Requires { rt, rw } = kind.requires;
        let lacks_rt = rt && resident.rt.is_none();
        if lacks_rt || ((rt || rw) && resident.rw.is_none()) {
            return Err(LetterError::NoTerritory);
        }
        let event = if self.submissions == 0 {
            LetterEvent::Submitted
        } else {
            LetterEvent::Resubmitted
        };
        let submitted = Self {
            status: kind.requires.first().waiting(),
            kind,
            resident,
            submissions: self.submissions.saturating_add(1),
            moved_at: at,
            ..self
        };
        Ok((submitted, event))
    }

    /// Asks for it back. The approval has the last word, because somebody may decide at this moment: the letter is a draft
    /// again when the approval has ended.
    pub fn withdraw(self) -> Result<(Self, LetterEvent), LetterError> {
        if self.status.awaits().is_none() {
            return Err(LetterError::NotWaiting(self.status));
        }
        let withdrawing = Self {
            is_withdrawing: true,
            ..self
        };
        Ok((withdrawing, LetterEvent::Withdrawn))
    }

    /// Notes the digest of its PDF. One letter is one PDF: the same again changes nothing, and another is refused.
    pub fn render(self, sha256: Sha256Digest) -> Result<(Self, Option<LetterEvent>), LetterError> {
        match self.status {
            Status::Disetujui | Status::Selesai => {}
            Status::Draft
            | Status::MenungguVerifikasiRt
            | Status::MenungguVerifikasiRw
            | Status::MenungguAdmin
            | Status::Ditolak
            | Status::RevisiRt
            | Status::RevisiRw => return Err(LetterError::NotApproved(self.status)),
        }
        match &self.rendered {
            Some(known) if *known == sha256 => Ok((self, None)),
            Some(_) => Err(LetterError::RenderedOtherwise),
            None => {
                let rendered = Self {
                    rendered: Some(sha256),
                    ..self
                };
                Ok((rendered, Some(LetterEvent::Rendered)))
            }
        }
    }

    /// Its signed document is there. A second one changes nothing: the first is the letter.
    pub fn finish(self, document: IssuedDocument, at: Timestamp) -> Result<(Self, Option<LetterEvent>), LetterError> {
        match self.status {
            Status::Disetujui => {}
            Status::Selesai => return Ok((self, None)),
            Status::Draft
            | Status::MenungguVerifikasiRt
            | Status::MenungguVerifikasiRw
            | Status::MenungguAdmin
            | Status::Ditolak
            | Status::RevisiRt
            | Status::RevisiRw => return Err(LetterError::NotApproved(self.status)),
        }
        let finished = Self {
            status: Status::Selesai,
            document: Some(document),
            moved_at: at,
            ..self
        };
        Ok((finished, Some(LetterEvent::Finished)))
    }

    /// Where the answers of a letter are encrypted for: nowhere else can they be read.
    #[must_use]
    pub fn answers_place(tenant: &TenantId, id: LetterId) -> String {
        format!("{tenant}#letter#{id}#answers")
    }

    /// The partition that lists the letters of a resident.
    #[must_use]
    pub fn partition_of(tenant: &TenantId, resident: &str) -> String {
        format!("{tenant}#letters-of#{resident}")
    }

    /// The partition that lists the letters of `tenant` in a state.
    #[must_use]
    pub fn partition_in(tenant: &TenantId, status: Status) -> String {
        format!("{tenant}#letters#{}", status.as_str())
    }

    /// The key of letter `id` of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: LetterId) -> Key {
        Key::state(tenant.as_str(), "letter", &id.to_string())
    }
}

impl LetterEvent {
    /// The event's type.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Submitted => "letter.submitted",
            Self::Resubmitted => "letter.resubmitted",
            Self::Withdrawn => "letter.withdrawn",
            Self::Approved => "letter.approved",
            Self::Rendered => "letter.rendered",
            Self::Finished => "letter.finished",
        }
    }
}

impl From<&LetterType> for Kind {
    fn from(of: &LetterType) -> Self {
        Self {
            code: of.code.clone(),
            version: of.version,
            name: of.name.clone(),
            requires: of.requires,
        }
    }
}

impl Record for Letter {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.id)
    }

    /// Residents see their own letters, by when they began them; the office sees them by their state, but no drafts, by when
    /// they came to it.
    fn indexes(&self) -> Indexes {
        let listed = Key {
            pk: Self::partition_of(&self.tenant, &self.resident.id),
            sk: format!("{:.3}#{}", self.created_at, self.id),
        };
        let in_state = Key {
            pk: Self::partition_in(&self.tenant, self.status),
            sk: format!("{:.3}#{}", self.moved_at, self.id),
        };
        Indexes {
            gsi1: Some(listed),
            gsi2: Some(in_state).filter(|_| self.status != Status::Draft),
        }
    }
}

#[cfg(test)]
mod tests;
