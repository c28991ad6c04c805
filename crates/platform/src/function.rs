//! How a handler becomes a function: real event JSON in, real response JSON out, whoever calls it.

mod gate;
mod http;
mod proxy;
mod queue;
mod schedule;
mod stream;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::{Fault, MalformedJson, chain};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use gate::Gate;
pub use http::{HttpEvent, HttpReply};
pub use schedule::Task;
pub use stream::StreamRecord;

use crate::config::{ConfigError, Settings};
use crate::environment::Environment;
use crate::telemetry;

/// Builds one function from what it is given. Each step exports one, under the name `function`.
pub type BuildFunction = fn(&Environment) -> Result<Function, ConfigError>;

/// One step: a message in, one effect, safe to run twice with the same message.
pub trait Step: Send + Sync + 'static {
    /// The one name of this step, its module, its binary and its queue.
    const NAME: &'static str;
    /// What it is triggered by, as JSON.
    type Message: DeserializeOwned + Send;
    /// What can go wrong.
    type Error: Fault;

    /// Handles one message.
    fn handle(&self, message: Self::Message) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

type Handler = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, FunctionError>> + Send + Sync>;

/// A function: takes one event as Lambda would deliver it and returns the response that Lambda would pass on.
#[derive(Clone)]
pub struct Function(Handler);

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

/// A whole invocation failed: the event was none that the function can take, or nothing of a batch could be kept.
#[derive(Debug, thiserror::Error)]
#[error("the invocation failed")]
pub struct FunctionError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl FunctionError {
    pub(crate) fn malformed(error: serde_json::Error) -> Self {
        Self(MalformedJson::from(error).into())
    }
}

impl Function {
    /// Handles one event. A panic fails the invocation, not whoever invoked it.
    pub async fn invoke(&self, event: Value) -> Result<Value, FunctionError> {
        let handled = AssertUnwindSafe((self.0)(event)).catch_unwind().await;
        handled.unwrap_or_else(|_panic| Err(FunctionError("the function panicked".into())))
    }

    /// Answers HTTP events with `http` and everything else with `self`: for a step that is triggered both ways.
    #[must_use]
    pub fn or_http(self, http: Self) -> Self {
        Self(Arc::new(move |event| match event.get("requestContext") {
            Some(_) => (http.0)(event),
            None => (self.0)(event),
        }))
    }
}

/// The process cannot go on. Prints as its cause chain.
pub struct Exit(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Exit {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.0))
    }
}

/// Runs a function as a Lambda process: reads the environment, starts logging, builds, then serves until stopped.
pub async fn serve(build: BuildFunction) -> Result<(), Exit> {
    let settings = Settings::from_process();
    telemetry::init(&settings);
    let function = build(&Environment::connect(settings)?)?;
    let service = lambda_runtime::service_fn(move |event: lambda_runtime::LambdaEvent<Value>| {
        let function = function.clone();
        async move {
            function
                .invoke(event.payload)
                .await
                .map_err(lambda_runtime::Error::from)
        }
    });
    Ok(lambda_runtime::run(service).await?)
}
