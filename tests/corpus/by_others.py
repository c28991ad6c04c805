"""Permits by fpdf2 and cairo, a scan, and a file that is large because of its picture."""

import datetime
import io
import pathlib
import random
import re
import subprocess
import tempfile

from fpdf import FPDF
from PIL import Image, ImageFilter
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

import by_reportlab
import permits
from permits import Permit

_WHEN = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))


def by_fpdf(permit: Permit) -> bytes:
    """Set by fpdf2 in the standard fonts, as small PHP-like programs do."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(_WHEN)
    pdf.set_title(permit.title)
    pdf.add_page()
    pdf.set_font("Times", size=12)
    pdf.cell(0, 6, permits.GOVERNMENT, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Times", "B", 12)
    pdf.cell(0, 6, permits.OFFICE, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Times", size=8)
    pdf.cell(0, 5, permits.ADDRESS, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.line(10, pdf.get_y() + 1, 200, pdf.get_y() + 1)
    pdf.ln(5)
    pdf.set_font("Times", "BU", 13)
    pdf.cell(0, 7, permit.kind, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Times", size=11)
    pdf.cell(0, 6, f"NOMOR: {permit.number}", align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    with pdf.table(borders_layout="ALL", col_widths=(55, 115), first_row_as_headings=False) as table:
        for label, value in permit.rows:
            row = table.row()
            row.cell(_latin(label))
            row.cell(_latin(value))
    pdf.ln(4)
    for number, clause in enumerate(permit.clauses, 1):
        pdf.multi_cell(0, 6, f"{number}. {_latin(clause)}", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    signer = permit.signer
    for line in (f"{permits.CITY}, {permit.date}", *signer.office.split("\n"), "", "", "", signer.name, signer.rank):
        pdf.set_x(115)
        pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def by_cairo(source: bytes) -> bytes:
    """`source` drawn again by cairo, the library behind many Linux print dialogs."""
    # The same length keeps every offset in the file right.
    return re.sub(rb"\(D:\d{14}Z", b"(D:20260105020000Z", _through(["pdftocairo", "-pdf"], source))


def scan(permit: Permit, seed: int = 7) -> bytes:
    """A printed permit on a scanner: one slightly crooked, noisy grey picture a page, and no text."""
    page = _raster(by_reportlab.make(permit), 120)
    grain = Image.frombytes("L", page.size, random.Random(seed).randbytes(page.width * page.height))
    page = page.rotate(0.7, fillcolor=250, resample=Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(0.6))
    page = Image.blend(page, grain, 0.06)
    jpeg = io.BytesIO()
    page.save(jpeg, "JPEG", quality=60)
    return _picture_page(jpeg, permit.title)


def large(permit: Permit, megabytes: int, seed: int = 12) -> bytes:
    """A permit whose second page is a picture of noise that does not compress, about `megabytes` MB."""
    side = int((megabytes * 1_000_000 / 3) ** 0.5)
    noise = Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(side * side * 3))
    rl_config.invariant = 1
    rl_config.useA85 = 0
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(permit.title)
    by_reportlab.letterhead(canvas, A4[0], A4[1] - 10 * mm)
    canvas.setFont("Times-Bold", 13)
    canvas.drawCentredString(A4[0] / 2, 235 * mm, permit.kind)
    canvas.setFont("Times-Roman", 11)
    canvas.drawCentredString(A4[0] / 2, 229 * mm, f"NOMOR: {permit.number}")
    for row, (label, value) in enumerate(permit.rows):
        canvas.drawString(25 * mm, (215 - 6 * row) * mm, f"{label}: {value}")
    canvas.showPage()
    canvas.setFont("Times-Bold", 12)
    canvas.drawString(25 * mm, 275 * mm, "LAMPIRAN: FOTO LOKASI")
    canvas.drawImage(ImageReader(noise), 25 * mm, 100 * mm, 160 * mm, 160 * mm)
    canvas.showPage()
    canvas.save()
    rl_config.useA85 = 1
    return out.getvalue()


def _picture_page(jpeg: io.BytesIO, title: str) -> bytes:
    rl_config.invariant = 1
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(title)
    canvas.drawImage(ImageReader(jpeg), 0, 0, *A4)
    canvas.save()
    return out.getvalue()


def _raster(pdf: bytes, dpi: int) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "in.pdf")
        source.write_bytes(pdf)
        subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", "-png", "-singlefile", source, f"{folder}/page"], check=True)
        return Image.open(f"{folder}/page.png").convert("L")


def _through(command: list[str], source: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder, "in.pdf"), pathlib.Path(folder, "out.pdf")
        before.write_bytes(source)
        subprocess.run([*command, before, after], check=True, capture_output=True)
        return after.read_bytes()


def _latin(text: str) -> str:
    return text.replace("“", '"').replace("”", '"').replace("–", "-")
