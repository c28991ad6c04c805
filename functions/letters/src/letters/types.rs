//! `/letter-types`: the kinds of letters that an office gives.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use platform::{
    Actor, AuditEntry, Caller, Idempotency, IdempotencyKey, IfMatch, Index, JsonBody, Origin, Paging, Params, PathId,
    Problem, Query, Stored, TableError, unknown,
};

use super::refusals::{Refusals, busy, unusable_type};
use super::strict::Strict;
use super::views::{NewType, TypeContent, TypeList, TypeView};
use super::{Letters, Versioned, audited};
use crate::ids::TypeCode;
use crate::letter_type::{Formats, LetterType, TypeVersion};
use crate::messages;

const READ: &str = "letter_type:read";
const MANAGE: &str = "letter_type:manage";
/// Others keep types of the same office at the same time. Each round, one of them succeeds.
const ATTEMPTS: u32 = 20;
/// After a lost race.
const PAUSE: Duration = Duration::from_millis(4);

/// The kinds of letters. Others than officials see those that can be asked for.
#[utoipa::path(get, path = "/letter-types", params(
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query),
), responses((status = 200, body = TypeList), Refusals))]
pub(super) async fn list(
    State(letters): State<Letters>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<axum::Json<TypeList>, Problem> {
    caller.require(READ)?;
    let query = Query {
        index: Index::Main,
        pk: &LetterType::partition(&caller.tenant),
        prefix: "type#",
        ascending: true,
    };
    paging.check(&query)?;
    let page = letters.table.page::<LetterType>(&query, &paging).await;
    let page = page.map_err(|error| busy(&error))?;
    Ok(axum::Json(TypeList::new(page, caller.may(MANAGE))))
}

/// One kind of letter.
#[utoipa::path(get, path = "/letter-types/{code}", params(("code" = String, Path)),
    responses((status = 200, body = TypeView, headers(("ETag" = String))), Refusals))]
pub(super) async fn show(
    State(letters): State<Letters>,
    caller: Caller,
    PathId(code): PathId<TypeCode>,
) -> Result<Versioned<TypeView>, Problem> {
    caller.require(READ)?;
    let Stored { value, version } = letters.find_type(&caller, &code).await?.ok_or_else(unknown)?;
    if !value.is_active && !caller.may(MANAGE) {
        return Err(unknown());
    }
    Ok(Versioned {
        version,
        body: value.into(),
    })
}

/// Begins a kind of letter.
#[utoipa::path(post, path = "/letter-types", request_body = NewType, params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = TypeView, headers(("ETag" = String))), Refusals))]
pub(super) async fn create(
    State(letters): State<Letters>,
    caller: Caller,
    origin: Origin,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(Strict(new)): JsonBody<Strict<NewType>>,
) -> Result<(StatusCode, Versioned<TypeView>), Problem> {
    caller.require(MANAGE)?;
    let payload = serde_json::to_vec(&new).unwrap_or_default();
    let scope = format!("letter-types#{}", caller.id);
    let once = Idempotency::new(caller.tenant.clone(), &scope, &key, &payload);
    let work = Box::pin(async {
        let code: TypeCode = new.code.parse().map_err(|_malformed| unusable_code())?;
        let of =
            LetterType::new(caller.tenant.clone(), code, new.content.into()).map_err(|error| unusable_type(&error))?;
        // Before its number format is compared, which could be refused for that of this very type.
        if letters.find_type(&caller, &of.code).await?.is_some() {
            return Err(type_exists());
        }
        letters.write_type(&of, None, &caller, &origin).await
    });
    let created = once.once(&letters.environment, &letters.table, work).await?;
    Ok((StatusCode::CREATED, created))
}

/// Changes a kind of letter. Letters that were submitted before keep the version that they were submitted with.
#[utoipa::path(put, path = "/letter-types/{code}", request_body = TypeContent,
    params(("code" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = TypeView, headers(("ETag" = String))), Refusals))]
pub(super) async fn change(
    State(letters): State<Letters>,
    caller: Caller,
    origin: Origin,
    PathId(code): PathId<TypeCode>,
    based_on: IfMatch,
    JsonBody(Strict(content)): JsonBody<Strict<TypeContent>>,
) -> Result<Versioned<TypeView>, Problem> {
    caller.require(MANAGE)?;
    let before = letters.find_type(&caller, &code).await?.ok_or_else(unknown)?;
    based_on.check(before.version)?;
    let changed = before.value.clone().change(content.into());
    let of = changed.map_err(|error| unusable_type(&error))?;
    Box::pin(letters.write_type(&of, Some(&before), &caller, &origin)).await
}

impl Letters {
    pub(super) async fn find_type(
        &self,
        caller: &Caller,
        code: &TypeCode,
    ) -> Result<Option<Stored<LetterType>>, Problem> {
        let key = LetterType::key_of(&caller.tenant, code);
        self.table.find::<LetterType>(&key).await.map_err(|error| busy(&error))
    }

    async fn formats(&self, caller: &Caller) -> Result<Stored<Formats>, Problem> {
        let found = self.table.find::<Formats>(&Formats::key_of(&caller.tenant)).await;
        let none = || Stored {
            value: Formats::none(caller.tenant.clone()),
            version: 0,
        };
        Ok(found.map_err(|error| busy(&error))?.unwrap_or_else(none))
    }

    /// Keeps a type in the place of the one before, and this version of it for good. A format that is new is compared with
    /// all others in the same transaction: so types that are kept at once cannot give one number either.
    async fn write_type(
        &self,
        of: &LetterType,
        before: Option<&Stored<LetterType>>,
        caller: &Caller,
        origin: &Origin,
    ) -> Result<Versioned<TypeView>, Problem> {
        let version = before.map_or(0, |before| before.version);
        let action = match before {
            None => "letter_type.created",
            Some(_) => "letter_type.changed",
        };
        let entry = AuditEntry::success(Actor::from(caller), action, "letter_type", of.code.to_string())
            .from(origin)
            .changing(
                before.map(|before| audited::letter_type(&before.value)),
                Some(audited::letter_type(of)),
            );
        for attempt in 0..ATTEMPTS {
            let formats = self.formats(caller).await?;
            let with = formats.value.with(of).map_err(|error| unusable_type(&error))?;
            let written = async {
                let transaction = self.table.transaction();
                let transaction = match before {
                    None => transaction.insert(of)?,
                    Some(_) => transaction.update(of, version)?,
                };
                let transaction = match &with {
                    None => transaction,
                    Some(with) => transaction.update(with, formats.version)?,
                };
                let transaction = transaction.insert(&TypeVersion(of.clone()))?;
                transaction
                    .audited(&self.environment, &of.tenant, entry.clone())?
                    .commit()
                    .await
            };
            match written.await {
                Ok(()) => {
                    return Ok(Versioned {
                        version: version + 1,
                        body: of.clone().into(),
                    });
                }
                Err(TableError::AlreadyExists) => return Err(type_exists()),
                // Somebody else kept another type of the office, or this very one: then every round ends here.
                Err(TableError::Conflict) if with.is_some() => {
                    tokio::time::sleep(PAUSE * (1 + attempt % 8)).await;
                }
                Err(TableError::Conflict) => break,
                Err(error) => return Err(busy(&error)),
            }
        }
        Err(match before {
            None => busy(&TableError::Conflict),
            Some(_) => IfMatch::stale(),
        })
    }
}

fn type_exists() -> Problem {
    Problem::new(StatusCode::CONFLICT, "letters.type_exists", messages::TYPE_EXISTS)
}

fn unusable_code() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "letters.unusable_type",
        messages::TYPE_UNUSABLE,
    )
    .with_detail(messages::part_to_correct("code"))
}
