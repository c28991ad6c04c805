//! How to open an engine.

use std::fmt;
use std::path::PathBuf;

/// Where the engine keeps what it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Nowhere: it ends with the engine.
    Memory,
    /// In this folder, which is made if it is not there. One process at a time.
    Directory(PathBuf),
}

/// The one key pair that the engine accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Public, such as `AKIA...`.
    pub access_key: String,
    /// Shared with whoever may use the engine.
    pub secret_key: String,
}

/// How to open an [`Engine`](crate::Engine).
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it keeps what it is given.
    pub storage: Storage,
    /// The key pair that it accepts.
    pub credentials: Credentials,
    /// The region that requests must be signed for.
    pub region: String,
    /// Twelve digits, as in ARNs and queue URLs.
    pub account: String,
    /// What queue URLs begin with, without a slash at the end. `None`: the `Host` by which each request came.
    pub endpoint: Option<String>,
    /// The most bytes that one S3 object may have, whether it comes in one piece or in parts.
    pub max_object_bytes: u64,
}

impl Options {
    /// Jakarta's region, an account of zeros, and objects of at most 5 GiB.
    #[must_use]
    pub fn new(storage: Storage, credentials: Credentials) -> Self {
        Self {
            storage,
            credentials,
            region: "ap-southeast-3".to_owned(),
            account: "000000000000".to_owned(),
            endpoint: None,
            max_object_bytes: 5 * 1024 * 1024 * 1024,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}
