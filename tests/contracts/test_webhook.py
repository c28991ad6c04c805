"""A MinIO server reports uploads to `detect` over HTTP. JuiceFS's gateway is MinIO's server code."""

import contextlib
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from servers import GATEWAY_USER, Server, Webhook, embedded, free_ports, juicefs_gateway, wait_until

TARGETS = ("embedded",)
DEADLINE_S = 30.0
PERMIT = pathlib.Path(__file__).resolve().parents[2] / "events/samples/permit.pdf"
TABLE = "absah-main-table"


@dataclass(frozen=True)
class Office:
    """A gateway whose inbox reports to a stack."""

    absah: Server
    gateway: Server

    def drop(self, key: str) -> None:
        """Puts a permit into the gateway's inbox."""
        put_permit(self.gateway, key)

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The table's rows that name the key."""
        pages = self.absah.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
        return [
            row for page in pages for row in page["Items"] if key in json.dumps(row, default=str, ensure_ascii=False)
        ]

    def announced(self, event: str, key: str = "") -> str | None:
        """The id of the document of which `absah up` told this event, with this key where it tells one."""
        told = re.search(
            rf"  {re.escape(event)} +(\w{{26}}).*{re.escape(key)}", (self.absah.folder / "log").read_text()
        )
        return told[1] if told else None


def put_permit(server: Server, key: str) -> None:
    """Puts a permit into an inbox."""
    metadata = {"number": "503/0147/SIP-D/DPMPTSP/2026", "holder": "dr. Melati Br. Tarigan"}
    server.client("s3").put_object(Bucket="inbox", Key=key, Body=PERMIT.read_bytes(), Metadata=metadata)


def inbox_in(port: int) -> dict[str, str]:
    """What tells a stack that its inbox is in the gateway on this port."""
    user, password = GATEWAY_USER
    return {
        "INBOX_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "INBOX_ACCESS_KEY_ID": user,
        "INBOX_SECRET_ACCESS_KEY": password,
    }


def make_older(gateway: Server, key: str, seconds: int) -> None:
    """As if the file had been put that long ago: the gateway's times are rows of its database."""
    name = key.rsplit("/", 1)[1].encode()
    with contextlib.closing(sqlite3.connect(gateway.folder / "meta.db", timeout=DEADLINE_S)) as rows, rows:
        older = "update jfs_node set mtime = mtime - ? where inode in (select inode from jfs_edge where name = ?)"
        assert rows.execute(older, (seconds * 1_000_000, name)).rowcount == 1


def webhook_token(absah: Server) -> str:
    """What the stack's `detect` demands."""
    return json.loads((absah.folder / "data/secrets.json").read_text())["webhook_token"]


def detect_url(absah: Server) -> str:
    """Where the stack's `detect` listens."""
    return f"{absah.endpoint}/lambda-url/detect/"


@contextlib.contextmanager
def _office(absah: Server, folder: pathlib.Path, token: str, port: int | None = None) -> Iterator[Office]:
    with juicefs_gateway(folder, Webhook(detect_url(absah), token), port) as gateway:
        s3 = gateway.client("s3")
        s3.create_bucket(Bucket="inbox")
        rule = {"QueueArn": "arn:minio:sqs::ABSAH:webhook", "Events": ["s3:ObjectCreated:*"]}
        wanted = {"QueueConfigurations": [rule]}
        s3.put_bucket_notification_configuration(Bucket="inbox", NotificationConfiguration=wanted)
        yield Office(absah, gateway)


@pytest.fixture
def office(server: Server, tmp_path: pathlib.Path) -> Iterator[Office]:
    """A gateway with the right token."""
    with _office(server, tmp_path / "office", webhook_token(server)) as office:
        yield office


@pytest.fixture
def stranger(server: Server, tmp_path: pathlib.Path) -> Iterator[Office]:
    """A gateway with a wrong token."""
    with _office(server, tmp_path / "stranger", "x" * 40) as office:
        yield office


def test_an_upload_to_a_minio_server_is_detected(office: Office, name: str) -> None:
    key = f"contoh/loket/{name} é+.pdf"
    office.drop(key)
    rows = wait_until(lambda: office.rows(key), DEADLINE_S, "the upload is not detected")
    assert any("document.detected" in json.dumps(row, default=str) for row in rows)


def test_a_wrong_token_is_refused_and_nothing_happens(office: Office, stranger: Office, name: str) -> None:
    refused, taken = f"contoh/loket/{name}-asing.pdf", f"contoh/loket/{name}.pdf"
    stranger.drop(refused)
    log = stranger.gateway.folder / "log"
    # How MinIO's code tells that a notification was not taken.
    wait_until(lambda: "cmd.(*NotificationSys)" in log.read_text(), DEADLINE_S, "the gateway's notification is taken")
    # What came later, with the right token, is there.
    office.drop(taken)
    wait_until(lambda: office.rows(taken), DEADLINE_S, "the upload is not detected")
    assert office.rows(refused) == []


def test_only_the_right_token_is_let_in(server: Server) -> None:
    def status(authorization: str | None) -> int:
        headers = {"Content-Type": "application/json", **({"Authorization": authorization} if authorization else {})}
        body = json.dumps({"Records": []}).encode()
        request = urllib.request.Request(detect_url(server), data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    right = webhook_token(server)
    assert [status(one) for one in (None, "", "Bearer ", f"Bearer {right}x", f"Basic {right}")] == [401] * 5
    assert status(f"Bearer {right}") == 204


def test_a_gateway_calls_the_first_page_of_versions_all_and_lists_objects_page_by_page(office: Office, name: str) -> None:
    """Why `reconcile` asks twice where nobody told it of an upload. Other gateways cannot list versions at all."""
    keys = [f"contoh/loket/{name}-{number}.pdf" for number in (1, 2)]
    for key in keys:
        office.drop(key)
    s3 = office.gateway.client("s3")
    versions = s3.list_object_versions(Bucket="inbox", MaxKeys=1)
    assert (len(versions["Versions"]), versions["IsTruncated"]) == (1, False)
    assert versions["Versions"][0]["VersionId"] == "null"
    first = s3.list_objects_v2(Bucket="inbox", MaxKeys=1)
    second = s3.list_objects_v2(Bucket="inbox", StartAfter=first["Contents"][0]["Key"])
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)
    heads = [s3.head_object(Bucket="inbox", Key=key) for key in keys]
    listed = [*first["Contents"], *second["Contents"]]
    assert [(found["Key"], found["ETag"]) for found in listed] == [
        (key, head["ETag"]) for key, head in zip(keys, heads, strict=True)
    ]


def test_a_permit_from_a_minio_server_is_issued(tmp_path: pathlib.Path, name: str) -> None:
    """The inbox is in the gateway alone; the vault and all else are in the stack."""
    key = f"contoh/loket/{name}.pdf"
    (port,) = free_ports(1)
    with embedded(tmp_path / "absah", inbox_in(port)) as absah:
        with _office(absah, tmp_path / "office", absah.printed["ABSAH_WEBHOOK_TOKEN"], port) as office:
            assert office.rows(key) == []
            office.drop(key)
            wait_until(lambda: office.announced("document.awaiting_approval"), DEADLINE_S, "no approval is awaited")
            document = office.announced("document.detected", key)
            assert document
            variables = {**absah.printed, "HOME": str(tmp_path)}
            approve = [os.environ["ABSAH_BIN"], "approve", document, "--data", absah.folder / "data"]
            subprocess.run(approve, env=variables, check=True, capture_output=True, timeout=DEADLINE_S)
            wait_until(lambda: office.announced("document.issued"), DEADLINE_S, "the document is not issued")
            assert office.announced("document.issued") == document


def test_a_permit_that_came_to_a_minio_server_while_the_stack_was_away_is_detected_when_it_is_back(
    server: Server, tmp_path: pathlib.Path, name: str
) -> None:
    """The inbox notifies nobody, though the gateway knows of another stack; `reconcile` looks into it."""
    key = f"contoh/loket/{name}.pdf"
    (port,) = free_ports(1)
    webhook = Webhook(detect_url(server), webhook_token(server))
    with juicefs_gateway(tmp_path / "office", webhook, port) as gateway:
        s3 = gateway.client("s3")
        s3.create_bucket(Bucket="inbox")
        put_permit(gateway, key)
        before = s3.head_object(Bucket="inbox", Key=key)["LastModified"]
        # What is younger than ten minutes may still be on its way.
        make_older(gateway, key, 660)
        assert (before - s3.head_object(Bucket="inbox", Key=key)["LastModified"]).total_seconds() == 660
        with embedded(tmp_path / "absah", inbox_in(port)) as absah:
            office = Office(absah, gateway)
            wait_until(lambda: office.announced("document.awaiting_approval"), DEADLINE_S, "the upload is not found")
            assert any("document.detected" in json.dumps(row, default=str) for row in office.rows(key))
