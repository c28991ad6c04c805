//! Asking for a link to choose a new password.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use kernel::{Envelope, Fault, TenantId};
use platform::{Actor, ActorKind, AuditEntry, Cause, Event, JsonBody, Key, Origin, Problem, Record, TableError};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Session;
use crate::accounts::Tenant;
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::Login;
use crate::reset::{MAILED_FOR, PasswordReset, PasswordResetRequested};
use crate::ticket::Ticket;

/// The `source` of this context's envelopes.
const SOURCE: &str = "absah/identity";
/// Mails per login and hour.
const MAILS: u64 = 3;
/// As long as an address of somebody who has one.
const NOBODY: &str = "bukan.siapa@contoh.example";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Forgot {
    /// The office.
    tenant: String,
    /// A username or an e-mail address.
    username: String,
}

/// Sends a link to choose a new password, if there is such a user with an e-mail address.
#[utoipa::path(
    post,
    path = "/auth/forgot-password",
    request_body = Forgot,
    responses((status = 202, description = "The same answer, whether or not there is such a user."), Problems),
)]
pub(super) async fn forgot(
    State(session): State<Session>,
    origin: Origin,
    JsonBody(body): JsonBody<Forgot>,
) -> Result<StatusCode, Problem> {
    if let Ok(tenant) = body.tenant.parse() {
        session.send_reset(&tenant, &body.username, &origin).await?;
    }
    Ok(StatusCode::ACCEPTED)
}

impl Session {
    /// Whoever asks, as often as they like, and whether or not there is such a user or office: as many rows are read, and as
    /// many of the same length written, so that nobody learns from the time it takes whom there is.
    async fn send_reset(&self, tenant: &TenantId, login: &str, origin: &Origin) -> Result<(), IdentityError> {
        let accounts = &self.accounts;
        let now = accounts.environment.now();
        let known = accounts.table.find::<Tenant>(&Tenant::key_of(tenant)).await?.is_some();
        let subject = accounts.lookup(tenant, "login", &Login::fold(login));
        let often = self.count_request(tenant, &subject, now).await? > MAILS;
        let user = match login.parse::<Login>() {
            Ok(login) => accounts.by_login(tenant, &login).await?.map(|stored| stored.value),
            Err(_malformed) => None,
        };
        let user = user.filter(|user| user.active && !often);
        let email = user.as_ref().map(|user| self.email(user)).transpose()?.flatten();
        let addressee = user.as_ref().zip(email.as_ref());

        let (reset, ticket) = match addressee {
            Some((user, _)) => PasswordReset::give(user, MAILED_FOR, now),
            None => PasswordReset::pretend(tenant, MAILED_FOR, now),
        };
        let envelope = self.requested(&reset, &ticket, addressee.map_or(NOBODY, |(_, email)| email.as_str()))?;
        let about = addressee.map_or(subject.as_str(), |(user, _)| user.id.as_str());
        let nobody = Actor {
            id: subject.clone(),
            kind: ActorKind::Anonymous,
        };
        let entry = AuditEntry::success(nobody, "user.password_reset_requested", "user", about).from(origin);

        let transaction = accounts.table.transaction();
        let transaction = if addressee.is_some() {
            let transaction = transaction.insert(&reset)?.expires(reset.until);
            let transaction = transaction.event(&reset.key(), 1, &envelope)?;
            transaction.audited(&accounts.environment, tenant, entry)?
        } else {
            let transaction = accounts.nothing(transaction, &reset)?;
            let transaction = accounts.nothing(transaction, &envelope)?;
            let entry = entry.refused(IdentityError::Unknown.code());
            accounts.entry(transaction, tenant, known && !often, entry)?
        };
        Ok(transaction.commit().await?)
    }

    /// How often a mail was asked for within the hour, this time included.
    async fn count_request(&self, tenant: &TenantId, subject: &str, now: Timestamp) -> Result<u64, TableError> {
        let hour = now.as_second().div_euclid(3600);
        let counter = Key {
            pk: format!("{tenant}#reset-mails#{subject}"),
            sk: hour.to_string(),
        };
        let forget = now.saturating_add(SignedDuration::from_hours(2)).unwrap_or(now);
        self.accounts.table.count(&counter, forget).await
    }

    /// The event by which the permission is mailed to `email`.
    fn requested(
        &self,
        reset: &PasswordReset,
        ticket: &Ticket,
        email: &str,
    ) -> Result<Envelope<PasswordResetRequested>, IdentityError> {
        let accounts = &self.accounts;
        let place = PasswordReset::place_of(&reset.tenant, &reset.id);
        let data = PasswordResetRequested {
            user_id: reset.user.clone(),
            reset_id: reset.id.clone(),
            sealed_token: accounts.fields.seal(&place, &ticket.to_string())?,
            sealed_email: accounts.fields.seal(&place, email)?,
            expires_at: reset.until,
        };
        let event = Event {
            event_type: "user.password_reset_requested",
            subject: reset.user.as_str().to_owned(),
            tenant: reset.tenant.clone(),
            data,
        };
        Ok(accounts.environment.envelope(&Cause::Outside, SOURCE, event))
    }
}
