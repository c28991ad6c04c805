//! What a function is given by whoever starts it: Lambda, the local runner, or a test.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{Clock, Envelope, EventType, Ids, RandomIds, SpecVersion, SystemClock, TenantId, Traceparent};
use serde::Serialize;

use crate::aws::Aws;
use crate::config::{ConfigError, Settings};
use crate::table::Table;

/// Settings, connections, time and ids.
#[derive(Clone)]
pub struct Environment {
    /// The function's configuration.
    pub settings: Settings,
    /// The connections.
    pub aws: Aws,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn Ids>,
}

impl Environment {
    /// The machine's clock and random ids, with connections made from `settings`.
    pub fn connect(settings: Settings) -> Result<Self, ConfigError> {
        let aws = Aws::connect(&settings)?;
        Ok(Self {
            settings,
            aws,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        })
    }

    /// The same connections, clock and ids with other settings.
    #[must_use]
    pub fn with_settings(&self, settings: Settings) -> Self {
        Self {
            settings,
            ..self.clone()
        }
    }

    /// The table that `TABLE_NAME` names.
    pub fn table(&self) -> Result<Table, ConfigError> {
        let vars = self.settings.require(&["TABLE_NAME"])?;
        Ok(Table::new(&self.aws, vars.text("TABLE_NAME")?))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Wraps a domain event. Its trace goes on from what caused it.
    pub fn envelope<D: Serialize>(&self, cause: &Cause, source: &str, event: Event<D>) -> Envelope<D> {
        let time = self.now();
        let id = self.ids.event_id(time);
        let traceparent = match cause {
            Cause::Outside => Traceparent::begin(id),
            Cause::Event(parent) => parent.child(id),
        };
        Envelope {
            specversion: SpecVersion::V1,
            id,
            source: source.to_owned(),
            event_type: EventType::known(event.event_type),
            subject: event.subject,
            time,
            tenant: event.tenant,
            traceparent,
            datacontenttype: "application/json".to_owned(),
            data: event.data,
        }
    }
}

/// What led to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Something from outside: a new flow begins.
    Outside,
    /// An earlier event of the same flow.
    Event(Traceparent),
}

/// A domain event before it has an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<D> {
    /// Its type, such as `document.signed`.
    pub event_type: &'static str,
    /// The id of the aggregate.
    pub subject: String,
    /// Whose event it is.
    pub tenant: TenantId,
    /// The payload.
    pub data: D,
}
