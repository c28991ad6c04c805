//! Bytes that are hashed once, however often they are signed over.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use kernel::Sha256Digest;

/// A file with the state of SHA-256 after its last byte.
///
/// A signature over a file with something appended continues from there, so that sealing 12 MB hashes only the few
/// kilobytes that were added.
#[derive(Clone)]
pub struct Hashed<'a> {
    bytes: Cow<'a, [u8]>,
    state: Context,
}

impl<'a> Hashed<'a> {
    /// Hashes `bytes`.
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        let bytes = bytes.into();
        let mut state = Context::new(&SHA256);
        state.update(&bytes);
        Self { bytes, state }
    }

    pub(crate) fn from_state(bytes: impl Into<Cow<'a, [u8]>>, state: Context) -> Self {
        Self {
            bytes: bytes.into(),
            state,
        }
    }

    pub(crate) fn state(&self) -> Context {
        self.state.clone()
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_owned()
    }

    /// SHA-256 of the file. Costs nothing more.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        finish(self.state())
    }
}

impl fmt::Debug for Hashed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashed")
            .field("len", &self.bytes.len())
            .field("sha256", &self.sha256())
            .finish()
    }
}

/// The digest of what a state has seen.
pub(crate) fn finish(state: Context) -> Sha256Digest {
    let digest = state.finish();
    let mut raw = [0; 32];
    raw.copy_from_slice(digest.as_ref());
    Sha256Digest::from_bytes(raw)
}
