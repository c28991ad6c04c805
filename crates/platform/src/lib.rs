//! The only user of the AWS SDK: storage, queues, configuration, telemetry, and the way a handler becomes a function.
//!
//! Everything here speaks the AWS protocols to whatever endpoint the settings name: AWS, a compatible service on
//! premises, or the embedded engine. Never a business rule.

mod access;
mod audit;
mod aws;
mod config;
mod effects;
mod environment;
mod fields;
mod function;
mod idempotency;
mod inbox;
mod limits;
mod messages;
mod notification;
mod origin;
mod parking;
mod problem;
mod provision;
mod queues;
mod request;
mod streams;
mod table;
mod telemetry;
mod vault;

pub use access::{
    AUDIENCE, ApiKey, ApiKeySecret, Caller, CallerKind, Claims, Grants, Maker, PublicKey, SystemGrants, Territory,
    TokenKeys,
};
pub use audit::{Actor, ActorKind, AuditEntry, Outcome, Resource};
pub use aws::Aws;
pub use config::{ConfigError, Settings, Variables};
pub use effects::{Effect, EffectHook, Moment};
pub use environment::{Cause, Environment, Event};
pub use fields::{FieldError, Fields, Sealed};
pub use function::{
    BuildFunction, Exit, Function, FunctionError, Gate, HttpEvent, HttpReply, Step, StreamRecord, Task, serve,
};
pub use idempotency::{Begun, Idempotency, IdempotencyError, IdempotencyKey};
pub use inbox::{Inbox, InboxError, ObjectVersion, Received, Upload, UploadMarker, UploadPage};
pub use messages::long_date;
pub use notification::{Created, Notification, NotificationError, Sequencer, is_not_newer};
pub use origin::Origin;
pub use parking::Parking;
pub use problem::Problem;
pub use provision::{Announcement, Provision, ProvisionError};
pub use queues::{QueueError, Queues, ReceivedMessage};
pub use request::{IfMatch, JsonBody, Params, PathId, RawBody, etag, parse as parse_json, unknown};
pub use streams::{Cursor, StreamError, StreamPage, Streams};
pub use table::{
    AsWritten, Index, Indexes, Key, Page, Paging, PagingError, Query, Record, StatesPage, Stored, Table, TableError,
    Transaction,
};
pub use telemetry::{init as init_telemetry, log_to, metric};
pub use vault::{Put, Vault, VaultError};
