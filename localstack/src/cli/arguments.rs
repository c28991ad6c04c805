//! What can be said to `absah`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use identity::{Email, Username};
use kernel::{DocumentId, PublicUrl, TenantId};

use super::DEFAULT_ADDRESS;

/// Absah on one machine: permits are detected, approved, signed, sealed and verifiable.
#[derive(Debug, Parser)]
#[command(name = "absah", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Drive PDFs from the inbox to a verified document, then keep serving.
    Demo(DemoArguments),
    /// Serve, and print how AWS clients reach it.
    Up(UpArguments),
    /// Print the development root certificates as PEM.
    Roots(DataArguments),
    /// Approve a document as the demo official, on the stack at `AWS_ENDPOINT_URL`.
    Approve(ApproveArguments),
    /// Print a bearer token of the demo official, for the decide and health functions.
    Token(DataArguments),
    /// Send the dead letters of a step back to it, on the stack at `AWS_ENDPOINT_URL`.
    Redrive(RedriveArguments),
    /// Keep the accounts of administrators, on the stack at `AWS_ENDPOINT_URL`.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Look into the audit, on the stack at `AWS_ENDPOINT_URL`.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write a data folder that nobody serves from into one file.
    Backup(BackupArguments),
    /// Make a data folder out of a backup.
    Restore(BackupArguments),
}

#[derive(Debug, Args, Default)]
pub(crate) struct DemoArguments {
    /// The PDFs; a sample permit if none is named. `NAME.json` beside `NAME.pdf` describes it.
    pub(crate) files: Vec<PathBuf>,
    /// Stop when all files have ended.
    #[arg(long)]
    pub(crate) exit: bool,
    /// One JSON object a line instead of a display.
    #[arg(long)]
    pub(crate) json: bool,
    /// Put each finished file here, as NAME.final.pdf.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) data: DataArguments,
    /// Where to listen; 127.0.0.1:9000, or a free port if that is taken.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(super) struct UpArguments {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_ADDRESS)]
    pub(super) listen: SocketAddr,
    /// What QR codes begin with, if people reach this machine by another address.
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<PublicUrl>,
    /// Requests per minute, as JSON: sign-in per address, reading and writing per caller, everything per tenant.
    #[arg(long, value_name = "JSON", env = "RATE_LIMITS")]
    pub(super) rate_limits: Option<String>,
    /// By which a proxy in front proves that it may say whose requests it passes on, 16 characters or more; better given by
    /// the variable than on the command line, which others can read.
    #[arg(long, value_name = "SECRET", env = "PROXY_SECRET", hide_env_values = true)]
    pub(super) proxy_secret: Option<String>,
    #[command(flatten)]
    pub(super) inbox: InboxArguments,
    #[command(flatten)]
    pub(super) mail: MailArguments,
    #[command(flatten)]
    pub(super) data: DataArguments,
}

/// The server that takes mails. Without one, no mail is sent.
#[derive(Debug, Args)]
pub(super) struct MailArguments {
    /// `smtps://HOST` (TLS) or `smtp://HOST` (STARTTLS; on this machine without TLS), perhaps with a port.
    #[arg(long = "smtp", value_name = "URL", env = "SMTP_URL", requires = "mail_from")]
    pub(super) smtp: Option<String>,
    /// Who the mails are from, such as "Absah <absah@contoh.go.id>".
    #[arg(long, value_name = "ADDRESS", env = "MAIL_FROM")]
    pub(super) mail_from: Option<String>,
    /// Whom the server knows us as.
    #[arg(long, value_name = "NAME", env = "SMTP_USER", requires = "smtp_password")]
    pub(super) smtp_user: Option<String>,
    /// Our password there; better given by the variable than on the command line, which others can read.
    #[arg(long, value_name = "PASSWORD", env = "SMTP_PASSWORD", hide_env_values = true)]
    pub(super) smtp_password: Option<String>,
    /// Certificates (PEM) of authorities that the server's certificate may be of, beside those of the system. With it, TLS is
    /// demanded on this machine too.
    #[arg(long, value_name = "FILE", env = "SMTP_CA_FILE", requires = "smtp")]
    pub(super) smtp_ca: Option<String>,
}

impl MailArguments {
    /// As parameters of the template.
    pub(super) fn parameters(self) -> impl Iterator<Item = (String, String)> {
        let given = [
            ("SmtpUrl", self.smtp),
            ("MailFrom", self.mail_from),
            ("SmtpUser", self.smtp_user),
            ("SmtpPassword", self.smtp_password),
            ("SmtpCaFile", self.smtp_ca),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

/// Another store than this one for the inbox, such as MinIO, which reports to the detect function.
#[derive(Debug, Args)]
pub(super) struct InboxArguments {
    /// Where documents are dropped, if that is another S3-compatible store.
    #[arg(value_name = "URL", id = "inbox_endpoint_url", long = "inbox-endpoint-url", env = "INBOX_ENDPOINT_URL", requires_all = ["inbox_access_key_id", "inbox_secret_access_key"])]
    pub(super) endpoint_url: Option<String>,
    /// Its access key.
    #[arg(
        id = "inbox_access_key_id",
        long = "inbox-access-key-id",
        value_name = "KEY",
        env = "INBOX_ACCESS_KEY_ID",
        hide_env_values = true
    )]
    pub(super) access_key_id: Option<String>,
    /// Its secret key; better given by the variable than on the command line, which others can read.
    #[arg(
        id = "inbox_secret_access_key",
        long = "inbox-secret-access-key",
        value_name = "KEY",
        env = "INBOX_SECRET_ACCESS_KEY",
        hide_env_values = true
    )]
    pub(super) secret_access_key: Option<String>,
}

impl InboxArguments {
    /// As parameters of the template.
    pub(super) fn parameters(self) -> impl Iterator<Item = (String, String)> {
        let given = [
            ("InboxEndpointUrl", self.endpoint_url),
            ("InboxAccessKeyId", self.access_key_id),
            ("InboxSecretAccessKey", self.secret_access_key),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

#[derive(Debug, Args)]
pub(super) struct ApproveArguments {
    /// The document's id, as `absah up` shows it.
    pub(super) id: DocumentId,
    #[command(flatten)]
    pub(super) data: DataArguments,
}

#[derive(Debug, Args)]
pub(super) struct RedriveArguments {
    /// The step, such as `import`.
    pub(super) queue: String,
    /// Why, for the audit.
    #[arg(long, value_name = "SENTENCE")]
    pub(super) reason: String,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "absah")]
    pub(super) stack: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Make the first administrator of a tenant, and print the password that is good once.
    Create(CreateAdministratorArguments),
}

#[derive(Debug, Args)]
pub(super) struct CreateAdministratorArguments {
    /// Whose administrator. The tenant begins to exist if it does not yet.
    pub(super) tenant: TenantId,
    /// What the administrator signs in with.
    #[arg(long, value_name = "NAME")]
    pub(super) username: Username,
    /// Where a forgotten password is asked for.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) email: Email,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "absah")]
    pub(super) stack: String,
    #[command(flatten)]
    pub(super) data: DataArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check that nobody changed a tenant's chain; if somebody did, name the first row that is concerned.
    Verify(VerifyAuditArguments),
}

#[derive(Debug, Args)]
pub(super) struct VerifyAuditArguments {
    /// Whose chain.
    pub(super) tenant: TenantId,
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = "absah")]
    pub(super) stack: String,
}

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The backup.
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) data: DataArguments,
}

#[derive(Debug, Args, Default)]
pub(super) struct DataArguments {
    /// The folder for keys and data.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}
