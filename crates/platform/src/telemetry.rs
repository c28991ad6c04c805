//! Logs: one JSON object a line, with dotted field names and never personal data.

use std::fs::File;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::Settings;

/// Starts logging to standard error. `LOG_LEVEL` is a filter such as `info` or `documents=debug,warn` (default `info`).
pub fn init(settings: &Settings) {
    start(std::io::stderr, settings.optional("LOG_LEVEL").unwrap_or("info"));
}

/// Starts logging to a file, with a filter as in [`init`].
pub fn log_to(file: File, filter: &str) {
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
