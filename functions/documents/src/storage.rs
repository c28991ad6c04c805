//! Where a document's files and rows are.

use jiff::Timestamp;
use kernel::{DocumentId, TenantId};
use platform::{Key, ObjectVersion, Record, Sequencer};
use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::inbox_name::InboxName;

/// What every file in the vault is.
pub(crate) const PDF: &str = "application/pdf";

/// Integrity is checked without trusting anyone.
pub(crate) const NO_ROOTS: [&[u8]; 0] = [];

/// A signed file may be this much larger than what was received: two signatures with their chains, and a page.
pub(crate) const SIGNING_ROOM: u64 = 4 * 1024 * 1024;

/// The files of one document, by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The bytes as received.
    Original,
    /// The bytes to sign, where the original had to be prepared.
    Prepared,
    /// With the official's signature.
    Signed,
    /// With the seal.
    Final,
}

impl Stage {
    pub(crate) const ALL: [Self; 4] = [Self::Original, Self::Prepared, Self::Signed, Self::Final];

    /// As its file is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Prepared => "prepared",
            Self::Signed => "signed",
            Self::Final => "final",
        }
    }
}

/// The vault key of a document's file.
pub(crate) fn vault_key(tenant: &TenantId, id: DocumentId, stage: Stage) -> String {
    let file = stage.name();
    format!("{tenant}/documents/{id}/{file}.pdf")
}

/// One exact inbox object that was seen. The row exists so that the same object is never seen twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sighting {
    pub(crate) tenant: TenantId,
    pub(crate) object: ObjectVersion,
    pub(crate) sequencer: Option<Sequencer>,
    /// The document it became; none for a sidecar.
    pub(crate) document_id: Option<DocumentId>,
    pub(crate) at: Timestamp,
}

impl Record for Sighting {
    /// A version names one upload. Where the store keeps no versions, the `ETag` and the order of the upload do.
    fn key(&self) -> Key {
        let ObjectVersion {
            key, etag, version_id, ..
        } = &self.object;
        let upload = match (version_id, &self.sequencer) {
            (Some(version), _) => format!("version#{version}"),
            (None, Some(sequencer)) => format!("etag#{etag}#{}", sequencer.as_str()),
            (None, None) => format!("etag#{etag}#"),
        };
        Key::state(self.tenant.as_str(), "object", &format!("{key}#{upload}"))
    }
}

/// One content under one key of a store that keeps no versions. A listing of such a store tells of an upload no more than
/// its key, `ETag` and time: this row says whether that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) tenant: TenantId,
    pub(crate) object: ObjectVersion,
    /// When its newest upload was that is known of, by the store's clock.
    pub(crate) uploaded_at: Timestamp,
    /// The upload that a listing told of and that no notification has told of yet.
    pub(crate) unannounced: Option<Unannounced>,
}

/// An upload that was found in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unannounced {
    /// The document that it became; none for a sidecar.
    pub(crate) document_id: Option<DocumentId>,
    /// When it was uploaded, by the store's clock, to the second.
    pub(crate) at: Timestamp,
}

impl Content {
    pub(crate) fn key_of(tenant: &TenantId, object: &ObjectVersion) -> Key {
        let ObjectVersion { key, etag, .. } = object;
        Key::state(tenant.as_str(), "object", &format!("{key}#etag#{etag}"))
    }
}

impl Record for Content {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.object)
    }
}

/// What an inbox name stands for now: its newest document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Newest {
    pub(crate) name: InboxName,
    pub(crate) document_id: DocumentId,
    pub(crate) sequencer: Option<Sequencer>,
}

impl Newest {
    pub(crate) fn key_of(name: &InboxName) -> Key {
        Key::state(name.tenant.as_str(), "newest", &name.name)
    }
}

impl Record for Newest {
    fn key(&self) -> Key {
        Self::key_of(&self.name)
    }
}

/// The sidecar of an inbox name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sidecar {
    pub(crate) name: InboxName,
    pub(crate) description: Description,
    pub(crate) sequencer: Option<Sequencer>,
    /// The document that it described last. Once that one is signed, the sidecar has served.
    pub(crate) describes: Option<DocumentId>,
}

impl Sidecar {
    pub(crate) fn key_of(name: &InboxName) -> Key {
        Key::state(name.tenant.as_str(), "sidecar", &name.name)
    }
}

impl Record for Sidecar {
    fn key(&self) -> Key {
        Self::key_of(&self.name)
    }
}
