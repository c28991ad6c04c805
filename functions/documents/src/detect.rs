//! detect: object-store notifications become one event per object, whatever store sent them and however often.

mod webhook;

use kernel::{Disposition, Fault};
use platform::{Cause, ConfigError, Environment, Event, Function, ObjectVersion, Step, Table, TableError};

use crate::document::Document;
use crate::events::{DescriptionDetected, Detected, SOURCE};
use crate::inbox_name::{InboxName, InboxNameError, Kind};
use crate::notification::{Notification, NotificationError};
use crate::storage::{Newest, Sighting};

/// Builds the function: notifications from a queue, or from a store's webhook over HTTP.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["WEBHOOK_TOKEN"])?;
    let token = vars.text("WEBHOOK_TOKEN")?;
    let step = Detect {
        table: environment.table()?,
        environment: environment.clone(),
    };
    let http = Function::http(webhook::router(step.clone(), &token));
    Ok(Function::queue(environment, step)?.or_http(http))
}

/// The step's context.
#[derive(Clone)]
pub(crate) struct Detect {
    table: Table,
    environment: Environment,
}

/// A notification could not be taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetectError {
    /// The notification does not name its object properly.
    #[error("the notification cannot be read")]
    Notification(#[source] NotificationError),
    /// The object's key is not of the inbox's shape.
    #[error("an object has a key that is not of the inbox's shape")]
    Key(#[source] InboxNameError),
    /// The sighting could not be stored.
    #[error("the sighting could not be stored")]
    Table(#[source] TableError),
}

impl Fault for DetectError {
    fn code(&self) -> &'static str {
        match self {
            Self::Notification(_) => "detect.malformed",
            Self::Key(_) => "detect.bad_key",
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Notification(_) | Self::Key(_) => Disposition::Reject,
            Self::Table(error) => error.disposition(),
        }
    }
}

impl Step for Detect {
    const NAME: &'static str = "detect";
    type Message = Notification;
    type Error = DetectError;

    async fn handle(&self, notification: Notification) -> Result<(), DetectError> {
        let mut bad_key = None;
        for object in notification.created().map_err(DetectError::Notification)? {
            match InboxName::parse(&object.key) {
                Ok(name) => self.sight(name, object).await?,
                Err(InboxNameError::NotOurs) => {}
                // The other objects of the notification are taken in all the same.
                Err(error @ InboxNameError::Shape) => bad_key = Some(error),
            }
        }
        bad_key.map_or(Ok(()), |error| Err(DetectError::Key(error)))
    }
}

impl Detect {
    /// Records an object that was not seen before, with its event.
    async fn sight(&self, name: InboxName, object: ObjectVersion) -> Result<(), DetectError> {
        let stored = match name.kind {
            Kind::Pdf => self.sight_document(name, object).await,
            Kind::Sidecar => self.sight_sidecar(name, object).await,
        };
        match stored {
            // Seen before: deliveries repeat.
            Ok(()) | Err(TableError::AlreadyExists) => Ok(()),
            Err(error) => Err(DetectError::Table(error)),
        }
    }

    async fn sight_document(&self, name: InboxName, object: ObjectVersion) -> Result<(), TableError> {
        let (tenant, at) = (name.tenant.clone(), self.environment.now());
        let id = self.environment.ids.document_id();
        let sighting = Sighting {
            tenant: tenant.clone(),
            object: object.clone(),
            document_id: Some(id),
            at,
        };
        let newest = Newest {
            name: name.clone(),
            document_id: id,
        };
        let document = Document::detected(id, name, object.clone(), at);
        let event = self.environment.envelope(
            &Cause::Outside,
            SOURCE,
            Event {
                event_type: "document.detected",
                subject: id.to_string(),
                tenant: tenant.clone(),
                data: Detected {
                    document_id: id,
                    key: object.key,
                },
            },
        );
        self.table
            .transaction()
            .insert(&sighting)?
            .insert(&document)?
            .overwrite(&newest)?
            .event(&Document::key_of(&tenant, id), 1, &event)?
            .commit()
            .await
    }

    async fn sight_sidecar(&self, name: InboxName, object: ObjectVersion) -> Result<(), TableError> {
        let tenant = name.tenant.clone();
        let sighting = Sighting {
            tenant: tenant.clone(),
            object: object.clone(),
            document_id: None,
            at: self.environment.now(),
        };
        let key = platform::Record::key(&sighting);
        let event = self.environment.envelope(
            &Cause::Outside,
            SOURCE,
            Event {
                event_type: "description.detected",
                subject: name.name.clone(),
                tenant,
                data: DescriptionDetected { name, object },
            },
        );
        self.table
            .transaction()
            .insert(&sighting)?
            .event(&key, 1, &event)?
            .commit()
            .await
    }
}
