"""detect: one document per uploaded object."""

import base64
import os
from typing import Any

import rows


def _detect(notification: dict[str, Any]) -> None:
    for record in notification["Records"]:
        found = record["s3"]["object"] | {"bucket": record["s3"]["bucket"]["name"]}
        document_id = base64.b32encode(os.urandom(16)).decode().rstrip("=")
        newest = rows.find(f"newest#{found['key']}")
        document = {"id": document_id, "state": "detected", "object": found, "at": rows.now()}
        pk = f"document#{document_id}"
        rows.commit(
            rows.state(f"object#{found['key']}#{found['versionId']}", {"document_id": document_id}, 0),
            rows.state(pk, document, 0),
            rows.event(pk, 1, "document.detected", {"document_id": document_id, "key": found["key"]}),
            rows.state(f"newest#{found['key']}", {"document_id": document_id}, newest[1] if newest else 0),
        )


handler = rows.each_message(_detect)
