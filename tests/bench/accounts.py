#!/usr/bin/env python3
"""Measures signing in, deciding and listing over HTTP, and whether time tells which accounts there are.

`absah up` runs on this machine beside the clients, on disk and with limits of requests that nobody reaches. The peer of
signing in is argon2id alone (argon2-cffi, the C reference) with the parameters of Absah, at most as many at once as
Absah computes. No time is asserted; an answer other than the expected one ends the run.
"""

import argparse
import functools
import os
import pathlib
import platform
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

from argon2.low_level import Type, hash_secret
from load import Difference, Load, difference, run, timed
from office import TENANT, Office, bearer, credentials
from stack import Engine
from tables import print_table

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_NOBODY_REACHES = dict.fromkeys(("auth", "read", "write", "tenant"), 10_000_000)
#: The parameters of functions/identity/src/hashing.rs.
_ARGON2 = {"time_cost": 2, "memory_cost": 19_456, "parallelism": 1, "hash_len": 32, "type": Type.ID}
_HASHES_AT_ONCE = 4
_PEOPLE = 100
#: Tries per name: one more wrong password and the door is locked, one more letter and none is sent.
_TRIES = 3
#: Clients, and how often each signs in, in each of so many rounds.
_SIGN_INS = {1: 40, 4: 20, 32: 5}
_ROUNDS = 3
_PENDING = 1_000
_DECIDING, _DECISIONS = 32, 20
#: An answer that comes so much later than it was asked for counts as none.
_LOOKS = 1_000
#: Below these p values, a difference is not put down to chance, or only another run can tell.
_SIGNIFICANT, _IN_DOUBT = 0.01, 0.05
_LEGEND = """\
Durations in ms. Clients are threads of this process, each with a connection of its own; where processors are few they
take some of what they measure. The share of argon2id is the sign-ins per second by its hashes per second.
Right guesses: how often the later of two answers, one of each kind, is of the kind that takes longer; 50% is chance.
"""


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the program absah")
    absah = parser.parse_args().binary.resolve()
    # So that the process below is stopped and the folder goes, whoever ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    begun = time.monotonic()
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}, Python {platform.python_version()}.")
    print(_LEGEND)
    with tempfile.TemporaryDirectory(prefix="absah-accounts-") as folder:
        work = pathlib.Path(folder)
        with Engine(absah, work, _NOBODY_REACHES) as engine:
            office = Office(absah, work / "data", engine.connection())
            # Those that exist and those that do not are spelled alike.
            people = [f"pegawai-{number:04}" for number in range(0, 2 * _PEOPLE, 2)]
            office.add_people(people)
            office.configure()
            _sign_in(office, people)
            _guess(office, people)
            permit = (_ROOT / "events/samples/permit.pdf").read_bytes()
            waited = timed(lambda: office.drop_permits(permit, _PENDING))
            print(f"\n{_PENDING} permits were taken in in {waited / 1000:.0f} s.")
            tokens = [office.sign_in(person) for person in people[:_DECIDING]]
            _decide(office, tokens, _list(office, tokens[0]))
    print(f"\nTook {time.monotonic() - begun:.0f} s.")
    return 0


def _sign_in(office: Office, people: Sequence[str]) -> None:
    """Signing in beside argon2id alone, which take turns."""

    def hash_one(client: int, turn: int) -> None:
        hash_secret(b"Kemuning-Sore-2026!", f"{client:08}{turn:08}".encode(), **_ARGON2)

    rows = []
    for clients, times in _SIGN_INS.items():
        ours, alone = Load(), Load()
        at_once = min(clients, _HASHES_AT_ONCE)
        for _ in range(_ROUNDS):
            office.settle()
            ours += run(clients, times, lambda client, _: office.sign_in(people[client]))
            office.settle()
            alone += run(at_once, clients * times // at_once, hash_one)
        share = ours.per_second / alone.per_second
        hashing = [f"{alone.quantile(0.5):.1f}", f"{alone.per_second:.1f}"]
        rows.append([str(clients), *_spread(ours), str(at_once), *hashing, f"{share:.0%}"])
    print("Signing in, each client with an account of its own, beside argon2id alone")
    header = ["clients", "p50", "p99", "per second", "argon2id at once", "p50", "per second", "its share (>50%)"]
    print_table(header, rows)


def _guess(office: Office, people: Sequence[str]) -> None:
    """Whether an answer's time tells that a name is known. One client, in an order that knows nothing of the names."""
    strangers = [f"pegawai-{number:04}" for number in range(1, 2 * len(people), 2)]
    foreign = {"tenant": "tidak-ada"}
    asked: dict[str, Callable[[dict[str, str]], None]] = {
        "sign-in, wrong password": lambda who: office.client.must(
            401, "POST", "session/auth/login", {**credentials("-", "Salah-Sekali-2026!"), **who}
        ),
        "forgot-password": lambda who: office.client.must(
            202, "POST", "session/auth/forgot-password", {"tenant": TENANT, **who}
        ),
    }
    rows = []
    for name, ask in asked.items():
        groups = {
            "known": [{"username": person} for person in people],
            "unknown": [{"username": stranger} for stranger in strangers],
            "unknown office": [{"username": person} | foreign for person in people],
        }
        tries = [(group, who) for group, everybody in groups.items() for who in everybody * _TRIES]
        random.Random(2026).shuffle(tries)
        office.settle()
        measured: dict[str, list[float]] = {group: [] for group in groups}
        for group, who in tries:
            measured[group].append(timed(functools.partial(ask, who)))
        known = Load(measured.pop("known"))
        for group, milliseconds in measured.items():
            found = difference(known.milliseconds, milliseconds)
            other = Load(milliseconds)
            medians = [f"{load.quantile(0.5):.2f}" for load in (known, other)]
            rows.append([name, group, str(len(milliseconds)), *medians, *_verdict(found)])
    print("\nGuessing by time whether an account exists: the time of a known name beside that of")
    print_table(
        ["asked", "compared with", "each", "known p50", "other p50", "p value", "right guesses", "verdict"], rows
    )


def _verdict(found: Difference) -> list[str]:
    right = max(found.above, 1 - found.above)
    verdict = "TOLD APART" if found.p < _SIGNIFICANT else "in doubt" if found.p < _IN_DOUBT else "not told apart"
    return [f"{found.p:.3g}", f"{right:.0%}", verdict]


def _list(office: Office, token: str) -> list[str]:
    """What waits for somebody, in pages: the ids of all of it."""
    rows, ids = [], []
    for size in (20, 100):
        pages, ids, next_page = Load(), [], ""
        for _ in range(_PENDING):
            path = f"decide/approvals/pending?limit={size}{next_page}"
            begun = time.perf_counter()
            answer = office.client.must(200, "GET", path, **bearer(token))
            pages.milliseconds.append((time.perf_counter() - begun) * 1000)
            ids += [item["id"] for item in answer["items"]]
            if not answer.get("next"):
                break
            next_page = f"&cursor={answer['next']}"
        if (len(ids), len(set(ids))) != (_PENDING, _PENDING):
            raise RuntimeError(f"{_PENDING} items wait, and {len(ids)} are listed, {len(set(ids))} different ones")
        total = sum(pages.milliseconds)
        measured = [f"{pages.quantile(part):.1f}" for part in (0.5, 0.99)]
        rows.append([str(size), str(len(pages.milliseconds)), *measured, f"{total:.0f}"])
    print(f"\n{_PENDING} pending items, each listed once")
    print_table(["items per page", "pages", "p50 of a page", "p99", "in all"], rows)
    return ids


def _decide(office: Office, tokens: Sequence[str], items: Sequence[str]) -> None:
    """Decisions by many officials at once, each on items of their own: until the answer, and until others see it."""
    answered = [Load() for _ in tokens]

    def decide(client: int, turn: int) -> None:
        item, token = items[client * _DECISIONS + turn], tokens[client]
        path, body = f"decide/approvals/{item}", {"verdict": "approve"}
        answered[client].milliseconds.append(
            timed(lambda: office.client.must(200, "POST", f"{path}/decisions", body, **bearer(token)))
        )
        for _ in range(_LOOKS):
            seen = office.client.must(200, "GET", path, **bearer(token))
            if (seen["awaiting"] or {}).get("step") == "kepala_dinas":
                return
        raise RuntimeError(f"{item} is not seen to advance: {seen}")

    visible = run(len(tokens), _DECISIONS, decide)
    answers = Load([one for load in answered for one in load.milliseconds], visible.seconds)
    print(f"\nDecisions by {len(tokens)} clients, {_DECISIONS} each")
    rows = [["until it is answered", *_spread(answers)], ["until it is seen in the approval", *_spread(visible)]]
    print_table(["a decision", "p50", "p99", "per second"], rows)


def _spread(load: Load) -> list[str]:
    return [f"{load.quantile(0.5):.1f}", f"{load.quantile(0.99):.1f}", f"{load.per_second:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
