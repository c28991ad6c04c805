"""Reads QR codes as a person would: from the rendered page."""

import pathlib
import subprocess
import tempfile

import pikepdf

#: What another program may take before its silence counts as an answer.
SECONDS = 60


def decode(file: pathlib.Path, dpi: int, max_pages: int, prefix: str) -> dict:
    """Scans pages, the last and the first first, then backwards, until one shows a code that begins with `prefix`.

    `{"link", "page", "texts", "pages_scanned"}`: the link as it is in the code, or null, and all texts that were seen.
    """
    found = {"link": None, "page": None, "texts": [], "pages_scanned": 0}
    backwards = _pages(file)[::-1]
    for page, unit in (backwards[:1] + backwards[-1:] * (len(backwards) > 1) + backwards[1:-1])[:max_pages]:
        found["pages_scanned"] += 1
        # poppler draws a page in user units of 1/72 inch, whatever /UserUnit says.
        for text in _texts(file, page, round(dpi * unit)):
            found["texts"].append(text)
            if text.upper().startswith(prefix.upper()):
                return {**found, "link": text, "page": page}
    return found


def _pages(file: pathlib.Path) -> list[tuple[int, float]]:
    try:
        with pikepdf.open(file) as pdf:
            return [(n, float(page.obj.get("/UserUnit", 1))) for n, page in enumerate(pdf.pages, 1)]
    except pikepdf.PdfError:
        return []


def _texts(file: pathlib.Path, page: int, dpi: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        only = ["-f", str(page), "-l", str(page), "-singlefile"]
        picture = pathlib.Path(folder, "page")
        draw = ["pdftoppm", "-q", "-cropbox", "-gray", "-r", str(dpi), *only, str(file), str(picture)]
        read = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", f"{picture}.pgm"]
        try:
            if subprocess.run(draw, capture_output=True, timeout=SECONDS).returncode != 0:
                return []
            done = subprocess.run(read, capture_output=True, text=True, errors="replace", timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return []
        return [line for line in done.stdout.splitlines() if line]
