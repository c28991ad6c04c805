//! The mail server that takes our mails, over SMTP.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter::successors;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use kernel::EventId;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use platform::{ConfigError, Settings};

use super::Recipient;
use super::error::SendError;
use super::mail::Text;

/// For one mail, from connecting to the server's last word.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The setting that names a file of certificates (PEM) that are trusted beside those of the system.
const AUTHORITY: &str = "SMTP_CA_FILE";

/// The server, and who the mails are from.
pub(super) struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Where a mail server is: `smtps://host` (TLS from the beginning, port 465) or `smtp://host` (STARTTLS, port 587), each with
/// another port if need be. Only a server on this machine may do without TLS, and is asked for none unless an authority is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SmtpUrl {
    host: String,
    port: u16,
    security: Security,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    None,
    StartTls,
    Tls,
}

/// The file of the authority is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no certificate in PEM is there")]
struct NoCertificate;

/// The text is no address of a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not smtp:// or smtps:// with a host, and perhaps a port")]
pub(super) struct SmtpUrlError;

impl MailServer {
    /// None where no server is configured.
    pub(super) fn connect(settings: &Settings) -> Result<Option<Self>, ConfigError> {
        if settings.optional("SMTP_URL").is_none() {
            return Ok(None);
        }
        let vars = settings.require(&["SMTP_URL", "MAIL_FROM"])?;
        let (url, from) = (vars.parse::<SmtpUrl>("SMTP_URL")?, vars.parse::<Mailbox>("MAIL_FROM")?);
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&url.host)
            .port(url.port)
            .tls(tls(&url, settings)?)
            .timeout(Some(TIME_LIMIT))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        let secrets = ["SMTP_USER", "SMTP_PASSWORD"];
        if secrets.iter().any(|name| settings.optional(name).is_some()) {
            let vars = settings.require(&secrets)?;
            let (user, password) = (vars.text("SMTP_USER")?, vars.text("SMTP_PASSWORD")?);
            transport = transport.credentials(Credentials::new(user, password));
        }
        Ok(Some(Self {
            transport: transport.build(),
            from,
        }))
    }

    /// Hands a mail over.
    pub(super) async fn send(
        &self,
        event: EventId,
        to: &Recipient,
        text: &Text,
        now: Timestamp,
    ) -> Result<(), SendError> {
        let mail = text.write(&self.from, event, to, now)?;
        let sent = tokio::time::timeout(TIME_LIMIT, self.transport.send(mail)).await;
        let sent = sent.map_err(|_elapsed| SendError::Unavailable("it does not answer in time"))?;
        sent.map(drop).map_err(|error| told(&error))
    }
}

/// What a server is asked for, and whom we believe that it is itself.
fn tls(url: &SmtpUrl, settings: &Settings) -> Result<Tls, ConfigError> {
    let authority = authority(settings)?;
    let is_named = authority.is_some();
    let parameters = || {
        let parameters = TlsParameters::builder(url.host.clone());
        let parameters = match authority {
            Some(authority) => parameters.add_root_certificate(authority),
            None => parameters,
        };
        let named = if is_named { AUTHORITY } else { "SMTP_URL" };
        parameters.build().map_err(|error| ConfigError::invalid(named, error))
    };
    match url.security {
        Security::None if !is_named => Ok(Tls::None),
        Security::None | Security::StartTls => parameters().map(Tls::Required),
        Security::Tls => parameters().map(Tls::Wrapper),
    }
}

/// The authority of the office's own, if one is named.
fn authority(settings: &Settings) -> Result<Option<Certificate>, ConfigError> {
    let Some(path) = settings.optional(AUTHORITY) else {
        return Ok(None);
    };
    let pem = std::fs::read_to_string(path).map_err(|error| ConfigError::invalid(AUTHORITY, error))?;
    // Of a file without any, the reader makes an authority that nobody is trusted by.
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(ConfigError::invalid(AUTHORITY, NoCertificate));
    }
    let read = Certificate::from_pem(pem.as_bytes());
    read.map(Some).map_err(|error| ConfigError::invalid(AUTHORITY, error))
}

/// Nothing of the error but its number and its kind: what else it says may repeat the address.
fn told(error: &lettre::transport::smtp::Error) -> SendError {
    match error.status().map(u16::from) {
        // RFC 4954: about who sends, not about the mail. Another password helps.
        Some(status @ (530 | 534 | 535 | 538)) => SendError::NotAllowed(status),
        Some(status) if error.is_permanent() => SendError::Refused(status),
        Some(status) => SendError::Deferred(status),
        None if error.is_tls() || is_refused_by_us(error) => {
            SendError::Insecure("its certificate is not one that we trust")
        }
        None if offers_no_starttls(error) => SendError::Insecure("it offers no STARTTLS"),
        None if error.is_client() => SendError::Unavailable("it lacks what we need"),
        None if error.is_response() => SendError::Unavailable("it does not speak SMTP"),
        None => SendError::Unavailable("no connection"),
    }
}

/// Whether the TLS handshake failed: that is an error of reading, not of connecting, somewhere behind the one that is told.
fn is_refused_by_us(error: &lettre::transport::smtp::Error) -> bool {
    successors(error.source(), |cause: &&(dyn Error + 'static)| (**cause).source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::InvalidData)
}

fn offers_no_starttls(error: &lettre::transport::smtp::Error) -> bool {
    error.is_client()
        && error
            .source()
            .is_some_and(|cause| cause.to_string().contains("STARTTLS"))
}

impl FromStr for SmtpUrl {
    type Err = SmtpUrlError;

    fn from_str(text: &str) -> Result<Self, SmtpUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(SmtpUrlError)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, port)) => (
                host,
                (!port.is_empty()).then_some(port.strip_prefix(':').ok_or(SmtpUrlError)?),
            ),
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let address = host.parse::<IpAddr>().ok();
        let named = !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        if address.is_none() && !named {
            return Err(SmtpUrlError);
        }
        let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let (security, usual) = match scheme {
            "smtps" => (Security::Tls, 465),
            "smtp" if here => (Security::None, 587),
            "smtp" => (Security::StartTls, 587),
            _ => return Err(SmtpUrlError),
        };
        let port = port.map_or(Ok(usual), |port| port.parse().map_err(|_malformed| SmtpUrlError))?;
        Ok(Self {
            host: host.to_owned(),
            port,
            security,
        })
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailServer")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn only_a_server_on_this_machine_may_do_without_tls() {
        for (text, host, port, security) in [
            ("smtps://mail.contoh.go.id", "mail.contoh.go.id", 465, Security::Tls),
            ("smtp://mail.contoh.go.id", "mail.contoh.go.id", 587, Security::StartTls),
            (
                "smtp://mail.contoh.go.id:25/",
                "mail.contoh.go.id",
                25,
                Security::StartTls,
            ),
            ("smtp://10.0.0.7:2525", "10.0.0.7", 2525, Security::StartTls),
            (
                "smtp://localhost.contoh.go.id",
                "localhost.contoh.go.id",
                587,
                Security::StartTls,
            ),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Security::None),
            ("smtp://localhost:25", "localhost", 25, Security::None),
            ("smtp://[::1]:25", "::1", 25, Security::None),
            ("smtps://localhost", "localhost", 465, Security::Tls),
        ] {
            let host = host.to_owned();
            assert_eq!(text.parse(), Ok(SmtpUrl { host, port, security }), "{text}");
        }
    }

    #[test]
    fn what_is_no_mail_server_is_refused_so_are_secrets_within_the_address() {
        for bad in [
            "",
            "mail.contoh.go.id",
            "http://mail.contoh.go.id",
            "smtp://",
            "smtp://a b",
            "smtp://user:secret@mail.contoh.go.id",
            "smtp://mail.contoh.go.id:99999",
            "smtp://mail.contoh.go.id/x",
            "smtp://mail.contoh.go.id?tls=none",
            "smtp://[::1]25",
        ] {
            assert_eq!(bad.parse::<SmtpUrl>(), Err(SmtpUrlError), "{bad}");
        }
    }

    #[test]
    fn without_a_server_nothing_is_sent_and_half_a_configuration_is_none() {
        let connect = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            MailServer::connect(&owned.collect())
        };
        assert!(connect(&[("SMTP_URL", ""), ("MAIL_FROM", "")]).unwrap().is_none());
        let (url, from) = (
            ("SMTP_URL", "smtp://127.0.0.1:2525"),
            ("MAIL_FROM", "Absah <absah@contoh.go.id>"),
        );
        assert!(connect(&[url, from]).unwrap().is_some());
        let missing = |pairs: &[(&str, &str)]| connect(pairs).unwrap_err().to_string();
        assert!(missing(&[url]).ends_with("MAIL_FROM"));
        assert!(missing(&[url, from, ("SMTP_USER", "absah")]).ends_with("SMTP_PASSWORD"));
    }

    #[test]
    fn an_authority_that_cannot_be_read_is_named_and_stops_the_function() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let damaged = "-----BEGIN CERTIFICATE-----\nbukan sertifikat\n-----END CERTIFICATE-----\n";
        for content in ["", "bukan sertifikat", damaged] {
            std::fs::write(file.path(), content).unwrap();
            for path in [file.path().to_str().unwrap(), "/tidak/ada.pem"] {
                let settings = [
                    ("SMTP_URL", "smtps://mail.contoh.go.id"),
                    ("MAIL_FROM", "absah@contoh.go.id"),
                    ("SMTP_CA_FILE", path),
                ];
                let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
                let error = MailServer::connect(&settings.into_iter().collect()).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "environment variable SMTP_CA_FILE cannot be read",
                    "{content}"
                );
            }
        }
    }
}
