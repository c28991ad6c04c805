"""Permits written as HTML, printed by Chromium and by WeasyPrint: what web applications produce."""

import html
import pathlib
import re
import shutil
import subprocess
import tempfile

import permits
from permits import Permit

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)
_DATE = re.compile(rb"\(D:\d{14}")
_FIXED = b"(D:20260105090000"


def by_chromium(permit: Permit, landscape: bool = False) -> bytes:
    """Printed by headless Chromium with a fresh profile."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "permit.html")
        target = pathlib.Path(folder, "permit.pdf")
        source.write_text(_page(permit, landscape), encoding="utf-8")
        command = [chromium(), *_FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        # Chromium writes the moment of printing; the same length keeps every offset in the file right.
        return _DATE.sub(_FIXED, target.read_bytes())


def by_weasyprint(permit: Permit) -> bytes:
    """Set by WeasyPrint, with a cross-reference stream."""
    import weasyprint

    return weasyprint.HTML(string=_page(permit, False)).write_pdf(pdf_identifier=b"absah-corpus-0001")


def chromium() -> str:
    """Debian's browser, or another build of it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("chromium is not installed")


def _page(permit: Permit, landscape: bool) -> str:
    e = html.escape
    rows = "".join(f"<tr><td>{e(a)}</td><td>:</td><td>{e(b)}</td></tr>" for a, b in permit.rows)
    basis = "".join(f"<li>{e(line)}</li>" for line in permit.basis)
    clauses = "".join(f"<li>{e(line)}</li>" for line in permit.clauses)
    signer = permit.signer
    office = e(signer.office).replace("\n", "<br>")
    return f"""<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{e(permit.title)}</title>
<meta name="author" content="{permits.UNIT}"><style>
@page {{ size: A4{" landscape" if landscape else ""}; margin: 15mm 20mm }}
body {{ font: 11pt/1.35 "Liberation Serif", serif; margin: 0 }}
header {{ text-align: center; border-bottom: 3px double #000; padding-bottom: 6px; margin-bottom: 12px }}
header p {{ margin: 0 }} .office {{ font-weight: bold; font-size: 13pt }} .small {{ font-size: 8.5pt }}
h1 {{ font-size: 13pt; text-align: center; margin: 0; text-decoration: underline }}
.number {{ text-align: center; margin: 0 0 10px }} table {{ border-collapse: collapse }} td {{ padding: 1px 6px 1px 0; vertical-align: top }}
td:first-child {{ width: 48mm }} ol {{ margin: 4px 0; padding-left: 20px }}
.sign {{ margin-left: auto; width: 78mm; margin-top: 14px; break-inside: avoid }} .room {{ height: 20mm }}
</style></head><body>
<header><p>{permits.GOVERNMENT}</p><p class="office">{permits.OFFICE}</p>
<p class="small">{permits.ADDRESS}</p><p class="small">{permits.CONTACT}</p></header>
<h1>{e(permit.kind)}</h1><p class="number">NOMOR: {e(permit.number)}</p>
<p>Berdasarkan:</p><ol type="a">{basis}</ol><p>dengan ini memberikan izin kepada:</p><table>{rows}</table>
<p>Dengan ketentuan sebagai berikut:</p><ol>{clauses}</ol>
<div class="sign">Ditetapkan di {permits.CITY}<br>pada tanggal {permit.date}<br>{office}<div class="room"></div>
<b><u>{e(signer.name)}</u></b><br>{e(signer.rank)}<br>NIP {signer.number}</div>
</body></html>"""
