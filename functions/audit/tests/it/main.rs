//! The functions of this context against the embedded engine, in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod describing;
mod exporting;
mod recording;
mod searching;
mod support;
mod tampering;
