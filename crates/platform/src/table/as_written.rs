//! Rows of which not one attribute may differ from what was written.

use aws_sdk_dynamodb::types::AttributeValue;

use super::page::{Paging, Query};
use super::{Item, Key, Record, Stored, Table, TableError, read, write};

/// A row, if it stands exactly as its value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsWritten<T> {
    /// Where it stands.
    pub key: Key,
    /// The value; none if the row stands elsewhere, is spelled otherwise, or has other attributes than were written with it.
    pub stored: Option<Stored<T>>,
}

impl Table {
    /// As [`Table::page`], and tells of each row whether it stands as it was written: for rows that nothing may change.
    pub async fn page_as_written<T: Record>(
        &self,
        query: &Query<'_>,
        paging: &Paging,
    ) -> Result<(Vec<AsWritten<T>>, Option<String>), TableError> {
        let (items, next) = self.items(query, paging).await?;
        Ok((items.iter().map(compare).collect(), next))
    }
}

fn compare<T: Record>(item: &Item) -> AsWritten<T> {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let key = Key {
        pk: text("pk").unwrap_or_default(),
        sk: text("sk").unwrap_or_default(),
    };
    let stored = read::<T>(item.clone()).ok().filter(|stored| {
        let written = write(&stored.value, stored.version);
        written.is_ok_and(|written| same(&written, item))
    });
    AsWritten { key, stored }
}

/// Attributes of types that we do not write are never the same.
fn same(written: &Item, item: &Item) -> bool {
    let equal = |(name, value): (&String, &AttributeValue)| item.get(name) == Some(value);
    written.len() == item.len() && written.iter().all(equal)
}
