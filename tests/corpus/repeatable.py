"""Repeatable randomness: pyHanko and pikepdf draw identifiers; a corpus must be the same on every machine."""

import contextlib
import os
import random
import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from unittest import mock

#: The moment that every made file states.
WHEN = datetime(2026, 1, 5, 9, 0, tzinfo=timezone(timedelta(hours=7)))


class _Fixed(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz=None) -> datetime:
        """The moment, whatever the time."""
        return WHEN.astimezone(tz) if tz else WHEN


@contextlib.contextmanager
def repeatable(seed: str) -> Iterator[None]:
    """Within it, random bytes, UUIDs and pyHanko's clock follow from `seed`. Never for keys that guard anything."""
    source = random.Random(seed)
    with (
        mock.patch.object(os, "urandom", source.randbytes),
        mock.patch.object(secrets, "token_bytes", source.randbytes),
        mock.patch.object(uuid, "uuid4", lambda: uuid.UUID(bytes=source.randbytes(16), version=4)),
        mock.patch("pyhanko.pdf_utils.metadata.info.datetime", _Fixed),
        mock.patch("pyhanko.pdf_utils.metadata.xmp_xml.datetime", _Fixed),
        mock.patch("pyhanko.sign.signers.pdf_signer.datetime", _Fixed),
        mock.patch("pyhanko.stamp.text.datetime", _Fixed),
    ):
        yield
