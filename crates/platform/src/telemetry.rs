//! Logs: one JSON object a line, with dotted field names and never personal data.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::Settings;

/// Starts logging to standard error, as JSON. `LOG_LEVEL` is a filter such as `info` or `documents=debug,warn`
/// (default `info`). Later calls in the same process change nothing.
pub fn init(settings: &Settings) {
    let filter = settings.optional("LOG_LEVEL").unwrap_or("info");
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::new(filter))
        .finish();
    // A second function in the same process finds the subscriber of the first, which is the one wanted.
    let _already_there = tracing::subscriber::set_global_default(subscriber);
}
