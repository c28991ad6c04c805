//! What the crate makes of files that others made: sound ones, damaged ones, hostile ones, signed ones.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]
#![allow(clippy::format_collect, clippy::format_push_string, reason = "a test may allocate")]

#[path = "reading/build.rs"]
mod build;
#[path = "reading/hostile.rs"]
mod hostile;
#[path = "reading/normalising.rs"]
mod normalising;
#[path = "reading/preflighting.rs"]
mod preflighting;
#[path = "reading/tampering.rs"]
mod tampering;
#[path = "reading/verifying.rs"]
mod verifying;
