"""The peer's table: the same rows, conditions and transactions as Absah's, through boto3.

An aggregate is the row `sk = state` with a version; the event by which it came there is a row beside it, in the same
transaction.
"""

import json
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3

_TABLE = os.environ["TABLE_NAME"]
_DYNAMODB = boto3.client("dynamodb")


def now() -> str:
    """The present moment, RFC 3339."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def find(pk: str) -> tuple[dict[str, Any], int] | None:
    """An aggregate and its version, strongly consistent."""
    key = {"pk": {"S": pk}, "sk": {"S": "state"}}
    item = _DYNAMODB.get_item(TableName=_TABLE, Key=key, ConsistentRead=True).get("Item")
    return item and (json.loads(item["data"]["S"]), int(item["version"]["N"]))


def load(pk: str) -> tuple[dict[str, Any], int]:
    """As `find`; an error if it is not there."""
    found = find(pk)
    if found is None:
        raise LookupError(pk)
    return found


def state(pk: str, data: dict[str, Any], version: int | None) -> dict[str, Any]:
    """Writes an aggregate that is at `version` now (0: not there yet; None: whatever is there)."""
    row = {"data": {"S": json.dumps(data)}, "version": {"N": str((version or 0) + 1)}}
    put = _put(pk, "state", row)
    if version == 0:
        put["ConditionExpression"] = "attribute_not_exists(pk)"
    elif version is not None:
        put["ConditionExpression"] = "version = :version"
        put["ExpressionAttributeValues"] = {":version": {"N": str(version)}}
    return {"Put": put}


def event(pk: str, version: int, event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Records the event by which the aggregate came to `version`."""
    envelope = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "python-peer",
        "type": event_type,
        "subject": data["document_id"],
        "time": now(),
        "data": data,
    }
    put = _put(pk, f"event#{version:08}", {"event_type": {"S": event_type}, "envelope": {"S": json.dumps(envelope)}})
    put["ConditionExpression"] = "attribute_not_exists(pk)"
    return {"Put": put}


def commit(*writes: dict[str, Any]) -> None:
    """Writes everything, or nothing."""
    _DYNAMODB.transact_write_items(TransactItems=list(writes))


def each_message(work: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """Makes a handler of SQS batches that report their failures one by one."""

    def handler(batch: dict[str, Any], _context: object) -> dict[str, Any]:
        failures = []
        for record in batch["Records"]:
            try:
                work(json.loads(record["body"]))
            except Exception as error:
                print(f"{type(error).__name__}: {error}", flush=True)
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    return handler


def _put(pk: str, sk: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"TableName": _TABLE, "Item": {"pk": {"S": pk}, "sk": {"S": sk}} | row}
