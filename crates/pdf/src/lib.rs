//! PDF work for Absah: preflight, normalising, signing, sealing and verifying.
//!
//! Pure: bytes in, bytes or typed results out. No I/O, no clock, no environment.

mod chain;
mod cms;
mod cost;
mod face;
mod geometry;
mod hashed;
mod incremental;
mod ink;
mod keys;
mod limits;
mod normalise;
mod pending;
mod placement;
mod preflight;
mod qr;
mod qr_decode;
mod raw;
mod read_qr;
mod render;
mod room;
mod seal;
mod sign;
mod signature_field;
mod structure;
mod survey;
mod target_page;
mod text;
mod verify;

pub use chain::{CertificateChain, ChainError, KeyAlgorithm};
pub use hashed::Hashed;
pub use incremental::{AppendError, check_appendable};
pub use keys::{KeyError, LocalKey};
pub use limits::Limits;
pub use normalise::{NormaliseError, normalise};
pub use pending::{EmbedError, Pending};
pub use preflight::{ActiveContent, Preflight, PreflightError, Repair, preflight};
pub use read_qr::{QrError, read_qr};
pub use room::ensure_room_for_seal;
pub use seal::{SealError, SealFace, SealRequest, prepare_seal};
pub use sign::{SignError, SignatureRequest, prepare_signature};
pub use structure::StructureError;
pub use verify::{
    Changes, Coverage, Integrity, SignatureKind, SignatureReport, SignerName, Trust, VerifyError, signed_revisions,
    verify,
};
