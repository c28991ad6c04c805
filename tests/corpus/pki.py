#!/usr/bin/env python3
"""A certificate authority for tests, the same on every machine. Its keys follow from its name: it guards nothing."""

import argparse
import math
import pathlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_FROM = datetime(2025, 1, 1, tzinfo=UTC)
_UNTIL = datetime(2045, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Identity:
    """A key, its certificate, and the certificates above it up to the root."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...]

    def key_pem(self) -> bytes:
        """PKCS #8, not encrypted."""
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def chain_pem(self) -> bytes:
        """The certificate first, the root last."""
        return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (self.certificate, *self.above))


class Authority:
    """A root with the common name `name`."""

    def __init__(self, name: str, organisation: str) -> None:
        self.name = name
        self.organisation = organisation
        self._key = _key(name)
        subject = _name(name, organisation)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = _builder(subject, subject, self._key.public_key(), name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())

    def issue(self, name: str) -> Identity:
        """An identity that may sign documents."""
        key = _key(f"{self.name}/{name}")
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        builder = _builder(_name(name, self.organisation), self.certificate.subject, key.public_key(), f"{self.name}/{name}")
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(usage, critical=True)
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(above, critical=False).sign(self._key, hashes.SHA256())
        return Identity(key, certificate, (self.certificate,))

    def root_pem(self) -> bytes:
        """The root certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, seed: str) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, random.Random(f"serial {seed}").getrandbits(120) | 1, _FROM, _UNTIL)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _name(common: str, organisation: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "ID"), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


@lru_cache
def _key(seed: str) -> rsa.RSAPrivateKey:
    source = random.Random(f"key {seed}")
    e = 65537
    while True:
        p, q = _prime(source), _prime(source)
        if p != q and (p * q).bit_length() == 2048 and math.gcd(e, (p - 1) * (q - 1)) == 1:
            d = pow(e, -1, math.lcm(p - 1, q - 1))
            public = rsa.RSAPublicNumbers(e, p * q)
            numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), public)
            return numbers.private_key()


def _prime(source: random.Random) -> int:
    while True:
        n = source.getrandbits(1024) | (3 << 1022) | 1
        if all(n % small for small in _SMALL) and all(_probably(n, source.randrange(2, n - 1)) for _ in range(8)):
            return n


def _probably(n: int, base: int) -> bool:
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    x = pow(base, (n - 1) >> twos, n)
    if x in (1, n - 1):
        return True
    return any((x := x * x % n) == n - 1 for _ in range(twos - 1))


_SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2))]


def main() -> None:
    """Writes root.pem and, for each name, NAME.key.pem and NAME.chain.pem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path, help="folder for root.pem, NAME.key.pem and NAME.chain.pem")
    parser.add_argument("names", nargs="*", default=["pejabat", "segel"], help="whom to issue certificates to")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    authority = Authority("Absah Test Root", "Absah Test")
    (arguments.out / "root.pem").write_bytes(authority.root_pem())
    for name in arguments.names:
        identity = authority.issue(name)
        (arguments.out / f"{name}.key.pem").write_bytes(identity.key_pem())
        (arguments.out / f"{name}.chain.pem").write_bytes(identity.chain_pem())


if __name__ == "__main__":
    main()
