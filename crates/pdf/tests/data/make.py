"""Makes the files of this folder, with programs other than ours: qpdf encrypts and rearranges, pyHanko signs.

Needs qpdf, and pyHanko and cryptography from PyPI. Keys are thrown away; all names are invented. The files are
committed, because every run makes other keys.
"""

import asyncio
import datetime
import io
import pathlib
import subprocess

from asn1crypto import algos, keys, x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

HERE = pathlib.Path(__file__).parent
PERMIT = HERE / "permit.pdf"


def permit(contents=4):
    content = b"BT /F1 14 Tf 72 760 Td (IZIN USAHA CONTOH) Tj ET"
    reference = b"/Contents %d 0 R" % contents
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]" + reference + b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Title(Izin Usaha Contoh)>>",
    ]
    out, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def qpdf(name, *arguments):
    subprocess.run(["qpdf", *arguments, PERMIT, HERE / name], check=True)


def encrypted():
    weak = "--allow-weak-crypto"
    qpdf("aes256.pdf", "--encrypt", "", "owner", "256", "--")
    qpdf("aes256-objstm.pdf", "--encrypt", "", "owner", "256", "--", "--object-streams=generate")
    qpdf("aes256-metadata.pdf", "--encrypt", "", "owner", "256", "--cleartext-metadata", "--")
    qpdf("aes128.pdf", "--encrypt", "", "owner", "128", "--use-aes=y", "--")
    qpdf("rc4-128.pdf", weak, "--encrypt", "", "owner", "128", "--use-aes=n", "--")
    qpdf("rc4-40.pdf", weak, "--encrypt", "", "owner", "40", "--")
    qpdf("user-password.pdf", "--encrypt", "rahasia", "owner", "256", "--")
    qpdf("object-streams.pdf", "--object-streams=generate")
    qpdf("linearized.pdf", "--linearize", "--object-streams=generate")


def name(common_name, title=None):
    parts = [(NameOID.ORGANIZATION_NAME, "Kabupaten Contoh"), (NameOID.COMMON_NAME, common_name)]
    parts += [(NameOID.TITLE, title)] if title else []
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT_NAME = name("Akar Contoh")


def certificate(subject, key, ca=False, purposes=(), until=2046):
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(ROOT_NAME).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(datetime.datetime(until, 1, 2))
        .add_extension(x509.BasicConstraints(ca, None), True)
        .add_extension(x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False), True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(p) for p in purposes]), True)
    made = builder.sign(ROOT_KEY, hashes.SHA256())
    return asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))


ROOT = certificate(ROOT_NAME, ROOT_KEY, ca=True)
STORE = SimpleCertificateStore()
STORE.register(ROOT)


def signer(common_name, title=None, key=None, purposes=(), until=2046, **options):
    key = key or ec.generate_private_key(ec.SECP256R1())
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(
        signing_cert=certificate(name(common_name, title), key, purposes=purposes, until=until),
        signing_key=keys.PrivateKeyInfo.load(pkcs8), cert_registry=STORE, **options)


def sign(data, who, field, box=None, lock=None, subfilter=fields.SigSeedSubFilter.PADES, **options):
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    if box or lock:
        fields.append_signature_field(
            writer, fields.SigFieldSpec(field, box=box or (0, 0, 0, 0), field_mdp_spec=lock))
    metadata = signers.PdfSignatureMetadata(field_name=field, subfilter=subfilter, **options)
    return signers.PdfSigner(metadata, who).sign_pdf(writer).getvalue()


async def timestamp(data, authority):
    client = timestamps.DummyTimeStamper(
        authority.signing_cert, authority.signing_key, STORE,
        fixed_dt=datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc))
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    context = ValidationContext(trust_roots=[ROOT], allow_fetching=False)
    return (await PdfTimeStamper(client).async_timestamp_pdf(writer, "sha256", context)).getvalue()


def signed():
    (HERE / "root.der").write_bytes(ROOT.dump())
    write = lambda file, data: (HERE / file).write_bytes(data)
    base = PERMIT.read_bytes()
    rsa_key = rsa.generate_private_key(65537, 2048)
    official = signer("Sari Contoh", "Kepala Dinas Contoh")
    one = sign(base, official, "Pejabat")
    write("signed.pdf", one)
    write("signed-and-sealed.pdf", sign(one, signer("Segel Contoh"), "Segel", box=(100, 100, 200, 200)))
    authority = signer("Waktu Contoh", key=rsa_key, purposes=["1.3.6.1.5.5.7.3.8"])
    write("timestamped.pdf", asyncio.run(timestamp(one, authority)))
    write("rsa-pkcs7.pdf", sign(base, signer("Rudi Contoh", key=rsa_key), "S",
                                subfilter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED))
    pss = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams({
        "hash_algorithm": {"algorithm": "sha256"}, "salt_length": 32,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}}})})
    write("rsa-pss.pdf", sign(base, signer("Rudi Contoh", key=rsa_key, signature_mechanism=pss), "S"))
    p384 = signer("Eka Contoh", key=ec.generate_private_key(ec.SECP384R1()), purposes=["1.3.6.1.5.5.7.3.36"])
    write("p384.pdf", sign(base, p384, "S", md_algorithm="sha384"))
    write("server-certificate.pdf", sign(base, signer("Server", purposes=["1.3.6.1.5.5.7.3.1"]), "S"))
    write("expired-certificate.pdf", sign(base, signer("Lama Contoh", until=2026), "S"))
    write("signed-with-a-hole.pdf", sign(permit(contents=40), official, "S"))
    write("certified.pdf", sign(base, official, "S", certify=True))
    write("locked.pdf", sign(base, official, "S", lock=fields.FieldMDPSpec(fields.FieldMDPAction.ALL)))


PERMIT.write_bytes(permit())
encrypted()
signed()
