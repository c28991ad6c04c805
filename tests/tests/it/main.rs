//! End-to-end tests, one binary.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests may panic, and say why they skip"
)]

mod architecture;
mod bad_input;
mod browser;
mod durability;
mod edges;
mod exactly_once;
mod golden_events;
mod pipeline;
mod program;
mod support;
mod tampering;
mod validators;
