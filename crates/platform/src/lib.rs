//! The only user of the AWS SDK: storage, queues, configuration, telemetry, and the way a handler becomes a function.
//!
//! Everything here speaks the AWS protocols to whatever endpoint the settings name: AWS, a compatible service on
//! premises, or the embedded engine. Never a business rule.

mod aws;
mod config;
mod effects;
mod environment;
mod function;
mod idempotency;
mod inbox;
mod parking;
mod problem;
mod provision;
mod queues;
mod streams;
mod table;
mod telemetry;
mod vault;

pub use aws::Aws;
pub use config::{ConfigError, Settings, Variables};
pub use effects::{Effect, EffectHook, Moment};
pub use environment::{Cause, Environment, Event};
pub use function::{
    BuildFunction, Exit, Function, FunctionError, HttpEvent, HttpReply, Step, StreamRecord, Task, serve,
};
pub use idempotency::{Begun, Idempotency, IdempotencyError};
pub use inbox::{Inbox, InboxError, ObjectVersion, Received, Upload, UploadMarker, UploadPage};
pub use parking::Parking;
pub use problem::Problem;
pub use provision::{Announcement, Provision, ProvisionError};
pub use queues::{QueueError, Queues, ReceivedMessage};
pub use streams::{Cursor, Page, StreamError, Streams};
pub use table::{Key, Record, Stored, Table, TableError, Transaction};
pub use telemetry::{init as init_telemetry, log_to, metric};
pub use vault::{Put, Vault, VaultError};
