"""Puts another page in the place of the first, in an update behind the file."""

import sys

from pypdf import PageObject, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

writer = PdfWriter(sys.argv[1], incremental=True)
text = DecodedStreamObject()
text.set_data(b"BT /F1 20 Tf 60 700 Td (LUAS TANAH 9.000 HEKTAR) Tj ET")
pages = writer._root_object["/Pages"]
page = PageObject.create_blank_page(writer, 595, 842)
page[NameObject("/Parent")] = pages.indirect_reference
page[NameObject("/Resources")] = writer.pages[0]["/Resources"]
page[NameObject("/Contents")] = writer._add_object(text)
pages["/Kids"][0] = writer._add_object(page)
writer.write(sys.argv[2])
