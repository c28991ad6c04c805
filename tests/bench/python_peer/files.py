"""The peer's files: read from inbox and vault, written to the vault once."""

import os

import boto3
from botocore.config import Config

_VAULT = os.environ["VAULT_BUCKET"]
_S3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))


def uploaded(bucket: str, key: str, version: str) -> bytes:
    """One version of an object of the inbox."""
    return _S3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()


def get(document_id: str, stage: str) -> bytes:
    """A document's file: `original`, `signed` or `final`."""
    return _S3.get_object(Bucket=_VAULT, Key=_key(document_id, stage))["Body"].read()


def put_once(document_id: str, stage: str, body: bytes) -> None:
    """Writes a document's file, which must not be there yet."""
    key = _key(document_id, stage)
    _S3.put_object(Bucket=_VAULT, Key=key, Body=body, ContentType="application/pdf", IfNoneMatch="*")


def _key(document_id: str, stage: str) -> str:
    return f"karo/documents/{document_id}/{stage}.pdf"
