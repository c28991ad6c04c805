"""A MiniStack of a test's own, where programs of infra/ are seen at work."""

import json
import os
import pathlib
import socket
import subprocess
import urllib.request
from typing import Any

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

    def ask(self, operation: str, service: str = "DynamoDB_20120810", **body: Any) -> dict[str, Any]:
        """One request to DynamoDB, or to `AmazonSQS`."""
        name = "sqs" if service == "AmazonSQS" else "dynamodb"
        scope = f"test/20260101/{self.environment['AWS_REGION']}/{name}/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"{service}.{operation}",
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

    def run(self, program: str, *arguments: str) -> tuple[int, dict[str, int]]:
        """Runs a program of infra/ that prints counts: its status, and the counts."""
        command = [ROOT / "infra" / program, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=LIMIT_S)
        assert done.returncode in (0, 1), done.stderr
        counted = (line.split(maxsplit=1) for line in done.stdout.splitlines())
        return done.returncode, {what: int(count) for count, what in counted}
