//! The finished letter as a file.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platform::{
    Actor, AuditEntry, Caller, Idempotency, IdempotencyKey, Origin, PathId, Problem, Stored, VaultError, unknown,
};

use super::refusals::{Refusals, busy, failed, not_now};
use super::residents::{APPROVE, is_own};
use super::views::LetterView;
use super::{Letters, Versioned};
use crate::events::{self, GenerationRequested};
use crate::ids::LetterId;
use crate::letter::{LetterError, Status};
use crate::messages;
use crate::render::BYTE_LIMIT;

const READ: &str = "letter:read";
const PRINT: &str = "letter:print";
/// What the official's signature, the seal and a page for its QR code add to a letter, and more than that.
const SIGNATURES: u64 = 1024 * 1024;
/// A letter that could be rendered can be fetched when it is signed.
const FILE_LIMIT: u64 = BYTE_LIMIT + SIGNATURES;

/// The signed PDF of a finished letter: for its resident and the office.
#[utoipa::path(get, path = "/letters/{id}/pdf", params(("id" = String, Path)),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), Refusals))]
pub(super) async fn fetch(
    State(letters): State<Letters>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
) -> Result<Response, Problem> {
    caller.require(READ)?;
    let letter = letters.find_letter(&caller, id).await?.value;
    let is_office = caller.may(PRINT) || caller.may(APPROVE);
    if !is_own(&caller, &letter) && (!is_office || letter.status == Status::Draft) {
        return Err(unknown());
    }
    let document = letter.document.as_ref().filter(|_| letter.status == Status::Selesai);
    let document =
        document.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "letters.not_finished", messages::NOT_FINISHED))?;
    let key = format!("{}/documents/{}/final.pdf", letter.tenant, document.id);
    let found = letters.vault.get(&key, FILE_LIMIT).await;
    let bytes = found.map_err(|error: VaultError| failed(&error))?;
    let name = format!("attachment; filename=\"{}-{}.pdf\"", letter.kind.code, letter.id);
    let disposition = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("application/pdf");
    Ok((
        [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)],
        bytes,
    )
        .into_response())
}

/// Makes the PDF of an approved letter, if it is not there: the office asks again when something was in the way. A finished
/// letter stays as it is.
#[utoipa::path(post, path = "/admin/generate-surat/{id}",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = LetterView, headers(("ETag" = String))), Refusals))]
pub(super) async fn generate(
    State(letters): State<Letters>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<LetterId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<(StatusCode, Versioned<LetterView>), Problem> {
    caller.require(PRINT)?;
    let scope = format!("generate-surat#{}", caller.id);
    let once = Idempotency::new(caller.tenant.clone(), &scope, &key, id.to_string().as_bytes());
    let work = Box::pin(letters.request_generation(&caller, &origin, id));
    once.once(&letters.environment, &letters.table, work).await?;
    let stored = letters.find_letter(&caller, id).await?;
    Ok((StatusCode::ACCEPTED, letters.view(&stored)?))
}

impl Letters {
    async fn request_generation(&self, caller: &Caller, origin: &Origin, id: LetterId) -> Result<(), Problem> {
        let Stored { value: letter, version } = self.find_letter(caller, id).await?;
        match letter.status {
            Status::Selesai => return Ok(()),
            Status::Disetujui => {}
            Status::Draft => return Err(unknown()),
            Status::MenungguVerifikasiRt
            | Status::MenungguVerifikasiRw
            | Status::MenungguAdmin
            | Status::Ditolak
            | Status::RevisiRt
            | Status::RevisiRw => return Err(not_now(LetterError::NotApproved(letter.status))),
        }
        let data = GenerationRequested {
            letter_id: id,
            requested_by: caller.id.clone(),
        };
        let event_type = "letter.generation_requested";
        let event = events::of(&letter, &self.environment, letter.traceparent, event_type, data);
        let entry = AuditEntry::success(Actor::from(caller), event_type, "letter", id.to_string()).from(origin);
        let written = async {
            let transaction = self.table.transaction().advance(version, &letter, &event)?;
            transaction
                .audited(&self.environment, &letter.tenant, entry)?
                .commit()
                .await
        };
        written.await.map_err(|error| busy(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of an answer of a function in AWS, which is JSON.
    const ANSWER: u64 = 6 * 1024 * 1024;

    #[test]
    fn the_largest_letter_fits_into_an_answer_in_base64() {
        const { assert!(FILE_LIMIT.div_ceil(3) * 4 + 64 * 1024 <= ANSWER) }
    }
}
