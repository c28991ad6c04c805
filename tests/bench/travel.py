"""Permits travelling through measured functions: what one step stored is what the next one is given."""

import json
import pathlib
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from lambda_host import Answer, FunctionFailed, FunctionProcess
from stack import REGION, Storage

TENANT = "karo"
OFFICIAL = "pejabat"
# The steps that are measured with documents, in the order of the travel.
STEPS = ("detect", "import", "sign", "stamp", "verify")
# What a step is triggered by and what it must store, as types of events. None: something from outside, or nothing.
_EVENTS = {
    "detect": (None, "document.detected"),
    "import": ("document.detected", "document.imported"),
    "sign": ("document.imported", "document.signed"),
    "stamp": ("document.signed", "document.issued"),
    "verify": ("document.issued", None),
}


@dataclass(frozen=True)
class Side:
    """Absah or its peer: its storage, and by which command and settings the process of a function is started."""

    name: str
    storage: Storage
    command: Callable[[str], Sequence[str | pathlib.Path]]
    settings: Mapping[str, str]

    def start(self, function: str, log: pathlib.Path) -> FunctionProcess:
        """Starts a process of `function`."""
        return FunctionProcess(self.command(function), self.settings, log)


@dataclass
class Measured:
    """One step with one batch: milliseconds and bytes. Cold is from the start of the process to the first answer."""

    ready_ms: list[float] = field(default_factory=list)
    cold_ms: list[float] = field(default_factory=list)
    warm_ms: list[float] = field(default_factory=list)
    peak_bytes: int = 0


class Batch:
    """Copies of one permit, each a document of its own.

    Every process that is started serves one document cold; the last one stays and serves `warm` more.
    """

    def __init__(self, side: Side, name: str, pdf: bytes, starts: int, warm: int) -> None:
        """Uploads `starts + warm` copies of `pdf` to the side's inbox, below `<tenant>/<name>/`."""
        self.side, self.name, self.starts = side, name, starts
        keys = [f"{TENANT}/{name}/izin-{number}.pdf" for number in range(starts + warm)]
        self._uploads = [side.storage.upload(key, pdf) for key in keys]

    def run(self, step: str, log: pathlib.Path) -> Measured:
        """Takes every document through `step`."""
        events = self._triggers(step)
        measured = Measured()
        for event in events[: self.starts - 1]:
            with self.side.start(step, log) as process:
                self._begin(step, process, event, measured)
        with self.side.start(step, log) as process:
            self._begin(step, process, events[self.starts - 1], measured)
            for event in events[self.starts :]:
                answer = _checked(step, process, event)
                measured.warm_ms.append((answer.ended - answer.began) * 1000)
            measured.peak_bytes = process.peak_memory_bytes()
        stored = _EVENTS[step][1]
        if stored is not None and len(self._events(stored)) != len(events):
            raise FunctionFailed(f"{self.side.name} {step}: a document has no {stored}\n{process.log_tail()}")
        return measured

    def _triggers(self, step: str) -> list[dict[str, Any]]:
        trigger = _EVENTS[step][0]
        if trigger is None:
            return [_queue_event(upload) for upload in self._uploads]
        envelopes = self._events(trigger)
        match step:
            case "sign":
                return [_queue_event(_approved(envelope)) for envelope in envelopes]
            case "verify":
                return [_page_request(envelope["data"]["verify_url"]) for envelope in envelopes]
            case _:
                return [_queue_event(envelope) for envelope in envelopes]

    def _events(self, event_type: str) -> list[dict[str, Any]]:
        mine = f"{TENANT}/{self.name}/"
        detected = self.side.storage.events("document.detected")
        stored = self.side.storage.events(event_type)
        ids = [one for one, envelope in detected.items() if envelope["data"]["key"].startswith(mine)]
        return [stored[one] for one in ids if one in stored]

    @staticmethod
    def _begin(step: str, process: FunctionProcess, event: Mapping[str, Any], measured: Measured) -> None:
        measured.ready_ms.append(process.ready_s() * 1000)
        answer = _checked(step, process, event)
        # The wait between `next` and this event is the benchmark's own, and not counted.
        measured.cold_ms.append(measured.ready_ms[-1] + (answer.ended - answer.began) * 1000)


def _checked(step: str, process: FunctionProcess, event: Mapping[str, Any]) -> Answer:
    answer = process.invoke(event)
    done = answer.body.get("statusCode") == 200 if step == "verify" else answer.body == {"batchItemFailures": []}
    if not done:
        raise FunctionFailed(f"{step}: {answer.body}\n{process.log_tail()}")
    return answer


def _queue_event(message: Mapping[str, Any]) -> dict[str, Any]:
    """A batch of one message, as SQS hands it to a function (events/aws/sqs-*.json)."""
    now = str(int(time.time() * 1000))
    record = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "bench",
        "body": json.dumps(message),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": now, "ApproximateFirstReceiveTimestamp": now},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:bench",
        "awsRegion": REGION,
    }
    return {"Records": [record]}


def _approved(imported: Mapping[str, Any]) -> dict[str, Any]:
    """What `advance-approval` says of this document once its official has approved it (events/domain/approval.approved.json)."""
    decided_by = {"id": OFFICIAL, "name": "Contoh Kepala Dinas", "step": "kepala_dinas", "at": imported["time"]}
    item = {"kind": "document", "id": imported["data"]["document_id"]}
    data = {"item": item, "label": "disetujui", "decided_by": decided_by}
    return {**imported, "source": "absah/approvals", "type": "approval.approved", "data": data}


def _page_request(link: str) -> dict[str, Any]:
    """What a function URL makes of a phone that opens a QR code's link (events/aws/function-url-verify-page.json)."""
    url = urlsplit(link)
    http = {"method": "GET", "path": url.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "bench"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": url.path,
        "rawQueryString": "",
        "headers": {"host": url.netloc, "user-agent": "bench"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "bench",
            "domainName": url.netloc,
            "domainPrefix": "bench",
            "http": http,
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": "05/Jan/2026:01:00:00 +0000",
            "timeEpoch": 1767574800000,
        },
        "isBase64Encoded": False,
    }
