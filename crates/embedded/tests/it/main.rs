//! The engine through the AWS SDK, as its users meet it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    missing_docs,
    reason = "a test may panic, and reads better without borrows"
)]

mod dynamodb;
mod engine;
mod s3;
mod speed;
mod sqs;
mod store;
mod streams;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use embedded::{Credentials, Engine, Options, Storage};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const REGION: &str = "ap-southeast-3";
pub(crate) const ACCESS_KEY: &str = "AKIAABSAHTEST";
pub(crate) const SECRET_KEY: &str = "a secret for tests/with+signs=";

/// An engine served on a port of its own.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn in_memory() -> Self {
        Self::start(Storage::Memory).await
    }

    pub(crate) async fn on(folder: &Folder) -> Self {
        Self::start(Storage::Directory(folder.path().to_owned())).await
    }

    pub(crate) async fn start(storage: Storage) -> Self {
        let credentials = Credentials {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
        };
        Self::with(Options::new(storage, credentials)).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let engine = Engine::open(options).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = {
            let engine = engine.clone();
            tokio::spawn(async move {
                engine.serve(listener, async { drop(stopped.await) }).await.unwrap();
            })
        };
        Self {
            engine,
            address,
            stop,
            serving,
        }
    }

    pub(crate) fn config(&self) -> SdkConfig {
        self.config_with(ACCESS_KEY, SECRET_KEY, REGION)
    }

    pub(crate) fn config_with(&self, access_key: &str, secret_key: &str, region: &str) -> SdkConfig {
        let credentials = aws_sdk_sqs::config::Credentials::new(access_key, secret_key, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(credentials))
            .build()
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config());
        aws_sdk_s3::Client::from_conf(config.force_path_style(true).build())
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config())
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config())
    }

    pub(crate) fn streams(&self) -> aws_sdk_dynamodbstreams::Client {
        aws_sdk_dynamodbstreams::Client::new(&self.config())
    }

    /// Returns when every file is closed.
    pub(crate) async fn close(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        self.engine.close().await;
    }
}

/// A folder that ends with its test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "embedded-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
