//! The states of all aggregates of a kind, for what compares everything now and then.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, Key, Record, Stored, Table, TableError, read, unavailable};

/// A page of states. One that this program cannot read does not hide the others.
#[derive(Debug)]
pub struct StatesPage<T> {
    /// The states, in no order.
    pub rows: Vec<Result<Stored<T>, TableError>>,
    /// Where the next page begins; none after the last.
    pub next: Option<Key>,
}

impl Table {
    /// The states of `kind`, whoever's they are, from the next megabyte of the table; they may be a second old. `after` is
    /// where the last page ended. It costs as much as reading that megabyte. Needs `dynamodb:Scan`.
    pub async fn states<T: Record>(&self, kind: &str, after: Option<&Key>) -> Result<StatesPage<T>, TableError> {
        let start = after.map(|key| {
            Item::from([
                ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
                ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
            ])
        });
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("sk = :state AND contains(pk, :kind)")
            .expression_attribute_values(":state", AttributeValue::S("state".to_owned()))
            .expression_attribute_values(":kind", AttributeValue::S(format!("#{kind}#")))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(unavailable)?;
        let next = page.last_evaluated_key.as_ref().and_then(|item| {
            Some(Key {
                pk: text(item, "pk")?.to_owned(),
                sk: text(item, "sk")?.to_owned(),
            })
        });
        let items = page.items.unwrap_or_default().into_iter();
        // Ids may hold anything; the kind is what follows the tenant.
        let rows = items.filter(|item| text(item, "pk").and_then(|pk| pk.split('#').nth(1)) == Some(kind));
        Ok(StatesPage {
            rows: rows.map(read).collect(),
            next,
        })
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
