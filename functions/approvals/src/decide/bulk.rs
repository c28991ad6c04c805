//! Many decisions in one request, each with a result of its own.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::StreamExt;
use platform::{Caller, Idempotency, IdempotencyKey, Origin, Problem, RawBody, TableError, parse_json};

use super::actor;
use super::refusals::{Refusals, busy, unknown};
use super::single::decide_as;
use super::views::{BulkBody, BulkItem, BulkResult, BulkView};
use crate::actor::DECIDE;
use crate::approval::Decision;
use crate::desk::{DecideCommand, Desk};
use crate::item::ItemId;
use crate::messages;

/// The most decisions of one request.
const MOST: usize = 100;
/// How many are taken at the same time: they mostly wait for storage.
const AT_ONCE: usize = 8;

/// Takes up to 100 decisions in the caller's name, on different items. One that cannot be taken does not keep the others.
#[utoipa::path(
    post, path = "/approvals/decisions", tag = "approvals",
    params(("Idempotency-Key" = String, Header, description = "The same key again changes nothing.")),
    request_body = BulkBody,
    responses((status = 200, description = "A result for each decision, in their order.", body = BulkView), Refusals)
)]
pub(super) async fn decide(
    State(desk): State<Desk>,
    caller: Caller,
    origin: Origin,
    IdempotencyKey(key): IdempotencyKey,
    RawBody(body): RawBody,
) -> Result<Json<BulkView>, Problem> {
    caller.require(DECIDE)?;
    let BulkBody { items } = parse_json(&body)?;
    let different: BTreeSet<_> = items.iter().map(|item| known(&item.id)).collect();
    if !(1..=MOST).contains(&items.len()) || different.len() < items.len() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "approvals.bulk_size",
            messages::BULK_SIZE,
        ));
    }
    let record = Idempotency::new(
        caller.tenant.clone(),
        &format!("decide-many#{}", caller.id),
        &key,
        &body,
    );
    let mut unfinished = None;
    let work = async {
        let decisions = items.into_iter().map(|item| one(&desk, &caller, &origin, &key, item));
        let items = futures::stream::iter(decisions).buffered(AT_ONCE).collect().await;
        let view = BulkView { items };
        if view.items.iter().any(BulkResult::is_passing) {
            // Such an answer is not kept: the same again takes what is left. What was taken has been taken once.
            unfinished = Some(view);
            return Err(busy(&TableError::Conflict));
        }
        Ok(view)
    };
    let finished = Box::pin(record.once(&desk.environment, &desk.table, work)).await;
    match unfinished {
        Some(view) => Ok(Json(view)),
        None => finished.map(Json),
    }
}

/// An id as it names an item: a document's in either case. What is no id is itself.
fn known(id: &str) -> String {
    id.parse::<ItemId>()
        .map_or_else(|_malformed| id.to_owned(), |id| id.to_string())
}

async fn one(desk: &Desk, caller: &Caller, origin: &Origin, key: &str, item: BulkItem) -> BulkResult {
    let refuse = |problem: Problem| {
        let (code, title) = (problem.code().to_owned(), problem.title().to_owned());
        BulkResult {
            id: item.id.clone(),
            status: problem.into_response().status().as_u16(),
            label: None,
            code: Some(code),
            title: Some(title),
        }
    };
    let Ok(item_id) = item.id.parse() else {
        return refuse(unknown());
    };
    let command = DecideCommand {
        tenant: caller.tenant.clone(),
        item_id,
        decision: Decision {
            id: format!("{}:{key}", caller.id),
            actor: actor(caller),
            verdict: item.verdict,
            note: item.note.clone(),
        },
        seen: item.version,
    };
    match decide_as(desk, caller, origin, command).await {
        Ok(decided) => BulkResult {
            id: decided.value.item.id.to_string(),
            status: StatusCode::OK.as_u16(),
            label: Some(decided.value.label()),
            code: None,
            title: None,
        },
        Err(problem) => refuse(problem),
    }
}
