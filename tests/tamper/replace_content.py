"""Puts another text onto the first page, in an update behind the file."""

import sys

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

writer = PdfWriter(sys.argv[1], incremental=True)
text = DecodedStreamObject()
text.set_data(b"BT /F1 20 Tf 60 700 Td (LUAS TANAH 9.000 HEKTAR) Tj ET")
writer.pages[0][NameObject("/Contents")] = writer._add_object(text)
writer.write(sys.argv[2])
