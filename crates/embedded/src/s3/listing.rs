//! The requests that list buckets, objects and versions.

use s3s::dto::{
    Bucket, CommonPrefix, DeleteMarkerEntry, ETag, EncodingType, ListBucketsInput, ListBucketsOutput,
    ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass, Owner,
};

use super::Objects;
use super::buckets;
use super::contents;
use super::error::ObjectError;
use super::list::{self, Cursor, Entry, MAX_PAGE, Page, Query};
use super::notify::encode_key;
use super::objects::Version;
use super::serve::timestamp;

/// AWS's limit for a list of buckets.
const MAX_BUCKETS: usize = 10_000;

pub(super) async fn buckets(objects: &Objects, input: ListBucketsInput) -> Result<ListBucketsOutput, ObjectError> {
    let limit = match input.max_buckets {
        None => MAX_BUCKETS,
        Some(limit) => match usize::try_from(limit) {
            Ok(limit) if (1..=MAX_BUCKETS).contains(&limit) => limit,
            Ok(_) | Err(_) => {
                return Err(ObjectError::InvalidArgument(format!(
                    "max-buckets must be between 1 and {MAX_BUCKETS}"
                )));
            }
        },
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = input.continuation_token.unwrap_or_default();
    let mut found = objects
        .store
        .read(move |db| buckets::list(db, &prefix, &after, limit.saturating_add(1)))
        .await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|bucket| bucket.name.clone());
    let region = &objects.region;
    let shown = |bucket: buckets::Bucket| Bucket {
        name: Some(bucket.name),
        creation_date: Some(timestamp(bucket.created_ms)),
        bucket_region: Some(region.name.clone()),
    };
    Ok(ListBucketsOutput {
        buckets: Some(found.into_iter().map(shown).collect()),
        continuation_token: next,
        owner: Some(owner(objects)),
        prefix: input.prefix,
    })
}

pub(super) async fn objects_v2(
    objects: &Objects,
    input: ListObjectsV2Input,
) -> Result<ListObjectsV2Output, ObjectError> {
    let text = Encoding::of(input.encoding_type.as_ref())?;
    let after = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => Cursor::from_token(token)?,
        (None, Some(key)) => Cursor::Key(key.clone()),
        (None, None) => Cursor::Start,
    };
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), input.max_keys, after)?;
    let limit = query.limit;
    let page = page(objects, &input.bucket, query, list::objects).await?;
    let owner = (input.fetch_owner == Some(true)).then(|| owner(objects));
    let next = page.next.as_ref().map(Cursor::to_token);
    let count = page.entries.len();
    let (versions, prefixes) = split(page);
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(text.encode(input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| text.encode(delimiter)),
        start_after: input.start_after.map(|key| text.encode(key)),
        max_keys: Some(number(limit)),
        key_count: Some(number(count)),
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        continuation_token: input.continuation_token,
        contents: Some(
            versions
                .into_iter()
                .map(|version| object(version, text, owner.clone()))
                .collect(),
        ),
        common_prefixes: Some(common(prefixes, text)),
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}

pub(super) async fn objects_v1(objects: &Objects, input: ListObjectsInput) -> Result<ListObjectsOutput, ObjectError> {
    let text = Encoding::of(input.encoding_type.as_ref())?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let after = match input.marker.as_deref() {
        None | Some("") => Cursor::Start,
        Some(marker) => Cursor::from_marker(marker, &prefix, &delimiter),
    };
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), input.max_keys, after)?;
    let limit = query.limit;
    let page = page(objects, &input.bucket, query, list::objects).await?;
    let next = page.next.clone();
    let (versions, prefixes) = split(page);
    let owner = owner(objects);
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(text.encode(prefix)),
        marker: Some(text.encode(input.marker.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| text.encode(delimiter)),
        max_keys: Some(number(limit)),
        is_truncated: Some(next.is_some()),
        // Without a delimiter the last key says it already.
        next_marker: next
            .filter(|_| !delimiter.is_empty())
            .and_then(position)
            .map(|(key, _)| text.encode(key)),
        contents: Some(
            versions
                .into_iter()
                .map(|version| object(version, text, Some(owner.clone())))
                .collect(),
        ),
        common_prefixes: Some(common(prefixes, text)),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

pub(super) async fn versions(
    objects: &Objects,
    input: ListObjectVersionsInput,
) -> Result<ListObjectVersionsOutput, ObjectError> {
    let text = Encoding::of(input.encoding_type.as_ref())?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let after = match (input.key_marker.as_deref(), input.version_id_marker.as_deref()) {
        (None | Some(""), None | Some("")) => Cursor::Start,
        (None | Some(""), Some(_)) => {
            let message = "A version-id marker cannot be specified without a key marker.";
            return Err(ObjectError::InvalidArgument(message.to_owned()));
        }
        (Some(key), None | Some("")) => Cursor::from_marker(key, &prefix, &delimiter),
        (Some(key), Some(version)) => Cursor::Version(key.to_owned(), version.to_owned()),
    };
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), input.max_keys, after)?;
    let limit = query.limit;
    let page = page(objects, &input.bucket, query, list::versions).await?;
    let (next_key, next_version) = page.next.clone().and_then(position).unzip();
    let truncated = page.next.is_some();
    let (found, prefixes) = split(page);
    let (markers, versions): (Vec<_>, Vec<_>) = found.into_iter().partition(|version| version.marker);
    let owner = owner(objects);
    let marker = |version: Version| DeleteMarkerEntry {
        key: Some(text.encode(version.key)),
        version_id: Some(version.version),
        is_latest: Some(version.latest),
        last_modified: Some(timestamp(version.modified_ms)),
        owner: Some(owner.clone()),
    };
    let version = |version: Version| ObjectVersion {
        key: Some(text.encode(version.key)),
        version_id: Some(version.version),
        is_latest: Some(version.latest),
        last_modified: Some(timestamp(version.modified_ms)),
        e_tag: Some(ETag::Strong(version.etag)),
        size: Some(contents::to_sql(version.size)),
        storage_class: Some(ObjectVersionStorageClass::from_static(
            ObjectVersionStorageClass::STANDARD,
        )),
        owner: Some(owner.clone()),
        ..ObjectVersion::default()
    };
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(text.encode(prefix)),
        delimiter: input.delimiter.map(|delimiter| text.encode(delimiter)),
        key_marker: Some(text.encode(input.key_marker.unwrap_or_default())),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        next_key_marker: next_key.map(|key| text.encode(key)),
        next_version_id_marker: next_version.flatten(),
        max_keys: Some(number(limit)),
        is_truncated: Some(truncated),
        versions: Some(versions.into_iter().map(version).collect()),
        delete_markers: Some(markers.into_iter().map(marker).collect()),
        common_prefixes: Some(common(prefixes, text)),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    })
}

/// What a client may ask for in one page; more is cut, as AWS does.
pub(super) fn page_limit(asked: Option<i32>) -> Result<usize, ObjectError> {
    match asked.map(usize::try_from) {
        None => Ok(MAX_PAGE),
        Some(Ok(asked)) => Ok(asked.min(MAX_PAGE)),
        Some(Err(_)) => Err(ObjectError::InvalidArgument(
            "A page cannot have a negative size".to_owned(),
        )),
    }
}

async fn page(
    objects: &Objects,
    bucket: &str,
    query: Query,
    list: fn(&rusqlite::Connection, i64, &Query) -> Result<Page, ObjectError>,
) -> Result<Page, ObjectError> {
    let bucket = bucket.to_owned();
    objects
        .store
        .read(move |db| {
            let bucket = buckets::find(db, &bucket)?;
            list(db, bucket.id, &query)
        })
        .await
}

fn query(
    prefix: Option<&String>,
    delimiter: Option<&String>,
    max_keys: Option<i32>,
    after: Cursor,
) -> Result<Query, ObjectError> {
    Ok(Query {
        prefix: prefix.cloned().unwrap_or_default(),
        delimiter: delimiter.cloned().unwrap_or_default(),
        after,
        limit: page_limit(max_keys)?,
    })
}

fn split(page: Page) -> (Vec<Version>, Vec<String>) {
    let mut versions = Vec::new();
    let mut prefixes = Vec::new();
    for entry in page.entries {
        match entry {
            Entry::Version(version) => versions.push(*version),
            Entry::Prefix(prefix) => prefixes.push(prefix),
        }
    }
    (versions, prefixes)
}

/// The key marker and the version marker that a cursor stands for.
fn position(cursor: Cursor) -> Option<(String, Option<String>)> {
    match cursor {
        Cursor::Start => None,
        Cursor::Key(key) | Cursor::Prefix(key) => Some((key, None)),
        Cursor::Version(key, version) => Some((key, Some(version))),
    }
}

fn object(version: Version, text: Encoding, owner: Option<Owner>) -> Object {
    Object {
        key: Some(text.encode(version.key)),
        size: Some(contents::to_sql(version.size)),
        e_tag: Some(ETag::Strong(version.etag)),
        last_modified: Some(timestamp(version.modified_ms)),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        owner,
        ..Object::default()
    }
}

fn common(prefixes: Vec<String>, text: Encoding) -> Vec<CommonPrefix> {
    prefixes
        .into_iter()
        .map(|prefix| CommonPrefix {
            prefix: Some(text.encode(prefix)),
        })
        .collect()
}

fn owner(objects: &Objects) -> Owner {
    Owner {
        id: Some(objects.region.account.clone()),
        display_name: None,
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// How keys are written in answers: XML 1.0 cannot hold every character that a key can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    fn of(asked: Option<&EncodingType>) -> Result<Self, ObjectError> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => Err(ObjectError::InvalidArgument(
                "Invalid Encoding Method specified in Request".to_owned(),
            )),
        }
    }

    fn encode(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => encode_key(&text),
        }
    }
}
