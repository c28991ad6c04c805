//! Roles over HTTP.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use platform::{
    Caller, Grants, IdempotencyKey, IfMatch, Index, JsonBody, Origin, Paging, PathId, Problem, Query, Record, Stored,
    TableError, etag,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Users;
use super::by::{By, said};
use super::makers::grants_of;
use super::people::Versioned;
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::messages;
use crate::names::{NameError, RoleCode};
use crate::permission::Permission;
use crate::role::{Role, may_be_custom, within};
use crate::system_roles::{SYSTEM_ROLES, SystemRole};

/// More roles of its own no office needs.
const MAX_OWN: usize = 100;
/// What a role is for fits here.
const DESCRIPTION_LIMIT: usize = 500;

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// 2 to 40 of `a-z`, `0-9`, `_`.
    code: String,
    name: String,
    #[serde(default)]
    description: String,
    /// Each as `resource:action`.
    permissions: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleBody {
    name: String,
    #[serde(default)]
    description: String,
    /// Each as `resource:action`.
    permissions: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RoleView {
    code: String,
    name: String,
    description: String,
    permissions: Vec<String>,
    /// Whether it is the same everywhere and cannot be changed.
    system: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RoleList {
    items: Vec<RoleView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PermissionView {
    /// As `resource:action`.
    permission: String,
    /// What it allows, in Indonesian.
    description: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct PermissionList {
    items: Vec<PermissionView>,
}

/// Every permission that there is.
#[utoipa::path(get, path = "/permissions", responses((status = 200, body = PermissionList), Problems))]
pub(super) async fn permissions(caller: Caller) -> Result<Json<PermissionList>, Problem> {
    caller.require("role:read")?;
    let items = Permission::all().map(|permission| PermissionView {
        permission: permission.to_string(),
        description: messages::permission(permission.resource(), permission.action()),
    });
    Ok(Json(PermissionList { items: items.collect() }))
}

/// The system's roles, then the tenant's own.
#[utoipa::path(get, path = "/roles", responses((status = 200, body = RoleList), Problems))]
pub(super) async fn list(State(users): State<Users>, caller: Caller) -> Result<Json<RoleList>, Problem> {
    caller.require("role:read")?;
    let own = users.own_roles(&caller).await?;
    let items = SYSTEM_ROLES
        .iter()
        .map(RoleView::from)
        .chain(own.iter().map(RoleView::from));
    Ok(Json(RoleList { items: items.collect() }))
}

/// Makes a role. It may give only what the caller holds.
#[utoipa::path(
    post,
    path = "/roles",
    params(("Idempotency-Key" = String, Header, description = "The same key again makes nothing twice.")),
    request_body = NewRole,
    responses((status = 201, body = RoleView), Problems),
)]
pub(super) async fn create(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<NewRole>,
) -> Result<(StatusCode, Versioned<RoleView>), Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("role:create")?;
    let asked = said(&body);
    let work = async { Ok(users.make_role(&by, body).await?.code) };
    let code: RoleCode = users.once(&by, ("roles", &key), &asked, work).await?;
    let stored = users.own_role(&caller, &code).await?;
    Ok((
        StatusCode::CREATED,
        ([etag(stored.version)], Json(RoleView::from(&stored.value))),
    ))
}

/// One role.
#[utoipa::path(
    get,
    path = "/roles/{code}",
    params(("code" = String, Path)),
    responses((status = 200, body = RoleView), Problems),
)]
pub(super) async fn show(
    State(users): State<Users>,
    caller: Caller,
    PathId(code): PathId<RoleCode>,
) -> Result<Versioned<RoleView>, Problem> {
    caller.require("role:read")?;
    if let Some(role) = SystemRole::find(code.as_str()) {
        return Ok(([etag(1)], Json(RoleView::from(role))));
    }
    let stored = users.own_role(&caller, &code).await?;
    Ok(([etag(stored.version)], Json(RoleView::from(&stored.value))))
}

/// Replaces a role. What it gives now and gave before must be the caller's own.
#[utoipa::path(
    put,
    path = "/roles/{code}",
    params(("code" = String, Path), ("if-match" = String, Header)),
    request_body = RoleBody,
    responses((status = 200, body = RoleView), Problems),
)]
pub(super) async fn replace(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(code): PathId<RoleCode>,
    version: IfMatch,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Versioned<RoleView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("role:update")?;
    let changed = Role {
        tenant: caller.tenant.clone(),
        code: code.clone(),
        name: body.name.parse().map_err(IdentityError::from)?,
        description: description(body.description)?,
        permissions: permissions_of(&body.permissions)?,
        deleted: false,
    };
    let stored = users
        .change_role(&by, &code, version, "role.updated", |_| changed)
        .await?;
    Ok(([etag(stored.version)], Json(RoleView::from(&stored.value))))
}

/// Removes a role. Whoever had it loses what it gave, with their next access token, and the keys that they made lose it at
/// once; its code is not used again.
#[utoipa::path(
    delete,
    path = "/roles/{code}",
    params(("code" = String, Path), ("if-match" = String, Header)),
    responses((status = 204, description = "Gone."), Problems),
)]
pub(super) async fn delete(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(code): PathId<RoleCode>,
    version: IfMatch,
) -> Result<StatusCode, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("role:delete")?;
    users
        .change_role(&by, &code, version, "role.deleted", |role| Role {
            deleted: true,
            ..role
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Users {
    async fn own_roles(&self, caller: &Caller) -> Result<Vec<Role>, IdentityError> {
        let pk = Role::index_of(&caller.tenant);
        let query = Query {
            index: Index::Gsi1,
            pk: &pk,
            prefix: "",
            ascending: true,
        };
        let page = self.accounts.table.page::<Role>(&query, &Paging::first(100)).await?;
        Ok(page.items.into_iter().map(|stored| stored.value).collect())
    }

    async fn own_role(&self, caller: &Caller, code: &RoleCode) -> Result<Stored<Role>, IdentityError> {
        let found = self
            .accounts
            .table
            .find::<Role>(&Role::key_of(&caller.tenant, code))
            .await?;
        found
            .filter(|stored| !stored.value.deleted)
            .ok_or(IdentityError::Unknown)
    }

    async fn make_role(&self, by: &By<'_>, body: NewRole) -> Result<Role, IdentityError> {
        let role = Role {
            tenant: by.tenant().clone(),
            code: body.code.parse()?,
            name: body.name.parse()?,
            description: description(body.description)?,
            permissions: permissions_of(&body.permissions)?,
            deleted: false,
        };
        may_be_custom(&role.code)?;
        within(&by.held(), &role.permissions)?;
        if self.own_roles(&by.caller).await?.len() >= MAX_OWN {
            return Err(crate::role::GrantError::TooMany.into());
        }
        let entry = by
            .entry("role.created", "role", role.code.as_str())
            .changing(None, Some(audited(&role)));
        let transaction = self.accounts.table.transaction().insert(&role)?;
        let transaction = transaction.insert(&grants_of(&role))?;
        match self.commit(by, transaction, None, entry).await {
            Ok(()) => Ok(role),
            Err(IdentityError::Table(TableError::AlreadyExists)) => Err(IdentityError::Taken("code")),
            Err(error) => Err(error),
        }
    }

    async fn change_role(
        &self,
        by: &By<'_>,
        code: &RoleCode,
        version: IfMatch,
        action: &str,
        change: impl FnOnce(Role) -> Role,
    ) -> Result<Stored<Role>, IdentityError> {
        may_be_custom(code)?;
        let stored = self.own_role(&by.caller, code).await?;
        if version.check(stored.version).is_err() {
            return Err(IdentityError::Stale);
        }
        let before = stored.value.clone();
        let changed = change(stored.value);
        let all = before.permissions.union(&changed.permissions).copied().collect();
        within(&by.held(), &all)?;
        let entry = by
            .entry(action, "role", code.as_str())
            .changing(Some(audited(&before)), Some(audited(&changed)));
        let (table, grants) = (&self.accounts.table, grants_of(&changed));
        let granted = table.find::<Grants>(&grants.key()).await?;
        let transaction = table
            .transaction()
            .update(&changed, stored.version)?
            .update(&grants, granted.map_or(0, |granted| granted.version))?;
        match self.commit(by, transaction, None, entry).await {
            Ok(()) => Ok(Stored {
                value: changed,
                version: stored.version + 1,
            }),
            Err(IdentityError::Table(TableError::Conflict)) => Err(IdentityError::Stale),
            Err(error) => Err(error),
        }
    }
}

impl From<&SystemRole> for RoleView {
    fn from(role: &SystemRole) -> Self {
        Self {
            code: role.code.to_owned(),
            name: messages::role_name(role.code).unwrap_or(role.code).to_owned(),
            description: String::new(),
            permissions: role.permissions().iter().map(ToString::to_string).collect(),
            system: true,
        }
    }
}

impl From<&Role> for RoleView {
    fn from(role: &Role) -> Self {
        Self {
            code: role.code.as_str().to_owned(),
            name: role.name.as_str().to_owned(),
            description: role.description.clone(),
            permissions: role.permissions.iter().map(ToString::to_string).collect(),
            system: false,
        }
    }
}

fn audited(role: &Role) -> serde_json::Value {
    json!({ "code": role.code, "name": role.name, "permissions": role.permissions, "deleted": role.deleted })
}

fn description(text: String) -> Result<String, IdentityError> {
    if text.chars().count() > DESCRIPTION_LIMIT {
        return Err(NameError { kind: "description" }.into());
    }
    Ok(text)
}

pub(super) fn permissions_of(texts: &[String]) -> Result<BTreeSet<Permission>, IdentityError> {
    Ok(texts
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, NameError>>()?)
}
