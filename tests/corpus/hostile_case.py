"""What one hostile file is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import rawpdf

LINES = ["SURAT KETERANGAN USAHA", "Nomor 510/0001/SKU/2026", "Diberikan kepada Toko Roti Contoh, Kabanjahe"]


@dataclass(frozen=True)
class Case:
    """`make` gives the file's bytes; `why` says what is wrong with it.

    `end`: "issued", or the code with which it must be refused.
    `judge`: whether validators can have an opinion when it is issued. Some files stop them as they are.
    """

    name: str
    group: str
    end: str
    why: str
    make: Callable[[], bytes]
    judge: bool = True

    @property
    def code(self) -> str | None:
        """The code with which it must be refused."""
        return None if self.end == "issued" else self.end

    @property
    def expect(self) -> str:
        """What must become of it."""
        return "quarantined" if self.code else "issued"


@cache
def permit() -> bytes:
    """A harmless permit to spoil."""
    import by_reportlab
    from permits import BUSINESS

    return by_reportlab.make(BUSINESS)


def letter(page: str = "", catalog: str = "", lines: list[str] | None = None, **more) -> rawpdf.RawPdf:
    """A harmless file of one page, object by object: 1 catalog, 2 page tree, 3 page, 4 content, 5 font."""
    return rawpdf.simple(lines or LINES, page=page, catalog=catalog, **more)
