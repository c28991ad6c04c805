//! Files of the vault without a document, and documents without the files that they must have.

use kernel::{DocumentId, Sha256Digest, TenantId};
use platform::{Stored, TableError, VaultError};
use tracing::error;

use super::{Reconcile, ReconcileError, Tally, together};
use crate::document::{Document, State};
use crate::storage::{Stage, vault_key};

/// The files of one document that follow each other in a listing.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    tenant: TenantId,
    id: DocumentId,
    stages: Vec<Stage>,
}

impl Reconcile {
    /// Reports files that are nobody's, and what is missing beside the others.
    pub(super) async fn look_at_files(&self, keys: &[String], tally: &mut Tally) {
        let mut found: Vec<Found> = Vec::new();
        for key in keys.iter().filter(|key| !is_a_letter(key)) {
            let Some((tenant, id, stage)) = parts(key) else {
                tally.strange += 1;
                // Whoever put it there chose its name, which may tell of a person.
                error!(
                    error.code = "reconcile.foreign_file",
                    vault.key_sha256 = %Sha256Digest::of(key.as_bytes()),
                    "a file of the vault has no document's name"
                );
                continue;
            };
            match found.last_mut() {
                Some(last) if last.id == id && last.tenant == tenant => last.stages.push(stage),
                Some(_) | None => found.push(Found {
                    tenant,
                    id,
                    stages: vec![stage],
                }),
            }
        }
        count(together(found.into_iter().map(|found| self.check(found))).await, tally);
    }

    /// Reports documents of which nothing is left in the vault. What is left of the others leads to them.
    pub(super) async fn look_at_documents(&self, rows: Vec<Result<Stored<Document>, TableError>>, tally: &mut Tally) {
        let checks = rows.into_iter().map(async |row| {
            let document = row?.value;
            let demanded = demanded(&document.state);
            for stage in &demanded {
                if self.has(&document, *stage).await? {
                    return Ok(0);
                }
            }
            Ok(demanded.iter().map(|stage| report(document.id, *stage)).sum())
        });
        count(together(checks).await, tally);
    }

    /// How many files a document has too many or too few.
    async fn check(&self, found: Found) -> Result<u32, ReconcileError> {
        let Found { tenant, id, stages } = found;
        let Some(stored) = self.table.find::<Document>(&Document::key_of(&tenant, id)).await? else {
            error!(
                error.code = "reconcile.orphan_file",
                document.id = %id,
                "files of the vault have no document"
            );
            return Ok(u32::try_from(stages.len()).unwrap_or(u32::MAX));
        };
        let mut missing = 0;
        for stage in demanded(&stored.value.state) {
            // It may have come after the listing, or be on its next page.
            if !stages.contains(&stage) && !self.has(&stored.value, stage).await? {
                missing += report(id, stage);
            }
        }
        Ok(missing)
    }

    async fn has(&self, document: &Document, stage: Stage) -> Result<bool, ReconcileError> {
        let key = vault_key(&document.name.tenant, document.id, stage);
        match self.vault.size(&key).await {
            Ok(_) => Ok(true),
            Err(VaultError::Missing(_)) => Ok(false),
            Err(error @ (VaultError::TooLarge { .. } | VaultError::Unavailable(_))) => {
                Err(ReconcileError::Vault(error))
            }
        }
    }
}

fn count(checks: Vec<Result<u32, ReconcileError>>, tally: &mut Tally) {
    for check in checks {
        match check {
            Ok(strange) => tally.strange += strange,
            Err(error) => tally.fail(&error),
        }
    }
}

/// One missing file.
fn report(id: DocumentId, stage: Stage) -> u32 {
    error!(
        error.code = "reconcile.file_missing",
        document.id = %id,
        vault.stage = stage.name(),
        "a document has not the file that it must have"
    );
    1
}

/// The files that a document must have. A step writes its file before the state that says so.
fn demanded(state: &State) -> Vec<Stage> {
    match state {
        // Its original is on its way, or could not be read.
        State::Detected => Vec::new(),
        State::Quarantined { code } if code.starts_with("inbox.") => Vec::new(),
        State::Imported { file } | State::AwaitingApproval { file } | State::Approved { file } if file.prepared => {
            vec![Stage::Original, Stage::Prepared]
        }
        State::Quarantined { .. }
        | State::Imported { .. }
        | State::AwaitingApproval { .. }
        | State::Approved { .. }
        | State::Returned { .. }
        | State::Rejected { .. } => vec![Stage::Original],
        State::Signed { .. } => vec![Stage::Original, Stage::Signed],
        State::Issued { .. } => vec![Stage::Original, Stage::Signed, Stage::Final],
    }
}

/// Whether it is a letter as it was set, `<tenant>/letters/<letter id>.pdf`: that comes through the inbox, and becomes a
/// document then.
fn is_a_letter(file: &str) -> bool {
    let parts: Vec<&str> = file.split('/').collect();
    let [tenant, "letters", name] = parts.as_slice() else {
        return false;
    };
    let id = name.strip_suffix(".pdf").map(str::parse::<DocumentId>);
    tenant.parse::<TenantId>().is_ok() && matches!(id, Some(Ok(_)))
}

/// Whose file it is and which: `<tenant>/documents/<id>/<stage>.pdf`.
fn parts(file: &str) -> Option<(TenantId, DocumentId, Stage)> {
    let mut parts = file.split('/');
    let (tenant, _documents, id) = (parts.next()?, parts.next()?, parts.next()?);
    let (tenant, id) = (tenant.parse().ok()?, id.parse().ok()?);
    let stage = Stage::ALL
        .into_iter()
        .find(|stage| vault_key(&tenant, id, *stage) == file)?;
    Some((tenant, id, stage))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::document::{File, Sealed, Signed};
    use Stage::{Final, Original, Prepared, Signed as SignedFile};

    fn file(prepared: bool) -> File {
        File {
            original_sha256: Sha256Digest::of(b"F0"),
            prepared,
            pages: 1,
        }
    }

    #[test]
    fn letters_that_are_kept_before_they_become_documents_are_no_strange_files() {
        let letter = "karo/letters/AAAQEAYEAUDAOCAJBIFQYDIOB4.pdf";
        assert!(is_a_letter(letter));
        for strange in [
            "karo/letters/surat Budi.pdf",
            "karo/letters/AAAQEAYEAUDAOCAJBIFQYDIOB4.exe",
            "karo/letters/x/AAAQEAYEAUDAOCAJBIFQYDIOB4.pdf",
            "karo/surat/AAAQEAYEAUDAOCAJBIFQYDIOB4.pdf",
            "Karo/letters/AAAQEAYEAUDAOCAJBIFQYDIOB4.pdf",
        ] {
            assert!(!is_a_letter(strange), "{strange}");
        }
    }

    #[test]
    fn each_state_has_the_files_that_the_steps_before_it_wrote() {
        let signed = Signed {
            sha256: Sha256Digest::of(b"F1"),
            length: 2,
            signer: "Pejabat".into(),
            office: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let sealed = Sealed {
            sha256: Sha256Digest::of(b"F2"),
            length: 2,
            at: Timestamp::UNIX_EPOCH,
        };
        let quarantined = |code: &str| State::Quarantined { code: code.into() };
        let note = String::new();
        let expected: [(State, &[Stage]); 14] = [
            (State::Detected, &[]),
            (quarantined("inbox.too_large"), &[]),
            (quarantined("inbox.replaced"), &[]),
            (quarantined("pdf.encrypted"), &[Original]),
            (State::Imported { file: file(false) }, &[Original]),
            (State::Imported { file: file(true) }, &[Original, Prepared]),
            (State::AwaitingApproval { file: file(false) }, &[Original]),
            (State::AwaitingApproval { file: file(true) }, &[Original, Prepared]),
            (State::Returned { note: note.clone() }, &[Original]),
            (State::Rejected { note }, &[Original]),
            (State::Approved { file: file(false) }, &[Original]),
            (State::Approved { file: file(true) }, &[Original, Prepared]),
            (State::Signed { signed: signed.clone() }, &[Original, SignedFile]),
            (State::Issued { signed, sealed }, &[Original, SignedFile, Final]),
        ];
        for (state, files) in expected {
            assert_eq!(demanded(&state), files, "{}", state.name());
        }
    }
}
