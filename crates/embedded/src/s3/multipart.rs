//! Uploads in parts. A part is stored when it arrives; completing an upload only says which parts make up the object.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use s3s::crypto::{Checksum as _, Md5};

use super::contents::{self, Content, from_sql, to_sql};
use super::description::{Checksums, Description};
use super::error::ObjectError;
use crate::blobs::{Blobs, random_id};
use crate::store::Tx;

/// AWS's limits.
pub(super) const MAX_PARTS: i32 = 10_000;
const LEAST_PART: u64 = 5 * 1024 * 1024;

/// An upload that is neither completed nor aborted.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the protocol's names")]
pub(super) struct Upload {
    id: i64,
    pub(super) upload: String,
    pub(super) key: String,
    pub(super) started_ms: i64,
    description: String,
}

impl Upload {
    pub(super) fn description(&self) -> Result<Description, ObjectError> {
        serde_json::from_str(&self.description).map_err(ObjectError::Unreadable)
    }
}

/// A part that has arrived.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) number: i32,
    blob: Option<i64>,
    pub(super) size: u64,
    /// Its MD5 in hexadecimal.
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    pub(super) checksums: Checksums,
}

/// A part as the client knows it when it completes the upload.
#[derive(Debug, Clone, Default)]
pub(super) struct WantedPart {
    pub(super) number: i32,
    pub(super) etag: Option<String>,
    pub(super) checksums: Checksums,
}

/// The object that an upload's parts make up.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) blobs: Vec<i64>,
    pub(super) size: u64,
    /// `<MD5 of the parts' MD5s>-<number of parts>`.
    pub(super) etag: String,
}

pub(super) fn create(
    tx: &Tx<'_>,
    bucket: i64,
    key: &str,
    description: &Description,
    now_ms: i64,
) -> Result<String, ObjectError> {
    let upload = random_id();
    let description = serde_json::to_string(description).map_err(ObjectError::Unreadable)?;
    tx.execute(
        "INSERT INTO s3_uploads (upload, bucket, key, started_ms, description) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![upload, bucket, key, now_ms, description],
    )?;
    Ok(upload)
}

pub(super) fn find(db: &Connection, bucket: i64, key: &str, upload: &str) -> Result<Upload, ObjectError> {
    db.prepare_cached(
        "SELECT id, upload, key, started_ms, description FROM s3_uploads WHERE upload = ?1 AND bucket = ?2 AND key = ?3",
    )?
    .query_row(params![upload, bucket, key], upload_from_row)
    .optional()?
    .ok_or(ObjectError::NoSuchUpload)
}

pub(super) fn check_number(number: i32) -> Result<(), ObjectError> {
    if (1..=MAX_PARTS).contains(&number) {
        Ok(())
    } else {
        let message = format!("Part number must be an integer between 1 and {MAX_PARTS}, inclusive");
        Err(ObjectError::InvalidArgument(message))
    }
}

/// Stores one part; a part of the same number is replaced.
pub(super) fn put_part(
    tx: &Tx<'_>,
    blobs: &Blobs,
    upload: &Upload,
    part: NewPart<'_>,
    content: Content,
) -> Result<(), ObjectError> {
    let replaced: Option<Option<i64>> = tx
        .prepare_cached("SELECT blob FROM s3_parts WHERE upload = ?1 AND number = ?2")?
        .query_row(params![upload.id, part.number], |row| row.get(0))
        .optional()?;
    contents::release(tx, blobs, replaced.flatten().as_slice())?;
    let size = to_sql(content.size());
    let blob = contents::insert(tx, content)?;
    let checksums = serde_json::to_string(part.checksums).map_err(ObjectError::Unreadable)?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO s3_parts (upload, number, blob, size, etag, modified_ms, checksums)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        upload.id,
        part.number,
        blob,
        size,
        part.etag,
        part.modified_ms,
        checksums
    ])?;
    Ok(())
}

/// A part besides its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewPart<'a> {
    pub(super) number: i32,
    pub(super) etag: &'a str,
    pub(super) modified_ms: i64,
    pub(super) checksums: &'a Checksums,
}

/// At most `limit` parts with numbers over `after`, in order, and whether there are more.
pub(super) fn parts(
    db: &Connection,
    upload: &Upload,
    after: i32,
    limit: usize,
) -> Result<(Vec<Part>, bool), ObjectError> {
    let mut query = db.prepare_cached(
        "SELECT number, blob, size, etag, modified_ms, checksums FROM s3_parts
         WHERE upload = ?1 AND number > ?2 ORDER BY number",
    )?;
    let mut rows = query.query(params![upload.id, after])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        if parts.len() == limit {
            return Ok((parts, true));
        }
        let checksums: String = row.get(5)?;
        parts.push(Part {
            number: row.get(0)?,
            blob: row.get(1)?,
            size: from_sql(row.get(2)?),
            etag: row.get(3)?,
            modified_ms: row.get(4)?,
            checksums: serde_json::from_str(&checksums).map_err(ObjectError::Unreadable)?,
        });
    }
    Ok((parts, false))
}

/// Ends `upload`: the parts that `wanted` names become the object, the others go.
pub(super) fn complete(
    tx: &Tx<'_>,
    blobs: &Blobs,
    upload: &Upload,
    wanted: &[WantedPart],
    limit: u64,
) -> Result<Whole, ObjectError> {
    let (arrived, _) = parts(tx, upload, 0, usize::MAX)?;
    let whole = assemble(&arrived, wanted, limit)?;
    // The object takes its references before the upload gives up all of its own.
    contents::retain(tx, &whole.blobs)?;
    let held = forget(tx, upload.id)?;
    contents::release(tx, blobs, &held)?;
    Ok(whole)
}

/// Removes an upload and its parts from the index, and gives the blobs whose references they held.
pub(super) fn forget(tx: &Tx<'_>, upload: i64) -> Result<Vec<i64>, ObjectError> {
    let held = tx
        .prepare_cached("SELECT blob FROM s3_parts WHERE upload = ?1 AND blob IS NOT NULL")?
        .query_map([upload], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    tx.prepare_cached("DELETE FROM s3_parts WHERE upload = ?1")?
        .execute([upload])?;
    tx.prepare_cached("DELETE FROM s3_uploads WHERE id = ?1")?
        .execute([upload])?;
    Ok(held)
}

pub(super) fn abort(tx: &Tx<'_>, blobs: &Blobs, upload: &Upload) -> Result<(), ObjectError> {
    let held = forget(tx, upload.id)?;
    contents::release(tx, blobs, &held)
}

pub(super) fn ids_in(db: &Connection, bucket: i64) -> Result<Vec<i64>, ObjectError> {
    let mut query = db.prepare("SELECT id FROM s3_uploads WHERE bucket = ?1")?;
    Ok(query.query_map([bucket], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// At most `limit` uploads behind `after` (key and upload id), ordered by key and age, and whether there are more.
pub(super) fn list(
    db: &Connection,
    bucket: i64,
    prefix: &str,
    after: (&str, &str),
    limit: usize,
) -> Result<(Vec<Upload>, bool), ObjectError> {
    let mut query = db.prepare(
        "SELECT id, upload, key, started_ms, description FROM s3_uploads
         WHERE bucket = ?1 AND (key > ?2 OR (key = ?2 AND id > (SELECT id FROM s3_uploads WHERE upload = ?3)))
         ORDER BY key, id",
    )?;
    let mut rows = query.query(params![bucket, after.0, after.1])?;
    let mut uploads = Vec::new();
    while let Some(row) = rows.next()? {
        let upload = upload_from_row(row)?;
        if upload.key.starts_with(prefix) {
            if uploads.len() == limit {
                return Ok((uploads, true));
            }
            uploads.push(upload);
        }
    }
    Ok((uploads, false))
}

fn upload_from_row(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        upload: row.get(1)?,
        key: row.get(2)?,
        started_ms: row.get(3)?,
        description: row.get(4)?,
    })
}

fn assemble(arrived: &[Part], wanted: &[WantedPart], limit: u64) -> Result<Whole, ObjectError> {
    if wanted.is_empty() {
        return Err(ObjectError::InvalidRequest("You must specify at least one part"));
    }
    let mut md5 = Md5::new();
    let mut whole = Whole {
        blobs: Vec::with_capacity(wanted.len()),
        size: 0,
        etag: String::new(),
    };
    let mut before = 0;
    for (position, named) in wanted.iter().enumerate() {
        if named.number <= before {
            return Err(ObjectError::InvalidPartOrder);
        }
        before = named.number;
        let found = arrived.binary_search_by_key(&named.number, |part| part.number).ok();
        let part = found
            .and_then(|found| arrived.get(found))
            .ok_or(ObjectError::InvalidPart)?;
        if named.etag.as_ref().is_some_and(|etag| *etag != part.etag) || !named.checksums.agree_with(&part.checksums) {
            return Err(ObjectError::InvalidPart);
        }
        if part.size < LEAST_PART && position + 1 < wanted.len() {
            return Err(ObjectError::TooSmall);
        }
        whole.size = whole.size.saturating_add(part.size);
        if whole.size > limit {
            return Err(ObjectError::TooLarge { limit });
        }
        whole.blobs.extend(part.blob);
        md5.update(&hex::decode(&part.etag).map_err(|_| ObjectError::InvalidPart)?);
    }
    whole.etag = format!("{}-{}", hex::encode(md5.finalize().as_ref()), wanted.len());
    Ok(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    const LARGE: u64 = LEAST_PART;

    fn part(number: i32, size: u64) -> Part {
        Part {
            number,
            blob: Some(i64::from(number)),
            size,
            // The MD5 of nothing.
            etag: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
            modified_ms: 0,
            checksums: Checksums::default(),
        }
    }

    fn named(number: i32) -> WantedPart {
        WantedPart {
            number,
            ..WantedPart::default()
        }
    }

    fn code(arrived: &[Part], wanted: &[i32], limit: u64) -> Result<Vec<i64>, &'static str> {
        let wanted: Vec<_> = wanted.iter().map(|number| named(*number)).collect();
        assemble(arrived, &wanted, limit)
            .map(|whole| whole.blobs)
            .map_err(|error| kernel::Fault::code(&error))
    }

    #[test]
    fn parts_make_up_an_object_in_order_whole_and_large_enough() {
        let arrived = [part(1, LARGE), part(3, LARGE), part(4, 1)];
        assert_eq!(code(&arrived, &[1, 3, 4], u64::MAX), Ok(vec![1, 3, 4]));
        assert_eq!(code(&arrived, &[4], u64::MAX), Ok(vec![4]));
        assert_eq!(code(&arrived, &[3, 1], u64::MAX), Err("s3.invalid_part_order"));
        assert_eq!(code(&arrived, &[1, 1], u64::MAX), Err("s3.invalid_part_order"));
        assert_eq!(code(&arrived, &[1, 2], u64::MAX), Err("s3.invalid_part"));
        assert_eq!(code(&[part(1, 1), part(2, 1)], &[1, 2], u64::MAX), Err("s3.too_small"));
        assert_eq!(code(&arrived, &[1, 3], LARGE), Err("s3.too_large"));
        assert_eq!(code(&arrived, &[], u64::MAX), Err("s3.invalid_request"));
    }

    #[test]
    fn a_part_with_another_etag_or_checksum_is_not_the_one_that_arrived() {
        let mut arrived = part(1, 1);
        arrived.checksums.crc32 = Some("AAAAAA==".to_owned());
        let arrived = [arrived];
        let complete = |wanted| assemble(&arrived, &[wanted], u64::MAX).map(|whole| whole.size);
        let checked = |crc32: &str| Checksums {
            crc32: Some(crc32.to_owned()),
            ..Checksums::default()
        };

        assert!(
            complete(WantedPart {
                checksums: checked("AAAAAA=="),
                ..named(1)
            })
            .is_ok()
        );
        assert!(
            complete(WantedPart {
                checksums: checked("BAAAAA=="),
                ..named(1)
            })
            .is_err()
        );
        assert!(
            complete(WantedPart {
                etag: Some("x".to_owned()),
                ..named(1)
            })
            .is_err()
        );
    }

    #[test]
    fn the_etag_is_the_md5_of_the_md5s() {
        let whole = assemble(&[part(1, LARGE), part(2, 1)], &[named(1), named(2)], u64::MAX).unwrap();
        // md5(d41d8cd98f00b204e9800998ecf8427e twice, as bytes)
        assert_eq!(
            whole.etag,
            format!(
                "{}-2",
                hex::encode(
                    Md5::checksum(
                        &hex::decode("d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e").unwrap()
                    )
                    .as_ref()
                )
            )
        );
    }
}
