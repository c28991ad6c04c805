//! PDF work for Absah: preflight, normalising, signing, sealing and verifying.
//!
//! Pure: bytes in, bytes or typed results out. No I/O, no clock, no environment.

mod limits;
mod normalise;
mod preflight;
mod structure;

pub use limits::Limits;
pub use normalise::{NormaliseError, normalise};
pub use preflight::{ActiveContent, Preflight, PreflightError, Repair, preflight};
pub use structure::StructureError;
