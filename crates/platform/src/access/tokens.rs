//! Reading access tokens. Public keys stand in a row that the function writes which signs people in.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kernel::{Clock, Disposition, Fault};
use serde::{Deserialize, Serialize};
use tokio::sync::RwLock;

use super::{AUDIENCE, Claims};
use crate::config::ConfigError;
use crate::environment::Environment;
use crate::table::{Key, Record, Table, TableError};

/// A key that was taken away is not trusted for longer.
const FRESH: SignedDuration = SignedDuration::from_mins(1);
/// However many tokens name unknown keys, the row is read no oftener. New keys are published longer than this before they
/// sign.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// Clocks differ by so many seconds.
const LEEWAY_S: u64 = 30;

/// The public keys of access tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKeys {
    /// Those that sign, and those that did until now.
    pub keys: Vec<PublicKey>,
}

/// A P-256 public key (RFC 7517, RFC 7518).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The name by which tokens refer to it.
    pub kid: String,
    /// The coordinate, base64url without padding.
    pub x: String,
    /// The coordinate, base64url without padding.
    pub y: String,
    /// When it was first published. A row that does not say is published anew.
    #[serde(default)]
    pub since: Timestamp,
    /// Until when it is trusted: whoever has it to sign with puts that off.
    #[serde(default)]
    pub until: Timestamp,
}

impl TokenKeys {
    /// The row of the keys.
    #[must_use]
    pub fn key() -> Key {
        Key {
            pk: "system#token-keys".into(),
            sk: "state".into(),
        }
    }
}

impl Record for TokenKeys {
    fn key(&self) -> Key {
        Self::key()
    }
}

/// A token is not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// It is forged, for somebody else, or over.
    #[error("the token is not valid")]
    Invalid,
    /// The keys could not be read.
    #[error("the keys of tokens cannot be read")]
    Keys(#[source] TableError),
}

impl Fault for TokenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "access.unauthorized",
            Self::Keys(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Invalid => Disposition::Reject,
            Self::Keys(error) => error.disposition(),
        }
    }
}

/// Reads tokens.
#[derive(Clone)]
pub(crate) struct Tokens {
    table: Table,
    clock: Arc<dyn Clock>,
    /// Of an issuer whose key was configured; its tokens name no key.
    configured: Option<Arc<DecodingKey>>,
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Arc<DecodingKey>>,
    read_at: Option<Timestamp>,
}

impl Tokens {
    pub(crate) fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let pem = environment.settings.optional("TOKEN_PUBLIC_KEY");
        let configured = pem.map(|pem| DecodingKey::from_ec_pem(pem.as_bytes())).transpose();
        Ok(Self {
            table: environment.table()?,
            clock: environment.clock.clone(),
            configured: configured
                .map_err(|error| ConfigError::invalid("TOKEN_PUBLIC_KEY", error))?
                .map(Arc::new),
            known: Arc::default(),
        })
    }

    /// The claims of a token that is signed with ES256 by a key of ours, in time, and for us.
    pub(crate) async fn read(&self, token: &str) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(|_malformed| TokenError::Invalid)?;
        let key = match header.kid {
            Some(kid) => self.key(&kid).await?,
            None => self.configured.clone(),
        };
        let key = key.ok_or(TokenError::Invalid)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.leeway = LEEWAY_S;
        let read = decode::<Claims>(token, &key, &validation);
        read.map(|token| token.claims).map_err(|_refused| TokenError::Invalid)
    }

    async fn key(&self, kid: &str) -> Result<Option<Arc<DecodingKey>>, TokenError> {
        let now = self.clock.now();
        {
            let known = self.known.read().await;
            let age = known.read_at.map(|at| now.duration_since(at));
            let key = known.keys.get(kid);
            // Before the first key of all is published there is nothing to remember.
            let limit = match key {
                Some(_) => FRESH,
                None if known.keys.is_empty() => SignedDuration::ZERO,
                None => PAUSE,
            };
            if age.is_some_and(|age| age < limit) {
                return Ok(key.cloned());
            }
        }
        let found = self.table.find::<TokenKeys>(&TokenKeys::key()).await;
        let found = found.map_err(TokenError::Keys)?;
        let published = found.map(|stored| stored.value.keys).unwrap_or_default();
        let trusted = published.into_iter().filter(|key| now < key.until);
        let keys = trusted.filter_map(|key| {
            let decoding = DecodingKey::from_ec_components(&key.x, &key.y).ok()?;
            Some((key.kid, Arc::new(decoding)))
        });
        let mut known = self.known.write().await;
        known.keys = keys.collect();
        known.read_at = Some(now);
        Ok(known.keys.get(kid).cloned())
    }
}
