//! Tokens of the demo official, until people sign in by themselves.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::{AUDIENCE, Claims, Territory};

use kernel::{Ids, RandomIds};

use crate::home::{Home, HomeError};
use crate::pki::{DEMO_OFFICIAL, DEMO_OFFICIAL_NAME};
use crate::stack::DEMO_TENANT;

/// How long a demo token lasts.
const LIFETIME: SignedDuration = SignedDuration::from_hours(12);

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The key could not be read.
    #[error("the token key could not be read")]
    Home(#[source] HomeError),
    /// The demo's tenant is none.
    #[error("the demo's tenant is none")]
    Tenant(#[source] kernel::ParseIdError),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// A bearer token of the demo official.
pub(crate) fn demo_token(home: &Home, now: Timestamp) -> Result<String, TokenError> {
    let tenant = DEMO_TENANT.parse().map_err(TokenError::Tenant)?;
    let claims = Claims {
        sub: DEMO_OFFICIAL.into(),
        name: DEMO_OFFICIAL_NAME.into(),
        tenant_id: tenant,
        email: None,
        roles: vec!["head_of_office".into()],
        permissions: ["approval:decide", "approval:read", "health:read"]
            .map(str::to_owned)
            .into(),
        territory: Territory::default(),
        org_unit: None,
        sid: None,
        aud: AUDIENCE.into(),
        jti: RandomIds.event_id(now).to_string(),
        iat: now.as_second(),
        exp: (now + LIFETIME).as_second(),
    };
    let pem = home.token_private_key().map_err(TokenError::Home)?;
    let key = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(TokenError::Sign)?;
    encode(&Header::new(Algorithm::ES256), &claims, &key).map_err(TokenError::Sign)
}
