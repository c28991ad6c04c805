"""The hostile files are what they claim to be."""

import json
import pathlib
import re
import subprocess
import zlib

import pytest
from conftest import run

#: Files whose refusal must come from what they do, and not from being broken.
_WELL_FORMED = {"script", "launch", "attachment", "action", "media", "lookalike"}


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    out = tmp_path_factory.mktemp("hostile")
    run("corpus/hostile.py", out)
    return out


@pytest.fixture(scope="session")
def manifest(hostile: pathlib.Path) -> list[dict]:
    return json.loads((hostile / "manifest.json").read_text())


def test_every_case_says_what_must_become_of_it(manifest) -> None:
    assert len({row["file"] for row in manifest}) == len(manifest) > 100
    assert {row["expect"] for row in manifest} == {"quarantined", "issued"}
    for row in manifest:
        assert (row["code"] is None) == (row["expect"] == "issued")
        assert row["code"] is None or re.fullmatch(r"(inbox|import|pdf|seal)\.[a-z_]+", row["code"]), row
    assert all(row["why"] for row in manifest)


def test_files_that_act_are_well_formed(hostile, manifest) -> None:
    for row in manifest:
        if row["group"] in _WELL_FORMED:
            check = subprocess.run(["qpdf", "--check", hostile / row["file"]], capture_output=True, text=True)
            assert check.returncode == 0, (row["file"], check.stderr)


def test_the_misdirected_entry_leads_to_another_object(hostile) -> None:
    check = subprocess.run(["qpdf", "--check", hostile / "misdirected.pdf"], capture_output=True, text=True)
    assert "expected 7 0 obj" in check.stderr


def test_the_signature_over_a_misdirected_file_is_intact(hostile, tmp_path) -> None:
    import foreign
    import signatures

    roots = tmp_path / "roots.pem"
    roots.write_bytes(foreign.authority().root_pem())
    (row,) = signatures.inspect(hostile / "signed-misdirected.pdf", roots)
    assert (row["intact"], row["valid"]) == (True, True)


def test_passwords_are_needed(hostile) -> None:
    for bits in (128, 256):
        done = subprocess.run(["qpdf", "--check", hostile / f"password-{bits}.pdf"], capture_output=True, text=True)
        assert "invalid password" in done.stderr


def test_the_bomb_inflates_to_sixty_megabytes_a_hundred_times(hostile) -> None:
    for name, times in (("object-streams-100", 1), ("object-streams-100-small", 2)):
        raw = (hostile / f"{name}.pdf").read_bytes()
        streams = re.findall(rb"/Type /ObjStm .*? /Length (\d+) >>\nstream\n", raw)
        assert len(streams) == 100
        head = re.search(rb"/ObjStm .*? /Length (\d+) >>\nstream\n", raw)
        data = raw[head.end() : head.end() + int(head[1])]
        for _ in range(times):
            data = zlib.decompress(data)
        assert len(data) >= 60_000_000
        assert data.startswith(b"200 0 (x)")
    assert (hostile / "object-streams-100-small.pdf").stat().st_size < 100_000


def test_the_cap_is_passed_by_one_byte(hostile) -> None:
    assert (hostile / "over-the-cap.pdf").stat().st_size == (25 << 20) + 1
