//! Buckets and what is set for a whole bucket.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::error::ObjectError;
use super::notify::Rule;
use super::{contents, multipart};
use crate::blobs::Blobs;
use crate::store::Tx;

/// A bucket as requests need it.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) created_ms: i64,
    pub(super) versioning: Versioning,
    pub(super) rules: Vec<Rule>,
}

/// What happens to an object when another takes its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versioning {
    /// Never enabled: it is replaced.
    Off,
    /// It becomes an older version.
    Enabled,
    /// It is replaced if it was written while suspended, else it becomes an older version.
    Suspended,
}

impl Versioning {
    fn of(text: Option<&str>) -> Self {
        match text {
            Some("Enabled") => Self::Enabled,
            Some(_) => Self::Suspended,
            None => Self::Off,
        }
    }

    /// As the protocol writes it; `None` if it was never set.
    pub(super) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Enabled => Some("Enabled"),
            Self::Suspended => Some("Suspended"),
        }
    }
}

const COLUMNS: &str = "id, name, created_ms, versioning, notifications";

pub(super) fn find(db: &Connection, name: &str) -> Result<Bucket, ObjectError> {
    let found = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM s3_buckets WHERE name = ?1"))?
        .query_row([name], from_row)
        .optional()?;
    found.ok_or(ObjectError::NoSuchBucket)?
}

pub(super) fn create(tx: &Tx<'_>, name: &str, now_ms: i64) -> Result<(), ObjectError> {
    let made = tx.execute(
        "INSERT INTO s3_buckets (name, created_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![name, now_ms],
    )?;
    if made == 0 {
        Err(ObjectError::BucketExists)
    } else {
        Ok(())
    }
}

/// Removes an empty bucket. Unfinished uploads do not keep it.
pub(super) fn delete(tx: &Tx<'_>, blobs: &Blobs, name: &str) -> Result<(), ObjectError> {
    let bucket = find(tx, name)?;
    let used: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM s3_objects WHERE bucket = ?1)",
        [bucket.id],
        |row| row.get(0),
    )?;
    if used {
        return Err(ObjectError::BucketNotEmpty);
    }
    for upload in multipart::ids_in(tx, bucket.id)? {
        let parts = multipart::forget(tx, upload)?;
        contents::release(tx, blobs, &parts)?;
    }
    tx.execute("DELETE FROM s3_buckets WHERE id = ?1", [bucket.id])?;
    Ok(())
}

/// At most `limit` buckets in the order of their names, after `after`.
pub(super) fn list(db: &Connection, prefix: &str, after: &str, limit: usize) -> Result<Vec<Bucket>, ObjectError> {
    let mut query = db.prepare(&format!(
        "SELECT {COLUMNS} FROM s3_buckets WHERE name > ?1 ORDER BY name"
    ))?;
    let rows = query.query_map([after], from_row)?;
    let mut buckets = Vec::new();
    for bucket in rows {
        let bucket = bucket??;
        if buckets.len() < limit && bucket.name.starts_with(prefix) {
            buckets.push(bucket);
        }
    }
    Ok(buckets)
}

pub(super) fn set_versioning(tx: &Tx<'_>, name: &str, versioning: Versioning) -> Result<(), ObjectError> {
    let bucket = find(tx, name)?;
    tx.execute(
        "UPDATE s3_buckets SET versioning = ?2 WHERE id = ?1",
        params![bucket.id, versioning.as_str()],
    )?;
    Ok(())
}

pub(super) fn set_rules(tx: &Tx<'_>, bucket: i64, rules: &[Rule]) -> Result<(), ObjectError> {
    let text = serde_json::to_string(rules).map_err(ObjectError::Unreadable)?;
    tx.execute(
        "UPDATE s3_buckets SET notifications = ?2 WHERE id = ?1",
        params![bucket, text],
    )?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> Result<Result<Bucket, ObjectError>, rusqlite::Error> {
    let rules: String = row.get(4)?;
    let rules = match serde_json::from_str(&rules) {
        Ok(rules) => rules,
        Err(error) => return Ok(Err(ObjectError::Unreadable(error))),
    };
    Ok(Ok(Bucket {
        id: row.get(0)?,
        name: row.get(1)?,
        created_ms: row.get(2)?,
        versioning: Versioning::of(row.get::<_, Option<String>>(3)?.as_deref()),
        rules,
    }))
}
