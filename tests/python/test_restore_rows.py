"""What infra/restore-rows does to a table, seen on a foreign server of DynamoDB."""

import json
import os
import pathlib
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMIT_S = 120


class Server:
    """A MiniStack of this test's own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        outside = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        command = [ROOT / "localstack/up", "--port", str(port), "--folder", folder]
        started = subprocess.run(command, env=outside, check=True, capture_output=True, text=True, timeout=LIMIT_S)
        words = [word for line in started.stdout.splitlines() for word in line.removeprefix("export ").split()]
        self.environment = outside | dict(word.split("=", 1) for word in words)

    def stop(self) -> None:
        """Stops it."""
        subprocess.run([ROOT / "localstack/down", "--folder", self.folder], check=True, timeout=LIMIT_S)

    def ask(self, operation: str, **body: Any) -> dict[str, Any]:
        """One request to DynamoDB."""
        scope = f"test/20260101/{self.environment['AWS_REGION']}/dynamodb/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
        }
        request = urllib.request.Request(self.environment["AWS_ENDPOINT_URL"], json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            return json.load(answer)

    def table(self, name: str, rows: list[dict[str, Any]]) -> None:
        """A new table with these rows."""
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        self.ask(
            "CreateTable",
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        )
        for item in rows:
            self.ask("PutItem", TableName=name, Item=item)

    def rows(self, name: str) -> dict[str, str]:
        """What each row of a table says, by its partition."""
        return {item["pk"]["S"]: item["data"]["S"] for item in self.ask("Scan", TableName=name)["Items"]}

    def restore(self, *arguments: str) -> tuple[int, dict[str, int]]:
        """Runs the program: its status, and its counts."""
        command = [ROOT / "infra/restore-rows", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=LIMIT_S)
        assert done.returncode in (0, 1), done.stderr
        counted = (line.split(maxsplit=1) for line in done.stdout.splitlines())
        return done.returncode, {what: int(count) for count, what in counted}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that holds nothing."""
    running = Server(tmp_path_factory.mktemp("ministack"))
    yield running
    running.stop()


def row(pk: str, version: int, data: str) -> dict[str, Any]:
    """An aggregate's row."""
    return {"pk": {"S": pk}, "sk": {"S": "state"}, "version": {"N": str(version)}, "data": {"S": data}}


def test_lost_rows_come_back_and_nothing_that_went_on_is_touched(server: Server) -> None:
    many = {f"contoh#document#{number:03}": "kept" for number in range(230)}
    good = [
        row("contoh#same", 1, "same"),
        row("contoh#lost", 2, "lost"),
        row("contoh#damaged", 3, "good"),
        row("contoh#newer", 4, "old"),
    ]
    server.table("copy-of-the-table", good + [row(pk, 1, data) for pk, data in many.items()])
    damaged = [row("contoh#same", 1, "same"), row("contoh#damaged", 3, "bad"), row("contoh#newer", 5, "new")]
    server.table("the-main-table", [*damaged, row("contoh#later", 1, "later")])
    untouched = {"contoh#same": "same", "contoh#damaged": "bad", "contoh#newer": "new", "contoh#later": "later"}

    assert server.restore("copy-of-the-table", "the-main-table", "--dry-run", "--replace") == (
        1,
        {"missing": 231, "same": 1, "different": 1, "newer": 1},
    )
    assert server.rows("the-main-table") == untouched
    assert server.restore("copy-of-the-table", "the-main-table", "--prefix", "contoh#lost") == (0, {"written": 1})
    assert server.rows("the-main-table") == untouched | {"contoh#lost": "lost"}
    assert server.restore("copy-of-the-table", "the-main-table") == (
        1,
        {"written": 230, "same": 2, "different": 1, "newer": 1},
    )
    assert server.restore("copy-of-the-table", "the-main-table", "--replace") == (
        0,
        {"same": 232, "replaced": 1, "newer": 1},
    )
    assert server.rows("the-main-table") == untouched | many | {"contoh#lost": "lost", "contoh#damaged": "good"}
