//! S3, SQS and `DynamoDB` as in-process servers on loopback, for one machine and for tests.
//!
//! Ordinary AWS SDKs and tools reach them; requests are checked against Signature Version 4. Durable in a folder, or in memory.

mod blobs;
mod dynamodb;
mod engine;
mod s3;
mod sigv4;
mod sqs;
mod store;

pub use blobs::BlobError;
pub use dynamodb::{DynamoDbError, SyncError};
pub use engine::{BoxBody, BoxError, Credentials, Engine, EngineError, Options, Storage};
pub use store::{Store, StoreError, Tx};
