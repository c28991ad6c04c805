"""Other shapes of one permit: what qpdf, scanners, form designers and old programs make of it."""

import io
import pathlib
import subprocess
import tempfile
from collections.abc import Callable

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from repeatable import repeatable

A4 = (595, 842)


def qpdf(source: bytes, *options: str) -> bytes:
    """`source` written again by qpdf."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder, "in.pdf"), pathlib.Path(folder, "out.pdf")
        before.write_bytes(source)
        subprocess.run(["qpdf", *options, before, after], check=True, capture_output=True)
        return after.read_bytes()


def encrypted(source: bytes, bits: int, user: str = "") -> bytes:
    """AES encryption of `bits`; everyone may open it when `user` is empty. The 256-bit key is random each time."""
    aes = ["--use-aes=y"] if bits == 128 else []
    options = ["--static-id", "--static-aes-iv", "--encrypt", user, "pemilik", str(bits), *aes, "--modify=none", "--"]
    return qpdf(source, *options)


def edited(source: bytes, change: Callable[[Pdf], None], **save) -> bytes:
    """`source` after `change`, written by pikepdf."""
    out = io.BytesIO()
    with Pdf.open(io.BytesIO(source)) as pdf:
        change(pdf)
        pdf.save(out, deterministic_id=True, fix_metadata_version=False, **save)
    return out.getvalue()


def rotated(source: bytes, degrees: int) -> bytes:
    """Drawn turned and shown upright by /Rotate, as scanners and landscape drivers write it."""

    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            width, height = float(page.mediabox[2]), float(page.mediabox[3])
            matrix = {90: f"0 1 -1 0 {height} 0", 180: f"-1 0 0 -1 {width} {height}", 270: f"0 -1 1 0 0 {width}"}[degrees]
            _around(pdf, page, f"q {matrix} cm\n", "\nQ")
            page.mediabox = [0, 0, width, height] if degrees == 180 else [0, 0, height, width]
            page.rotate(degrees, relative=False)

    return edited(source, change)


def cropped(source: bytes, left: int = 100, bottom: int = 150, bleed: int = 40) -> bytes:
    """A print shop's file: the sheet is larger than the visible page, and its origin is elsewhere."""

    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            width, height = float(page.mediabox[2]), float(page.mediabox[3])
            _around(pdf, page, f"q 1 0 0 1 {left} {bottom} cm\n", "\nQ")
            page.mediabox = [left - bleed, bottom - bleed, left + width + bleed, bottom + height + bleed]
            page.cropbox = [left, bottom, left + width, bottom + height]

    return edited(source, change)


def in_user_units(source: bytes, unit: int = 2) -> bytes:
    """Coordinates of `unit`/72 inch, as plans on large paper use them."""

    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            width, height = float(page.mediabox[2]), float(page.mediabox[3])
            _around(pdf, page, f"q {1 / unit} 0 0 {1 / unit} 0 0 cm\n", "\nQ")
            page.mediabox = [0, 0, width / unit, height / unit]
            page.obj.UserUnit = unit

    return edited(source, change, min_version="1.6")


def inherited(source: bytes) -> bytes:
    """MediaBox and Resources stand at the root of the page tree only."""

    def change(pdf: Pdf) -> None:
        page, root = pdf.pages[0].obj, pdf.Root.Pages
        root.MediaBox, root.Resources, root.Rotate = page.MediaBox, page.Resources, 0
        for each in pdf.pages:
            for key in ("/MediaBox", "/Resources", "/Rotate"):
                if key in each.obj:
                    del each.obj[key]

    return edited(source, change)


def nested(source: bytes) -> bytes:
    """A page tree of several levels, with a lone leaf beside branches."""

    def change(pdf: Pdf) -> None:
        pages = [page.obj for page in pdf.pages]
        root = pdf.Root.Pages

        def branch(kids: list) -> pikepdf.Object:
            count = sum(int(kid.get("/Count", 1)) for kid in kids)
            node = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array(kids), Count=count))
            for kid in kids:
                kid.Parent = node
            return node

        low = branch(pages[:2])
        middle = branch([low, pages[2]])
        high = branch([middle, branch(pages[3:5])])
        kids = [high, *pages[5:]]
        root.Kids = Array(kids)
        root.Count = len(pages)
        for kid in kids:
            kid.Parent = root

    return edited(source, change)


def unbalanced(source: bytes) -> bytes:
    """Content that leaves the graphics state turned over, and is split into several streams."""

    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            page.contents_add(pdf.make_stream(b"q 3 0 0 -3 100 500 cm 1 0 0 rg 0.2 w"))

    return edited(source, change)


def shifted_origin(source: bytes) -> bytes:
    """A page whose lower left corner has negative coordinates."""

    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            width, height = float(page.mediabox[2]), float(page.mediabox[3])
            _around(pdf, page, f"q 1 0 0 1 {-width / 2} {-height / 2} cm\n", "\nQ")
            page.mediabox = [-width / 2, -height / 2, width / 2, height / 2]

    return edited(source, change)


def form(source: bytes, fields: str, annotations: str) -> bytes:
    """With a filled form. `fields` and `annotations` are each `direct`, `indirect` or `absent`: how the arrays stand."""

    def change(pdf: Pdf) -> None:
        page = pdf.pages[0].obj
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        values = (("nomor_berkas", "BRK-2026-000147", 60), ("petugas_loket", "Loket 3", 230))
        made = [_field(pdf, page, font, *value, shown=annotations != "absent") for value in values]
        entries = Dictionary(DA=String("/Helv 9 Tf 0 g"), DR=Dictionary(Font=Dictionary(Helv=font)))
        if fields != "absent":
            entries.Fields = _array(pdf, made, fields)
        pdf.Root.AcroForm = entries if fields == "direct" else pdf.make_indirect(entries)
        if annotations != "absent":
            page.Annots = _array(pdf, made, annotations)

    return edited(source, change)


def updated(source: bytes, times: int = 2) -> bytes:
    """Saved again by a program that appends: each time, a mark is added to the first page."""
    for turn in range(times):
        with repeatable(f"update {turn}"):
            writer = IncrementalPdfFileWriter(io.BytesIO(source), strict=False)
            mark = generic.StreamObject(stream_data=b"q BT /Cap%d 7 Tf %d 20 Td (Cetakan %d) Tj ET Q" % (turn, 300 + 60 * turn, turn + 1))
            font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
            resources = generic.DictionaryObject({generic.NameObject("/Font"): _names({f"/Cap{turn}": _names(font)})})
            writer.add_stream_to_page(0, writer.add_object(mark), resources=resources)
            out = io.BytesIO()
            writer.write(out)
            source = out.getvalue()
    return source


def _names(entries: dict) -> generic.DictionaryObject:
    values = {k: generic.NameObject(v) if isinstance(v, str) else v for k, v in entries.items()}
    return generic.DictionaryObject({generic.NameObject(k): v for k, v in values.items()})


def _around(pdf: Pdf, page: pikepdf.Page, before: str, after: str) -> None:
    page.contents_add(pdf.make_stream(before.encode()), prepend=True)
    page.contents_add(pdf.make_stream(after.encode()))


def _array(pdf: Pdf, items: list, how: str) -> pikepdf.Object:
    return Array(items) if how == "direct" else pdf.make_indirect(Array(items))


def _field(pdf: Pdf, page, font, name: str, value: str, x: int, shown: bool) -> pikepdf.Object:
    field = Dictionary(FT=Name.Tx, T=String(name), V=String(value), DA=String("/Helv 9 Tf 0 g"))
    if shown:
        look = pdf.make_stream(f"/Tx BMC q BT /Helv 9 Tf 2 4 Td ({value}) Tj ET Q EMC".encode())
        look.Type, look.Subtype, look.BBox = Name.XObject, Name.Form, Array([0, 0, 150, 14])
        look.Resources = Dictionary(Font=Dictionary(Helv=font))
        field.Type, field.Subtype, field.F, field.P = Name.Annot, Name.Widget, 4, page
        field.Rect, field.AP = Array([x, 60, x + 150, 74]), Dictionary(N=look)
    return pdf.make_indirect(field)
