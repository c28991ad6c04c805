"""Signed files that are damaged, closed against further signatures, or only pretend to be signed."""

import io

from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec

import foreign
import hostile_structures
import variants
from hostile_case import Case, letter, permit


def _signed() -> bytes:
    return foreign.sign(permit(), "Konsultan Contoh", "TandaTanganKonsultan")


def _misdirected() -> bytes:
    """Signed when it was misdirected already: the signature is intact, and what it signs is open to two readings."""
    return foreign.sign(hostile_structures.misdirected()[0], "Konsultan Contoh", "TandaTanganKonsultan")


def _misdirected_afterwards() -> bytes:
    """Signed, then an update whose table leads to another object than it says."""
    signed = _signed()
    at = signed.rindex(b"startxref")
    previous = int(signed[at:].split()[1])
    target = signed.index(b"\n3 0 obj") + 1
    size = int(signed[signed.rindex(b"/Size") :].split()[1])
    root = signed[signed.rindex(b"/Root") :].split()[1]
    update = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root %s 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return signed + update % (5, target, size, root, previous, len(signed))


def _locked(action: FieldMDPAction) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

    from repeatable import repeatable

    fields = None if action is FieldMDPAction.ALL else ["nomor_berkas"]
    with repeatable(f"locked {action}"):
        writer = IncrementalPdfFileWriter(io.BytesIO(variants.form(permit(), "direct", "direct")))
        spec = SigFieldSpec("Kunci", field_mdp_spec=FieldMDPSpec(action, fields))
        metadata = PdfSignatureMetadata(field_name="Kunci", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        signer = PdfSigner(metadata, foreign.signer_of(foreign.authority().issue("Pemohon Contoh")), new_field_spec=spec)
        return signer.sign_pdf(writer).getvalue()


def _pretended(byte_range: str, contents: str = "<3000>") -> bytes:
    pdf = letter(catalog="/AcroForm << /Fields [6 0 R] /SigFlags 3 >>", page="/Annots [6 0 R]")
    pdf.add("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Palsu) /Rect [0 0 0 0] /F 132 /P 3 0 R /V 7 0 R >>")
    pdf.add(f"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange {byte_range} /Contents {contents} >>")
    return pdf.write()


def _flipped() -> bytes:
    signed = bytearray(_signed())
    signed[signed.index(b"stream") + 40] ^= 1
    return bytes(signed)


def _many(count: int) -> bytes:
    pdf = letter(catalog="/AcroForm << /Fields [" + " ".join(f"{6 + n} 0 R" for n in range(count)) + "] /SigFlags 3 >>")
    for n in range(count):
        value = f"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 10 20 {n}] /Contents <30> >>"
        pdf.add(f"<< /FT /Sig /T (Palsu{n}) /V {value} >>")
    return pdf.write()


CASES = [
    Case("signed-misdirected", "signed", "pdf.signed_but_damaged", "signed, and an entry leads to another object", _misdirected),
    Case("signed-misdirected-later", "signed", "pdf.signed_but_damaged", "signed, then an update leads an entry to another object", _misdirected_afterwards),
    Case("signed-truncated", "signed", "pdf.truncated", "signed, and the end is missing", lambda: _signed()[:-40]),
    Case("signed-cut-in-half", "signed", "pdf.truncated", "signed, and cut in the signature", lambda: _signed()[: _signed().index(b"/Contents <") + 900]),
    Case("certified-closed", "signed", "pdf.certified", "certified, with no change allowed", lambda: foreign.sign(permit(), "Konsultan Contoh", "Sertifikasi", certify=MDPPerm.NO_CHANGES)),
    Case("certified-forms", "signed", "pdf.certified", "certified, with filling of its form allowed", lambda: foreign.sign(permit(), "Konsultan Contoh", "Sertifikasi", certify=MDPPerm.FILL_FORMS)),
    Case("locked-all", "signed", "pdf.fields_locked", "a signature locks all fields", lambda: _locked(FieldMDPAction.ALL)),
    Case("locked-one", "signed", "issued", "a signature locks one field", lambda: _locked(FieldMDPAction.INCLUDE)),
    Case("signed-flipped", "signed", "import.broken_signature", "a foreign signature that is broken already", _flipped, judge=False),
    Case("range-negative", "signed", "import.broken_signature", "a signature with negative ranges", lambda: _pretended("[-1 -5 -10 -20]"), judge=False),
    Case("range-huge", "signed", "import.broken_signature", "a signature with ranges of nineteen digits", lambda: _pretended("[0 9223372036854775807 9223372036854775807 9223372036854775807]"), judge=False),
    Case("range-words", "signed", "import.broken_signature", "a signature whose ranges are names", lambda: _pretended("[/A /B /C /D]"), judge=False),
    Case("range-odd", "signed", "import.broken_signature", "a signature with three numbers of range", lambda: _pretended("[0 10 20]"), judge=False),
    Case("range-overlap", "signed", "import.broken_signature", "a signature whose ranges overlap", lambda: _pretended("[0 500 100 400]"), judge=False),
    Case("contents-number", "signed", "import.broken_signature", "a signature that is a number", lambda: _pretended("[0 10 20 30]", "42"), judge=False),
    Case("contents-1-mb", "signed", "import.broken_signature", "a signature of a megabyte of zeros", lambda: _pretended("[0 10 20 30]", "<" + "0" * 2_000_000 + ">"), judge=False),
    Case("signatures-1000", "signed", "pdf.too_many_signatures", "a thousand signatures", lambda: _many(1000)),
]
