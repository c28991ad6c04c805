//! What every part of Absah shares and nobody owns: ids, time, digests, faults, the public address and the event envelope.
//!
//! Pure: no I/O, no async, no environment. Never a business rule.

mod clock;
mod digest;
mod envelope;
mod fault;
mod ids;
mod public_url;

pub use clock::{Clock, FixedClock, SystemClock};
pub use digest::{ParseDigestError, Sha256Digest};
pub use envelope::{Envelope, EventType, Payload, SpecVersion, Traceparent};
pub use fault::{Disposition, Fault, MalformedJson, chain};
pub use ids::{DocumentId, EventId, Ids, ParseIdError, RandomIds, SequentialIds, TenantId};
pub use public_url::{PublicUrl, PublicUrlError};
