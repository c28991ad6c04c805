//! All rows of a chain in its order, out of the partitions of its months.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use platform::{AsWritten, Index, Paging, Query, Table, TableError};

use crate::chain::{Head, Row};
use crate::month::Month;

/// Rows of one request.
const PAGE: u16 = 100;

/// Rows by their place. An action that was recorded late lies in an earlier month than the row before it, so all months
/// are read side by side.
pub(super) struct Rows<'a> {
    table: &'a Table,
    months: Vec<Partition>,
}

struct Partition {
    pk: String,
    rows: VecDeque<AsWritten<Row>>,
    next: Option<String>,
}

impl<'a> Rows<'a> {
    /// The rows of the months that the head names, and of those until `now`, where there must be no others.
    pub(super) async fn of(table: &'a Table, head: &Head, now: Timestamp) -> Result<Self, TableError> {
        let mut months: BTreeSet<Month> = Month::between(Month::FIRST, Month::of(now)).collect();
        months.extend(head.months.iter().copied());
        let mut rows = Self {
            table,
            months: Vec::new(),
        };
        for month in months {
            let mut partition = Partition {
                pk: Row::partition(&head.tenant, month),
                rows: VecDeque::new(),
                next: None,
            };
            partition.read(table, Paging::first(PAGE)).await?;
            if !partition.rows.is_empty() {
                rows.months.push(partition);
            }
        }
        Ok(rows)
    }

    /// The row with the lowest place of those that are left.
    pub(super) async fn next(&mut self) -> Result<Option<AsWritten<Row>>, TableError> {
        let place = |partition: &Partition| partition.rows.front().map(|row| row.key.sk.clone());
        let lowest = self
            .months
            .iter()
            .enumerate()
            .filter_map(|(index, partition)| Some((place(partition)?, index)))
            .min();
        let Some(partition) = lowest.and_then(|(_, index)| self.months.get_mut(index)) else {
            return Ok(None);
        };
        let row = partition.rows.pop_front();
        if let (true, Some(cursor)) = (partition.rows.is_empty(), partition.next.take()) {
            partition.read(self.table, Paging::first(PAGE).at(cursor)).await?;
        }
        Ok(row)
    }
}

impl Partition {
    async fn read(&mut self, table: &Table, paging: Paging) -> Result<(), TableError> {
        let query = Query {
            index: Index::Main,
            pk: &self.pk,
            prefix: "",
            ascending: true,
        };
        let (rows, next) = table.page_as_written(&query, &paging).await?;
        self.rows = rows.into();
        self.next = next;
        Ok(())
    }
}
