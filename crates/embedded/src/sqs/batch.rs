//! What the three batch operations have in common: limits, and one result per entry.

use std::collections::BTreeSet;

use http::StatusCode;

use super::error::SqsError;
use super::names::is_token;
use super::protocol::{BatchResult, Done, Entry, Failed};

const MAX_ENTRIES: usize = 10;

/// Refuses a batch that AWS refuses as a whole.
pub(super) fn check<E: Entry>(entries: &[E], kind: &'static str) -> Result<(), SqsError> {
    if entries.is_empty() {
        return Err(SqsError::EmptyBatchRequest(kind));
    }
    if entries.len() > MAX_ENTRIES {
        return Err(SqsError::TooManyEntriesInBatchRequest(entries.len()));
    }
    let mut seen = BTreeSet::new();
    for entry in entries {
        if !is_token(entry.id()) {
            return Err(SqsError::InvalidBatchEntryId);
        }
        if !seen.insert(entry.id()) {
            return Err(SqsError::BatchEntryIdsNotDistinct(entry.id().to_owned()));
        }
    }
    Ok(())
}

/// Does `act` for each entry. An entry that is refused takes no other down; a failing store fails the batch.
pub(super) fn each<E: Entry, T>(
    entries: &[E],
    mut act: impl FnMut(&E) -> Result<T, SqsError>,
) -> Result<BatchResult<T>, SqsError> {
    let mut result = BatchResult {
        successful: Vec::new(),
        failed: Vec::new(),
    };
    for entry in entries {
        let id = entry.id().to_owned();
        match act(entry) {
            Ok(done) => result.successful.push(Done { id, result: done }),
            Err(SqsError::Store(error)) => return Err(SqsError::Store(error)),
            Err(refused) => {
                let wire = refused.wire();
                result.failed.push(Failed {
                    id,
                    sender_fault: wire.status < StatusCode::INTERNAL_SERVER_ERROR,
                    code: wire.query_code,
                    message: refused.to_string(),
                });
            }
        }
    }
    Ok(result)
}
