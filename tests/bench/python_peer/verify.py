"""verify: the page behind a QR code, from the public row alone."""

import base64
import html
from typing import Any

import rows

_PAGE = """<!doctype html><html lang="id"><head><meta charset="utf-8"><title>Keaslian dokumen</title></head><body>
<h1>{verdict}</h1><dl>{fields}</dl></body></html>"""


def handler(request: dict[str, Any], _context: object) -> dict[str, Any]:
    """GET /V/1<id>/<h>."""
    _, _, link_id, h = request["rawPath"].split("/")
    found = rows.find(f"public#document#{link_id.removeprefix('1')}")
    if found is None:
        return _page(404, "Dokumen tidak dikenal", {})
    entry, _ = found
    expected = base64.b32encode(bytes.fromhex(entry["signed_sha256"])).decode().rstrip("=")
    return _page(200, "Dokumen asli", entry) if h == expected else _page(404, "Kode QR palsu", {})


def _page(status: int, verdict: str, fields: dict[str, Any]) -> dict[str, Any]:
    shown = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>" for name, value in fields.items())
    body = _PAGE.format(verdict=verdict, fields=shown)
    return {"statusCode": status, "headers": {"content-type": "text/html; charset=utf-8"}, "body": body}
