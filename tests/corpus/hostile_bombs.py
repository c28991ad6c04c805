"""Small files that become large, or that never end, when they are read or drawn."""

import zlib
from functools import cache

from hostile_case import LINES, Case, letter
from rawpdf import RawPdf, text_page

_MB = 1_000_000


@cache
def _packed(megabytes: int, times: int, head: bytes = b"", filler: bytes = b" ") -> bytes:
    """`head`, then `megabytes` million times `filler`, deflated `times` times.

    Deflating gigabytes takes long; one deflated million can be repeated, because a full flush ends at a byte.
    """
    squeeze = zlib.compressobj(9, wbits=-15)
    out = b"\x78\xda" + squeeze.compress(head) + squeeze.flush(zlib.Z_FULL_FLUSH) + _million(filler) * megabytes
    check = _joined(zlib.adler32(head), _checksum(megabytes, filler), megabytes * _MB * len(filler))
    out += zlib.compressobj(9, wbits=-15).flush() + check.to_bytes(4, "big")
    for _ in range(times - 1):
        out = zlib.compress(out, 9)
    return out


@cache
def _million(filler: bytes) -> bytes:
    squeeze = zlib.compressobj(9, wbits=-15)
    return squeeze.compress(filler * _MB) + squeeze.flush(zlib.Z_FULL_FLUSH)


@cache
def _checksum(megabytes: int, filler: bytes) -> int:
    check, million = 1, filler * _MB
    for _ in range(megabytes):
        check = zlib.adler32(million, check)
    return check


def _joined(first: int, second: int, length: int) -> int:
    """The Adler-32 of two parts from those of each, the second `length` bytes long (RFC 1950, 8.2)."""
    a, b, c, d = first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16
    return (a + c - 1) % 65521 | (b + d + length * (a - 1)) % 65521 << 16


def _filters(times: int) -> str:
    return "/Filter [" + " /FlateDecode" * times + " ]"


def _object_streams(count: int, megabytes: int, times: int) -> bytes:
    """`count` object streams of `megabytes` each; the page's /Needed array leads into every one of them."""
    first_inside = 200
    pdf = letter(page="/Needed [" + " ".join(f"{first_inside + n} 0 R" for n in range(count)) + "]")
    for n in range(count):
        # The index names an object of its own in each; the string is what it holds.
        data = _packed(megabytes, times, b"%d 0 (x)" % (first_inside + n))
        pdf.add(b"<< /Type /ObjStm /N 1 /First 6 %s /Length %d >>\nstream\n%s\nendstream" % (_filters(times).encode(), len(data), data))
    out, offsets = pdf.bodies("1.7")
    size = first_inside + count
    own = size
    rows = []
    for n in range(size):
        if n in offsets:
            rows.append(b"\x01" + offsets[n].to_bytes(4, "big") + b"\0\0")
        elif n >= first_inside:
            rows.append(b"\x02" + (6 + n - first_inside).to_bytes(4, "big") + b"\0\0")
        else:
            rows.append(b"\0" * 7)
    table = b"".join(rows)
    head = f"<< /Type /XRef /Size {own} /W [1 4 2] /Root 1 0 R /Length {len(table)} >>"
    return out + b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (own, head.encode(), table, len(out))


def _content(megabytes: int, times: int) -> bytes:
    data = _packed(megabytes, times, text_page(LINES))
    pdf = letter()
    pdf.add(b"<< %s /Length %d >>\nstream\n%s\nendstream" % (_filters(times).encode(), len(data), data), 4)
    return pdf.write()


def _operators() -> bytes:
    """A million strokes: nothing to store, much to draw."""
    data = _packed(1, 2, b"", b"0 0 m 9 9 l S\n".ljust(20))
    pdf = letter()
    pdf.add(b"<< %s /Length %d >>\nstream\n%s\nendstream" % (_filters(2).encode(), len(data), data), 4)
    return pdf.write()


def _image(side: int, bits: int = 8) -> bytes:
    pdf = letter()
    data = _packed(1, 1, filler=b"\0")
    entries = f"/Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceRGB /BitsPerComponent {bits} /Filter /FlateDecode"
    _show(pdf, b"q 400 0 0 400 60 200 cm /X Do Q")
    pdf.add(b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries.encode(), len(data), data))
    return pdf.write()


def _show(pdf: RawPdf, what: bytes) -> None:
    pdf.add(pdf.objects[3].replace(b"/Font <<", b"/XObject << /X 6 0 R >> /Font <<"), 3)
    pdf.stream(text_page(LINES) + b"\n" + what, number=4)


def _form(resources: str, content: bytes) -> str:
    head = f"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << {resources} >> >> /Length {len(content)} >>"
    return f"{head}\nstream\n{content.decode()}\nendstream"


def _self_drawing() -> bytes:
    pdf = letter()
    _show(pdf, b"/X Do")
    pdf.add(_form("/X 6 0 R", b"/X Do"))
    return pdf.write()


def _thousand_million_forms(levels: int = 9, each: int = 10) -> bytes:
    pdf = letter()
    _show(pdf, b"/X Do")
    for level in range(levels):
        pdf.add(_form(f"/X {7 + level} 0 R", b"/X Do " * each))
    pdf.add(_form("", b"0 0 1 1 re f"))
    return pdf.write()


def _font_that_draws_itself() -> bytes:
    pdf = letter()
    pdf.add("<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 65 /LastChar 65 /Widths [9] /Encoding << /Type /Encoding /Differences [65 /a] >> /CharProcs << /a 6 0 R >> /Resources << /Font << /F1 5 0 R >> >> >>", 5)
    pdf.stream(b"9 0 d0 BT /F1 1 Tf (A) Tj ET")
    pdf.stream(b"BT /F1 9 Tf 60 700 Td (AAAA) Tj ET", number=4)
    return pdf.write()


def _font_program(megabytes: int) -> bytes:
    pdf = letter()
    data = _packed(megabytes, 2, b"\0\x01\0\0\0\x0a", b"\0")
    pdf.add("<< /Type /Font /Subtype /TrueType /BaseFont /Besar /FirstChar 32 /LastChar 33 /Widths [500 500] /FontDescriptor 6 0 R >>", 5)
    pdf.add("<< /Type /FontDescriptor /FontName /Besar /Flags 32 /FontBBox [0 0 9 9] /ItalicAngle 0 /Ascent 9 /Descent 0 /CapHeight 9 /StemV 1 /FontFile2 7 0 R >>")
    pdf.add(b"<< %s /Length1 %d /Length %d >>\nstream\n%s\nendstream" % (_filters(2).encode(), megabytes * _MB, len(data), data))
    return pdf.write()


def _cmap(megabytes: int) -> bytes:
    pdf = letter()
    data = _packed(megabytes, 2, b"begincmap\n", b"<0000> <ffff> <0000>\n".ljust(25))
    pdf.add(pdf.objects[5].replace(b">>", b"/ToUnicode 6 0 R >>"), 5)
    pdf.add(b"<< %s /Length %d >>\nstream\n%s\nendstream" % (_filters(2).encode(), len(data), data))
    return pdf.write()


def _many_filters() -> bytes:
    times = 0
    plain = text_page(LINES)
    while len(plain) < 1 << 19:
        plain, times = plain.hex().encode() + b">", times + 1
    pdf = letter()
    pdf.add(b"<< /Filter [%s ] /Length %d >>\nstream\n%s\nendstream" % (b" /ASCIIHexDecode" * times, len(plain), plain), 4)
    return pdf.write()


def _annotations(count: int) -> bytes:
    pdf = letter(page="/Annots [" + "6 0 R " * count + "]")
    pdf.add("<< /Type /Annot /Subtype /Square /Rect [60 100 70 110] /C [1 0 0] >>")
    return pdf.write()


def _values(count: int) -> bytes:
    pdf = letter(page="/X 6 0 R")
    pdf.add(b"[" + b"0 " * count + b"]")
    return pdf.write()


def _pattern() -> bytes:
    pdf = letter()
    pdf.add(pdf.objects[3].replace(b"/Font <<", b"/Pattern << /P 6 0 R >> /Font <<"), 3)
    pdf.stream(b"/Pattern cs /P scn 0 0 595 842 re f", number=4)
    pdf.stream(b"0 0 m 1 1 l S", "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.001 /YStep 0.001 /Resources << >>")
    return pdf.write()


CASES = [
    Case("object-streams-100", "bomb", "pdf.decompresses_too_large", "100 object streams of 60 MB each in 6 MB", lambda: _object_streams(100, 60, 1)),
    Case("object-streams-100-small", "bomb", "pdf.decompresses_too_large", "100 object streams of 60 MB each in some kilobytes", lambda: _object_streams(100, 60, 2)),
    Case("content-1-gb", "bomb", "issued", "a page whose content inflates to a gigabyte", lambda: _content(1000, 2), judge=False),
    Case("content-100-mb", "bomb", "issued", "a page whose content inflates to 100 MB", lambda: _content(100, 1)),
    Case("content-operators", "bomb", "issued", "a million strokes", _operators, judge=False),
    Case("content-filters", "bomb", "issued", "content behind a dozen filters", _many_filters),
    Case("image-huge", "bomb", "issued", "a picture that claims 100,000 by 100,000 pixels", lambda: _image(100_000), judge=False),
    Case("image-absurd", "bomb", "issued", "a picture that claims four thousand million pixels a side", lambda: _image(4_294_967_295, 16), judge=False),
    Case("form-self", "bomb", "issued", "a drawing that draws itself", _self_drawing),
    Case("form-1e9", "bomb", "issued", "ten drawings that draw ten drawings, nine levels deep", _thousand_million_forms, judge=False),
    Case("font-self", "bomb", "issued", "a letter that is written with itself", _font_that_draws_itself),
    Case("font-500-mb", "bomb", "issued", "a font program that inflates to 500 MB", lambda: _font_program(500)),
    Case("cmap-200-mb", "bomb", "issued", "a character map that inflates to 200 MB", lambda: _cmap(8)),
    Case("pattern-fine", "bomb", "issued", "a tiling of a thousandth of a point", _pattern, judge=False),
    Case("annotations-300000", "bomb", "issued", "300,000 annotations on a page", lambda: _annotations(300_000), judge=False),
    Case("values-5-million", "bomb", "pdf.too_many_objects", "an array of five million numbers", lambda: _values(5_000_000)),
]
