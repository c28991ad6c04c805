//! `/admin/surat`: the office's letters, by how far they are.

use axum::Json;
use axum::extract::State;
use platform::{Caller, Index, Page, Paging, Params, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Letters;
use super::refusals::{Refusals, busy};
use super::residents::APPROVE;
use super::views::LetterSummary;
use crate::letter::{Letter, Status};

/// Which of the office's letters.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OfficeQuery {
    /// Those that are in this state. Drafts are their residents' alone.
    #[param(inline)]
    status: Status,
    /// How many, 1 to 100; 20 if it is absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
}

/// A letter as the office lists it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct OfficeLetter {
    #[serde(flatten)]
    summary: LetterSummary,
    /// The resident's name.
    applicant: String,
    /// The resident's ward.
    #[schema(required = false)]
    rw: Option<String>,
    /// The resident's neighbourhood.
    #[schema(required = false)]
    rt: Option<String>,
}

/// The office's letters in one state, the newest there first, a page of them.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct OfficeList {
    items: Vec<OfficeLetter>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The office's letters in one state, whoever has to decide on them.
#[utoipa::path(get, path = "/admin/surat", params(OfficeQuery),
    responses((status = 200, body = OfficeList), Refusals))]
pub(super) async fn list(
    State(letters): State<Letters>,
    caller: Caller,
    Params(query): Params<OfficeQuery>,
) -> Result<Json<OfficeList>, Problem> {
    caller.require(APPROVE)?;
    let OfficeQuery { status, limit, cursor } = query;
    let partition = Letter::partition_in(&caller.tenant, status);
    let query = Query {
        index: Index::Gsi2,
        pk: &partition,
        prefix: "",
        ascending: false,
    };
    let paging = Paging::asked(limit, cursor);
    paging.check(&query)?;
    let page = letters.table.page::<Letter>(&query, &paging).await;
    Ok(Json(page.map_err(|error| busy(&error))?.into()))
}

impl From<&Letter> for OfficeLetter {
    fn from(letter: &Letter) -> Self {
        Self {
            summary: LetterSummary::from(letter),
            applicant: letter.resident.name.clone(),
            rw: letter.resident.rw.clone(),
            rt: letter.resident.rt.clone(),
        }
    }
}

impl From<Page<Letter>> for OfficeList {
    fn from(page: Page<Letter>) -> Self {
        let items = page.items.iter().map(|stored| OfficeLetter::from(&stored.value));
        Self {
            items: items.collect(),
            next: page.next,
        }
    }
}
