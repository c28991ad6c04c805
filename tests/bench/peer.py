"""pyHanko doing what sign and stamp do: an approval signature, then a visible seal whose appearance is a QR code."""

import io
import pathlib

from asn1crypto import pem
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import QRStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

_CAPTION = "Pindai untuk memeriksa\nkeaslian dokumen ini\ndi dpmptsp.karo.example"


class KeptKeySigner(SimpleSigner):
    """pyHanko's signer reads and checks its key anew for every signature; this one reads it once."""

    _kept = None

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """RSA with PKCS #1 v1.5 padding and SHA-256, the only kind the comparison uses."""
        if self._kept is None:
            self._kept = serialization.load_der_private_key(self.signing_key.dump(), password=None)
        return self._kept.sign(data, padding.PKCS1v15(), hashes.SHA256())


def load_signer(key: pathlib.Path, chain: pathlib.Path, keep_key: bool = False) -> SimpleSigner:
    """A signer from an unencrypted PKCS #8 key and a chain, its own certificate first; all PEM."""
    _, _, der = pem.unarmor(key.read_bytes())
    certificate, *above = (Certificate.load(one) for _, _, one in pem.unarmor(chain.read_bytes(), multiple=True))
    store = SimpleCertificateStore()
    store.register_multiple(above)
    kind = KeptKeySigner if keep_key else SimpleSigner
    return kind(certificate, PrivateKeyInfo.load(der), store)


def sign(pdf: bytes, official: SimpleSigner) -> bytes:
    """PAdES B-B, invisible, no DocMDP."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = PdfSignatureMetadata(field_name="Pejabat", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    signer = PdfSigner(metadata, official, new_field_spec=SigFieldSpec("Pejabat"))
    return signer.sign_pdf(writer).getvalue()


def stamp(pdf: bytes, seal: SimpleSigner, link: str, page: int = 0) -> bytes:
    """A second PAdES B-B signature over all of `pdf`, shown as a QR code of `link` at the lower right of `page`."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = PdfSignatureMetadata(field_name="Segel", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    style = QRStampStyle(stamp_text=_CAPTION, background=None, border_width=0)
    field = SigFieldSpec("Segel", on_page=page, box=(380, 20, 575, 110))
    signer = PdfSigner(metadata, seal, stamp_style=style, new_field_spec=field)
    return signer.sign_pdf(writer, appearance_text_params={"url": link}).getvalue()
