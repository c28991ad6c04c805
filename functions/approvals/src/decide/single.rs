//! One approval: looking at it, deciding, taking it back.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::{Extension, Json};
use kernel::Envelope;
use platform::{
    Caller, FieldError, Fields, Idempotency, IdempotencyKey, Origin, PathId, Problem, RawBody, Stored, parse_json,
};
use serde_json::{Map, Value};

use super::actor;
use super::refusals::{Refusals, busy, failed, refused, unknown};
use super::views::{ApprovalView, DecisionBody, HistoryEntry, HistoryView, Versioned};
use crate::actor::DECIDE;
use crate::approval::{Approval, Decision, Reading, Verdict};
use crate::desk::{DecideCommand, Desk, WithdrawCommand};
use crate::item::ItemId;

/// How much of an approval's history is shown.
const HISTORY: i32 = 200;

/// Whose turn it is, and what was decided. Whoever may decide on a letter now, in whosever office, sees what its resident
/// filled in.
#[utoipa::path(
    get, path = "/approvals/{id}", tag = "approvals",
    params(("id" = String, Path, description = "The id of the item.")),
    responses((status = 200, description = "The approval, with its version as `ETag`.", body = ApprovalView), Refusals)
)]
pub(super) async fn show(
    State(desk): State<Desk>,
    Extension(fields): Extension<Fields>,
    caller: Caller,
    id: Result<PathId<ItemId>, Problem>,
) -> Result<Versioned<ApprovalView>, Problem> {
    let stored = visible(&desk, &caller, &known(id)?).await?;
    let answers = answers(&desk, &fields, &caller, &stored.value).await?;
    let mut shown = Versioned::<ApprovalView>::from(stored);
    shown.body.answers = answers;
    Ok(shown)
}

/// Everything that happened to it: who decided, in what capacity, and why.
#[utoipa::path(
    get, path = "/approvals/{id}/history", tag = "approvals",
    params(("id" = String, Path, description = "The id of the item.")),
    responses((status = 200, description = "What happened, oldest first.", body = HistoryView), Refusals)
)]
pub(super) async fn history(
    State(desk): State<Desk>,
    caller: Caller,
    id: Result<PathId<ItemId>, Problem>,
) -> Result<Json<HistoryView>, Problem> {
    let approval = visible(&desk, &caller, &known(id)?).await?.value;
    let key = Approval::key_of(&approval.tenant, &approval.item.id);
    let events = desk.table.events(&key, HISTORY).await.map_err(|error| busy(&error))?;
    let items = events.iter().map(entry).collect();
    Ok(Json(HistoryView { items }))
}

/// Takes a decision in the caller's name. `If-Match` with the `ETag` that was seen is heeded where it is given.
#[utoipa::path(
    post, path = "/approvals/{id}/decisions", tag = "approvals",
    params(
        ("id" = String, Path, description = "The id of the item."),
        ("Idempotency-Key" = String, Header, description = "The same key again changes nothing."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was seen."),
    ),
    request_body = DecisionBody,
    responses((status = 200, description = "The approval after the decision.", body = ApprovalView), Refusals)
)]
pub(super) async fn decide(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
    key: IdempotencyKey,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Versioned<ApprovalView>, Problem> {
    let id = known(id)?;
    let DecisionBody { verdict, note } = parse_json(&body)?;
    let seen = seen(&headers);
    take(&desk, &caller, &origin, (id, verdict, note, seen), (&key, &body)).await
}

/// Takes it back. Only who submitted it can.
#[utoipa::path(
    post, path = "/approvals/{id}/withdraw", tag = "approvals",
    params(("id" = String, Path, description = "The id of the item.")),
    responses((status = 200, description = "The approval, withdrawn.", body = ApprovalView), Refusals)
)]
pub(super) async fn withdraw(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
    headers: HeaderMap,
) -> Result<Versioned<ApprovalView>, Problem> {
    // Taking back twice changes nothing, so that no key is needed.
    let stored = visible(&desk, &caller, &known(id)?).await?;
    let command = WithdrawCommand {
        tenant: caller.tenant.clone(),
        item_id: stored.value.item.id,
        withdrawn_by: actor(&caller),
        seen: seen(&headers),
    };
    let withdrawn = desk.withdraw(command, Some(&origin)).await;
    withdrawn.map(Versioned::from).map_err(|error| refused(&error))
}

/// Takes one decision once, however often it is asked for under one key.
pub(super) async fn take(
    desk: &Desk,
    caller: &Caller,
    origin: &Origin,
    (item_id, verdict, note, seen): (ItemId, Verdict, Option<String>, Option<u64>),
    (IdempotencyKey(key), body): (&IdempotencyKey, &[u8]),
) -> Result<Versioned<ApprovalView>, Problem> {
    caller.require(DECIDE)?;
    let scope = format!("decide#{}#{item_id}", caller.id);
    let record = Idempotency::new(caller.tenant.clone(), &scope, key, body);
    let command = DecideCommand {
        tenant: caller.tenant.clone(),
        item_id,
        decision: Decision {
            id: format!("{}:{key}", caller.id),
            actor: actor(caller),
            verdict,
            note,
        },
        seen,
    };
    let work = async {
        let decided = decide_as(desk, caller, origin, command).await;
        decided.map(Versioned::from)
    };
    // On the heap: the futures of storage are large.
    Box::pin(record.once(&desk.environment, &desk.table, work)).await
}

/// Takes a decision of the caller's. Of an approval that is none of theirs they do not learn that there is one.
pub(super) async fn decide_as(
    desk: &Desk,
    caller: &Caller,
    origin: &Origin,
    command: DecideCommand,
) -> Result<Stored<Approval>, Problem> {
    let id = command.item_id.clone();
    match desk.decide(command, Some(origin)).await {
        Ok(decided) => Ok(decided),
        Err(error) => {
            visible(desk, caller, &id).await?;
            Err(refused(&error))
        }
    }
}

/// An id that is none, even one that is no text, is an unknown one.
pub(super) fn known(id: Result<PathId<ItemId>, Problem>) -> Result<ItemId, Problem> {
    id.map(|PathId(id)| id).map_err(|_malformed| unknown())
}

/// The version that the caller has seen, if it says so.
pub(super) fn seen(headers: &HeaderMap) -> Option<u64> {
    let given = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default();
    // Nothing is at version 0: what cannot be read matches nothing.
    Some(given.trim().trim_matches('"').parse().unwrap_or(0))
}

/// An approval of the caller's tenant that the caller may know of: the one rule for looking and for deciding.
async fn visible(desk: &Desk, caller: &Caller, id: &ItemId) -> Result<Stored<Approval>, Problem> {
    let stored = desk.load(&caller.tenant, id).await.map_err(|error| busy(&error))?;
    if stored.value.is_visible_to(&actor(caller), reading(caller)) {
        return Ok(stored);
    }
    let now = desk.moment();
    let delegations = desk.delegations(&caller.tenant, &caller.id, now).await;
    let delegations = delegations.map_err(|error| busy(&error))?;
    if delegations.iter().any(|held| stored.value.is_visible_by(held)) {
        return Ok(stored);
    }
    Err(unknown())
}

/// What the resident filled in, for whoever may decide on it now. Letters do not know who stands in for whom, nor the roles
/// of routes; who decides has to read what they decide on.
async fn answers(
    desk: &Desk,
    fields: &Fields,
    caller: &Caller,
    approval: &Approval,
) -> Result<Option<Map<String, Value>>, Problem> {
    let sealed = approval.item.sealed_answers.as_ref();
    let Some(sealed) = sealed.filter(|_| caller.may(DECIDE)) else {
        return Ok(None);
    };
    let (actor, now) = (actor(caller), desk.moment());
    let delegations = desk.delegations_for(approval, &actor, now).await;
    let delegations = delegations.map_err(|error| busy(&error))?;
    if approval.may_decide(&actor, &delegations, now).is_err() {
        return Ok(None);
    }
    let place = approval.item.answers_place(&approval.tenant);
    let json = fields.open(&place, sealed).map_err(|error| failed(&error))?;
    let read = serde_json::from_str(&json);
    read.map(Some).map_err(|_damaged| failed(&FieldError::Damaged))
}

/// How far the caller may read. Who may read what everybody did may read all that it was done to.
fn reading(caller: &Caller) -> Reading {
    match (caller.may("approval:read"), caller.may("audit:read")) {
        (false, _) => Reading::Nothing,
        (true, false) => Reading::WithinReach,
        (true, true) => Reading::Everything,
    }
}

fn entry(event: &Envelope<Value>) -> HistoryEntry {
    let text = |pointer: &str| event.data.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    HistoryEntry {
        at: event.time,
        event: event.event_type.to_string(),
        label: text("/label"),
        step: text("/decided_by/step"),
        by: text("/decided_by/name"),
        capacity: text("/decided_by/capacity"),
        note: text("/note"),
    }
}
