"""What infra/send-events hands to the queues, seen on a foreign server of DynamoDB and SQS."""

import json
from typing import Any

from foreign_server import Server

TABLE = "table-of-events"


def event(kind: str, ident: str, version: int, event_type: str, minute: int = 0, **data: str) -> dict[str, Any]:
    """An event row, as the table keeps it."""
    envelope = {"type": event_type, "subject": ident, "time": f"2026-11-21T08:{minute:02}:00.5Z", "data": data}
    return {
        "pk": {"S": f"contoh#{kind}#{ident}"},
        "sk": {"S": f"event#{version:08}"},
        "event_type": {"S": event_type},
        "envelope": {"S": json.dumps(envelope)},
    }


def waiting(server: Server, queue: str) -> list[tuple[str, str]]:
    """Takes everything out of a queue: what it is about, and its type."""
    found = []
    while messages := server.ask("ReceiveMessage", "AmazonSQS", QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            envelope = json.loads(message["Body"])
            found.append((envelope["subject"], envelope["type"]))
            server.ask("DeleteMessage", "AmazonSQS", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def test_what_stands_still_is_sent_again_and_what_has_ended_is_not(server: Server) -> None:
    queues = {name: server.ask("CreateQueue", "AmazonSQS", QueueName=name)["QueueUrl"] for name in ("approve", "sign", "stamp")}
    routes = {
        queues["approve"]: ["document.imported"],
        queues["sign"]: ["approval.approved", "document.signed"],
        queues["stamp"]: ["document.signed"],
    }
    told = ["--routes", json.dumps(routes)]
    state = {"pk": {"S": "contoh#document#A"}, "sk": {"S": "state"}}
    imported = [event("document", f"I{number:02}", 1, "document.imported") for number in range(25)]
    approved = [
        event("document", "A", 1, "document.imported"),
        event("document", "A", 2, "document.awaiting_approval"),
        event("approval", "A", 2, "approval.approved", minute=30),
    ]
    signed = [event("document", "S", 9, "document.approved"), event("document", "S", 10, "document.signed", minute=40)]
    issued = [event("approval", "Z", 2, "approval.approved"), event("document", "Z", 5, "document.issued")]
    server.table(TABLE, [state, *imported, *approved, *signed, *issued])

    all_of_them = {"approval.approved": 1, "document.imported": 25, "document.signed": 1}
    assert server.run("send-events", TABLE, *told, "--dry-run") == (0, all_of_them)
    assert [waiting(server, queue) for queue in queues.values()] == [[], [], []]

    late = ["--since", "2026-11-21T08:30:00Z", "--type", "approval.approved"]
    assert server.run("send-events", TABLE, *told, *late) == (0, {"approval.approved": 1})
    assert waiting(server, queues["sign"]) == [("A", "approval.approved")]
    of_approvals = ["--prefix", "contoh#approval#"]
    assert server.run("send-events", TABLE, *told, *of_approvals) == (0, {"approval.approved": 1})
    assert waiting(server, queues["sign"]) == [("A", "approval.approved")]

    assert server.run("send-events", TABLE, *told) == (0, all_of_them)
    assert waiting(server, queues["approve"]) == [(f"I{number:02}", "document.imported") for number in range(25)]
    assert waiting(server, queues["sign"]) == [("A", "approval.approved"), ("S", "document.signed")]
    assert waiting(server, queues["stamp"]) == [("S", "document.signed")]


def test_a_letter_that_did_not_hear_of_its_document_is_told_again(server: Server) -> None:
    queues = {name: server.ask("CreateQueue", "AmazonSQS", QueueName=name)["QueueUrl"] for name in ("letters", "render")}
    routes = {queues["letters"]: ["document.issued", "approval.approved"], queues["render"]: ["letter.approved"]}
    rows = []
    for letter, told in (("A" * 26, "letter.rendered"), ("B" * 26, "letter.finished")):
        rows += [event("document", f"of-{letter[0]}", 5, "document.issued", key=f"contoh/letters/{letter}.pdf")]
        rows += [event("letter", letter, 4, told), event("approval", letter, 3, "approval.approved")]
    rows += [event("document", "C", 5, "document.issued", key="contoh/loket/izin.pdf")]
    rows += [event("letter", "D" * 26, 2, "letter.approved")]
    server.table("table-of-letters", rows)

    told = ["--routes", json.dumps(routes)]
    expected = {"document.issued": 1, "approval.approved": 1, "letter.approved": 1}
    assert server.run("send-events", "table-of-letters", *told) == (0, expected)
    assert waiting(server, queues["letters"]) == [("A" * 26, "approval.approved"), ("of-A", "document.issued")]
    assert waiting(server, queues["render"]) == [("D" * 26, "letter.approved")]
