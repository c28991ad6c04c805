//! What can go wrong in this context, and how a caller is told.

use axum::http::StatusCode;
use jiff::Timestamp;
use kernel::{Disposition, Fault};
use platform::{FieldError, Problem, TableError};

use crate::family::RefreshError;
use crate::hashing::HashError;
use crate::messages;
use crate::names::NameError;
use crate::org_chart::ChartError;
use crate::password::PasswordError;
use crate::reset::ResetError;
use crate::role::GrantError;
use crate::token_keys::KeyError;
use crate::user::UserError;

/// A request about accounts could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The table did not do what it was asked.
    #[error("accounts cannot be read or written")]
    Table(#[from] TableError),
    /// A personal field cannot be read or written.
    #[error("a personal field cannot be read or written")]
    Field(#[from] FieldError),
    /// A password cannot be hashed.
    #[error("a password cannot be hashed")]
    Hash(#[from] HashError),
    /// The token keys cannot be used.
    #[error("tokens cannot be signed")]
    Keys(#[from] KeyError),
    /// An account may not be so.
    #[error("the account cannot be so")]
    User(#[from] UserError),
    /// Powers may not be given so.
    #[error("powers cannot be given so")]
    Grant(#[from] GrantError),
    /// The organisation may not be so.
    #[error("the organisation cannot be so")]
    Chart(#[from] ChartError),
    /// The password is refused.
    #[error("the password is refused")]
    Password(#[from] PasswordError),
    /// A field holds nothing of its kind.
    #[error("a field cannot be read")]
    Name(#[from] NameError),
    /// A refresh token is not good.
    #[error("the session does not go on")]
    Refresh(#[from] RefreshError),
    /// The permission to choose a password is not good.
    #[error("no password may be chosen")]
    Reset(#[from] ResetError),
    /// Somebody else has a name that only one may have.
    #[error("another user has the same {0}")]
    Taken(&'static str),
    /// Username and password do not belong together, or there is no such user, or no such tenant.
    #[error("wrong credentials")]
    WrongCredentials,
    /// Too many wrong passwords.
    #[error("locked until {until}")]
    Locked {
        /// When to come back.
        until: Timestamp,
        /// The present moment.
        now: Timestamp,
    },
    /// There is no such thing, or it is another tenant's.
    #[error("there is no such thing")]
    Unknown,
    /// Somebody else changed it first.
    #[error("it was changed meanwhile")]
    Stale,
    /// Only a person may do this.
    #[error("only a person may do this")]
    PersonOnly,
    /// A file of users cannot be read.
    #[error("the file cannot be read as users")]
    File,
}

impl Fault for IdentityError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Field(error) => error.code(),
            Self::Hash(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::User(error) => error.code(),
            Self::Grant(error) => error.code(),
            Self::Chart(error) => error.code(),
            Self::Password(error) => error.code(),
            Self::Name(_) => "identity.invalid_field",
            Self::Refresh(error) => error.code(),
            Self::Reset(error) => error.code(),
            Self::Taken(_) => "identity.taken",
            Self::WrongCredentials => "session.wrong_credentials",
            Self::Locked { .. } => "session.locked",
            Self::Unknown => "identity.unknown",
            Self::Stale => "identity.stale",
            Self::PersonOnly => "identity.person_only",
            Self::File => "identity.file",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            Self::Field(error) => error.disposition(),
            Self::Hash(error) => error.disposition(),
            Self::Keys(error) => error.disposition(),
            Self::User(_)
            | Self::Grant(_)
            | Self::Chart(_)
            | Self::Password(_)
            | Self::Name(_)
            | Self::Refresh(_)
            | Self::Reset(_)
            | Self::Taken(_)
            | Self::WrongCredentials
            | Self::Locked { .. }
            | Self::Unknown
            | Self::Stale
            | Self::PersonOnly
            | Self::File => Disposition::Reject,
        }
    }
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        use IdentityError as E;
        let code = error.code();
        let ours = |error: &dyn Fault| Self::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN);
        let new = |status, title| Self::new(status, code, title);
        match &error {
            E::Table(TableError::NotFound(_)) | E::Unknown => platform::unknown(),
            E::Table(TableError::AlreadyExists | TableError::Conflict) => new(StatusCode::CONFLICT, messages::CONFLICT),
            E::Stale => platform::IfMatch::stale(),
            E::Table(TableError::Format(_) | TableError::Unavailable(_)) | E::Field(_) | E::Hash(_) | E::Keys(_) => {
                ours(&error)
            }
            E::User(refused) => match refused {
                UserError::RtWithoutRw => new(StatusCode::UNPROCESSABLE_ENTITY, messages::RT_WITHOUT_RW),
                UserError::TerritoryMissing => new(StatusCode::UNPROCESSABLE_ENTITY, messages::TERRITORY_MISSING),
                UserError::Grant(refused) => grant(refused),
            },
            E::Grant(refused) => grant(refused),
            E::Chart(refused) => chart(*refused),
            E::Password(PasswordError::Weak(weaknesses)) => {
                let sentences: Vec<_> = weaknesses
                    .iter()
                    .map(|weakness| messages::weakness(*weakness))
                    .collect();
                new(StatusCode::UNPROCESSABLE_ENTITY, messages::WEAK_PASSWORD).with_detail(sentences.join(" "))
            }
            E::Password(PasswordError::Reused) => new(StatusCode::UNPROCESSABLE_ENTITY, messages::REUSED_PASSWORD),
            E::Name(name) => {
                let detail = format!("{} {}", messages::FIELD, name.kind);
                new(StatusCode::UNPROCESSABLE_ENTITY, messages::INVALID_FIELD).with_detail(detail)
            }
            // Whoever presents a bad token is not told why: the thief and the victim see the same.
            E::Refresh(RefreshError::Ended | RefreshError::Reused) => {
                Self::new(StatusCode::UNAUTHORIZED, "session.ended", messages::SESSION_ENDED)
            }
            E::Reset(ResetError::Void) => new(StatusCode::UNPROCESSABLE_ENTITY, messages::RESET_VOID),
            E::Taken(field) => {
                new(StatusCode::CONFLICT, messages::TAKEN).with_detail(format!("{} {field}", messages::FIELD))
            }
            E::WrongCredentials => new(StatusCode::UNAUTHORIZED, messages::WRONG_CREDENTIALS),
            E::Locked { until, now } => {
                let minutes = until.duration_since(*now).as_mins().saturating_add(1);
                new(StatusCode::TOO_MANY_REQUESTS, messages::LOCKED).with_detail(messages::come_back_in(minutes))
            }
            E::PersonOnly => new(StatusCode::FORBIDDEN, messages::PERSON_ONLY),
            E::File => new(StatusCode::UNPROCESSABLE_ENTITY, messages::FILE),
        }
    }
}

fn grant(error: &GrantError) -> Problem {
    let (status, title) = match error {
        GrantError::Escalation => (StatusCode::FORBIDDEN, messages::ESCALATION),
        GrantError::Oneself => (StatusCode::FORBIDDEN, messages::ONESELF),
        GrantError::SystemRole => (StatusCode::CONFLICT, messages::SYSTEM_ROLE),
        GrantError::TooMany => (StatusCode::UNPROCESSABLE_ENTITY, messages::TOO_MANY_ROLES),
        GrantError::Unknown => (StatusCode::UNPROCESSABLE_ENTITY, messages::UNKNOWN_ROLE),
    };
    Problem::new(status, error.code(), title)
}

fn chart(error: ChartError) -> Problem {
    let (status, title) = match error {
        ChartError::Unknown => return platform::unknown(),
        ChartError::Taken => (StatusCode::CONFLICT, messages::UNIT_TAKEN),
        ChartError::UnknownParent => (StatusCode::UNPROCESSABLE_ENTITY, messages::UNKNOWN_PARENT),
        ChartError::Circle => (StatusCode::UNPROCESSABLE_ENTITY, messages::CIRCLE),
        ChartError::TooLarge => (StatusCode::UNPROCESSABLE_ENTITY, messages::CHART_TOO_LARGE),
        ChartError::HasChildren => (StatusCode::CONFLICT, messages::HAS_CHILDREN),
    };
    Problem::new(status, error.code(), title)
}
