//! The organisation over HTTP. Its version is the tree's: two changes at once cannot make a circle.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use platform::{Caller, IdempotencyKey, IfMatch, JsonBody, Origin, PathId, Problem, Stored, TableError, etag};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Users;
use super::by::{By, said};
use super::people::Versioned;
use crate::docs::Problems;
use crate::error::IdentityError;
use crate::names::{NameError, UnitCode};
use crate::org_chart::{ChartError, OrgChart, OrgUnit, UnitKind};

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUnit {
    /// 1 to 40 of `A-Z`, `0-9`, `_`.
    code: String,
    name: String,
    #[serde(rename = "type")]
    kind: UnitKind,
    /// The code of the unit above.
    parent: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitBody {
    name: String,
    #[serde(rename = "type")]
    kind: UnitKind,
    /// The code of the unit above.
    parent: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UnitView {
    code: String,
    name: String,
    #[serde(rename = "type")]
    kind: UnitKind,
    parent: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UnitList {
    items: Vec<UnitView>,
}

/// All units.
#[utoipa::path(get, path = "/org-units", responses((status = 200, body = UnitList), Problems))]
pub(super) async fn list(State(users): State<Users>, caller: Caller) -> Result<Versioned<UnitList>, Problem> {
    caller.require("org_unit:read")?;
    let chart = users.chart(&caller).await?;
    let items = chart.value.units().map(|(code, unit)| view(code, unit)).collect();
    Ok(([etag(chart.version)], Json(UnitList { items })))
}

/// Adds a unit.
#[utoipa::path(
    post,
    path = "/org-units",
    params(("Idempotency-Key" = String, Header, description = "The same key again adds nothing twice.")),
    request_body = NewUnit,
    responses((status = 201, body = UnitView), Problems),
)]
pub(super) async fn create(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    key: IdempotencyKey,
    JsonBody(body): JsonBody<NewUnit>,
) -> Result<(StatusCode, Versioned<UnitView>), Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("org_unit:create")?;
    let asked = said(&body);
    let work = async {
        let code: UnitCode = body.code.parse().map_err(IdentityError::from)?;
        let unit = unit(&body.name, body.kind, body.parent)?;
        let chart = users.chart(&caller).await?;
        users
            .change_chart(&by, chart, "org_unit.created", &code, |chart| chart.add(&code, unit))
            .await?;
        Ok(code)
    };
    let code: UnitCode = users.once(&by, ("org-units", &key), &asked, work).await?;
    let chart = users.chart(&caller).await?;
    let unit = chart.value.unit(&code).ok_or_else(platform::unknown)?;
    Ok((StatusCode::CREATED, ([etag(chart.version)], Json(view(&code, unit)))))
}

/// One unit.
#[utoipa::path(
    get,
    path = "/org-units/{code}",
    params(("code" = String, Path)),
    responses((status = 200, body = UnitView), Problems),
)]
pub(super) async fn show(
    State(users): State<Users>,
    caller: Caller,
    PathId(code): PathId<UnitCode>,
) -> Result<Versioned<UnitView>, Problem> {
    caller.require("org_unit:read")?;
    let chart = users.chart(&caller).await?;
    let unit = chart.value.unit(&code).ok_or_else(platform::unknown)?;
    Ok(([etag(chart.version)], Json(view(&code, unit))))
}

/// Replaces a unit; with another parent it moves, with all below it.
#[utoipa::path(
    put,
    path = "/org-units/{code}",
    params(("code" = String, Path), ("if-match" = String, Header)),
    request_body = UnitBody,
    responses((status = 200, body = UnitView), Problems),
)]
pub(super) async fn replace(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(code): PathId<UnitCode>,
    version: IfMatch,
    JsonBody(body): JsonBody<UnitBody>,
) -> Result<Versioned<UnitView>, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("org_unit:update")?;
    let unit = unit(&body.name, body.kind, body.parent)?;
    let shown = view(&code, &unit);
    let chart = users.chart_at(&caller, &code, version).await?;
    let version = users
        .change_chart(&by, chart, "org_unit.updated", &code, |chart| chart.change(&code, unit))
        .await?;
    Ok(([etag(version)], Json(shown)))
}

/// Removes a unit that has none below it.
#[utoipa::path(
    delete,
    path = "/org-units/{code}",
    params(("code" = String, Path), ("if-match" = String, Header)),
    responses((status = 204, description = "Gone."), Problems),
)]
pub(super) async fn delete(
    State(users): State<Users>,
    caller: Caller,
    origin: Origin,
    PathId(code): PathId<UnitCode>,
    version: IfMatch,
) -> Result<StatusCode, Problem> {
    let by = users.by(&caller, &origin).await?;
    by.require("org_unit:delete")?;
    let chart = users.chart_at(&caller, &code, version).await?;
    users
        .change_chart(&by, chart, "org_unit.deleted", &code, |chart| chart.remove(&code))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Users {
    /// The organisation; at version 0 while there is none.
    async fn chart(&self, caller: &Caller) -> Result<Stored<OrgChart>, IdentityError> {
        let found = self
            .accounts
            .table
            .find::<OrgChart>(&OrgChart::key_of(&caller.tenant))
            .await?;
        Ok(found.unwrap_or_else(|| Stored {
            value: OrgChart::empty(caller.tenant.clone()),
            version: 0,
        }))
    }

    /// The organisation, for somebody who is going to change the unit `code` and saw it at `version`.
    async fn chart_at(
        &self,
        caller: &Caller,
        code: &UnitCode,
        version: IfMatch,
    ) -> Result<Stored<OrgChart>, IdentityError> {
        let chart = self.chart(caller).await?;
        if chart.value.unit(code).is_none() {
            return Err(ChartError::Unknown.into());
        }
        if version.check(chart.version).is_err() {
            return Err(IdentityError::Stale);
        }
        Ok(chart)
    }

    async fn change_chart(
        &self,
        by: &By<'_>,
        chart: Stored<OrgChart>,
        action: &str,
        code: &UnitCode,
        change: impl FnOnce(OrgChart) -> Result<OrgChart, ChartError>,
    ) -> Result<u64, IdentityError> {
        let shown = |chart: &OrgChart| chart.unit(code).map(|unit| json!(unit));
        let before = shown(&chart.value);
        let changed = change(chart.value)?;
        let entry = by
            .entry(action, "org_unit", code.as_str())
            .changing(before, shown(&changed));
        let transaction = self.accounts.table.transaction().update(&changed, chart.version)?;
        match self.commit(by, transaction, None, entry).await {
            Ok(()) => Ok(chart.version + 1),
            Err(IdentityError::Table(TableError::Conflict)) => Err(IdentityError::Stale),
            Err(error) => Err(error),
        }
    }
}

fn unit(name: &str, kind: UnitKind, parent: Option<String>) -> Result<OrgUnit, IdentityError> {
    let parent = parent
        .map(|code| code.parse())
        .transpose()
        .map_err(|error: NameError| IdentityError::from(error))?;
    Ok(OrgUnit {
        name: name.parse()?,
        kind,
        parent,
    })
}

fn view(code: &UnitCode, unit: &OrgUnit) -> UnitView {
    UnitView {
        code: code.as_str().to_owned(),
        name: unit.name.as_str().to_owned(),
        kind: unit.kind,
        parent: unit.parent.as_ref().map(|code| code.as_str().to_owned()),
    }
}
