//! One port for three services.

mod answer;
mod error;
mod options;
mod server;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use kernel::{Clock as _, SystemClock};
use s3s::service::S3Service;
use tokio::task::JoinSet;

use crate::blobs::Blobs;
use crate::dynamodb::DynamoDb;
use crate::s3;
use crate::sigv4::{self, Scope, SignatureError};
use crate::sqs::{self, Sqs};
use crate::store::{Store, StoreError};

pub use error::EngineError;
pub use options::{Credentials, Options, Storage};

/// A batch of 1 MiB in which every character is escaped as `\uXXXX`.
const MAX_SQS_BODY: usize = 7 * 1024 * 1024;
/// As at AWS.
const MAX_DYNAMODB_BODY: usize = 16 * 1024 * 1024;
/// Expired items and messages are invisible or refused anyway; sweeping only frees their space.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

const SQS_TARGET: &str = "AmazonSQS.";
const DYNAMODB_TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

/// What a body may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// The body of every answer.
pub type BoxBody = UnsyncBoxBody<Bytes, BoxError>;

/// S3, SQS and `DynamoDB` in this process. Clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    credentials: Credentials,
    region: String,
    endpoint: Option<String>,
    s3: S3Service,
    sqs: Sqs,
    dynamodb: DynamoDb,
    housekeeping: Mutex<JoinSet<()>>,
}

impl Engine {
    /// Opens the engine and takes up what a stop interrupted.
    pub async fn open(options: Options) -> Result<Self, EngineError> {
        let Options {
            storage,
            credentials,
            region,
            account,
            max_object_bytes,
            endpoint,
        } = options;
        let files = {
            let (region, account) = (region.clone(), account.clone());
            let open = move || Files::open(storage, &region, &account);
            tokio::task::spawn_blocking(open)
                .await
                .unwrap_or(Err(EngineError::Store(StoreError::Panicked)))?
        };
        let Files { store, blobs, dynamodb } = files;
        let settings = s3::Settings {
            credentials: credentials.clone(),
            region: region.clone(),
            account: account.clone(),
            max_object_bytes,
            clock: Arc::new(SystemClock),
        };
        let s3 = s3::service(store.clone(), blobs, settings).await?;
        let sqs = Sqs::open(store, &region, &account).await?;
        let mut housekeeping = JoinSet::new();
        housekeeping.spawn(keep_house(sqs.clone(), dynamodb.clone()));
        let housekeeping = Mutex::new(housekeeping);
        Ok(Self {
            inner: Arc::new(Inner {
                credentials,
                region,
                endpoint,
                s3,
                sqs,
                dynamodb,
                housekeeping,
            }),
        })
    }

    /// True if the request speaks an AWS API: signed with Signature Version 4 in a header or in the query, or with a target.
    ///
    /// False for anything else: function URLs are served on the same port.
    #[must_use]
    pub fn claims<B>(request: &Request<B>) -> bool {
        let authorization = request.headers().get(AUTHORIZATION);
        let signed = authorization.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
        let presigned = request.uri().query().is_some_and(|query| {
            query
                .split('&')
                .any(|pair| pair.starts_with("X-Amz-Signature=") || pair.starts_with("X-Amz-Algorithm="))
        });
        signed || presigned || request.headers().contains_key(sigv4::TARGET)
    }

    /// Answers one request, whatever it is.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<BoxBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let target = request
            .headers()
            .get(sigv4::TARGET)
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned);
        let Some(target) = target else {
            return self.s3(request).await;
        };
        if let Some(operation) = target.strip_prefix(SQS_TARGET) {
            return self.sqs(operation, request).await;
        }
        match DYNAMODB_TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix)) {
            Some(operation) => self.dynamodb(operation, request).await,
            None => answer::json(
                StatusCode::BAD_REQUEST,
                br#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.to_vec(),
            ),
        }
    }

    /// Deletes what is past its time now: expired items, old messages, old stream records. The engine does it by itself
    /// every ten minutes.
    pub async fn sweep(&self) -> Result<(), EngineError> {
        sweep(&self.inner.sqs, &self.inner.dynamodb).await
    }

    /// Makes every message visible at once that a receiver took and neither deleted nor gave back; gives their number.
    ///
    /// For a program whose receivers ended with it: they cannot finish what they took, so nobody need wait for the
    /// visibility timeout.
    pub async fn release_in_flight(&self) -> Result<usize, EngineError> {
        self.inner.sqs.release_in_flight().await.map_err(EngineError::from)
    }

    /// Stops background work, waits for what is at work, and closes the files if this is the last clone.
    pub async fn close(self) {
        let mut housekeeping =
            std::mem::take(&mut *self.inner.housekeeping.lock().unwrap_or_else(PoisonError::into_inner));
        housekeeping.shutdown().await;
        self.inner.sqs.close().await;
        self.inner.dynamodb.close().await;
        // Closing checkpoints the logs, which may take a while.
        let closing = tokio::task::spawn_blocking(move || drop(self));
        if closing.await.is_err() {
            tracing::error!("closing the engine panicked");
        }
    }

    async fn s3<B>(&self, request: Request<B>) -> Response<BoxBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let request = request.map(|body| s3s::Body::http_body_unsync(body.map_err(Into::into)));
        match self.inner.s3.call(request).await {
            Ok(response) => response.map(s3s::Body::boxed_unsync),
            Err(error) => {
                tracing::error!(error = ?error, "an S3 answer could not be written");
                answer::json(StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
            }
        }
    }

    async fn sqs<B>(&self, operation: &str, request: Request<B>) -> Response<BoxBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = match read(request, MAX_SQS_BODY).await {
            Ok(read) => read,
            Err(answer) => return answer,
        };
        if let Err(error) = self.verify(&parts, &body, "sqs") {
            return answer::unsigned(StatusCode::FORBIDDEN, &error);
        }
        let endpoint = self.inner.endpoint.clone().unwrap_or_else(|| {
            let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
            format!("http://{}", host.unwrap_or("127.0.0.1"))
        });
        match self.inner.sqs.call(operation, &body, &endpoint).await {
            Ok(body) => answer::json(StatusCode::OK, body),
            Err(error) => answer::sqs(&error),
        }
    }

    async fn dynamodb<B>(&self, operation: &str, request: Request<B>) -> Response<BoxBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = match read(request, MAX_DYNAMODB_BODY).await {
            Ok(read) => read,
            Err(answer) => return answer,
        };
        if let Err(error) = self.verify(&parts, &body, "dynamodb") {
            return answer::unsigned(StatusCode::BAD_REQUEST, &error);
        }
        let reply = self.inner.dynamodb.call(operation, body).await;
        answer::json(reply.status, reply.body.into_bytes())
    }

    fn verify(&self, parts: &Parts, body: &[u8], service: &str) -> Result<(), SignatureError> {
        let scope = Scope {
            credentials: &self.inner.credentials,
            region: &self.inner.region,
            service,
        };
        sigv4::verify(parts, body, scope, SystemClock.now())
    }
}

/// Everything that is open while the engine is.
struct Files {
    store: Store,
    blobs: Blobs,
    dynamodb: DynamoDb,
}

impl Files {
    fn open(storage: Storage, region: &str, account: &str) -> Result<Self, EngineError> {
        let schema = [sqs::SCHEMA, s3::SCHEMA];
        match storage {
            Storage::Memory => Ok(Self {
                store: Store::in_memory(&schema)?,
                blobs: Blobs::in_memory(),
                dynamodb: DynamoDb::in_memory(region, account)?,
            }),
            Storage::Directory(folder) => Ok(Self {
                // The store's lock keeps a second process out of the whole folder, so it comes first.
                store: Store::open(&folder.join("store.sqlite3"), &schema)?,
                blobs: Blobs::in_folder(&folder.join("blobs"))?,
                dynamodb: DynamoDb::open(&folder.join("dynamodb.sqlite3"), region, account)?,
            }),
        }
    }
}

async fn keep_house(sqs: Sqs, dynamodb: DynamoDb) {
    loop {
        // Not at once: after a long stop the relay reads its stream first.
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(error) = sweep(&sqs, &dynamodb).await {
            tracing::warn!(error = %error, "sweeping failed; it is tried again later");
        }
    }
}

async fn sweep(sqs: &Sqs, dynamodb: &DynamoDb) -> Result<(), EngineError> {
    let messages = sqs.sweep().await?;
    let items = dynamodb.sweep().await?;
    tracing::debug!(sqs.messages = messages, dynamodb.items = items, "swept");
    Ok(())
}

/// The whole body, or the answer to one that is too long or breaks off.
async fn read<B>(request: Request<B>, limit: usize) -> Result<(Parts, Bytes), Response<BoxBody>>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok((parts, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(answer::too_large(limit)),
        Err(_) => Err(answer::json(StatusCode::BAD_REQUEST, Vec::new())),
    }
}
