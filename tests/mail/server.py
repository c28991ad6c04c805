"""A mail server for tests. Prints its port, then each mail that it takes, one JSON object a line; ends with its input.

python server.py [--port PORT] [--refuse ADDRESS ...] [--greylist ADDRESS ...]
                 [--tls starttls|implicit --authority FILE] [--user NAME --password PASSWORD]

With --tls, it makes a certificate for 127.0.0.1 and writes that of the authority behind it to FILE.
"""

import argparse
import asyncio
import datetime
import email
import email.policy
import ipaddress
import json
import pathlib
import ssl
import sys
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Inbox:
    """Takes every mail but those for addresses that it refuses, and for others of which it takes only the second."""

    def __init__(self, refused: list[str], greylisted: list[str]) -> None:
        self.refused, self.greylisted = refused, greylisted

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address in self.refused:
            return f"550 5.1.1 <{address}>: there is no such mailbox"
        if address in self.greylisted:
            self.greylisted.remove(address)
            return "451 4.7.1 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        body = mail.get_body(preferencelist=("plain",))
        is_secret = server.transport.get_extra_info("cipher") is not None
        tell({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "headers": dict(mail.items()), "text": body.get_content(),
            "tls": is_secret, "user": session.auth_data.login.decode() if session.auth_data else None,
        })
        return "250 OK"


def tell(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


def certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, by: ec.EllipticCurvePrivateKey, is_authority: bool) -> bytes:
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(common_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([here]), critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def secrets(authority: pathlib.Path) -> ssl.SSLContext:
    """Makes an authority, whose certificate goes into a file, and a server's certificate of it."""
    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = "Otoritas Contoh"
    authority.write_bytes(certificate(name, root, common_name(name), root, is_authority=True))
    key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.NamedTemporaryFile() as file:
        file.write(key + certificate("127.0.0.1", own, common_name(name), root, is_authority=False))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def guard(user: str, password: str, is_over_tls: bool) -> dict[str, object]:
    """Lets nobody in but who knows the password."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword) -> AuthResult:
        is_known = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=is_known, handled=False, auth_data=given)

    return {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not is_over_tls}


async def serve(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    inbox = Inbox(arguments.refuse, arguments.greylist)
    context = secrets(arguments.authority) if arguments.tls else None
    options: dict[str, object] = guard(arguments.user, arguments.password, arguments.tls == "implicit") if arguments.user else {}
    if arguments.tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    outer = context if arguments.tls == "implicit" else None
    server = await loop.create_server(lambda: SMTP(inbox, **options), "127.0.0.1", arguments.port, ssl=outer)
    tell({"port": server.sockets[0].getsockname()[1]})
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--refuse", action="append", default=[], metavar="ADDRESS")
    parser.add_argument("--greylist", action="append", default=[], metavar="ADDRESS")
    parser.add_argument("--tls", choices=["starttls", "implicit"])
    parser.add_argument("--authority", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--user")
    parser.add_argument("--password")
    asyncio.run(serve(parser.parse_args()))
