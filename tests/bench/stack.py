"""The storage behind the measured functions: a table and buckets of their own on the engine of `absah up`.

The queue consumers of `absah up` work on its own table and buckets, so nobody but the measured functions touches these.
"""

import itertools
import json
import pathlib
import re
import subprocess
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

REGION = "ap-southeast-3"
_START_LIMIT_S = 30.0


class Engine:
    """A running `absah up` with its own data folder. Use it in a `with`."""

    def __init__(self, absah: pathlib.Path, folder: pathlib.Path, rates: Mapping[str, int] | None = None) -> None:
        """Starts it on a free port, with `rates` as the limits of requests per minute where they are given."""
        self._output = folder / "absah-up.log"
        command: list[str | pathlib.Path] = [absah, "up", "--listen", "127.0.0.1:0", "--data", folder / "data"]
        if rates is not None:
            command += ["--rate-limits", json.dumps(rates)]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def connection(self) -> dict[str, str]:
        """The AWS_* variables by which clients reach it."""
        wanted = {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"}
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            found = dict(re.findall(r"^export (\w+)=(.*)\n", self._output.read_text(), re.MULTILINE))
            if wanted <= found.keys():
                return {name: found[name] for name in wanted}
            time.sleep(0.05)
        raise RuntimeError(f"absah up did not start:\n{self._output.read_text()}")


class Storage:
    """One side's table, inbox and vault, made as template.yaml declares them."""

    def __init__(self, connection: Mapping[str, str], name: str) -> None:
        """Makes `<name>-table`, `<name>-inbox` and `<name>-vault`."""
        self.table, self.inbox, self.vault = f"{name}-table", f"{name}-inbox", f"{name}-vault"
        keys = {
            "endpoint_url": connection["AWS_ENDPOINT_URL"],
            "aws_access_key_id": connection["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": connection["AWS_SECRET_ACCESS_KEY"],
            "region_name": REGION,
        }
        self._s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **keys)
        self._dynamodb = boto3.client("dynamodb", **keys)
        self._sequence = itertools.count(1)
        self._dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        for bucket in (self.inbox, self.vault):
            self._s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            self._s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key: str, body: bytes) -> dict[str, Any]:
        """Puts an object into the inbox. Returns what S3 would then tell the detect queue."""
        stored = self._s3.put_object(Bucket=self.inbox, Key=key, Body=body, ContentType="application/pdf")
        described = {
            "key": key,
            "size": len(body),
            "eTag": stored["ETag"].strip('"'),
            "versionId": stored["VersionId"],
            "sequencer": f"{next(self._sequence):018X}",
        }
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "detect",
                "bucket": {"name": self.inbox, "arn": f"arn:aws:s3:::{self.inbox}"},
                "object": described,
            },
        }
        return {"Records": [record]}

    def events(self, event_type: str) -> dict[str, dict[str, Any]]:
        """The envelopes of all events of a type, by the document they are about."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ConsistentRead=True,
            FilterExpression="event_type = :type",
            ExpressionAttributeValues={":type": {"S": event_type}},
        )
        envelopes = (json.loads(item["envelope"]["S"]) for page in pages for item in page["Items"])
        return {envelope["subject"]: envelope for envelope in envelopes}
