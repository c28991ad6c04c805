//! Gives objects out, whole or in part.

use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::{self, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Timestamp};

use super::Objects;
use super::buckets::{self, Versioning};
use super::conditions::ReadCondition;
use super::contents::{self, Segment};
use super::error::ObjectError;
use super::objects::{self, Version};

/// What a client asks for of one object.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
    pub(super) condition: ReadCondition,
    pub(super) range: Option<dto::Range>,
    pub(super) part: Option<i32>,
}

/// An object as it was at one moment.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) version: Version,
    pub(super) shows_version: bool,
    /// Empty unless bytes were wanted.
    pub(super) segments: Vec<Segment>,
    pub(super) range: Range<u64>,
    partial: bool,
    parts: Option<i32>,
}

pub(super) async fn get(objects: &Objects, input: GetObjectInput) -> Result<GetObjectOutput, ObjectError> {
    let wanted = Wanted {
        bucket: input.bucket,
        key: input.key,
        version: input.version_id,
        condition: ReadCondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        },
        range: input.range,
        part: input.part_number,
    };
    let guard = objects.blobs.reading();
    let found = find(objects, wanted, true).await?;
    let body = if let Some(bytes) = contents::inline(&found.segments, &found.range) {
        s3s::Body::from(bytes).into()
    } else {
        let stream = contents::read(&objects.blobs, guard, found.segments.clone(), &found.range);
        dto::StreamingBlob::wrap(stream)
    };
    let mut output = answer(&found, input.checksum_mode.is_some())?;
    output.body = Some(body);
    Ok(output)
}

pub(super) async fn head(objects: &Objects, input: HeadObjectInput) -> Result<HeadObjectOutput, ObjectError> {
    let wanted = Wanted {
        bucket: input.bucket,
        key: input.key,
        version: input.version_id,
        condition: ReadCondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        },
        range: input.range,
        part: input.part_number,
    };
    let found = find(objects, wanted, false).await?;
    let GetObjectOutput {
        accept_ranges,
        cache_control,
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        checksum_type,
        content_disposition,
        content_encoding,
        content_language,
        content_length,
        content_range,
        content_type,
        e_tag,
        expires,
        last_modified,
        metadata,
        parts_count,
        version_id,
        website_redirect_location,
        ..
    } = answer(&found, input.checksum_mode.is_some())?;
    Ok(HeadObjectOutput {
        accept_ranges,
        cache_control,
        checksum_crc32,
        checksum_crc32c,
        checksum_crc64nvme,
        checksum_sha1,
        checksum_sha256,
        checksum_type,
        content_disposition,
        content_encoding,
        content_language,
        content_length,
        content_range,
        content_type,
        e_tag,
        expires,
        last_modified,
        metadata,
        parts_count,
        version_id,
        website_redirect_location,
        ..HeadObjectOutput::default()
    })
}

/// Looks an object up in one snapshot, and its bytes too if `with_bytes`.
pub(super) async fn find(objects: &Objects, wanted: Wanted, with_bytes: bool) -> Result<Found, ObjectError> {
    objects
        .store
        .read(move |db| {
            let bucket = buckets::find(db, &wanted.bucket)?;
            let version = objects::find(db, bucket.id, &wanted.key, wanted.version.as_deref())?;
            wanted.condition.check(&version)?;
            let (range, partial, parts) = match (wanted.range, wanted.part) {
                (Some(_), Some(_)) => {
                    return Err(ObjectError::InvalidRequest(
                        "Cannot specify both Range header and partNumber query parameter",
                    ));
                }
                (Some(range), None) => (satisfy(&range, version.size)?, true, None),
                (None, Some(part)) => {
                    let sizes = contents::sizes(db, version.id)?;
                    let parts = version
                        .etag
                        .contains('-')
                        .then(|| i32::try_from(sizes.len()).unwrap_or(i32::MAX));
                    (part_range(&sizes, part)?, true, parts)
                }
                (None, None) => (0..version.size, false, None),
            };
            let segments = if with_bytes {
                contents::segments(db, version.id)?
            } else {
                Vec::new()
            };
            let shows_version = bucket.versioning != Versioning::Off;
            Ok(Found {
                version,
                shows_version,
                segments,
                range,
                partial,
                parts,
            })
        })
        .await
}

/// A moment of the index as the protocol has it.
pub(super) fn timestamp(ms: i64) -> Timestamp {
    (UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default())).into()
}

/// `range` within `size` bytes (RFC 9110, section 14.1.2).
pub(super) fn satisfy(range: &dto::Range, size: u64) -> Result<Range<u64>, ObjectError> {
    // No byte of an empty object can be asked for, not even its last ones.
    if size == 0 {
        return Err(ObjectError::InvalidRange);
    }
    range.check(size).map_err(|_| ObjectError::InvalidRange)
}

fn part_range(sizes: &[u64], part: i32) -> Result<Range<u64>, ObjectError> {
    let index = usize::try_from(part).ok().and_then(|part| part.checked_sub(1));
    // An empty object has one part, of no bytes.
    if sizes.is_empty() && index == Some(0) {
        return Ok(0..0);
    }
    let size = index
        .and_then(|index| sizes.get(index))
        .ok_or(ObjectError::InvalidRange)?;
    let before: u64 = sizes.iter().take(index.unwrap_or_default()).sum();
    Ok(before..before + size)
}

fn answer(found: &Found, with_checksums: bool) -> Result<GetObjectOutput, ObjectError> {
    let Found { version, range, .. } = found;
    let description = version.description()?;
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: description.cache_control.clone(),
        content_disposition: description.content_disposition.clone(),
        content_encoding: description.content_encoding.clone(),
        content_language: description.content_language.clone(),
        content_length: Some(contents::to_sql(range.end - range.start)),
        content_type: Some(description.content_type()),
        e_tag: Some(dto::ETag::Strong(version.etag.clone())),
        expires: description.expires.clone(),
        last_modified: Some(timestamp(version.modified_ms)),
        metadata: Some(description.user_metadata()),
        parts_count: found.parts,
        version_id: found.shows_version.then(|| version.version.clone()),
        website_redirect_location: description.website_redirect_location.clone(),
        ..GetObjectOutput::default()
    };
    if found.partial && !range.is_empty() {
        output.content_range = Some(format!("bytes {}-{}/{}", range.start, range.end - 1, version.size));
    }
    // A checksum over the whole says nothing of a part.
    if with_checksums && !found.partial {
        output.checksum_type = description.checksums.kind();
        output.checksum_crc32 = description.checksums.crc32;
        output.checksum_crc32c = description.checksums.crc32c;
        output.checksum_crc64nvme = description.checksums.crc64nvme;
        output.checksum_sha1 = description.checksums.sha1;
        output.checksum_sha256 = description.checksums.sha256;
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn check(header: &str, size: u64, expected: Option<&Range<u64>>) {
        let range = satisfy(&dto::Range::parse(header).unwrap(), size).ok();
        assert_eq!(range.as_ref(), expected, "{header} of {size} bytes");
    }

    #[test]
    fn ranges_are_cut_to_the_object_or_refused() {
        check("bytes=0-0", 10, Some(&(0..1)));
        check("bytes=9-", 10, Some(&(9..10)));
        check("bytes=5-99", 10, Some(&(5..10)));
        check("bytes=-3", 10, Some(&(7..10)));
        check("bytes=-99", 10, Some(&(0..10)));
        check("bytes=10-", 10, None);
        check("bytes=-0", 10, None);
        check("bytes=0-", 0, None);
        check("bytes=-5", 0, None);
    }

    #[test]
    fn a_part_is_found_by_its_number() {
        assert_eq!(part_range(&[5, 3], 1).unwrap(), 0..5);
        assert_eq!(part_range(&[5, 3], 2).unwrap(), 5..8);
        assert_eq!(part_range(&[], 1).unwrap(), 0..0);
        for absent in [-1, 0, 3] {
            assert!(part_range(&[5, 3], absent).is_err(), "{absent}");
        }
    }
}
