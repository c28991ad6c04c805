//! Counters that many raise at once, such as those of rate limits.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;

use super::{Key, Table, TableError, format, unavailable};

impl Table {
    /// Raises the counter at `key` by one and returns what it then says. It is removed some time after `expires` and
    /// begins anew. Needs `dynamodb:UpdateItem`.
    pub async fn count(&self, key: &Key, expires: Timestamp) -> Result<u64, TableError> {
        let raised = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()))
            .update_expression("ADD counted :one SET expires_at = :expires")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .expression_attribute_values(":expires", AttributeValue::N(expires.as_second().to_string()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(unavailable)?;
        match raised.attributes.unwrap_or_default().get("counted") {
            Some(AttributeValue::N(number)) => number.parse().map_err(format),
            Some(_) | None => Err(format("a counter does not count")),
        }
    }
}
