//! decide: officials see what waits for them, look at an approval and take their decisions, over HTTP.

mod bulk;
mod delegations;
mod levels;
mod pending;
mod refusals;
mod single;
mod views;

use axum::routing::get;
use axum::{Extension, Json, Router};
use platform::{Caller, ConfigError, Environment, Fields, Function, Gate};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actor::{Actor, Reach};
use crate::desk::Desk;

/// Builds the function. Settings: those of approvals, and `FIELD_KEYS_FILE`.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let desk = Desk::connect(environment)?;
    let fields = Fields::connect(environment)?;
    Ok(Gate::connect(environment)?.protect(router(desk).layer(Extension(fields))))
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Absah: persetujuan",
    description = "What waits for whom, and decisions on it: one at a time, many at once, in one's own office or another's."
))]
struct Description;

fn router(desk: Desk) -> Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(pending::list))
        .routes(routes!(delegations::list, delegations::create))
        .routes(routes!(delegations::revoke))
        .routes(routes!(bulk::decide))
        .routes(routes!(single::show))
        .routes(routes!(single::history))
        .routes(routes!(single::decide))
        .routes(routes!(single::withdraw))
        .routes(routes!(levels::verifier_inbox))
        .routes(routes!(levels::verifier_approve))
        .routes(routes!(levels::verifier_reject))
        .routes(routes!(levels::verifier_history))
        .routes(routes!(levels::admin_inbox))
        .routes(routes!(levels::admin_approve))
        .routes(routes!(levels::admin_reject))
        .split_for_parts();
    router
        .route("/openapi.json", get(async move || Json(description)))
        .with_state(desk)
}

/// The caller, as whoever decides. A program has no roles, and so no turn.
fn actor(caller: &Caller) -> Actor {
    Actor {
        id: caller.id.clone(),
        name: caller.name.clone(),
        roles: caller.roles.clone(),
        reach: Reach {
            rw: caller.territory.rw.clone(),
            rt: caller.territory.rt.clone(),
            org_unit: caller.org_unit.clone(),
        },
    }
}
