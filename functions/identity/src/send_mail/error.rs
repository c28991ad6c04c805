//! Why a mail was not sent. What a server says beside its number may repeat the address, so it is not kept.

use kernel::{Disposition, Fault};
use platform::{FieldError, TableError};

use crate::names::NameError;

/// A mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Accounts or deliveries.
    #[error("accounts or deliveries cannot be read or written")]
    Table(#[from] TableError),
    /// What is sealed.
    #[error("a sealed field cannot be read")]
    Field(#[from] FieldError),
    /// The address is none.
    #[error("the address is none")]
    Address(#[from] NameError),
    /// The mail cannot be written.
    #[error("the mail cannot be written")]
    Encoding,
    /// Somebody else is sending it.
    #[error("somebody else is sending it")]
    InProgress,
    /// What it says is over.
    #[error("what it would say is over")]
    Late,
    /// The server cannot be reached, or does not speak as it should.
    #[error("the mail server cannot be reached: {0}")]
    Unavailable(&'static str),
    /// The server offers no connection that nobody else can read.
    #[error("the mail server offers no secure connection: {0}")]
    Insecure(&'static str),
    /// The server does not know us.
    #[error("the mail server does not let us in, status {0}")]
    NotAllowed(u16),
    /// The server asks to come again.
    #[error("the mail server asks to come again, status {0}")]
    Deferred(u16),
    /// The server will never take it.
    #[error("the mail server refuses the mail, status {0}")]
    Refused(u16),
}

impl SendError {
    /// Whether no mail to anybody would be taken now.
    pub(super) const fn concerns_everybody(&self) -> bool {
        match self {
            Self::Table(_) | Self::Unavailable(_) | Self::Insecure(_) | Self::NotAllowed(_) => true,
            Self::Field(_)
            | Self::Address(_)
            | Self::Encoding
            | Self::InProgress
            | Self::Late
            | Self::Deferred(_)
            | Self::Refused(_) => false,
        }
    }

    /// What the server answered.
    pub(super) const fn status(&self) -> Option<u16> {
        match self {
            Self::NotAllowed(status) | Self::Deferred(status) | Self::Refused(status) => Some(*status),
            Self::Table(_)
            | Self::Field(_)
            | Self::Address(_)
            | Self::Encoding
            | Self::InProgress
            | Self::Late
            | Self::Unavailable(_)
            | Self::Insecure(_) => None,
        }
    }
}

impl Fault for SendError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Field(error) => error.code(),
            Self::Address(_) => "mail.bad_address",
            Self::Encoding => "mail.encoding",
            Self::InProgress => "mail.in_progress",
            Self::Late => "mail.late",
            Self::Unavailable(_) => "mail.unavailable",
            Self::Insecure(_) => "mail.insecure",
            Self::NotAllowed(_) => "mail.not_allowed",
            Self::Deferred(_) => "mail.deferred",
            Self::Refused(_) => "mail.refused",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Field(error) => error.disposition(),
            Self::InProgress | Self::Unavailable(_) | Self::Insecure(_) | Self::NotAllowed(_) | Self::Deferred(_) => {
                Disposition::Retry
            }
            Self::Address(_) | Self::Encoding | Self::Late | Self::Refused(_) => Disposition::Reject,
        }
    }
}
