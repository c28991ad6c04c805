//! What the crate appends to files, and that nothing else changes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "writing/keys.rs"]
mod keys;
#[path = "writing/sealing.rs"]
mod sealing;
#[path = "writing/shapes.rs"]
mod shapes;
#[path = "writing/signing.rs"]
mod signing;
#[path = "writing/support.rs"]
mod support;
