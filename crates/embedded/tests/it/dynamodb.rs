//! Tables.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, Put, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    TransactWriteItem, Update,
};

use crate::{ACCESS_KEY, Folder, REGION, SECRET_KEY, Server};

pub(crate) const TABLE: &str = "absah-registry";

type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn item(pk: &str, sk: &str, version: i64) -> Item {
    Item::from([
        ("pk".to_owned(), text(pk)),
        ("sk".to_owned(), text(sk)),
        ("gsi1pk".to_owned(), text("all")),
        ("gsi1sk".to_owned(), text(sk)),
        ("version".to_owned(), number(version)),
    ])
}

/// The house's one table: `pk`, `sk`, an index and a stream.
pub(crate) async fn make_table(db: &Client) {
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .unwrap()
    };
    let attribute = |name: &str| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("gsi1")
        .key_schema(key("gsi1pk", KeyType::Hash))
        .key_schema(key("gsi1sk", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .unwrap();
    let stream = StreamSpecification::builder().stream_enabled(true);
    db.create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .set_attribute_definitions(Some(["pk", "sk", "gsi1pk", "gsi1sk"].map(attribute).to_vec()))
        .global_secondary_indexes(index)
        .stream_specification(
            stream
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
}

async fn get(db: &Client, pk: &str, sk: &str) -> Option<Item> {
    let got = db
        .get_item()
        .table_name(TABLE)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .consistent_read(true);
    got.send().await.unwrap().item
}

pub(crate) fn put(item: Item) -> TransactWriteItem {
    let put = Put::builder().table_name(TABLE).set_item(Some(item));
    TransactWriteItem::builder()
        .put(put.condition_expression("attribute_not_exists(pk)").build().unwrap())
        .build()
}

fn advance(pk: &str, sk: &str, from: i64) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(TABLE)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .update_expression("SET version = version + :one")
        .condition_expression("version = :from")
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":from", number(from))
        .build()
        .unwrap();
    TransactWriteItem::builder().update(update).build()
}

#[tokio::test]
async fn of_two_that_claim_the_same_key_one_wins() {
    let server = Server::in_memory().await;
    let db = server.dynamodb();
    make_table(&db).await;
    let claim = |who: i64| {
        let put = db
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item("t#doc#1", "meta", who)));
        put.condition_expression("attribute_not_exists(pk)").send()
    };

    let results = futures::future::join_all((0..16).map(claim)).await;

    let won = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1);
    for lost in results.into_iter().filter_map(Result::err) {
        assert!(lost.into_service_error().is_conditional_check_failed_exception());
    }
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_says_which_condition_failed() {
    let server = Server::in_memory().await;
    let db = server.dynamodb();
    make_table(&db).await;
    let first = [put(item("t#doc#1", "meta", 1)), put(item("t#doc#1", "event#1", 1))];
    db.transact_write_items()
        .set_transact_items(Some(first.to_vec()))
        .send()
        .await
        .unwrap();

    let second = [
        advance("t#doc#1", "meta", 1),
        put(item("t#doc#1", "event#1", 1)),
        put(item("t#doc#1", "event#2", 1)),
    ];
    let refused = db
        .transact_write_items()
        .set_transact_items(Some(second.to_vec()))
        .send()
        .await
        .unwrap_err();
    let refused = refused.into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = &refused
    else {
        panic!("{refused:?}");
    };
    let codes: Vec<_> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap())
        .collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None"]);
    assert_eq!(get(&db, "t#doc#1", "meta").await.unwrap()["version"], number(1));
    assert_eq!(get(&db, "t#doc#1", "event#2").await, None);

    let third = [advance("t#doc#1", "meta", 1), put(item("t#doc#1", "event#2", 1))];
    db.transact_write_items()
        .set_transact_items(Some(third.to_vec()))
        .send()
        .await
        .unwrap();
    assert_eq!(get(&db, "t#doc#1", "meta").await.unwrap()["version"], number(2));
}

#[tokio::test]
async fn an_index_is_read_page_by_page_in_order() {
    let server = Server::in_memory().await;
    let db = server.dynamodb();
    make_table(&db).await;
    for at in 0..25 {
        let put = db
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item(&format!("t#doc#{at}"), &format!("{at:03}"), 1)));
        put.send().await.unwrap();
    }

    let (mut seen, mut pages, mut from) = (Vec::new(), 0, None);
    loop {
        let page = db
            .query()
            .table_name(TABLE)
            .index_name("gsi1")
            .key_condition_expression("gsi1pk = :all")
            .expression_attribute_values(":all", text("all"))
            .scan_index_forward(false)
            .limit(10)
            .set_exclusive_start_key(from)
            .send()
            .await
            .unwrap();
        seen.extend(page.items().iter().map(|item| item["sk"].as_s().unwrap().clone()));
        pages += 1;
        from = page.last_evaluated_key;
        if from.is_none() {
            break;
        }
    }

    assert_eq!(pages, 3);
    let expected: Vec<String> = (0..25).rev().map(|at| format!("{at:03}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn expired_items_are_swept_and_others_stay() {
    let server = Server::in_memory().await;
    let db = server.dynamodb();
    make_table(&db).await;
    let ttl = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name("expires")
        .build()
        .unwrap();
    db.update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(ttl)
        .send()
        .await
        .unwrap();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    for (sk, expires) in [("old", now - 60), ("new", now + 3600)] {
        let mut item = item("t#outbox", sk, 1);
        item.insert("expires".to_owned(), number(expires));
        db.put_item()
            .table_name(TABLE)
            .set_item(Some(item))
            .send()
            .await
            .unwrap();
    }

    server.engine.sweep().await.unwrap();

    assert_eq!(get(&db, "t#outbox", "old").await, None);
    assert!(get(&db, "t#outbox", "new").await.is_some());
}

#[tokio::test]
async fn a_wrong_secret_key_or_region_is_refused() {
    let server = Server::in_memory().await;
    make_table(&server.dynamodb()).await;

    for (access, secret, region, code) in [
        (ACCESS_KEY, "wrong", REGION, "InvalidSignatureException"),
        ("AKIAUNKNOWN", SECRET_KEY, REGION, "UnrecognizedClientException"),
        (ACCESS_KEY, SECRET_KEY, "us-east-1", "InvalidSignatureException"),
    ] {
        let db = Client::new(&server.config_with(access, secret, region));
        let refused = db.scan().table_name(TABLE).send().await.unwrap_err();
        assert_eq!(refused.code(), Some(code));
        assert_eq!(refused.raw_response().unwrap().status().as_u16(), 400);
    }
}

#[tokio::test]
async fn items_indexes_and_settings_outlive_the_process() {
    let folder = Folder::new();
    let server = Server::on(&folder).await;
    let db = server.dynamodb();
    make_table(&db).await;
    let items = [put(item("t#doc#1", "meta", 1)), put(item("t#doc#1", "event#1", 1))];
    db.transact_write_items()
        .set_transact_items(Some(items.to_vec()))
        .send()
        .await
        .unwrap();
    server.close().await;

    let server = Server::on(&folder).await;
    let db = server.dynamodb();
    assert_eq!(get(&db, "t#doc#1", "meta").await, Some(item("t#doc#1", "meta", 1)));
    let table = db
        .describe_table()
        .table_name(TABLE)
        .send()
        .await
        .unwrap()
        .table
        .unwrap();
    assert_eq!(
        table.table_arn(),
        Some("arn:aws:dynamodb:ap-southeast-3:000000000000:table/absah-registry")
    );
    assert_eq!(table.item_count(), Some(2));
    server.close().await;
}

#[tokio::test]
async fn what_is_not_dynamodb_is_refused_in_its_words() {
    let server = Server::in_memory().await;
    let db = server.dynamodb();
    make_table(&db).await;

    let missing = db
        .get_item()
        .table_name("no-such-table")
        .key("pk", text("x"))
        .send()
        .await
        .unwrap_err();
    assert!(missing.into_service_error().is_resource_not_found_exception());
    let keyless = db
        .put_item()
        .table_name(TABLE)
        .item("pk", text("x"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(keyless.code(), Some("ValidationException"));
    let unknown = db.list_backups().send().await.unwrap_err();
    assert_eq!(unknown.code(), Some("UnknownOperationException"));
}
