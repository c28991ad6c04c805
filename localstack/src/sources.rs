//! What sets functions off, in the part of Lambda's event source mappings.

mod feed;
mod queue;
mod schedule;
mod stream;

pub(crate) use feed::EventFeed;
pub(crate) use queue::{QueueSource, queue};
pub(crate) use schedule::schedule;
pub(crate) use stream::Stream;
