//! `/letters`: residents write their letters, and see how far they are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use platform::{
    Caller, Idempotency, IdempotencyKey, IfMatch, Index, JsonBody, Paging, Params, PathId, Problem, Query, Stored,
    TableError, Territory, unknown,
};

use super::refusals::{Refusals, busy, no_such_type, not_now};
use super::views::{LetterList, LetterView, NewAnswers, NewLetter};
use super::{Letters, Versioned};
use crate::ids::{LetterId, TypeCode};
use crate::letter::{Letter, Level, Resident, Status};

const CREATE: &str = "letter:create";
const READ: &str = "letter:read";
const UPDATE: &str = "letter:update";
const VERIFY_RT: &str = "letter:verify_rt";
const VERIFY_RW: &str = "letter:verify_rw";
pub(super) const APPROVE: &str = "letter:approve";

/// The caller's letters, the newest first.
#[utoipa::path(get, path = "/letters", params(
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query),
), responses((status = 200, body = LetterList), Refusals))]
pub(super) async fn list(
    State(letters): State<Letters>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<LetterList>, Problem> {
    caller.require(READ)?;
    let query = Query {
        index: Index::Gsi1,
        pk: &Letter::partition_of(&caller.tenant, &caller.id),
        prefix: "",
        ascending: false,
    };
    paging.check(&query)?;
    let page = letters.table.page::<Letter>(&query, &paging).await;
    Ok(Json(page.map_err(|error| busy(&error))?.into()))
}

/// One letter: for its resident, and for those who verify or approve it as soon as it has come to them. The office sees from
/// the submission on how far a letter is; the answers of what is back at its resident are the resident's alone.
#[utoipa::path(get, path = "/letters/{id}", params(("id" = String, Path)),
    responses((status = 200, body = LetterView, headers(("ETag" = String))), Refusals))]
pub(super) async fn show(
    State(letters): State<Letters>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
) -> Result<Versioned<LetterView>, Problem> {
    caller.require(READ)?;
    let stored = letters.find_letter(&caller, id).await?;
    match sight(&caller, &stored.value) {
        Some(Sight::Whole) => letters.view(&stored),
        Some(Sight::Outline) => Ok(Versioned {
            version: stored.version,
            body: LetterView::new(&stored.value, None),
        }),
        None => Err(unknown()),
    }
}

/// Begins a letter. It is a draft until it is submitted.
#[utoipa::path(post, path = "/letters", request_body = NewLetter, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = LetterView, headers(("ETag" = String))), Refusals))]
pub(super) async fn draft(
    State(letters): State<Letters>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(new): JsonBody<NewLetter>,
) -> Result<(StatusCode, Versioned<LetterView>), Problem> {
    caller.require(CREATE)?;
    let payload = serde_json::to_vec(&new).unwrap_or_default();
    let scope = format!("letters#{}", caller.id);
    let once = Idempotency::new(caller.tenant.clone(), &scope, &key, &payload);
    let work = Box::pin(async {
        let code: TypeCode = new.letter_type.parse().map_err(|_malformed| no_such_type())?;
        let of = letters.type_to_ask_for(&caller, &code).await?;
        let id = LetterId::new(letters.environment.ids.document_id());
        let sealed = letters.seal(&caller.tenant, id, &of, &new.answers)?;
        let letter = Letter::draft(id, &of, Resident::from(&caller), sealed, letters.environment.now());
        let transaction = letters.table.transaction().insert(&letter);
        let written = async { transaction?.commit().await };
        written.await.map_err(|error| busy(&error))?;
        // The answer is kept for repetitions, so it does not repeat what the resident filled in.
        Ok(letter.id.to_string())
    });
    let id = once.once(&letters.environment, &letters.table, work).await?;
    let id: LetterId = id.parse().map_err(|_malformed| unknown())?;
    let stored = letters.find_letter(&caller, id).await?;
    Ok((StatusCode::CREATED, letters.view(&stored)?))
}

/// Replaces the answers of a draft, or of a letter that came back.
#[utoipa::path(put, path = "/letters/{id}", request_body = NewAnswers,
    params(("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = LetterView, headers(("ETag" = String))), Refusals))]
pub(super) async fn edit(
    State(letters): State<Letters>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    based_on: IfMatch,
    JsonBody(new): JsonBody<NewAnswers>,
) -> Result<Versioned<LetterView>, Problem> {
    caller.require(UPDATE)?;
    let Stored { value, version } = letters.find_own(&caller, id).await?;
    based_on.check(version)?;
    if !value.status.is_editable() {
        return Err(not_now(crate::letter::LetterError::NotEditable(value.status)));
    }
    let of = letters.type_of(&caller, &value).await?;
    let sealed = letters.seal(&caller.tenant, id, &of, &new.answers)?;
    let letter = value.edit(&of, sealed).map_err(not_now)?;
    let written = async { letters.table.transaction().update(&letter, version)?.commit().await };
    match written.await {
        Ok(()) => letters.view(&Stored {
            value: letter,
            version: version + 1,
        }),
        Err(TableError::Conflict) => Err(IfMatch::stale()),
        Err(error) => Err(busy(&error)),
    }
}

impl Letters {
    /// A letter of the caller's office; whose it is, is for the caller of this to ask.
    pub(super) async fn find_letter(&self, caller: &Caller, id: LetterId) -> Result<Stored<Letter>, Problem> {
        let found = self.table.find::<Letter>(&Letter::key_of(&caller.tenant, id)).await;
        found.map_err(|error| busy(&error))?.ok_or_else(unknown)
    }

    /// A letter of the caller's own; anybody else's is not there.
    pub(super) async fn find_own(&self, caller: &Caller, id: LetterId) -> Result<Stored<Letter>, Problem> {
        let stored = self.find_letter(caller, id).await?;
        if is_own(caller, &stored.value) {
            Ok(stored)
        } else {
            Err(unknown())
        }
    }

    pub(super) fn view(&self, stored: &Stored<Letter>) -> Result<Versioned<LetterView>, Problem> {
        let answers = self.open(&stored.value)?;
        Ok(Versioned {
            version: stored.version,
            body: LetterView::new(&stored.value, Some(answers)),
        })
    }
}

pub(super) fn is_own(caller: &Caller, letter: &Letter) -> bool {
    letter.resident.id == caller.id
}

/// How much of a letter somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// All of it.
    Whole,
    /// All but what the resident filled in.
    Outline,
}

fn sight(caller: &Caller, letter: &Letter) -> Option<Sight> {
    if is_own(caller, letter) {
        return Some(Sight::Whole);
    }
    if letter.status == Status::Draft {
        return None;
    }
    let levels = levels_of(caller, letter);
    if !levels.iter().any(|level| letter.has_come_to(*level)) {
        return levels.contains(&Level::Admin).then_some(Sight::Outline);
    }
    Some(if letter.status.is_editable() {
        Sight::Outline
    } else {
        Sight::Whole
    })
}

/// At which of the letter's levels the caller may decide: of its RT, of its RW, or of the office.
fn levels_of(caller: &Caller, letter: &Letter) -> Vec<Level> {
    let (territory, resident) = (&caller.territory, &letter.resident);
    let is_in_ward = Territory::is_same_number(territory.rw.as_deref(), resident.rw.as_deref());
    let is_in_neighbourhood = is_in_ward && Territory::is_same_number(territory.rt.as_deref(), resident.rt.as_deref());
    let levels = letter.kind.requires.levels().filter(|level| match level {
        Level::Rt => is_in_neighbourhood && caller.may(VERIFY_RT),
        Level::Rw => is_in_ward && caller.may(VERIFY_RW),
        Level::Admin => caller.may(APPROVE),
    });
    levels.collect()
}

impl From<&Caller> for Resident {
    fn from(caller: &Caller) -> Self {
        Self {
            id: caller.id.clone(),
            name: caller.name.clone(),
            rw: caller.territory.rw.clone(),
            rt: caller.territory.rt.clone(),
        }
    }
}
