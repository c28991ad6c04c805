//! Letters: their submissions, and the PDF into which an approved one is rendered.
//!
//! The PDF comes through the inbox like any other file, and its approval is that of the letter: it says whose letter it is, and
//! its bytes are known by their digest before they arrive.

use std::cmp::Ordering;

use kernel::{DocumentId, Envelope, Sha256Digest, TenantId};
use platform::{Key, Record, Stored, TableError};
use serde::{Deserialize, Serialize};

use super::{AdvanceError, Desk};
use crate::approval::{Approval, ApprovalEvent, Decided, Status, WithdrawError};
use crate::events::{DocumentImported, LetterRendered, LetterSubmitted, LetterWithdrawn};
use crate::item::{Item, ItemId};
use crate::routing::Routed;

/// The one file into which an approved letter was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LetterFile {
    tenant: TenantId,
    letter_id: ItemId,
    sha256: Sha256Digest,
    /// What it calls the office in which it was approved, where that is another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    office: Option<String>,
    /// The document that it became: one, however often the file is dropped.
    document_id: Option<DocumentId>,
}

impl LetterFile {
    fn key_of(tenant: &TenantId, letter: &ItemId) -> Key {
        Key::state(tenant.as_str(), "letter-file", letter.as_str())
    }
}

impl Record for LetterFile {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.letter_id)
    }
}

impl Desk {
    /// Opens the approval of a letter, or opens it again after a return or a withdrawal. A submission that is not newer than
    /// the one that is known changes nothing.
    pub(crate) async fn submit(&self, submitted: Envelope<LetterSubmitted>) -> Result<(), AdvanceError> {
        let Envelope {
            tenant,
            traceparent,
            data,
            ..
        } = submitted;
        let key = Approval::key_of(&tenant, &data.letter_id);
        let found = self.table.find::<Approval>(&key).await?;
        let known = found.as_ref().map(|stored| stored.value.item.revision);
        if known.is_some_and(|known| known >= data.submission) {
            return Ok(());
        }
        let now = self.environment.now();
        let Routed { item, route, authority } = self.routing.of(&tenant, data.item()).await?;
        match found {
            None => {
                let opened = Approval::open(item, tenant, route, traceparent, now)?;
                self.found(Approval { authority, ..opened }, ApprovalEvent::Opened)
                    .await
            }
            Some(Stored { value, version }) => {
                let (approval, told) = value.resubmit(item, now)?;
                self.commit(version, approval, told, |transaction, _| Ok(transaction))
                    .await
                    .map(drop)
            }
        }
    }

    /// Ends the approval of a letter that its resident wants back. Somebody may have decided at this moment: then the
    /// decision stands, and the letter hears of it.
    pub(crate) async fn withdraw_letter(&self, withdrawn: Envelope<LetterWithdrawn>) -> Result<(), AdvanceError> {
        let LetterWithdrawn { letter_id, submission } = withdrawn.data;
        let Stored { value, version } = self.load(&withdrawn.tenant, &letter_id).await?;
        match submission.cmp(&value.item.revision) {
            // It was submitted again since.
            Ordering::Less => return Ok(()),
            Ordering::Greater => return Err(AdvanceError::NotSubmittedYet),
            Ordering::Equal => {}
        }
        match value.status {
            // It is the resident's again already.
            Status::Returned { .. } => return Ok(()),
            Status::Awaiting { .. } | Status::Withdrawn | Status::Rejected | Status::Approved => {}
        }
        let resident = value.item.submitted_by.clone().unwrap_or_default();
        match self.take_back(version, value, &resident, None).await {
            Ok(_) | Err(AdvanceError::Withdraw(WithdrawError::Ended)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Notes the bytes of an approved letter, by their digest, and the office that they name. A letter has one PDF.
    pub(crate) async fn rendered(&self, rendered: Envelope<LetterRendered>) -> Result<(), AdvanceError> {
        let LetterRendered {
            letter_id,
            sha256,
            office,
        } = rendered.data;
        let letter = self.load(&rendered.tenant, &letter_id).await?;
        if letter.value.status != Status::Approved {
            return Err(AdvanceError::LetterNotApproved);
        }
        let file = LetterFile {
            tenant: rendered.tenant,
            letter_id,
            sha256,
            office,
            document_id: None,
        };
        match self.table.transaction().insert(&file)?.commit().await {
            Ok(()) => Ok(()),
            Err(TableError::AlreadyExists) => {
                let there = self.table.load::<LetterFile>(file.key()).await?.value;
                if there.sha256 == sha256 {
                    Ok(())
                } else {
                    Err(AdvanceError::LetterDiffers)
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A letter's PDF is approved by whoever approved the letter, and by nobody a second time.
    pub(super) async fn import_letter(&self, imported: Envelope<DocumentImported>) -> Result<(), AdvanceError> {
        let document = imported.data.document;
        let document_id = document.document_id;
        let letter_id = document.letter().ok_or(AdvanceError::NoLetter)?;
        let key = LetterFile::key_of(&imported.tenant, &letter_id);
        let found = self.table.find::<LetterFile>(&key).await?;
        let Stored { value: file, version } = found.ok_or(AdvanceError::UnknownLetter)?;
        if file.sha256 != imported.data.sha256 {
            return Err(AdvanceError::LetterDiffers);
        }
        match file.document_id {
            None => {}
            Some(known) if known == document_id => return Ok(()),
            Some(_) => return Err(AdvanceError::LetterTwice),
        }
        let letter = self.load(&imported.tenant, &letter_id).await?.value;
        let last = letter.history.last().ok_or(AdvanceError::LetterNotApproved)?;
        // Signature and register call the office what the letter calls it.
        let acting_for = match (last.acting_for.clone(), &file.office) {
            (Some(acting), Some(office)) => Some(acting.in_office(office)),
            (acting, _) => acting,
        };
        let decided = Decided {
            acting_for,
            ..last.clone()
        };
        // Who sees the letter's approval sees that of its PDF, whose id is on the page, and nobody else does.
        let item = Item {
            attributes: letter.item.attributes,
            ..document.item()
        };
        let approved = Approval::already_approved(item, imported.tenant, letter.route, imported.traceparent, decided);
        let approved = Approval {
            authority: letter.authority,
            ..approved
        };
        let envelope = self.envelope(&approved, ApprovalEvent::Approved, 1);
        let file = LetterFile {
            document_id: Some(document_id),
            ..file
        };
        let transaction = self.table.transaction().found(&approved, &envelope)?;
        Ok(transaction.update(&file, version)?.commit().await?)
    }
}
