//! The data folder: keys and secrets that are made at first start, and where the engine keeps its files.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::pki::{self, Pki, PkiError};
use crate::stack::{DEMO_TENANT, connection_settings};
use crate::token::{TokenError, demo_token};

/// The data folder could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file could not be read or written.
    #[error("{0} cannot be read or written")]
    File(PathBuf, #[source] std::io::Error),
    /// The development keys could not be made.
    #[error("the development keys could not be made")]
    Pki(#[source] PkiError),
    /// The secrets' file is damaged.
    #[error("{0} is damaged")]
    Secrets(PathBuf, #[source] serde_json::Error),
    /// The operating system has no random numbers.
    #[error("the operating system has no random numbers")]
    Random,
}

/// A data folder that is set up.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
    secrets: Secrets,
}

/// What must not be guessed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) webhook_token: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Home {
    /// `~/.local/share/absah`, or as `XDG_DATA_HOME` says.
    #[must_use]
    pub fn default_folder(settings: &platform::Settings) -> PathBuf {
        let data = settings.optional("XDG_DATA_HOME").map(PathBuf::from);
        let data = data.or_else(|| {
            settings
                .optional("HOME")
                .map(|home| Path::new(home).join(".local/share"))
        });
        data.unwrap_or_else(|| PathBuf::from(".")).join("absah")
    }

    /// Sets the folder up, readable by its owner only, or takes it as an earlier start left it.
    pub fn open(folder: &Path) -> Result<Self, HomeError> {
        make_folder(folder)?;
        let path = folder.join("secrets.json");
        let secrets = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| HomeError::Secrets(path, error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Secrets::random()?;
                let json =
                    serde_json::to_vec_pretty(&secrets).map_err(|error| HomeError::Secrets(path.clone(), error))?;
                write_private(&path, &json)?;
                secrets
            }
            Err(error) => return Err(HomeError::File(path, error)),
        };
        let home = Self {
            folder: folder.to_owned(),
            secrets,
        };
        if !home.roots_file().exists() {
            home.make_keys()?;
        }
        home.make_identity_keys()?;
        Ok(home)
    }

    /// The development root certificates, PEM.
    pub fn roots(&self) -> Result<String, HomeError> {
        Self::read(&self.roots_file())
    }

    /// A bearer token of the demo official of the demo's tenant, for twelve hours from now.
    pub fn demo_token(&self) -> Result<String, TokenError> {
        demo_token(self, jiff::Timestamp::now())
    }

    /// What an object store's webhook must send.
    #[must_use]
    pub fn webhook_token(&self) -> &str {
        &self.secrets.webhook_token
    }

    /// The variables with which any AWS client reaches a stack of this folder at `endpoint`.
    #[must_use]
    pub fn connection(&self, endpoint: &str) -> std::collections::BTreeMap<String, String> {
        connection_settings(endpoint, self)
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn engine_folder(&self) -> PathBuf {
        self.folder.join("engine")
    }

    pub(crate) fn officials_folder(&self) -> PathBuf {
        self.folder.join("keys/officials")
    }

    pub(crate) fn seal_file(&self) -> PathBuf {
        self.folder.join("keys/seal.pem")
    }

    /// PEM of the key that signs tokens.
    pub(crate) fn token_private_key(&self) -> Result<String, HomeError> {
        Self::read(&self.folder.join("keys/token.pem"))
    }

    /// PEM of the key that checks tokens.
    pub(crate) fn token_public_key(&self) -> Result<String, HomeError> {
        Self::read(&self.folder.join("keys/token.pub.pem"))
    }

    /// The folder of the keys that sign the tokens of those who sign in, `<kid>.pem` each.
    pub(crate) fn token_keys_folder(&self) -> PathBuf {
        self.folder.join("keys/tokens")
    }

    /// The keys of personal fields.
    pub(crate) fn field_keys_file(&self) -> PathBuf {
        self.folder.join("keys/fields.json")
    }

    fn roots_file(&self) -> PathBuf {
        self.folder.join("keys/roots.pem")
    }

    fn make_keys(&self) -> Result<(), HomeError> {
        let Pki {
            roots,
            officials,
            seal,
            token_private,
            token_public,
        } = pki::generate().map_err(HomeError::Pki)?;
        make_folder(&self.officials_folder())?;
        let folder = self.officials_folder().join(DEMO_TENANT);
        make_folder(&folder)?;
        for (id, pem) in officials {
            write_private(&folder.join(format!("{id}.pem")), pem.as_bytes())?;
        }
        write_private(&self.seal_file(), seal.as_bytes())?;
        write_private(&self.folder.join("keys/token.pem"), token_private.as_bytes())?;
        write_private(&self.folder.join("keys/token.pub.pem"), token_public.as_bytes())?;
        // Last: its presence says that all keys are there.
        write_private(&self.roots_file(), roots.as_bytes())
    }

    /// Apart from the other keys, because a folder that an earlier version made has none.
    fn make_identity_keys(&self) -> Result<(), HomeError> {
        let folder = self.token_keys_folder();
        make_folder(&folder)?;
        let first = folder.join("1.pem");
        if !first.exists() {
            let key = pki::token_key().map_err(HomeError::Pki)?;
            write_private(&first, key.as_bytes())?;
        }
        let fields = self.field_keys_file();
        if !fields.exists() {
            let key = || {
                let mut raw = [0; 32];
                aws_lc_rs::rand::fill(&mut raw).map_err(|_| HomeError::Random)?;
                Ok::<_, HomeError>(BASE64.encode(&raw))
            };
            let keys = json!({ "active": "1", "keys": { "1": key()? }, "lookup": key()? });
            write_private(&fields, keys.to_string().as_bytes())?;
        }
        Ok(())
    }

    fn read(path: &Path) -> Result<String, HomeError> {
        fs::read_to_string(path).map_err(|error| HomeError::File(path.to_owned(), error))
    }
}

impl Secrets {
    fn random() -> Result<Self, HomeError> {
        let text = |bytes: usize| {
            let mut raw = vec![0; bytes];
            aws_lc_rs::rand::fill(&mut raw).map_err(|_| HomeError::Random)?;
            Ok(HEXLOWER.encode(&raw))
        };
        Ok(Self {
            access_key_id: format!("ABSAH{}", text(8)?.to_uppercase()),
            secret_access_key: text(20)?,
            webhook_token: text(20)?,
        })
    }
}

fn make_folder(path: &Path) -> Result<(), HomeError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| HomeError::File(path.to_owned(), error))
}

/// Writes beside the file and renames, so that a stop in between leaves no half file.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let failed = |error| HomeError::File(path.to_owned(), error);
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_start_finds_the_keys_of_the_first_and_nobody_else_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::open(&folder.path().join("data")).unwrap();
        let second = Home::open(&folder.path().join("data")).unwrap();
        assert_eq!(first.roots().unwrap(), second.roots().unwrap());
        assert_eq!(first.secrets.secret_access_key, second.secrets.secret_access_key);
        for file in [
            first.seal_file(),
            first.roots_file(),
            folder.path().join("data/secrets.json"),
        ] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
