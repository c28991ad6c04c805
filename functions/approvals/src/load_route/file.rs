//! Files of the configuration bucket: what their keys say, and what is wrong with them.

use kernel::{Disposition, Fault, TenantId};

use crate::item_types::{ItemTypes, ItemTypesError};
use crate::route::{Route, RouteError, RouteFileError};

/// The key of a file that is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    pub(super) tenant: TenantId,
    pub(super) key: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// `routes/<name>/<version>.json`
    Route { name: String, version: String },
    /// `item-types.json`
    ItemTypes,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    Route(Route),
    ItemTypes(ItemTypes),
}

/// A file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too large.
    #[error("the file is too large")]
    TooLarge,
    /// No route that can be used.
    #[error("the file holds no route that can be used")]
    Route(#[source] RouteFileError),
    /// A step asks for a role that nobody can have.
    #[error("the route asks for a role that nobody can have")]
    Role(#[source] RouteError),
    /// No item types that can be used.
    #[error("the file holds no item types that can be used")]
    ItemTypes(#[source] ItemTypesError),
    /// Name or version is not that of the key.
    #[error("name or version of the route is not that of its key")]
    Misnamed,
    /// A step asks items of a type for a place that none of them has.
    #[error("the step {0} asks items of a type for a territory or unit that none of them has")]
    Placeless(String),
    /// The version is known, with another content.
    #[error("the version is known with another content; what changes needs a new version")]
    Changed,
}

impl Fault for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "route.too_large",
            Self::Route(error) => error.code(),
            Self::Role(error) => error.code(),
            Self::ItemTypes(error) => error.code(),
            Self::Misnamed => "route.misnamed",
            Self::Placeless(_) => "route.placeless",
            Self::Changed => "route.changed",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::TooLarge | Self::Misnamed | Self::Placeless(_) | Self::Changed => Disposition::Reject,
            Self::Route(error) => error.disposition(),
            Self::Role(error) => error.disposition(),
            Self::ItemTypes(error) => error.disposition(),
        }
    }
}

impl FileName {
    /// Reads a decoded key; none where the file is somebody else's.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let (tenant, rest) = key.split_once('/')?;
        let parts: Vec<_> = rest.split('/').collect();
        let kind = match parts.as_slice() {
            ["item-types.json"] => Kind::ItemTypes,
            ["routes", name, file] => Kind::Route {
                name: (*name).to_owned(),
                version: file.strip_suffix(".json")?.to_owned(),
            },
            _ => return None,
        };
        Some(Self {
            tenant: tenant.parse().ok()?,
            key: key.to_owned(),
            kind,
        })
    }

    /// Reads the file's content.
    pub(super) fn read(&self, bytes: &[u8]) -> Result<File, Refusal> {
        match &self.kind {
            Kind::ItemTypes => ItemTypes::from_json(bytes)
                .map(File::ItemTypes)
                .map_err(Refusal::ItemTypes),
            Kind::Route { name, version } => {
                let route = Route::from_json(bytes).map_err(Refusal::Route)?;
                if route.name() == name && route.version().to_string() == *version {
                    Ok(File::Route(route))
                } else {
                    Err(Refusal::Misnamed)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const ROUTE: &[u8] = br#"{"name":"izin","version":2,"steps":[{"name":"kepala_dinas","role":"head_of_office"}]}"#;

    #[test]
    fn files_of_others_are_left_alone() {
        for key in [
            "karo/templates/surat/1.typ",
            "karo/routes/izin.json",
            "karo/routes/izin/2.txt",
            "karo/routes/izin/a/2.json",
            "karo/item-types.json.bak",
            "item-types.json",
            "system/item-types.json",
            "Karo/routes/izin/2.json",
        ] {
            assert_eq!(FileName::parse(key), None, "{key}");
        }
        assert!(FileName::parse("karo/routes/izin/2.json").is_some());
        assert!(FileName::parse("karo/item-types.json").is_some());
    }

    #[test]
    fn a_route_is_where_its_name_and_version_say_or_it_is_refused() {
        let read = |key: &str, bytes: &[u8]| FileName::parse(key).unwrap().read(bytes);
        assert!(read("karo/routes/izin/2.json", ROUTE).is_ok());
        for key in [
            "karo/routes/izin/1.json",
            "karo/routes/izin/02.json",
            "karo/routes/usaha/2.json",
        ] {
            assert_eq!(read(key, ROUTE), Err(Refusal::Misnamed), "{key}");
        }
        let code = |bytes: &[u8]| read("karo/routes/izin/2.json", bytes).unwrap_err().code();
        assert_eq!(code(b"{"), "route.malformed");
        assert_eq!(code(br#"{"name":"izin","version":2,"steps":[]}"#), "route.steps");
    }
}
