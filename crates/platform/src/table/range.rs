//! Lists that begin at a day or a moment: what sorts before it is not looked at, however much it is.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Index, Record, Stored, Table, TableError, read, unavailable};

/// How many rows are asked for at a time.
const PAGE: usize = 100;

impl Table {
    /// Reads the rows of a partition that do not sort before `from`, from small to large, at most `limit`, in as many pages
    /// as that takes. By the table's own keys they are strongly consistent.
    pub async fn list_from<T: Record>(
        &self,
        index: Index,
        partition: &str,
        from: &str,
        limit: usize,
    ) -> Result<Vec<Stored<T>>, TableError> {
        let (pk, sk) = index.attributes();
        let (mut items, mut start) = (Vec::new(), None);
        while items.len() < limit {
            let left = (limit - items.len()).min(PAGE);
            let found = self
                .client
                .query()
                .table_name(&self.name)
                .set_index_name(index.name().map(str::to_owned))
                .consistent_read(index == Index::Main)
                .key_condition_expression(format!("{pk} = :pk AND {sk} >= :from"))
                .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
                .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
                .set_exclusive_start_key(start)
                .limit(i32::try_from(left).unwrap_or(i32::MAX))
                .send()
                .await
                .map_err(unavailable)?;
            items.extend(found.items.unwrap_or_default());
            start = found.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        items.into_iter().map(read).collect()
    }
}
