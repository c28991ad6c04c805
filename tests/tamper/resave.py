"""Writes the whole file anew."""

import sys

from pypdf import PdfWriter

PdfWriter(clone_from=sys.argv[1]).write(sys.argv[2])
