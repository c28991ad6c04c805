//! The endpoints by which RT, RW and admin know their work. What they do is what the others do, and of letters
//! only.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use platform::{Caller, IdempotencyKey, Index, Origin, Paging, Params, PathId, Problem, Query, RawBody, parse_json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::pending;
use super::refusals::{Refusals, busy, unknown};
use super::single::{known, seen, take};
use super::views::{ApprovalView, LedgerPage, PageQuery, PendingPage, PendingQuery, Versioned};
use crate::actor::DECIDE;
use crate::approval::Verdict;
use crate::desk::Desk;
use crate::item::{ItemId, ItemKind};
use crate::ledger::Entry;

/// What somebody notes when they approve.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApproveBody {
    /// At most 2,000 characters.
    #[serde(default)]
    catatan: Option<String>,
}

/// Why somebody rejects.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RejectBody {
    /// At most 2,000 characters.
    catatan: String,
    /// Refuse for good (`ditolak`) instead of sending it back. Only the admin may.
    #[serde(default)]
    tolak_final: bool,
}

/// The letters that wait for the caller.
#[utoipa::path(
    get, path = "/verifikator/surat-masuk", tag = "surat", params(PendingQuery),
    responses((status = 200, description = "Some of the letters.", body = PendingPage), Refusals)
)]
pub(super) async fn verifier_inbox(
    State(desk): State<Desk>,
    caller: Caller,
    Params(query): Params<PendingQuery>,
) -> Result<Json<PendingPage>, Problem> {
    inbox(&desk, &caller, query).await
}

/// Lets a letter pass to the next level.
#[utoipa::path(
    post, path = "/verifikator/approve/{id}", tag = "surat",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = ApproveBody,
    responses((status = 200, description = "The letter's approval.", body = ApprovalView), Refusals)
)]
pub(super) async fn verifier_approve(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
    key: IdempotencyKey,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Versioned<ApprovalView>, Problem> {
    approve(&desk, &caller, &origin, (known(id)?, seen(&headers)), (&key, &body)).await
}

/// Sends a letter back to the level before, or to the resident.
#[utoipa::path(
    post, path = "/verifikator/reject/{id}", tag = "surat",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = RejectBody,
    responses((status = 200, description = "The letter's approval.", body = ApprovalView), Refusals)
)]
pub(super) async fn verifier_reject(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
    key: IdempotencyKey,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Versioned<ApprovalView>, Problem> {
    reject(&desk, &caller, &origin, (known(id)?, seen(&headers)), (&key, &body)).await
}

/// What the caller has decided on letters, newest first. A page may have fewer than asked for, and still a next one.
#[utoipa::path(
    get, path = "/verifikator/riwayat", tag = "surat", params(PageQuery),
    responses((status = 200, description = "Some of the decisions.", body = LedgerPage), Refusals)
)]
pub(super) async fn verifier_history(
    State(desk): State<Desk>,
    caller: Caller,
    Params(PageQuery { limit, cursor }): Params<PageQuery>,
) -> Result<Json<LedgerPage>, Problem> {
    let partition = Entry::partition(&caller.tenant, &caller.id);
    let query = Query {
        index: Index::Main,
        pk: &partition,
        prefix: "at#",
        ascending: false,
    };
    let paging = Paging::asked(limit, cursor);
    paging.check(&query)?;
    let page = desk
        .table
        .page::<Entry>(&query, &paging)
        .await
        .map_err(|error| busy(&error))?;
    let entries = page.items.into_iter().map(|stored| stored.value);
    let items = entries.filter(|entry| entry.kind == ItemKind::Letter).map(Into::into);
    Ok(Json(LedgerPage {
        items: items.collect(),
        next: page.next,
    }))
}

/// The letters that wait for the admin.
#[utoipa::path(
    get, path = "/admin/surat-masuk", tag = "surat", params(PendingQuery),
    responses((status = 200, description = "Some of the letters.", body = PendingPage), Refusals)
)]
pub(super) async fn admin_inbox(
    State(desk): State<Desk>,
    caller: Caller,
    Params(query): Params<PendingQuery>,
) -> Result<Json<PendingPage>, Problem> {
    inbox(&desk, &caller, query).await
}

/// Approves a letter for good.
#[utoipa::path(
    post, path = "/admin/approve/{id}", tag = "surat",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = ApproveBody,
    responses((status = 200, description = "The letter's approval.", body = ApprovalView), Refusals)
)]
pub(super) async fn admin_approve(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
    key: IdempotencyKey,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Versioned<ApprovalView>, Problem> {
    approve(&desk, &caller, &origin, (known(id)?, seen(&headers)), (&key, &body)).await
}

/// Sends a letter back to the level before, or refuses it for good.
#[utoipa::path(
    post, path = "/admin/reject/{id}", tag = "surat",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = RejectBody,
    responses((status = 200, description = "The letter's approval.", body = ApprovalView), Refusals)
)]
pub(super) async fn admin_reject(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    id: Result<PathId<ItemId>, Problem>,
    key: IdempotencyKey,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Versioned<ApprovalView>, Problem> {
    reject(&desk, &caller, &origin, (known(id)?, seen(&headers)), (&key, &body)).await
}

async fn inbox(desk: &Desk, caller: &Caller, query: PendingQuery) -> Result<Json<PendingPage>, Problem> {
    let kind = Some(ItemKind::Letter);
    pending::page(desk, caller, PendingQuery { kind, ..query })
        .await
        .map(Json)
}

async fn approve(
    desk: &Desk,
    caller: &Caller,
    origin: &Origin,
    (id, seen): (ItemId, Option<u64>),
    (key, body): (&IdempotencyKey, &[u8]),
) -> Result<Versioned<ApprovalView>, Problem> {
    let ApproveBody { catatan } = if body.is_empty() {
        ApproveBody::default()
    } else {
        parse_json(body)?
    };
    refuse_others(desk, caller, &id).await?;
    take(desk, caller, origin, (id, Verdict::Approve, catatan, seen), (key, body)).await
}

async fn reject(
    desk: &Desk,
    caller: &Caller,
    origin: &Origin,
    (id, seen): (ItemId, Option<u64>),
    (key, body): (&IdempotencyKey, &[u8]),
) -> Result<Versioned<ApprovalView>, Problem> {
    let RejectBody { catatan, tolak_final } = parse_json(body)?;
    let verdict = if tolak_final { Verdict::Reject } else { Verdict::Return };
    refuse_others(desk, caller, &id).await?;
    take(desk, caller, origin, (id, verdict, Some(catatan), seen), (key, body)).await
}

/// Of anything but letters there is nothing here.
async fn refuse_others(desk: &Desk, caller: &Caller, id: &ItemId) -> Result<(), Problem> {
    caller.require(DECIDE)?;
    let stored = desk.load(&caller.tenant, id).await.map_err(|error| busy(&error))?;
    match stored.value.item.kind {
        ItemKind::Letter => Ok(()),
        ItemKind::Document => Err(unknown()),
    }
}
