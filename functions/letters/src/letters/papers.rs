//! `/letterhead`: what stands on the office's paper, and who may sign.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::IF_MATCH;
use platform::{Actor, AuditEntry, Caller, IfMatch, JsonBody, Origin, Problem, TableError};

use super::refusals::{Refusals, busy, unusable_letterhead};
use super::{Letters, Versioned, audited};
use crate::letterhead::{Letterhead, LetterheadText, LetterheadVersion};
use crate::messages;

const MANAGE: &str = "letter_type:manage";

/// The office's paper.
#[utoipa::path(get, path = "/letterhead",
    responses((status = 200, body = LetterheadText, headers(("ETag" = String))), Refusals))]
pub(super) async fn show(State(letters): State<Letters>, caller: Caller) -> Result<Versioned<LetterheadText>, Problem> {
    caller.require(MANAGE)?;
    let found = letters
        .table
        .find::<Letterhead>(&Letterhead::key_of(&caller.tenant))
        .await;
    let found = found.map_err(|error| busy(&error))?;
    let stored =
        found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "letters.no_letterhead", messages::NO_LETTERHEAD))?;
    Ok(Versioned {
        version: stored.version,
        body: stored.value.text,
    })
}

/// Writes the office's paper anew. `If-Match` names the version that it replaces; the first one replaces none.
#[utoipa::path(put, path = "/letterhead", request_body = LetterheadText,
    params(("If-Match" = Option<String>, Header)),
    responses((status = 200, body = LetterheadText, headers(("ETag" = String))), Refusals))]
pub(super) async fn write(
    State(letters): State<Letters>,
    caller: Caller,
    origin: Origin,
    headers: HeaderMap,
    based_on: Result<IfMatch, Problem>,
    JsonBody(text): JsonBody<LetterheadText>,
) -> Result<Versioned<LetterheadText>, Problem> {
    caller.require(MANAGE)?;
    let key = Letterhead::key_of(&caller.tenant);
    let found = letters.table.find::<Letterhead>(&key).await;
    let found = found.map_err(|error| busy(&error))?;
    let version = found.as_ref().map_or(0, |stored| stored.version);
    if version > 0 || headers.contains_key(IF_MATCH) {
        based_on?.check(version)?;
    }
    let letterhead = Letterhead::new(caller.tenant.clone(), text).map_err(unusable_letterhead)?;
    let before = found.map(|stored| stored.value.text);
    let entry = AuditEntry::success(Actor::from(&caller), "letterhead.changed", "letterhead", "letterhead")
        .from(&origin)
        .changing(
            before.as_ref().map(|text| audited::letterhead(text, None)),
            Some(audited::letterhead(&letterhead.text, before.as_ref())),
        );
    let kept = LetterheadVersion {
        number: version + 1,
        letterhead: letterhead.clone(),
    };
    let written = async {
        let transaction = letters.table.transaction().update(&letterhead, version)?;
        let transaction = transaction.insert(&kept)?;
        transaction
            .audited(&letters.environment, &caller.tenant, entry)?
            .commit()
            .await
    };
    match written.await {
        Ok(()) => Ok(Versioned {
            version: version + 1,
            body: letterhead.text,
        }),
        Err(TableError::Conflict) => Err(IfMatch::stale()),
        Err(error) => Err(busy(&error)),
    }
}
