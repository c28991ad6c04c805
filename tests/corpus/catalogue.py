"""Which files the corpus holds: one line each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from permits import ADVERT, BUILDING, BUSINESS, EVENT, PRACTICE, Permit


@dataclass(frozen=True)
class Item:
    """One file of the corpus. `make` imports its producer when called, so that listing costs nothing."""

    name: str
    producer: str
    traits: list[str]
    permit: Permit
    make: Callable[[], bytes]


def _reportlab(permit: Permit, **options) -> bytes:
    import by_reportlab

    return by_reportlab.make(permit, **options)


def _paper(permit: Permit, paper: str, **options) -> bytes:
    from reportlab.lib import pagesizes

    import by_reportlab

    sizes = {"landscape": pagesizes.landscape(pagesizes.A4), "folio": by_reportlab.F4, "letter": pagesizes.LETTER}
    return by_reportlab.make(permit, size=sizes[paper], **options)


@cache
def _base(permit: Permit, pages: int = 1) -> bytes:
    return _reportlab(permit, pages=pages)


def _typst(permit: Permit, standard: str | None = None) -> bytes:
    import by_typst

    return by_typst.make(permit, standard)


def _html(how: str, permit: Permit, **options) -> bytes:
    import by_html

    return getattr(by_html, how)(permit, **options)


def _other(how: str, *positional) -> bytes:
    import by_others

    return getattr(by_others, how)(*positional)


def _variant(how: str, *positional) -> bytes:
    import variants

    return getattr(variants, how)(*positional)


def _special(how: str, *positional) -> bytes:
    import by_reportlab

    return getattr(by_reportlab, how)(*positional)


def _hybrid() -> bytes:
    import rawpdf

    lines = [f"{PRACTICE.kind}", f"Nomor {PRACTICE.number}", *(f"{a}: {b}" for a, b in PRACTICE.rows)]
    return rawpdf.simple(lines).write_hybrid({5})


@cache
def _signed(pades: bool = True, twice: bool = False, visible: bool = False) -> bytes:
    import foreign

    box = (60, 60, 220, 110) if visible else None
    once = foreign.sign(_base(BUILDING), "Konsultan Contoh", "TandaTanganKonsultan", pades, box)
    return foreign.sign(once, "Pemohon Contoh", "TandaTanganPemohon", pades) if twice else once


def _signed_after_form() -> bytes:
    import foreign

    return foreign.sign(_variant("form", _base(ADVERT), "indirect", "indirect"), "Pemohon Contoh", "TandaTanganPemohon")


def _signed_compressed() -> bytes:
    import foreign

    packed = _variant("qpdf", _typst(ADVERT), "--deterministic-id", "--object-streams=generate")
    return foreign.sign(packed, "Konsultan Contoh", "TandaTanganKonsultan", True, (150, 40, 290, 80))


def _empty_field() -> bytes:
    import foreign

    return foreign.empty_field(_base(BUILDING), "TempatTandaTangan", (60, 60, 220, 110))


CATALOGUE = [
    Item("reportlab-portrait", "reportlab", ["portrait"], PRACTICE, lambda: _base(PRACTICE)),
    Item("reportlab-landscape", "reportlab", ["landscape"], BUSINESS, lambda: _paper(BUSINESS, "landscape")),
    Item("reportlab-folio", "reportlab", ["folio"], BUILDING, lambda: _paper(BUILDING, "folio")),
    Item("reportlab-letter", "reportlab", ["letter"], EVENT, lambda: _paper(EVENT, "letter")),
    Item("reportlab-untitled", "reportlab", ["no-title"], ADVERT, lambda: _reportlab(ADVERT, title=False)),
    Item("reportlab-30-pages", "reportlab", ["many-pages"], BUSINESS, lambda: _base(BUSINESS, 30)),
    Item("reportlab-covered", "reportlab", ["no-free-place"], EVENT, lambda: _special("covered", EVENT)),
    Item("reportlab-2000-pages", "reportlab", ["many-pages", "large"], BUSINESS, lambda: _special("annexes", BUSINESS, 2000)),
    Item("reportlab-12-mb", "reportlab", ["large", "image"], BUILDING, lambda: _other("large", BUILDING, 12)),
    Item("typst-portrait", "typst", ["tagged", "link", "embedded-fonts"], PRACTICE, lambda: _typst(PRACTICE)),
    Item("typst-pdfa", "typst", ["pdf-a", "metadata"], BUILDING, lambda: _typst(BUILDING, "a-2b")),
    Item("chromium-portrait", "chromium", ["tagged"], EVENT, lambda: _html("by_chromium", EVENT)),
    Item("chromium-landscape", "chromium", ["landscape", "tagged"], ADVERT, lambda: _html("by_chromium", ADVERT, landscape=True)),
    Item("weasyprint-portrait", "weasyprint", ["object-streams", "xref-stream"], BUSINESS, lambda: _html("by_weasyprint", BUSINESS)),
    Item("fpdf-portrait", "fpdf2", ["standard-fonts"], PRACTICE, lambda: _other("by_fpdf", PRACTICE)),
    Item("cairo-portrait", "cairo", ["embedded-fonts"], EVENT, lambda: _other("by_cairo", _base(EVENT))),
    Item("scan", "reportlab", ["image", "no-text"], ADVERT, lambda: _other("scan", ADVERT)),
    Item(
        "qpdf-object-streams",
        "qpdf",
        ["object-streams", "xref-stream"],
        PRACTICE,
        lambda: _variant("qpdf", _base(PRACTICE), "--deterministic-id", "--object-streams=generate"),
    ),
    Item("qpdf-linearized", "qpdf", ["linearized"], BUSINESS, lambda: _variant("qpdf", _base(BUSINESS, 3), "--deterministic-id", "--linearize")),
    Item(
        "qpdf-linearized-object-streams",
        "qpdf",
        ["linearized", "object-streams"],
        BUILDING,
        lambda: _variant("qpdf", _base(BUILDING, 3), "--deterministic-id", "--linearize", "--object-streams=generate"),
    ),
    Item("qpdf-plain", "qpdf", ["qdf", "uncompressed"], EVENT, lambda: _variant("qpdf", _base(EVENT), "--deterministic-id", "--qdf")),
    Item("qpdf-aes-256", "qpdf", ["encrypted", "aes-256"], PRACTICE, lambda: _variant("encrypted", _base(PRACTICE), 256)),
    Item("qpdf-aes-128", "qpdf", ["encrypted", "aes-128"], ADVERT, lambda: _variant("encrypted", _base(ADVERT), 128)),
    Item("qpdf-1.3", "qpdf", ["pdf-1.3"], BUSINESS, lambda: _variant("qpdf", _base(BUSINESS), "--deterministic-id", "--force-version=1.3")),
    Item("rotated-90", "pikepdf", ["rotate-90"], PRACTICE, lambda: _variant("rotated", _base(PRACTICE), 90)),
    Item("rotated-180", "pikepdf", ["rotate-180"], EVENT, lambda: _variant("rotated", _base(EVENT), 180)),
    Item("rotated-270", "pikepdf", ["rotate-270", "landscape"], BUSINESS, lambda: _variant("rotated", _paper(BUSINESS, "landscape"), 270)),
    Item("cropped", "pikepdf", ["crop-box", "offset-origin"], BUILDING, lambda: _variant("cropped", _base(BUILDING))),
    Item("negative-origin", "pikepdf", ["offset-origin"], ADVERT, lambda: _variant("shifted_origin", _base(ADVERT))),
    Item("user-unit", "pikepdf", ["user-unit"], BUILDING, lambda: _variant("in_user_units", _base(BUILDING))),
    Item("inherited", "pikepdf", ["inherited"], EVENT, lambda: _variant("inherited", _base(EVENT, 3))),
    Item("nested-tree", "pikepdf", ["nested-tree"], BUSINESS, lambda: _variant("nested", _base(BUSINESS, 7))),
    Item("unbalanced", "pikepdf", ["unbalanced-content"], ADVERT, lambda: _variant("unbalanced", _base(ADVERT))),
    Item("form-direct", "pikepdf", ["form", "fields-direct", "annots-direct"], PRACTICE, lambda: _variant("form", _base(PRACTICE), "direct", "direct")),
    Item(
        "form-indirect",
        "pikepdf",
        ["form", "fields-indirect", "annots-indirect"],
        BUILDING,
        lambda: _variant("form", _base(BUILDING), "indirect", "indirect"),
    ),
    Item("form-without-widgets", "pikepdf", ["form", "fields-direct", "annots-absent"], EVENT, lambda: _variant("form", _base(EVENT), "direct", "absent")),
    Item("updated", "pyhanko", ["incremental"], BUSINESS, lambda: _variant("updated", _base(BUSINESS))),
    Item("hybrid", "by hand", ["hybrid-xref", "object-streams"], PRACTICE, _hybrid),
    Item("empty-signature-field", "pyhanko", ["form", "unsigned-field"], BUILDING, _empty_field),
    Item("signed", "pyhanko", ["signed", "visible-signature"], BUILDING, lambda: _signed(pades=False, visible=True)),
    Item("signed-pades-twice", "pyhanko", ["signed", "pades", "two-signatures"], BUILDING, lambda: _signed(twice=True)),
    Item("signed-form", "pyhanko", ["signed", "pades", "form"], ADVERT, _signed_after_form),
    Item("signed-object-streams", "pyhanko", ["signed", "pades", "object-streams", "visible-signature"], ADVERT, _signed_compressed),
]
