"""Copies rows that a table has lost back from a restored copy of it. Run it as infra/restore-rows.

Never removes a row, and never touches one that has gone on since: a row whose `version` is higher in the table than in
the copy is left as it is. New event rows reach the relay by the table's stream, so that steps whose work was lost do it
again.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

Item = dict[str, Any]
#: What BatchGetItem takes at once.
TOGETHER = 100
#: Keys that are shown of rows that are left as they are.
SHOWN = 20


def main() -> int:
    """Copies, and prints how many rows were what. `0`: nothing is left to do."""
    parser = argparse.ArgumentParser(prog="infra/restore-rows", description=__doc__)
    parser.add_argument("source", metavar="FROM", help="the restored copy")
    parser.add_argument("target", metavar="TO", help="the table that lost rows")
    parser.add_argument("--prefix", default="", help="only partitions that begin like this, such as contoh#document#")
    parser.add_argument("--replace", action="store_true", help="also write rows that differ and are not newer in TO")
    parser.add_argument("--dry-run", action="store_true", help="only count")
    arguments = parser.parse_args()
    client = boto3.client("dynamodb")
    counts: Counter[str] = Counter()
    left: list[str] = []
    for page in _pages(client, arguments.source, arguments.prefix):
        present = _present(client, arguments.target, page)
        for item in page:
            what = _compare(item, present.get(_key(item)))
            if not arguments.dry_run and (what == "missing" or (what == "different" and arguments.replace)):
                what = _write(client, arguments.target, item, present.get(_key(item)))
            counts[what] += 1
            if what in ("different", "newer", "changed meanwhile"):
                left.append(f"{what}: {' '.join(_key(item))}")
    for what, count in sorted(counts.items()):
        print(f"{count:>9}  {what}")
    for line in left[:SHOWN]:
        print(line, file=sys.stderr)
    return 1 if counts["missing"] or counts["different"] or counts["changed meanwhile"] else 0


def _pages(client: Any, table: str, prefix: str) -> Iterator[list[Item]]:
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    if prefix:
        request["FilterExpression"] = "begins_with(pk, :prefix)"
        request["ExpressionAttributeValues"] = {":prefix": {"S": prefix}}
    for page in client.get_paginator("scan").paginate(**request):
        items = page["Items"]
        yield from (items[start : start + TOGETHER] for start in range(0, len(items), TOGETHER))


def _present(client: Any, table: str, items: list[Item]) -> dict[tuple[str, str], Item]:
    keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
    pending: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
    found: dict[tuple[str, str], Item] = {}
    while pending:
        answer = client.batch_get_item(RequestItems=pending)
        found |= {_key(item): item for item in answer["Responses"].get(table, [])}
        pending = answer.get("UnprocessedKeys", {})
    return found


def _compare(copy: Item, present: Item | None) -> str:
    if present is None:
        return "missing"
    if copy == present:
        return "same"
    return "newer" if _version(present) > _version(copy) else "different"


def _write(client: Any, table: str, copy: Item, present: Item | None) -> str:
    """Writes one row, if the table still is as it was when it was compared."""
    request: dict[str, Any] = {"TableName": table, "Item": copy}
    if present is None:
        request["ConditionExpression"] = "attribute_not_exists(pk)"
    elif "version" in present:
        request |= {
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": present["version"]},
        }
    try:
        client.put_item(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return "changed meanwhile"
    return "written" if present is None else "replaced"


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _version(item: Item) -> int:
    return int(item.get("version", {"N": "0"})["N"])


if __name__ == "__main__":
    sys.exit(main())
