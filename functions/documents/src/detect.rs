//! detect: object-store notifications become one event per object, whatever store sent them and however often.

mod sighting;
mod webhook;

use kernel::{Disposition, Fault, MalformedJson, Sha256Digest, chain};
use platform::{
    ConfigError, Created, Environment, Function, Notification, NotificationError, Parking, Step, Table, TableError,
    metric,
};
use tracing::error;

use crate::inbox_name::{InboxName, InboxNameError};
pub(crate) use sighting::{GRACE, Told};

/// Builds the function: notifications from a queue, or from a store's webhook over HTTP.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["WEBHOOK_TOKEN", "INBOX_BUCKET"])?;
    let token = vars.text("WEBHOOK_TOKEN")?;
    let step = Detect::new(environment, vars.text("INBOX_BUCKET")?)?;
    let http = Function::http(webhook::router(step.clone(), &token));
    Ok(Function::queue(environment, step)?.or_http(http))
}

/// The step's context.
#[derive(Clone)]
pub(crate) struct Detect {
    table: Table,
    /// The only bucket whose objects are documents.
    bucket: String,
    environment: Environment,
}

/// A notification could not be taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetectError {
    /// The notification does not name its object properly.
    #[error("the notification cannot be read")]
    Notification(#[source] NotificationError),
    /// It is not even JSON.
    #[error("the notification is not JSON")]
    NotJson(#[source] MalformedJson),
    /// The object's key is not of the inbox's shape.
    #[error("an object has a key that is not of the inbox's shape")]
    Key(#[source] InboxNameError),
    /// The object is in a bucket that is not the inbox.
    #[error("an object is in a bucket that is not the inbox")]
    ForeignBucket,
    /// The sighting could not be stored.
    #[error("the sighting could not be stored")]
    Table(#[from] TableError),
}

impl Fault for DetectError {
    fn code(&self) -> &'static str {
        match self {
            Self::Notification(_) | Self::NotJson(_) => "detect.malformed",
            Self::Key(_) => "detect.bad_key",
            Self::ForeignBucket => "detect.foreign_bucket",
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Notification(_) | Self::NotJson(_) | Self::Key(_) | Self::ForeignBucket => Disposition::Reject,
            Self::Table(error) => error.disposition(),
        }
    }
}

impl Step for Detect {
    const NAME: &'static str = "detect";
    type Message = Notification;
    type Error = DetectError;

    /// Takes in every object that can be taken in; of the others, the first error is reported.
    async fn handle(&self, notification: Notification) -> Result<(), DetectError> {
        let mut refused = None;
        for created in notification.created() {
            match self.sight(created).await {
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

impl Detect {
    /// Takes in the objects of `bucket`.
    pub(crate) fn new(environment: &Environment, bucket: String) -> Result<Self, ConfigError> {
        Ok(Self {
            table: environment.table()?,
            bucket,
            environment: environment.clone(),
        })
    }

    /// Keeps a notification that came over HTTP and cannot be taken in. The same one twice is one row.
    async fn park(&self, body: &[u8], error: &DetectError) -> Result<(), TableError> {
        error!(
            error.code = error.code(),
            error.chain = chain(error),
            "rejected; the message is parked"
        );
        metric(Self::NAME, "Parked", 1.0);
        let parking = Parking {
            function: Self::NAME.to_owned(),
            message_id: format!("webhook-{}", Sha256Digest::of(body)),
            code: error.code().to_owned(),
            detail: chain(error),
            body: String::from_utf8_lossy(body).into_owned(),
            at: self.environment.now(),
        };
        parking.park(&self.table).await
    }

    /// Records an object that was not seen before, with its event.
    async fn sight(&self, created: Result<Created, NotificationError>) -> Result<(), DetectError> {
        let created = created.map_err(DetectError::Notification)?;
        if created.object.bucket != self.bucket {
            return Err(DetectError::ForeignBucket);
        }
        let name = match InboxName::parse(&created.object.key) {
            Ok(name) => name,
            Err(InboxNameError::NotOurs) => return Ok(()),
            Err(error @ InboxNameError::Shape) => return Err(DetectError::Key(error)),
        };
        // Whether it was new does not matter: deliveries repeat.
        self.record(name, created, Told::Notification).await?;
        Ok(())
    }
}
