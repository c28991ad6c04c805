"""How a bucket tells a queue of its objects, in AWS's format."""

import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from servers import Server, wait_until

TARGETS = ("embedded", "ministack")
DEADLINE_S = 15.0


class Announcing:
    """A bucket with versions that announces what is created under `in/` and ends in `.pdf`."""

    def __init__(self, server: Server, name: str) -> None:
        self.s3, self.sqs = server.client("s3"), server.client("sqs")
        self.name, self.region = name, server.region
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        asked = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "s3.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                }
            ],
        }
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": json.dumps(policy)})
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": server.region})
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".pdf"}]
        wanted = {
            "Id": "uploads",
            "QueueArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [wanted]}
        )
        self.messages: list[dict[str, Any]] = []

    def put(self, key: str, content: bytes = b"%PDF") -> dict[str, Any]:
        """Writes an object."""
        return self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def records(self, wanted: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """All records so far, once they are as wanted; messages are deleted as they are read."""

        def got() -> list[dict[str, Any]] | None:
            answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self.messages.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            records = [record for message in self.messages for record in message.get("Records", [])]
            return records if wanted(records) else None

        return wait_until(got, DEADLINE_S, f"the events are {self.messages}")

    def until(self, key: str) -> list[dict[str, Any]]:
        """All records, once the one of `key` has come: what was announced before it has come too."""
        return self.records(lambda records: any(decoded(record) == key for record in records))


def decoded(record: dict[str, Any]) -> str:
    """The key of a record, which is form-encoded."""
    return urllib.parse.unquote_plus(record["s3"]["object"]["key"])


@pytest.fixture
def announcing(server: Server, name: str) -> Announcing:
    """A new bucket that announces."""
    return Announcing(server, name)


def test_a_queue_is_tested_when_it_is_named(announcing: Announcing) -> None:
    announcing.put("in/a.pdf")
    announcing.until("in/a.pdf")
    (test,) = [message for message in announcing.messages if "Event" in message]
    assert (test["Service"], test["Event"], test["Bucket"]) == ("Amazon S3", "s3:TestEvent", announcing.name)


def test_an_upload_is_told_with_version_etag_size_and_place(announcing: Announcing) -> None:
    content = b"%PDF-1.7 contract"
    put = announcing.put("in/a.pdf", content)
    (record,) = announcing.until("in/a.pdf")
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["awsRegion"] == announcing.region
    assert re.fullmatch(r"2\.\d+", record["eventVersion"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["eventTime"])
    assert (record["s3"]["configurationId"], record["s3"]["s3SchemaVersion"]) == ("uploads", "1.0")
    assert record["s3"]["bucket"]["name"] == announcing.name
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{announcing.name}"
    told = record["s3"]["object"]
    assert (told["size"], told["eTag"]) == (len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())
    assert told["versionId"] == put["VersionId"]
    assert re.fullmatch(r"[0-9A-F]+", told["sequencer"])


def test_only_what_fits_the_filter_is_told(announcing: Announcing) -> None:
    for key in ("in/a.txt", "out/a.pdf", "in/.pdf", "in/a.PDF", "xin/a.pdf", "in/last.pdf"):
        announcing.put(key)
    told = announcing.records(lambda records: {decoded(one) for one in records} >= {"in/.pdf", "in/last.pdf"})
    assert sorted(decoded(record) for record in told) == ["in/.pdf", "in/last.pdf"]


def test_a_key_is_form_encoded(announcing: Announcing) -> None:
    key = "in/surat izin+é (1) 100%.pdf"
    announcing.put(key)
    (record,) = announcing.until(key)
    told = record["s3"]["object"]["key"]
    assert told.startswith("in/surat+izin%2B%C3%A9+")
    assert told.endswith("+100%25.pdf")


def test_sequencers_grow_with_each_write_of_a_key(announcing: Announcing) -> None:
    versions = [announcing.put("in/a.pdf", str(number).encode())["VersionId"] for number in range(5)]
    told = {
        record["s3"]["object"]["versionId"]: record["s3"]["object"]["sequencer"]
        for record in announcing.records(lambda records: len(records) >= 5)
    }
    sequencers = [int(told[version], 16) for version in versions]
    assert sequencers == sorted(set(sequencers))


def test_copies_and_uploads_in_parts_are_told_and_deleting_is_not(announcing: Announcing) -> None:
    s3, bucket = announcing.s3, announcing.name
    announcing.put("from")
    s3.copy_object(Bucket=bucket, Key="in/copy.pdf", CopySource={"Bucket": bucket, "Key": "from"})
    upload = {"Bucket": bucket, "Key": "in/parts.pdf"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(**upload, PartNumber=1, Body=b"1")["ETag"]}
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
    s3.delete_object(Bucket=bucket, Key="in/copy.pdf")
    announcing.put("in/last.pdf")
    told = announcing.records(lambda records: len(records) >= 3)
    assert sorted((decoded(record), record["eventName"]) for record in told) == [
        ("in/copy.pdf", "ObjectCreated:Copy"),
        ("in/last.pdf", "ObjectCreated:Put"),
        ("in/parts.pdf", "ObjectCreated:CompleteMultipartUpload"),
    ]


def test_a_configuration_is_told_back(announcing: Announcing) -> None:
    (told,) = announcing.s3.get_bucket_notification_configuration(Bucket=announcing.name)["QueueConfigurations"]
    rules = {rule["Name"].lower(): rule["Value"] for rule in told["Filter"]["Key"]["FilterRules"]}
    assert (told["Id"], told["Events"], rules) == (
        "uploads",
        ["s3:ObjectCreated:*"],
        {"prefix": "in/", "suffix": ".pdf"},
    )
