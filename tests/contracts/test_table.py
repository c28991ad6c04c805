"""What Absah expects of DynamoDB and of its streams."""

import time
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from conftest import refused
from servers import Server, wait_until

TARGETS = ("embedded", "ministack")
DEADLINE_S = 10.0
NEW_ONLY = "attribute_not_exists(pk)"


@pytest.fixture
def db(server: Server) -> Any:
    """A client of the target."""
    return server.client("dynamodb")


@pytest.fixture
def table(db: Any, name: str) -> str:
    """A new table as the template declares it: `pk`, `sk`, and a stream of new images."""
    create(db, name)
    return name


def create(db: Any, name: str, attributes: tuple[str, ...] = ("pk", "sk"), **other: Any) -> None:
    """Makes a table with keys of text, and waits until it can be used."""
    db.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        **other,
    )
    wait_until(lambda: db.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE", DEADLINE_S, name)


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """Plain values in DynamoDB's JSON."""
    return {name: TypeSerializer().serialize(value) for name, value in values.items()}


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's JSON in plain values."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def put(db: Any, table: str, pk: str, sk: str, **values: Any) -> None:
    """Writes a row."""
    db.put_item(TableName=table, Item=typed({"pk": pk, "sk": sk, **values}))


def get(db: Any, table: str, pk: str, sk: str) -> dict[str, Any] | None:
    """Reads a row."""
    item = db.get_item(TableName=table, Key=typed({"pk": pk, "sk": sk}), ConsistentRead=True).get("Item")
    return plain(item) if item else None


# Conditions -----------------------------------------------------------------------------------------------------------


def test_a_row_is_only_made_once(db: Any, table: str) -> None:
    row = {"TableName": table, "ConditionExpression": NEW_ONLY}
    db.put_item(Item=typed({"pk": "a", "sk": "state", "n": 1}), **row)
    answer = refused(db.put_item, Item=typed({"pk": "a", "sk": "state", "n": 2}), **row)
    assert answer == (400, "ConditionalCheckFailedException")
    assert get(db, table, "a", "state") == {"pk": "a", "sk": "state", "n": 1}


def test_a_refused_condition_can_show_the_row(db: Any, table: str) -> None:
    put(db, table, "a", "state", version=3)
    with pytest.raises(ClientError) as failure:
        db.put_item(
            TableName=table,
            Item=typed({"pk": "a", "sk": "state"}),
            ConditionExpression=NEW_ONLY,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert plain(failure.value.response["Item"]) == {"pk": "a", "sk": "state", "version": 3}


def _advance(db: Any, table: str, seen: int) -> dict[str, Any]:
    return db.update_item(
        TableName=table,
        Key=typed({"pk": "a", "sk": "state"}),
        ReturnValues="ALL_NEW",
        UpdateExpression="SET version = version + :one, #s = :new REMOVE gone ADD hits :one",
        ConditionExpression="version = :seen AND begins_with(#s, :begin)",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues=typed({":one": 1, ":seen": seen, ":new": "open 2", ":begin": "open"}),
    )


def test_an_update_demands_the_version_that_was_read(db: Any, table: str) -> None:
    put(db, table, "a", "state", version=1, status="open 1", gone=True)
    wanted = {"pk": "a", "sk": "state", "version": 2, "status": "open 2", "hits": 1}
    assert plain(_advance(db, table, 1)["Attributes"]) == wanted
    assert refused(_advance, db=db, table=table, seen=1) == (400, "ConditionalCheckFailedException")
    assert get(db, table, "a", "state") == wanted


# Transactions ---------------------------------------------------------------------------------------------------------


def test_a_transaction_writes_all_rows(db: Any, table: str) -> None:
    put(db, table, "a", "old")
    put(db, table, "a", "checked", version=1)
    key = {"TableName": table}
    db.transact_write_items(
        TransactItems=[
            {"Put": {**key, "Item": typed({"pk": "a", "sk": "state"}), "ConditionExpression": NEW_ONLY}},
            {
                "Update": {
                    **key,
                    "Key": typed({"pk": "b", "sk": "count"}),
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": typed({":one": 1}),
                }
            },
            {"Delete": {**key, "Key": typed({"pk": "a", "sk": "old"})}},
            {
                "ConditionCheck": {
                    **key,
                    "Key": typed({"pk": "a", "sk": "checked"}),
                    "ConditionExpression": "version = :one",
                    "ExpressionAttributeValues": typed({":one": 1}),
                }
            },
        ]
    )
    assert get(db, table, "a", "state") == {"pk": "a", "sk": "state"}
    assert get(db, table, "b", "count") == {"pk": "b", "sk": "count", "n": 1}
    assert get(db, table, "a", "old") is None


def test_a_transaction_writes_nothing_when_one_condition_fails_and_says_which(db: Any, table: str) -> None:
    put(db, table, "b", "state", version=7)
    items = [
        {"Put": {"TableName": table, "Item": typed({"pk": "a", "sk": "state"}), "ConditionExpression": NEW_ONLY}},
        {
            "Put": {
                "TableName": table,
                "Item": typed({"pk": "b", "sk": "state"}),
                "ConditionExpression": NEW_ONLY,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
        {"Put": {"TableName": table, "Item": typed({"pk": "c", "sk": "state"})}},
    ]
    with pytest.raises(ClientError) as failure:
        db.transact_write_items(TransactItems=items)
    response = failure.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    reasons = response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "None"]
    assert plain(reasons[1]["Item"]) == {"pk": "b", "sk": "state", "version": 7}
    assert [get(db, table, pk, "state") for pk in ("a", "c")] == [None, None]


def test_a_transaction_names_each_row_once(db: Any, table: str) -> None:
    twice = [{"Put": {"TableName": table, "Item": typed({"pk": "a", "sk": "s", "n": n})}} for n in (1, 2)]
    assert refused(db.transact_write_items, TransactItems=twice) == (400, "ValidationException")
    assert get(db, table, "a", "s") is None


def test_a_repeated_transaction_with_its_token_happens_once(db: Any, table: str, name: str) -> None:
    add = {
        "TableName": table,
        "Key": typed({"pk": "a", "sk": "n"}),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": typed({":one": 1}),
    }
    for _ in range(2):
        db.transact_write_items(TransactItems=[{"Update": add}], ClientRequestToken=name[-36:])
    assert get(db, table, "a", "n") == {"pk": "a", "sk": "n", "n": 1}
    other = [{"Update": {**add, "Key": typed({"pk": "b", "sk": "n"})}}]
    answer = refused(db.transact_write_items, TransactItems=other, ClientRequestToken=name[-36:])
    assert answer == (400, "IdempotentParameterMismatchException")


def test_rows_are_read_together(db: Any, table: str) -> None:
    for pk in ("a", "b"):
        put(db, table, pk, "state", n=pk)
    reads = [{"Get": {"TableName": table, "Key": typed({"pk": pk, "sk": "state"})}} for pk in ("b", "x", "a")]
    answers = db.transact_get_items(TransactItems=reads)["Responses"]
    assert [plain(one.get("Item", {})).get("n") for one in answers] == ["b", None, "a"]
    keys = [typed({"pk": pk, "sk": "state"}) for pk in ("b", "x", "a")]
    batch = db.batch_get_item(RequestItems={table: {"Keys": keys, "ProjectionExpression": "n"}})
    assert sorted(plain(one)["n"] for one in batch["Responses"][table]) == ["a", "b"]
    assert batch["UnprocessedKeys"] == {}
    assert refused(db.batch_get_item, RequestItems={table: {"Keys": keys + keys[:1]}}) == (400, "ValidationException")


# Queries --------------------------------------------------------------------------------------------------------------


def _query(db: Any, table: str, condition: str, values: dict[str, Any], **other: Any) -> dict[str, Any]:
    return db.query(TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=typed(values), **other)


def test_a_query_pages_through_rows_that_begin_alike_in_both_directions(db: Any, table: str) -> None:
    for number in range(7):
        put(db, table, "a", f"event#{number:05}", n=number)
    for sk in ("state", "event", "evenu"):
        put(db, table, "a", sk)
    put(db, table, "b", "event#00000")
    for forward in (True, False):
        seen, sizes, start = [], [], None
        while True:
            page = _query(
                db,
                table,
                "pk = :pk AND begins_with(sk, :begin)",
                {":pk": "a", ":begin": "event#"},
                Limit=3,
                ScanIndexForward=forward,
                **({"ExclusiveStartKey": start} if start else {}),
            )
            seen += [int(plain(item)["n"]) for item in page["Items"]]
            sizes.append(page["Count"])
            start = page.get("LastEvaluatedKey")
            if not start:
                break
            assert set(start) == {"pk", "sk"}
        assert seen == sorted(range(7), reverse=not forward)
        assert sizes == [3, 3, 1]


def test_a_filter_is_applied_after_the_limit(db: Any, table: str) -> None:
    for number in range(4):
        put(db, table, "a", str(number), n=number)
    page = _query(
        db,
        table,
        "pk = :pk AND sk BETWEEN :low AND :high",
        {":pk": "a", ":low": "0", ":high": "2", ":n": 2},
        FilterExpression="n >= :n",
        Limit=2,
    )
    assert (page["Items"], page["ScannedCount"], plain(page["LastEvaluatedKey"])) == ([], 2, {"pk": "a", "sk": "1"})


def test_an_index_finds_rows_by_other_keys_and_leaves_out_those_without(db: Any, name: str) -> None:
    keys = [{"AttributeName": "gsi1", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = {"IndexName": "gsi1", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    create(db, name, ("pk", "sk", "gsi1"), GlobalSecondaryIndexes=[index])
    for pk, sk in (("a", "2"), ("b", "1"), ("c", "1")):
        put(db, name, pk, sk, gsi1="open")
    put(db, name, "d", "1")

    def found() -> list[str]:
        items, start = [], None
        while True:
            page = _query(
                db,
                name,
                "gsi1 = :open",
                {":open": "open"},
                IndexName="gsi1",
                Limit=1,
                **({"ExclusiveStartKey": start} if start else {}),
            )
            items += [plain(item) for item in page["Items"]]
            start = page.get("LastEvaluatedKey")
            if not start:
                return [f"{item['pk']}{item['sk']}" for item in items]

    wait_until(lambda: len(found()) == 3, DEADLINE_S, "the index does not follow")
    assert (sorted(found()[:2]), found()[2]) == (["b1", "c1"], "a2")
    db.update_item(TableName=name, Key=typed({"pk": "b", "sk": "1"}), UpdateExpression="REMOVE gsi1")
    wait_until(lambda: found() == ["c1", "a2"], DEADLINE_S, "the index does not follow")


# Streams --------------------------------------------------------------------------------------------------------------


def changes(server: Server, db: Any, table: str, count: int) -> list[dict[str, Any]]:
    """At least `count` records of the table's stream, from its beginning, as often as the stream gives them."""
    streams = server.client("dynamodbstreams")
    arn = db.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    iterators: dict[str, str | None] = {}
    records: list[dict[str, Any]] = []

    def enough() -> bool:
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            if shard["ShardId"] not in iterators:
                first = streams.get_shard_iterator(
                    StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
                )
                iterators[shard["ShardId"]] = first["ShardIterator"]
        for shard_id, iterator in iterators.items():
            if iterator:
                page = streams.get_records(ShardIterator=iterator, Limit=5)
                records.extend(page["Records"])
                iterators[shard_id] = page.get("NextShardIterator")
        return len(records) >= count

    wait_until(enough, DEADLINE_S, f"the stream does not give {count} records")
    enough()
    return records


def test_a_stream_tells_each_change_once_and_those_of_a_row_in_order(server: Server, db: Any, table: str) -> None:
    for version in range(4):
        for pk in ("a", "b", "c"):
            put(db, table, pk, "state", version=version)
    db.delete_item(TableName=table, Key=typed({"pk": "a", "sk": "state"}))

    records = changes(server, db, table, 13)
    assert len(records) == len({record["eventID"] for record in records}) == 13
    told: dict[str, list[tuple[str, int | None]]] = {"a": [], "b": [], "c": []}
    for record in records:
        change = record["dynamodb"]
        image = plain(change["NewImage"]) if "NewImage" in change else {}
        keys = plain(change["Keys"])
        assert (keys["sk"], change["StreamViewType"], "OldImage" in change) == ("state", "NEW_IMAGE", False)
        told[keys["pk"]].append((record["eventName"], image.get("version")))
    lived = [("INSERT", 0), ("MODIFY", 1), ("MODIFY", 2), ("MODIFY", 3)]
    assert told == {"a": [*lived, ("REMOVE", None)], "b": lived, "c": lived}
    sequence = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert len(set(sequence)) == 13


def test_a_stream_does_not_tell_of_what_changes_nothing(server: Server, db: Any, table: str) -> None:
    put(db, table, "a", "state", version=1)
    # Neither of these changes anything.
    put(db, table, "a", "state", version=1)
    db.delete_item(TableName=table, Key=typed({"pk": "x", "sk": "state"}))
    put(db, table, "b", "state")
    told = [(record["eventName"], plain(record["dynamodb"]["Keys"])["pk"]) for record in changes(server, db, table, 2)]
    assert told == [("INSERT", "a"), ("INSERT", "b")]


def test_a_stream_tells_of_a_transaction_and_not_of_a_cancelled_one(server: Server, db: Any, table: str) -> None:
    def items(*names: str) -> list[dict[str, Any]]:
        rows = [{"TableName": table, "Item": typed({"pk": pk, "sk": "s"})} for pk in names]
        return [{"Put": {**row, "ConditionExpression": NEW_ONLY}} for row in rows]

    db.transact_write_items(TransactItems=items("a", "b"))
    assert refused(db.transact_write_items, TransactItems=items("c", "a")) == (400, "TransactionCanceledException")
    put(db, table, "d", "s")
    told = [plain(record["dynamodb"]["Keys"])["pk"] for record in changes(server, db, table, 3)]
    assert sorted(told) == ["a", "b", "d"]


# Types and limits -----------------------------------------------------------------------------------------------------


def test_the_time_to_live_is_switched_on_and_told(db: Any, table: str) -> None:
    db.update_time_to_live(TableName=table, TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True})
    described = db.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert (described["AttributeName"], described["TimeToLiveStatus"]) == ("expires_at", "ENABLED")
    # Deleting is left to a background job, in AWS within days; until then a row is there.
    put(db, table, "a", "later", expires_at=int(time.time()) + 3600)
    assert get(db, table, "a", "later") is not None


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-1",
        "0.1",
        "3.1415926535897932384626433832795028841",
        "99999999999999999999999999999999999999",
        "-0.00000000000000000000000000000000000001",
        "1E+125",
        "1E-130",
        "9.9999999999999999999999999999999999999E+125",
    ],
)
def test_a_number_keeps_its_38_digits(db: Any, table: str, number: str) -> None:
    db.put_item(TableName=table, Item={**typed({"pk": "a", "sk": "n"}), "n": {"N": number}})
    item = db.get_item(TableName=table, Key=typed({"pk": "a", "sk": "n"}))["Item"]
    assert Decimal(item["n"]["N"]) == Decimal(number)


@pytest.mark.parametrize("number", ["1" * 39, "1E+126", "1E-131", "NaN", "Infinity", "satu", ""])
def test_what_is_no_number_of_dynamodb_is_refused(db: Any, table: str, number: str) -> None:
    item = {**typed({"pk": "a", "sk": "n"}), "n": {"N": number}}
    assert refused(db.put_item, TableName=table, Item=item) == (400, "ValidationException")


def test_adding_is_exact(db: Any, table: str) -> None:
    put(db, table, "a", "n", n=Decimal("0.1"))
    for _ in range(2):
        answer = db.update_item(
            TableName=table,
            Key=typed({"pk": "a", "sk": "n"}),
            UpdateExpression="ADD n :n",
            ExpressionAttributeValues=typed({":n": Decimal("0.1")}),
            ReturnValues="UPDATED_NEW",
        )
    assert plain(answer["Attributes"]) == {"n": Decimal("0.3")}


def test_every_type_comes_back(db: Any, table: str) -> None:
    values = {
        "binary": Binary(bytes(range(256))),
        "empty": "",
        "none": None,
        "yes": True,
        "set": {"a", "b"},
        "numbers": {Decimal(1), Decimal("2.5")},
        "list": [1, "two", {"three": [3]}],
        "map": {"a": {"b": None}},
        "text": "Surat Izin – é ✓ \u0000 \U0001f600",
    }
    put(db, table, "a", "all", **values)
    assert get(db, table, "a", "all") == {"pk": "a", "sk": "all", **values}


def test_a_row_has_at_most_400_kib(db: Any, table: str) -> None:
    # Names count too: pk + a, sk + s, v.
    most = 400 * 1024 - len("pkaskbv")
    put(db, table, "a", "b", v="x" * most)
    assert len((get(db, table, "a", "b") or {})["v"]) == most
    item = typed({"pk": "a", "sk": "c", "v": "x" * (most + 1)})
    assert refused(db.put_item, TableName=table, Item=item) == (400, "ValidationException")
    assert get(db, table, "a", "c") is None


def test_keys_are_there_and_not_empty(db: Any, table: str) -> None:
    for item in ({"pk": "a"}, {"pk": "a", "sk": ""}, {"pk": "a", "sk": 1}):
        assert refused(db.put_item, TableName=table, Item=typed(item)) == (400, "ValidationException")


def test_an_unknown_table_is_not_found(db: Any, name: str) -> None:
    key = typed({"pk": "a", "sk": "b"})
    assert refused(db.get_item, TableName=f"{name}-none", Key=key) == (400, "ResourceNotFoundException")
    assert refused(db.describe_table, TableName=f"{name}-none") == (400, "ResourceNotFoundException")


def test_a_wrong_secret_is_refused(server: Server, table: str) -> None:
    wrong = server.client("dynamodb", aws_secret_access_key="another")
    assert refused(wrong.describe_table, TableName=table)[0] in (400, 403)
