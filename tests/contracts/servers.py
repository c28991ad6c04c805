"""Starts servers of AWS interfaces on free loopback ports, in temporary folders, and stops them.

    with embedded(folder) as server:
        server.client("s3").list_buckets()

Each context manager gives a `Server` that answers, or raises `DidNotStart` with the end of the server's log.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = "ap-southeast-3"
START_DEADLINE_S = 45.0
# What a server wrote is thrown away, so that none is given long to save it.
STOP_DEADLINE_S = 2.0
POLL_S = 0.05
PROGRAMS = pathlib.Path(sys.executable).parent
T = TypeVar("T")
# One for all: each session reads the descriptions of the services anew.
SESSION = boto3.session.Session()


class DidNotStart(Exception):
    """A server ended, or did not answer in time."""


@dataclass(frozen=True)
class Server:
    """How to reach a server that answers."""

    name: str
    endpoint: str
    access_key_id: str
    secret_access_key: str
    region: str = REGION
    # Where the server keeps its files, and its log `log`.
    folder: pathlib.Path = pathlib.Path()
    # The variables that the server itself printed for clients; empty where it prints none.
    printed: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str, **other: Any) -> Any:
        """A client of one AWS service. `other` replaces arguments of `boto3.client`."""
        # No retries: the first answer is the one under test.
        config = Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4" if service == "s3" else None,
            retries={"total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=32,
        )
        arguments = {
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "config": config,
        }
        return SESSION.client(service, **{**arguments, **other})


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on. All are held until all are found, so that they differ."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_until(condition: Callable[[], T], deadline_s: float, what: str) -> T:
    """The first true value of `condition`, which is asked again and again; `TimeoutError` after the deadline."""
    ends = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends:
            raise TimeoutError(f"after {deadline_s} s: {what}")
        time.sleep(POLL_S)


def answers(url: str) -> bool:
    """Whether anything HTTP is said at `url`."""
    try:
        urllib3.request("GET", url, timeout=2, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return True


@contextlib.contextmanager
def process(
    command: list[object], folder: pathlib.Path, ready: Callable[[], bool], variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Runs a server with its output in `folder/log`. Its environment is `variables` and what a program must have."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), **(variables or {})}
    with log.open("wb") as output:
        # A session of its own, so that stopping it also stops what it started.
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        try:
            wait_until(lambda: child.poll() is not None or ready(), START_DEADLINE_S, f"{command[0]} does not answer")
        except TimeoutError as error:
            raise DidNotStart(f"{error}\n{_end_of(log)}") from error
        if child.poll() is not None:
            raise DidNotStart(f"{command[0]} ended with {child.returncode}\n{_end_of(log)}")
        yield
    finally:
        _stop(child)


@contextlib.contextmanager
def embedded(folder: pathlib.Path, variables: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`absah up`: the engine of crates/embedded, with the functions behind it."""
    binary = _absah()
    log = folder / "log"

    def printed() -> dict[str, str]:
        return dict(re.findall(r"^export (\w+)=(\S+)$", log.read_text(), re.MULTILINE))

    def ready() -> bool:
        # The sentence after the lines is printed when everything is set up.
        return "\nSiap." in log.read_text() and answers(printed()["AWS_ENDPOINT_URL"])

    command = [binary, "up", "--listen", "127.0.0.1:0", "--data", folder / "data"]
    with process(command, folder, ready, variables):
        lines = printed()
        yield Server(
            "embedded",
            lines["AWS_ENDPOINT_URL"],
            lines["AWS_ACCESS_KEY_ID"],
            lines["AWS_SECRET_ACCESS_KEY"],
            lines["AWS_REGION"],
            folder,
            lines,
        )


@contextlib.contextmanager
def ministack(folder: pathlib.Path) -> Iterator[Server]:
    """MiniStack, in memory, which checks signatures."""
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    variables = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        # Listeners beside the gateway that no test needs.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "IOT_MTLS_PORT": "0",
    }
    with process([PROGRAMS / "ministack"], folder, lambda: answers(f"{endpoint}/_ministack/health"), variables):
        yield Server("ministack", endpoint, "test", "test", folder=folder)


@contextlib.contextmanager
def seaweedfs(folder: pathlib.Path) -> Iterator[Server]:
    """SeaweedFS with its S3 gateway; master, volume server and filer are in the same process."""
    access_key_id, secret_access_key = "contracts", "contracts-secret"
    identity = {
        "name": "contracts",
        "credentials": [{"accessKey": access_key_id, "secretKey": secret_access_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    data = folder / "data"
    data.mkdir(parents=True)
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    parts = ("master", "volume", "filer", "s3")
    ports = free_ports(2 * len(parts))
    places = [f"-{part}.{kind}={ports.pop()}" for part in parts for kind in ("port", "port.grpc")]
    port = next(place.split("=")[1] for place in places if place.startswith("-s3.port="))
    endpoint = f"http://127.0.0.1:{port}"
    command = [
        PROGRAMS / "weed",
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={data}",
        *places,
        "-s3",
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        # Small volumes, and one for each bucket: by default a bucket begins with seven.
        "-master.volumeSizeLimitMB=64",
        "-volume.max=2000",
        "-master.volumePreallocate=false",
        f"-filer.localSocket={folder / 'filer.sock'}",
    ]
    server = Server("seaweedfs", endpoint, access_key_id, secret_access_key, folder=folder)

    def ready() -> bool:
        """The S3 port answers before a volume can be written; a first object says that all parts found each other."""
        if not answers(endpoint):
            return False
        s3 = server.client("s3")
        try:
            if not s3.list_buckets()["Buckets"]:
                s3.create_bucket(Bucket="ready")
            s3.put_object(Bucket="ready", Key="ready", Body=b"ready")
        except (BotoCoreError, ClientError):
            return False
        return True

    with process(command, folder, ready, {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}):
        yield server


@dataclass(frozen=True)
class Webhook:
    """Where a gateway reports, and its token: one word, before which MinIO's code writes `Bearer`."""

    endpoint: str
    token: str


#: Name and password of the gateway's one user, which are also its keys.
GATEWAY_USER = ("contracts", "contracts-secret")


@contextlib.contextmanager
def juicefs_gateway(folder: pathlib.Path, webhook: Webhook, port: int | None = None) -> Iterator[Server]:
    """JuiceFS's S3 gateway, MinIO's server code, on SQLite and a folder. It reports to `webhook` as `ABSAH`."""
    user, password = GATEWAY_USER
    folder.mkdir(parents=True)
    meta = f"sqlite3://{folder / 'meta.db'}"
    storage = folder / "storage"
    own, metrics = free_ports(2)
    port = port or own
    endpoint = f"http://127.0.0.1:{port}"
    juicefs = PROGRAMS / "juicefs"
    make = [juicefs, "format", "--storage", "file", "--bucket", f"{storage}/", meta, "contracts"]
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    subprocess.run(make, check=True, capture_output=True, timeout=START_DEADLINE_S, env=environment)
    variables = {
        "MINIO_ROOT_USER": user,
        "MINIO_ROOT_PASSWORD": password,
        "MINIO_NOTIFY_WEBHOOK_ENABLE_ABSAH": "on",
        "MINIO_NOTIFY_WEBHOOK_ENDPOINT_ABSAH": webhook.endpoint,
        "MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_ABSAH": webhook.token,
    }
    command = [
        juicefs,
        "gateway",
        "--multi-buckets",
        "--keep-etag",
        "--object-meta",
        "--no-usage-report",
        "--metrics",
        f"127.0.0.1:{metrics}",
        "--cache-dir",
        folder / "cache",
        meta,
        f"127.0.0.1:{port}",
    ]

    def ready() -> bool:
        """The port answers before the webhook is known."""
        log = (folder / "log").read_text(errors="replace")
        known = "arn:minio:sqs::ABSAH:webhook" in log and "IAM initialization complete" in log
        return known and answers(f"{endpoint}/minio/health/ready")

    with process(command, folder, ready, variables):
        yield Server("juicefs", endpoint, user, password, region="us-east-1", folder=folder)


STARTERS: dict[str, Callable[[pathlib.Path], contextlib.AbstractContextManager[Server]]] = {
    "embedded": embedded,
    "ministack": ministack,
    "seaweedfs": seaweedfs,
}


def _absah() -> pathlib.Path:
    binary = pathlib.Path(os.environ.get("ABSAH_BIN") or "ABSAH_BIN is not set")
    if not binary.is_file():
        raise DidNotStart(f"{binary}: set ABSAH_BIN to the program `absah`")
    return binary.resolve()


def _end_of(log: pathlib.Path) -> str:
    return log.read_text(errors="replace")[-4000:]


def _stop(child: subprocess.Popen[bytes]) -> None:
    for what in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, what)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_DEADLINE_S)
