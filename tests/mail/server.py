"""A mail server for tests. Prints its port, then each mail that it takes, one JSON object a line; ends with its input.

python server.py [--port PORT] [--refuse ADDRESS ...] [--greylist ADDRESS ...]
"""

import argparse
import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session


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
        tell({"from": envelope.mail_from, "to": envelope.rcpt_tos, "headers": dict(mail.items()), "text": body.get_content()})
        return "250 OK"


def tell(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


async def serve(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    inbox = Inbox(arguments.refuse, arguments.greylist)
    server = await loop.create_server(lambda: SMTP(inbox), "127.0.0.1", arguments.port)
    tell({"port": server.sockets[0].getsockname()[1]})
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--refuse", action="append", default=[], metavar="ADDRESS")
    parser.add_argument("--greylist", action="append", default=[], metavar="ADDRESS")
    asyncio.run(serve(parser.parse_args()))
