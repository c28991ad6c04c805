"""An office on a running `absah`: accounts that people sign in to, and permits that wait for them."""

import http.client
import json
import pathlib
import secrets
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from stack import REGION

TENANT = "contoh"
#: Who decides first on a permit.
EXAMINER = "examiner"
_PASSWORD = "Kemuning-Sore-2026!"
_ROUTE = {
    "name": "dua-tingkat",
    "version": 1,
    "steps": [
        {"name": "pemeriksa", "role": EXAMINER, "on_reject": "origin"},
        {"name": "kepala_dinas", "role": "head_of_office", "on_reject": "origin"},
    ],
}
_TYPES = {"version": 1, "document": {"default": {"route": _ROUTE["name"]}}}
#: How many clients set up what is measured.
_AT_ONCE = 4
_SETTLE_LIMIT_S = 600.0
_POLL_S = 0.2


class Client:
    """Somebody who keeps one connection."""

    def __init__(self, endpoint: str) -> None:
        """Connects at the first request."""
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Sends JSON to `<function>/<path>`: the status and the JSON of the answer. `_` in names of headers is `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        text = None if body is None else json.dumps(body)
        if text is not None:
            named["content-type"] = "application/json"
        self._connection.request(method, f"/lambda-url/{path}", text, named)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None

    def must(self, expected: int, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The same where only one status will do."""
        status, answer = self.send(method, path, body, **headers)
        if status != expected:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer


class Office:
    """The office `TENANT`, its accounts and its storage."""

    def __init__(self, absah: pathlib.Path, data: pathlib.Path, connection: Mapping[str, str]) -> None:
        """Makes the administrator."""
        self.endpoint = connection["AWS_ENDPOINT_URL"]
        keys = {
            "endpoint_url": self.endpoint,
            "aws_access_key_id": connection["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": connection["AWS_SECRET_ACCESS_KEY"],
            "region_name": REGION,
        }
        self._s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}, max_pool_connections=16), **keys)
        self._sqs = boto3.client("sqs", **keys)
        self._own = threading.local()
        command = [absah, "admin", "create", TENANT, "--username", "pengelola", "--email", "pengelola@contoh.example"]
        made = subprocess.run(
            [*command, "--data", data], env=dict(connection), check=True, capture_output=True, text=True
        )
        self._begin("pengelola", made.stdout.strip())
        self._administrator = f"Bearer {self.sign_in('pengelola')}"

    @property
    def client(self) -> Client:
        """The client of the thread that asks."""
        if not hasattr(self._own, "client"):
            self._own.client = Client(self.endpoint)
        return self._own.client

    def sign_in(self, username: str) -> str:
        """Signs in with the right password: the access token."""
        return self.client.must(200, "POST", "session/auth/login", credentials(username))["access_token"]

    def add_people(self, usernames: Iterable[str]) -> None:
        """Makes examiners with an e-mail address, who have chosen their password."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._add_person, usernames))

    def configure(self) -> None:
        """Permits take two decisions from now on, so that the first one does not have them signed, too."""
        for key, value in ((f"routes/{_ROUTE['name']}/1.json", _ROUTE), ("item-types.json", _TYPES)):
            self._s3.put_object(Bucket="config", Key=f"{TENANT}/{key}", Body=json.dumps(value).encode())
            self.settle()

    def drop_permits(self, pdf: bytes, count: int) -> None:
        """Uploads copies of a permit, and waits until all of them have gone as far as they can alone."""

        def put(number: int) -> None:
            key = f"{TENANT}/loket/izin-{number:05}.pdf"
            self._s3.put_object(Bucket="inbox", Key=key, Body=pdf, ContentType="application/pdf")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(put, range(count)))
        self.settle()

    def settle(self) -> None:
        """Waits until no queue holds anything: what is measured next has the machine to itself."""
        ends = time.monotonic() + _SETTLE_LIMIT_S
        quiet = 0
        while quiet < 5:
            if time.monotonic() > ends:
                raise RuntimeError(f"after {_SETTLE_LIMIT_S:.0f} s queues still hold messages")
            time.sleep(_POLL_S)
            quiet = 0 if self._waiting() else quiet + 1

    def _waiting(self) -> int:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        waiting = 0
        for url in self._sqs.list_queues()["QueueUrls"]:
            found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
            waiting += sum(map(int, found.values()))
        return waiting

    def _add_person(self, username: str) -> None:
        person = {
            "username": username,
            "name": "Contoh Pemeriksa",
            "email": f"{username}@contoh.example",
            "roles": [EXAMINER],
        }
        headers = {"authorization": self._administrator, "idempotency_key": secrets.token_hex(16)}
        made = self.client.must(201, "POST", "users/users", person, **headers)
        self._begin(username, made["one_time_password"])

    def _begin(self, username: str, one_time_password: str) -> None:
        first = self.client.must(200, "POST", "session/auth/login", credentials(username, one_time_password))
        chosen = {"token": first["password_token"], "new_password": _PASSWORD}
        self.client.must(204, "POST", "session/auth/reset-password", chosen)


def credentials(username: str, password: str = _PASSWORD, tenant: str = TENANT) -> dict[str, str]:
    """What somebody signs in with."""
    return {"tenant": tenant, "username": username, "password": password}


def bearer(token: str) -> dict[str, str]:
    """The headers of a request in somebody's name that is not a repetition of another one."""
    return {"authorization": f"Bearer {token}", "idempotency_key": secrets.token_hex(16)}
