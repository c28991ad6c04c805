//! What waits for the caller, by role and place, in their own office and in those that they stand in for.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use kernel::TenantId;
use platform::{Caller, Index, Paging, PagingError, Params, Problem, Query, Stored};

use super::actor;
use super::refusals::{Refusals, busy};
use super::views::{PendingPage, PendingQuery, PendingView};
use crate::actor::{Actor, Scope};
use crate::approval::{Approval, Moment, pending_partition};
use crate::delegation::Delegation;
use crate::desk::Desk;
use crate::item::ItemKind;

/// How many items a page has if nobody says, and at most.
const PAGE: u16 = 20;
const PAGE_LIMIT: u16 = 100;
/// A filter that fits nothing looks through no more than this before it hands the search back.
const LOOK_THROUGH: usize = 500;
/// Nor does it ask storage more often: whoever has many offices has many places to look at.
const QUERIES: usize = 25;

/// What waits for the caller, of each role and place the oldest first.
#[utoipa::path(
    get, path = "/approvals/pending", tag = "approvals", params(PendingQuery),
    responses((status = 200, description = "Some of the items.", body = PendingPage), Refusals)
)]
pub(super) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Params(query): Params<PendingQuery>,
) -> Result<Json<PendingPage>, Problem> {
    page(&desk, &caller, query).await.map(Json)
}

/// One page of what waits for the caller.
pub(super) async fn page(desk: &Desk, caller: &Caller, query: PendingQuery) -> Result<PendingPage, Problem> {
    let (actor, now) = (actor(caller), desk.moment());
    let delegations = desk.delegations(&caller.tenant, &caller.id, now).await;
    let search = Search {
        desk,
        partitions: partitions(&caller.tenant, &actor, delegations.as_deref().unwrap_or_default()),
        delegations: delegations.map_err(|error| busy(&error))?,
        actor,
        now,
        kind: query.kind,
        item_type: query.item_type.map(|name| name.to_lowercase()),
    };
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        return Err(PagingError::Limit.into());
    }
    search.page(usize::from(limit), query.cursor.as_deref()).await
}

/// Where things wait for somebody: each role at each place that the office reaches.
fn partitions(tenant: &TenantId, actor: &Actor, delegations: &[Delegation]) -> Vec<String> {
    let own = actor.roles.iter().map(|role| (role, &actor.reach));
    let others = delegations
        .iter()
        .map(|delegation| (&delegation.role, &delegation.reach));
    let mut partitions = BTreeSet::new();
    for (role, reach) in own.chain(others) {
        for scope in [Scope::Any, Scope::Rt, Scope::Rw, Scope::OrgUnit] {
            partitions.extend(scope.place(reach).map(|place| pending_partition(tenant, role, &place)));
        }
    }
    partitions.into_iter().collect()
}

struct Search<'a> {
    desk: &'a Desk,
    partitions: Vec<String>,
    actor: Actor,
    delegations: Vec<Delegation>,
    now: Moment,
    kind: Option<ItemKind>,
    item_type: Option<String>,
}

impl Search<'_> {
    /// Looks through one partition after the other. A cursor is the partition's number and the cursor within it.
    async fn page(&self, limit: usize, cursor: Option<&str>) -> Result<PendingPage, Problem> {
        let (mut index, mut within) = match cursor {
            None => (0, None),
            Some(cursor) => start(cursor).ok_or(PagingError::Cursor)?,
        };
        let (mut items, mut seen, mut queries) = (Vec::new(), 0, 0);
        while let Some(partition) = self.partitions.get(index) {
            if items.len() >= limit || seen >= LOOK_THROUGH || queries >= QUERIES {
                let next = Some(format!("{index}.{}", within.unwrap_or_default()));
                return Ok(PendingPage { items, next });
            }
            let query = Query {
                index: Index::Gsi1,
                pk: partition,
                prefix: "",
                ascending: true,
            };
            let left = u16::try_from(limit - items.len()).unwrap_or(PAGE_LIMIT);
            let paging = Paging::asked(Some(left), within.take());
            paging.check(&query)?;
            let page = self.desk.table.page::<Approval>(&query, &paging).await;
            let page = page.map_err(|error| busy(&error))?;
            queries += 1;
            seen += page.items.len();
            items.extend(page.items.into_iter().filter_map(|stored| self.view(stored)));
            within = page.next;
            if within.is_none() {
                index += 1;
            }
        }
        Ok(PendingPage { items, next: None })
    }

    /// The item, if the caller asked for it and may decide on it.
    fn view(&self, stored: Stored<Approval>) -> Option<PendingView> {
        let approval = &stored.value;
        let item = &approval.item;
        let is_of_kind = self.kind.is_none_or(|kind| item.kind == kind);
        let of_type = item.item_type.as_deref().map(str::to_lowercase);
        if !is_of_kind || self.item_type.is_some() && of_type != self.item_type {
            return None;
        }
        let acting_for = approval.may_decide(&self.actor, &self.delegations, self.now).ok()?;
        let capacity = acting_for.map(|acting| acting.title);
        PendingView::of(stored, capacity, self.now.at)
    }
}

fn start(cursor: &str) -> Option<(usize, Option<String>)> {
    let (index, within) = cursor.split_once('.')?;
    let within = (!within.is_empty()).then(|| within.to_owned());
    Some((index.parse().ok()?, within))
}
