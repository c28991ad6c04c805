//! Letters: their submissions, and the PDF into which an approved one is rendered.
//!
//! The PDF comes through the inbox like any other file, and its approval is that of the letter: the bytes are known by their
//! digest before they arrive.

use kernel::{DocumentId, Envelope, Sha256Digest, TenantId};
use platform::{Key, Record, Stored, TableError};
use serde::{Deserialize, Serialize};

use super::{AdvanceError, Desk};
use crate::approval::{Approval, ApprovalEvent, Decided, Status, WithdrawError};
use crate::events::{DocumentImported, LetterRendered, LetterSubmitted, LetterWithdrawn};
use crate::item::ItemId;
use crate::routing::Routed;

/// The file into which an approved letter was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LetterFile {
    tenant: TenantId,
    sha256: Sha256Digest,
    letter_id: ItemId,
    /// The document that it became: one, however often the file is dropped.
    document_id: Option<DocumentId>,
}

impl LetterFile {
    fn key_of(tenant: &TenantId, sha256: Sha256Digest) -> Key {
        Key::state(tenant.as_str(), "letter-file", &sha256.to_string())
    }
}

impl Record for LetterFile {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.sha256)
    }
}

impl Desk {
    /// Opens the approval of a letter, or opens it again after a return or a withdrawal.
    pub(crate) async fn submit(&self, submitted: Envelope<LetterSubmitted>) -> Result<(), AdvanceError> {
        let Envelope {
            id: event,
            tenant,
            traceparent,
            data,
            ..
        } = submitted;
        let key = Approval::key_of(&tenant, &data.letter_id);
        let begun = (event, self.environment.now());
        let found = self.table.find::<Approval>(&key).await?;
        if found.as_ref().is_some_and(|stored| stored.value.has_heard(event)) {
            return Ok(());
        }
        let Routed { item, route, authority } = self.routing.of(&tenant, data.item()).await?;
        match found {
            None => {
                let opened = Approval::open(item, tenant, route, traceparent, begun)?;
                self.found(Approval { authority, ..opened }, ApprovalEvent::Opened)
                    .await
            }
            Some(Stored { value, version }) => {
                let (approval, told) = value.resubmit(item, begun)?;
                self.commit(version, approval, told, |transaction, _| Ok(transaction))
                    .await
                    .map(drop)
            }
        }
    }

    /// Ends the approval of a letter that its resident wants back. Somebody may have decided at this moment: then the
    /// decision stands, and the letter hears of it.
    pub(crate) async fn withdraw_letter(&self, withdrawn: Envelope<LetterWithdrawn>) -> Result<(), AdvanceError> {
        let Stored { value, version } = self.load(&withdrawn.tenant, &withdrawn.data.letter_id).await?;
        if value.has_heard(withdrawn.id) {
            return Ok(());
        }
        let resident = value.item.submitted_by.clone().unwrap_or_default();
        match value.withdraw(&resident, Some(withdrawn.id)) {
            Ok((approval, told)) => self
                .commit(version, approval, told, |transaction, _| Ok(transaction))
                .await
                .map(drop),
            Err(WithdrawError::Ended) => Ok(()),
            Err(error @ WithdrawError::NotSubmitter) => Err(error.into()),
        }
    }

    /// Notes the bytes of an approved letter, by their digest.
    pub(crate) async fn rendered(&self, rendered: Envelope<LetterRendered>) -> Result<(), AdvanceError> {
        let LetterRendered { letter_id, sha256 } = rendered.data;
        let letter = self.load(&rendered.tenant, &letter_id).await?;
        if letter.value.status != Status::Approved {
            return Err(AdvanceError::LetterNotApproved);
        }
        let file = LetterFile {
            tenant: rendered.tenant,
            sha256,
            letter_id,
            document_id: None,
        };
        match self.table.transaction().insert(&file)?.commit().await {
            Ok(()) | Err(TableError::AlreadyExists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A letter's PDF is approved by whoever approved the letter, and by nobody a second time.
    pub(super) async fn import_letter(&self, imported: Envelope<DocumentImported>) -> Result<(), AdvanceError> {
        let document_id = imported.data.document_id;
        let key = LetterFile::key_of(&imported.tenant, imported.data.sha256);
        let found = self.table.find::<LetterFile>(&key).await?;
        let Stored { value: file, version } = found.ok_or(AdvanceError::UnknownLetter)?;
        match file.document_id {
            None => {}
            Some(known) if known == document_id => return Ok(()),
            Some(_) => return Err(AdvanceError::LetterTwice),
        }
        let letter = self.load(&imported.tenant, &file.letter_id).await?.value;
        let last = letter.history.last().ok_or(AdvanceError::LetterNotApproved)?;
        let decided = Decided {
            // What was said of the PDF until now is what the official approved.
            at: self.environment.now(),
            ..last.clone()
        };
        let item = imported.data.item();
        let begun = (imported.id, decided);
        let approved = Approval::already_approved(item, imported.tenant, letter.route, imported.traceparent, begun);
        let approved = Approval {
            authority: letter.authority,
            ..approved
        };
        let envelope = self.envelope(&approved, ApprovalEvent::Approved);
        let file = LetterFile {
            document_id: Some(document_id),
            ..file
        };
        let transaction = self.table.transaction().found(&approved, &envelope)?;
        Ok(transaction.update(&file, version)?.commit().await?)
    }
}
