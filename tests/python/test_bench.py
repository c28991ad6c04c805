"""The peers of the benchmarks do the work that they are timed for, and what is measured is counted right."""

import json

import pytest
from conftest import LINK, PREFIX, run
from load import Load, difference
from load import run as run_load


def test_what_is_timed_is_a_signed_and_sealed_document(keys, stages, tmp_path) -> None:
    permit = tmp_path / "permit.pdf"
    permit.write_bytes(stages["unsigned"])
    for more in ((), ("--keep-key",)):
        timing = run("bench/pyhanko_peer.py", permit, "--keys", keys, "--repeats", 2, "--link", LINK, "--out", tmp_path, *more)
        (row,) = timing["results"]
        assert timing["keep_key"] is bool(more)
        assert (row["bytes"], row["repeats"]) == (len(stages["unsigned"]), 2)
        assert 0 < row["sign_ms"]["min"] <= row["sign_ms"]["median"] <= row["sign_ms"]["p90"]
        assert row["total_ms"]["min"] >= row["sign_ms"]["min"] + row["stamp_ms"]["min"] - 0.01
        options = ("--roots", keys / "root.pem", "--expect-link-prefix", PREFIX)
        assert run("validate/validate.py", tmp_path / "permit.final.pdf", *options)["ok"] is True


def test_inputs_are_made_once(tmp_path) -> None:
    first = run("bench/make_inputs.py", tmp_path)
    sizes = [row["bytes"] for row in first["files"]]
    assert sizes[0] < 4_000
    assert sizes[1] > 1_000_000
    assert 11_500_000 < sizes[2] < 12_500_000
    made = (tmp_path / "12-mb.pdf").stat().st_mtime_ns
    assert json.dumps(run("bench/make_inputs.py", tmp_path)) == json.dumps(first)
    assert (tmp_path / "12-mb.pdf").stat().st_mtime_ns == made


def test_samples_that_differ_are_told_apart_and_samples_that_do_not_are_not() -> None:
    # By hand: U is 24.5 of 25, with one tie.
    found = difference([1, 2, 3, 4, 5], [5, 6, 7, 8, 9])
    assert (found.median, found.above) == (4, 0.98)
    assert found.p == pytest.approx(0.0156, abs=0.0005)
    alike = difference([1, 2, 3, 4] * 50, [4, 3, 2, 1] * 50)
    assert (alike.median, alike.above, alike.p) == (0, 0.5, 1.0)
    assert difference([7.0] * 30, [7.0] * 30).p == 1.0
    earlier = [float(value) for value in range(300)]
    assert difference(earlier, [value + 60 for value in earlier]).p < 1e-6
    assert difference([value + 60 for value in earlier], earlier).above < 0.5


def test_a_load_counts_every_piece_of_work_and_ends_with_the_first_that_fails() -> None:
    done = []
    load = run_load(4, 5, lambda client, turn: done.append((client, turn)))
    assert sorted(done) == [(client, turn) for client in range(4) for turn in range(5)]
    assert len(load.milliseconds) == 20
    assert Load([3, 1, 2, 4], 2).quantile(0.5) == 2
    assert Load([3, 1, 2, 4], 2).quantile(0.99) == 4
    assert Load([3, 1, 2, 4], 2).per_second == 2
    with pytest.raises(ZeroDivisionError):
        run_load(2, 1, lambda client, _: 1 / client)
