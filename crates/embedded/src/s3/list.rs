//! Lists keys and versions in the order of their UTF-8 bytes, page by page.

use rusqlite::{Connection, params};

use super::error::ObjectError;
use super::objects::{COLUMNS, Version, from_row};

/// AWS's limit for one page.
pub(super) const MAX_PAGE: usize = 1000;

/// What to list.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    pub(super) prefix: String,
    /// Keys are rolled up to the first of these after the prefix. Empty: they are not.
    pub(super) delimiter: String,
    pub(super) after: Cursor,
    /// Keys and common prefixes together.
    pub(super) limit: usize,
}

/// Where the last page ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Cursor {
    /// There was none.
    #[default]
    Start,
    /// With this key.
    Key(String),
    /// With this version of this key.
    Version(String, String),
    /// With this common prefix.
    Prefix(String),
}

impl Cursor {
    /// An opaque continuation token, for lists of objects.
    pub(super) fn to_token(&self) -> String {
        let text = match self {
            Self::Start => String::new(),
            Self::Key(key) | Self::Version(key, _) => format!("k{key}"),
            Self::Prefix(prefix) => format!("p{prefix}"),
        };
        hex::encode(text)
    }

    pub(super) fn from_token(token: &str) -> Result<Self, ObjectError> {
        let invalid = || ObjectError::InvalidArgument("The continuation token provided is incorrect".to_owned());
        let text = hex::decode(token)
            .ok()
            .and_then(|raw| String::from_utf8(raw).ok())
            .ok_or_else(invalid)?;
        if let Some(key) = text.strip_prefix('k') {
            Ok(Self::Key(key.to_owned()))
        } else if let Some(prefix) = text.strip_prefix('p') {
            Ok(Self::Prefix(prefix.to_owned()))
        } else {
            Err(invalid())
        }
    }

    /// A marker that a client wrote itself: a common prefix of an earlier page, or a key.
    pub(super) fn from_marker(marker: &str, prefix: &str, delimiter: &str) -> Self {
        let is_prefix = marker
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once(delimiter).filter(|_| !delimiter.is_empty()))
            .is_some_and(|(_, rest)| rest.is_empty());
        if is_prefix {
            Self::Prefix(marker.to_owned())
        } else {
            Self::Key(marker.to_owned())
        }
    }
}

/// One entry of a page.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Version(Box<Version>),
    Prefix(String),
}

/// One page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Where the next page goes on, if there is one.
    pub(super) next: Option<Cursor>,
}

/// The current objects of a bucket.
pub(super) fn objects(db: &Connection, bucket: i64, query: &Query) -> Result<Page, ObjectError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM s3_objects WHERE bucket = ?1 AND latest = 1 AND key >= ?2 AND marker = 0 ORDER BY key"
    );
    page(db, &sql, bucket, query)
}

/// All versions and delete markers of a bucket, the newest of each key first.
pub(super) fn versions(db: &Connection, bucket: i64, query: &Query) -> Result<Page, ObjectError> {
    let sql = format!("SELECT {COLUMNS} FROM s3_objects WHERE bucket = ?1 AND key >= ?2 ORDER BY key, id DESC");
    page(db, &sql, bucket, query)
}

fn page(db: &Connection, sql: &str, bucket: i64, query: &Query) -> Result<Page, ObjectError> {
    let mut page = Page::default();
    if query.limit == 0 {
        return Ok(page);
    }
    let mut statement = db.prepare_cached(sql)?;
    let mut last = query.after.clone();
    // Every common prefix ends a scan: the next begins behind all keys under it, however many there are.
    let mut from = start(&query.prefix, &last);
    loop {
        let mut rows = statement.query(params![bucket, from])?;
        let mut skipping = match &last {
            Cursor::Version(key, version) => Some((key.clone(), version.clone())),
            Cursor::Start | Cursor::Key(_) | Cursor::Prefix(_) => None,
        };
        let mut rolled_up = None;
        while let Some(row) = rows.next()? {
            let version = from_row(row)?;
            let Some(rest) = version.key.strip_prefix(&query.prefix) else {
                return Ok(page);
            };
            if let Some((key, id)) = &skipping {
                if version.key == *key {
                    if version.version == *id {
                        skipping = None;
                    }
                    continue;
                }
                skipping = None;
            }
            if is_listed(&last, &version.key) {
                continue;
            }
            let entry = match common_prefix(&query.prefix, rest, &query.delimiter) {
                Some(prefix) => Entry::Prefix(prefix),
                None => Entry::Version(Box::new(version)),
            };
            if page.entries.len() == query.limit {
                page.next = Some(last);
                return Ok(page);
            }
            match &entry {
                Entry::Version(version) => last = Cursor::Version(version.key.clone(), version.version.clone()),
                Entry::Prefix(prefix) => {
                    last = Cursor::Prefix(prefix.clone());
                    rolled_up = Some(after_prefix(prefix));
                }
            }
            page.entries.push(entry);
            if rolled_up.is_some() {
                break;
            }
        }
        match rolled_up {
            Some(next) => from = next,
            None => return Ok(page),
        }
    }
}

/// The least key that can follow `after`.
fn start(prefix: &str, after: &Cursor) -> String {
    let from = match after {
        Cursor::Start => String::new(),
        Cursor::Key(key) | Cursor::Version(key, _) => key.clone(),
        Cursor::Prefix(prefix) => after_prefix(prefix),
    };
    if from.as_str() < prefix {
        prefix.to_owned()
    } else {
        from
    }
}

/// Whether an earlier page or entry covered `key`.
fn is_listed(last: &Cursor, key: &str) -> bool {
    match last {
        // Versions are skipped one by one.
        Cursor::Start | Cursor::Version(..) => false,
        Cursor::Key(last) => key <= last.as_str(),
        Cursor::Prefix(last) => key.starts_with(last.as_str()) || key <= last.as_str(),
    }
}

/// A text that sorts behind almost every key under `prefix`; [`is_listed`] catches the rest.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}

fn common_prefix(prefix: &str, rest: &str, delimiter: &str) -> Option<String> {
    if delimiter.is_empty() {
        return None;
    }
    rest.split_once(delimiter)
        .map(|(name, _)| format!("{prefix}{name}{delimiter}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn bucket_of(keys: &BTreeSet<String>) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(super::super::schema::SCHEMA).unwrap();
        for key in keys {
            db.execute(
                "INSERT INTO s3_objects (bucket, key, version, latest, marker, size, etag, modified_ms, description)
                 VALUES (1, ?1, 'null', 1, 0, 0, '', 0, '{}')",
                [key],
            )
            .unwrap();
        }
        db
    }

    fn name(entry: &Entry) -> String {
        match entry {
            Entry::Version(version) => version.key.clone(),
            Entry::Prefix(prefix) => prefix.clone(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pages_of_any_size_list_what_one_look_would(
            keys in prop::collection::btree_set("[ab/\u{10FFFF}é]{1,5}", 0..25),
            prefix in "[ab/]{0,2}",
            delimiter in "(|/|b)",
            limit in 1_usize..6,
        ) {
            let db = bucket_of(&keys);
            let expected: BTreeSet<String> = keys
                .iter()
                .filter_map(|key| {
                    let rest = key.strip_prefix(&prefix)?;
                    Some(common_prefix(&prefix, rest, &delimiter).unwrap_or_else(|| key.clone()))
                })
                .collect();

            let mut listed = Vec::new();
            let mut query = Query { prefix, delimiter, after: Cursor::Start, limit };
            loop {
                let page = objects(&db, 1, &query).unwrap();
                prop_assert!(page.entries.len() <= limit);
                listed.extend(page.entries.iter().map(name));
                let Some(next) = page.next else { break };
                prop_assert_eq!(page.entries.len(), limit);
                query.after = Cursor::from_token(&next.to_token()).unwrap();
            }
            prop_assert_eq!(listed, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
