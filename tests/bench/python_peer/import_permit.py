"""import: the object becomes a document in the vault. Only the page count and encryption are looked at."""

import hashlib
import io
from typing import Any

import files
import rows
from pyhanko.pdf_utils.reader import PdfFileReader


def _import(detected: dict[str, Any]) -> None:
    document_id = detected["data"]["document_id"]
    pk = f"document#{document_id}"
    document, version = rows.load(pk)
    if document["state"] != "detected":
        return
    place = document["object"]
    pdf = files.uploaded(place["bucket"], place["key"], place["versionId"])
    files.put_once(document_id, "original", pdf)
    reader = PdfFileReader(io.BytesIO(pdf))
    if reader.encrypted:
        raise ValueError("the file is encrypted")
    file = {"sha256": hashlib.sha256(pdf).hexdigest(), "pages": int(reader.root["/Pages"]["/Count"])}
    rows.commit(
        rows.state(pk, document | file | {"state": "imported"}, version),
        rows.event(pk, version + 1, "document.imported", {"document_id": document_id} | file),
    )


handler = rows.each_message(_import)
