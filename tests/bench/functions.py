#!/usr/bin/env python3
"""Measures the function binaries as Lambda runs them, beside the same steps in Python: size, speed, memory.

Each binary is started against a Runtime API on this machine and works on real documents: batches of permits travel
from step to step. Storage is the engine of `absah up`, on disk, with a table and buckets of each side's own. The peer
(python_peer/) is boto3 and pyHanko with the same reads, writes and conditions; it neither surveys pages for the QR code
nor verifies what it has signed, as Absah does. No time is asserted; an invocation that fails or stores nothing ends
the run.
"""

import argparse
import base64
import json
import os
import pathlib
import platform
import signal
import statistics
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from stack import Engine, Storage
from storage_alone import StorageAlone
from tables import print_table
from travel import OFFICIAL, STEPS, TENANT, Batch, Measured, Side

_HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent.parent / "infra"))
from built import functions  # noqa: E402

_FUNCTIONS = functions()
_STARTS = 15
_PEER_MODULES = {"import": "import_permit"}
_LEGEND = """\
Durations in ms: median (90th percentile). Aims stand in the heads of their columns.
ready          from the start of the process to its first request for work
cold           ready, and the first invocation
warm           one more invocation of the same process, each with another document
storage alone  the step's requests sent in turn by a client that does nothing else
peak           most memory resident (VmHWM)
Starts: 15 (peer 5; with 12 MB 3). Warm invocations: 30 (with 12 MB 10).
"""
# What a folder of site-packages holds that nobody deploys.
_NOT_DEPLOYED = ("pip", "setuptools", "_distutils_hack", "distutils-precedence.pth")


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help="folder of absah and the functions")
    parser.add_argument("--inputs", type=pathlib.Path, required=True, help="folder that make_inputs.py has filled")
    arguments = parser.parse_args()
    binaries, inputs = arguments.binaries.resolve(), arguments.inputs.resolve()
    # So that the processes below are stopped and the folder goes, whoever ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="absah-functions-") as folder:
        work = pathlib.Path(folder)
        with Engine(binaries / "absah", work) as engine:
            connection = engine.connection()
            absah, peer = _absah(connection, binaries, inputs, work), _peer(connection, inputs)
            batches = {"3 KB": (inputs / "permit.pdf").read_bytes(), "12 MB": (inputs / "12-mb.pdf").read_bytes()}
            measured = _travel((absah, peer), batches, work / "function.log")
            alone = StorageAlone(connection, absah.storage)
            storage = {(name, step): alone.step_ms(step, pdf, 10) for name, pdf in batches.items() for step in STEPS}
            ready = {
                function: measured[absah.name, "3 KB", function].ready_ms
                if function in STEPS
                else _starts(absah, function, work / "function.log")
                for function in _FUNCTIONS
            }
        print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}.\n{_LEGEND}")
        _print_starts(ready, measured, binaries, work / "bootstrap.zip")
        print()
        _print_steps(measured, storage)
    print(f"\nTook {time.monotonic() - begun:.0f} s.")
    return 0


def _absah(connection: Mapping[str, str], binaries: pathlib.Path, inputs: pathlib.Path, work: pathlib.Path) -> Side:
    """The binaries, with the variables that template.yaml gives them."""
    storage = Storage(connection, "absah-bench")
    officials = work / "keys/officials" / TENANT
    officials.mkdir(parents=True)
    for name, target in ((OFFICIAL, officials / f"{OFFICIAL}.pem"), ("segel", work / "keys" / "seal.pem")):
        key, chain = (inputs / "keys" / f"{name}.{part}.pem" for part in ("key", "chain"))
        target.write_bytes(key.read_bytes() + chain.read_bytes())
    route = '{"name":"izin","version":1,"steps":[{"name":"kepala_dinas","role":"head_of_office","on_reject":"origin"}]}'
    settings = {
        **connection,
        "TABLE_NAME": storage.table,
        "INBOX_BUCKET": storage.inbox,
        "VAULT_BUCKET": storage.vault,
        "PUBLIC_URL": "https://absah.example",
        "TIME_ZONE": "Asia/Jakarta",
        "WEBHOOK_TOKEN": "rahasia-untuk-pengukuran",
        "TOKEN_PUBLIC_KEY": _public_key(),
        "OFFICIAL_KEYS_FOLDER": str(work / "keys/officials"),
        "SEAL_KEY_FILE": str(work / "keys" / "seal.pem"),
        "APPROVAL_ROUTE": route,
        "APPROVAL_ROLES": "head_of_office",
        "CONFIG_BUCKET": storage.inbox,
        **_identity_keys(work / "keys"),
        "EVENT_ROUTES": "{}",
        # Of a function that is only started: nobody asks it.
        "QUEUE_URLS": f"{connection['AWS_ENDPOINT_URL']}/000000000000/absah-detect",
        "LOG_LEVEL": "info",
    }
    return Side("absah", storage, lambda function: [binaries / function], settings)


def _peer(connection: Mapping[str, str], inputs: pathlib.Path) -> Side:
    """The same steps in Python, in the interpreter that runs this."""
    storage = Storage(connection, "python-bench")
    settings = {
        **connection,
        "TABLE_NAME": storage.table,
        "VAULT_BUCKET": storage.vault,
        "PUBLIC_URL": "https://absah.example",
        "KEYS_FOLDER": str(inputs / "keys"),
        "PYTHONPATH": str(_HERE),
    }
    bootstrap = _HERE / "python_peer" / "bootstrap.py"
    return Side("peer", storage, lambda step: [sys.executable, bootstrap, _PEER_MODULES.get(step, step)], settings)


def _identity_keys(folder: pathlib.Path) -> dict[str, str]:
    """Keys of tokens and of personal fields, and the variables that name them."""
    tokens, fields = folder / "tokens", folder / "fields.json"
    tokens.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tokens / "1.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    secret = base64.b64encode(bytes(32)).decode()
    fields.write_text(json.dumps({"active": "1", "keys": {"1": secret}, "lookup": secret}))
    return {"TOKEN_KEYS_FOLDER": str(tokens), "FIELD_KEYS_FILE": str(fields)}


def _public_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def _travel(
    sides: Sequence[Side], permits: Mapping[str, bytes], log: pathlib.Path
) -> dict[tuple[str, str, str], Measured]:
    """Everything that is measured with documents, by side, batch and step. The sides take turns at each step."""
    batches = []
    for name, pdf in permits.items():
        small = len(pdf) < 1_000_000
        for side in sides:
            # A start of the peer takes a second and varies little, and large files take long: fewer are enough.
            starts = 3 if not small else 5 if side.name == "peer" else _STARTS
            batches.append(Batch(side, name, pdf, starts, warm=30 if small else 10))
    return {(batch.side.name, batch.name, step): batch.run(step, log) for step in STEPS for batch in batches}


def _starts(side: Side, function: str, log: pathlib.Path) -> list[float]:
    """Milliseconds from the start to the first request for work, of processes that then get none."""
    milliseconds = []
    for _ in range(_STARTS):
        with side.start(function, log) as process:
            milliseconds.append(process.ready_s() * 1000)
    return milliseconds


def _print_starts(
    ready: Mapping[str, list[float]],
    measured: Mapping[tuple[str, str, str], Measured],
    binaries: pathlib.Path,
    scratch: pathlib.Path,
) -> None:
    rows = []
    for function in _FUNCTIONS:
        binary = binaries / function
        peer = measured.get(("peer", "3 KB", function))
        compared = [_spread(peer.ready_ms), _ratio(peer.ready_ms, ready[function])] if peer else ["-", "-"]
        sizes = [_megabytes(binary.stat().st_size), _megabytes(_zip_bytes([(binary, "bootstrap")], scratch))]
        rows.append([function, *sizes, _spread(ready[function]), *compared])
    packages = _deployed_files(pathlib.Path(sysconfig.get_path("platlib")))
    sizes = [_megabytes(sum(path.stat().st_size for path, _ in packages)), _megabytes(_zip_bytes(packages, scratch))]
    rows.append(["(the peer's packages)", *sizes, "-", "-", "-"])
    print_table(["function", "MB", "zip MB (<15)", "ready (<50)", "peer ready", "ratio"], rows)


def _print_steps(
    measured: Mapping[tuple[str, str, str], Measured], storage: Mapping[tuple[str, str], list[float]]
) -> None:
    rows = []
    for (batch, step), alone in storage.items():
        ours, peers = measured["absah", batch, step], measured["peer", batch, step]
        cold = [_spread(ours.cold_ms), _spread(peers.cold_ms), _ratio(peers.cold_ms, ours.cold_ms)]
        warm = [_spread(ours.warm_ms), _spread(peers.warm_ms), _ratio(peers.warm_ms, ours.warm_ms)]
        memory = [_megabytes(ours.peak_bytes), _megabytes(peers.peak_bytes)]
        rows.append([batch, step, *cold, *warm, _spread(alone), *memory])
    compared = ["cold", "peer", "ratio (>10)", "warm", "peer", "ratio (>20)"]
    header = ["permit", "step", *compared, "storage alone", "peak MB", "peer"]
    print_table(header, rows)


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    p90 = ordered[round(0.9 * (len(ordered) - 1))]
    return f"{statistics.median(ordered):.1f} ({p90:.1f})"


def _ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    return f"{statistics.median(slow) / statistics.median(fast):.1f}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _deployed_files(site_packages: pathlib.Path) -> list[tuple[pathlib.Path, str]]:
    """All files of the peer's packages and their names in a zip: compiled modules too, as its starts were measured."""
    files = ((path, path.relative_to(site_packages)) for path in site_packages.rglob("*") if path.is_file())
    return [(path, str(name)) for path, name in files if not name.parts[0].startswith(_NOT_DEPLOYED)]


def _zip_bytes(files: Iterable[tuple[pathlib.Path, str]], scratch: pathlib.Path) -> int:
    """The size of a zip of `files`, at the level that zip and cargo-lambda use."""
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, name in files:
            archive.write(path, name)
    return scratch.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
