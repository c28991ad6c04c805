//! Which route an item gets: what its tenant has configured for its type, or else the installation's own.

use kernel::{Disposition, Fault, TenantId};
use platform::{ConfigError, Environment, Table, TableError};

use crate::configuration::{Current, ITEM_TYPES};
use crate::item::{AttributesError, Item, ItemKind};
use crate::item_types::ItemTypes;
use crate::route::{BUILT_IN_LETTER, Route};

/// The routes of items whose tenant has configured nothing for them.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    table: Table,
    document: Route,
    letter: Route,
}

/// An item on its route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routed {
    /// With what its type says of it.
    pub(crate) item: Item,
    pub(crate) route: Route,
    /// The office in whose name it is issued.
    pub(crate) authority: Option<String>,
}

/// An item has no route.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// The configuration could not be read.
    #[error("the configuration could not be read")]
    Table(#[from] TableError),
    /// A type names a route that is not there.
    #[error("the route {0} is not loaded")]
    Missing(String),
    /// Type and item together say too much.
    #[error("type and item together have too many attributes")]
    Attributes(#[source] AttributesError),
}

impl Fault for RoutingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Table(error) => error.code(),
            Self::Missing(_) => "approvals.route_missing",
            Self::Attributes(_) => "approvals.attributes",
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Table(error) => error.disposition(),
            // Item types are only loaded when their routes are; the row may not be visible yet.
            Self::Missing(_) => Disposition::Retry,
            Self::Attributes(_) => Disposition::Reject,
        }
    }
}

impl Routing {
    /// Reads `APPROVAL_ROUTE` (documents) and, where it is given, `LETTER_ROUTE`.
    pub(crate) fn connect(environment: &Environment) -> Result<Self, ConfigError> {
        let settings = &environment.settings;
        let document = settings.require(&["APPROVAL_ROUTE"])?.json("APPROVAL_ROUTE")?;
        let letter = settings.optional("LETTER_ROUTE").unwrap_or(BUILT_IN_LETTER);
        let letter =
            Route::from_json(letter.as_bytes()).map_err(|error| ConfigError::invalid("LETTER_ROUTE", error))?;
        Ok(Self {
            table: environment.table()?,
            document,
            letter,
        })
    }

    /// The route of a new item.
    pub(crate) async fn of(&self, tenant: &TenantId, item: Item) -> Result<Routed, RoutingError> {
        let types = Current::<ItemTypes>::find(&self.table, tenant, ITEM_TYPES).await?;
        let configured = types.map(|stored| stored.value.configured);
        let of_type = configured
            .as_ref()
            .and_then(|types| types.of(item.kind, item.item_type.as_deref()));
        let Some(of_type) = of_type else {
            return Ok(Routed {
                route: self.fallback(item.kind).clone(),
                item,
                authority: None,
            });
        };
        let route = Current::<Route>::find(&self.table, tenant, &of_type.route).await?;
        let route = route.ok_or_else(|| RoutingError::Missing(of_type.route.clone()))?;
        // What the type says counts more than what came with the item.
        let attributes = item.attributes.with(of_type.says()).map_err(RoutingError::Attributes)?;
        Ok(Routed {
            item: Item { attributes, ..item },
            route: route.value.configured,
            authority: of_type.authority.as_ref().map(|authority| authority.office.clone()),
        })
    }

    /// The route where nothing is configured.
    pub(crate) fn fallback(&self, kind: ItemKind) -> &Route {
        match kind {
            ItemKind::Document => &self.document,
            ItemKind::Letter => &self.letter,
        }
    }
}
