//! S3, SQS and `DynamoDB` as in-process servers on loopback, for one machine and for tests.
//!
//! Ordinary AWS SDKs and tools reach them; requests are checked against Signature Version 4. Durable in a folder, or in memory.

mod store;

pub use store::{Store, StoreError, Tx};
