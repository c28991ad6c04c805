//! audit: auditors search the trail and take copies of it, over HTTP.

mod csv;
mod filter;
mod search;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kernel::Fault;
use platform::{
    Actor, AuditEntry, Caller, ConfigError, Environment, Function, Gate, Origin, PagingError, Params, Problem, Table,
    TableError,
};
use serde_json::json;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::messages;
use filter::{Filter, FilterError};
use search::{Found, Scope, search};
use view::{ExportQuery, Format, ProblemView, RowPage, RowView, SearchQuery};

/// How many rows a page has if nobody says, and at most.
const PAGE: u16 = 20;
const PAGE_LIMIT: u16 = 100;
/// The most rows of one export.
const EXPORT_ROWS: usize = 10_000;
/// Where an export that reached a limit goes on.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

#[derive(OpenApi)]
#[openapi(
    info(title = "Absah: audit", description = "The audit trail of an office: search and export."),
    tags((name = "audit", description = "Who did what to what. Nobody can change or remove it."))
)]
struct Description;

/// Builds the function.
pub fn function(environment: &Environment) -> Result<Function, ConfigError> {
    let audit = Audit {
        table: environment.table()?,
        environment: environment.clone(),
    };
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(list))
        .routes(routes!(export))
        .with_state(audit)
        .split_for_parts();
    let router = router.route("/openapi.json", get(async || Json(description)));
    Ok(Gate::connect(environment)?.protect(router))
}

#[derive(Clone)]
struct Audit {
    table: Table,
    environment: Environment,
}

/// Searches the trail, newest first. With `actor` or `resource` by the time of the action, else by month and place in the
/// chain. A page may have fewer rows than `limit`, even none, and still have a `next`: then the search goes on there.
#[utoipa::path(
    get, path = "/audit", tag = "audit", params(SearchQuery),
    responses(
        (status = 200, description = "Some of the rows.", body = RowPage),
        (status = 400, description = "The search cannot be done.", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "`audit:read` is missing.", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests.", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Storage is busy.", body = ProblemView, content_type = "application/problem+json"),
    )
)]
async fn list(
    State(audit): State<Audit>,
    caller: Caller,
    Params(query): Params<SearchQuery>,
) -> Result<Json<RowPage>, Problem> {
    caller.require("audit:read")?;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        return Err(PagingError::Limit.into());
    }
    let scope = Scope::page(usize::from(limit));
    let found = audit.search(&caller, query, &scope).await?;
    Ok(Json(RowPage {
        items: found.rows.iter().map(RowView::from).collect(),
        next: found.next,
    }))
}

/// A copy of what a search finds, at most 10,000 rows or 5 MB; the header `X-Next-Cursor` tells where the next copy begins.
/// That the copy was taken is recorded, too.
#[utoipa::path(
    get, path = "/audit/export", tag = "audit", params(SearchQuery, ExportQuery),
    responses(
        (status = 200, description = "The rows.", content(
            (String = "text/csv"),
            (RowPage = "application/json"),
        )),
        (status = 400, description = "The search cannot be done.", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "`audit:export` is missing.", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests.", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Storage is busy.", body = ProblemView, content_type = "application/problem+json"),
    )
)]
async fn export(
    State(audit): State<Audit>,
    caller: Caller,
    origin: Origin,
    Params(query): Params<SearchQuery>,
    Params(ExportQuery { format }): Params<ExportQuery>,
) -> Result<Response, Problem> {
    caller.require("audit:export")?;
    let limit = query.limit.map_or(EXPORT_ROWS, usize::from);
    if !(1..=EXPORT_ROWS).contains(&limit) {
        return Err(PagingError::Limit.into());
    }
    let scope = Scope::export(limit);
    let Found { rows, next } = audit.search(&caller, query, &scope).await?;
    audit.record_export(&caller, &origin, format, rows.len()).await?;

    let views = rows.iter().map(RowView::from);
    let mut response = match format {
        Format::Csv => ([(header::CONTENT_TYPE, csv::CONTENT_TYPE)], csv::table(views)).into_response(),
        Format::Json => Json(RowPage {
            items: views.collect(),
            next: next.clone(),
        })
        .into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(format.disposition()),
    );
    if let Some(Ok(next)) = next.map(HeaderValue::try_from) {
        headers.insert(NEXT_CURSOR, next);
    }
    Ok(response)
}

impl Audit {
    async fn search(&self, caller: &Caller, query: SearchQuery, scope: &Scope) -> Result<Found, Problem> {
        let (filter, cursor) = Filter::read(query)?;
        let found = search(&self.table, &caller.tenant, &filter, cursor, scope).await;
        found.map_err(|error| match error {
            search::SearchError::Cursor => PagingError::Cursor.into(),
            search::SearchError::Table(error) => busy(&error),
        })
    }

    async fn record_export(
        &self,
        caller: &Caller,
        origin: &Origin,
        format: Format,
        rows: usize,
    ) -> Result<(), Problem> {
        let entry = AuditEntry::success(Actor::from(caller), "audit.exported", "audit", caller.tenant.as_str())
            .changing(None, Some(json!({ "format": format, "rows": rows })))
            .from(origin);
        let transaction = self.table.transaction();
        let transaction = transaction
            .audited(&self.environment, &caller.tenant, entry)
            .map_err(|error| busy(&error))?;
        transaction.commit().await.map_err(|error| busy(&error))
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        let detail = match error {
            FilterError::Resource => messages::MALFORMED_RESOURCE,
            FilterError::Action => messages::MALFORMED_ACTION,
            FilterError::Period => messages::FROM_AFTER_UNTIL,
            FilterError::TooLong => messages::TOO_LONG,
        };
        Self::new(StatusCode::BAD_REQUEST, error.code(), messages::FILTER).with_detail(detail)
    }
}

fn busy(error: &TableError) -> Problem {
    Problem::logged(StatusCode::SERVICE_UNAVAILABLE, error, messages::TRY_AGAIN)
}
