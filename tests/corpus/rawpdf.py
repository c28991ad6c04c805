"""A PDF written object by object, for structures that no producer can be asked for."""

import zlib


class RawPdf:
    """Numbered objects, and the ways to write them to a file."""

    def __init__(self) -> None:
        self.objects: dict[int, bytes] = {}

    def add(self, body: bytes | str, number: int | None = None) -> int:
        """Adds an object's body, the bytes between `obj` and `endobj`, and gives its number."""
        number = number or len(self.objects) + 1
        self.objects[number] = body.encode("latin-1") if isinstance(body, str) else body
        return number

    def stream(self, data: bytes, entries: str = "", deflate: bool = False, number: int | None = None) -> int:
        """Adds a stream with its /Length."""
        if deflate:
            data, entries = zlib.compress(data, 9), entries + " /Filter /FlateDecode"
        return self.add(b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries.encode(), len(data), data), number)

    def write(self, root: int = 1, info: int | None = None, version: str = "1.7", trailer: str = "") -> bytes:
        """The file, with an ordinary cross-reference table."""
        out, offsets = self.bodies(version)
        entries = self._trailer(root, info, trailer)
        return out + table(offsets, len(out), self.size, entries)

    def write_hybrid(self, packed: set[int], root: int = 1) -> bytes:
        """The file as PDF 1.5 wrote it for readers of both kinds: a table for the plain objects, which calls the
        `packed` ones free, and a cross-reference stream (/XRefStm) that finds those in an object stream."""
        inside = {number: self.objects[number] for number in sorted(packed)}
        plain = RawPdf()
        plain.objects = {n: b for n, b in self.objects.items() if n not in packed}
        holder, finder = self.size, self.size + 1
        plain.add(object_stream(inside), holder)
        out, offsets = plain.bodies("1.5")
        rows = b"".join(b"\x02" + holder.to_bytes(4, "big") + i.to_bytes(2, "big") for i in range(len(inside)))
        index = " ".join(f"{n} 1" for n in inside)
        at = len(out)
        head = f"<< /Type /XRef /Size {finder + 1} /W [1 4 2] /Index [{index}] /Root {root} 0 R /Length {len(rows)} >>"
        out += b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (finder, head.encode(), rows)
        offsets[finder] = at
        return out + table(offsets, len(out), finder + 1, f"/Root {root} 0 R /XRefStm {at}")

    def bodies(self, version: str) -> tuple[bytes, dict[int, int]]:
        """The file up to its cross-reference part, and where each object begins."""
        out = bytearray(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version.encode())
        offsets = {}
        for number, body in self.objects.items():
            offsets[number] = len(out)
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        return bytes(out), offsets

    @property
    def size(self) -> int:
        """One more than the highest object number."""
        return max(self.objects, default=0) + 1

    @staticmethod
    def _trailer(root: int, info: int | None, more: str) -> str:
        return f"/Root {root} 0 R" + (f" /Info {info} 0 R" if info else "") + (f" {more}" if more else "")


def table(offsets: dict[int, int], at: int, size: int, entries: str) -> bytes:
    """A cross-reference table for `offsets`, its trailer and the end of the file. Numbers without an offset are free."""
    free = [n for n in range(size) if n not in offsets]
    chain = dict(zip(free, [*free[1:], 0], strict=True))
    rows = [
        b"%010d 00000 n \n" % offsets[n] if n in offsets else b"%010d %05d f \n" % (chain[n], 65535 if n == 0 else 1)
        for n in range(size)
    ]
    return b"xref\n0 %d\n%strailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        b"".join(rows),
        size,
        entries.encode(),
        at,
    )


def object_stream(inside: dict[int, bytes]) -> bytes:
    """The body of an object stream that holds `inside`."""
    head, bodies = [], b""
    for number, body in inside.items():
        head.append(b"%d %d" % (number, len(bodies)))
        bodies += body + b"\n"
    index = b" ".join(head) + b"\n"
    return b"<< /Type /ObjStm /N %d /First %d /Length %d >>\nstream\n%s%s\nendstream" % (
        len(inside),
        len(index),
        len(index) + len(bodies),
        index,
        bodies,
    )


def text_page(lines: list[str], x: int = 60, y: int = 780) -> bytes:
    """A page's content: `lines` in the font /F1."""
    shown = "".join(f"({line}) Tj T*\n" for line in lines)
    return f"BT /F1 12 Tf 16 TL {x} {y} Td\n{shown}ET".encode("latin-1")


def simple(lines: list[str], page: str = "", catalog: str = "", box: str = "[0 0 595 842]") -> RawPdf:
    """A file of one page: objects 1 catalog, 2 page tree, 3 page, 4 content, 5 font."""
    pdf = RawPdf()
    pdf.add(f"<< /Type /Catalog /Pages 2 0 R {catalog} >>")
    pdf.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    pdf.add(
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> {page} >>"
    )
    pdf.stream(text_page(lines))
    pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>")
    return pdf
