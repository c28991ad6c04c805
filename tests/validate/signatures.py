"""pyHanko's opinion on every signature in a file."""

import logging
import pathlib

from asn1crypto import pem
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

# What pyHanko logs it also says in the status.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)


def inspect(file: pathlib.Path, roots: pathlib.Path) -> list[dict]:
    """One row per signature, in the order of signing. Nothing is fetched, and revocation is not asked for."""
    trusted = [Certificate.load(der) for _, _, der in pem.unarmor(roots.read_bytes(), multiple=True)]
    with file.open("rb") as handle:
        reader = PdfFileReader(handle, strict=True)
        # One opinion per signature: a context remembers what it has seen.
        return [_row(one, ValidationContext(trust_roots=trusted, allow_fetching=False)) for one in reader.embedded_signatures]


def _row(one: EmbeddedPdfSignature, context: ValidationContext) -> dict:
    row = {
        "field": str(one.field_name),
        "signer": None,
        "intact": False,
        "valid": False,
        "trusted": False,
        "bottom_line": False,
        "coverage": None,
        "modification_level": None,
        "docmdp_ok": None,
        "certification": None,
        "subfilter": str(one.sig_object.get("/SubFilter", "")),
        "error": None,
    }
    try:
        row["signer"] = one.signer_cert.subject.native.get("common_name") if one.signer_cert else None
        certification = one.docmdp_level
        row["certification"] = certification.name if certification is not None else None
        status = validate_pdf_signature(one, signer_validation_context=context)
    except Exception as error:  # Whatever stops the validator is its opinion.
        row["error"] = f"{type(error).__name__}: {error}"
        return row
    row.update(
        intact=bool(status.intact),
        valid=bool(status.valid),
        trusted=bool(status.trusted),
        bottom_line=bool(status.bottom_line),
        coverage=status.coverage.name,
        modification_level=status.modification_level.name if status.modification_level is not None else None,
        docmdp_ok=status.docmdp_ok,
    )
    return row
