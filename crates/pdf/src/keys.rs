//! A private key on this machine.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use der::SecretDocument;
use kernel::{Disposition, Fault};

use crate::chain::{CertificateChain, ChainError, KeyAlgorithm};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not PKCS#8 in PEM (`PRIVATE KEY`), or not a sound key of the certificate's kind.
    #[error("the private key is not readable as PKCS#8 of the certificate's kind")]
    Unreadable,
    /// The chain cannot be used.
    #[error("the certificate chain cannot be used")]
    Chain(#[source] ChainError),
    /// The key is not the one that the leaf certificate speaks for.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// The signing itself failed.
    #[error("the signature could not be made")]
    Signing,
}

impl Fault for KeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "key.unreadable",
            Self::Chain(error) => error.code(),
            Self::Mismatch => "key.mismatch",
            Self::Signing => "key.signing",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Unreadable | Self::Chain(_) | Self::Mismatch => Disposition::Reject,
            // The only cause left is a lack of random numbers or memory.
            Self::Signing => Disposition::Retry,
        }
    }
}

/// A private key on this machine (RSA of 2048 bits or more, or P-256) with its certificate chain.
pub struct LocalKey {
    key: Key,
    chain: CertificateChain,
}

enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl LocalKey {
    /// Reads a key in PKCS#8 PEM and its chain in PEM, leaf first. Refuses a key that is not the leaf's. Both may stand
    /// in one text: of `key_pem` only the block `PRIVATE KEY` counts.
    pub fn from_pem(key_pem: &str, chain_pem: &str) -> Result<Self, KeyError> {
        const END: &str = "-----END PRIVATE KEY-----";
        let chain = CertificateChain::from_pem(chain_pem).map_err(KeyError::Chain)?;
        let start = key_pem
            .find("-----BEGIN PRIVATE KEY-----")
            .ok_or(KeyError::Unreadable)?;
        let end = key_pem.find(END).ok_or(KeyError::Unreadable)? + END.len();
        let block = key_pem.get(start..end).ok_or(KeyError::Unreadable)?;
        let (_, document) = SecretDocument::from_pem(block).map_err(|_| KeyError::Unreadable)?;
        let pkcs8 = document.as_bytes();
        let (key, public) = match chain.key_algorithm() {
            KeyAlgorithm::Rsa { .. } => {
                let key = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::Unreadable)?;
                let public = key.public_key().as_ref().to_vec();
                (Key::Rsa(key), public)
            }
            KeyAlgorithm::P256 => {
                let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8);
                let key = key.map_err(|_| KeyError::Unreadable)?;
                let public = key.public_key().as_ref().to_vec();
                (Key::P256(key), public)
            }
        };
        if public != chain.public_key() {
            return Err(KeyError::Mismatch);
        }
        Ok(Self { key, chain })
    }

    /// The certificates that speak for this key.
    #[must_use]
    pub fn chain(&self) -> &CertificateChain {
        &self.chain
    }

    /// Signs `message` itself, not a digest of it: RSASSA-PKCS1-v1_5 or ECDSA (in ASN.1), both with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| KeyError::Signing)?;
                Ok(signature)
            }
            Key::P256(key) => {
                let signature = key.sign(&random, message).map_err(|_| KeyError::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey")
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}
