//! In, on, and out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::{Fault, TenantId};
use platform::{AuditEntry, Caller, JsonBody, Origin, Problem, TableError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Session;
use super::tokens::{SignedIn, Tokens, keep};
use crate::accounts::person;
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::family::{Family, RefreshError};
use crate::password::Password;
use crate::ticket::Ticket;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The office.
    tenant: String,
    /// A username or an e-mail address.
    username: String,
    #[schema(value_type = String, format = Password)]
    password: Password,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshBody {
    refresh_token: String,
}

/// Signs in.
#[utoipa::path(
    post,
    path = "/auth/login",
    request_body = Credentials,
    responses((status = 200, body = SignedIn), Problems),
)]
pub(super) async fn login(
    State(session): State<Session>,
    origin: Origin,
    JsonBody(body): JsonBody<Credentials>,
) -> Result<Json<SignedIn>, Problem> {
    // An office that cannot exist is an office that does not exist.
    let tenant: TenantId = body
        .tenant
        .parse()
        .map_err(|_malformed| IdentityError::WrongCredentials)?;
    Ok(Json(
        session.sign_in(&tenant, &body.username, body.password, &origin).await?,
    ))
}

/// Exchanges a refresh token for new tokens. It is good once: with an old one, the whole session ends.
#[utoipa::path(
    post,
    path = "/auth/refresh",
    request_body = RefreshBody,
    responses((status = 200, body = Tokens), Problems),
)]
pub(super) async fn refresh(
    State(session): State<Session>,
    origin: Origin,
    JsonBody(body): JsonBody<RefreshBody>,
) -> Result<Json<Tokens>, Problem> {
    Ok(Json(session.rotate(&body.refresh_token, &origin).await?))
}

/// Signs this device out.
#[utoipa::path(
    post,
    path = "/auth/logout",
    request_body = RefreshBody,
    responses((status = 204, description = "Signed out, if it was signed in."), Problems),
)]
pub(super) async fn logout(
    State(session): State<Session>,
    origin: Origin,
    JsonBody(body): JsonBody<RefreshBody>,
) -> Result<StatusCode, Problem> {
    if let Ok(ticket) = body.refresh_token.parse() {
        session.leave(&ticket, &origin).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Signs every device out.
#[utoipa::path(
    post,
    path = "/auth/logout-all",
    security(("bearer" = [])),
    responses((status = 204, description = "Signed out everywhere."), Problems),
)]
pub(super) async fn logout_all(
    State(session): State<Session>,
    caller: Caller,
    origin: Origin,
) -> Result<StatusCode, Problem> {
    session.leave_everywhere(&caller, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Session {
    async fn rotate(&self, token: &str, origin: &Origin) -> Result<Tokens, IdentityError> {
        let ticket: Ticket = token.parse().map_err(|_malformed| RefreshError::Ended)?;
        let accounts = &self.accounts;
        let key = Family::key_of(&ticket.tenant, &ticket.id);
        // Whoever loses the race finds the token used.
        loop {
            let now = accounts.environment.now();
            let stored = accounts.table.find::<Family>(&key).await?.ok_or(RefreshError::Ended)?;
            let (family, version) = (stored.value, stored.version);
            let user = accounts
                .find(&family.tenant, &family.user)
                .await?
                .ok_or(RefreshError::Ended)?
                .value;
            if !user.active || user.generation != family.generation {
                return Err(RefreshError::Ended.into());
            }
            let entry =
                |action| AuditEntry::success(person(&user.id), action, "session", family.id.as_str()).from(origin);
            let (next, answer) = match family.clone().rotate(&ticket, origin, now) {
                Ok((next, token)) => (next, Ok((token, entry("auth.token_refreshed")))),
                Err(RefreshError::Reused) => {
                    let refused = entry("auth.token_reused").refused(RefreshError::Reused.code());
                    (family.clone().revoke(), Err((RefreshError::Reused, refused)))
                }
                Err(RefreshError::Ended) => return Err(RefreshError::Ended.into()),
            };
            let transaction = accounts
                .table
                .transaction()
                .update(&next, version)?
                .expires(keep(next.until));
            let (answer, entry) = match answer {
                Ok((token, entry)) => (Ok(token), entry),
                Err((error, entry)) => (Err(error), entry),
            };
            match accounts.commit(transaction, &next.tenant, entry).await {
                Err(TableError::Conflict) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => return self.tokens(&user, &next, &answer?).await,
            }
        }
    }

    async fn leave(&self, ticket: &Ticket, origin: &Origin) -> Result<(), IdentityError> {
        let accounts = &self.accounts;
        let found = accounts
            .table
            .find::<Family>(&Family::key_of(&ticket.tenant, &ticket.id))
            .await?;
        match found {
            Some(stored) if stored.value.holds(ticket) && !stored.value.revoked => {
                let family = stored.value.revoke();
                let entry = AuditEntry::success(person(&family.user), "auth.logout", "session", family.id.as_str());
                let transaction = accounts
                    .table
                    .transaction()
                    .update(&family, stored.version)?
                    .expires(keep(family.until));
                Ok(accounts.commit(transaction, &family.tenant, entry.from(origin)).await?)
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn leave_everywhere(&self, caller: &Caller, origin: &Origin) -> Result<(), IdentityError> {
        let (user, _) = self.signed_in(caller).await?;
        let changed = user.value.signed_out_everywhere();
        let entry = AuditEntry::success(person(&changed.id), "auth.logout_all", "user", changed.id.as_str());
        let transaction = self.accounts.table.transaction().update(&changed, user.version)?;
        Ok(self
            .accounts
            .commit(transaction, &changed.tenant, entry.from(origin))
            .await?)
    }
}
