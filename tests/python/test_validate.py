"""The validator says yes to documents as they should be, and no to each way of spoiling them."""

import io
import json
import pathlib
import subprocess
import sys

import pikepdf
import pytest
from conftest import LINK, PREFIX, TESTS, run
from opinion import judge
from peer import sign, stamp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner


@pytest.fixture
def opinion(tmp_path: pathlib.Path, keys: pathlib.Path):
    """The verdict on some bytes."""

    def ask(pdf: bytes, roots: pathlib.Path = keys / "root.pem", prefix: str | None = PREFIX, wanted: int = 2) -> dict:
        file = tmp_path / "document.pdf"
        file.write_bytes(pdf)
        job = {"file": str(file), "roots": str(roots), "link_prefix": prefix, "dpi": 150, "max_pages": 50}
        return judge({**job, "min_signatures": wanted})

    return ask


def test_a_signed_and_sealed_permit_is_ok(opinion, stages) -> None:
    verdict = opinion(stages["final"])
    assert verdict["problems"] == []
    assert verdict["ok"] is True
    official, seal = verdict["signatures"]
    assert (official["field"], official["signer"]) == ("Pejabat", "pejabat")
    assert (official["coverage"], official["modification_level"]) == ("ENTIRE_REVISION", "FORM_FILLING")
    assert (seal["coverage"], seal["modification_level"]) == ("ENTIRE_FILE", "NONE")
    assert official["bottom_line"] and seal["bottom_line"]
    assert (verdict["pdfsig"]["signatures"], verdict["pdfsig"]["valid"]) == (2, 2)
    assert (verdict["qr"]["link"], verdict["qr"]["page"]) == (LINK, 1)


def test_one_flipped_byte_anywhere_is_noticed(opinion, stages) -> None:
    final = stages["final"]
    places = {
        "page": final.index(b"stream") + 60,
        "official's signature": _end_of_cms(final, final.index(b"/Contents <")),
        "seal": _end_of_cms(final, final.rindex(b"/Contents <")),
        "QR code": final.rindex(b"/Rect"),
    }
    for name, place in places.items():
        spoilt = bytearray(final)
        # In a signature's hexadecimal digits, 0 <-> 1; elsewhere any other byte.
        spoilt[place] ^= 1
        assert opinion(bytes(spoilt))["ok"] is False, name


def _end_of_cms(pdf: bytes, contents: int) -> int:
    """Where the hexadecimal digits of a signature's value are: certificates that come along are not signed."""
    digits = contents + len(b"/Contents <")
    length = int(pdf[digits + 4 : digits + 8], 16)
    return digits + 2 * (4 + length) - 20


@pytest.mark.parametrize("tail", [b"\n", b"% tambahan\n", b"<script>"])
def test_bytes_behind_the_seal_are_noticed(opinion, stages, tail: bytes) -> None:
    verdict = opinion(stages["final"] + tail)
    assert verdict["ok"] is False
    assert any("Segel" in problem for problem in verdict["problems"])


def test_content_added_to_the_page_after_sealing_is_noticed(opinion, stages) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(stages["final"]))
    mark = generic.StreamObject(stream_data=b"1 0 0 rg 60 600 200 20 re f")
    writer.add_stream_to_page(0, writer.add_object(mark))
    out = io.BytesIO()
    writer.write(out)
    verdict = opinion(out.getvalue())
    assert verdict["ok"] is False
    assert [s["intact"] for s in verdict["signatures"]] == [True, True], "only the analysis of changes can see it"
    assert [s["bottom_line"] for s in verdict["signatures"]] == [False, False]


def test_content_added_between_signing_and_sealing_is_noticed(opinion, stages, signers) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(stages["signed"]))
    mark = generic.StreamObject(stream_data=b"1 0 0 rg 60 600 200 20 re f")
    writer.add_stream_to_page(0, writer.add_object(mark))
    out = io.BytesIO()
    writer.write(out)
    verdict = opinion(stamp(out.getvalue(), signers[1], LINK))
    assert verdict["ok"] is False
    assert [s["bottom_line"] for s in verdict["signatures"]] == [False, True]


def test_a_document_written_anew_by_another_program_is_noticed(opinion, stages) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(stages["final"])) as pdf:
        pdf.save(out)
    assert opinion(out.getvalue())["ok"] is False


def test_a_document_cut_back_to_the_officials_signature_is_not_sealed(opinion, stages) -> None:
    assert opinion(stages["signed"])["ok"] is False
    assert opinion(stages["unsigned"])["problems"][0] == "0 signatures are trusted, 2 are wanted"


def test_a_seal_without_a_qr_code_is_not_enough(opinion, stages, signers) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(stages["signed"]))
    metadata = PdfSignatureMetadata(field_name="Segel", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    plain = PdfSigner(metadata, signers[1], new_field_spec=SigFieldSpec("Segel")).sign_pdf(writer).getvalue()
    verdict = opinion(plain)
    assert verdict["ok"] is False
    assert verdict["problems"] == [f"no QR code with {PREFIX} among []"]
    assert opinion(plain, prefix=None)["ok"] is True


def test_a_qr_code_that_leads_elsewhere_is_not_enough(opinion, stages, signers) -> None:
    verdict = opinion(stamp(stages["signed"], signers[1], "HTTP://PALSU.EXAMPLE/V/1ABC"))
    assert verdict["ok"] is False
    assert verdict["qr"]["texts"] == ["HTTP://PALSU.EXAMPLE/V/1ABC"]


def test_signatures_of_strangers_are_not_ours(opinion, stages, tmp_path) -> None:
    import foreign

    roots = tmp_path / "others.pem"
    roots.write_bytes(foreign.authority().root_pem())
    verdict = opinion(stages["final"], roots=roots)
    assert verdict["ok"] is False
    assert [s["trusted"] for s in verdict["signatures"]] == [False, False]
    assert [s["intact"] for s in verdict["signatures"]] == [True, True]


def test_a_strangers_signature_below_ours_is_fine_while_it_is_intact(opinion, stages, signers) -> None:
    import foreign

    signed = foreign.sign(stages["unsigned"], "Konsultan Contoh", "TandaTanganKonsultan")
    good = opinion(stamp(sign(signed, signers[0]), signers[1], LINK))
    assert good["ok"] is True, good["problems"]
    assert [s["trusted"] for s in good["signatures"]] == [False, True, True]

    broken = bytearray(signed)
    broken[_end_of_cms(signed, signed.index(b"/Contents <"))] ^= 1
    assert opinion(stamp(sign(bytes(broken), signers[0]), signers[1], LINK))["ok"] is False


def test_a_strangers_signature_behind_the_seal_is_noticed(opinion, stages) -> None:
    import foreign

    verdict = opinion(foreign.sign(stages["final"], "Konsultan Contoh", "Susulan"))
    assert verdict["ok"] is False
    assert any("the last signature is not ours" in problem for problem in verdict["problems"])


@pytest.mark.parametrize("pdf", [b"", b"bukan PDF", b"%PDF-1.7\n"])
def test_what_is_no_document_gets_a_verdict_and_no_crash(opinion, pdf: bytes) -> None:
    assert opinion(pdf)["ok"] is False


def test_a_witness_that_never_answers_is_a_problem_and_no_crash(opinion, stages, monkeypatch) -> None:
    import opinion as module

    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr("scan.SECONDS", 0)
    verdict = opinion(stages["final"])
    assert verdict["ok"] is False
    assert any("qpdf takes longer" in problem for problem in verdict["problems"])


def test_the_command_judges_one_file_or_a_list(stages, keys, tmp_path) -> None:
    good, bad = tmp_path / "baik.pdf", tmp_path / "rusak.pdf"
    good.write_bytes(stages["final"])
    bad.write_bytes(stages["final"] + b" ")
    options = ("--roots", keys / "root.pem", "--expect-link-prefix", PREFIX)

    assert run("validate/validate.py", good, *options)["ok"] is True
    assert run("validate/validate.py", bad, *options, status=1)["ok"] is False

    rows = tmp_path / "list.json"
    rows.write_text(json.dumps([{"file": str(good)}, {"file": str(bad)}, {"file": str(tmp_path / "tidak-ada.pdf")}]))
    verdict = run("validate/validate.py", "--batch", rows, *options, status=1)
    assert [r["ok"] for r in verdict["results"]] == [True, False, False]
    rows.write_text(json.dumps([{"file": str(good), "expect_link_prefix": "http://lain.example/"}]))
    assert run("validate/validate.py", "--batch", rows, *options, status=1)["results"][0]["qr"]["link"] is None
    rows.write_text("[]")
    assert run("validate/validate.py", "--batch", rows, *options, status=1) == {"ok": False, "results": []}


_UPRIGHT = (
    "reportlab-portrait",
    "typst-portrait",
    "typst-pdfa",
    "chromium-portrait",
    "weasyprint-portrait",
    "fpdf-portrait",
    "cairo-portrait",
    "qpdf-object-streams",
    "qpdf-linearized",
    "form-direct",
    "form-indirect",
    "form-without-widgets",
    "updated",
    "empty-signature-field",
    "signed",
    "signed-pades-twice",
    "signed-form",
    "signed-object-streams",
)


def test_documents_of_every_producer_can_satisfy_it(corpus, signers, keys, tmp_path) -> None:
    rows = []
    for name in _UPRIGHT:
        target = tmp_path / f"{name}.final.pdf"
        target.write_bytes(stamp(sign((corpus / f"{name}.pdf").read_bytes(), signers[0]), signers[1], LINK))
        rows.append({"file": str(target)})
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps(rows))
    command = [sys.executable, str(TESTS / "validate/validate.py"), "--batch", str(listed)]
    command += ["--roots", str(keys / "root.pem"), "--expect-link-prefix", PREFIX]
    verdict = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    assert [(r["file"], r["problems"]) for r in verdict["results"] if r["problems"]] == []
