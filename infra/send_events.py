"""Sends the newest events of documents that stand still to their queues again. Run it as infra/send-events.

The table keeps every event; what gets lost is its delivery. Of each aggregate the newest event is sent, if a queue asked
for its type, except where the document or letter has come to its end: then nobody waits for it. What somebody does wait for cannot be
told from here, so more is sent than was lost, and steps acknowledge what they have done already.
"""

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3

#: What SendMessageBatch takes at once.
TOGETHER = 10
#: After these a document goes nowhere, and what led there needs no repetition.
ENDS = {"document.issued", "document.rejected", "document.returned", "document.quarantined"}

#: The inbox key of a letter's PDF.
LETTER = re.compile(r"[^/]+/letters/(?P<id>[A-Z2-7]{26})\.pdf")


class Event(NamedTuple):
    """The newest event of an aggregate."""

    sk: str
    event_type: str
    time: str
    #: The inbox key that the document came by, where the event says it.
    key: str


def main() -> int:
    """Sends, and prints how many events of which type. `1`: a queue refused some; send again."""
    parser = argparse.ArgumentParser(prog="infra/send-events", description=__doc__)
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("--routes", required=True, type=_routes, help="EVENT_ROUTES of the relay: queue URL to event types, as JSON")
    parser.add_argument("--prefix", default="", help="only partitions that begin like this, such as contoh#document#")
    parser.add_argument("--since", default="", help="only events from this moment on, such as 2026-11-21T08:14:00Z")
    parser.add_argument("--type", action="append", help="only events of this type; may be repeated")
    parser.add_argument("--dry-run", action="store_true", help="only count")
    arguments = parser.parse_args()
    client = boto3.client("dynamodb")
    newest = _newest(client, arguments.table)
    wanted = {
        pk: event
        for pk, event in newest.items()
        if event.event_type in arguments.routes
        and pk.startswith(arguments.prefix)
        and event.time >= arguments.since.rstrip("Z")
        and event.event_type in (arguments.type or arguments.routes)
        and not _has_ended(pk, newest)
    }
    counts = Counter(event.event_type for event in wanted.values())
    refused = 0 if arguments.dry_run else _send(client, arguments.table, arguments.routes, wanted)
    for event_type, count in sorted(counts.items()):
        print(f"{count:>9}  {event_type}")
    if refused:
        print(f"{refused:>9}  refused", file=sys.stderr)
    return 1 if refused else 0


def _routes(text: str) -> dict[str, list[str]]:
    """The queues that asked for each type of event."""
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    for queue, event_types in json.loads(text).items():
        for event_type in event_types:
            by_type[event_type].append(queue)
    return dict(by_type)


def _newest(client: Any, table: str) -> dict[str, Event]:
    """The newest event of each partition, without what it says: that may be more than memory holds."""
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True, "FilterExpression": "attribute_exists(event_type)"}
    newest: dict[str, Event] = {}
    for page in client.get_paginator("scan").paginate(**request):
        for item in page["Items"]:
            envelope = json.loads(item["envelope"]["S"])
            key = envelope.get("data", {}).get("key", "")
            event = Event(item["sk"]["S"], item["event_type"]["S"], envelope.get("time", ""), key)
            pk = item["pk"]["S"]
            if pk not in newest or event.sk > newest[pk].sk:
                newest[pk] = event
    return newest


def _has_ended(pk: str, newest: dict[str, Event]) -> bool:
    """Whether the document or letter with the same id has come to its end. Of an approval the last event stays the newest for ever."""
    tenant, _, rest = pk.partition("#")
    _kind, _, ident = rest.partition("#")
    document = newest.get(f"{tenant}#document#{ident}")
    if document is None or document.event_type not in ENDS:
        return _is_finished(tenant, ident, newest)
    # A letter waits for its document until it has heard of it.
    letter = LETTER.fullmatch(document.key)
    return letter is None or _is_finished(tenant, letter["id"], newest)


def _is_finished(tenant: str, letter: str, newest: dict[str, Event]) -> bool:
    event = newest.get(f"{tenant}#letter#{letter}")
    return event is not None and event.event_type == "letter.finished"


def _send(client: Any, table: str, routes: dict[str, list[str]], wanted: dict[str, Event]) -> int:
    """Sends each event to all who asked for it; how many were refused."""
    sqs = boto3.client("sqs")
    refused = 0
    for some in _pieces(list(wanted.items())):
        by_queue: defaultdict[str, list[str]] = defaultdict(list)
        for pk, event in some:
            key = {"pk": {"S": pk}, "sk": {"S": event.sk}}
            item = client.get_item(TableName=table, Key=key, ConsistentRead=True)["Item"]
            for queue in routes[event.event_type]:
                by_queue[queue].append(item["envelope"]["S"])
        for queue, envelopes in by_queue.items():
            entries = [{"Id": str(place), "MessageBody": envelope} for place, envelope in enumerate(envelopes)]
            refused += len(sqs.send_message_batch(QueueUrl=queue, Entries=entries).get("Failed", []))
    return refused


def _pieces(whole: list[tuple[str, Event]]) -> Iterator[list[tuple[str, Event]]]:
    return (whole[start : start + TOGETHER] for start in range(0, len(whole), TOGETHER))


if __name__ == "__main__":
    sys.exit(main())
