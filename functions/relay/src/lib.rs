//! relay: new event rows of the table go to the queues of those who asked for their type.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Disposition, EventType, Fault};
use platform::{ConfigError, Environment, Function, QueueError, Queues, Step, StreamRecord};
use serde::Deserialize;

/// Builds the function. `EVENT_ROUTES` is a JSON object: queue URL to a list of event types. A URL is long, and stands there once:
/// all variables of a function together have 4 KB.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["EVENT_ROUTES"])?;
    let routes = vars.json("EVENT_ROUTES")?;
    Ok(Function::stream(Relay {
        queues: Queues::new(&environment.aws),
        routes,
    }))
}

struct Relay {
    queues: Queues,
    routes: BTreeMap<String, BTreeSet<EventType>>,
}

/// Events could not be handed on.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    /// A queue did not take them.
    #[error("a queue did not take the events")]
    Queue(#[source] QueueError),
}

impl Fault for RelayError {
    fn code(&self) -> &'static str {
        match self {
            Self::Queue(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Queue(error) => error.disposition(),
        }
    }
}

/// All that the relay needs to know of an event.
#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "type")]
    event_type: EventType,
}

impl Step for Relay {
    const NAME: &'static str = "relay";
    type Message = Vec<StreamRecord>;
    type Error = RelayError;

    async fn handle(&self, records: Vec<StreamRecord>) -> Result<(), RelayError> {
        let mut by_queue = BTreeMap::<&str, Vec<String>>::new();
        for envelope in records.iter().filter_map(StreamRecord::envelope_json) {
            let typed = match serde_json::from_str::<Typed>(envelope) {
                Ok(typed) => typed,
                // Stopping here would stop every event behind it; the row stays in the table.
                Err(error) => {
                    tracing::error!(error.code = "relay.malformed", error.chain = %error, "an event was passed over");
                    continue;
                }
            };
            let asked = self
                .routes
                .iter()
                .filter(|(_, types)| types.contains(&typed.event_type));
            for (queue, _) in asked {
                by_queue.entry(queue).or_default().push(envelope.to_owned());
            }
        }
        let sends = by_queue
            .iter()
            .map(|(queue, envelopes)| self.queues.send(queue, envelopes));
        // Each is waited for: what one queue does not take keeps no other from its events.
        let sent = futures::future::join_all(sends).await;
        sent.into_iter().collect::<Result<(), _>>().map_err(RelayError::Queue)
    }
}
