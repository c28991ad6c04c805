//! send-mail: what people must be told reaches them by e-mail. Other contexts know people by their ids only; addresses are
//! read here.

mod delivery;
mod error;
mod events;
mod mail;
mod server;

use jiff::Timestamp;
use kernel::{Disposition, Envelope, EventId, Fault, PublicUrl, TenantId};
use platform::{ConfigError, Environment, Function, Settings, Step};
use serde::Deserialize;

use crate::accounts::Accounts;
use crate::names::{Email, UserId};
use crate::reset::PasswordResetRequested;
use crate::user::User;
use delivery::Delivery;
use error::SendError;
use events::NotPassed;
use mail::Text;
use server::MailServer;

/// Builds the function. Settings: `TABLE_NAME`, `FIELD_KEYS_FILE`, `PUBLIC_URL`; `ACCOUNTS_URL` where people reach `session`
/// by another address; `SMTP_URL` and `MAIL_FROM`, without which no mail is sent; `SMTP_USER` and `SMTP_PASSWORD` where the
/// server asks for them; `SMTP_CA_FILE` where its certificate is of an authority that the system does not know.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let step = SendMail {
        accounts: Accounts::connect(environment)?,
        accounts_url: accounts_url(&environment.settings)?,
        server: MailServer::connect(&environment.settings)?,
    };
    if step.server.is_none() {
        tracing::warn!(
            error.code = "mail.not_configured",
            "no mail server is configured; mails are not sent"
        );
    }
    Function::queue(environment, step)
}

/// What links for forgotten passwords begin with.
fn accounts_url(settings: &Settings) -> Result<PublicUrl, ConfigError> {
    let name = match settings.optional("ACCOUNTS_URL") {
        Some(_) => "ACCOUNTS_URL",
        None => "PUBLIC_URL",
    };
    settings.require(&[name])?.parse(name)
}

/// The step's context.
struct SendMail {
    accounts: Accounts,
    accounts_url: PublicUrl,
    server: Option<MailServer>,
}

/// What the step is triggered by.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    /// `user.password_reset_requested`.
    Reset(Envelope<PasswordResetRequested>),
    /// `approval.sent_back`, `.returned`, `.rejected` or `.reopened`.
    NotPassed(Envelope<NotPassed>),
}

/// Somebody who is to get a mail.
struct Recipient {
    id: UserId,
    email: Email,
}

/// What a mail is sent for: the same event is told to the same person once.
struct Cause<'a> {
    tenant: &'a TenantId,
    event: EventId,
}

impl Step for SendMail {
    const NAME: &'static str = "send-mail";
    type Message = Message;
    type Error = SendError;

    async fn handle(&self, message: Message) -> Result<(), SendError> {
        // What could not be sent then is not sent when a server is configured at last: nobody waits for it any more.
        let Some(server) = &self.server else { return Ok(()) };
        match message {
            Message::Reset(requested) => self.reset(server, requested).await,
            Message::NotPassed(changed) => self.not_passed(server, changed).await,
        }
    }
}

impl SendMail {
    async fn reset(&self, server: &MailServer, requested: Envelope<PasswordResetRequested>) -> Result<(), SendError> {
        let Envelope { id, tenant, data, .. } = requested;
        if self.now() >= data.expires_at {
            return Err(SendError::Late);
        }
        let (fields, place) = (&self.accounts.fields, data.place(&tenant));
        let token = fields.open(&place, &data.sealed_token)?;
        let email = fields.open(&place, &data.sealed_email)?.parse()?;
        let text = Text::reset(&self.accounts_url, &token);
        let recipient = Recipient {
            id: data.user_id,
            email,
        };
        let cause = Cause {
            tenant: &tenant,
            event: id,
        };
        self.deliver(server, &cause, &recipient, &text).await
    }

    /// One whom the server does not take keeps the others from nothing. One who may be taken later makes the message come
    /// again, for those who have no mail yet.
    async fn not_passed(&self, server: &MailServer, changed: Envelope<NotPassed>) -> Result<(), SendError> {
        let text = Text::not_passed(&changed.event_type, &changed.data);
        let cause = Cause {
            tenant: &changed.tenant,
            event: changed.id,
        };
        let (mut later, mut never) = (None, None);
        for person in &changed.data.informed {
            let Some(recipient) = self.recipient(&changed.tenant, person).await? else {
                continue;
            };
            match self.deliver(server, &cause, &recipient, &text).await {
                Ok(()) => {}
                // Nobody else would be reached either.
                Err(error) if error.concerns_everybody() => return Err(error),
                Err(error) => match error.disposition() {
                    Disposition::Retry => later = Some(error),
                    Disposition::Reject => never = Some(error),
                },
            }
        }
        later.or(never).map_or(Ok(()), Err)
    }

    /// None for who has no account here, no address, or may not sign in any more.
    async fn recipient(&self, tenant: &TenantId, person: &str) -> Result<Option<Recipient>, SendError> {
        let Ok(id) = person.parse::<UserId>() else {
            return Ok(None);
        };
        let found = self.accounts.find(tenant, &id).await?;
        let Some(user) = found.map(|stored| stored.value).filter(|user| user.active) else {
            return Ok(None);
        };
        let Some(email) = &user.profile.email else {
            return Ok(None);
        };
        let place = User::place(tenant, &id, "email");
        let email = self.accounts.fields.open(&place, &email.sealed)?.parse()?;
        Ok(Some(Recipient { id, email }))
    }

    /// Sends a mail that was not sent before. A process that dies between sending and writing it down sends it again, under
    /// the same `Message-ID`.
    async fn deliver(
        &self,
        server: &MailServer,
        cause: &Cause<'_>,
        recipient: &Recipient,
        text: &Text,
    ) -> Result<(), SendError> {
        let table = &self.accounts.table;
        let key = Delivery::key_of(cause.tenant, cause.event, &recipient.id);
        let found = table.find::<Delivery>(&key).await?;
        let version = found.as_ref().map_or(0, |stored| stored.version);
        let known = found.map(|stored| stored.value);
        let Some(begun) = Delivery::begin(known, cause.tenant, cause.event, &recipient.id, self.now())? else {
            return Ok(());
        };
        self.keep(&begun, version).await?;
        let sent = server.send(cause.event, recipient, text, self.now()).await;
        let ended = match &sent {
            Ok(()) => begun.sent(self.now()),
            Err(error) => begun.not_taken(error.code(), error.status(), self.now()),
        };
        // Where the failure itself cannot be written down, the lease ends it.
        sent.and(self.keep(&ended, version + 1).await)
    }

    async fn keep(&self, delivery: &Delivery, version: u64) -> Result<(), SendError> {
        let transaction = self.accounts.table.transaction().update(delivery, version)?;
        Ok(transaction.expires(delivery.keep_until()).commit().await?)
    }

    fn now(&self) -> Timestamp {
        self.accounts.environment.now()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn begins_with(settings: &[(&str, &str)]) -> Result<String, String> {
        let pairs = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let url = accounts_url(&pairs.collect());
        url.map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn mailed_links_lead_to_where_accounts_are_and_else_to_the_public_site() {
        let site = ("PUBLIC_URL", "https://s.contoh.go.id");
        let accounts = ("ACCOUNTS_URL", "https://akun.contoh.go.id/");
        assert_eq!(begins_with(&[site, accounts]).unwrap(), "https://akun.contoh.go.id");
        assert_eq!(begins_with(&[site, ("ACCOUNTS_URL", "")]).unwrap(), site.1);
        assert_eq!(begins_with(&[site]).unwrap(), site.1);
        assert_eq!(
            begins_with(&[]).unwrap_err(),
            "these environment variables are not set: PUBLIC_URL"
        );
        assert_eq!(
            begins_with(&[site, ("ACCOUNTS_URL", "akun")]).unwrap_err(),
            "environment variable ACCOUNTS_URL cannot be read"
        );
    }
}
