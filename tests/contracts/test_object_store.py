"""What Absah expects of S3. A test that passes on all targets says that the embedded engine reads AWS as others do."""

import base64
import hashlib
import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import refused
from servers import Server, wait_until

TARGETS = ("embedded", "ministack", "seaweedfs")
PART_BYTES = 5 * 1024 * 1024
ODD_KEYS = (
    "a b.pdf",
    "a+b.pdf",
    "a%2Fb.pdf",
    "100%.pdf",
    "surat/izin été ✓.pdf",
    "ﷺ/日本.pdf",
    "a&b=c?d#e.pdf",
    "a'b\"c<d>.pdf",
    "a..b/c",
    "x/..y/z",
    "x/.../z",
    "x/.hidden",
    "tanpa-akhiran",
    "titik.",
    "~a!b*c(d)",
    "a:b@c,d;e$f",
)


@pytest.fixture
def s3(server: Server) -> Any:
    """A client of the target."""
    return server.client("s3")


@pytest.fixture
def bucket(s3: Any, server: Server, name: str) -> str:
    """A new bucket."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": server.region})
    return name


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    """A new bucket that keeps versions."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    return bucket


def body(s3: Any, bucket: str, key: str, **other: Any) -> bytes:
    """The bytes of an object."""
    return s3.get_object(Bucket=bucket, Key=key, **other)["Body"].read()


def keys(page: dict[str, Any]) -> list[str]:
    """The keys on a page of a listing."""
    return [entry["Key"] for entry in page.get("Contents", [])]


def md5(content: bytes) -> str:
    """An ETag, with its quotes."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


# Conditional writes ---------------------------------------------------------------------------------------------------


def _race(s3: Any, bucket: str, key: str) -> tuple[list[bytes], list[tuple[int, str]]]:
    """16 writers at once: the contents of those that won, and what the others were told."""

    def put(content: bytes) -> tuple[int, str] | None:
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        return None

    contents = [f"writer {number}".encode() for number in range(16)]
    with ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(put, contents))
    won = [content for content, answer in zip(contents, answers, strict=True) if answer is None]
    return won, [answer for answer in answers if answer is not None]


def test_of_sixteen_writers_of_a_new_key_exactly_one_wins(s3: Any, bucket: str) -> None:
    for number in range(5):
        key = f"race-{number}"
        won, lost = _race(s3, bucket, key)
        assert len(won) == 1
        assert lost == [(412, "PreconditionFailed")] * 15
        assert body(s3, bucket, key) == won[0]


def test_a_key_that_was_deleted_can_be_written_conditionally_again(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == (412, "PreconditionFailed")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfNoneMatch="*")
    assert body(s3, bucket, "k") == b"3"


def test_a_delete_marker_does_not_stop_a_conditional_write(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"1", IfNoneMatch="*")
    s3.delete_object(Bucket=versioned, Key="k")
    s3.put_object(Bucket=versioned, Key="k", Body=b"2", IfNoneMatch="*")
    assert body(s3, versioned, "k") == b"2"


def test_a_write_can_demand_the_etag_that_it_replaces(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"3", IfMatch=etag) == (412, "PreconditionFailed")
    assert body(s3, bucket, "k") == b"2"


def test_a_read_can_demand_an_etag(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    assert body(s3, bucket, "k", IfMatch=etag) == b"1"
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch=md5(b"2")) == (412, "PreconditionFailed")
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag)[0] == 304


# Versions -------------------------------------------------------------------------------------------------------------


def test_each_write_is_a_version_that_stays_readable(s3: Any, versioned: str) -> None:
    first, second = (s3.put_object(Bucket=versioned, Key="k", Body=content)["VersionId"] for content in (b"1", b"2"))
    assert first != second
    assert body(s3, versioned, "k") == b"2"
    assert body(s3, versioned, "k", VersionId=first) == b"1"
    listed = s3.list_object_versions(Bucket=versioned, Prefix="k")["Versions"]
    assert [(one["VersionId"], one["IsLatest"]) for one in listed] == [(second, True), (first, False)]


def test_deleting_leaves_a_marker_and_removing_the_marker_brings_the_object_back(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"] is True
    assert refused(s3.get_object, Bucket=versioned, Key="k") == (404, "NoSuchKey")
    assert keys(s3.list_objects_v2(Bucket=versioned)) == []
    assert body(s3, versioned, "k", VersionId=version) == b"1"
    (marker,) = s3.list_object_versions(Bucket=versioned)["DeleteMarkers"]
    assert (marker["VersionId"], marker["IsLatest"]) == (deleted["VersionId"], True)
    s3.delete_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    assert body(s3, versioned, "k") == b"1"


def test_a_version_that_never_was_is_not_found(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    s3.delete_object(Bucket=versioned, Key="k", VersionId=version)
    assert refused(s3.get_object, Bucket=versioned, Key="k", VersionId=version) == (404, "NoSuchVersion")


# Reading --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "content", "said"),
    [
        ("bytes=0-2", b"abc", "bytes 0-2/10"),
        ("bytes=3-5", b"def", "bytes 3-5/10"),
        ("bytes=-4", b"ghij", "bytes 6-9/10"),
        ("bytes=8-", b"ij", "bytes 8-9/10"),
        ("bytes=8-99", b"ij", "bytes 8-9/10"),
        ("bytes=-99", b"abcdefghij", "bytes 0-9/10"),
    ],
    ids=["first", "middle", "suffix", "open", "over the end", "suffix over the start"],
)
def test_a_range_is_read(s3: Any, bucket: str, asked: str, content: bytes, said: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abcdefghij")
    answer = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (answer["Body"].read(), answer["ContentRange"], answer["ContentLength"]) == (content, said, len(content))


def test_a_range_beyond_the_end_is_refused(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"abcdefghij")
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-12") == (416, "InvalidRange")


def test_what_is_not_there_is_not_found(s3: Any, bucket: str, name: str) -> None:
    assert refused(s3.get_object, Bucket=bucket, Key="nothing") == (404, "NoSuchKey")
    assert refused(s3.head_object, Bucket=bucket, Key="nothing") == (404, "404")
    assert refused(s3.get_object, Bucket=f"x{name}", Key="k") == (404, "NoSuchBucket")
    assert refused(s3.head_bucket, Bucket=f"x{name}") == (404, "404")


def test_metadata_and_headers_come_back_and_the_etag_is_the_md5(s3: Any, bucket: str) -> None:
    content = os.urandom(70_000)
    metadata = {"number": "503/0147", "holder": "dr. Melati", "issuing-unit": "DPMPTSP"}
    put = s3.put_object(Bucket=bucket, Key="k", Body=content, Metadata=metadata, ContentType="application/pdf")
    for answer in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        assert answer["Metadata"] == metadata
        assert (answer["ContentType"], answer["ContentLength"]) == ("application/pdf", len(content))
        assert answer["ETag"] == put["ETag"] == md5(content)


def test_a_body_that_does_not_fit_its_digest_is_refused(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"1", ContentMD5=wrong) == (400, "BadDigest")
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"1", ChecksumSHA256=wrong)[0] == 400
    assert refused(s3.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")


def test_an_empty_object_is_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert body(s3, bucket, "k") == b""


# Multipart ------------------------------------------------------------------------------------------------------------


def _part(s3: Any, upload: dict[str, str], number: int, content: bytes) -> dict[str, Any]:
    return {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=content)["ETag"]}


@pytest.fixture
def upload(s3: Any, bucket: str) -> dict[str, str]:
    """A multipart upload that has begun."""
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big", Metadata={"number": "7"})
    return {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}


def test_parts_may_come_in_any_order(s3: Any, upload: dict[str, str]) -> None:
    contents = [os.urandom(PART_BYTES + 1), os.urandom(PART_BYTES), os.urandom(1000)]
    parts = [_part(s3, upload, number, contents[number - 1]) for number in (3, 1, 2)]
    parts.sort(key=lambda part: part["PartNumber"])
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(content, usedforsecurity=False).digest() for content in contents)
    assert done["ETag"] == f'{md5(digests)[:-1]}-3"'
    assert body(s3, upload["Bucket"], "big") == b"".join(contents)
    assert s3.head_object(Bucket=upload["Bucket"], Key="big")["Metadata"] == {"number": "7"}
    around = s3.get_object(Bucket=upload["Bucket"], Key="big", Range=f"bytes={PART_BYTES - 1}-{PART_BYTES + 2}")
    assert around["Body"].read() == contents[0][-2:] + contents[1][:2]


def test_a_wrong_etag_of_a_part_is_refused(s3: Any, upload: dict[str, str]) -> None:
    _part(s3, upload, 1, b"1")
    wrong = {"Parts": [{"PartNumber": 1, "ETag": md5(b"2")}]}
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=wrong) == (400, "InvalidPart")
    assert refused(s3.get_object, Bucket=upload["Bucket"], Key="big") == (404, "NoSuchKey")


def test_parts_out_of_order_at_the_end_are_refused(s3: Any, upload: dict[str, str]) -> None:
    parts = [_part(s3, upload, number, bytes(PART_BYTES)) for number in (1, 2)]
    wrong = {"Parts": parts[::-1]}
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=wrong) == (400, "InvalidPartOrder")


def test_a_part_that_is_too_small_and_not_the_last_is_refused(s3: Any, upload: dict[str, str]) -> None:
    parts = {"Parts": [_part(s3, upload, number, b"small") for number in (1, 2)]}
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == (400, "EntityTooSmall")


def test_an_aborted_upload_leaves_nothing(s3: Any, upload: dict[str, str]) -> None:
    part = _part(s3, upload, 1, b"1")
    s3.abort_multipart_upload(**upload)
    parts = {"Parts": [part]}
    assert refused(s3.list_parts, **upload) == (404, "NoSuchUpload")
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == (404, "NoSuchUpload")
    assert s3.list_multipart_uploads(Bucket=upload["Bucket"]).get("Uploads", []) == []
    assert keys(s3.list_objects_v2(Bucket=upload["Bucket"])) == []


def test_completing_an_upload_can_be_conditional(s3: Any, upload: dict[str, str]) -> None:
    parts = {"Parts": [_part(s3, upload, 1, b"late")]}
    s3.put_object(Bucket=upload["Bucket"], Key="big", Body=b"first")
    answer = refused(s3.complete_multipart_upload, **upload, MultipartUpload=parts, IfNoneMatch="*")
    assert answer == (412, "PreconditionFailed")
    assert body(s3, upload["Bucket"], "big") == b"first"


def test_a_copy_has_the_bytes_and_the_metadata(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="from a+b", Body=b"1", Metadata={"number": "7"}, ContentType="application/pdf")
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from a+b"})
    answer = s3.get_object(Bucket=bucket, Key="to")
    assert (answer["Body"].read(), answer["Metadata"], answer["ContentType"]) == (
        b"1",
        {"number": "7"},
        "application/pdf",
    )
    assert copied["CopyObjectResult"]["ETag"] == md5(b"1")


def test_a_copy_can_be_of_a_version_with_other_metadata(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="from", Body=b"1", Metadata={"number": "7"})["VersionId"]
    s3.put_object(Bucket=versioned, Key="from", Body=b"2")
    source = {"Bucket": versioned, "Key": "from", "VersionId": version}
    s3.copy_object(Bucket=versioned, Key="to", CopySource=source, MetadataDirective="REPLACE", Metadata={"number": "8"})
    answer = s3.get_object(Bucket=versioned, Key="to")
    assert (answer["Body"].read(), answer["Metadata"]) == (b"1", {"number": "8"})


# Signatures -----------------------------------------------------------------------------------------------------------


def _http(method: str, url: str, content: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=content, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def _presigned(s3: Any, bucket: str, operation: str, key: str, seconds: int = 60) -> str:
    return s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds)


def test_presigned_links_put_and_get(s3: Any, bucket: str) -> None:
    key = "surat izin/é+.pdf"
    assert _http("PUT", _presigned(s3, bucket, "put_object", key), b"content")[0] == 200
    assert _http("GET", _presigned(s3, bucket, "get_object", key)) == (200, b"content")


def test_a_presigned_link_that_was_changed_is_refused(s3: Any, bucket: str) -> None:
    for key in ("k", "l"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"secret")
    link = _presigned(s3, bucket, "get_object", "k")
    forged = link[:-1] + ("0" if link[-1] != "0" else "1")
    for changed in (forged, link.replace("/k?", "/l?"), link.replace("X-Amz-Expires=60", "X-Amz-Expires=600")):
        status, answer = _http("GET", changed)
        assert (status, b"<Code>SignatureDoesNotMatch</Code>" in answer) == (403, True), changed
    assert _http("PUT", link, b"other")[0] == 403
    assert body(s3, bucket, "k") == b"secret"


def test_a_presigned_link_ends(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
    link = _presigned(s3, bucket, "get_object", "k", seconds=1)
    status, answer = wait_until(lambda: _unless_ok(_http("GET", link)), 10, "the link does not end")
    assert (status, b"<Code>AccessDenied</Code>" in answer) == (403, True)


def _unless_ok(answer: tuple[int, bytes]) -> tuple[int, bytes] | None:
    return None if answer[0] == 200 else answer


def test_a_wrong_secret_or_unknown_key_is_refused(server: Server, bucket: str) -> None:
    wrong = server.client("s3", aws_secret_access_key="another")
    assert refused(wrong.get_object, Bucket=bucket, Key="k") == (403, "SignatureDoesNotMatch")
    unknown = server.client("s3", aws_access_key_id="AKIAUNKNOWN000000000")
    assert refused(unknown.put_object, Bucket=bucket, Key="k", Body=b"1") == (403, "InvalidAccessKeyId")


# Lists ----------------------------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages_in_the_order_of_bytes(s3: Any, bucket: str) -> None:
    wanted = sorted([f"a/{number}" for number in range(7)] + ["B", "b", "a", "a-", "é"], key=str.encode)
    for key in reversed(wanted):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    got, token = [], None
    for left in (12, 7, 2):
        page = s3.list_objects_v2(Bucket=bucket, MaxKeys=5, **({"ContinuationToken": token} if token else {}))
        assert page["KeyCount"] == min(left, 5)
        got += keys(page)
        token = page.get("NextContinuationToken")
        assert page["IsTruncated"] is (left > 5) is (token is not None)
    assert got == wanted
    assert keys(s3.list_objects_v2(Bucket=bucket, StartAfter="a/3", Prefix="a/")) == ["a/4", "a/5", "a/6"]


def test_a_delimiter_gathers_folders_and_each_counts_as_one(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b/1", "b/c/1", "d", "e/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    seen, token = [], None
    for _ in range(4):
        page = s3.list_objects_v2(
            Bucket=bucket, Delimiter="/", MaxKeys=1, **({"ContinuationToken": token} if token else {})
        )
        seen += keys(page) + [one["Prefix"] for one in page.get("CommonPrefixes", [])]
        token = page.get("NextContinuationToken")
    assert (seen, token) == (["a/", "b/", "d", "e/"], None)
    under = s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="b/")
    assert (keys(under), under["CommonPrefixes"]) == (["b/1"], [{"Prefix": "b/c/"}])


def test_a_key_may_be_the_folder_of_another(s3: Any, bucket: str) -> None:
    for key in ("a", "a/b", "a/"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert [body(s3, bucket, key) for key in ("a", "a/b", "a/")] == [b"a", b"a/b", b"a/"]
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["a", "a/", "a/b"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_odd_key_is_kept_as_it_is(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    assert body(s3, bucket, key) == b"1"
    assert keys(s3.list_objects_v2(Bucket=bucket)) == [key]
    assert keys(s3.list_objects_v2(Bucket=bucket, EncodingType="url", Prefix=key))
    s3.delete_object(Bucket=bucket, Key=key)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == []


def test_a_backslash_is_no_slash(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a\\b", Body=b"1")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["a\\b"]


def test_a_key_has_at_most_1024_bytes(s3: Any, bucket: str) -> None:
    longest = "é" * 512
    s3.put_object(Bucket=bucket, Key=longest, Body=b"1")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == [longest]
    assert refused(s3.put_object, Bucket=bucket, Key=longest + "x", Body=b"1") == (400, "KeyTooLongError")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == [longest]


def test_many_objects_are_deleted_in_one_request(s3: Any, bucket: str) -> None:
    for key in ("a b", "c", "d"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    asked = {"Objects": [{"Key": "a b"}, {"Key": "c"}, {"Key": "never was"}]}
    answer = s3.delete_objects(Bucket=bucket, Delete=asked)
    assert (sorted(one["Key"] for one in answer["Deleted"]), "Errors" in answer) == (["a b", "c", "never was"], False)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["d"]
