"""Structures that loop, lie about themselves, or point at the wrong place."""

import re
import zlib
from collections.abc import Callable

from hostile_case import LINES, Case, letter
from rawpdf import RawPdf, table, text_page


def _spoil(change: Callable[[RawPdf], None], **more) -> bytes:
    pdf = letter(**more)
    change(pdf)
    return pdf.write()


def _with(body: bytes | str, **more) -> bytes:
    return _spoil(lambda pdf: pdf.add(body), **more)


def _deep(opening: bytes, closing: bytes, depth: int, page: str) -> bytes:
    return _with(opening * depth + b"0" + closing * depth, page=page)


def _tail(pattern: bytes, replacement: bytes) -> bytes:
    """The letter with a change in its table or trailer, where no offset depends on it."""
    whole = letter().write()
    cut = whole.rindex(b"xref\n0 ")
    changed, times = re.subn(pattern, replacement, whole[cut:], count=1)
    if times != 1:
        raise ValueError(f"{pattern!r} is not in the trailer")
    return whole[:cut] + changed


def _replace(number: int, body: bytes | str) -> bytes:
    return _spoil(lambda pdf: pdf.add(body, number))


def _pages(count: int) -> bytes:
    pdf = RawPdf()
    kids = " ".join(f"{n} 0 R" for n in range(5, 5 + count))
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>")
    pdf.add(f"<< /Type /Pages /Kids [{kids}] /Count {count} /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> >>")
    pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>")
    pdf.stream(text_page(LINES))
    for _ in range(count):
        pdf.add("<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>")
    return pdf.write()


def misdirected() -> tuple[bytes, bytes]:
    """A file whose table leads to another object than it says, and the sound file that it was made from.

    The entry of object 7 (an amount that the page does not use) leads to object 6.
    """
    pdf = letter()
    pdf.add("(Retribusi Rp100.000,00)")
    pdf.add("(Retribusi Rp900.000.000,00)")
    sound = pdf.write()
    offsets = {n: sound.index(b"\n%d 0 obj" % n) + 1 for n in pdf.objects}
    at = sound.rindex(b"xref\n0 ")
    wrong = {**offsets, 7: offsets[6]}
    return sound[:at] + table(wrong, at, pdf.size, "/Root 1 0 R"), sound


def _misdirected_content() -> bytes:
    pdf = letter()
    pdf.stream(text_page(["ISI YANG LAIN"]))
    sound = pdf.write()
    offsets = {n: sound.index(b"\n%d 0 obj" % n) + 1 for n in pdf.objects}
    at = sound.rindex(b"xref\n0 ")
    return sound[:at] + table({**offsets, 4: offsets[6]}, at, pdf.size, "/Root 1 0 R")


def _off_by(bytes_off: int) -> bytes:
    pdf = letter()
    sound = pdf.write()
    at = sound.rindex(b"xref\n0 ")
    offsets = {n: sound.index(b"\n%d 0 obj" % n) + 1 + bytes_off for n in pdf.objects}
    return sound[:at] + table(offsets, at, pdf.size, "/Root 1 0 R")


def _prev_loop() -> bytes:
    """Two sections, each the other's predecessor."""
    first = letter().write()
    at = first.rindex(b"xref\n0 ")
    second = len(first)
    # The first trailer's /Prev needs a number of known width, and leads forward to the second section.
    trailer = b"trailer\n<< /Size 6 /Root 1 0 R /Prev %010d >>\nstartxref\n%d\n%%%%EOF\n"
    head = first[: first.index(b"trailer\n")]
    second = len(head + trailer % (0, at))
    part = head + trailer % (second, at)
    return part + b"xref\n0 1\n0000000000 65535 f \n" + trailer % (at, second)


def _free_cycle() -> bytes:
    return _tail(rb"0000000000 65535 f ", b"0000000001 65535 f ")


def _xref_stream(index: str, size: int, rows: bytes, widths: str = "[1 4 2]") -> bytes:
    pdf = letter()
    out, offsets = pdf.bodies("1.7")
    known = b"".join(b"\x01" + offsets[n].to_bytes(4, "big") + b"\0\0" for n in sorted(offsets))
    data = zlib.compress(b"\0" * 7 + known + rows, 9)
    head = f"<< /Type /XRef /Size {size} /W {widths} /Index {index} /Root 1 0 R /Filter /FlateDecode /Length {len(data)} >>"
    return out + b"99 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (head.encode(), data, len(out))


_NEST = 100_000
CASES = [
    Case("deep-arrays", "depth", "pdf.too_deep", "100,000 arrays inside each other", lambda: _deep(b"[", b"]", _NEST, "/X 6 0 R")),
    Case("deep-dictionaries", "depth", "pdf.too_deep", "100,000 dictionaries inside each other", lambda: _deep(b"<</A ", b">>", _NEST, "/X 6 0 R")),
    Case("deep-unused", "depth", "pdf.too_deep", "100,000 arrays that nothing leads to", lambda: _deep(b"[", b"]", _NEST, "")),
    Case("deep-open", "depth", "pdf.too_deep", "100,000 arrays that never close", lambda: _with(b"[" * _NEST, page="/X 6 0 R")),
    Case("deep-string", "depth", "issued", "100,000 parentheses inside each other", lambda: _with(b"(" * _NEST + b")" * _NEST, page="/X 6 0 R")),
    Case("deep-page-tree", "depth", "pdf.too_deep", "a page tree of 5,000 levels", lambda: _page_chain(5000)),
    Case("deep-content", "depth", "issued", "100,000 arrays in the page's content", lambda: _spoil(lambda p: p.stream(b"[" * _NEST, number=4)), judge=False),
    Case("page-tree-cycle", "cycle", "pdf.page_tree_cycle", "the page tree holds itself", lambda: _replace(2, "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>")),
    Case("page-tree-cycle-far", "cycle", "pdf.page_tree_cycle", "a branch holds its own grandparent", lambda: _far_cycle()),
    Case("page-twice", "cycle", "pdf.page_tree_cycle", "one page stands twice in the tree", lambda: _replace(2, "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>")),
    Case("parent-cycle", "cycle", "issued", "a page is its own parent", lambda: _spoil(lambda p: p.add(p.objects[3].replace(b"/Parent 2", b"/Parent 3"), 3))),
    Case("reference-cycle", "cycle", "issued", "two objects are references to each other", lambda: _reference_cycle(), judge=False),
    Case("outline-cycle", "cycle", "issued", "an outline whose next item is itself", lambda: _outline_cycle()),
    Case("field-cycle", "cycle", "pdf.malformed", "a form field is its own child", lambda: _field_cycle()),
    Case("prev-self", "cycle", "issued", "a table whose predecessor is itself", lambda: _prev_self()),
    Case("prev-loop", "cycle", "issued", "two tables, each the other's predecessor", _prev_loop),
    Case("length-self", "length", "issued", "a stream whose length is the stream", lambda: _length("4 0 R")),
    Case("length-missing", "length", "issued", "a stream whose length is nowhere", lambda: _length("77 0 R")),
    Case("length-huge", "length", "issued", "a stream that claims 2 GB", lambda: _length("2147483647")),
    Case("length-negative", "length", "issued", "a stream of negative length", lambda: _length("-1")),
    Case("length-short", "length", "issued", "a stream that is longer than it says", lambda: _length("3")),
    Case("size-huge", "numbers", "issued", "a table said to have two thousand million entries", lambda: _tail(rb"/Size 6", b"/Size 2147483647")),
    Case("size-negative", "numbers", "issued", "a table of negative size", lambda: _tail(rb"/Size 6", b"/Size -6")),
    Case("section-huge", "numbers", "issued", "a table section of 4,294,967,295 entries", lambda: _tail(rb"xref\n0 6", b"xref\n0 4294967295")),
    Case("count-huge", "numbers", "issued", "a page tree that claims two thousand million pages", lambda: _replace(2, "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>")),
    Case("count-negative", "numbers", "issued", "a page tree of minus one page", lambda: _replace(2, "<< /Type /Pages /Kids [3 0 R] /Count -1 >>")),
    Case("index-huge", "numbers", "issued", "a cross-reference stream that claims 4 billion rows", lambda: _xref_stream("[0 4294967290]", 100, b"")),
    Case("widths-huge", "numbers", "issued", "cross-reference columns of two thousand million bytes", lambda: _xref_stream("[0 6]", 100, b"", "[1 2147483647 2]")),
    Case("widths-negative", "numbers", "issued", "cross-reference columns of negative width", lambda: _xref_stream("[0 6]", 100, b"", "[1 -4 2]")),
    Case("rows-3-million", "numbers", "pdf.too_many_objects", "three million free entries in a file of some kilobytes", lambda: _xref_stream("[0 6 100 3000000]", 3000100, bytes(7) * 3_000_000)),
    Case("object-number-huge", "numbers", "pdf.truncated", "an object with the number 4294967295", lambda: letter().write() + b"4294967295 65535 obj\nnull\nendobj\n"),
    Case("startxref-missing", "xref", "issued", "no startxref", lambda: _tail(rb"startxref\n\d+\n", b"")),
    Case("startxref-far", "xref", "issued", "startxref leads behind the end", lambda: _tail(rb"startxref\n\d+", b"startxref\n9999999999")),
    Case("startxref-negative", "xref", "issued", "startxref is negative", lambda: _tail(rb"startxref\n\d+", b"startxref\n-5")),
    Case("root-missing", "xref", "issued", "the trailer names no catalog", lambda: _tail(rb"/Root 1 0 R", b"")),
    Case("root-wrong", "xref", "pdf.malformed", "the trailer calls the font the catalog", lambda: _tail(rb"/Root 1 0 R", b"/Root 5 0 R")),
    Case("free-list-cycle", "xref", "issued", "the first free entry leads to a used object", _free_cycle),
    Case("misdirected", "xref", "issued", "an entry leads to another object, which the page does not use", lambda: misdirected()[0]),
    Case("misdirected-content", "xref", "issued", "the entry of the page's content leads to another content", _misdirected_content),
    Case("offsets-early", "xref", "issued", "every offset is three bytes too low", lambda: _off_by(-3)),
    Case("offsets-late", "xref", "issued", "every offset is nine bytes too high", lambda: _off_by(9)),
    Case("no-pages", "pages", "pdf.malformed", "a page tree without a page", lambda: _replace(2, "<< /Type /Pages /Kids [] /Count 0 >>")),
    Case("no-page-tree", "pages", "pdf.malformed", "a catalog without a page tree", lambda: _replace(1, "<< /Type /Catalog >>")),
    Case("kid-is-a-font", "pages", "pdf.malformed", "the page tree holds a font", lambda: _replace(2, "<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>")),
    Case("kid-is-missing", "pages", "pdf.malformed", "the page tree holds an object that is not there", lambda: _replace(2, "<< /Type /Pages /Kids [3 0 R 66 0 R] /Count 2 >>")),
    Case("page-10000", "pages", "pdf.too_many_pages", "10,000 pages", lambda: _pages(10_000)),
    Case("box-missing", "box", "issued", "a page without a MediaBox", lambda: _box("")),
    Case("box-zero", "box", "issued", "a page without area", lambda: _box("/MediaBox [0 0 0 0]")),
    Case("box-inverted", "box", "issued", "a MediaBox from the upper right to the lower left", lambda: _box("/MediaBox [595 842 0 0]")),
    Case("box-huge", "box", "issued", "a page as large as a province", lambda: _box("/MediaBox [0 0 2000000000 2000000000]")),
    Case("box-tiny", "box", "issued", "a page of three millimetres", lambda: _box("/MediaBox [0 0 9 9]")),
    Case("box-narrow", "box", "issued", "a page of one point by ten metres", lambda: _box("/MediaBox [0 0 1 28346]")),
    Case("box-words", "box", "issued", "a MediaBox of names", lambda: _box("/MediaBox [/A /B /C /D]")),
    Case("crop-outside", "box", "issued", "a CropBox beside the page", lambda: _box("/MediaBox [0 0 595 842] /CropBox [900 900 1200 1200]")),
    Case("rotate-odd", "box", "issued", "a page turned by 45 degrees", lambda: _box("/MediaBox [0 0 595 842] /Rotate 45")),
    Case("rotate-far", "box", "issued", "a page turned 1,000,000 times", lambda: _box("/MediaBox [0 0 595 842] /Rotate 360000090")),
    Case("user-unit-huge", "box", "issued", "a UserUnit of a thousand million", lambda: _box("/MediaBox [0 0 595 842] /UserUnit 1000000000")),
    Case("user-unit-zero", "box", "issued", "a UserUnit of zero", lambda: _box("/MediaBox [0 0 595 842] /UserUnit 0")),
    Case("title-markup", "text", "issued", "a title that is a script in HTML", lambda: _titled(b"(<script>alert\\(1\\)</script> <img src=x onerror=alert\\(1\\)>)")),
    Case("title-bidi", "text", "issued", "a title that turns the direction of writing", lambda: _titled(b"<FEFF0049007A0069006E0020202E0046004400500020202C0000000A000D>")),
    Case("title-1-mb", "text", "issued", "a title of one million characters", lambda: _titled(b"(" + b"Surat " * 166_667 + b")")),
    Case("title-broken", "text", "issued", "a title in broken UTF-16", lambda: _titled(b"<FEFFD800D800DC00DC00FF>")),
]


def _page_chain(levels: int) -> bytes:
    def change(pdf: RawPdf) -> None:
        for level in range(levels):
            number = 6 + level
            kid = number + 1 if level + 1 < levels else 3
            pdf.add(f"<< /Type /Pages /Parent {number - 1 if level else 2} 0 R /Kids [{kid} 0 R] /Count 1 >>", number)
        pdf.add("<< /Type /Pages /Kids [6 0 R] /Count 1 >>", 2)

    return _spoil(change)


def _far_cycle() -> bytes:
    def change(pdf: RawPdf) -> None:
        pdf.add("<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 2 >>", 2)
        pdf.add("<< /Type /Pages /Parent 2 0 R /Kids [7 0 R] /Count 1 >>")
        pdf.add("<< /Type /Pages /Parent 6 0 R /Kids [2 0 R] /Count 1 >>")

    return _spoil(change)


def _reference_cycle() -> bytes:
    def change(pdf: RawPdf) -> None:
        pdf.add(pdf.objects[3].replace(b"[0 0 595 842]", b"6 0 R"), 3)
        pdf.add("7 0 R")
        pdf.add("6 0 R")

    return _spoil(change)


def _outline_cycle() -> bytes:
    def change(pdf: RawPdf) -> None:
        pdf.add("<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>")
        pdf.add("<< /Title (Lampiran) /Parent 6 0 R /Next 7 0 R /Dest [3 0 R /Fit] >>")

    return _spoil(change, catalog="/Outlines 6 0 R")


def _field_cycle() -> bytes:
    field = "<< /FT /Tx /T (a) /Kids [6 0 R] /Parent 6 0 R >>"
    return _with(field, catalog="/AcroForm << /Fields [6 0 R] >>")


def _prev_self() -> bytes:
    whole = letter().write()
    return _tail(rb"/Size 6", b"/Size 6 /Prev %d" % whole.rindex(b"xref\n0 "))


def _length(length: str) -> bytes:
    return _spoil(lambda pdf: pdf.add(re.sub(rb"/Length \d+", b"/Length " + length.encode(), pdf.objects[4]), 4))


def _box(entries: str) -> bytes:
    return _spoil(lambda pdf: pdf.add(pdf.objects[3].replace(b"/MediaBox [0 0 595 842]", entries.encode()), 3))


def _titled(title: bytes) -> bytes:
    pdf = letter()
    return pdf.write(info=pdf.add(b"<< /Title " + title + b" >>"))
