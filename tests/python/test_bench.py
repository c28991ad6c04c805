"""The peer of the benchmark does the work that it is timed for."""

import json

from conftest import LINK, PREFIX, run


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
