"""Puts a note onto the first page, in an update behind the file."""

import sys

from pypdf import PdfWriter
from pypdf.annotations import FreeText

writer = PdfWriter(sys.argv[1], incremental=True)
writer.add_annotation(0, FreeText(text="LUNAS", rect=(50, 550, 200, 650)))
writer.write(sys.argv[2])
