//! users: administrators look after accounts, roles, the organisation and the keys of programs.

mod api_keys;
mod by;
mod changes;
mod import;
mod makers;
mod org_units;
mod people;
mod powers;
mod roles;
mod search;
mod views;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use platform::{ConfigError, Environment, Function, Gate};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::Accounts;
use crate::docs::{Bearer, serve};
use crate::hashing::Hasher;

/// Builds the function. Settings: `TABLE_NAME` and `FIELD_KEYS_FILE`.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let users = Users {
        accounts: Accounts::connect(environment)?,
        hasher: Hasher::new(),
    };
    let import = OpenApiRouter::new()
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(import::BYTES));
    let (router, openapi) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(people::list, people::create))
        .routes(routes!(search::search))
        .routes(routes!(people::show, people::replace, people::delete))
        .routes(routes!(people::activate))
        .routes(routes!(people::one_time_password))
        .routes(routes!(powers::assign, powers::add))
        .routes(routes!(powers::remove))
        .routes(routes!(powers::effective))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::show, roles::replace, roles::delete))
        .routes(routes!(roles::permissions))
        .routes(routes!(org_units::list, org_units::create))
        .routes(routes!(org_units::show, org_units::replace, org_units::delete))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::revoke))
        .merge(import)
        .with_state(users)
        .split_for_parts();
    let router = router.route("/openapi.json", get(async move || serve(&openapi)));
    Ok(Gate::connect(environment)?.protect(router))
}

#[derive(OpenApi)]
#[openapi(info(title = "Absah: users"), modifiers(&Bearer), security(("bearer" = [])))]
struct Api;

/// The function's context.
#[derive(Clone)]
pub(crate) struct Users {
    accounts: Accounts,
    hasher: Hasher,
}
