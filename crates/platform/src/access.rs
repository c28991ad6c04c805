//! Who is asking, and what they may do.

mod api_key;
mod maker;
mod territory;
mod tokens;

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use kernel::TenantId;
use serde::{Deserialize, Serialize};

use crate::messages;
use crate::problem::Problem;

pub use api_key::{ApiKey, ApiKeySecret};
pub use maker::{Grants, Maker, SystemGrants};
pub use territory::Territory;
pub use tokens::{PublicKey, TokenKeys};
pub(crate) use tokens::{TokenError, Tokens};

/// The audience of our tokens.
pub const AUDIENCE: &str = "absah";

/// The claims of an access token (JWT, RFC 7519), signed with ES256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The person's id.
    pub sub: String,
    /// The person's name.
    pub name: String,
    /// Whose official or resident.
    pub tenant_id: TenantId,
    /// The person's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The person's roles.
    pub roles: Vec<String>,
    /// What the roles allow, as `resource:action`.
    #[serde(default)]
    pub permissions: BTreeSet<String>,
    /// Where the person is responsible or lives.
    #[serde(flatten)]
    pub territory: Territory,
    /// The office's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_unit: Option<String>,
    /// The sign-in that the token comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// The token's own id.
    #[serde(default)]
    pub jti: String,
}

/// Whoever sent a request, as an extractor. Without a valid token or key, the request is answered 401.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The id of the person or key.
    pub id: String,
    /// The name.
    pub name: String,
    /// Whose.
    pub tenant: TenantId,
    /// The roles of a person; a program has none.
    pub roles: Vec<String>,
    /// What the caller may do, as `resource:action`.
    pub permissions: BTreeSet<String>,
    /// Where a person is responsible or lives.
    pub territory: Territory,
    /// The office's unit.
    pub org_unit: Option<String>,
    /// The sign-in that a person's token comes from.
    pub session: Option<String>,
    /// A person or a program.
    pub kind: CallerKind,
}

/// A person or a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// Signed in.
    Person,
    /// Holds an API key.
    Integrator,
}

impl Caller {
    /// Whether the caller may do `permission`.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.contains(permission)
    }

    /// An answer 403 unless the caller may do `permission`.
    pub fn require(&self, permission: &str) -> Result<(), Problem> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "access.forbidden",
                messages::FORBIDDEN,
            ))
        }
    }

    /// The program that holds `key`, with what it was given of what its maker `may` do now.
    pub(crate) fn program(key: ApiKey, may: &BTreeSet<String>) -> Self {
        Self {
            id: key.id,
            name: key.name,
            tenant: key.tenant,
            roles: Vec::new(),
            permissions: key.scopes.intersection(may).cloned().collect(),
            territory: Territory::default(),
            org_unit: None,
            session: None,
            kind: CallerKind::Integrator,
        }
    }
}

impl From<Claims> for Caller {
    fn from(claims: Claims) -> Self {
        Self {
            id: claims.sub,
            name: claims.name,
            tenant: claims.tenant_id,
            roles: claims.roles,
            permissions: claims.permissions,
            territory: claims.territory,
            org_unit: claims.org_unit,
            session: claims.sid,
            kind: CallerKind::Person,
        }
    }
}

/// The answer to who is nobody.
pub(crate) fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "access.unauthorized", messages::UNAUTHORIZED)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthorized)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Problem> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
