//! End-to-end tests, one binary.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may panic, and say why they skip"
)]

mod accounts;
mod architecture;
mod bad_input;
mod browser;
mod devtools;
mod durability;
mod edges;
mod exactly_once;
mod golden_events;
mod golden_flow;
mod golden_notifications;
mod killed;
mod lease;
mod letters;
mod mail;
mod operate;
mod pipeline;
mod privacy;
mod program;
mod reconcile;
mod recorded_events;
mod sidecars;
mod support;
mod tampering;
mod tokens;
mod validators;
mod wiring;
