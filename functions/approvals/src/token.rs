//! Who is asking: bearer tokens (JWT, RFC 7519), signed with ES256 by whoever signs people in.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use kernel::TenantId;
use serde::{Deserialize, Serialize};

/// The audience of tokens for this function.
pub(crate) const AUDIENCE: &str = "absah";

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The official's id.
    pub sub: String,
    /// The official's name.
    pub name: String,
    /// Whose official.
    pub tenant_id: TenantId,
    /// The official's roles.
    pub roles: Vec<String>,
    /// Always `absah`.
    pub aud: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// Who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The official's id.
    pub id: String,
    /// The official's name.
    pub name: String,
    /// The official's roles.
    pub roles: Vec<String>,
}

/// Checks tokens with one public key.
#[derive(Clone)]
pub(crate) struct Tokens(DecodingKey);

impl Tokens {
    /// Takes the public key as PEM.
    pub(crate) fn new(public_key_pem: &str) -> Result<Self, jsonwebtoken::errors::Error> {
        DecodingKey::from_ec_pem(public_key_pem.as_bytes()).map(Self)
    }

    /// The claims of a token that is signed by the key with ES256, in time, and for us.
    pub(crate) fn read(&self, token: &str) -> Result<Claims, jsonwebtoken::errors::Error> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.leeway = 30;
        decode::<Claims>(token, &self.0, &validation).map(|token| token.claims)
    }
}
