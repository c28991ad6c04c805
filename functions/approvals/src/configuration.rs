//! What a tenant has configured: its routes and its item types, each version of them, and which is current.

use kernel::TenantId;
use platform::{Key, Record, Stored, Table, TableError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::item_types::ItemTypes;
use crate::route::Route;

/// Something that tenants configure, in versions.
pub(crate) trait Configured: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// What its rows begin with, after the tenant.
    const KIND: &'static str;

    /// Its name among those of its kind.
    fn name(&self) -> &str;

    /// Its version.
    fn version(&self) -> u32;
}

impl Configured for Route {
    const KIND: &'static str = "route";

    fn name(&self) -> &str {
        Self::name(self)
    }

    fn version(&self) -> u32 {
        Self::version(self)
    }
}

/// The name of the item types: there is one set of them.
pub(crate) const ITEM_TYPES: &str = "item-types";

impl Configured for ItemTypes {
    const KIND: &'static str = "item-types";

    fn name(&self) -> &str {
        ITEM_TYPES
    }

    fn version(&self) -> u32 {
        self.version
    }
}

/// The version that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub(crate) struct Current<T> {
    pub(crate) tenant: TenantId,
    pub(crate) configured: T,
}

/// One version, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub(crate) struct Version<T> {
    pub(crate) tenant: TenantId,
    pub(crate) configured: T,
}

impl<T: Configured> Current<T> {
    pub(crate) fn key_of(tenant: &TenantId, name: &str) -> Key {
        Key::state(tenant.as_str(), T::KIND, name)
    }

    /// The version that counts; none where nothing was configured.
    pub(crate) async fn find(table: &Table, tenant: &TenantId, name: &str) -> Result<Option<Stored<Self>>, TableError> {
        table.find(&Self::key_of(tenant, name)).await
    }
}

impl<T: Configured> Record for Current<T> {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, self.configured.name())
    }
}

impl<T: Configured> Record for Version<T> {
    fn key(&self) -> Key {
        let Key { pk, .. } = Current::<T>::key_of(&self.tenant, self.configured.name());
        let sk = format!("version#{:010}", self.configured.version());
        Key { pk, sk }
    }
}
