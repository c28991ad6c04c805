//! What users may do, over HTTP.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use platform::{Caller, IfMatch, JsonBody, Origin, PathId, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Users;
use super::by::By;
use super::people::Versioned;
use super::views::{UserView, role_codes};
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::{RoleCode, UserId};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    /// Codes of roles: all that the user is to have.
    roles: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneRole {
    /// The code of a role.
    role: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Effective {
    roles: Vec<String>,
    /// What the roles allow together, as `resource:action`.
    permissions: Vec<String>,
}

/// Gives a user exactly these roles.
#[utoipa::path(
    put,
    path = "/users/{id}/roles",
    params(("id" = String, Path), ("if-match" = String, Header)),
    request_body = Roles,
    responses((status = 200, body = UserView), Problems),
)]
pub(super) async fn assign(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<UserId>,
    version: IfMatch,
    JsonBody(body): JsonBody<Roles>,
) -> Result<Versioned<UserView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    let roles = role_codes(&body.roles).map_err(IdentityError::from)?;
    users.assign(&by, &id, version, |_| roles).await
}

/// Gives a user one more role.
#[utoipa::path(
    post,
    path = "/users/{id}/roles",
    params(("id" = String, Path), ("if-match" = String, Header)),
    request_body = OneRole,
    responses((status = 200, body = UserView), Problems),
)]
pub(super) async fn add(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<UserId>,
    version: IfMatch,
    JsonBody(body): JsonBody<OneRole>,
) -> Result<Versioned<UserView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    let code: RoleCode = body.role.parse().map_err(IdentityError::from)?;
    let with = |mut roles: BTreeSet<RoleCode>| {
        roles.insert(code);
        roles
    };
    users.assign(&by, &id, version, with).await
}

/// Takes a role from a user.
#[utoipa::path(
    delete,
    path = "/users/{id}/roles/{code}",
    params(("id" = String, Path), ("code" = String, Path), ("if-match" = String, Header)),
    responses((status = 200, body = UserView), Problems),
)]
pub(super) async fn remove(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    version: IfMatch,
) -> Result<Versioned<UserView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    let Path((id, code)) = path.map_err(|_malformed| platform::unknown())?;
    let (Ok(id), Ok(code)) = (id.parse::<UserId>(), code.parse::<RoleCode>()) else {
        return Err(platform::unknown());
    };
    let without = |mut roles: BTreeSet<RoleCode>| {
        roles.remove(&code);
        roles
    };
    users.assign(&by, &id, version, without).await
}

/// What a user may do in all.
#[utoipa::path(
    get,
    path = "/users/{id}/permissions",
    params(("id" = String, Path)),
    responses((status = 200, body = Effective), Problems),
)]
pub(super) async fn effective(
    State(users): State<Users>,
    caller: Caller,
    PathId(id): PathId<UserId>,
) -> Result<Json<Effective>, Problem> {
    caller.require("user:read")?;
    let user = users.accounts.load(&caller.tenant, &id).await?.value;
    let permissions = users
        .accounts
        .permissions(&caller.tenant, &user.roles)
        .await
        .map_err(IdentityError::from)?;
    Ok(Json(Effective {
        roles: user.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        permissions: permissions.iter().map(ToString::to_string).collect(),
    }))
}

impl Users {
    async fn assign(
        &self,
        by: &By<'_>,
        id: &UserId,
        version: IfMatch,
        change: impl FnOnce(BTreeSet<RoleCode>) -> BTreeSet<RoleCode>,
    ) -> Result<Versioned<UserView>, Problem> {
        by.require("user:assign_role")?;
        let stored = self.to_change(by, id, version).await?;
        let roles = change(stored.value.roles.clone());
        let stored = self.with_roles(by, stored, roles).await?;
        self.versioned(&by.caller, &stored)
    }
}
