//! Scheduled functions: what is done again and again, whatever the clock's event says.

use std::sync::Arc;
use std::time::Instant;

use kernel::{Fault, chain};
use tracing::{Instrument, error, error_span, info};

use super::{Function, FunctionError};

/// Work that is done at times.
pub trait Task: Send + Sync + 'static {
    /// The one name of this function, its module and its binary.
    const NAME: &'static str;
    /// What can go wrong.
    type Error: Fault;

    /// Does it once. What an earlier run has done is not done again.
    fn run(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl Function {
    /// Does `task` at each event. An error fails the invocation, which the schedule repeats.
    pub fn scheduled<T: Task>(task: T) -> Self {
        let task = Arc::new(task);
        Self(Arc::new(move |_event| {
            let task = task.clone();
            let span = error_span!("task", step = T::NAME);
            let work = async move {
                let begun = Instant::now();
                match task.run().await {
                    Ok(()) => {
                        info!(event.duration_ms = begun.elapsed().as_secs_f64() * 1000.0, "done");
                        Ok(serde_json::Value::Null)
                    }
                    Err(error) => {
                        error!(
                            error.code = error.code(),
                            error.chain = chain(&error),
                            "the task failed"
                        );
                        Err(FunctionError(error.into()))
                    }
                }
            };
            Box::pin(work.instrument(span))
        }))
    }
}
