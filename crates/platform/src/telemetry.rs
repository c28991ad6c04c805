//! Logs: one JSON object a line, with dotted field names and never personal data. Metrics: lines of their own, in
//! `CloudWatch`'s embedded metric format.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use serde_json::json;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::Settings;

/// The namespace of all metrics.
const NAMESPACE: &str = "Absah";

/// The stack of a process that was not told of any, as on one machine.
const STACK: &str = "absah";

/// Where metrics go; nowhere until logging begins.
static METRICS: OnceLock<Metrics> = OnceLock::new();

struct Metrics {
    /// Stacks of one account share the namespace.
    stack: String,
    writer: Mutex<Box<dyn Write + Send>>,
}

/// Notes the value of a metric of a step, such as `Parked`. A line that cannot be written is lost: nothing waits for it.
pub fn metric(step: &str, name: &str, value: f64) {
    let Some(metrics) = METRICS.get() else { return };
    let mut line = emf(Timestamp::now(), &metrics.stack, step, name, value).to_string();
    line.push('\n');
    if let Ok(mut writer) = metrics.writer.lock() {
        let _lost = writer.write_all(line.as_bytes());
    }
}

/// One metric as the embedded metric format has it (Amazon `CloudWatch` user guide, "Embedded metric format specification").
fn emf(now: Timestamp, stack: &str, step: &str, name: &str, value: f64) -> serde_json::Value {
    let unit = if name.ends_with("Ms") { "Milliseconds" } else { "Count" };
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["stack", "step"]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        "stack": stack,
        "step": step,
        name: value,
    })
}

/// Starts logging to standard error. `LOG_LEVEL` is a filter such as `info` or `documents=debug,warn` (default `info`);
/// `STACK_NAME` tells the metrics of this stack from those of others.
pub fn init(settings: &Settings) {
    measure(settings.optional("STACK_NAME").unwrap_or(STACK), std::io::stdout());
    start(std::io::stderr, settings.optional("LOG_LEVEL").unwrap_or("info"));
}

/// Starts logging to a file, with a filter as in [`init`].
pub fn log_to(file: File, filter: &str) {
    if let Ok(file) = file.try_clone() {
        measure(STACK, file);
    }
    start(Mutex::new(file), filter);
}

/// Whoever came first in this process decided where metrics go.
fn measure(stack: &str, writer: impl Write + Send + 'static) {
    let _already_there = METRICS.set(Metrics {
        stack: stack.to_owned(),
        writer: Mutex::new(Box::new(writer)),
    });
}

fn start<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(writer: W, filter: &str) {
    let readable = filter.parse::<Targets>();
    let unreadable = readable.is_err();
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer);
    let targets = readable.unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let subscriber = tracing_subscriber::registry().with(targets).with(lines);
    // Whoever came first in this process decided where the log goes.
    let _already_there = tracing::subscriber::set_global_default(subscriber);
    if unreadable {
        tracing::warn!(filter, "LOG_LEVEL cannot be read, so `info` is used");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_one_object_of_the_embedded_metric_format() {
        let line = emf(Timestamp::UNIX_EPOCH, "staging", "sign", "Parked", 2.0);
        assert_eq!(
            line.to_string(),
            r#"{"Parked":2.0,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["stack","step"]],"Metrics":[{"Name":"Parked","Unit":"Count"}],"Namespace":"Absah"}],"Timestamp":0},"stack":"staging","step":"sign"}"#
        );
        assert_eq!(
            emf(Timestamp::UNIX_EPOCH, "staging", "sign", "DurationMs", 1.5)
                .pointer("/_aws/CloudWatchMetrics/0/Metrics/0/Unit"),
            Some(&"Milliseconds".into())
        );
    }
}
