//! Which bytes make up an object, and who still refers to them.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use rusqlite::{Connection, params};

use super::error::ObjectError;
use crate::blobs::{Blobs, ByteStream, Staged};
use crate::store::Tx;

/// Larger content becomes a file. Up to here one row is cheaper than a file with its two syncs.
pub(super) const INLINE_LIMIT: usize = 128 * 1024;

/// Bytes that have arrived and are not stored yet.
#[derive(Debug)]
pub(super) enum Content {
    Inline(Vec<u8>),
    Blob { staged: Staged, size: u64 },
}

impl Content {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Blob { size, .. } => *size,
        }
    }
}

/// A run of stored bytes.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) size: u64,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Inline(Bytes),
    Blob(String),
}

/// Stores `content` with one reference; `None` for no bytes at all.
pub(super) fn insert(tx: &Tx<'_>, content: Content) -> Result<Option<i64>, ObjectError> {
    if content.size() == 0 {
        return Ok(None);
    }
    let size = to_sql(content.size());
    let (name, bytes) = match content {
        Content::Inline(bytes) => (None, Some(bytes)),
        Content::Blob { staged, .. } => (Some(staged.keep()), None),
    };
    tx.prepare_cached("INSERT INTO s3_blobs (size, refs, name, bytes) VALUES (?1, 1, ?2, ?3)")?
        .execute(params![size, name, bytes])?;
    Ok(Some(tx.last_insert_rowid()))
}

/// Adds a reference to each blob.
pub(super) fn retain(tx: &Tx<'_>, blobs: &[i64]) -> Result<(), ObjectError> {
    let mut more = tx.prepare_cached("UPDATE s3_blobs SET refs = refs + 1 WHERE id = ?1")?;
    for blob in blobs {
        more.execute([blob])?;
    }
    Ok(())
}

/// Takes a reference from each blob; the last one takes the bytes along, after the commit.
pub(super) fn release(tx: &Tx<'_>, place: &Blobs, blobs: &[i64]) -> Result<(), ObjectError> {
    let mut fewer = tx.prepare_cached("UPDATE s3_blobs SET refs = refs - 1 WHERE id = ?1 RETURNING refs, name")?;
    let mut delete = tx.prepare_cached("DELETE FROM s3_blobs WHERE id = ?1")?;
    let mut gone = Vec::new();
    for blob in blobs {
        let (refs, name) = fewer.query_row([blob], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
        })?;
        if refs == 0 {
            delete.execute([blob])?;
            gone.extend(name);
        }
    }
    if !gone.is_empty() {
        let place = place.clone();
        tx.after_commit(move || place.discard(gone));
    }
    Ok(())
}

/// Makes `blobs` the bytes of `object`, in their order. Their references pass to the object.
pub(super) fn attach(tx: &Tx<'_>, object: i64, blobs: &[i64]) -> Result<(), ObjectError> {
    let mut insert = tx.prepare_cached("INSERT INTO s3_segments (object, position, blob) VALUES (?1, ?2, ?3)")?;
    for (position, blob) in (0_i64..).zip(blobs) {
        insert.execute(params![object, position, blob])?;
    }
    Ok(())
}

/// Takes the bytes from `object`, and gives the blobs whose references it held.
pub(super) fn detach(tx: &Tx<'_>, object: i64) -> Result<Vec<i64>, ObjectError> {
    let blobs = blobs_of(tx, object)?;
    tx.prepare_cached("DELETE FROM s3_segments WHERE object = ?1")?
        .execute([object])?;
    Ok(blobs)
}

pub(super) fn blobs_of(db: &Connection, object: i64) -> Result<Vec<i64>, ObjectError> {
    let mut query = db.prepare_cached("SELECT blob FROM s3_segments WHERE object = ?1 ORDER BY position")?;
    Ok(query.query_map([object], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The bytes of `object`, in order.
pub(super) fn segments(db: &Connection, object: i64) -> Result<Vec<Segment>, ObjectError> {
    let mut query = db.prepare_cached(
        "SELECT b.size, b.name, b.bytes FROM s3_segments s JOIN s3_blobs b ON b.id = s.blob
         WHERE s.object = ?1 ORDER BY s.position",
    )?;
    let segment = |row: &rusqlite::Row<'_>| {
        let source = match row.get::<_, Option<String>>(1)? {
            Some(name) => Source::Blob(name),
            None => Source::Inline(row.get::<_, Vec<u8>>(2)?.into()),
        };
        Ok(Segment {
            size: from_sql(row.get(0)?),
            source,
        })
    };
    Ok(query.query_map([object], segment)?.collect::<Result<_, _>>()?)
}

/// The sizes of the segments of `object`, without their bytes.
pub(super) fn sizes(db: &Connection, object: i64) -> Result<Vec<u64>, ObjectError> {
    let mut query = db.prepare_cached(
        "SELECT b.size FROM s3_segments s JOIN s3_blobs b ON b.id = s.blob WHERE s.object = ?1 ORDER BY s.position",
    )?;
    Ok(query
        .query_map([object], |row| row.get(0).map(from_sql))?
        .collect::<Result<_, _>>()?)
}

/// Every blob that is a file.
pub(super) fn named_blobs(db: &Connection) -> Result<HashSet<String>, ObjectError> {
    let mut query = db.prepare("SELECT name FROM s3_blobs WHERE name IS NOT NULL")?;
    Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The bytes of `range` over all segments. What is read stays until the stream is dropped.
pub(super) fn read(
    blobs: &Blobs,
    guard: crate::blobs::Reading,
    segments: Vec<Segment>,
    range: &Range<u64>,
) -> ByteStream {
    let mut at = 0;
    let mut within = Vec::new();
    for segment in segments {
        let end = at + segment.size;
        let part = range.start.clamp(at, end) - at..range.end.clamp(at, end) - at;
        at = end;
        if !part.is_empty() {
            within.push((segment.source, part));
        }
    }
    let blobs = blobs.clone();
    let open = move |(source, part): (Source, Range<u64>)| -> ByteStream {
        let _until_dropped = &guard;
        match source {
            Source::Inline(bytes) => Box::pin(stream::iter([Ok(slice(&bytes, &part))])),
            Source::Blob(name) => blobs.read(&name, part),
        }
    };
    Box::pin(stream::iter(within).map(open).flatten())
}

/// All bytes of `range`, if they are in the rows and so need no file.
pub(super) fn inline(segments: &[Segment], range: &Range<u64>) -> Option<Bytes> {
    match segments {
        [] => Some(Bytes::new()),
        [
            Segment {
                source: Source::Inline(bytes),
                ..
            },
        ] => Some(slice(bytes, range)),
        [..] => None,
    }
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at(range.start)..at(range.end))
}

/// `SQLite` has no unsigned integers; sizes are far below 2^63.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
