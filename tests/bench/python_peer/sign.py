"""sign: the official's PAdES B-B signature."""

import hashlib
import os
import pathlib
from typing import Any

import files
import peer
import rows

_KEYS = pathlib.Path(os.environ["KEYS_FOLDER"])
_OFFICIALS = {"pejabat": peer.load_signer(_KEYS / "pejabat.key.pem", _KEYS / "pejabat.chain.pem", keep_key=True)}


def _sign(approved: dict[str, Any]) -> None:
    document_id, decider = approved["data"]["item"]["id"], approved["data"]["decided_by"]
    pk = f"document#{document_id}"
    document, version = rows.load(pk)
    if document["state"] in ("signed", "issued"):
        return
    if document["state"] != "approved":
        document["state"] = "approved"
        moved = {"document_id": document_id}
        rows.commit(rows.state(pk, document, version), rows.event(pk, version + 1, "document.approved", moved))
        version += 1
    signed = peer.sign(files.get(document_id, "original"), _OFFICIALS[decider["id"]])
    files.put_once(document_id, "signed", signed)
    sha256 = hashlib.sha256(signed).hexdigest()
    document |= {"state": "signed", "signed_sha256": sha256, "signed_length": len(signed), "signed_at": rows.now()}
    rows.commit(
        rows.state(pk, document, version),
        rows.event(pk, version + 1, "document.signed", {"document_id": document_id, "sha256": sha256}),
    )


handler = rows.each_message(_sign)
