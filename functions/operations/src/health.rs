//! health: whether the storage that everything depends on answers. For monitors and operators.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use futures::future::join_all;
use kernel::chain;
use platform::{Caller, ConfigError, Environment, Function, Gate, Inbox, Key, Parking, Problem, Queues, Table, Vault};
use serde::Serialize;
use tracing::error;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What answers later than this is as good as down.
const PATIENCE: Duration = Duration::from_secs(3);

/// Builds the function.
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
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(examine))
        .with_state(health)
        .split_for_parts();
    let router = router.route("/openapi.json", get(async || Json(description)));
    Ok(Gate::connect(environment)?.protect(router))
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Absah: health",
    description = "Whether the storage that everything depends on answers."
))]
struct Description;

#[derive(Clone)]
struct Health {
    table: Table,
    inbox: (Inbox, String),
    vault: Vault,
    queues: Queues,
    queue_urls: Vec<String>,
}

/// How it stands. Names of storage and reasons are in the log only.
#[derive(Serialize, ToSchema)]
struct Report {
    /// `down` as soon as one dependency is.
    status: Standing,
    dependencies: Dependencies,
}

#[derive(Serialize, ToSchema)]
struct Dependencies {
    table: Standing,
    inbox: Standing,
    vault: Standing,
    queues: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Up,
    Down,
}

/// An error (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "it is read by its derive")]
struct ProblemView {
    r#type: String,
    /// What to do, in Indonesian.
    title: String,
    status: u16,
    /// The stable code.
    code: String,
}

/// Asks table, buckets and queues. Without the table nobody is recognised: then the answer is a problem, 503 as well.
#[utoipa::path(
    get, path = "/", tag = "health",
    responses(
        (status = 200, description = "All answer.", body = Report),
        (status = 401, description = "No valid token or key.", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "`health:read` is missing.", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests.", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Something does not answer.", content(
            (Report = "application/json"),
            (ProblemView = "application/problem+json"),
        )),
    )
)]
async fn examine(State(health): State<Health>, caller: Caller) -> Result<(StatusCode, Json<Report>), Problem> {
    caller.require("health:read")?;
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
    let queues = if queues.into_iter().all(|queue| queue == Standing::Up) {
        Standing::Up
    } else {
        Standing::Down
    };
    let (status, code) = if [table, inbox, vault, queues].contains(&Standing::Down) {
        (Standing::Down, StatusCode::SERVICE_UNAVAILABLE)
    } else {
        (Standing::Up, StatusCode::OK)
    };
    let dependencies = Dependencies {
        table,
        inbox,
        vault,
        queues,
    };
    Ok((code, Json(Report { status, dependencies })))
}

/// Whether a dependency answers in time. The log says why not.
async fn answers<T, E: std::error::Error + 'static>(name: &str, asked: impl Future<Output = Result<T, E>>) -> Standing {
    use futures::future::{Either, select};

    let late = std::pin::pin!(tokio::time::sleep(PATIENCE));
    match select(std::pin::pin!(asked), late).await {
        Either::Left((Ok(_), _)) => Standing::Up,
        Either::Left((Err(error), _)) => {
            error!(
                error.code = "health.down",
                dependency = name,
                error.chain = chain(&error),
                "a dependency is down"
            );
            Standing::Down
        }
        Either::Right(_) => {
            error!(
                error.code = "health.late",
                dependency = name,
                "a dependency does not answer in time"
            );
            Standing::Down
        }
    }
}
