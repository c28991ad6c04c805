"""What one hostile file is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import rawpdf

Expect = Literal["quarantined", "issued", "either"]

LINES = ["SURAT KETERANGAN USAHA", "Nomor 510/0001/SKU/2026", "Diberikan kepada Toko Roti Contoh, Kabanjahe"]


@dataclass(frozen=True)
class Case:
    """`make` gives the file's bytes; `why` says what is wrong with it.

    `judge`: whether validators can have an opinion when it is issued. Some files stop them as they are.
    """

    name: str
    group: str
    expect: Expect
    why: str
    make: Callable[[], bytes]
    judge: bool = True


@cache
def permit() -> bytes:
    """A harmless permit to spoil."""
    import by_reportlab
    from permits import BUSINESS

    return by_reportlab.make(BUSINESS)


def letter(page: str = "", catalog: str = "", lines: list[str] | None = None, **more) -> rawpdf.RawPdf:
    """A harmless file of one page, object by object: 1 catalog, 2 page tree, 3 page, 4 content, 5 font."""
    return rawpdf.simple(lines or LINES, page=page, catalog=catalog, **more)
