//! load-route: routes and item types are taken in from the configuration bucket, or refused with a reason.
//!
//! `<tenant>/routes/<name>/<version>.json` is a route, `<tenant>/item-types.json` says which item gets which. A version is
//! for good: another content needs another version. Versions may arrive in any order; the highest counts.

mod file;

use std::collections::BTreeSet;

use kernel::{Disposition, Fault, TenantId};
use platform::{
    Actor, ActorKind, AuditEntry, Cause, ConfigError, Created, Environment, Event, Function, Grants, Inbox, InboxError,
    Key, Notification, NotificationError, Record, Step, Stored, Table, TableError,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::actor::DECIDE;
use crate::configuration::{Configured, Current, ITEM_TYPES, Version};
use crate::events::{RouteLoaded, RouteRefused, SOURCE};
use crate::item_types::ItemTypes;
use crate::messages;
use crate::route::Route;
use file::{File, FileName};

pub use file::Refusal;

/// No route is larger, and no list of types.
const FILE_LIMIT: u64 = 256 * 1024;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["CONFIG_BUCKET", "APPROVAL_ROLES"])?;
    let roles = vars.text("APPROVAL_ROLES")?;
    let step = LoadRoute {
        table: environment.table()?,
        files: Inbox::new(&environment.aws),
        bucket: vars.text("CONFIG_BUCKET")?,
        roles: roles.split(',').map(|role| role.trim().to_owned()).collect(),
        environment: environment.clone(),
    };
    Function::queue(environment, step)
}

/// The step's context.
struct LoadRoute {
    table: Table,
    files: Inbox,
    bucket: String,
    /// The system's roles that steps may ask for.
    roles: BTreeSet<String>,
    environment: Environment,
}

/// A file could not be taken in.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    /// The notification does not name its object properly.
    #[error("the notification cannot be read")]
    Notification(#[source] NotificationError),
    /// The object is in a bucket that is not the configuration.
    #[error("an object is in a bucket that is not the configuration")]
    ForeignBucket,
    /// The object could not be read.
    #[error("the object could not be read")]
    File(#[source] InboxError),
    /// The configuration could not be loaded or stored.
    #[error("the configuration could not be loaded or stored")]
    Table(#[from] TableError),
    /// Item types name a route that has not come yet.
    #[error("the route {0} is not loaded yet")]
    RouteMissing(String),
    /// The file cannot be used.
    #[error("the file cannot be used")]
    Refused(#[source] Refusal),
}

impl Fault for LoadError {
    fn code(&self) -> &'static str {
        match self {
            Self::Notification(_) => "load_route.malformed",
            Self::ForeignBucket => "load_route.foreign_bucket",
            Self::File(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::RouteMissing(_) => "load_route.route_missing",
            Self::Refused(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Notification(_) | Self::ForeignBucket => Disposition::Reject,
            Self::File(error) => error.disposition(),
            Self::Table(error) => error.disposition(),
            // Files that are put together arrive in any order.
            Self::RouteMissing(_) => Disposition::Retry,
            Self::Refused(error) => error.disposition(),
        }
    }
}

/// A file that was refused: what its event belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Refused {
    tenant: TenantId,
    /// The exact object.
    upload: String,
    code: String,
}

impl Record for Refused {
    fn key(&self) -> Key {
        Key::state(self.tenant.as_str(), "refused-route", &self.upload)
    }
}

impl Step for LoadRoute {
    const NAME: &'static str = "load-route";
    type Message = Notification;
    type Error = LoadError;

    /// Takes in every file that can be taken in; of the others, the first error is reported.
    async fn handle(&self, notification: Notification) -> Result<(), LoadError> {
        let mut refused = None;
        for created in notification.created() {
            match self.load(created.map_err(LoadError::Notification)).await {
                Ok(()) => {}
                Err(error) if error.disposition() == Disposition::Reject => {
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        refused.map_or(Ok(()), Err)
    }
}

impl LoadRoute {
    async fn load(&self, created: Result<Created, LoadError>) -> Result<(), LoadError> {
        let Created { object, .. } = created?;
        if object.bucket != self.bucket {
            return Err(LoadError::ForeignBucket);
        }
        // Templates of letters and others are for others to take in.
        let Some(name) = FileName::parse(&object.key) else {
            return Ok(());
        };
        let upload = format!(
            "{}#{}",
            object.key,
            object.version_id.as_deref().unwrap_or(&object.etag)
        );
        let received = match self.files.receive(&object, FILE_LIMIT).await {
            Ok(received) => received,
            Err(InboxError::TooLarge { .. }) => return self.refuse(&name, upload, Refusal::TooLarge).await,
            // The newer one has a notification of its own.
            Err(InboxError::Replaced) => return Ok(()),
            Err(error @ (InboxError::Missing | InboxError::Unavailable(_))) => return Err(LoadError::File(error)),
        };
        let taken = match name.read(&received.bytes) {
            Ok(File::Route(route)) => match self.check_route(&name.tenant, &route).await? {
                Ok(()) => self.take(&name, route).await?,
                Err(refusal) => Err(refusal),
            },
            Ok(File::ItemTypes(types)) => match self.check_routes(&name.tenant, &types).await? {
                Ok(()) => self.take(&name, types).await?,
                Err(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        match taken {
            Ok(()) => Ok(()),
            Err(refusal) => self.refuse(&name, upload, refusal).await,
        }
    }

    /// Keeps one version. Taking it in twice changes nothing.
    async fn take<T: Configured>(&self, name: &FileName, configured: T) -> Result<Result<(), Refusal>, LoadError> {
        let tenant = name.tenant.clone();
        let version = Version {
            tenant: tenant.clone(),
            configured: configured.clone(),
        };
        if let Some(known) = self.table.find::<Version<T>>(&version.key()).await? {
            let is_same = known.value.configured == configured;
            return Ok(if is_same { Ok(()) } else { Err(Refusal::Changed) });
        }
        let current = Current::<T>::find(&self.table, &tenant, configured.name()).await?;
        let loaded = RouteLoaded {
            key: name.key.clone(),
            name: configured.name().to_owned(),
            version: configured.version(),
        };
        let number = u64::from(configured.version());
        let event = self.environment.envelope(
            &Cause::Outside,
            SOURCE,
            Event {
                event_type: "route.loaded",
                subject: configured.name().to_owned(),
                tenant: tenant.clone(),
                data: loaded,
            },
        );
        let transaction = self.table.transaction().insert(&version)?;
        let transaction = transaction.event(&version.key(), number, &event)?;
        let told = audited("route.loaded", &name.key)
            .changing(None, Some(json!({ "name": event.subject, "version": number })));
        let transaction = transaction.audited(&self.environment, &tenant, told)?;
        let newest = match current {
            None => transaction.update(&Current { tenant, configured }, 0)?,
            Some(Stored { value, version }) if value.configured.version() < configured.version() => {
                transaction.update(&Current { tenant, configured }, version)?
            }
            Some(_) => transaction,
        };
        match newest.commit().await {
            Ok(()) => Ok(Ok(())),
            // Somebody takes in the same or another version at this moment.
            Err(TableError::AlreadyExists) => Err(TableError::Conflict.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the routes that types name are there, and ask for no place that items of these types do not have.
    async fn check_routes(&self, tenant: &TenantId, types: &ItemTypes) -> Result<Result<(), Refusal>, LoadError> {
        let names: BTreeSet<_> = types.routes().collect();
        for name in names {
            let found = Current::<Route>::find(&self.table, tenant, name).await?;
            let route = found.ok_or_else(|| LoadError::RouteMissing(name.to_owned()))?;
            if let Err(refusal) = check_places(types, &route.value.configured) {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }

    /// Whether a route asks for roles only that somebody can have, and for no place that items of the types which name it do
    /// not have. A version that was taken in counts for good, whatever became of those: its file may come again.
    async fn check_route(&self, tenant: &TenantId, route: &Route) -> Result<Result<(), Refusal>, LoadError> {
        let version = Version {
            tenant: tenant.clone(),
            configured: route.clone(),
        };
        if self.table.find::<Version<Route>>(&version.key()).await?.is_some() {
            return Ok(Ok(()));
        }
        if let Err(error) = route.check_roles(&self.known_roles(tenant, route).await?) {
            return Ok(Err(Refusal::Role(error)));
        }
        let types = Current::<ItemTypes>::find(&self.table, tenant, ITEM_TYPES).await?;
        Ok(types.map_or(Ok(()), |types| check_places(&types.value.configured, route)))
    }

    /// The roles that a route's steps may ask for: the system's, and of the tenant's own those that let their holders decide.
    async fn known_roles(&self, tenant: &TenantId, route: &Route) -> Result<BTreeSet<String>, TableError> {
        let mut known = self.roles.clone();
        for step in route.steps() {
            if known.contains(&step.role) {
                continue;
            }
            let own = self.table.find::<Grants>(&Grants::key_of(tenant, &step.role)).await?;
            if own.is_some_and(|own| own.value.permissions.contains(DECIDE)) {
                known.insert(step.role.clone());
            }
        }
        Ok(known)
    }

    /// Tells that a file was refused, and why; it is parked besides.
    async fn refuse(&self, name: &FileName, upload: String, refusal: Refusal) -> Result<(), LoadError> {
        let told = RouteRefused {
            key: name.key.clone(),
            code: refusal.code().to_owned(),
            message: messages::refused_route(refusal.code()).to_owned(),
            detail: kernel::chain(&refusal),
        };
        let refused = Refused {
            tenant: name.tenant.clone(),
            upload,
            code: told.code.clone(),
        };
        let event = self.environment.envelope(
            &Cause::Outside,
            SOURCE,
            Event {
                event_type: "route.refused",
                subject: name.key.clone(),
                tenant: name.tenant.clone(),
                data: told,
            },
        );
        let entry = audited("route.loaded", &name.key).refused(refusal.code());
        let transaction = self.table.transaction().found(&refused, &event)?;
        let transaction = transaction.audited(&self.environment, &name.tenant, entry)?;
        match transaction.commit().await {
            Ok(()) | Err(TableError::AlreadyExists) => Err(LoadError::Refused(refusal)),
            Err(error) => Err(error.into()),
        }
    }
}

fn check_places(types: &ItemTypes, route: &Route) -> Result<(), Refusal> {
    match types.placeless(route) {
        None => Ok(()),
        Some(step) => Err(Refusal::Placeless(step.name.clone())),
    }
}

/// What became of a file. Who put it there is the bucket's to know.
fn audited(action: &str, key: &str) -> AuditEntry {
    let step = Actor {
        id: LoadRoute::NAME.to_owned(),
        kind: ActorKind::System,
    };
    AuditEntry::success(step, action, "route", key)
}
