//! letters: residents write, submit and fetch their letters over HTTP; the office manages types and its letterhead.

mod answers;
mod audited;
mod documents;
mod office;
mod papers;
mod refusals;
mod residents;
mod strict;
mod submissions;
mod types;
mod views;

use std::future::ready;

use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use platform::{ConfigError, Environment, Fields, Function, Gate, Table, Vault, etag};
use serde::{Deserialize, Serialize};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A letterhead with its crest in base64, in bytes.
const PAPER_LIMIT: usize = 256 * 1024;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["VAULT_BUCKET"])?;
    let letters = Letters {
        table: environment.table()?,
        fields: Fields::connect(environment)?,
        vault: Vault::new(&environment.aws, vars.text("VAULT_BUCKET")?),
        environment: environment.clone(),
    };
    Ok(Gate::connect(environment)?.protect(router(letters)))
}

/// What the handlers share.
#[derive(Clone)]
struct Letters {
    table: Table,
    fields: Fields,
    vault: Vault,
    environment: Environment,
}

/// What the function answers, with the version for its `ETag`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Versioned<T> {
    version: u64,
    body: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([etag(self.version)], Json(self.body)).into_response()
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Absah: surat",
    description = "Residents' letters: from a draft over the verification by RT and RW to a signed PDF."
))]
struct Description;

fn router(letters: Letters) -> Router {
    let papers = OpenApiRouter::new()
        .routes(routes!(papers::show, papers::write))
        .layer(DefaultBodyLimit::max(PAPER_LIMIT));
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(types::list, types::create))
        .routes(routes!(types::show, types::change))
        .routes(routes!(residents::list, residents::draft))
        .routes(routes!(residents::show, residents::edit))
        .routes(routes!(submissions::submit))
        .routes(routes!(submissions::withdraw))
        .routes(routes!(office::list))
        .routes(routes!(documents::fetch))
        .routes(routes!(documents::generate))
        .merge(papers)
        .split_for_parts();
    let description = Json(description);
    router
        .route("/openapi.json", get(move || ready(description.clone())))
        .with_state(letters)
}
