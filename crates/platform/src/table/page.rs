//! Lists in pages, with cursors that say nothing to whoever holds them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{Item, Record, Stored, Table, TableError, read, unavailable};

/// How many items a page has if nobody says, and at most.
const DEFAULT_LIMIT: u16 = 20;
const MAX_LIMIT: u16 = 100;
/// Longer than any cursor of ours.
const CURSOR_LIMIT: usize = 8 * 1024;

/// In which order rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// By `pk` and `sk`.
    Main,
    /// By `gsi1pk` and `gsi1sk`.
    Gsi1,
    /// By `gsi2pk` and `gsi2sk`.
    Gsi2,
}

impl Index {
    /// The attributes of its keys.
    pub(crate) fn attributes(self) -> (&'static str, &'static str) {
        match self {
            Self::Main => ("pk", "sk"),
            Self::Gsi1 => ("gsi1pk", "gsi1sk"),
            Self::Gsi2 => ("gsi2pk", "gsi2sk"),
        }
    }

    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            Self::Gsi1 => Some("gsi1"),
            Self::Gsi2 => Some("gsi2"),
        }
    }
}

/// Which rows, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// By which keys.
    pub index: Index,
    /// The partition.
    pub pk: &'a str,
    /// What the second part of the key begins with; empty for the whole partition.
    pub prefix: &'a str,
    /// From small to large.
    pub ascending: bool,
}

/// Which part of a list, as a caller asks for it: the query parameters `limit` and `cursor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Paging {
    limit: Option<u16>,
    cursor: Option<String>,
}

/// Some of the rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<Stored<T>>,
    /// Where the next page begins; none after the last.
    pub next: Option<String>,
}

/// A part of a list was asked for that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PagingError {
    /// The limit is not within 1 to 100.
    #[error("the limit is not within 1 to {MAX_LIMIT}")]
    Limit,
    /// The cursor is none of this list.
    #[error("the cursor is none of this list")]
    Cursor,
}

impl Paging {
    /// What a caller asked for: 20 rows unless they say otherwise, from the beginning unless they have a cursor.
    #[must_use]
    pub fn asked(limit: Option<u16>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// The first page, of at most `limit` rows.
    #[must_use]
    pub fn first(limit: u16) -> Self {
        Self {
            limit: Some(limit),
            cursor: None,
        }
    }

    /// The page of the same length at `cursor`.
    #[must_use]
    pub fn at(self, cursor: String) -> Self {
        Self {
            cursor: Some(cursor),
            ..self
        }
    }

    /// Reads what the caller asked for. Cursors of other partitions are refused.
    pub fn check(&self, query: &Query<'_>) -> Result<(), PagingError> {
        if self.limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
            return Err(PagingError::Limit);
        }
        self.start(query).map(drop)
    }

    fn start(&self, query: &Query<'_>) -> Result<Option<Item>, PagingError> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let keys = decode(cursor).ok_or(PagingError::Cursor)?;
        let (pk, sk) = query.index.attributes();
        let expected: Vec<&str> = match query.index {
            Index::Main => vec![pk, sk],
            Index::Gsi1 | Index::Gsi2 => vec![pk, sk, "pk", "sk"],
        };
        let tenant = |text: &str| text.split('#').next().map(str::to_owned);
        let fits = keys.len() == expected.len()
            && expected.iter().all(|name| keys.contains_key(*name))
            && keys.get(pk).is_some_and(|value| value == query.pk)
            && keys.get(sk).is_some_and(|value| value.starts_with(query.prefix))
            && keys.get("pk").is_some_and(|value| tenant(value) == tenant(query.pk));
        if fits {
            let item = keys.into_iter().map(|(name, value)| (name, AttributeValue::S(value)));
            Ok(Some(item.collect()))
        } else {
            Err(PagingError::Cursor)
        }
    }
}

impl Table {
    /// Lists a page of rows. What [`Paging::check`] refuses is an empty page.
    pub async fn page<T: Record>(&self, query: &Query<'_>, paging: &Paging) -> Result<Page<T>, TableError> {
        let (items, next) = self.items(query, paging).await?;
        let items = items.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    /// The rows of a page as they stand, and where the next begins.
    pub(super) async fn items(
        &self,
        query: &Query<'_>,
        paging: &Paging,
    ) -> Result<(Vec<Item>, Option<String>), TableError> {
        let Ok(start) = paging.start(query) else {
            return Ok((Vec::new(), None));
        };
        let limit = paging.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let (pk, sk) = query.index.attributes();
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(query.index.name().map(str::to_owned))
            .consistent_read(query.index == Index::Main)
            .expression_attribute_values(":pk", AttributeValue::S(query.pk.to_owned()))
            .scan_index_forward(query.ascending)
            .set_exclusive_start_key(start)
            .limit(i32::from(limit));
        let request = if query.prefix.is_empty() {
            request.key_condition_expression(format!("{pk} = :pk"))
        } else {
            request
                .key_condition_expression(format!("{pk} = :pk AND begins_with({sk}, :prefix)"))
                .expression_attribute_values(":prefix", AttributeValue::S(query.prefix.to_owned()))
        };
        let found = request.send().await.map_err(unavailable)?;
        let next = found.last_evaluated_key.as_ref().and_then(encode);
        Ok((found.items.unwrap_or_default(), next))
    }
}

fn encode(keys: &HashMap<String, AttributeValue>) -> Option<String> {
    let texts: Option<BTreeMap<_, _>> = keys
        .iter()
        .map(|(name, value)| value.as_s().ok().map(|text| (name, text)))
        .collect();
    serde_json::to_vec(&texts?)
        .ok()
        .map(|json| BASE64_URL_SAFE_NO_PAD.encode(json))
}

fn decode(cursor: &str) -> Option<BTreeMap<String, String>> {
    if cursor.len() > CURSOR_LIMIT {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn query(pk: &str) -> Query<'_> {
        Query {
            index: Index::Gsi1,
            pk,
            prefix: "a",
            ascending: true,
        }
    }

    fn cursor(keys: [(&str, &str); 4]) -> Paging {
        let keys = keys.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        Paging::first(20).at(encode(&keys.into()).unwrap())
    }

    #[test]
    fn a_cursor_of_another_partition_or_tenant_is_none() {
        let own = [
            ("gsi1pk", "karo#list"),
            ("gsi1sk", "ab"),
            ("pk", "karo#x#1"),
            ("sk", "state"),
        ];
        assert_eq!(cursor(own).check(&query("karo#list")), Ok(()));
        assert_eq!(cursor(own).check(&query("karo#other")), Err(PagingError::Cursor));
        assert_eq!(cursor(own).check(&query("dairi#list")), Err(PagingError::Cursor));
        let [listed, order, _, sk] = own;
        let foreign = [listed, order, ("pk", "dairi#x#1"), sk];
        assert_eq!(cursor(foreign).check(&query("karo#list")), Err(PagingError::Cursor));
        let noise = Paging::first(20).at("%%%".into());
        assert_eq!(noise.check(&query("karo#list")), Err(PagingError::Cursor));
    }

    #[test]
    fn a_page_has_between_1_and_100_rows() {
        let limits = [0, 1, 100, 101].map(|limit| Paging::first(limit).check(&query("karo#list")).is_ok());
        assert_eq!(limits, [false, true, true, false]);
    }
}
