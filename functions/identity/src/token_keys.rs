//! The keys that sign access tokens: files in a folder, of which the newest by name signs and all are published.
//!
//! Adding a file rotates: tokens that an older key signed stay good, because that key stays published.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Disposition, Fault};
use platform::{Claims, PublicKey, Table, TableError, TokenKeys};
use tokio::sync::Mutex;

/// How often the folder is looked at.
const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// The keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The folder or a file cannot be read.
    #[error("the token keys cannot be read")]
    File(#[from] std::io::Error),
    /// The folder holds no key.
    #[error("there is no token key")]
    None,
    /// A file is no P-256 private key in PKCS#8 and PEM, or its name is none for a key.
    #[error("the token key {0:?} is no P-256 private key in PKCS#8 and PEM")]
    Malformed(String),
    /// The public keys could not be published.
    #[error("the public keys of tokens cannot be published")]
    Table(#[from] TableError),
}

impl Fault for KeyError {
    fn code(&self) -> &'static str {
        match self {
            Self::File(_) => "session.key_file",
            Self::None => "session.no_key",
            Self::Malformed(_) => "session.key_malformed",
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::File(_) | Self::None | Self::Malformed(_) => Disposition::Reject,
            Self::Table(error) => error.disposition(),
        }
    }
}

/// The folder of keys.
#[derive(Clone)]
pub(crate) struct KeyFolder {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

struct State {
    keys: Arc<KeyRing>,
    /// When the folder was last compared, and its public keys found published.
    looked_at: Option<Timestamp>,
}

/// What the folder held.
pub(crate) struct KeyRing {
    newest: String,
    signer: EncodingKey,
    public: TokenKeys,
}

impl KeyFolder {
    /// Reads the folder.
    pub(crate) fn open(path: PathBuf) -> Result<Self, KeyError> {
        let keys = Arc::new(KeyRing::read(&path)?);
        Ok(Self {
            path,
            state: Arc::new(Mutex::new(State { keys, looked_at: None })),
        })
    }

    /// The keys to sign with. Their public halves are in the table before anything is signed with them.
    pub(crate) async fn current(&self, table: &Table, now: Timestamp) -> Result<Arc<KeyRing>, KeyError> {
        let mut state = self.state.lock().await;
        if state.looked_at.is_some_and(|at| now.duration_since(at) < LOOK_EVERY) {
            return Ok(state.keys.clone());
        }
        let keys = Arc::new(KeyRing::read(&self.path)?);
        let published = table.find::<TokenKeys>(&TokenKeys::key()).await?;
        if published.is_none_or(|stored| stored.value != keys.public) {
            table.transaction().overwrite(&keys.public)?.commit().await?;
        }
        *state = State {
            keys: keys.clone(),
            looked_at: Some(now),
        };
        Ok(keys)
    }
}

impl KeyRing {
    fn read(folder: &Path) -> Result<Self, KeyError> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let kid = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default()
                .to_owned();
            if path.extension().is_some_and(|extension| extension == "pem") {
                files.insert(kid, std::fs::read(&path)?);
            }
        }
        let mut public = Vec::with_capacity(files.len());
        let mut newest = None;
        for (kid, pem) in files {
            let malformed = || KeyError::Malformed(kid.clone());
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            if !(1..=64).contains(&kid.len()) || !kid.bytes().all(plain) {
                return Err(malformed());
            }
            let signer = EncodingKey::from_ec_pem(&pem).map_err(|_malformed| malformed())?;
            let jwk = Jwk::from_encoding_key(&signer, Algorithm::ES256).map_err(|_other| malformed())?;
            let AlgorithmParameters::EllipticCurve(point) = jwk.algorithm else {
                return Err(malformed());
            };
            public.push(PublicKey {
                kid: kid.clone(),
                x: point.x,
                y: point.y,
            });
            newest = Some((kid, signer));
        }
        let (newest, signer) = newest.ok_or(KeyError::None)?;
        Ok(Self {
            newest,
            signer,
            public: TokenKeys { keys: public },
        })
    }

    /// Signs with the newest.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let header = Header {
            kid: Some(self.newest.clone()),
            ..Header::new(Algorithm::ES256)
        };
        jsonwebtoken::encode(&header, claims, &self.signer).map_err(|_refused| KeyError::Malformed(self.newest.clone()))
    }

    /// The public halves.
    pub(crate) fn public(&self) -> &TokenKeys {
        &self.public
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn add(folder: &Path, name: &str) {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        std::fs::write(folder.join(name), key.serialize_pem()).unwrap();
    }

    #[test]
    fn the_newest_name_signs_and_all_are_published() {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), "2026-01.pem");
        add(folder.path(), "2026-03.pem");
        add(folder.path(), "2026-02.pem");
        std::fs::write(folder.path().join("README"), "x").unwrap();
        let ring = KeyRing::read(folder.path()).unwrap();
        let kids: Vec<_> = ring.public.keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(
            (ring.newest.as_str(), kids),
            ("2026-03", vec!["2026-01", "2026-02", "2026-03"])
        );
    }

    #[test]
    fn a_folder_without_keys_or_with_a_file_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(KeyRing::read(folder.path()), Err(KeyError::None)));
        std::fs::write(folder.path().join("2026-01.pem"), "-----BEGIN PRIVATE KEY-----").unwrap();
        assert!(matches!(KeyRing::read(folder.path()), Err(KeyError::Malformed(_))));
        let larger = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        std::fs::write(folder.path().join("2026-01.pem"), larger.serialize_pem()).unwrap();
        assert!(matches!(KeyRing::read(folder.path()), Err(KeyError::Malformed(_))));
        assert!(matches!(
            KeyRing::read(&folder.path().join("none")),
            Err(KeyError::File(_))
        ));
    }
}
