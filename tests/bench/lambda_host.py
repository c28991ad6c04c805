"""Lambda's side of a function: the Runtime API over HTTP, and the process that asks it for work.

The API is the part that AWS documents for custom runtimes (version 2018-06-01): `invocation/next`,
`invocation/{id}/response`, `invocation/{id}/error` and `init/error`. Times are seconds of `time.perf_counter`, taken at
the socket: from the moment an event is handed out until its answer has been read.
"""

import json
import os
import pathlib
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

_PREFIX = "/2018-06-01/runtime"
# Longer than any step takes, short enough that a hanging one is noticed.
_LIMIT_S = 60.0

T = TypeVar("T")


class FunctionFailed(Exception):
    """A function did not start, did not answer in time, or answered with an error."""


@dataclass(frozen=True)
class Answer:
    """What one invocation came to, and how long it took."""

    body: Any
    began: float
    ended: float


class RuntimeApi(ThreadingHTTPServer):
    """Serves one function process, on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[Answer | str] = queue.SimpleQueue()
        self.handed_out = 0.0
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A process that is stopped breaks its connection; what matters of that is what `invoke` gets to see."""

    @property
    def address(self) -> str:
        """HOST:PORT, as AWS_LAMBDA_RUNTIME_API wants it."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Each response goes out in one piece and at once.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: RuntimeApi

    def do_GET(self) -> None:
        """Hands out the next event, when there is one."""
        if self.path != f"{_PREFIX}/invocation/next":
            return self._reply(404, b"{}", {})
        self.server.asked.put(time.perf_counter())
        event = self.server.events.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _LIMIT_S) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:ap-southeast-3:000000000000:function:bench",
        }
        self.server.handed_out = time.perf_counter()
        return self._reply(200, event, headers)

    def do_POST(self) -> None:
        """Takes an answer, or the report of a failure."""
        body = self._body()
        ended = time.perf_counter()
        kind = self.path.rsplit("/", 1)[-1]
        if kind == "response":
            self.server.answers.put(Answer(json.loads(body), self.server.handed_out, ended))
        else:
            self.server.answers.put(f"{self.path}: {body.decode(errors='replace')}")
        self._reply(202, b'{"status":"OK"}', {})

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class FunctionProcess:
    """One execution environment: a process that was started just now, and its Runtime API. Use it in a `with`."""

    def __init__(self, command: Sequence[str | pathlib.Path], settings: Mapping[str, str], log: pathlib.Path) -> None:
        """Starts `command` with `settings` as its environment and its output in `log`."""
        self._api = RuntimeApi()
        self._log = log
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        }
        with log.open("wb") as output:
            self.started = time.perf_counter()
            self._process = subprocess.Popen(
                command, env=environment | dict(settings), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def __enter__(self) -> "FunctionProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._api.shutdown()
        self._api.server_close()

    def ready_s(self) -> float:
        """Seconds from the start of the process to its first request for work. Waits for it; call it once, first."""
        return self._wait(self._api.asked) - self.started

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Hands out `event` and waits for the answer."""
        self._api.events.put(json.dumps(event).encode())
        answer = self._wait(self._api.answers)
        if isinstance(answer, str):
            raise FunctionFailed(f"{answer}\n{self.log_tail()}")
        return answer

    def peak_memory_bytes(self) -> int:
        """The most memory that the process has had resident (VmHWM)."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024

    def log_tail(self) -> str:
        """The end of what the process has written."""
        return self._log.read_bytes()[-2000:].decode(errors="replace")

    def _wait(self, arrivals: "queue.SimpleQueue[T]") -> T:
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline:
            try:
                return arrivals.get(timeout=0.5)
            except queue.Empty:
                if self._process.poll() is not None:
                    raise FunctionFailed(f"exit status {self._process.returncode}\n{self.log_tail()}") from None
        raise FunctionFailed(f"no sign of life for {_LIMIT_S:.0f} s\n{self.log_tail()}")
