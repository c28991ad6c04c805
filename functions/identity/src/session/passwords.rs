//! Choosing passwords: with the old one, or with a permission.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::Fault;
use platform::{Actor, ActorKind, AuditEntry, Caller, JsonBody, Origin, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Session;
use super::tokens::{Tokens, keep};
use super::tries::locked_out;
use crate::accounts::{Tenant, person};
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::family::Family;
use crate::hashing::Hash;
use crate::messages;
use crate::names::Email;
use crate::password::{Password, PasswordError, Weakness};
use crate::reset::{PasswordReset, ResetError};
use crate::ticket::Ticket;
use crate::user::User;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[schema(value_type = String, format = Password)]
    current_password: Password,
    #[schema(value_type = String, format = Password)]
    new_password: Password,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    /// From the mail, or from signing in with a one-time password.
    token: String,
    #[schema(value_type = String, format = Password)]
    new_password: Password,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Candidate {
    #[schema(value_type = String, format = Password)]
    password: Password,
    /// Names that it must not be like.
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct StrengthView {
    /// 0 (guessed at once) to 4 (not within years).
    score: u8,
    /// Whether it would be taken.
    acceptable: bool,
    weaknesses: Vec<Weakness>,
    /// What to do about them, in Indonesian.
    advice: Vec<&'static str>,
}

/// Changes the caller's password. Every other device is signed out.
#[utoipa::path(
    post,
    path = "/auth/change-password",
    security(("bearer" = [])),
    request_body = Change,
    responses((status = 200, body = Tokens), Problems),
)]
pub(super) async fn change(
    State(session): State<Session>,
    caller: Caller,
    origin: Origin,
    JsonBody(body): JsonBody<Change>,
) -> Result<Json<Tokens>, Problem> {
    Ok(Json(session.change_password(&caller, body, &origin).await?))
}

/// Chooses a password with a permission. Every device is signed out.
#[utoipa::path(
    post,
    path = "/auth/reset-password",
    request_body = Reset,
    responses((status = 204, description = "The password is the new one."), Problems),
)]
pub(super) async fn reset(
    State(session): State<Session>,
    origin: Origin,
    JsonBody(body): JsonBody<Reset>,
) -> Result<StatusCode, Problem> {
    session.redeem(&body.token, body.new_password, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How strong a password would be. It is not kept.
#[utoipa::path(
    post,
    path = "/auth/password-strength",
    request_body = Candidate,
    responses((status = 200, body = StrengthView), Problems),
)]
pub(super) async fn strength(JsonBody(body): JsonBody<Candidate>) -> Json<StrengthView> {
    let names: Vec<&str> = body
        .names
        .iter()
        .map(String::as_str)
        .filter(|name| name.len() <= 254)
        .take(10)
        .collect();
    let strength = body.password.strength(&names);
    Json(StrengthView {
        score: strength.score,
        acceptable: strength.weaknesses.is_empty(),
        advice: strength
            .weaknesses
            .iter()
            .map(|weakness| messages::weakness(*weakness))
            .collect(),
        weaknesses: strength.weaknesses,
    })
}

impl Session {
    async fn change_password(&self, caller: &Caller, body: Change, origin: &Origin) -> Result<Tokens, IdentityError> {
        let accounts = &self.accounts;
        let (user, _) = self.accounts.signed_in(caller).await?;
        let (tenant, about) = (&caller.tenant, user.value.id.as_str());
        let tries = self.tries(tenant, user.value.profile.username.as_str(), origin);
        let entry = AuditEntry::success(Actor::from(caller), "user.password_changed", "user", about).from(origin);
        let counted = match self.count_try(&tries).await {
            Err(error @ IdentityError::Locked { .. }) => {
                accounts.record(tenant, entry.refused(error.code())).await?;
                return Err(error);
            }
            counted => counted?,
        };
        let hash = user.value.usable_hash(accounts.environment.now());
        if !self.hasher.verify(body.current_password, hash).await? {
            let wrong = IdentityError::WrongCredentials;
            let locked = counted.map(|until| locked_out(about, until, origin));
            let entries = [Some(entry.refused(wrong.code())), locked];
            accounts.tell(tenant, true, entries.into_iter().flatten()).await?;
            return Err(wrong);
        }
        self.forget_tries(&tries).await?;
        let hash = self.accept(&user.value, body.new_password).await?;
        let changed = user.value.with_password(hash);
        let now = accounts.environment.now();
        let (family, ticket) = Family::open(tenant.clone(), changed.id.clone(), changed.generation, origin, now);
        let transaction = accounts.table.transaction().update(&changed, user.version)?;
        let transaction = transaction.insert(&family)?.expires(keep(family.until));
        let tokens = self.tokens(&changed, &family, &ticket).await?;
        accounts.commit(transaction, tenant, entry).await?;
        Ok(tokens)
    }

    /// The hash of a password that `user` may choose.
    async fn accept(&self, user: &User, password: Password) -> Result<Hash, IdentityError> {
        let email = self.email(user)?;
        let local = email.as_ref().map_or("", Email::local_part);
        password.check(&[user.profile.username.as_str(), user.profile.name.as_str(), local])?;
        let in_use = user.credentials.hash.iter().cloned();
        let former: Vec<Hash> = user.credentials.former.iter().cloned().chain(in_use).collect();
        if self.hasher.any(password.clone(), former).await? {
            return Err(PasswordError::Reused.into());
        }
        Ok(self.hasher.hash(password).await?)
    }

    pub(super) fn email(&self, user: &User) -> Result<Option<Email>, IdentityError> {
        let sealed = user.profile.email.as_ref().map(|email| &email.sealed);
        let text = self.accounts.open(user, "email", sealed)?;
        Ok(text.map(|text| text.parse()).transpose()?)
    }

    async fn redeem(&self, token: &str, password: Password, origin: &Origin) -> Result<(), IdentityError> {
        let ticket: Ticket = token.parse().map_err(|_malformed| ResetError::Void)?;
        match self.choose(&ticket, password, origin).await {
            Err(error @ IdentityError::Reset(ResetError::Void)) => {
                self.record_void(&ticket, origin).await?;
                Err(error)
            }
            chosen => chosen,
        }
    }

    async fn choose(&self, ticket: &Ticket, password: Password, origin: &Origin) -> Result<(), IdentityError> {
        let accounts = &self.accounts;
        let found = accounts
            .table
            .find::<PasswordReset>(&PasswordReset::key_of(&ticket.tenant, &ticket.id))
            .await?;
        let reset = found.ok_or(ResetError::Void)?;
        let user = accounts
            .find(&ticket.tenant, &reset.value.user)
            .await?
            .ok_or(ResetError::Void)?;
        let redeemed = reset.value.redeem(ticket, &user.value, accounts.environment.now())?;
        let hash = self.accept(&user.value, password).await?;
        let changed = user.value.with_password(hash);
        let entry = AuditEntry::success(
            person(&changed.id),
            "user.password_changed",
            "user",
            changed.id.as_str(),
        );
        let transaction = accounts.table.transaction().update(&changed, user.version)?;
        let transaction = transaction.update(&redeemed, reset.version)?.expires(redeemed.until);
        accounts.commit(transaction, &ticket.tenant, entry.from(origin)).await?;
        let email = self.email(&changed)?;
        let logins = [
            Some(changed.profile.username.as_str()),
            email.as_ref().map(Email::as_str),
        ];
        for login in logins.into_iter().flatten() {
            self.forget_tries(&self.tries(&ticket.tenant, login, origin)).await?;
        }
        Ok(())
    }

    /// Records that somebody showed a permission that is not good. For an office that there is not, as much is written.
    async fn record_void(&self, ticket: &Ticket, origin: &Origin) -> Result<(), IdentityError> {
        let (accounts, tenant) = (&self.accounts, &ticket.tenant);
        let known = accounts.table.find::<Tenant>(&Tenant::key_of(tenant)).await?.is_some();
        let id = ticket.id.as_str();
        let nobody = Actor {
            id: id.to_owned(),
            kind: ActorKind::Anonymous,
        };
        let entry = AuditEntry::success(nobody, "user.password_changed", "password_reset", id);
        let entry = entry.refused(ResetError::Void.code()).from(origin);
        Ok(accounts.tell(tenant, known, [entry]).await?)
    }
}
