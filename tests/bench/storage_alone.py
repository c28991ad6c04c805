"""What a step's storage requests cost by themselves: sent one after another by a client that does nothing else.

The requests are signed beforehand and go over one kept connection, so that only the storage and the socket are
measured. A function that is faster than this sends requests side by side.
"""

import http.client
import json
import time
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from stack import REGION, Storage

# Each step's requests: reads of a row, reads of the file, writes of the file, and the rows of each transaction.
_REQUESTS = {
    "detect": (1, 0, 0, (4,)),
    "import": (2, 1, 1, (2,)),
    "sign": (1, 1, 1, (2, 2)),
    "stamp": (1, 1, 1, (5,)),
    "verify": (1, 0, 0, ()),
}
# About the size of a document's row.
_ROW_BYTES = 1000


class StorageAlone:
    """Sends steps' requests to a side's storage, below a tenant that nothing else uses."""

    def __init__(self, connection: Mapping[str, str], storage: Storage) -> None:
        """Connects once, as a warm function has."""
        self._storage = storage
        self._endpoint = connection["AWS_ENDPOINT_URL"]
        key_id, secret = connection["AWS_ACCESS_KEY_ID"], connection["AWS_SECRET_ACCESS_KEY"]
        self._signer = SigV4Auth(Credentials(key_id, secret), "dynamodb", REGION)
        self._s3 = boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
        )
        self._http = http.client.HTTPConnection(urlsplit(self._endpoint).netloc)

    def step_ms(self, step: str, file: bytes, repeats: int) -> list[float]:
        """Milliseconds of all requests of `step` on a file like `file`, `repeats` times."""
        return [sum(send() for send in self._requests(step, file)) * 1000 for _ in range(repeats)]

    def _requests(self, step: str, file: bytes) -> list[Callable[[], float]]:
        reads, gets, puts, transactions = _REQUESTS[step]
        key = f"alone/{uuid.uuid4()}.pdf"
        sends = [self._read()] * reads
        if gets:
            self._s3.put_object(Bucket=self._storage.vault, Key=key, Body=file)
            sends += [self._object("get_object", key, b"")] * gets
        sends += [self._object("put_object", f"{key}.{number}", file) for number in range(puts)]
        return sends + [self._transaction(rows) for rows in transactions]

    def _object(self, operation: str, key: str, body: bytes) -> Callable[[], float]:
        parameters = {"Bucket": self._storage.vault, "Key": key}
        url = urlsplit(self._s3.generate_presigned_url(operation, Params=parameters))
        method = "PUT" if operation == "put_object" else "GET"
        return lambda: self._send(method, f"{url.path}?{url.query}", body, {})

    def _read(self) -> Callable[[], float]:
        key = {"pk": {"S": "alone#absent"}, "sk": {"S": "state"}}
        return self._row_request("GetItem", {"TableName": self._storage.table, "Key": key, "ConsistentRead": True})

    def _transaction(self, rows: int) -> Callable[[], float]:
        pk = {"S": f"alone#{uuid.uuid4()}"}
        items = [{"pk": pk, "sk": {"S": str(number)}, "data": {"S": "x" * _ROW_BYTES}} for number in range(rows)]
        put = {"TableName": self._storage.table, "ConditionExpression": "attribute_not_exists(pk)"}
        writes = [{"Put": put | {"Item": item}} for item in items]
        return self._row_request("TransactWriteItems", {"TransactItems": writes})

    def _row_request(self, operation: str, content: Mapping[str, object]) -> Callable[[], float]:
        body = json.dumps(content).encode()
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        request = AWSRequest("POST", f"{self._endpoint}/", headers=headers, data=body)
        self._signer.add_auth(request)
        return lambda: self._send("POST", "/", body, dict(request.headers))

    def _send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> float:
        begun = time.perf_counter()
        self._http.request(method, target, body, headers)
        response = self._http.getresponse()
        answer = response.read()
        took = time.perf_counter() - begun
        if response.status != 200:
            raise RuntimeError(f"{method} {urlsplit(target).path}: {response.status} {answer[:200]!r}")
        return took
