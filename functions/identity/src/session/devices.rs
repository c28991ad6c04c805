//! Who is signed in, and where.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use platform::{Caller, CallerKind, Index, Origin, Paging, Params, PathId, Problem, Query, Stored, TableError};
use serde::Serialize;
use utoipa::ToSchema;

use super::Session;
use super::login::of_session;
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::family::Family;
use crate::ticket::TicketId;

/// Who asks, as the token says.
#[derive(Serialize, ToSchema)]
pub(super) struct WhoAmI {
    id: String,
    name: String,
    tenant: String,
    /// `person` or `integrator`.
    kind: &'static str,
    roles: Vec<String>,
    permissions: Vec<String>,
    rw: Option<String>,
    rt: Option<String>,
    org_unit: Option<String>,
}

/// One signed-in device.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceView {
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    user_agent: String,
    ip: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DevicePage {
    items: Vec<DeviceView>,
    next: Option<String>,
}

/// Who asks.
#[utoipa::path(
    get,
    path = "/auth/session",
    security(("bearer" = [])),
    responses((status = 200, body = WhoAmI), Problems),
)]
pub(super) async fn who_am_i(caller: Caller) -> Json<WhoAmI> {
    Json(WhoAmI {
        id: caller.id,
        name: caller.name,
        tenant: caller.tenant.to_string(),
        kind: match caller.kind {
            CallerKind::Person => "person",
            CallerKind::Integrator => "integrator",
        },
        roles: caller.roles,
        permissions: caller.permissions.into_iter().collect(),
        rw: caller.territory.rw,
        rt: caller.territory.rt,
        org_unit: caller.org_unit,
    })
}

/// The devices that are signed in as the caller.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    security(("bearer" = [])),
    params(("limit" = Option<u16>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = DevicePage), Problems),
)]
pub(super) async fn list(
    State(session): State<Session>,
    caller: Caller,
    Params(paging): Params<Paging>,
) -> Result<Json<DevicePage>, Problem> {
    let (user, current) = session.accounts.signed_in(&caller).await?;
    let pk = Family::index_of(&caller.tenant, &user.value.id);
    let query = Query {
        index: Index::Gsi1,
        pk: &pk,
        prefix: "",
        ascending: true,
    };
    paging.check(&query)?;
    let accounts = &session.accounts;
    let page = accounts
        .table
        .page::<Family>(&query, &paging)
        .await
        .map_err(IdentityError::from)?;
    let now = accounts.environment.now();
    let families = page.items.into_iter().map(|stored| stored.value);
    let items = families.filter(|family| family.is_active(now) && family.generation == user.value.generation);
    let items = items.map(|family| DeviceView {
        current: family.id == current.value.id,
        id: family.id.as_str().to_owned(),
        user_agent: family.user_agent,
        ip: family.ip,
        since: family.since,
        last_seen: family.last_seen,
    });
    Ok(Json(DevicePage {
        items: items.collect(),
        next: page.next,
    }))
}

/// Signs one of the caller's devices out.
#[utoipa::path(
    delete,
    path = "/auth/sessions/{id}",
    security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 204, description = "Signed out."), Problems),
)]
pub(super) async fn end(
    State(session): State<Session>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<TicketId>,
) -> Result<StatusCode, Problem> {
    session.end_device(&caller, &id, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Session {
    async fn end_device(&self, caller: &Caller, id: &TicketId, origin: &Origin) -> Result<(), IdentityError> {
        let (user, _) = self.accounts.signed_in(caller).await?;
        let key = Family::key_of(&caller.tenant, id);
        loop {
            let found = self.accounts.table.find::<Family>(&key).await?;
            let Stored { value, version } = found
                .filter(|stored| stored.value.user == user.value.id)
                .ok_or(IdentityError::Unknown)?;
            let entry = of_session(&value, "auth.session_ended").from(origin);
            match self.keep_family(&value.revoke(), version, entry).await {
                Err(TableError::Conflict) => {}
                answer => return Ok(answer?),
            }
        }
    }
}
