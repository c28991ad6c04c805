//! Documents: from a PDF in the inbox to a signed, sealed file that anyone can verify.
//!
//! Each step is one module, one binary, one queue and one function, all of the same name.

pub mod detect;
pub mod import;
pub mod reconcile;
pub mod sign;
pub mod stamp;
pub mod track_approval;
pub mod verify;

mod description;
mod document;
mod events;
mod heavy;
mod inbox_name;
mod messages;
mod registry;
mod signer;
mod storage;

pub use description::Description;
pub use document::{DescribeError, Document, File, Sealed, Signed, State, TransitionError};
pub use inbox_name::{InboxName, Kind};
