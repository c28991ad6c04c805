//! The keys that sign access tokens: files in a folder, of which the newest by name signs and all are published.
//!
//! ```text
//! file is added ──► published ──10 s──► signs ──file is removed──► published for 40 min more ──► gone
//! ```
//!
//! Adding a file rotates: tokens that an older key signed stay good, because that key stays published. Many instances
//! publish, and while files are being exchanged not all have the same: each adds its own and takes none away.

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
/// A published key signs after so long. Whoever reads tokens and looked in vain has looked again by then.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// How long a key stays published after the last instance that has it said so.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_mins(40);
/// An instance says so when less than this is left: more than a token lasts that it signs until it looks again.
const PUT_OFF_BELOW: SignedDuration = SignedDuration::from_mins(20);
/// So many instances do not publish at once.
const RACES: usize = 8;

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
    state: Arc<Mutex<Option<State>>>,
}

struct State {
    keys: Arc<KeyRing>,
    /// When the folder was last compared, and its public keys found published.
    looked_at: Timestamp,
}

/// What to sign with, and what is published.
pub(crate) struct KeyRing {
    kid: String,
    signer: EncodingKey,
    public: TokenKeys,
}

/// What the folder holds: at least one key.
struct KeyFiles(BTreeMap<String, KeyFile>);

struct KeyFile {
    signer: EncodingKey,
    x: String,
    y: String,
}

impl KeyFolder {
    /// Reads the folder.
    pub(crate) fn open(path: PathBuf) -> Result<Self, KeyError> {
        KeyFiles::read(&path)?;
        Ok(Self {
            path,
            state: Arc::default(),
        })
    }

    /// The keys to sign with. Their public halves are in the table before anything is signed with them.
    pub(crate) async fn current(&self, table: &Table, now: Timestamp) -> Result<Arc<KeyRing>, KeyError> {
        let mut state = self.state.lock().await;
        if let Some(state) = &*state
            && now.duration_since(state.looked_at) < LOOK_EVERY
        {
            return Ok(state.keys.clone());
        }
        let files = KeyFiles::read(&self.path)?;
        let public = files.publish(table, now).await?;
        let keys = Arc::new(files.ring(public, now)?);
        *state = Some(State {
            keys: keys.clone(),
            looked_at: now,
        });
        Ok(keys)
    }
}

impl KeyFiles {
    fn read(folder: &Path) -> Result<Self, KeyError> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let kid = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|extension| extension == "pem") {
                let file = KeyFile::read(kid, &std::fs::read(&path)?)?;
                files.insert(kid.to_owned(), file);
            }
        }
        if files.is_empty() {
            return Err(KeyError::None);
        }
        Ok(Self(files))
    }

    /// Puts what the folder holds among what is published, and returns that.
    async fn publish(&self, table: &Table, now: Timestamp) -> Result<TokenKeys, KeyError> {
        for _ in 0..RACES {
            let found = table.find::<TokenKeys>(&TokenKeys::key()).await?;
            let (published, version) = found.map_or_else(
                || (TokenKeys { keys: Vec::new() }, 0),
                |stored| (stored.value, stored.version),
            );
            let wanted = self.among(&published, now);
            if wanted == published {
                return Ok(wanted);
            }
            match table.transaction().update(&wanted, version)?.commit().await {
                // Another instance published its own.
                Err(TableError::Conflict) => {}
                answer => {
                    answer?;
                    return Ok(wanted);
                }
            }
        }
        Err(TableError::Conflict.into())
    }

    /// The published keys with those of the folder, and without those that nobody has had any more for long enough. Other
    /// instances may hold keys that this one does not have yet, or any more.
    fn among(&self, published: &TokenKeys, now: Timestamp) -> TokenKeys {
        let others = published.keys.iter().filter(|key| now < key.until);
        let mut keys: BTreeMap<_, _> = others.map(|key| (key.kid.clone(), key.clone())).collect();
        let (fresh, enough) = (later(now, TRUSTED_FOR), later(now, PUT_OFF_BELOW));
        for (kid, file) in &self.0 {
            let same = keys.remove(kid).filter(|key| key.x == file.x && key.y == file.y);
            let key = match same {
                Some(key) if enough < key.until => key,
                Some(key) => PublicKey { until: fresh, ..key },
                None => PublicKey {
                    kid: kid.clone(),
                    x: file.x.clone(),
                    y: file.y.clone(),
                    since: now,
                    until: fresh,
                },
            };
            keys.insert(kid.clone(), key);
        }
        TokenKeys {
            keys: keys.into_values().collect(),
        }
    }

    /// The newest by name signs, of those that every reader has had the time to find; if there is none, the newest.
    fn ring(self, public: TokenKeys, now: Timestamp) -> Result<KeyRing, KeyError> {
        let settled = |kid: &String| {
            let key = public.keys.iter().find(|key| key.kid == *kid);
            key.is_some_and(|key| later(key.since, SETTLED_AFTER) <= now)
        };
        let newest = self
            .0
            .keys()
            .rev()
            .find(|kid| settled(kid))
            .or(self.0.keys().next_back());
        let kid = newest.cloned().ok_or(KeyError::None)?;
        let signer = self.0.get(&kid).map(|file| file.signer.clone()).ok_or(KeyError::None)?;
        Ok(KeyRing { kid, signer, public })
    }
}

impl KeyFile {
    fn read(kid: &str, pem: &[u8]) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed(kid.to_owned());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=64).contains(&kid.len()) || !kid.bytes().all(plain) {
            return Err(malformed());
        }
        let signer = EncodingKey::from_ec_pem(pem).map_err(|_malformed| malformed())?;
        let jwk = Jwk::from_encoding_key(&signer, Algorithm::ES256).map_err(|_other| malformed())?;
        let AlgorithmParameters::EllipticCurve(point) = jwk.algorithm else {
            return Err(malformed());
        };
        Ok(Self {
            signer,
            x: point.x,
            y: point.y,
        })
    }
}

impl KeyRing {
    /// Signs with the key of the moment.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::ES256)
        };
        jsonwebtoken::encode(&header, claims, &self.signer).map_err(|_refused| KeyError::Malformed(self.kid.clone()))
    }

    /// The public halves.
    pub(crate) fn public(&self) -> &TokenKeys {
        &self.public
    }
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.saturating_add(by).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;

    fn add(folder: &Path, name: &str) {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        std::fs::write(folder.join(name), key.serialize_pem()).unwrap();
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_574_800 + second).unwrap()
    }

    fn nothing() -> TokenKeys {
        TokenKeys { keys: Vec::new() }
    }

    fn kids(keys: &TokenKeys) -> Vec<&str> {
        keys.keys.iter().map(|key| key.kid.as_str()).collect()
    }

    #[test]
    fn the_newest_name_signs_and_all_are_published() {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), "2026-01.pem");
        add(folder.path(), "2026-03.pem");
        add(folder.path(), "2026-02.pem");
        std::fs::write(folder.path().join("README"), "x").unwrap();
        let files = KeyFiles::read(folder.path()).unwrap();
        let public = files.among(&nothing(), at(0));
        assert_eq!(kids(&public), ["2026-01", "2026-02", "2026-03"]);
        assert_eq!(files.ring(public, at(0)).unwrap().kid, "2026-03");
    }

    #[test]
    fn a_key_that_was_added_is_published_before_it_signs() {
        let folder = tempfile::tempdir().unwrap();
        let read = || KeyFiles::read(folder.path()).unwrap();
        add(folder.path(), "2026-01.pem");
        let before = read().among(&nothing(), at(0));
        add(folder.path(), "2026-02.pem");
        let after = read().among(&before, at(60));
        assert_eq!(kids(&after), ["2026-01", "2026-02"]);
        let signer = |second| read().ring(after.clone(), at(second)).unwrap().kid;
        assert_eq!([60, 69, 70].map(signer), ["2026-01", "2026-01", "2026-02"]);
    }

    #[test]
    fn instances_with_different_files_publish_all_of_them_and_what_nobody_has_ends_by_itself() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        add(old.path(), "2026-01.pem");
        add(new.path(), "2026-02.pem");
        let read = |folder: &tempfile::TempDir| KeyFiles::read(folder.path()).unwrap();
        let both = read(&new).among(&read(&old).among(&nothing(), at(0)), at(1));
        assert_eq!(kids(&both), ["2026-01", "2026-02"]);
        // Nobody writes for nothing.
        assert_eq!(read(&old).among(&both, at(2)), both);

        let minute = 60;
        let put_off = read(&new).among(&both, at(21 * minute));
        assert_eq!(kids(&put_off), ["2026-01", "2026-02"]);
        let later = read(&new).among(&put_off, at(40 * minute));
        assert_eq!(kids(&later), ["2026-02"]);
        assert_eq!(later.keys[0].until, at(61 * minute));
    }

    #[test]
    fn a_token_never_outlasts_the_key_that_signed_it() {
        let folder = tempfile::tempdir().unwrap();
        add(folder.path(), "2026-01.pem");
        let files = KeyFiles::read(folder.path()).unwrap();
        let mut public = nothing();
        for minute in 0..120 {
            public = files.among(&public, at(minute * 60));
            // Signed just before the folder is looked at again, and good for 15 minutes with half a minute of leeway.
            assert!(public.keys[0].until > at((minute + 16) * 60 + 30), "{minute}");
        }
    }

    #[test]
    fn a_folder_without_keys_or_with_a_file_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(KeyFiles::read(folder.path()), Err(KeyError::None)));
        std::fs::write(folder.path().join("2026-01.pem"), "-----BEGIN PRIVATE KEY-----").unwrap();
        assert!(matches!(KeyFiles::read(folder.path()), Err(KeyError::Malformed(_))));
        let larger = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        std::fs::write(folder.path().join("2026-01.pem"), larger.serialize_pem()).unwrap();
        assert!(matches!(KeyFiles::read(folder.path()), Err(KeyError::Malformed(_))));
        assert!(matches!(
            KeyFiles::read(&folder.path().join("none")),
            Err(KeyError::File(_))
        ));
    }
}
