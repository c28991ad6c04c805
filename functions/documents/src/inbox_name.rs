//! The keys of the inbox: `<tenant>/<source>/<name>.pdf`, and `<name>.json` for its sidecar.

use kernel::TenantId;
use serde::{Deserialize, Serialize};

/// What kind of object a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A document.
    Pdf,
    /// The description of the document of the same name.
    Sidecar,
}

/// A parsed inbox key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxName {
    /// Whose inbox.
    pub tenant: TenantId,
    /// The key after the tenant, without its extension: the same for a document and its sidecar.
    pub name: String,
    /// Which of the two.
    pub kind: Kind,
}

/// Why a key is no inbox name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboxNameError {
    /// Neither `.pdf` nor `.json`: not for us.
    #[error("the object is neither a PDF nor a sidecar")]
    NotOurs,
    /// Not `<tenant>/<source>/<name>`.
    #[error("the key is not <tenant>/<source>/<name>")]
    Shape,
}

impl InboxName {
    /// Reads a decoded key.
    pub fn parse(key: &str) -> Result<Self, InboxNameError> {
        let (stem, extension) = key.rsplit_once('.').ok_or(InboxNameError::NotOurs)?;
        let kind = match extension.to_ascii_lowercase().as_str() {
            "pdf" => Kind::Pdf,
            "json" => Kind::Sidecar,
            _ => return Err(InboxNameError::NotOurs),
        };
        let (tenant, name) = stem.split_once('/').ok_or(InboxNameError::Shape)?;
        let tenant = tenant.parse().map_err(|_| InboxNameError::Shape)?;
        match name.split_once('/') {
            // S3 keys end at 1,024 bytes; a longer one cannot be an object's.
            Some((source, rest)) if !source.is_empty() && !rest.is_empty() && key.len() <= 1024 => Ok(Self {
                tenant,
                name: name.to_owned(),
                kind,
            }),
            Some(_) | None => Err(InboxNameError::Shape),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_and_its_sidecar_share_a_name() {
        let pdf = InboxName::parse("karo/sicantik/2026/izin 42.PDF").unwrap();
        let json = InboxName::parse("karo/sicantik/2026/izin 42.json").unwrap();
        assert_eq!((pdf.name.as_str(), pdf.kind), ("sicantik/2026/izin 42", Kind::Pdf));
        assert_eq!(
            (json.name.as_str(), json.kind),
            ("sicantik/2026/izin 42", Kind::Sidecar)
        );
    }

    #[test]
    fn other_objects_are_not_ours_and_odd_keys_are_refused() {
        assert_eq!(InboxName::parse("karo/sicantik/foto.jpg"), Err(InboxNameError::NotOurs));
        for odd in [
            "izin.pdf",
            "karo/izin.pdf",
            "karo//izin.pdf",
            "karo/s/.pdf",
            "KARO/s/a.pdf",
            "public/s/a.pdf",
        ] {
            assert_eq!(InboxName::parse(odd), Err(InboxNameError::Shape), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_panic(key in ".{0,80}") {
            if let Ok(parsed) = InboxName::parse(&key) {
                let prefix = format!("{}/{}.", parsed.tenant, parsed.name);
                prop_assert!(key.starts_with(&prefix));
            }
        }
    }
}
