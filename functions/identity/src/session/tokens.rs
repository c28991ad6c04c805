//! What somebody gets who signs in, and the way there: counting tries, comparing the password, opening a session.

use std::time::Duration;

use jiff::Timestamp;
use kernel::{Fault, TenantId};
use platform::{AUDIENCE, AuditEntry, Claims, Origin, Stored, Territory};
use serde::Serialize;
use utoipa::ToSchema;

use super::Session;
use super::tries::{failed, locked_out};
use crate::accounts::{Tenant, person};
use crate::error::IdentityError;
use crate::family::Family;
use crate::names::Login;
use crate::password::Password;
use crate::reset::{AT_ONCE_FOR, PasswordReset};
use crate::ticket::Ticket;
use crate::user::User;

/// How long an access token is good for, in seconds.
const ACCESS_FOR_S: i64 = 15 * 60;
/// Ended sessions stay a little, to recognise their tokens.
const KEEP_ENDED: Duration = Duration::from_hours(24);

/// What somebody gets who signs in.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SignedIn {
    /// The way is free.
    Tokens(Tokens),
    /// First another password must be chosen, with `POST /auth/reset-password`.
    ChooseFirst(ChooseFirst),
}

/// An access token, and the token to get the next one with.
#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    /// Always `false`.
    must_change_password: bool,
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds that the access token is good for.
    expires_in: i64,
    /// Good once.
    refresh_token: String,
    /// When the refresh token ends (RFC 3339).
    #[schema(value_type = String, format = DateTime)]
    refresh_until: Timestamp,
}

/// A token that allows nothing but to choose a password.
#[derive(Serialize, ToSchema)]
pub(super) struct ChooseFirst {
    /// Always `true`.
    #[serde(rename = "must_change_password")]
    required: bool,
    /// Good once, for `POST /auth/reset-password`.
    password_token: String,
    /// When it ends (RFC 3339).
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

impl Session {
    /// Signs somebody in by username or e-mail address. Whoever is refused learns nothing of why: an unknown user, an
    /// unknown tenant and a wrong password take as long and get the same answer.
    pub(super) async fn sign_in(
        &self,
        tenant: &TenantId,
        login: &str,
        password: Password,
        origin: &Origin,
    ) -> Result<SignedIn, IdentityError> {
        let accounts = &self.accounts;
        let known = accounts.table.find::<Tenant>(&Tenant::key_of(tenant)).await?.is_some();
        let user = match login.parse::<Login>() {
            Ok(login) => accounts.by_login(tenant, &login).await?,
            Err(_malformed) => None,
        };
        let tries = self.tries(tenant, login, origin);
        let about = user
            .as_ref()
            .map_or(tries.login.as_str(), |user| user.value.id.as_str());
        let counted = match self.count_try(&tries).await {
            Err(error @ IdentityError::Locked { .. }) => {
                accounts
                    .tell(tenant, known, [failed(about, error.code(), origin)])
                    .await?;
                return Err(error);
            }
            counted => counted?,
        };
        let now = accounts.environment.now();
        let hash = user.as_ref().and_then(|user| user.value.usable_hash(now));
        let right = self.hasher.verify(password, hash).await?;
        let wrong = IdentityError::WrongCredentials;
        let entries = [
            Some(failed(about, wrong.code(), origin)),
            counted.map(|until| locked_out(about, until, origin)),
        ];
        if let Some(user) = user.filter(|_| right) {
            self.forget_tries(&tries).await?;
            return self.open(user, origin).await;
        }
        accounts.tell(tenant, known, entries.into_iter().flatten()).await?;
        Err(wrong)
    }

    async fn open(
        &self,
        Stored { value: user, version }: Stored<User>,
        origin: &Origin,
    ) -> Result<SignedIn, IdentityError> {
        let accounts = &self.accounts;
        let now = accounts.environment.now();
        let entry = AuditEntry::success(person(&user.id), "auth.login_success", "user", user.id.as_str()).from(origin);
        if user.must_change_password() {
            let (reset, ticket) = PasswordReset::give(&user, AT_ONCE_FOR, now);
            let transaction = accounts.table.transaction().insert(&reset)?.expires(reset.until);
            accounts.commit(transaction, &user.tenant, entry).await?;
            let (password_token, until) = (ticket.to_string(), reset.until);
            return Ok(SignedIn::ChooseFirst(ChooseFirst {
                required: true,
                password_token,
                until,
            }));
        }
        let (family, ticket) = Family::open(user.tenant.clone(), user.id.clone(), user.generation, origin, now);
        // The account as it was when the password was compared: nobody is let in who was just deactivated.
        let transaction = accounts
            .table
            .transaction()
            .require(&User::key_of(&user.tenant, &user.id), version)?;
        let transaction = transaction.insert(&family)?.expires(keep(family.until));
        let tokens = self.tokens(&user, &family, &ticket).await?;
        accounts.commit(transaction, &user.tenant, entry).await?;
        Ok(SignedIn::Tokens(tokens))
    }

    /// The tokens of a session, with what the person may do now. Made before the session is written that they belong to:
    /// what fails here has changed nothing, and the caller may try again.
    pub(super) async fn tokens(&self, user: &User, family: &Family, ticket: &Ticket) -> Result<Tokens, IdentityError> {
        let accounts = &self.accounts;
        let now = accounts.environment.now();
        accounts.publish_roles().await?;
        let roles = accounts.standing(&user.tenant, &user.roles).await?;
        let sealed = user.profile.email.as_ref().map(|email| &email.sealed);
        let claims = Claims {
            sub: user.id.as_str().to_owned(),
            name: user.profile.name.as_str().to_owned(),
            tenant_id: user.tenant.clone(),
            email: accounts.open(user, "email", sealed)?,
            roles: roles.keys().map(|role| role.as_str().to_owned()).collect(),
            permissions: roles.values().flatten().map(ToString::to_string).collect(),
            territory: Territory {
                rw: user.profile.territory.rw.as_ref().map(|rw| rw.as_str().to_owned()),
                rt: user.profile.territory.rt.as_ref().map(|rt| rt.as_str().to_owned()),
            },
            org_unit: user.profile.org_unit.as_ref().map(|unit| unit.as_str().to_owned()),
            sid: Some(family.id.as_str().to_owned()),
            aud: AUDIENCE.to_owned(),
            iat: now.as_second(),
            exp: now.as_second().saturating_add(ACCESS_FOR_S),
            jti: format!("{}.{}", family.id.as_str(), family.rotations),
        };
        let keys = self.keys.current(&accounts.table, now).await?;
        Ok(Tokens {
            must_change_password: false,
            access_token: keys.sign(&claims)?,
            token_type: "Bearer",
            expires_in: ACCESS_FOR_S,
            refresh_token: ticket.to_string(),
            refresh_until: family.until,
        })
    }
}

/// Until when the row of a session is kept that ends at `until`.
pub(super) fn keep(until: Timestamp) -> Timestamp {
    until.saturating_add(KEEP_ENDED).unwrap_or(until)
}
