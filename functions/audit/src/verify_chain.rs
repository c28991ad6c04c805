//! Verifying a tenant's chain: every row stands as it was written, in its place, and none is missing or too many.

mod rows;
mod walk;

use std::fmt;

use jiff::Timestamp;
use kernel::{Sha256Digest, TenantId};
use platform::{Index, Paging, Query, Stored, Table, TableError};

use crate::chain::Head;
use rows::Rows;
use walk::Walk;

/// What became of verifying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// All is as it was recorded.
    Verified {
        /// How many rows there are.
        rows: u64,
        /// The digest of the last. Whoever notes it down elsewhere can tell later that nothing before it was rewritten.
        head: Sha256Digest,
    },
    /// Something is not.
    Broken {
        /// The first row that is concerned.
        sequence: u64,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It does not stand as it was written, or in the wrong place.
    Altered,
    /// It is not there.
    Missing,
    /// It does not belong there.
    Inserted,
    /// It names another row before it than the one that is there.
    Detached,
    /// The head of the chain is missing, altered, or not that of the last row.
    Head,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Altered => "it does not stand as it was written",
            Self::Missing => "it is missing",
            Self::Inserted => "it does not belong there",
            Self::Detached => "the row before it is another than it names",
            Self::Head => "the head of the chain does not fit it",
        })
    }
}

/// Reads the whole chain of `tenant` in its order, and compares it with its head. What is recorded meanwhile is left to the
/// next time. `now` is the last moment in whose month rows can be.
pub async fn verify_chain(table: &Table, tenant: &TenantId, now: Timestamp) -> Result<Verification, TableError> {
    let head = match head(table, tenant).await? {
        Found::Head(head) => head,
        Found::Nothing => Stored {
            value: Head::begin(tenant.clone()),
            version: 0,
        },
        Found::Altered => return Ok(Walk::begin(Head::begin(tenant.clone())).broken(Flaw::Head)),
    };
    let mut walk = Walk::begin(head.value.clone());
    if head.version != head.value.sequence {
        return Ok(walk.broken(Flaw::Head));
    }
    let mut rows = Rows::of(table, &head.value, now).await?;
    while let Some(row) = rows.next().await? {
        walk = match walk.step(&row) {
            Ok(walk) => walk,
            Err(broken) => return Ok(broken),
        };
        if walk.is_beyond_the_head() {
            // It may have been recorded since the head was read.
            return match self::head(table, tenant).await? {
                Found::Head(newer) if newer.value.sequence > head.value.sequence => Ok(walk.end()),
                Found::Head(_) => Ok(walk.too_many()),
                Found::Nothing | Found::Altered => Ok(walk.broken(Flaw::Head)),
            };
        }
    }
    Ok(walk.end())
}

enum Found {
    Head(Stored<Head>),
    Nothing,
    Altered,
}

async fn head(table: &Table, tenant: &TenantId) -> Result<Found, TableError> {
    let key = Head::key_of(tenant);
    let query = Query {
        index: Index::Main,
        pk: &key.pk,
        prefix: "",
        ascending: true,
    };
    let (mut found, _) = table.page_as_written::<Head>(&query, &Paging::first(2)).await?;
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => Found::Nothing,
        (Some(row), true) => row.stored.map_or(Found::Altered, Found::Head),
        // There is one head.
        (Some(_), false) => Found::Altered,
    })
}
