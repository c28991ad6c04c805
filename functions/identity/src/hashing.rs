//! Hashing passwords: argon2id, off the threads that serve, and never many at once.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::{Disposition, Fault};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::password::Password;
use crate::random;

/// Kibibytes of memory, passes and lanes: OWASP's recommendation for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// 19 MiB each: more at once would take memory and time from everybody else.
const AT_ONCE: usize = 4;

/// A password's hash in PHC form. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hash(String);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash")
    }
}

/// A password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Argon2 refused.
    #[error("the password could not be hashed")]
    Argon2(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The hashing was stopped.
    #[error("the hashing was stopped")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault for HashError {
    fn code(&self) -> &'static str {
        match self {
            Self::Argon2(_) => "identity.hash",
            Self::Stopped(_) => "identity.hash_stopped",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Argon2(_) => Disposition::Reject,
            Self::Stopped(_) => Disposition::Retry,
        }
    }
}

/// Hashes and compares.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
}

impl Hasher {
    /// Ready to hash.
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: Password) -> Result<Hash, HashError> {
        self.work(move || hash(&password)).await?
    }

    /// Whether `password` is the one that was hashed. Where there is none, something is hashed for nothing, which takes as long.
    pub(crate) async fn verify(&self, password: Password, stored: Option<Hash>) -> Result<bool, HashError> {
        let compared = move || match stored {
            Some(stored) => verify(&password, &stored),
            None => hash(&Password::new(String::new())).map(|_for_nothing| false),
        };
        self.work(compared).await?
    }

    /// Whether `password` is one of those that were hashed.
    pub(crate) async fn any(&self, password: Password, stored: Vec<Hash>) -> Result<bool, HashError> {
        let compared = move || {
            stored
                .iter()
                .map(|hash| verify(&password, hash))
                .find(|equal| !matches!(equal, Ok(false)))
        };
        self.work(compared).await?.unwrap_or(Ok(false))
    }

    /// The place is given back when the work ends, not when its caller goes away.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        let places = Arc::clone(&self.places);
        let place = places
            .acquire_owned()
            .await
            .map_err(|error| HashError::Stopped(error.into()))?;
        let done = tokio::task::spawn_blocking(move || {
            let answer = work();
            drop(place);
            answer
        });
        done.await.map_err(|error| HashError::Stopped(error.into()))
    }
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let (memory, passes, lanes) = COST;
    let params =
        Params::new(memory, passes, lanes, None).map_err(|error| HashError::Argon2(error.to_string().into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Blocks for some 20 ms.
pub(crate) fn hash(password: &Password) -> Result<Hash, HashError> {
    let salt: [u8; 16] = random::bytes();
    let hashed = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
    let hashed = hashed.map_err(|error| HashError::Argon2(error.to_string().into()))?;
    Ok(Hash(hashed.to_string()))
}

fn verify(password: &Password, stored: &Hash) -> Result<bool, HashError> {
    if password.is_oversized() {
        return verify(&Password::new(String::new()), stored).map(|_| false);
    }
    let parsed = PasswordHash::new(&stored.0).map_err(|error| HashError::Argon2(error.to_string().into()))?;
    // The parameters are those of the stored hash, so that raising them later locks nobody out.
    Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.into())
    }

    #[tokio::test]
    async fn the_right_password_is_recognised_and_no_other_and_none_without_a_user() {
        let hasher = Hasher::new();
        let stored = hasher.hash(password("Kopi-Gayo#27rasa")).await.unwrap();
        assert!(
            hasher
                .verify(password("Kopi-Gayo#27rasa"), Some(stored.clone()))
                .await
                .unwrap()
        );
        for wrong in ["kopi-gayo#27rasa", "", "Kopi-Gayo#27rasa ", &"x".repeat(10_000)] {
            assert!(
                !hasher.verify(password(wrong), Some(stored.clone())).await.unwrap(),
                "{wrong:?}"
            );
            assert!(!hasher.verify(password(wrong), None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn the_cost_is_what_owasp_recommends_and_each_hash_has_a_salt_of_its_own() {
        let hasher = Hasher::new();
        let one = hasher.hash(password("Kopi-Gayo#27rasa")).await.unwrap();
        let two = hasher.hash(password("Kopi-Gayo#27rasa")).await.unwrap();
        assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
        assert_ne!(one, two);
    }

    #[tokio::test]
    async fn an_old_password_is_found_among_the_last_ones() {
        let hasher = Hasher::new();
        let mut old = Vec::new();
        for text in ["Satu#1aaaa", "Dua#2bbbbb", "Tiga#3cccc"] {
            old.push(hasher.hash(password(text)).await.unwrap());
        }
        assert!(hasher.any(password("Dua#2bbbbb"), old.clone()).await.unwrap());
        assert!(!hasher.any(password("Empat#4ddd"), old).await.unwrap());
    }
}
