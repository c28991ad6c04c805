//! Queue functions: a batch of messages, each handled by itself, with `batchItemFailures` for those to deliver again.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt};
use kernel::{Clock, Disposition, Fault, MalformedJson, chain};
use tracing::{Instrument, error, error_span, info, warn};

use super::{Function, FunctionError, Step};
use crate::config::ConfigError;
use crate::environment::Environment;
use crate::parking::Parking;
use crate::table::Table;
use crate::telemetry::metric;

/// How many messages of a batch are handled at the same time: handlers mostly wait for storage.
const CONCURRENCY: usize = 8;

impl Function {
    /// Handles each message of a queue with `step`.
    ///
    /// A message that is not the step's, or that the step rejects, is parked and acknowledged. One whose step fails
    /// otherwise, or panics, is delivered again.
    pub fn queue<S: Step>(environment: &Environment, step: S) -> Result<Self, ConfigError> {
        let worker = Arc::new(Worker {
            table: environment.table()?,
            clock: environment.clock.clone(),
            step,
        });
        Ok(Self(Arc::new(move |event| {
            let worker = worker.clone();
            Box::pin(async move {
                let batch: SqsEvent = serde_json::from_value(event).map_err(FunctionError::malformed)?;
                let mut deliveries = futures::stream::iter(batch.records)
                    .map(|message| worker.clone().deliver(message))
                    .buffer_unordered(CONCURRENCY);
                let mut response = SqsBatchResponse::default();
                while let Some(outcome) = deliveries.next().await {
                    if let Some(id) = outcome {
                        response.add_failure(id);
                    }
                }
                serde_json::to_value(response).map_err(|error| FunctionError(error.into()))
            })
        })))
    }
}

struct Worker<S> {
    table: Table,
    clock: Arc<dyn Clock>,
    step: S,
}

impl<S: Step> Worker<S> {
    /// Handles one message; its id when it must be delivered again.
    async fn deliver(self: Arc<Self>, message: SqsMessage) -> Option<String> {
        let id = message.message_id.unwrap_or_default();
        let body = message.body.unwrap_or_default();
        let span = error_span!("step", step = S::NAME, message.id = %id, trace.id = trace_id(&body));
        let begun = Instant::now();
        let handled = AssertUnwindSafe(self.handle(&id, &body))
            .catch_unwind()
            .instrument(span.clone())
            .await;
        let _entered = span.enter();
        match handled {
            Ok(Ok(())) => {
                let took = begun.elapsed().as_secs_f64() * 1000.0;
                info!(event.duration_ms = took, "handled");
                metric(S::NAME, "DurationMs", took);
                None
            }
            Ok(Err(Undelivered)) => {
                metric(S::NAME, "Repeated", 1.0);
                Some(id)
            }
            Err(_panic) => {
                metric(S::NAME, "Panicked", 1.0);
                error!(
                    error.code = "function.panicked",
                    "the step panicked; the message is delivered again"
                );
                Some(id)
            }
        }
    }

    async fn handle(&self, id: &str, body: &str) -> Result<(), Undelivered> {
        let message = match serde_json::from_str::<S::Message>(body) {
            Ok(message) => message,
            Err(error) => {
                return self
                    .park(id, body, "message.malformed", &MalformedJson::from(error))
                    .await;
            }
        };
        let Err(error) = self.step.handle(message).await else {
            return Ok(());
        };
        match error.disposition() {
            Disposition::Reject => self.park(id, body, error.code(), &error).await,
            Disposition::Retry => {
                warn!(
                    error.code = error.code(),
                    error.chain = chain(&error),
                    "the step failed; delivered again"
                );
                Err(Undelivered)
            }
        }
    }

    async fn park(
        &self,
        id: &str,
        body: &str,
        code: &'static str,
        error: &(dyn std::error::Error + Send + Sync + 'static),
    ) -> Result<(), Undelivered> {
        error!(
            error.code = code,
            error.chain = chain(error),
            "rejected; the message is parked"
        );
        metric(S::NAME, "Parked", 1.0);
        let parking = Parking {
            function: S::NAME.to_owned(),
            message_id: id.to_owned(),
            code: code.to_owned(),
            detail: chain(error),
            body: body.to_owned(),
            at: self.clock.now(),
        };
        parking.park(&self.table).await.map_err(|error| {
            warn!(
                error.code = error.code(),
                error.chain = chain(&error),
                "parking failed; delivered again"
            );
            Undelivered
        })
    }
}

/// The message was not dealt with.
struct Undelivered;

/// The id that all events of one flow share, for the log; empty where the message carries none.
fn trace_id(body: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Traced {
        traceparent: kernel::Traceparent,
    }
    serde_json::from_str::<Traced>(body)
        .map(|traced| traced.traceparent.trace_id())
        .unwrap_or_default()
}
