#!/usr/bin/env python3
"""Makes the sample permit of the demonstration, permit.pdf and permit.json: one page in the standard fonts, about 3 KB."""

import argparse
import io
import json
import pathlib
from dataclasses import replace

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

import by_reportlab
import permits

PERMIT = replace(permits.PRACTICE, subject="Izin praktik dokter umum pada Klinik Pratama Sehat Contoh")

#: What travels beside the file.
SIDECAR = {**PERMIT.sidecar(), "valid_until": "2031-03-14"}
_OPENING = (
    "Berdasarkan Undang-Undang Nomor 17 Tahun 2023 tentang Kesehatan dan rekomendasi Dinas Kesehatan "
    "Nomor 440/0089/Dinkes/2026, dengan ini memberikan izin praktik kepada:"
)


def make() -> bytes:
    """The page. The lower right corner stays free."""
    rl_config.invariant = 1
    rl_config.useA85 = 0
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(PERMIT.title)
    canvas.setAuthor(permits.UNIT)
    canvas.setSubject(PERMIT.subject)
    by_reportlab.letterhead(canvas, A4[0], A4[1] - 10 * mm)
    _heading(canvas)
    _body(canvas)
    canvas.showPage()
    canvas.save()
    rl_config.useA85 = 1
    return out.getvalue()


def _heading(canvas: Canvas) -> None:
    middle = A4[0] / 2
    canvas.setFont("Times-Bold", 13)
    canvas.drawCentredString(middle, 247 * mm, PERMIT.kind)
    half = canvas.stringWidth(PERMIT.kind, "Times-Bold", 13) / 2
    canvas.line(middle - half, 246.2 * mm, middle + half, 246.2 * mm)
    canvas.setFont("Times-Roman", 11)
    canvas.drawCentredString(middle, 241.5 * mm, f"NOMOR: {PERMIT.number}")


def _body(canvas: Canvas) -> None:
    for turn, line in enumerate(_wrapped(canvas, _OPENING, 160)):
        canvas.drawString(25 * mm, (231 - 5.4 * turn) * mm, line)
    y = 216.0
    for label, value in PERMIT.rows:
        canvas.drawString(25 * mm, y * mm, label)
        canvas.drawString(73 * mm, y * mm, ":")
        canvas.setFont("Times-Bold" if label == "Nama" else "Times-Roman", 11)
        canvas.drawString(77 * mm, y * mm, value)
        canvas.setFont("Times-Roman", 11)
        y -= 6.2
    y -= 3
    canvas.drawString(25 * mm, y * mm, "Dengan ketentuan sebagai berikut:")
    for number, clause in enumerate(PERMIT.clauses, 1):
        for turn, line in enumerate(_wrapped(canvas, clause, 154)):
            y -= 5.6
            if turn == 0:
                canvas.drawString(25 * mm, y * mm, f"{number}.")
            canvas.drawString(31 * mm, y * mm, line)
    y -= 12
    signer = PERMIT.signer
    place = f"Ditetapkan di {permits.CITY}", f"pada tanggal {PERMIT.date}", *signer.office.split("\n")
    for line in place:
        canvas.drawString(115 * mm, y * mm, line)
        y -= 5.4
    y -= 24
    canvas.setFont("Times-Bold", 11)
    canvas.drawString(115 * mm, y * mm, signer.name)
    width = canvas.stringWidth(signer.name, "Times-Bold", 11)
    canvas.line(115 * mm, (y - 0.8) * mm, 115 * mm + width, (y - 0.8) * mm)
    canvas.setFont("Times-Roman", 11)
    canvas.drawString(115 * mm, (y - 5.4) * mm, signer.rank)
    canvas.drawString(115 * mm, (y - 10.4) * mm, f"NIP {signer.number}")
    canvas.setFont("Times-Roman", 8.5)
    for turn, line in enumerate(("Tembusan:", "1. Kepala Dinas Kesehatan Kabupaten Karo", "2. Ketua Organisasi Profesi")):
        canvas.drawString(25 * mm, (34 - 4 * turn) * mm, line)


def _wrapped(canvas: Canvas, text: str, millimetres: float) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if canvas.stringWidth(longer, "Times-Roman", 11) > millimetres * mm:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path, help="folder for permit.pdf and permit.json")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    (out / "permit.pdf").write_bytes(make())
    (out / "permit.json").write_text(json.dumps(SIDECAR, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
