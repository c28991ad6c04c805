//! One set of AWS clients per process, all on one HTTP connection pool.

use aws_sdk_dynamodb as dynamodb;
use aws_sdk_dynamodbstreams as streams;
use aws_sdk_s3 as s3;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient};
use aws_sdk_sqs as sqs;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::config::{ConfigError, Settings};
use crate::effects::{EffectHook, EffectInterceptor};

/// The AWS clients that everything in this crate is built from.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) s3: s3::Client,
    pub(crate) dynamodb: dynamodb::Client,
    pub(crate) sqs: sqs::Client,
    pub(crate) streams: streams::Client,
}

impl Aws {
    /// Connects as Lambda is told to: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and, where they are
    /// given, `AWS_SESSION_TOKEN` and `AWS_ENDPOINT_URL` (one endpoint for all services, buckets addressed by path).
    pub fn connect(settings: &Settings) -> Result<Self, ConfigError> {
        Self::build(settings, None)
    }

    /// As [`Self::connect`]; `hook` is called before and after every request that changes something.
    /// For tests that must stop a function between two effects.
    pub fn connect_observed(settings: &Settings, hook: EffectHook) -> Result<Self, ConfigError> {
        Self::build(settings, Some(hook))
    }

    fn build(settings: &Settings, hook: Option<EffectHook>) -> Result<Self, ConfigError> {
        let vars = settings.require(&["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])?;
        let region = Region::new(vars.text("AWS_REGION")?);
        let credentials = SharedCredentialsProvider::new(Credentials::new(
            vars.text("AWS_ACCESS_KEY_ID")?,
            vars.text("AWS_SECRET_ACCESS_KEY")?,
            settings.optional("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "settings",
        ));
        let endpoint = settings.optional("AWS_ENDPOINT_URL");
        let http = http_client(endpoint);
        let interceptor = hook.map(EffectInterceptor);

        macro_rules! config {
            ($sdk:ident) => {{
                let mut config = $sdk::config::Builder::new()
                    .behavior_version(BehaviorVersion::latest())
                    .region(region.clone())
                    .credentials_provider(credentials.clone())
                    .http_client(http.clone());
                if let Some(endpoint) = endpoint {
                    config = config.endpoint_url(endpoint);
                }
                if let Some(interceptor) = &interceptor {
                    config = config.interceptor(interceptor.clone());
                }
                config
            }};
        }
        Ok(Self {
            s3: s3::Client::from_conf(config!(s3).force_path_style(endpoint.is_some()).build()),
            dynamodb: dynamodb::Client::from_conf(config!(dynamodb).build()),
            sqs: sqs::Client::from_conf(config!(sqs).build()),
            streams: streams::Client::from_conf(config!(streams).build()),
        })
    }
}

/// A store of its own for the inbox, if the settings name one. Its region does not matter to it, and it keeps no versions
/// that AWS would know.
pub(crate) fn inbox_store(settings: &Settings) -> Result<Option<s3::Client>, ConfigError> {
    let Some(endpoint) = settings.optional("INBOX_ENDPOINT_URL") else {
        return Ok(None);
    };
    let vars = settings.require(&["INBOX_ACCESS_KEY_ID", "INBOX_SECRET_ACCESS_KEY", "AWS_REGION"])?;
    let credentials = Credentials::new(
        vars.text("INBOX_ACCESS_KEY_ID")?,
        vars.text("INBOX_SECRET_ACCESS_KEY")?,
        None,
        None,
        "settings",
    );
    let config = s3::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(vars.text("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client(Some(endpoint)))
        .endpoint_url(endpoint)
        .force_path_style(true);
    Ok(Some(s3::Client::from_conf(config.build())))
}

/// A plain-HTTP endpoint on the same machine needs no TLS, and so no root certificates read from disk at start.
fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    match endpoint {
        Some(url) if url.starts_with("http://") => Builder::new().build_http(),
        Some(_) | None => Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build_https(),
    }
}
