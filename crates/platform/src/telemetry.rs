//! Logs: one JSON object a line, with dotted field names and never personal data. Metrics: lines of their own, in
//! `CloudWatch`'s embedded metric format.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::Settings;

/// The namespace of all metrics.
const NAMESPACE: &str = "Absah";

/// Where metrics go; nowhere until logging begins.
static METRICS: OnceLock<Mutex<Box<dyn Write + Send>>> = OnceLock::new();

/// Notes the value of a metric of a step, such as `Parked`. A line that cannot be written is lost: nothing waits for it.
pub fn metric(step: &str, name: &str, value: f64) {
    let Some(metrics) = METRICS.get() else { return };
    let mut line = emf(Timestamp::now(), step, name, value).to_string();
    line.push('\n');
    if let Ok(mut writer) = metrics.lock() {
        let _lost = writer.write_all(line.as_bytes());
    }
}

/// One metric as the embedded metric format has it (Amazon `CloudWatch` user guide, "Embedded metric format specification").
fn emf(now: Timestamp, step: &str, name: &str, value: f64) -> serde_json::Value {
    let unit = if name.ends_with("Ms") { "Milliseconds" } else { "Count" };
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["step"]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        "step": step,
        name: value,
    })
}

/// Starts logging to standard error. `LOG_LEVEL` is a filter such as `info` or `documents=debug,warn` (default `info`).
pub fn init(settings: &Settings) {
    let _already_there = METRICS.set(Mutex::new(Box::new(std::io::stdout())));
    start(std::io::stderr, settings.optional("LOG_LEVEL").unwrap_or("info"));
}

/// Starts logging to a file, with a filter as in [`init`].
pub fn log_to(file: File, filter: &str) {
    if let Ok(file) = file.try_clone() {
        let _already_there = METRICS.set(Mutex::new(Box::new(file)));
    }
    start(Mutex::new(file), filter);
}

fn start<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(writer: W, filter: &str) {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(writer)
        .with_env_filter(EnvFilter::new(filter))
        .finish();
    // Whoever came first in this process decided where the log goes.
    let _already_there = tracing::subscriber::set_global_default(subscriber);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_one_object_of_the_embedded_metric_format() {
        let line = emf(Timestamp::UNIX_EPOCH, "sign", "Parked", 2.0);
        assert_eq!(
            line.to_string(),
            r#"{"Parked":2.0,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["step"]],"Metrics":[{"Name":"Parked","Unit":"Count"}],"Namespace":"Absah"}],"Timestamp":0},"step":"sign"}"#
        );
        assert_eq!(
            emf(Timestamp::UNIX_EPOCH, "sign", "DurationMs", 1.5).pointer("/_aws/CloudWatchMetrics/0/Metrics/0/Unit"),
            Some(&"Milliseconds".into())
        );
    }
}
