//! health: whether the storage that everything depends on answers. For monitors, not for people.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::join_all;
use kernel::chain;
use platform::{ConfigError, Environment, Function, Inbox, Key, Parking, Queues, Table, Vault};
use serde_json::json;
use tracing::error;

/// What answers later than this is as good as down.
const PATIENCE: Duration = Duration::from_secs(3);

/// Builds the function.
///
/// `GET /` gives `200` or `503` and `{"status": "up"|"down", "dependencies": {"table": "up", ...}}`. Names of storage and
/// reasons are in the log only: anybody may ask.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment
        .settings
        .require(&["INBOX_BUCKET", "VAULT_BUCKET", "QUEUE_URLS"])?;
    let health = Health {
        table: environment.table()?,
        inbox: (Inbox::connect(environment)?, vars.text("INBOX_BUCKET")?),
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        queues: Queues::new(&environment.aws),
        queue_urls: vars.text("QUEUE_URLS")?.split(',').map(str::to_owned).collect(),
    };
    let router = Router::new().route("/", get(examine)).with_state(health);
    Ok(Function::http(router))
}

#[derive(Clone)]
struct Health {
    table: Table,
    inbox: (Inbox, String),
    vault: Vault,
    queues: Queues,
    queue_urls: Vec<String>,
}

async fn examine(State(health): State<Health>) -> Response {
    let nothing = Key::state("system", "health", "nothing");
    let (inbox, bucket) = &health.inbox;
    let ((table, inbox), (vault, queues)) = futures::join!(
        futures::future::join(
            answers("table", health.table.find::<Parking>(&nothing)),
            answers("inbox", inbox.check(bucket)),
        ),
        futures::future::join(
            answers("vault", health.vault.check()),
            join_all(
                health
                    .queue_urls
                    .iter()
                    .map(|url| answers("queues", health.queues.depth(url)))
            ),
        ),
    );
    let queues = queues.into_iter().all(|up| up);
    let all = table && inbox && vault && queues;
    let word = |up: bool| if up { "up" } else { "down" };
    let body = json!({
        "status": word(all),
        "dependencies": { "table": word(table), "inbox": word(inbox), "vault": word(vault), "queues": word(queues) },
    });
    let status = if all {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response()
}

/// Whether a dependency answers in time. The log says why not.
async fn answers<T, E: std::error::Error + 'static>(name: &str, asked: impl Future<Output = Result<T, E>>) -> bool {
    use futures::future::{Either, select};

    let late = std::pin::pin!(tokio::time::sleep(PATIENCE));
    match select(std::pin::pin!(asked), late).await {
        Either::Left((Ok(_), _)) => true,
        Either::Left((Err(error), _)) => {
            error!(
                error.code = "health.down",
                dependency = name,
                error.chain = chain(&error),
                "a dependency is down"
            );
            false
        }
        Either::Right(_) => {
            error!(
                error.code = "health.late",
                dependency = name,
                "a dependency does not answer in time"
            );
            false
        }
    }
}
