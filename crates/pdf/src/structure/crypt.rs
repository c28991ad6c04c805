//! Opens encrypted files with the empty user password, as every reader does.

use lopdf::encryption::DecryptionError;
use lopdf::{Document, EncryptionState, Error, Object};

use super::{Loaded, Stop, StructureError};

/// The key of a file whose trailer names an `/Encrypt` dictionary.
pub(super) fn unlock(loaded: &Loaded<'_>) -> Result<EncryptionState, Stop> {
    let Some(mut encrypt) = loaded.get_dict(&loaded.trailer, b"Encrypt")? else {
        return Err(Stop::Damaged("the encryption dictionary is missing"));
    };
    // Versions 4 and 5 fix the length of the key; some producers give it in bytes.
    if encrypt
        .get(b"V")
        .and_then(Object::as_i64)
        .is_ok_and(|version| version >= 4)
    {
        encrypt.remove(b"Length");
    }
    let id = match loaded.get(&loaded.trailer, b"ID")? {
        Object::Array(parts) => parts,
        _ => vec![Object::string_literal(""), Object::string_literal("")],
    };
    // lopdf wants a document; it looks at nothing but these two.
    let mut document = Document::new();
    document.objects.insert((1, 0), Object::Dictionary(encrypt));
    document.trailer.set("Encrypt", Object::Reference((1, 0)));
    document.trailer.set("ID", id);
    match document.authenticate_user_password("") {
        Ok(()) => EncryptionState::decode(&document, "").map_err(|_| StructureError::UnsupportedEncryption.into()),
        Err(Error::Decryption(DecryptionError::IncorrectPassword) | Error::InvalidPassword) => {
            Err(StructureError::PasswordRequired.into())
        }
        Err(_) => Err(StructureError::UnsupportedEncryption.into()),
    }
}
