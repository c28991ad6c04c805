//! Accounts over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use platform::{
    Caller, IdempotencyKey, IfMatch, Index, JsonBody, Origin, Paging, Params, PathId, Problem, Query, Stored, etag,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Users;
use super::by::{By, said};
use super::views::{Detail, ProfileBody, UserPage, UserView, role_codes};
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::{NameError, UserId};
use crate::random;
use crate::user::User;

/// As long as the longest e-mail address, of which each character may take four bytes of an index's 1,024.
const LONGEST_PREFIX: usize = 254;

/// An answer with the version that the next change has to name.
pub(super) type Versioned<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    username: String,
    name: String,
    email: Option<String>,
    /// 16 digits.
    nik: Option<String>,
    /// 18 digits.
    nip: Option<String>,
    phone: Option<String>,
    /// The code of a unit.
    org_unit: Option<String>,
    /// Three digits.
    rw: Option<String>,
    /// Three digits; needs `rw`.
    rt: Option<String>,
    /// Codes of roles; needs `user:assign_role`.
    #[serde(default)]
    roles: Vec<String>,
}

/// A new user, with the password that is good once.
#[derive(Serialize, ToSchema)]
pub(super) struct Created {
    user: UserView,
    /// Shown here and nowhere else. None in the answer to a repetition: whoever missed the first answer gives another one,
    /// with `POST /users/{id}/one-time-password`.
    one_time_password: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OneTimePassword {
    one_time_password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activate {
    active: bool,
}

/// Which users, by the beginning of their username.
#[derive(Deserialize)]
pub(super) struct ListParams {
    username: Option<String>,
    limit: Option<u16>,
    cursor: Option<String>,
}

/// Lists users by username.
#[utoipa::path(
    get,
    path = "/users",
    params(
        ("username" = Option<String>, Query, description = "What it begins with"),
        ("limit" = Option<u16>, Query, description = "1 to 100"),
        ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = UserPage), Problems),
)]
pub(super) async fn list(
    State(users): State<Users>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<UserPage>, Problem> {
    caller.require("user:read")?;
    let prefix = prefix("username", &params.username.unwrap_or_default()).map_err(IdentityError::from)?;
    let pk = User::by_username(&caller.tenant);
    let query = Query {
        index: Index::Gsi1,
        pk: &pk,
        prefix: &prefix,
        ascending: true,
    };
    let page = users.page(&query, params.limit, params.cursor).await?;
    Ok(Json(page))
}

/// Makes a user. The answer holds a password that is good once, to choose another.
#[utoipa::path(
    post,
    path = "/users",
    params(("Idempotency-Key" = String, Header, description = "The same key again makes nobody twice.")),
    request_body = NewUser,
    responses((status = 201, body = Created), Problems),
)]
pub(super) async fn create(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<NewUser>,
) -> Result<(StatusCode, Versioned<Created>), Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("user:create")?;
    if !body.roles.is_empty() {
        by.require("user:assign_role")?;
    }
    let (asked, mut one_time_password) = (said(&body), None);
    let work = async {
        let roles = role_codes(&body.roles).map_err(IdentityError::from)?;
        let (user, text) = users.create(&by, body.profile(), roles).await?;
        one_time_password = Some(text);
        Ok(user.id)
    };
    let id: UserId = users.once(&by, ("users", &key), &asked, work).await?;
    let stored = users.accounts.load(&caller.tenant, &id).await?;
    let user = UserView::of(&users.accounts, &stored.value, Detail::Whole)?;
    let created = Created {
        user,
        one_time_password,
    };
    Ok((StatusCode::CREATED, ([etag(stored.version)], Json(created))))
}

/// One user.
#[utoipa::path(
    get,
    path = "/users/{id}",
    params(("id" = String, Path)),
    responses((status = 200, body = UserView), Problems),
)]
pub(super) async fn show(
    State(users): State<Users>,
    caller: Caller,
    PathId(id): PathId<UserId>,
) -> Result<Versioned<UserView>, Problem> {
    caller.require("user:read")?;
    let stored = users.accounts.load(&caller.tenant, &id).await?;
    users.versioned(&caller, &stored)
}

/// Replaces what is known of a user. What is not there is removed.
#[utoipa::path(
    put,
    path = "/users/{id}",
    params(("id" = String, Path), ("if-match" = String, Header)),
    request_body = ProfileBody,
    responses((status = 200, body = UserView), Problems),
)]
pub(super) async fn replace(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<UserId>,
    version: IfMatch,
    JsonBody(body): JsonBody<ProfileBody>,
) -> Result<Versioned<UserView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("user:update")?;
    let stored = users.to_change(&by, &id, version).await?;
    let profile = body.read(&users.accounts, &caller.tenant, &id)?;
    let stored = users.with_profile(&by, stored, profile).await?;
    users.versioned(&caller, &stored)
}

/// Gives a user up. The id stays for what refers to it; the names are free again.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    params(("id" = String, Path), ("if-match" = String, Header)),
    responses((status = 204, description = "Gone."), Problems),
)]
pub(super) async fn delete(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<UserId>,
    version: IfMatch,
) -> Result<StatusCode, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("user:delete")?;
    let stored = users.to_change(&by, &id, version).await?;
    users.give_up(&by, stored).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a user sign in, or no longer. Either way every session ends.
#[utoipa::path(
    patch,
    path = "/users/{id}/activate",
    params(("id" = String, Path), ("if-match" = String, Header)),
    request_body = Activate,
    responses((status = 200, body = UserView), Problems),
)]
pub(super) async fn activate(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<UserId>,
    version: IfMatch,
    JsonBody(body): JsonBody<Activate>,
) -> Result<Versioned<UserView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("user:activate")?;
    let stored = users.to_change(&by, &id, version).await?;
    let stored = users.with_active(&by, stored, body.active).await?;
    users.versioned(&caller, &stored)
}

/// Gives a user a password that is good once, to choose another: for who has no e-mail address.
#[utoipa::path(
    post,
    path = "/users/{id}/one-time-password",
    params(("id" = String, Path), ("if-match" = String, Header)),
    responses((status = 200, body = OneTimePassword), Problems),
)]
pub(super) async fn one_time_password(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(id): PathId<UserId>,
    version: IfMatch,
) -> Result<Versioned<OneTimePassword>, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("user:update")?;
    let stored = users.to_change(&by, &id, version).await?;
    let (stored, one_time_password) = users.with_one_time_password(&by, stored).await?;
    Ok(([etag(stored.version)], Json(OneTimePassword { one_time_password })))
}

/// What names begin with, folded as they are. What is longer than any of them is refused, and so is what an index could not
/// take.
pub(super) fn prefix(field: &'static str, text: &str) -> Result<String, NameError> {
    let folded = text.to_lowercase();
    if folded.chars().count() > LONGEST_PREFIX {
        return Err(NameError { kind: field });
    }
    Ok(folded)
}

impl NewUser {
    /// All but the roles.
    fn profile(self) -> ProfileBody {
        ProfileBody {
            username: self.username,
            name: self.name,
            email: self.email,
            nik: self.nik,
            nip: self.nip,
            phone: self.phone,
            org_unit: self.org_unit,
            rw: self.rw,
            rt: self.rt,
        }
    }
}

impl Users {
    async fn create(
        &self,
        by: &By<'_>,
        body: ProfileBody,
        roles: std::collections::BTreeSet<crate::names::RoleCode>,
    ) -> Result<(User, String), IdentityError> {
        let id = UserId::from_bytes(random::bytes());
        let profile = body.read(&self.accounts, by.tenant(), &id)?;
        let now = self.accounts.environment.now();
        let user = User::register(id, by.tenant().clone(), profile, roles, now)?;
        let (text, hash) = self.one_time().await?;
        let user = self.register(by, user.with_one_time_password(hash, now)).await?;
        Ok((user, text))
    }

    /// A user with its version, with as much as the caller may see.
    pub(super) fn versioned(&self, caller: &Caller, stored: &Stored<User>) -> Result<Versioned<UserView>, Problem> {
        let detail = if caller.may("user:update") {
            Detail::Whole
        } else {
            Detail::Masked
        };
        let view = UserView::of(&self.accounts, &stored.value, detail)?;
        Ok(([etag(stored.version)], Json(view)))
    }

    /// A page of users, masked.
    pub(super) async fn page(
        &self,
        query: &Query<'_>,
        limit: Option<u16>,
        cursor: Option<String>,
    ) -> Result<UserPage, Problem> {
        let paging = limit.map_or_else(Paging::default, Paging::first);
        let paging = match cursor {
            Some(cursor) => paging.at(cursor),
            None => paging,
        };
        paging.check(query)?;
        let page = self
            .accounts
            .table
            .page::<User>(query, &paging)
            .await
            .map_err(IdentityError::from)?;
        let views = page
            .items
            .iter()
            .map(|stored| UserView::of(&self.accounts, &stored.value, Detail::Masked));
        Ok(UserPage {
            items: views.collect::<Result<_, _>>()?,
            next: page.next,
        })
    }
}
