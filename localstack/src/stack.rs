//! The running whole: engine, resources, functions, their triggers, and one HTTP port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use embedded::{Credentials, Engine, EngineError, Options, Storage};
use kernel::PublicUrl;
use platform::{
    Aws, ConfigError, EffectHook, Environment, Inbox, Provision, ProvisionError, Queues, Settings, StreamError, Table,
    Vault,
};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::catalog::{FUNCTIONS, step_name};
use crate::front::{self, Front};
use crate::home::{Home, HomeError};
use crate::sources::{self, EventFeed};
use crate::template::{Names, Template, TemplateError, Trigger};

pub(crate) const REGION: &str = "ap-southeast-3";
const ACCOUNT: &str = "000000000000";
/// The tenant of everything that the demo drops.
pub(crate) const DEMO_TENANT: &str = "contoh";

/// How to start a stack.
#[derive(Clone)]
pub struct StackOptions {
    /// Whose keys and secrets.
    pub home: Home,
    /// Keep everything in memory instead of in the data folder.
    pub in_memory: bool,
    /// What QR codes begin with; by default the address that the stack listens on.
    pub public_url: Option<PublicUrl>,
    /// Further parameters of the template, by name.
    pub parameters: BTreeMap<String, String>,
    /// Whether queues and streams set functions off. Without, a test delivers messages itself.
    pub triggers: bool,
    /// Called around each effect of the functions, for tests.
    pub effect_hook: Option<EffectHook>,
}

/// The stack could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The data folder.
    #[error("the data folder cannot be used")]
    Home(#[from] HomeError),
    /// The template.
    #[error("template.yaml cannot be used")]
    Template(#[from] TemplateError),
    /// The storage engine.
    #[error("the storage engine did not start")]
    Engine(#[from] EngineError),
    /// A resource.
    #[error("a resource of the template could not be created")]
    Provision(#[from] ProvisionError),
    /// A function's configuration.
    #[error("function {0} cannot be configured")]
    Function(String, #[source] ConfigError),
    /// A function of the template that this program does not have.
    #[error("this program does not have function {0}")]
    UnknownFunction(String),
    /// The connections.
    #[error("the connections cannot be configured")]
    Config(#[from] ConfigError),
    /// A table's stream.
    #[error("the table's stream cannot be read")]
    Stream(#[from] StreamError),
    /// The port.
    #[error("the listener has no address")]
    Listener(#[from] std::io::Error),
}

/// A running stack.
pub struct Stack {
    /// Where it listens.
    pub address: SocketAddr,
    /// Connections to its storage, for whoever drives it.
    pub environment: Environment,
    /// The functions, by step name.
    pub functions: BTreeMap<String, platform::Function>,
    /// The queues' URLs, by name.
    pub queues: BTreeMap<String, String>,
    /// The name of the bucket into which documents are dropped.
    pub inbox_bucket: String,
    /// The name of the bucket of finished files.
    pub vault_bucket: String,
    feed: EventFeed,
    engine: Engine,
    sources: JoinSet<()>,
    front: JoinSet<()>,
    stop_sources: CancellationToken,
    stop_front: CancellationToken,
}

impl Stack {
    /// Starts everything; returns when it serves.
    pub async fn start(listener: TcpListener, options: StackOptions) -> Result<Self, StackError> {
        let address = listener.local_addr()?;
        let endpoint = format!("http://{address}");
        let secrets = options.home.secrets();
        let credentials = Credentials {
            access_key: secrets.access_key_id.clone(),
            secret_key: secrets.secret_access_key.clone(),
        };
        let storage = if options.in_memory {
            Storage::Memory
        } else {
            Storage::Directory(options.home.engine_folder())
        };
        let engine_options = Options {
            endpoint: Some(endpoint.clone()),
            ..Options::new(storage, credentials)
        };
        let engine = Engine::open(engine_options).await?;
        // Whoever took messages before this start cannot finish them.
        engine.release_in_flight().await?;

        let (stop_sources, stop_front) = (CancellationToken::new(), CancellationToken::new());
        let (mut running, mut serving) = (JoinSet::new(), JoinSet::new());
        let front = Arc::new(Front::new(engine.clone()));
        serving.spawn(front::serve(listener, front.clone(), stop_front.clone()));

        let connection = connection_settings(&endpoint, &options.home);
        let settings: Settings = connection.clone().into_iter().collect();
        let mut environment = Environment::connect(settings.clone())?;
        let template = Template::bundled()?;
        let parameters = parameters(&options, &endpoint)?;
        let mut names = Names::new(&template, &parameters, REGION, ACCOUNT)?;
        let queues = provision(&template, &mut names, &environment.aws).await?;

        if let Some(hook) = options.effect_hook.clone() {
            environment.aws = Aws::connect_observed(&settings, hook)?;
        }
        let feed = EventFeed::default();
        let mut functions = BTreeMap::new();
        for declared in template.functions(&names)? {
            let known = FUNCTIONS.iter().find(|(id, _)| *id == declared.id);
            let (_, build) = known.ok_or_else(|| StackError::UnknownFunction(declared.id.clone()))?;
            let variables = connection.clone().into_iter().chain(declared.variables);
            let function = build(&environment.with_settings(variables.collect()));
            let function = function.map_err(|error| StackError::Function(declared.id.clone(), error))?;
            let name = step_name(&declared.id);
            if declared.has_url {
                front.add(name.clone(), function.clone());
            }
            for trigger in declared.triggers.iter().filter(|_| options.triggers) {
                let (function, stop) = (function.clone(), stop_sources.clone());
                match trigger {
                    Trigger::Queue(source) => {
                        let (queues, url) = (Queues::new(&environment.aws), names.queue_url(&source.arn)?.to_owned());
                        running.spawn(sources::queue(queues, url, source.clone(), function, stop));
                    }
                    Trigger::Schedule { every } => {
                        running.spawn(sources::schedule(*every, function, stop));
                    }
                    Trigger::Stream { arn, batch_size } => {
                        let checkpoint = (!options.in_memory).then(|| options.home.folder().join("stream.json"));
                        let source = sources::Stream::open(&environment.aws, arn, *batch_size, checkpoint).await?;
                        running.spawn(source.run(function, feed.clone(), stop));
                    }
                }
            }
            functions.insert(name, function);
        }
        let table = names.of("MainTable")?.to_owned();
        let inbox_bucket = names.of("InboxBucket")?.to_owned();
        let vault_bucket = names.of("VaultBucket")?.to_owned();
        let own = connection.into_iter().chain([("TABLE_NAME".to_owned(), table)]);
        let environment = environment.with_settings(own.collect());
        Ok(Self {
            address,
            environment,
            functions,
            queues,
            inbox_bucket,
            vault_bucket,
            feed,
            engine,
            sources: running,
            front: serving,
            stop_sources,
            stop_front,
        })
    }

    /// What QR codes, links and clients begin with.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every domain event from now on, as the table's stream delivers it.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Arc<kernel::Envelope<serde_json::Value>>> {
        self.feed.subscribe()
    }

    /// The table.
    pub fn table(&self) -> Result<Table, ConfigError> {
        self.environment.table()
    }

    /// The vault.
    #[must_use]
    pub fn vault(&self) -> Vault {
        Vault::new(&self.environment.aws, self.vault_bucket.clone())
    }

    /// The inbox.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox::new(&self.environment.aws)
    }

    /// Stops taking work, lets what is at work finish, and closes the files.
    pub async fn stop(mut self) {
        // Work that is at hand still needs the storage, which is behind the front.
        self.stop_sources.cancel();
        while self.sources.join_next().await.is_some() {}
        self.stop_front.cancel();
        while self.front.join_next().await.is_some() {}
        drop(self.functions);
        self.engine.close().await;
    }
}

/// The variables with which any AWS client reaches the stack.
pub(crate) fn connection_settings(endpoint: &str, home: &Home) -> BTreeMap<String, String> {
    let secrets = home.secrets();
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", &secrets.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &secrets.secret_access_key),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn parameters(options: &StackOptions, endpoint: &str) -> Result<BTreeMap<String, String>, HomeError> {
    let home = &options.home;
    Ok([
        (
            "PublicUrl",
            options
                .public_url
                .as_ref()
                .map_or(endpoint, PublicUrl::as_str)
                .to_owned(),
        ),
        ("TokenPublicKey", home.token_public_key()?),
        ("WebhookToken", home.secrets().webhook_token.clone()),
        ("OfficialKeysFolder", home.officials_folder().display().to_string()),
        ("SealKeyFile", home.seal_file().display().to_string()),
        ("TokenKeysFolder", home.token_keys_folder().display().to_string()),
        ("FieldKeysFile", home.field_keys_file().display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .chain(options.parameters.clone())
    .collect())
}

/// Creates what the template declares; queues first, because everything else refers to them.
async fn provision(
    template: &Template,
    names: &mut Names<'_>,
    aws: &Aws,
) -> Result<BTreeMap<String, String>, StackError> {
    let provision = Provision::new(aws);
    let mut urls = BTreeMap::new();
    for queue in template.queues(names)? {
        let url = provision.queue(&queue.name, &queue.attributes).await?;
        names.queue_is_at(&queue.id, url.clone());
        urls.insert(queue.name, url);
    }
    for table in template.tables(names)? {
        provision.table(&table.name, table.ttl_attribute.as_deref()).await?;
    }
    for bucket in template.buckets(names)? {
        provision.bucket(&bucket.name, bucket.versioned).await?;
        if !bucket.announcements.is_empty() {
            provision.announce(&bucket.name, &bucket.announcements).await?;
        }
    }
    Ok(urls)
}
