"""What the tests of the tools share: the tools themselves, and documents that are as they should be."""

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
from foreign_server import Server

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / folder) for folder in ("corpus", "validate", "bench")]

LINK = "HTTP://127.0.0.1:9000/V/1ABCDEFGHIJKLMNOPQRSTUVWXYZ/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"
PREFIX = "http://127.0.0.1:9000/v/"


def run(script: str, *arguments: object, status: int = 0) -> dict | list:
    """Runs a tool as others do, as a process, and gives what it printed."""
    command = [sys.executable, str(TESTS / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status, f"{script}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The whole corpus."""
    out = tmp_path_factory.mktemp("corpus")
    run("corpus/make.py", out)
    return out


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that holds nothing but what tests put there, each under names of its own."""
    running = Server(tmp_path_factory.mktemp("ministack"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The PEM files of an official and a seal."""
    out = tmp_path_factory.mktemp("keys")
    subprocess.run([sys.executable, TESTS / "corpus/pki.py", out], check=True)
    return out


@pytest.fixture(scope="session")
def signers(keys: pathlib.Path) -> tuple:
    """The official and the seal, as pyHanko's signers."""
    from peer import load_signer

    return tuple(load_signer(keys / f"{n}.key.pem", keys / f"{n}.chain.pem", keep_key=True) for n in ("pejabat", "segel"))


@pytest.fixture(scope="session")
def stages(signers: tuple) -> dict[str, bytes]:
    """A permit as `unsigned`, `signed` by the official, and `final` with the seal."""
    import sample
    from peer import sign, stamp

    official, seal = signers
    signed = sign(sample.make(), official)
    return {"unsigned": sample.make(), "signed": signed, "final": stamp(signed, seal, LINK)}
