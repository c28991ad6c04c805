//! Puts, copies and deletes objects.

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, MetadataDirective, PutObjectInput, PutObjectOutput,
};
use s3s::{S3Error, TrailingHeaders};

use super::buckets::{self, Bucket};
use super::conditions::{ReadCondition, WriteCondition};
use super::contents;
use super::description::{Checksums, Description};
use super::error::ObjectError;
use super::notify::{self, Event, Subject};
use super::objects::{self, Change, NewVersion};
use super::receive::{self, Announced};
use super::serve::timestamp;
use super::{Objects, Region};
use crate::blobs::Blobs;
use crate::store::Tx;

/// AWS's limit for one request.
const MAX_DELETES: usize = 1000;

pub(super) async fn put(
    objects: &Objects,
    input: PutObjectInput,
    trailers: Option<TrailingHeaders>,
) -> Result<PutObjectOutput, ObjectError> {
    if input.write_offset_bytes.is_some() {
        return Err(ObjectError::NotSupported("Appending to an object"));
    }
    let condition = WriteCondition::of(input.if_match, input.if_none_match)?;
    let mut description = Description {
        content_type: input.content_type,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding.as_deref().and_then(without_aws_chunked),
        content_language: input.content_language,
        expires: input.expires,
        website_redirect_location: input.website_redirect_location,
        ..Description::default()
    }
    .with_metadata(input.metadata)?;
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
    let body = input.body.unwrap_or_else(|| s3s::Body::empty().into());
    let received = receive::receive(&objects.blobs, body, announced, objects.limit).await?;

    let etag = received.etag();
    let size = received.content.size();
    description.checksums = received.checksums;
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(etag.clone())),
        checksum_type: description.checksums.kind(),
        checksum_crc32: description.checksums.crc32.clone(),
        checksum_crc32c: description.checksums.crc32c.clone(),
        checksum_crc64nvme: description.checksums.crc64nvme.clone(),
        checksum_sha1: description.checksums.sha1.clone(),
        checksum_sha256: description.checksums.sha256.clone(),
        ..PutObjectOutput::default()
    };
    let (at, blobs, region) = (objects.now_ms(), objects.blobs.clone(), objects.region.clone());
    let content = received.content;
    let change = objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &input.bucket)?;
            // Before the bytes are kept, so that a refused blob is removed at once.
            condition.check(objects::current(tx, bucket.id, &input.key)?.as_ref())?;
            let blob = contents::insert(tx, content)?;
            let new = NewVersion {
                key: &input.key,
                size,
                etag: &etag,
                modified_ms: at,
                description: &description,
                blobs: blob.as_slice(),
            };
            publish(
                tx,
                &Scene {
                    blobs: &blobs,
                    region: &region,
                    bucket: &bucket,
                },
                &new,
                Event::Put,
            )
        })
        .await?;
    output.version_id = change.version;
    Ok(output)
}

/// Where a new version appears.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) blobs: &'a Blobs,
    pub(super) region: &'a Region,
    pub(super) bucket: &'a Bucket,
}

/// Makes `new` the newest version of its key and announces it, as one change.
pub(super) fn publish(
    tx: &Tx<'_>,
    scene: &Scene<'_>,
    new: &NewVersion<'_>,
    event: Event,
) -> Result<Change, ObjectError> {
    let change = objects::put(tx, scene.blobs, scene.bucket, new)?;
    let subject = Subject {
        key: new.key,
        size: new.size,
        etag: new.etag,
    };
    notify::announce(tx, scene.region, scene.bucket, event, subject, &change, new.modified_ms)?;
    Ok(change)
}

pub(super) async fn copy(objects: &Objects, input: CopyObjectInput) -> Result<CopyObjectOutput, ObjectError> {
    let source = Source::of(input.copy_source)?;
    let replaces = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    if !replaces && source.version.is_none() && source.bucket == input.bucket && source.key == input.key {
        return Err(ObjectError::InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    let condition = ReadCondition {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let replacement = Description {
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

    let (at, blobs, region) = (objects.now_ms(), objects.blobs.clone(), objects.region.clone());
    let (from, change, from_version) = objects
        .store
        .write(move |tx| {
            let from_bucket = buckets::find(tx, &source.bucket)?;
            let bucket = buckets::find(tx, &input.bucket)?;
            let from = objects::find(tx, from_bucket.id, &source.key, source.version.as_deref())?;
            // Unlike a read, a copy that is not wanted has failed.
            condition.check(&from).map_err(|_| ObjectError::PreconditionFailed)?;
            let mut description = from.description()?;
            if replaces {
                description = Description {
                    checksums: description.checksums,
                    ..replacement
                };
            }
            let held = contents::blobs_of(tx, from.id)?;
            contents::retain(tx, &held)?;
            let new = NewVersion {
                key: &input.key,
                size: from.size,
                etag: &from.etag,
                modified_ms: at,
                description: &description,
                blobs: &held,
            };
            let scene = Scene {
                blobs: &blobs,
                region: &region,
                bucket: &bucket,
            };
            let change = publish(tx, &scene, &new, Event::Copy)?;
            let from_version = from_bucket.versioning.as_str().map(|_| from.version.clone());
            Ok::<_, ObjectError>((from, change, from_version))
        })
        .await?;
    let checksums = from.description()?.checksums;
    Ok(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(from.etag)),
            last_modified: Some(timestamp(at)),
            checksum_type: checksums.kind(),
            checksum_crc32: checksums.crc32,
            checksum_crc32c: checksums.crc32c,
            checksum_crc64nvme: checksums.crc64nvme,
            checksum_sha1: checksums.sha1,
            checksum_sha256: checksums.sha256,
        }),
        copy_source_version_id: from_version,
        version_id: change.version,
        ..CopyObjectOutput::default()
    })
}

/// What a copy is made of.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
}

impl Source {
    pub(super) fn of(source: CopySource) -> Result<Self, ObjectError> {
        match source {
            CopySource::Bucket {
                bucket,
                key,
                version_id,
            } => Ok(Self {
                bucket: bucket.into(),
                key: key.into(),
                version: version_id.map(Into::into),
            }),
            CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
                Err(ObjectError::NotSupported("Copying from an access point"))
            }
        }
    }
}

pub(super) async fn delete(objects: &Objects, input: DeleteObjectInput) -> Result<DeleteObjectOutput, ObjectError> {
    let condition = WriteCondition::of(input.if_match, None)?;
    let (at, blobs, region) = (objects.now_ms(), objects.blobs.clone(), objects.region.clone());
    let change = objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &input.bucket)?;
            condition.check(objects::current(tx, bucket.id, &input.key)?.as_ref())?;
            let scene = Scene {
                blobs: &blobs,
                region: &region,
                bucket: &bucket,
            };
            delete_one(tx, &scene, &input.key, input.version_id.as_deref(), at)
        })
        .await?;
    let change = change.unwrap_or(Change {
        sequence: 0,
        version: None,
        marker: false,
    });
    Ok(DeleteObjectOutput {
        delete_marker: change.marker.then_some(true),
        version_id: change.version,
        ..DeleteObjectOutput::default()
    })
}

pub(super) async fn delete_many(
    objects: &Objects,
    input: DeleteObjectsInput,
) -> Result<DeleteObjectsOutput, ObjectError> {
    let wanted = input.delete.objects;
    if wanted.is_empty() || wanted.len() > MAX_DELETES {
        return Err(ObjectError::InvalidArgument(format!(
            "Between 1 and {MAX_DELETES} keys can be deleted at once"
        )));
    }
    let (at, blobs, region) = (objects.now_ms(), objects.blobs.clone(), objects.region.clone());
    let quiet = input.delete.quiet == Some(true);
    let (deleted, errors) = objects
        .store
        .write(move |tx| {
            let bucket = buckets::find(tx, &input.bucket)?;
            let scene = Scene {
                blobs: &blobs,
                region: &region,
                bucket: &bucket,
            };
            let mut deleted = Vec::new();
            let mut errors = Vec::new();
            for object in wanted {
                match delete_matching(tx, &scene, &object, at) {
                    Ok(change) => deleted.push(report(object.key, object.version_id, change)),
                    Err(error @ (ObjectError::Store(_) | ObjectError::Unreadable(_))) => return Err(error),
                    Err(error) => errors.push(failure(object.key, object.version_id, error)),
                }
            }
            Ok((deleted, errors))
        })
        .await?;
    Ok(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    })
}

fn delete_matching(
    tx: &Tx<'_>,
    scene: &Scene<'_>,
    object: &s3s::dto::ObjectIdentifier,
    now_ms: i64,
) -> Result<Option<Change>, ObjectError> {
    if let Some(etag) = &object.e_tag {
        let condition = WriteCondition::Matches(etag.value().to_owned());
        condition.check(objects::current(tx, scene.bucket.id, &object.key)?.as_ref())?;
    }
    delete_one(tx, scene, &object.key, object.version_id.as_deref(), now_ms)
}

fn delete_one(
    tx: &Tx<'_>,
    scene: &Scene<'_>,
    key: &str,
    version: Option<&str>,
    now_ms: i64,
) -> Result<Option<Change>, ObjectError> {
    let change = match version {
        None => objects::delete(tx, scene.blobs, scene.bucket, key, now_ms)?,
        Some(version) => objects::delete_version(tx, scene.blobs, scene.bucket, key, version)?,
    };
    if let Some(change) = &change {
        let event = if change.marker && version.is_none() {
            Event::DeleteMarkerCreated
        } else {
            Event::Delete
        };
        let subject = Subject { key, size: 0, etag: "" };
        notify::announce(tx, scene.region, scene.bucket, event, subject, change, now_ms)?;
    }
    Ok(change)
}

fn report(key: String, version: Option<String>, change: Option<Change>) -> DeletedObject {
    let marker = change.as_ref().is_some_and(|change| change.marker);
    DeletedObject {
        key: Some(key),
        delete_marker: marker.then_some(true),
        delete_marker_version_id: change.filter(|change| change.marker).and_then(|change| change.version),
        version_id: version,
    }
}

fn failure(key: String, version: Option<String>, error: ObjectError) -> s3s::dto::Error {
    let error = S3Error::from(error);
    s3s::dto::Error {
        code: Some(error.code().as_str().to_owned()),
        message: error.message().map(str::to_owned),
        key: Some(key),
        version_id: version,
    }
}

/// The transfer's own encoding is no property of the object.
fn without_aws_chunked(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| *part != "aws-chunked")
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}
