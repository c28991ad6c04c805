//! Searching: through an index by actor or resource, else month by month, newest first.

use kernel::{Disposition, Fault, TenantId};
use platform::{Index, Paging, PagingError, Query, Table, TableError};

use super::filter::Filter;
use crate::chain::{Head, Row};
use crate::month::Month;

/// Rows of one request.
const PAGE: u16 = 100;
/// Rows that one page may look at, so that a search for what is rare answers in time.
const LOOK_AT: usize = 2_000;
/// The same for one export.
const LOOK_AT_FOR_EXPORT: usize = 40_000;
/// Longer than any cursor of ours.
const CURSOR_LIMIT: usize = 8 * 1024;
/// In a cursor, the place of the month where there is none.
const NO_MONTH: &str = "-";

/// How much to find.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    rows: usize,
    bytes: usize,
    look_at: usize,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// Where the search goes on; none at its end.
    pub(super) next: Option<String>,
}

/// A search that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SearchError {
    /// The cursor is none of this search.
    #[error("the cursor is none of this search")]
    Cursor,
    /// The rows could not be read.
    #[error("the rows could not be read")]
    Table(#[from] TableError),
}

impl Fault for SearchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Cursor => "request.paging",
            Self::Table(error) => error.code(),
        }
    }

    fn disposition(&self) -> Disposition {
        match self {
            Self::Cursor => Disposition::Reject,
            Self::Table(error) => error.disposition(),
        }
    }
}

impl Scope {
    pub(super) fn page(rows: usize) -> Self {
        Self {
            rows,
            bytes: BYTES,
            look_at: LOOK_AT,
        }
    }

    pub(super) fn export(rows: usize) -> Self {
        Self {
            rows,
            bytes: BYTES,
            look_at: LOOK_AT_FOR_EXPORT,
        }
    }
}

/// One partition to look through.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    index: Index,
    month: Option<Month>,
    pk: String,
}

/// What an answer may weigh. A function's answer has at most 6 MB, and the last row may go over this by 256 kB.
const BYTES: usize = 5 * 1024 * 1024;
/// A row takes about so many more bytes than its entry.
const ROW_BYTES: usize = 500;

/// Looks for the rows of `tenant` that `filter` admits, from `cursor` on.
pub(super) async fn search(
    table: &Table,
    tenant: &TenantId,
    filter: &Filter,
    cursor: Option<String>,
    scope: &Scope,
) -> Result<Found, SearchError> {
    let mut parts = parts(table, tenant, filter).await?;
    let mut inner = match cursor {
        Some(cursor) => go_on(&mut parts, &cursor)?,
        None => None,
    };
    let (mut rows, mut looked_at, mut bytes) = (Vec::new(), 0, 0);
    for part in &parts {
        loop {
            let left = scope.rows.saturating_sub(rows.len());
            let left_bytes = scope.bytes.saturating_sub(bytes);
            if left == 0 || left_bytes == 0 || looked_at >= scope.look_at {
                let next = Some(part.cursor(inner.as_deref()));
                return Ok(Found { rows, next });
            }
            let read = part.read(table, filter, inner.take(), (left, left_bytes)).await?;
            looked_at += read.looked_at;
            bytes += read.rows.iter().map(weight).sum::<usize>();
            rows.extend(read.rows);
            match read.next {
                Some(next) => inner = Some(next),
                None => break,
            }
        }
    }
    Ok(Found { rows, next: None })
}

/// The partitions that can hold what is asked for, in the order of the answer.
async fn parts(table: &Table, tenant: &TenantId, filter: &Filter) -> Result<Vec<Part>, TableError> {
    let listed = |index, pk| vec![Part { index, month: None, pk }];
    match (&filter.resource, &filter.actor) {
        (Some((kind, id)), _) => Ok(listed(Index::Gsi2, Row::of_resource(tenant, kind, id))),
        (None, Some(actor)) => Ok(listed(Index::Gsi1, Row::of_actor(tenant, actor))),
        (None, None) => {
            let head = table.find::<Head>(&Head::key_of(tenant)).await?;
            let months = head.map(|head| head.value.months).unwrap_or_default();
            let (from, until) = (filter.from.map(Month::of), filter.until.map(Month::of));
            let within =
                |month: &Month| from.is_none_or(|from| *month >= from) && until.is_none_or(|until| *month <= until);
            let months = months.into_iter().rev().filter(within);
            let parts = months.map(|month| Part {
                index: Index::Main,
                month: Some(month),
                pk: Row::partition(tenant, month),
            });
            Ok(parts.collect())
        }
    }
}

/// Leaves the parts from the cursor on, and gives the cursor within the first of them.
fn go_on(parts: &mut Vec<Part>, cursor: &str) -> Result<Option<String>, SearchError> {
    if cursor.len() > CURSOR_LIMIT {
        return Err(SearchError::Cursor);
    }
    let (place, inner) = cursor.split_once('.').ok_or(SearchError::Cursor)?;
    let at = parts.iter().position(|part| part.place() == place);
    let at = at.ok_or(SearchError::Cursor)?;
    parts.drain(..at);
    if inner.is_empty() {
        return Ok(None);
    }
    let first = parts.first().ok_or(SearchError::Cursor)?;
    let paging = Paging::first(PAGE).at(inner.to_owned());
    paging.check(&first.query()).map_err(|error| match error {
        PagingError::Cursor | PagingError::Limit => SearchError::Cursor,
    })?;
    Ok(Some(inner.to_owned()))
}

/// The bytes that a row takes in an answer: as CSV, a quote is doubled, and the answer's own JSON escapes both.
fn weight(row: &Row) -> usize {
    let extra = |letter: char| match letter {
        '"' => 3,
        '\\' => 1,
        _ => 0,
    };
    row.entry.len() + row.entry.chars().map(extra).sum::<usize>() + ROW_BYTES
}

/// What one request found.
struct Read {
    rows: Vec<Row>,
    looked_at: usize,
    next: Option<String>,
}

impl Part {
    fn place(&self) -> String {
        self.month
            .map_or_else(|| NO_MONTH.to_owned(), |month| month.to_string())
    }

    fn cursor(&self, inner: Option<&str>) -> String {
        format!("{}.{}", self.place(), inner.unwrap_or_default())
    }

    fn query(&self) -> Query<'_> {
        Query {
            index: self.index,
            pk: &self.pk,
            prefix: "",
            ascending: false,
        }
    }

    /// Reads rows that are asked for, at most so many, and none after so many bytes. Where more follow, the page is read
    /// again up to the last of them, so that its cursor is exact.
    async fn read(
        &self,
        table: &Table,
        filter: &Filter,
        inner: Option<String>,
        (left, left_bytes): (usize, usize),
    ) -> Result<Read, TableError> {
        let paging = |limit| Paging::asked(Some(limit), inner.clone());
        let mut page = table.page::<Row>(&self.query(), &paging(PAGE)).await?;
        let (mut rows, mut bytes, mut last) = (0, 0, 0);
        for (index, stored) in page.items.iter().enumerate() {
            if !filter.admits(&stored.value) {
                continue;
            }
            if rows == left || bytes >= left_bytes {
                let limit = u16::try_from(last + 1).unwrap_or(PAGE);
                page = table.page::<Row>(&self.query(), &paging(limit)).await?;
                break;
            }
            rows += 1;
            bytes += weight(&stored.value);
            last = index;
        }
        let looked_at = page.items.len();
        // Listed by time, what follows is older still.
        let is_over = self.month.is_none()
            && filter
                .from
                .is_some_and(|from| page.items.last().is_some_and(|row| row.value.time < from));
        let rows = page.items.into_iter().map(|stored| stored.value);
        Ok(Read {
            rows: rows.filter(|row| filter.admits(row)).collect(),
            looked_at,
            next: page.next.filter(|_| !is_over),
        })
    }
}
