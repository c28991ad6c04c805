"""Permits made by ReportLab: the shape of a letter that an office's own program prints."""

import io

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, KeepTogether, PageBreak, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table, TableStyle

import permits
from permits import Permit

F4 = (215 * mm, 330 * mm)

_BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=11, leading=14)
_ITEM = ParagraphStyle("item", parent=_BODY, leftIndent=14, bulletIndent=0, spaceAfter=2, alignment=4)
_HEAD = ParagraphStyle("head", parent=_BODY, fontName="Times-Bold", alignment=1, fontSize=13, leading=16)
_MID = ParagraphStyle("mid", parent=_BODY, alignment=1)


def make(permit: Permit, size=A4, pages: int = 1, title: bool = True) -> bytes:
    """One permit on paper of `size` (width, height in points); further pages are an annex with one table each."""
    rl_config.invariant = 1
    width, height = size
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=size,
        title=permit.title if title else None,
        author=permits.UNIT if title else None,
        subject=permit.subject if title else None,
        creator="SICANTIK" if title else None,
    )
    frame = Frame(22 * mm, 22 * mm, width - 44 * mm, height - 66 * mm, id="body", leftPadding=0, rightPadding=0)
    document.addPageTemplates(PageTemplate(id="letter", frames=[frame], onPage=_page(permit, width, height)))
    document.build(_story(permit, width - 44 * mm, pages))
    return out.getvalue()


def covered(permit: Permit) -> bytes:
    """A page with text from edge to edge: nothing can be placed on it without covering text."""
    rl_config.invariant = 1
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(permit.title)
    text = canvas.beginText(2, A4[1] - 8)
    text.setFont("Times-Roman", 8)
    text.setLeading(8)
    line = f"{permit.kind} Nomor {permit.number} diberikan kepada {permit.holder}. "
    words = line * 6
    for row in range(105):
        text.textLine(words[row % len(line) :][:190])
    canvas.drawText(text)
    canvas.save()
    return out.getvalue()


def annexes(permit: Permit, pages: int) -> bytes:
    """A letter with a long annex, one light page each: many pages without the cost of typesetting them."""
    rl_config.invariant = 1
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1)
    canvas.setTitle(permit.title)
    for page in range(1, pages + 1):
        canvas.setFont("Times-Bold", 12)
        canvas.drawCentredString(A4[0] / 2, A4[1] - 30 * mm, f"LAMPIRAN {permit.kind}")
        canvas.setFont("Times-Roman", 10)
        canvas.drawCentredString(A4[0] / 2, A4[1] - 36 * mm, f"Nomor {permit.number}, halaman {page} dari {pages}")
        for row in range(12):
            number = (page - 1) * 12 + row + 1
            y = A4[1] - (50 + 8 * row) * mm
            canvas.drawString(30 * mm, y, f"{number}.  Petak {number:05d}   luas {100 + number % 57} m2   {permit.holder}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def letterhead(canvas: Canvas, width: float, top: float) -> None:
    """The office's letterhead, with its double rule, below `top`."""
    emblem(canvas, 24 * mm, top - 24 * mm, 19 * mm)
    middle = width / 2 + 9 * mm
    canvas.setFont("Times-Roman", 13)
    canvas.drawCentredString(middle, top - 7 * mm, permits.GOVERNMENT)
    canvas.setFont("Times-Bold", 13)
    first, second = "DINAS PENANAMAN MODAL DAN", "PELAYANAN TERPADU SATU PINTU"
    canvas.drawCentredString(middle, top - 12.5 * mm, first)
    canvas.drawCentredString(middle, top - 17.5 * mm, second)
    canvas.setFont("Times-Roman", 8.5)
    canvas.drawCentredString(middle, top - 22 * mm, permits.ADDRESS)
    canvas.drawCentredString(middle, top - 25.5 * mm, permits.CONTACT)
    canvas.setLineWidth(2)
    canvas.line(20 * mm, top - 28 * mm, width - 20 * mm, top - 28 * mm)
    canvas.setLineWidth(0.5)
    canvas.line(20 * mm, top - 29 * mm, width - 20 * mm, top - 29 * mm)


def emblem(canvas: Canvas, x: float, y: float, height: float) -> None:
    """An invented shield: no real office's arms may stand on a test file."""
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(height / 100, height / 100)
    canvas.setLineWidth(3)
    canvas.setStrokeColorRGB(0.1, 0.25, 0.15)
    canvas.setFillColorRGB(0.18, 0.45, 0.28)
    shield = canvas.beginPath()
    shield.moveTo(5, 98)
    shield.lineTo(77, 98)
    shield.lineTo(77, 45)
    shield.curveTo(77, 20, 55, 8, 41, 2)
    shield.curveTo(27, 8, 5, 20, 5, 45)
    shield.close()
    canvas.drawPath(shield, fill=1, stroke=1)
    canvas.setFillColorRGB(0.95, 0.8, 0.25)
    hill = canvas.beginPath()
    for step, (px, py) in enumerate([(12, 36), (31, 68), (41, 54), (53, 76), (70, 36)]):
        (hill.lineTo if step else hill.moveTo)(px, py)
    hill.close()
    canvas.drawPath(hill, fill=1, stroke=0)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.circle(41, 86, 6, fill=1, stroke=0)
    canvas.restoreState()


def _page(permit: Permit, width: float, height: float):
    def draw(canvas: Canvas, document) -> None:
        letterhead(canvas, width, height - 10 * mm)
        canvas.setFont("Times-Italic", 8)
        canvas.drawString(22 * mm, 12 * mm, f"{permits.UNIT}, {permit.number}")
        canvas.drawRightString(width - 22 * mm, 12 * mm, f"Halaman {document.page}")

    return draw


def _story(permit: Permit, width: float, pages: int) -> list:
    table = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1.5)])
    cells = [[Paragraph(a, _BODY), ":", Paragraph(b, _BODY)] for a, b in permit.rows]
    signer = permit.signer
    signature = [
        Paragraph(f"Ditetapkan di {permits.CITY}<br/>pada tanggal {permit.date}", _BODY),
        Paragraph(signer.office.replace("\n", "<br/>"), _BODY),
        Spacer(1, 20 * mm),
        Paragraph(f"<b><u>{signer.name}</u></b><br/>{signer.rank}<br/>NIP {signer.number}", _BODY),
    ]
    block = Table([["", signature]], colWidths=[width - 76 * mm, 76 * mm], style=table)
    story = [
        Paragraph(f"<u>{permit.kind}</u>", _HEAD),
        Paragraph(f"NOMOR: {permit.number}", _MID),
        Spacer(1, 4 * mm),
        Paragraph("Berdasarkan:", _BODY),
        *[Paragraph(text, _ITEM, bulletText=f"{chr(97 + i)}.") for i, text in enumerate(permit.basis)],
        Spacer(1, 2 * mm),
        Paragraph("dengan ini memberikan izin kepada:", _BODY),
        Spacer(1, 1 * mm),
        Table(cells, colWidths=[48 * mm, 4 * mm, width - 52 * mm], style=table),
        Spacer(1, 2 * mm),
        Paragraph("Dengan ketentuan sebagai berikut:", _BODY),
        *[Paragraph(text, _ITEM, bulletText=f"{i}.") for i, text in enumerate(permit.clauses, 1)],
        Spacer(1, 4 * mm),
        KeepTogether([block]),
    ]
    for page in range(2, pages + 1):
        rows = [["No.", "Uraian", "Satuan", "Volume"]]
        rows += [[f"{n}", f"Pekerjaan tahap {page - 1}, butir {n}", "m²", f"{(page * 37 + n * 11) % 400},00"] for n in range(1, 25)]
        grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.4, "#444444"), ("FONT", (0, 0), (-1, 0), "Times-Bold", 10)])
        story += [
            PageBreak(),
            Paragraph(f"LAMPIRAN {page - 1}", _HEAD),
            Spacer(1, 3 * mm),
            Table(rows, colWidths=[12 * mm, width - 62 * mm, 20 * mm, 30 * mm], style=grid),
        ]
    return story
