"""Files that are not PDFs, are not whole, are closed, or are too large."""

import io
import zipfile

import variants
from hostile_case import Case, letter, permit

_CAP = 25 << 20


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("word/document.xml", (2026, 1, 5, 9, 0, 0)), "<w:document/>")
    return out.getvalue()


def _cut(share: float) -> bytes:
    whole = permit()
    return whole[: int(len(whole) * share)]


def _without_end() -> bytes:
    whole = permit()
    return whole[: whole.rindex(b"startxref")]


def _padded(size: int) -> bytes:
    pdf = letter()
    filler = size - len(pdf.write()) - 100
    pdf.stream(b"\0" * filler)
    short = size - len(pdf.write())
    pdf.stream(b"\0" * (filler + short), number=6)
    return pdf.write()


CASES = [
    Case("empty", "bytes", "pdf.empty", "no bytes at all", lambda: b""),
    Case("one-byte", "bytes", "pdf.not_pdf", "a single byte", lambda: b"%"),
    Case("header-only", "bytes", "pdf.truncated", "the header of a PDF and nothing else", lambda: b"%PDF-1.7\n"),
    Case("text", "bytes", "pdf.not_pdf", "plain text named .pdf", lambda: "Ini bukan PDF, hanya teks biasa.\n".encode() * 40),
    Case("html", "bytes", "pdf.not_pdf", "a web page named .pdf", lambda: b"<!doctype html><title>404</title><h1>Not Found</h1>"),
    Case("word", "bytes", "pdf.not_pdf", "a Word file named .pdf", _zip),
    Case("jpeg", "bytes", "pdf.not_pdf", "a picture named .pdf", lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(4000)),
    Case("binary-after-header", "bytes", "pdf.truncated", "a header, then noise", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 64),
    Case("truncated-10", "truncated", "pdf.truncated", "the first tenth of a permit", lambda: _cut(0.1)),
    Case("truncated-50", "truncated", "pdf.truncated", "the first half of a permit", lambda: _cut(0.5)),
    Case("truncated-90", "truncated", "pdf.truncated", "the first nine tenths of a permit", lambda: _cut(0.9)),
    Case("truncated-xref", "truncated", "pdf.truncated", "cut before startxref", _without_end),
    Case("truncated-eof", "truncated", "pdf.truncated", "the last five bytes are missing", lambda: permit()[:-6]),
    Case("password-256", "encrypted", "pdf.password_required", "needs a password to open, AES-256", lambda: variants.encrypted(permit(), 256, "rahasia")),
    Case("password-128", "encrypted", "pdf.password_required", "needs a password to open, AES-128", lambda: variants.encrypted(permit(), 128, "rahasia")),
    Case("over-the-cap", "size", "inbox.too_large", "25 MiB and one byte", lambda: _padded(_CAP + 1)),
    Case("far-over-the-cap", "size", "inbox.too_large", "40 MiB", lambda: _padded(40 << 20)),
    Case("junk-before-header", "bytes", "issued", "a kilobyte of mail headers before %PDF", lambda: b"X-Mail: 1\r\n" * 90 + permit()),
    Case("zip-behind", "bytes", "issued", "a PDF that is a ZIP archive too", lambda: permit() + _zip()),
    Case("html-behind", "bytes", "issued", "a web page after the end of the file", lambda: permit() + b"<script>alert(1)</script>" * 200),
    Case("nul-behind", "bytes", "issued", "64 KB of zero bytes after the end", lambda: permit() + bytes(65536)),
    Case("twice", "bytes", "issued", "two whole files, one after the other", lambda: permit() + letter().write()),
]
