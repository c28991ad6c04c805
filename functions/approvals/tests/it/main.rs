//! The functions of this context against the embedded engine, in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![allow(clippy::similar_names, reason = "RT and RW are what they are called")]

mod attacks;
mod delegations;
mod described;
mod levels;
mod lists;
mod office;
mod rendered;
mod routes;
