//! The clock: sets a function off again and again, as `EventBridge`'s scheduled events do.

use std::time::Duration;

use platform::Function;
use serde_json::json;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Invokes `function` at once and then `every` so often, until `stop`. What fails is the next run's to make up for.
pub(crate) async fn schedule(every: Duration, function: Function, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        if let Err(error) = function.invoke(event).await {
            tracing::warn!(error.chain = kernel::chain(&error), "a scheduled function failed");
        }
    }
}
