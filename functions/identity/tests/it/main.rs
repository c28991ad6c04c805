//! The functions of this context against the embedded engine, in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod accounts;
mod attacks;
mod import;
mod keys;
mod lookalikes;
mod passwords;
mod powers;
mod repetition;
mod revocation;
mod sessions;
mod support;
