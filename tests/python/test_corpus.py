"""The corpus is varied, readable, honest about what it holds, and the same each time."""

import json
import pathlib
import subprocess
import sys

import pikepdf
import pytest
from conftest import TESTS, run
from pypdf import PdfReader


@pytest.fixture(scope="session")
def manifest(corpus: pathlib.Path) -> list[dict]:
    return json.loads((corpus / "manifest.json").read_text())


def test_there_are_many_files_of_many_producers_and_qpdf_has_nothing_to_say(manifest) -> None:
    assert len(manifest) >= 24
    assert len({row["producer"] for row in manifest}) >= 8
    assert [(row["file"], row["qpdf"]) for row in manifest if row["qpdf"] != "clean"] == []


def test_every_trait_that_is_claimed_is_there(corpus, manifest) -> None:
    marks = {
        "object-streams": b"/ObjStm",
        "xref-stream": b"/XRef",
        "hybrid-xref": b"/XRefStm",
        "linearized": b"/Linearized",
        "encrypted": b"/Encrypt",
        "pdf-1.3": b"%PDF-1.3",
        "signed": b"/ByteRange",
        "pades": b"/ETSI.CAdES.detached",
        "qdf": b"%QDF",
    }
    for row in manifest:
        raw = (corpus / row["file"]).read_bytes()
        for trait, mark in marks.items():
            if trait in row["traits"]:
                assert mark in raw, (row["file"], trait)
        if "two-signatures" in row["traits"]:
            assert raw.count(b"/ByteRange") == 2
        if "incremental" in row["traits"]:
            assert raw.count(b"%%EOF") > 2
        if "large" in row["traits"]:
            assert len(raw) > 1_500_000


def test_pages_have_the_shape_that_is_claimed(corpus, manifest) -> None:
    opened = {}

    def page(name: str) -> pikepdf.Page:
        opened[name] = opened.get(name) or pikepdf.open(corpus / f"{name}.pdf")
        return opened[name].pages[0]

    assert [int(page(f"rotated-{n}").obj.Rotate) for n in (90, 180, 270)] == [90, 180, 270]
    assert page("cropped").obj.CropBox != page("cropped").obj.MediaBox
    assert float(page("cropped").obj.CropBox[0]) > 0
    assert float(page("negative-origin").obj.MediaBox[0]) < 0
    assert int(page("user-unit").obj.UserUnit) == 2
    # pikepdf hands inherited entries down as it opens a file; pypdf leaves them where they are.
    tree = PdfReader(corpus / "inherited.pdf").trailer["/Root"]["/Pages"]
    assert "/MediaBox" in tree
    assert "/MediaBox" not in tree["/Kids"][0].get_object()
    assert "/Annots" not in page("form-without-widgets").obj
    assert not page("form-direct").obj.Annots.is_indirect
    assert page("form-indirect").obj.Annots.is_indirect
    landscape = page("reportlab-landscape").mediabox
    assert landscape[2] > landscape[3]
    assert {row["file"]: row["pages"] for row in manifest}["reportlab-2000-pages.pdf"] == 2000


def test_every_sidecar_describes_its_permit(corpus, manifest) -> None:
    wanted = {"number", "type", "date", "subject", "holder", "issuing_unit"}
    for row in manifest:
        assert set(json.loads((corpus / row["sidecar"]).read_text())) == wanted, row["file"]


def test_files_come_out_the_same_each_time(corpus, tmp_path) -> None:
    names = ("reportlab-portrait", "typst-portrait", "chromium-portrait", "cairo-portrait", "cropped", "form-indirect", "updated", "signed", "hybrid")
    assert run("corpus/make.py", tmp_path, "--only", *names)["files"] == len(names)
    for name in names:
        assert (tmp_path / f"{name}.pdf").read_bytes() == (corpus / f"{name}.pdf").read_bytes(), name


def test_a_name_that_is_not_there_is_refused(tmp_path) -> None:
    command = [str(TESTS / "corpus/make.py"), str(tmp_path), "--only", "tidak-ada"]
    assert subprocess.run([sys.executable, *command], capture_output=True).returncode == 2


def test_the_sample_of_the_demonstration_is_what_its_script_makes() -> None:
    import sample

    samples = TESTS.parent / "events/samples"
    assert (samples / "permit.pdf").read_bytes() == sample.make()
    assert json.loads((samples / "permit.json").read_text()) == sample.SIDECAR
    assert (samples / "permit.pdf").stat().st_size < 4000
