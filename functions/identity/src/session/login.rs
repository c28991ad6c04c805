//! In, on, and out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::{Fault, TenantId};
use platform::{AuditEntry, Caller, JsonBody, Origin, Problem, Stored, TableError};
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
            let user = accounts
                .find(&stored.value.tenant, &stored.value.user)
                .await?
                .ok_or(RefreshError::Ended)?
                .value;
            if !user.active || user.generation != stored.value.generation {
                return Err(RefreshError::Ended.into());
            }
            let (next, answer, entry) = match stored.value.clone().rotate(&ticket, origin, now) {
                Ok((next, token)) => {
                    let tokens = self.tokens(&user, &next, &token).await?;
                    (next, Ok(tokens), of_session(&stored.value, "auth.token_refreshed"))
                }
                Err(RefreshError::Reused) => {
                    let (family, entry) = reused(stored.value);
                    (family, Err(RefreshError::Reused), entry)
                }
                Err(RefreshError::Ended) => return Err(RefreshError::Ended.into()),
            };
            match self.keep_family(&next, stored.version, entry.from(origin)).await {
                Err(TableError::Conflict) => {}
                Err(error) => return Err(error.into()),
                Ok(()) => return Ok(answer?),
            }
        }
    }

    /// Ends the session that the token belongs to. An old token ends it, too, as it does where it is exchanged: somebody
    /// has a copy. What was never a token of that session ends nothing.
    async fn leave(&self, ticket: &Ticket, origin: &Origin) -> Result<(), IdentityError> {
        let key = Family::key_of(&ticket.tenant, &ticket.id);
        loop {
            let now = self.accounts.environment.now();
            let found = self.accounts.table.find::<Family>(&key).await?;
            let Some(Stored { value, version }) = found.filter(|stored| stored.value.is_active(now)) else {
                return Ok(());
            };
            let (family, entry) = if value.holds(ticket) {
                let entry = of_session(&value, "auth.logout");
                (value.revoke(), entry)
            } else if value.has_issued(ticket) {
                reused(value)
            } else {
                return Ok(());
            };
            match self.keep_family(&family, version, entry.from(origin)).await {
                Err(TableError::Conflict) => {}
                answer => return Ok(answer?),
            }
        }
    }

    async fn leave_everywhere(&self, caller: &Caller, origin: &Origin) -> Result<(), IdentityError> {
        loop {
            let (user, _) = self.accounts.signed_in(caller).await?;
            let changed = user.value.signed_out_everywhere();
            let entry = AuditEntry::success(person(&changed.id), "auth.logout_all", "user", changed.id.as_str());
            let transaction = self.accounts.table.transaction().update(&changed, user.version)?;
            match self
                .accounts
                .commit(transaction, &changed.tenant, entry.from(origin))
                .await
            {
                Err(TableError::Conflict) => {}
                answer => return Ok(answer?),
            }
        }
    }

    /// Writes a session that was read at `version`.
    pub(super) async fn keep_family(&self, family: &Family, version: u64, entry: AuditEntry) -> Result<(), TableError> {
        let transaction = self.accounts.table.transaction().update(family, version)?;
        let transaction = transaction.expires(keep(family.until));
        self.accounts.commit(transaction, &family.tenant, entry).await
    }
}

/// What the audit says of a session whose person did `action`.
pub(super) fn of_session(family: &Family, action: &str) -> AuditEntry {
    AuditEntry::success(person(&family.user), action, "session", family.id.as_str())
}

/// Ends a session of which somebody showed a token that was used before.
fn reused(family: Family) -> (Family, AuditEntry) {
    let entry = of_session(&family, "auth.token_reused").refused(RefreshError::Reused.code());
    (family.revoke(), entry)
}
