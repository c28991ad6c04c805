//! Object versions: which one a key has now, and what writing and deleting do to the others.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::buckets::{Bucket, Versioning};
use super::contents;
use super::description::Description;
use super::error::ObjectError;
use crate::blobs::{Blobs, random_id};
use crate::store::Tx;

/// The version id of objects that were written while versioning was not enabled.
pub(super) const NULL_VERSION: &str = "null";

/// One version of one object, or a delete marker.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the protocol's names")]
pub(super) struct Version {
    pub(super) id: i64,
    pub(super) key: String,
    pub(super) version: String,
    pub(super) latest: bool,
    pub(super) marker: bool,
    pub(super) size: u64,
    /// Without quotes. Empty for a delete marker.
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    description: String,
}

impl Version {
    pub(super) fn description(&self) -> Result<Description, ObjectError> {
        serde_json::from_str(&self.description).map_err(ObjectError::Unreadable)
    }
}

/// A version that is about to be.
#[derive(Debug)]
pub(super) struct NewVersion<'a> {
    pub(super) key: &'a str,
    pub(super) size: u64,
    pub(super) etag: &'a str,
    pub(super) modified_ms: i64,
    pub(super) description: &'a Description,
    /// In order. Their references pass to the version.
    pub(super) blobs: &'a [i64],
}

/// What a write or a delete did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Orders the changes of one key.
    pub(super) sequence: i64,
    /// `None` where the bucket never had versioning.
    pub(super) version: Option<String>,
    /// The change made or removed a delete marker.
    pub(super) marker: bool,
}

pub(super) const COLUMNS: &str = "id, key, version, latest, marker, size, etag, modified_ms, description";

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        id: row.get(0)?,
        key: row.get(1)?,
        version: row.get(2)?,
        latest: row.get(3)?,
        marker: row.get(4)?,
        size: contents::from_sql(row.get(5)?),
        etag: row.get(6)?,
        modified_ms: row.get(7)?,
        description: row.get(8)?,
    })
}

/// The newest version of `key`, be it a delete marker.
pub(super) fn latest(db: &Connection, bucket: i64, key: &str) -> Result<Option<Version>, ObjectError> {
    let query = format!("SELECT {COLUMNS} FROM s3_objects WHERE bucket = ?1 AND key = ?2 AND latest = 1");
    Ok(db
        .prepare_cached(&query)?
        .query_row(params![bucket, key], from_row)
        .optional()?)
}

/// The object that has `key` now, if it is one.
pub(super) fn current(db: &Connection, bucket: i64, key: &str) -> Result<Option<Version>, ObjectError> {
    Ok(latest(db, bucket, key)?.filter(|version| !version.marker))
}

/// The version that a request without or with a version id means; never a delete marker.
pub(super) fn find(db: &Connection, bucket: i64, key: &str, version: Option<&str>) -> Result<Version, ObjectError> {
    match version {
        None => match latest(db, bucket, key)? {
            Some(found) if found.marker => Err(ObjectError::Deleted { version: found.version }),
            Some(found) => Ok(found),
            None => Err(ObjectError::NoSuchKey),
        },
        Some(version) => match exact(db, bucket, key, version)? {
            Some(found) if found.marker => Err(ObjectError::IsMarker),
            Some(found) => Ok(found),
            None => Err(ObjectError::NoSuchVersion),
        },
    }
}

/// Writes a new newest version. Whether it may is decided before, in the same transaction.
pub(super) fn put(tx: &Tx<'_>, blobs: &Blobs, bucket: &Bucket, new: &NewVersion<'_>) -> Result<Change, ObjectError> {
    let version = retire(tx, blobs, bucket, new.key)?;
    let description = serde_json::to_string(new.description).map_err(ObjectError::Unreadable)?;
    tx.prepare_cached(
        "INSERT INTO s3_objects (bucket, key, version, latest, marker, size, etag, modified_ms, description)
         VALUES (?1, ?2, ?3, 1, 0, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        bucket.id,
        new.key,
        version,
        contents::to_sql(new.size),
        new.etag,
        new.modified_ms,
        description
    ])?;
    let sequence = tx.last_insert_rowid();
    contents::attach(tx, sequence, new.blobs)?;
    Ok(Change {
        sequence,
        version: visible(bucket, version),
        marker: false,
    })
}

/// Deletes `key` as it is now: for good, or under a delete marker. `None` if there was nothing to do.
pub(super) fn delete(
    tx: &Tx<'_>,
    blobs: &Blobs,
    bucket: &Bucket,
    key: &str,
    now_ms: i64,
) -> Result<Option<Change>, ObjectError> {
    if bucket.versioning == Versioning::Off {
        let Some(current) = latest(tx, bucket.id, key)? else {
            return Ok(None);
        };
        remove(tx, blobs, bucket.id, &current)?;
        return Ok(Some(Change {
            sequence: current.id,
            version: None,
            marker: false,
        }));
    }
    let version = retire(tx, blobs, bucket, key)?;
    tx.prepare_cached(
        "INSERT INTO s3_objects (bucket, key, version, latest, marker, size, etag, modified_ms, description)
         VALUES (?1, ?2, ?3, 1, 1, 0, '', ?4, '{}')",
    )?
    .execute(params![bucket.id, key, version, now_ms])?;
    Ok(Some(Change {
        sequence: tx.last_insert_rowid(),
        version: Some(version),
        marker: true,
    }))
}

/// Deletes one version for good; the newest that is left becomes the current one. `None` if it was not there.
pub(super) fn delete_version(
    tx: &Tx<'_>,
    blobs: &Blobs,
    bucket: &Bucket,
    key: &str,
    version: &str,
) -> Result<Option<Change>, ObjectError> {
    let Some(found) = exact(tx, bucket.id, key, version)? else {
        return Ok(None);
    };
    remove(tx, blobs, bucket.id, &found)?;
    Ok(Some(Change {
        sequence: found.id,
        version: Some(found.version),
        marker: found.marker,
    }))
}

fn exact(db: &Connection, bucket: i64, key: &str, version: &str) -> Result<Option<Version>, ObjectError> {
    let query = format!("SELECT {COLUMNS} FROM s3_objects WHERE bucket = ?1 AND key = ?2 AND version = ?3");
    Ok(db
        .prepare_cached(&query)?
        .query_row(params![bucket, key, version], from_row)
        .optional()?)
}

/// Makes room for a new newest version, and gives its id.
fn retire(tx: &Tx<'_>, blobs: &Blobs, bucket: &Bucket, key: &str) -> Result<String, ObjectError> {
    let version = match bucket.versioning {
        Versioning::Enabled => random_id(),
        Versioning::Off | Versioning::Suspended => {
            if let Some(replaced) = exact(tx, bucket.id, key, NULL_VERSION)? {
                erase(tx, blobs, replaced.id)?;
            }
            NULL_VERSION.to_owned()
        }
    };
    tx.prepare_cached("UPDATE s3_objects SET latest = 0 WHERE bucket = ?1 AND key = ?2 AND latest = 1")?
        .execute(params![bucket.id, key])?;
    Ok(version)
}

fn remove(tx: &Tx<'_>, blobs: &Blobs, bucket: i64, version: &Version) -> Result<(), ObjectError> {
    erase(tx, blobs, version.id)?;
    if version.latest {
        tx.prepare_cached(
            "UPDATE s3_objects SET latest = 1 WHERE id =
                 (SELECT id FROM s3_objects WHERE bucket = ?1 AND key = ?2 ORDER BY id DESC LIMIT 1)",
        )?
        .execute(params![bucket, version.key])?;
    }
    Ok(())
}

fn erase(tx: &Tx<'_>, blobs: &Blobs, id: i64) -> Result<(), ObjectError> {
    let held = contents::detach(tx, id)?;
    contents::release(tx, blobs, &held)?;
    tx.prepare_cached("DELETE FROM s3_objects WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Clients hear of versions only where the bucket has them.
fn visible(bucket: &Bucket, version: String) -> Option<String> {
    match bucket.versioning {
        Versioning::Off => None,
        Versioning::Enabled | Versioning::Suspended => Some(version),
    }
}
