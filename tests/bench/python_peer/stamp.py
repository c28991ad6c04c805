"""stamp: the organisation's seal, shown as a QR code, and the rows that anyone may read."""

import base64
import hashlib
import os
import pathlib
from typing import Any

import files
import peer
import rows

_KEYS = pathlib.Path(os.environ["KEYS_FOLDER"])
_SEAL = peer.load_signer(_KEYS / "segel.key.pem", _KEYS / "segel.chain.pem", keep_key=True)
_PUBLIC_URL = os.environ["PUBLIC_URL"].upper()


def _stamp(event: dict[str, Any]) -> None:
    document_id = event["data"]["document_id"]
    pk = f"document#{document_id}"
    document, version = rows.load(pk)
    if document["state"] == "issued":
        return
    signed = files.get(document_id, "signed")
    digest = hashlib.sha256(signed).digest()
    if digest.hex() != document["signed_sha256"]:
        raise ValueError("the signed file is not the one that was recorded")
    link = f"{_PUBLIC_URL}/V/1{document_id}/{base64.b32encode(digest).decode().rstrip('=')}"
    sealed = peer.stamp(signed, _SEAL, link)
    files.put_once(document_id, "final", sealed)
    sha256 = hashlib.sha256(sealed).hexdigest()
    document |= {"state": "issued", "final_sha256": sha256, "final_length": len(sealed), "issued_at": rows.now()}
    entry = {name: value for name, value in document.items() if name != "object"}
    rows.commit(
        rows.state(pk, document, version),
        rows.event(
            pk, version + 1, "document.issued", {"document_id": document_id, "sha256": sha256, "verify_url": link}
        ),
        rows.state(f"public#document#{document_id}", entry, None),
        rows.state(f"public#sha256#{digest.hex()}", {"document_id": document_id}, None),
        rows.state(f"public#sha256#{sha256}", {"document_id": document_id}, None),
    )


handler = rows.each_message(_stamp)
