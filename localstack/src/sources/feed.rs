//! Domain events for onlookers, such as the demo's progress display.

use std::sync::Arc;

use kernel::Envelope;
use serde_json::Value;
use tokio::sync::broadcast;

/// An onlooker that falls behind by more than this loses events; the work itself does not depend on it.
const BACKLOG: usize = 65_536;

/// Hands every event to all onlookers.
#[derive(Debug, Clone)]
pub(crate) struct EventFeed(broadcast::Sender<Arc<Envelope<Value>>>);

impl Default for EventFeed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl EventFeed {
    pub(crate) fn publish(&self, event: Envelope<Value>) {
        // Without onlookers there is nobody to tell.
        let _nobody = self.0.send(Arc::new(event));
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Envelope<Value>>> {
        self.0.subscribe()
    }
}
