//! The requests of multipart uploads.

use std::ops::Range;

use futures::TryStreamExt as _;
use s3s::TrailingHeaders;
use s3s::dto::{
    self, AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};

use super::Objects;
use super::buckets;
use super::conditions::{ReadCondition, WriteCondition};
use super::contents;
use super::description::{Checksums, Description};
use super::error::ObjectError;
use super::list::MAX_PAGE;
use super::listing::page_limit;
use super::multipart::{self, NewPart, Part, WantedPart};
use super::notify::Event;
use super::objects::{self, NewVersion};
use super::receive::{self, Announced, Received};
use super::serve::{self, Wanted, timestamp};
use super::write::{Scene, Source, publish};

pub(super) async fn create(
    objects: &Objects,
    input: CreateMultipartUploadInput,
) -> Result<CreateMultipartUploadOutput, ObjectError> {
    let description = Description {
        content_type: input.content_type,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding,
        content_language: input.content_language,
        expires: input.expires,
        website_redirect_location: input.website_redirect_location,
        ..Description::default()
    }
    .with_metadata(input.metadata)?;
    let at = objects.now_ms();
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let upload = objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &bucket)?;
            multipart::create(tx, bucket.id, &key, &description, at)
        })
        .await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        ..CreateMultipartUploadOutput::default()
    })
}

pub(super) async fn upload_part(
    objects: &Objects,
    input: UploadPartInput,
    trailers: Option<TrailingHeaders>,
) -> Result<UploadPartOutput, ObjectError> {
    multipart::check_number(input.part_number)?;
    let announced = Announced {
        length: input.content_length,
        md5: input.content_md5,
        checksums: Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        },
        algorithm: input.checksum_algorithm,
        trailers,
    };
    let target = Target {
        bucket: input.bucket,
        key: input.key,
        upload: input.upload_id,
        number: input.part_number,
    };
    // Before the bytes: an upload that does not exist shall not cost disk space.
    target.check(objects).await?;
    let body = input.body.unwrap_or_else(|| s3s::Body::empty().into());
    let received = receive::receive(&objects.blobs, body, announced, objects.limit).await?;
    let checksums = received.checksums.clone();
    let etag = target.store(objects, received).await?;
    Ok(UploadPartOutput {
        e_tag: Some(ETag::Strong(etag)),
        checksum_crc32: checksums.crc32,
        checksum_crc32c: checksums.crc32c,
        checksum_crc64nvme: checksums.crc64nvme,
        checksum_sha1: checksums.sha1,
        checksum_sha256: checksums.sha256,
        ..UploadPartOutput::default()
    })
}

pub(super) async fn upload_part_copy(
    objects: &Objects,
    input: UploadPartCopyInput,
) -> Result<UploadPartCopyOutput, ObjectError> {
    multipart::check_number(input.part_number)?;
    let source = Source::of(input.copy_source)?;
    let wanted = Wanted {
        bucket: source.bucket,
        key: source.key,
        version: source.version,
        condition: ReadCondition {
            if_match: input.copy_source_if_match,
            if_none_match: input.copy_source_if_none_match,
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        },
        range: None,
        part: None,
    };
    let target = Target {
        bucket: input.bucket,
        key: input.key,
        upload: input.upload_id,
        number: input.part_number,
    };
    target.check(objects).await?;
    let guard = objects.blobs.reading();
    let found = serve::find(objects, wanted, true).await.map_err(|error| match error {
        ObjectError::NotModified { .. } => ObjectError::PreconditionFailed,
        other => other,
    })?;
    let range = copied_range(input.copy_source_range.as_deref(), found.version.size)?;
    let body = contents::read(&objects.blobs, guard, found.segments, &range);
    let body = body.map_err(|error| Box::new(error) as s3s::StdError);
    let received = receive::receive(&objects.blobs, body, Announced::default(), objects.limit).await?;
    let at = objects.now_ms();
    let etag = target.store(objects, received).await?;
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(timestamp(at)),
            ..CopyPartResult::default()
        }),
        copy_source_version_id: found.shows_version.then_some(found.version.version),
        ..UploadPartCopyOutput::default()
    })
}

/// Which part of which upload a request is about.
#[derive(Debug, Clone)]
struct Target {
    bucket: String,
    key: String,
    upload: String,
    number: i32,
}

impl Target {
    async fn check(&self, objects: &Objects) -> Result<(), ObjectError> {
        let target = self.clone();
        objects
            .store
            .read(move |db| {
                let bucket = buckets::find(db, &target.bucket)?;
                multipart::find(db, bucket.id, &target.key, &target.upload).map(|_| ())
            })
            .await
    }

    /// Gives the part's `ETag`.
    async fn store(self, objects: &Objects, received: Received) -> Result<String, ObjectError> {
        let (at, blobs) = (objects.now_ms(), objects.blobs.clone());
        objects
            .store
            .write(move |tx| {
                let bucket = buckets::find(tx, &self.bucket)?;
                let upload = multipart::find(tx, bucket.id, &self.key, &self.upload)?;
                let etag = received.etag();
                let part = NewPart {
                    number: self.number,
                    etag: &etag,
                    modified_ms: at,
                    checksums: &received.checksums,
                };
                multipart::put_part(tx, &blobs, &upload, part, received.content)?;
                Ok(etag)
            })
            .await
    }
}

pub(super) async fn complete(
    objects: &Objects,
    input: CompleteMultipartUploadInput,
) -> Result<CompleteMultipartUploadOutput, ObjectError> {
    let claimed = [
        &input.checksum_crc32,
        &input.checksum_crc32c,
        &input.checksum_crc64nvme,
        &input.checksum_sha1,
        &input.checksum_sha256,
    ];
    // Better refused than taken without a check.
    if claimed.iter().any(|claimed| claimed.is_some()) {
        return Err(ObjectError::NotSupported(
            "A checksum over the whole of a multipart upload",
        ));
    }
    let condition = WriteCondition::of(input.if_match, input.if_none_match)?;
    let wanted = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    let wanted = wanted
        .into_iter()
        .map(wanted_part)
        .collect::<Result<Vec<_>, ObjectError>>()?;
    let expected = input.mpu_object_size;
    let (at, limit) = (objects.now_ms(), objects.limit);
    let (blobs, region) = (objects.blobs.clone(), objects.region.clone());
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let (etag, change) = objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &bucket)?;
            let upload = multipart::find(tx, bucket.id, &key, &input.upload_id)?;
            condition.check(objects::current(tx, bucket.id, &key)?.as_ref())?;
            let whole = multipart::complete(tx, &blobs, &upload, &wanted, limit)?;
            if expected.is_some_and(|expected| expected != contents::to_sql(whole.size)) {
                return Err(ObjectError::InvalidRequest(
                    "The size of the object is not the one that was announced",
                ));
            }
            let new = NewVersion {
                key: &key,
                size: whole.size,
                etag: &whole.etag,
                modified_ms: at,
                description: &upload.description()?,
                blobs: &whole.blobs,
            };
            let scene = Scene {
                blobs: &blobs,
                region: &region,
                bucket: &bucket,
            };
            let change = publish(tx, &scene, &new, Event::CompleteMultipartUpload)?;
            Ok((whole.etag, change))
        })
        .await?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(etag)),
        version_id: change.version,
        ..CompleteMultipartUploadOutput::default()
    })
}

pub(super) async fn abort(
    objects: &Objects,
    input: AbortMultipartUploadInput,
) -> Result<AbortMultipartUploadOutput, ObjectError> {
    let blobs = objects.blobs.clone();
    objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &input.bucket)?;
            let upload = multipart::find(tx, bucket.id, &input.key, &input.upload_id)?;
            multipart::abort(tx, &blobs, &upload)
        })
        .await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn list_parts(objects: &Objects, input: ListPartsInput) -> Result<ListPartsOutput, ObjectError> {
    let limit = page_limit(input.max_parts)?;
    let after = input.part_number_marker.unwrap_or(0);
    let (bucket, key, upload_id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let (parts, more) = objects
        .store
        .read(move |db| {
            let bucket = buckets::find(db, &bucket)?;
            let upload = multipart::find(db, bucket.id, &key, &upload_id)?;
            multipart::parts(db, &upload, after, limit)
        })
        .await?;
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(after),
        next_part_number_marker: parts.last().map(|part| part.number),
        max_parts: Some(i32::try_from(limit).unwrap_or(i32::MAX)),
        is_truncated: Some(more),
        parts: Some(parts.into_iter().map(shown).collect()),
        ..ListPartsOutput::default()
    })
}

pub(super) async fn list(
    objects: &Objects,
    input: ListMultipartUploadsInput,
) -> Result<ListMultipartUploadsOutput, ObjectError> {
    if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(ObjectError::NotSupported("A delimiter in a list of uploads"));
    }
    let limit = page_limit(input.max_uploads)?.min(MAX_PAGE);
    let prefix = input.prefix.clone().unwrap_or_default();
    let key_marker = input.key_marker.clone().unwrap_or_default();
    let upload_marker = input.upload_id_marker.clone().unwrap_or_default();
    let bucket = input.bucket.clone();
    let (uploads, more) = objects
        .store
        .read(move |db| {
            let bucket = buckets::find(db, &bucket)?;
            multipart::list(db, bucket.id, &prefix, (&key_marker, &upload_marker), limit)
        })
        .await?;
    let last = uploads.last().filter(|_| more).cloned();
    let upload = |upload: multipart::Upload| MultipartUpload {
        key: Some(upload.key),
        upload_id: Some(upload.upload),
        initiated: Some(timestamp(upload.started_ms)),
        ..MultipartUpload::default()
    };
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        key_marker: input.key_marker,
        upload_id_marker: input.upload_id_marker,
        next_key_marker: last.as_ref().map(|upload| upload.key.clone()),
        next_upload_id_marker: last.map(|upload| upload.upload),
        max_uploads: Some(i32::try_from(limit).unwrap_or(i32::MAX)),
        is_truncated: Some(more),
        uploads: Some(uploads.into_iter().map(upload).collect()),
        ..ListMultipartUploadsOutput::default()
    })
}

fn wanted_part(part: dto::CompletedPart) -> Result<WantedPart, ObjectError> {
    Ok(WantedPart {
        number: part.part_number.ok_or(ObjectError::InvalidPart)?,
        etag: part.e_tag.map(ETag::into_value),
        checksums: Checksums {
            crc32: part.checksum_crc32,
            crc32c: part.checksum_crc32c,
            crc64nvme: part.checksum_crc64nvme,
            sha1: part.checksum_sha1,
            sha256: part.checksum_sha256,
        },
    })
}

fn shown(part: Part) -> dto::Part {
    dto::Part {
        part_number: Some(part.number),
        e_tag: Some(ETag::Strong(part.etag)),
        size: Some(contents::to_sql(part.size)),
        last_modified: Some(timestamp(part.modified_ms)),
        checksum_crc32: part.checksums.crc32,
        checksum_crc32c: part.checksums.crc32c,
        checksum_crc64nvme: part.checksums.crc64nvme,
        checksum_sha1: part.checksums.sha1,
        checksum_sha256: part.checksums.sha256,
    }
}

/// `x-amz-copy-source-range`: both ends given and within the source, unlike a read's range.
fn copied_range(header: Option<&str>, size: u64) -> Result<Range<u64>, ObjectError> {
    let Some(header) = header else { return Ok(0..size) };
    match dto::Range::parse(header) {
        Ok(dto::Range::Int {
            first,
            last: Some(last),
        }) if first <= last && last < size => Ok(first..last + 1),
        Ok(dto::Range::Int { .. } | dto::Range::Suffix { .. }) | Err(_) => Err(ObjectError::InvalidArgument(format!(
            "The range specified is not valid for source object of size: {size}"
        ))),
    }
}
