"""Unmodified clients, with nothing but the lines that `absah up` prints."""

import hashlib
import json
import os
import pathlib
import subprocess
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from servers import PROGRAMS, Server

TARGETS = ("embedded",)
LIMIT_S = 60
MEBIBYTE = 1024 * 1024


@pytest.fixture
def environment(server: Server, tmp_path: pathlib.Path) -> dict[str, str]:
    """What a shell has after `eval` of the printed lines, without any AWS settings of this machine."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **server.printed}


@pytest.fixture
def aws(environment: dict[str, str]) -> Callable[..., Any]:
    """Runs the AWS command line; gives its output, which is JSON or text."""

    def run(*arguments: object) -> Any:
        command = [str(PROGRAMS / "aws"), *map(str, arguments)]
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return run


@pytest.fixture
def bucket(aws: Callable[..., Any], name: str) -> str:
    """A new bucket."""
    aws("s3", "mb", f"s3://{name}")
    return name


def test_the_printed_lines_are_all_that_a_client_needs(server: Server) -> None:
    needed = {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert set(server.printed) == needed | {"ABSAH_WEBHOOK_TOKEN"}


def test_aws_s3_copies_lists_and_presigns(aws: Callable[..., Any], bucket: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "surat izin.pdf"
    file.write_bytes(b"%PDF-1.7 contract")
    place = f"s3://{bucket}/contoh/loket/surat izin+1.pdf"
    aws("s3", "cp", file, place, "--metadata", "number=7")
    assert "surat izin+1.pdf" in aws("s3", "ls", f"s3://{bucket}/contoh/loket/")
    assert "PRE contoh/" in aws("s3", "ls", f"s3://{bucket}/")
    back = tmp_path / "kembali.pdf"
    aws("s3", "cp", place, back)
    assert back.read_bytes() == file.read_bytes()
    with urllib.request.urlopen(aws("s3", "presign", place).strip(), timeout=10) as answer:
        assert answer.read() == file.read_bytes()
    head = aws("s3api", "head-object", "--bucket", bucket, "--key", "contoh/loket/surat izin+1.pdf")
    assert (head["ContentType"], head["Metadata"]) == ("application/pdf", {"number": "7"})
    aws("s3", "rm", "--recursive", f"s3://{bucket}")
    aws("s3", "rb", f"s3://{bucket}")


def test_aws_s3_copies_twenty_megabytes_in_parts(aws: Callable[..., Any], bucket: str, tmp_path: pathlib.Path) -> None:
    content = os.urandom(20 * MEBIBYTE)
    file, back = tmp_path / "besar.bin", tmp_path / "kembali.bin"
    file.write_bytes(content)
    aws("s3", "cp", file, f"s3://{bucket}/besar.bin")
    head = aws("s3api", "head-object", "--bucket", bucket, "--key", "besar.bin")
    # The command line's parts have 8 MiB.
    assert (head["ContentLength"], head["ETag"].strip('"').split("-")[1]) == (len(content), "3")
    aws("s3", "cp", f"s3://{bucket}/besar.bin", back)
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_aws_s3_syncs_a_folder_once(aws: Callable[..., Any], bucket: str, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "berkas"
    (folder / "dalam").mkdir(parents=True)
    for name in ("a.pdf", "b c.pdf", "dalam/d.pdf"):
        (folder / name).write_bytes(name.encode())
    assert aws("s3", "sync", folder, f"s3://{bucket}").count("upload:") == 3
    assert aws("s3", "sync", folder, f"s3://{bucket}") == ""


def test_aws_s3api_writes_once_and_lists_versions(aws: Callable[..., Any], bucket: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    aws("s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
    put = ("s3api", "put-object", "--bucket", bucket, "--key", "a", "--body", file)
    version = aws(*put, "--if-none-match", "*")["VersionId"]
    with pytest.raises(AssertionError, match="PreconditionFailed"):
        aws(*put, "--if-none-match", "*")
    listed = aws("s3api", "list-object-versions", "--bucket", bucket)["Versions"]
    assert [(one["Key"], one["VersionId"]) for one in listed] == [("a", version)]


def test_aws_sqs_sends_and_receives(aws: Callable[..., Any], server: Server, name: str) -> None:
    # Version 1 of the command line replaces AWS_ENDPOINT_URL by an endpoint of its own for SQS.
    endpoint = ("--endpoint-url", server.printed["AWS_ENDPOINT_URL"])
    url = aws("sqs", *endpoint, "create-queue", "--queue-name", name)["QueueUrl"]
    sent = aws("sqs", *endpoint, "send-message", "--queue-url", url, "--message-body", "surat é")
    (got,) = aws("sqs", *endpoint, "receive-message", "--queue-url", url, "--wait-time-seconds", 5)["Messages"]
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "surat é")
    aws("sqs", *endpoint, "delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
    attributes = aws("sqs", *endpoint, "get-queue-attributes", "--queue-url", url, "--attribute-names", "All")[
        "Attributes"
    ]
    assert (attributes["ApproximateNumberOfMessages"], attributes["ApproximateNumberOfMessagesNotVisible"]) == (
        "0",
        "0",
    )


def test_aws_dynamodb_queries(aws: Callable[..., Any], name: str) -> None:
    aws(
        "dynamodb",
        "create-table",
        "--table-name",
        name,
        "--billing-mode",
        "PAY_PER_REQUEST",
        "--attribute-definitions",
        "AttributeName=pk,AttributeType=S",
        "AttributeName=sk,AttributeType=S",
        "--key-schema",
        "AttributeName=pk,KeyType=HASH",
        "AttributeName=sk,KeyType=RANGE",
    )
    aws("dynamodb", "wait", "table-exists", "--table-name", name)
    for sk in ("event#1", "event#2", "state"):
        aws("dynamodb", "put-item", "--table-name", name, "--item", json.dumps({"pk": {"S": "a"}, "sk": {"S": sk}}))
    values = json.dumps({":pk": {"S": "a"}, ":begin": {"S": "event#"}})
    found = aws(
        "dynamodb",
        "query",
        "--table-name",
        name,
        "--key-condition-expression",
        "pk = :pk AND begins_with(sk, :begin)",
        "--expression-attribute-values",
        values,
    )
    assert [item["sk"]["S"] for item in found["Items"]] == ["event#1", "event#2"]


def test_boto3_needs_no_setting(server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    for variable, value in server.printed.items():
        monkeypatch.setenv(variable, value)
    session = boto3.session.Session()
    bucket = session.resource("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": session.region_name}
    )
    bucket.Object("a b").put(Body=b"1")
    assert bucket.Object("a b").get()["Body"].read() == b"1"
    queue = session.resource("sqs").create_queue(QueueName=name)
    queue.send_message(MessageBody="1")
    assert [message.body for message in queue.receive_messages(WaitTimeSeconds=5)] == ["1"]
    assert "absah-main-table" in [table.name for table in session.resource("dynamodb").tables.all()]
