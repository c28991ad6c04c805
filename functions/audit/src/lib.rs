//! The audit trail: who did what to what. Each tenant has one chain of entries, which only ever grows, and in which each entry
//! holds the digest of the one before it.

pub mod audit;
pub mod record_audit;

mod canonical;
mod chain;
mod entry;
mod mask;
mod messages;
mod month;
mod verify_chain;

pub use chain::{Head, Row};
pub use month::Month;
pub use verify_chain::{Flaw, Verification, verify_chain};
