//! Keys of programs: `absah_<id>_<secret>`, of which only a digest is kept.

use std::collections::BTreeSet;

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use kernel::{Sha256Digest, TenantId};
use serde::{Deserialize, Serialize};

use crate::table::{Indexes, Key, Record};

/// What each key begins with, so that it is recognised where it should not be.
const PREFIX: &str = "absah";

/// The key of a program, as it is kept. The secret has 256 random bits, so that a plain digest hides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The public half.
    pub id: String,
    /// What the program is called.
    pub name: String,
    /// Whose program.
    pub tenant: TenantId,
    /// What it was given, as `resource:action`. It may do that of it which its maker still may.
    pub scopes: BTreeSet<String>,
    /// The digest of the secret half.
    pub secret_sha256: Sha256Digest,
    /// Who made it, as in [`Maker::person`](super::Maker::person).
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Where the key with the public half `id` is kept: whoever presents it has not said yet whose it is.
    #[must_use]
    pub fn key_of(id: &str) -> Key {
        Key::state("system", "api-key", id)
    }

    /// Whether `secret` is the secret half, and the key was not taken back. Comparing digests tells nothing by its time
    /// that helps to find the secret.
    pub(crate) fn opens_with(&self, secret: &str) -> bool {
        self.revoked_at.is_none() && Sha256Digest::of(secret.as_bytes()) == self.secret_sha256
    }
}

impl Record for ApiKey {
    fn key(&self) -> Key {
        Self::key_of(&self.id)
    }

    fn indexes(&self) -> Indexes {
        let listed = Key {
            pk: format!("{}#api-keys", self.tenant),
            sk: self.id.clone(),
        };
        Indexes {
            gsi1: Some(listed),
            gsi2: None,
        }
    }
}

/// Both halves of a key, as its program sends them. Never kept, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeySecret {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: String,
}

impl ApiKeySecret {
    /// A new one, of 80 and 256 random bits.
    #[must_use]
    pub fn new(id: [u8; 10], secret: [u8; 32]) -> Self {
        Self {
            id: BASE32_NOPAD.encode(&id),
            secret: BASE32_NOPAD.encode(&secret),
        }
    }

    /// What the program sends after `Bearer`.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{PREFIX}_{}_{}", self.id, self.secret)
    }

    /// Reads what came after `Bearer`; none if it is no key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.strip_prefix('_')?.split_once('_')?;
        let plain = |half: &str, length| half.len() == length && half.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (plain(id, 16) && plain(secret, 52)).then(|| Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is_a_key() {
        let key = ApiKeySecret::new([7; 10], [9; 32]);
        assert!(ApiKeySecret::parse(&key.to_text()).is_some_and(|read| read == key));
        let text = key.to_text();
        for wrong in [
            "",
            "absah",
            "absah_",
            "absah_A_B",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}A"),
        ] {
            assert!(ApiKeySecret::parse(wrong).is_none(), "{wrong}");
        }
        assert!(ApiKeySecret::parse(&text.replace("absah_", "absah_#")).is_none());
    }

    #[test]
    fn only_the_secret_opens_and_only_until_the_key_is_taken_back() {
        let secret = ApiKeySecret::new([7; 10], [9; 32]);
        let key = ApiKey {
            id: secret.id.clone(),
            name: "loket".into(),
            tenant: "karo".parse().unwrap(),
            scopes: BTreeSet::new(),
            secret_sha256: Sha256Digest::of(secret.secret.as_bytes()),
            created_by: "u".into(),
            created_at: Timestamp::UNIX_EPOCH,
            revoked_at: None,
        };
        assert!(key.opens_with(&secret.secret));
        assert!(!key.opens_with(&secret.id));
        let revoked = ApiKey {
            revoked_at: Some(Timestamp::UNIX_EPOCH),
            ..key
        };
        assert!(!revoked.opens_with(&secret.secret));
    }
}
