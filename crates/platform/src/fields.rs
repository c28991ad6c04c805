//! Personal fields: encrypted where they are kept, and found again by a keyed hash.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use kernel::{Disposition, Fault};
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::environment::Environment;

/// The keys of personal fields, from the file that `FIELD_KEYS_FILE` names:
/// `{"active": "<id>", "keys": {"<id>": "<32 bytes, base64>"}, "lookup": "<32 bytes, base64>"}`.
///
/// New values are encrypted with the active key; older keys stay to read what they wrote.
#[derive(Clone)]
pub struct Fields(Arc<KeyRing>);

struct KeyRing {
    active: String,
    keys: BTreeMap<String, LessSafeKey>,
    lookup: hmac::Key,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    active: String,
    keys: BTreeMap<String, String>,
    lookup: String,
}

/// An encrypted field: `<key id>.<nonce and AES-256-GCM ciphertext, base64url>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}

/// A personal field cannot be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It was encrypted with a key that is not there any more.
    #[error("the key of a personal field is not there")]
    KeyMissing,
    /// It was changed, or belongs elsewhere.
    #[error("a personal field was changed, or belongs elsewhere")]
    Damaged,
    /// The operating system has no random numbers.
    #[error("the operating system has no random numbers")]
    Random,
}

impl Fault for FieldError {
    fn code(&self) -> &'static str {
        match self {
            Self::KeyMissing => "fields.key_missing",
            Self::Damaged => "fields.damaged",
            Self::Random => "fields.random",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::KeyMissing | Self::Random => Disposition::Retry,
            Self::Damaged => Disposition::Reject,
        }
    }
}

/// The file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error("the file of field keys cannot be read")]
    File(#[from] std::io::Error),
    #[error("the file of field keys is damaged")]
    Json(#[from] serde_json::Error),
    #[error("a field key is not 32 bytes in base64")]
    Key,
    #[error("the active field key is not among the keys")]
    Active,
}

impl Fields {
    /// Reads the keys.
    pub fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let vars = environment.settings.require(&["FIELD_KEYS_FILE"])?;
        let path = vars.text("FIELD_KEYS_FILE")?;
        let read = std::fs::read(path)
            .map_err(KeysError::from)
            .and_then(|json| Self::parse(&json));
        read.map_err(|error| ConfigError::invalid("FIELD_KEYS_FILE", error))
    }

    fn parse(json: &[u8]) -> Result<Self, KeysError> {
        let file: KeysFile = serde_json::from_slice(json)?;
        let bytes = |text: &str| {
            let raw = BASE64_STANDARD.decode(text).map_err(|_malformed| KeysError::Key)?;
            <[u8; 32]>::try_from(raw).map_err(|_length| KeysError::Key)
        };
        let mut keys = BTreeMap::new();
        for (id, text) in &file.keys {
            let key = UnboundKey::new(&AES_256_GCM, &bytes(text)?).map_err(|_unspecified| KeysError::Key)?;
            keys.insert(id.clone(), LessSafeKey::new(key));
        }
        if !keys.contains_key(&file.active) {
            return Err(KeysError::Active);
        }
        Ok(Self(Arc::new(KeyRing {
            active: file.active,
            keys,
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &bytes(&file.lookup)?),
        })))
    }

    /// Encrypts `text`. It can be read again under the same `place` only, such as `karo#user#<id>#nik`: a value that is
    /// copied into another row is worth nothing there.
    pub fn seal(&self, place: &str, text: &str) -> Result<Sealed, FieldError> {
        let KeyRing { active, keys, .. } = &*self.0;
        let key = keys.get(active).ok_or(FieldError::KeyMissing)?;
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_unspecified| FieldError::Random)?;
        let mut sealed = text.as_bytes().to_vec();
        let place = Aad::from(place.as_bytes());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut sealed)
            .map_err(|_unspecified| FieldError::Damaged)?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(Sealed(format!("{active}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Decrypts what was encrypted under the same `place`.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<String, FieldError> {
        let (id, text) = sealed.0.rsplit_once('.').ok_or(FieldError::Damaged)?;
        let key = self.0.keys.get(id).ok_or(FieldError::KeyMissing)?;
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_malformed| FieldError::Damaged)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or(FieldError::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_length| FieldError::Damaged)?;
        let mut opened = sealed.to_vec();
        let opened = key
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut opened)
            .map_err(|_unspecified| FieldError::Damaged)?;
        String::from_utf8(opened.to_vec()).map_err(|_not_text| FieldError::Damaged)
    }

    /// A keyed hash (HMAC-SHA-256, base64url) by which a row is found that holds `text` as its `kind`, such as `karo#nik`.
    #[must_use]
    pub fn lookup(&self, kind: &str, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0.lookup);
        context.update(kind.as_bytes());
        context.update(b"\0");
        context.update(text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(context.sign())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    const NIK: &str = "9901010101900001";

    fn fields(active: &str, ids: &[(&str, u8)]) -> Fields {
        let key = |byte| BASE64_STANDARD.encode([byte; 32]);
        let keys: BTreeMap<_, _> = ids.iter().map(|(id, byte)| (*id, key(*byte))).collect();
        let file = json!({ "active": active, "keys": keys, "lookup": key(0) });
        Fields::parse(file.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_field_is_read_where_it_was_written_and_nowhere_else() {
        let fields = fields("a", &[("a", 1)]);
        let sealed = fields.seal("karo#user#1#nik", NIK).unwrap();
        assert!(!sealed.0.contains(NIK));
        assert_eq!(fields.open("karo#user#1#nik", &sealed), Ok(NIK.into()));
        assert_eq!(fields.open("karo#user#2#nik", &sealed), Err(FieldError::Damaged));
        assert_ne!(fields.seal("karo#user#1#nik", NIK).unwrap(), sealed);
    }

    #[test]
    fn what_an_older_key_wrote_stays_readable_until_that_key_is_gone() {
        let old = fields("a", &[("a", 1)]).seal("p", NIK).unwrap();
        let both = fields("b", &[("a", 1), ("b", 2)]);
        assert_eq!(both.open("p", &old), Ok(NIK.into()));
        assert!(both.seal("p", NIK).unwrap().0.starts_with("b."));
        assert_eq!(fields("b", &[("b", 2)]).open("p", &old), Err(FieldError::KeyMissing));
    }

    #[test]
    fn each_changed_character_is_noticed() {
        let fields = fields("a", &[("a", 1)]);
        let Sealed(text) = fields.seal("p", NIK).unwrap();
        for index in 2..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = Sealed(String::from_utf8(bytes).unwrap());
            assert_eq!(fields.open("p", &changed), Err(FieldError::Damaged), "{index}");
        }
    }

    #[test]
    fn a_lookup_depends_on_the_kind_and_the_text() {
        let fields = fields("a", &[("a", 1)]);
        assert_eq!(fields.lookup("karo#nik", NIK), fields.lookup("karo#nik", NIK));
        assert_ne!(fields.lookup("karo#nik", NIK), fields.lookup("dairi#nik", NIK));
        assert_ne!(
            fields.lookup("karo#nik", NIK),
            fields.lookup("karo#nik", "9901010101900002")
        );
    }

    #[test]
    fn a_file_without_its_active_key_is_refused() {
        let file = json!({ "active": "b", "keys": {}, "lookup": BASE64_STANDARD.encode([0; 32]) });
        assert!(matches!(
            Fields::parse(file.to_string().as_bytes()),
            Err(KeysError::Active)
        ));
    }
}
