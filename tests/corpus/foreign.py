"""Signatures of other parties, made by pyHanko: an applicant's consultant has signed before the office does."""

import io
from functools import lru_cache

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers.pdf_signer import PdfSigner, PdfSignatureMetadata
from pyhanko_certvalidator.registry import SimpleCertificateStore

from pki import Authority, Identity
from repeatable import repeatable


@lru_cache
def authority() -> Authority:
    """The foreign authority. No installation trusts it."""
    return Authority("Otoritas Sertifikat Contoh", "PT Sertifikat Contoh")


def signer_of(identity: Identity) -> signers.SimpleSigner:
    """The identity as pyHanko's signer, with its chain embedded."""
    store = SimpleCertificateStore()
    der = [c.public_bytes(serialization.Encoding.DER) for c in (identity.certificate, *identity.above)]
    certificate, *above = (asn1_x509.Certificate.load(one) for one in der)
    store.register_multiple(above)
    form = serialization.PrivateFormat.PKCS8
    key = identity.key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    return signers.SimpleSigner(certificate, keys.PrivateKeyInfo.load(key), store)


def sign(
    pdf: bytes,
    name: str,
    field: str,
    pades: bool = True,
    box: tuple[int, int, int, int] | None = None,
    certify: MDPPerm | None = None,
    seed: str = "",
) -> bytes:
    """`pdf` with one more signature by `name`; visible when there is a `box` on the first page."""
    with repeatable(f"foreign {name} {field} {seed}"):
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
        metadata = PdfSignatureMetadata(
            field_name=field,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES if pades else SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
            certify=certify is not None,
            docmdp_permissions=certify or MDPPerm.FILL_FORMS,
            reason="Persetujuan gambar teknis",
            location="Medan",
        )
        spec = SigFieldSpec(field, on_page=0, box=box) if box else SigFieldSpec(field)
        signer = PdfSigner(metadata, signer_of(authority().issue(name)), new_field_spec=spec)
        return signer.sign_pdf(writer).getvalue()


def empty_field(pdf: bytes, field: str, box: tuple[int, int, int, int]) -> bytes:
    """`pdf` with a signature field that nobody has signed."""
    with repeatable(f"empty {field}"):
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
        append_signature_field(writer, SigFieldSpec(field, on_page=0, box=box))
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()
