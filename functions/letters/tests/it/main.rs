//! The functions of this context against the embedded engine, in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod access;
mod crashes;
mod golden;
mod numbering;
mod rendering;
mod residents;
mod scenarios;
mod support;
mod types;
