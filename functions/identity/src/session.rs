//! session: people sign in, stay signed in, sign out, and choose their passwords.

mod devices;
mod forgotten;
mod login;
mod page;
mod passwords;
mod tokens;
mod tries;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use platform::{ConfigError, Environment, Function, Gate, Problem};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::Accounts;
use crate::docs::{Bearer, Problems, serve};
use crate::error::IdentityError;
use crate::hashing::Hasher;
use crate::token_keys::KeyFolder;

/// Others keep the keys for as long as they may.
const KEYS_FOR: &str = "public, max-age=60";

/// Builds the function. Settings: `TABLE_NAME`, `FIELD_KEYS_FILE`, and `TOKEN_KEYS_FOLDER`, a folder of `<kid>.pem`
/// (P-256, PKCS#8), of which the newest by name signs.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let vars = environment.settings.require(&["TOKEN_KEYS_FOLDER"])?;
    let keys = KeyFolder::open(vars.text("TOKEN_KEYS_FOLDER")?.into());
    let session = Session {
        accounts: Accounts::connect(environment)?,
        hasher: Hasher::new(),
        keys: keys.map_err(|error| ConfigError::invalid("TOKEN_KEYS_FOLDER", error))?,
    };
    let (router, openapi) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(login::login))
        .routes(routes!(login::refresh))
        .routes(routes!(login::logout))
        .routes(routes!(login::logout_all))
        .routes(routes!(devices::who_am_i))
        .routes(routes!(devices::list))
        .routes(routes!(devices::end))
        .routes(routes!(passwords::change))
        .routes(routes!(forgotten::forgot))
        .routes(routes!(passwords::reset))
        .routes(routes!(passwords::strength))
        .routes(routes!(key_set))
        .with_state(session)
        .split_for_parts();
    let router = router
        .route("/openapi.json", get(async move || serve(&openapi)))
        .route("/auth/reset-password", get(page::page))
        .route("/auth/reset-password.js", get(page::script));
    Ok(Gate::connect(environment)?.open(router))
}

#[derive(OpenApi)]
#[openapi(info(title = "Absah: session"), modifiers(&Bearer))]
struct Api;

/// The function's context.
#[derive(Clone)]
pub(crate) struct Session {
    accounts: Accounts,
    hasher: Hasher,
    keys: KeyFolder,
}

/// A set of public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
struct KeySet {
    keys: Vec<KeyView>,
}

#[derive(Serialize, ToSchema)]
struct KeyView {
    /// Always `EC`.
    kty: &'static str,
    /// Always `P-256`.
    crv: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    purpose: &'static str,
    /// Always `ES256`.
    alg: &'static str,
    /// The name by which tokens refer to it.
    kid: String,
    x: String,
    y: String,
}

/// The public keys of access tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = KeySet), Problems))]
async fn key_set(State(session): State<Session>) -> Result<Response, Problem> {
    let (accounts, keys) = (&session.accounts, &session.keys);
    let ring = keys
        .current(&accounts.table, accounts.environment.now())
        .await
        .map_err(IdentityError::from)?;
    let keys = ring.public().keys.iter().map(|key| KeyView {
        kty: "EC",
        crv: "P-256",
        purpose: "sig",
        alg: "ES256",
        kid: key.kid.clone(),
        x: key.x.clone(),
        y: key.y.clone(),
    });
    let set = KeySet { keys: keys.collect() };
    Ok(([(header::CACHE_CONTROL, KEYS_FOR)], axum::Json(set)).into_response())
}
