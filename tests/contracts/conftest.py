"""Each test runs once for each target that its module names; a server starts at its first use and stops at the end."""

import contextlib
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from differences import DIFFERENCES
from servers import STARTERS, Server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that asks for `server` against each of its module's `TARGETS`."""
    if "server" not in metafunc.fixturenames:
        return
    name = metafunc.function.__name__
    targets = []
    for target in metafunc.module.TARGETS:
        difference = DIFFERENCES.get((target, name))
        marks = []
        if difference:
            reason = f"{target}: {difference.reason} ({difference.source})"
            marks.append(pytest.mark.xfail(reason=reason, strict=difference.always))
        targets.append(pytest.param(target, marks=marks, id=target))
    metafunc.parametrize("server", targets, indirect=True, scope="session")


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Gives a target's server, the same for the whole run."""
    with contextlib.ExitStack() as running:
        started: dict[str, Server] = {}

        def get(name: str) -> Server:
            if name not in started:
                folder: pathlib.Path = tmp_path_factory.mktemp(name) / "server"
                started[name] = running.enter_context(STARTERS[name](folder))
            return started[name]

        yield get


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, start: Callable[[str], Server]) -> Server:
    """The target's server."""
    return start(request.param)


@pytest.fixture
def name() -> str:
    """A name that nobody else uses: lower case, fit for buckets, tables and queues."""
    return f"contract-{uuid.uuid4().hex}"


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[int, str]:
    """The status and code with which the server refuses the call. Fails when it does not."""
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    response = failure.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
