//! PDF work for Absah: preflight, normalising, signing, sealing and verifying.
//!
//! Pure: bytes in, bytes or typed results out. No I/O, no clock, no environment.

mod limits;
mod structure;

pub use limits::Limits;
pub use structure::StructureError;
