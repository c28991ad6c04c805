"""Paths and headers stay what they are: they reach no other thing, end no line, and are not said again."""

import http.client
import json
import socket
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from operations import Operation, operations
from site_up import Site
from things import Things

#: What stands in the answer to nobody.
ECHO = "gema8812"
#: What is put where an id belongs. All of it is an id of nothing.
PATHS = {
    "a line that ends": f"%0d%0aX-{ECHO}:%20ya",
    "a line that ends, in Unicode": f"%E5%98%8D%E5%98%8AX-{ECHO}:%20ya",
    "a null": f"%00{ECHO}",
    "a null at the end": f"{ECHO}%00",
    "up and over": "..%2f..%2fopenapi.json",
    "up and over, twice encoded": "%252e%252e%252fopenapi.json",
    "up": "%2e%2e",
    "here": "%2e",
    "up with a backslash": "..%5c..%5copenapi.json",
    "up, overlong": "%c0%ae%c0%ae%c0%af",
    "no text": "%ff%fe",
    "half a percent": "%",
    "a key of the table": f"x%23user%23{ECHO}",
    "a key of another office": "karo%23user%23state",
    "a query of a table": f"{ECHO}%27%20OR%20%271%27%3D%271",
    "a page": f"%3Cscript%3E{ECHO}%3C%2Fscript%3E",
    "a template": f"%7B%7B7*7%7D%7D%24%7Bjndi:ldap:%2F%2F127.0.0.1%2F{ECHO}%7D",
    "a pattern": "*",
    "a very long name": ECHO * 700,
    "characters that look like others": "%EF%BC%8E%EF%BC%8E%EF%BC%8F",
    "right to left": f"%E2%80%AE{ECHO}",
    "an emoji": "%F0%9F%92%A5",
    "a space": "%20",
    "a parameter": f";tenant=karo;{ECHO}",
}
#: Headers that other programs believe. `b"..."`: not every byte is text.
HEADERS = {
    "x-correlation-id": [b"a" * 5_000, b"\xff\xfe", b"a\tb", b"<b>gema8812</b>", b"a, b", b"", b"%0d%0aX-gema8812: ya"],
    "x-forwarded-host": [b"gema8812.example"],
    "x-forwarded-for": [b"203.0.113.7, gema8812", b"\xff", b"1" * 5_000],
    "forwarded": [b"for=gema8812;host=gema8812.example;proto=https"],
    "x-original-url": [b"/openapi.json", b"/admin/gema8812"],
    "x-rewrite-url": [b"/openapi.json"],
    "user-agent": [b"=cmd|'/C gema8812'!A0", b"\xff\xfe", b"u" * 9_000, b"${jndi:ldap://127.0.0.1/gema8812}", b""],
    "traceparent": [b"gema8812", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00", b"\xff", b"0" * 9_000],
    "accept": [b"text/html", b"../../gema8812", b"a" * 9_000, b"\xff"],
    "accept-encoding": [b"gema8812", b"gzip;q=nan", b"br, gzip, zstd, identity;q=0", b"*;q=0"],
    "accept-language": [b"../../gema8812"],
    "origin": [b"null", b"https://gema8812.example", b"\xff"],
    "range": [b"bytes=0-0,-1", b"gema8812=1"],
    "if-none-match": [b"*", b'"1"', b"gema8812"],
    "if-match": [b"*", b"W/\"1\"", b"-1", b"99999999999999999999", b"\xff", b"gema8812"],
    "idempotency-key": [b"gema8812" * 9, b"../gema8812", b"a#b", b"\xff", b""],
    "content-encoding": [b"gzip", b"gema8812"],
    "content-type": [b"application/json; charset=utf-16", b"multipart/form-data", b"application/gema8812", b"\xff"],
    "cookie": [b"token=gema8812; session=1", b"\xff"],
    "authorization": [
        b"Bearer", b"Bearer ", b"bearer\tgema8812", b"Basic Z2VtYTg4MTI6", b"\xff\xff", b"Bearer " + b"g" * 20_000,
        b"Bearer absah_\xc3\xa9_gema8812", b"Bearer a b c", b"Bearer absah_../../state_gema8812",
    ],
}  # fmt: skip
MOST_VALUES = max(map(len, HEADERS.values()))
#: More of them than anybody sends.
MANY = 90


@dataclass(frozen=True)
class Answer:
    """What came back, byte by byte."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def is_sane(self) -> bool:
        """No failure of ours, and nothing of the attack in it."""
        names = [name.lower() for name, _ in self.headers]
        text = self.body.decode(errors="replace") + "".join(f"{name}{value}\n" for name, value in self.headers)
        single = all(names.count(name) == 1 for name in names if name not in {"vary", "set-cookie"})
        return self.status < 500 and single and ECHO.lower() not in text.lower()


def raw(site: Site, method: str, path: str, headers: dict[str, bytes], body: bytes | None = None) -> Answer:
    """Sends a request as it is: nothing is put in order on the way."""
    connection = http.client.HTTPConnection(urlsplit(site.endpoint).netloc, timeout=20)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("content-length", str(len(body or b"")))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = Answer(answer.status, answer.getheaders(), answer.read())
    connection.close()
    return found


def prepared(site: Site, operation: Operation) -> tuple[dict[str, bytes], bytes | None]:
    """The headers and the body of a request that is right, of somebody who may do everything."""
    headers = {name.lower(): value.encode() for name, value in operation.headers().items()}
    if operation.function == "audit":
        # The trail tells its office what its people sent.
        token = site.token(tenant_id=f"baru-{uuid.uuid4().hex[:16]}")
    else:
        # Some of what is sent signs people out: nobody else's test is about them.
        token = site.person("keluar" if operation.function == "session" else "lain")
    return {"authorization": f"Bearer {token}".encode(), **headers}, operation.body()


def test_what_is_no_id_names_nothing_whatever_it_spells(
    function: str, site: Site, offered: list[Operation], things: Things, subtests: pytest.Subtests
) -> None:
    before = things.shown()
    for operation in offered:
        if not operation.in_path:
            continue
        with subtests.test(operation.label):
            odd = {}
            for what, text in PATHS.items():
                headers, body = prepared(site, operation)
                answer = raw(
                    site,
                    operation.method,
                    f"/lambda-url/{function}{operation.address(lambda _, text=text: text)}",
                    headers,
                    body,
                )
                # A session that was not signed in for is told nothing else.
                if answer.status not in {400, 401, 404, 405, 414} or not answer.is_sane():
                    odd[what] = answer
            assert odd == {}
    assert things.shown() == before


def test_dots_lead_to_no_other_function(site: Site) -> None:
    token = {"authorization": f"Bearer {site.token()}".encode()}
    for path in (
        "/lambda-url/session/../users/users",
        "/lambda-url/session/%2e%2e/users/users",
        "/lambda-url/session/..%2fusers%2fusers",
        "/lambda-url/../inbox/",
        "/lambda-url//users",
        "/lambda-url/users//users",
        "/lambda-url/users/./users",
        "/lambda-url/USERS/users",
        "/lambda-url/users%00/users",
        "/lambda-url/users\\users",
        "//lambda-url/users/users",
        "/lambda-url/users/users/",
        "/lambda-url/users/users;a=b",
        "/lambda-url/users/users%2f",
        "/lambda-url/users/%75sers%2f..",
        "http://127.0.0.1/lambda-url/users/../audit/audit",
    ):
        answer = raw(site, "GET", path, token)
        assert answer.status in {400, 401, 404, 405}, (path, answer)
        assert b"items" not in answer.body
        assert answer.is_sane(), (path, answer)


def test_no_header_becomes_more_than_a_header(
    function: str, site: Site, offered: list[Operation], subtests: pytest.Subtests
) -> None:
    # All of one header's values are tried on each function, and all headers on each of its operations.
    rounds = -(-MOST_VALUES // len(offered))
    for turn, operation in enumerate(offered * rounds):
        with subtests.test(f"{operation.label} {turn}"):
            odd = {}
            for name, values in HEADERS.items():
                value = values[turn % len(values)]
                headers, body = prepared(site, operation)
                path = f"/lambda-url/{function}{operation.address()}"
                answer = raw(site, operation.method, path, {**headers, name: value}, body)
                if not answer.is_sane():
                    odd[name, value[:40]] = answer
            assert odd == {}


def test_nobody_else_chooses_what_an_answer_is_called(site: Site) -> None:
    """Correlation ids are said again, so that they must be what they claim to be."""
    for value in HEADERS["x-correlation-id"]:
        answer = raw(site, "GET", "/lambda-url/users/users", {"x-correlation-id": value})
        (said,) = [text for name, text in answer.headers if name == "x-correlation-id"]
        assert said.isascii(), said
        assert len(said) <= 128, said
        assert said.replace("-", "").isalnum(), said


def test_a_page_that_may_not_call_is_not_told_that_it_may(site: Site) -> None:
    for origin in (b"https://gema8812.example", b"null", b"http://127.0.0.1"):
        for method in ("GET", "OPTIONS"):
            asks = {
                "origin": origin,
                "access-control-request-method": b"DELETE",
                "access-control-request-headers": b"authorization",
            }
            answer = raw(site, method, "/lambda-url/users/users", asks)
            assert "access-control-allow-origin" not in dict(answer.headers)
            assert "access-control-allow-credentials" not in dict(answer.headers)


def test_more_headers_than_anybody_sends_are_no_failure_of_ours(site: Site) -> None:
    headers = {f"x-{number}": b"v" * 100 for number in range(MANY)}
    assert raw(site, "GET", "/lambda-url/users/users", headers).status == 401
    # Beyond what the server reads it says so, or hangs up.
    try:
        status = raw(
            site, "GET", "/lambda-url/users/users", {f"x-{number}": b"v" * 9_000 for number in range(MANY)}
        ).status
        assert status in {400, 401, 431}
    except (ConnectionError, http.client.HTTPException):
        pass
    assert raw(site, "GET", "/lambda-url/users/users", {}).status == 401


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 40\r\n\r\n{}{}",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n",
        b"X-A: b\nContent-Length: 2\r\n\r\n{}",
        b"X-A: b\r\n folded: yes\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_request_whose_end_is_in_doubt_hides_no_other(site: Site, smuggled: bytes) -> None:
    hidden = b"GET /lambda-url/session/.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    head = b"POST /lambda-url/session/auth/logout HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    host, port = urlsplit(site.endpoint).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head + smuggled + hidden)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65_536):
            received += part
    assert b'"kty"' not in received
    assert received.count(b"HTTP/1.1 ") <= 1, received
    assert b" 500 " not in received


def test_what_was_sent_as_a_formula_is_exported_as_text(site: Site) -> None:
    """The trail keeps what callers called themselves; a spreadsheet must not compute it."""
    code = "rumus_8812"
    headers = {"user-agent": '=HYPERLINK("http://127.0.0.1/")', "idempotency-key": code.replace("_", "-")}
    body = {"code": code, "name": "Rumus", "permissions": ["user:read"]}
    token = site.person("rumus")
    assert site.call("POST", "users", "/roles", token, json=body, headers=headers).status_code == 201
    for _ in range(400):
        table = site.call("GET", "audit", "/audit/export", token).text
        if code in table:
            break
    assert code in table
    assert "HYPERLINK" in table
    assert ",=HYPERLINK" not in table
    assert ',"=HYPERLINK' not in table


def test_the_descriptions_tell_nothing_of_the_machine(descriptions: dict[str, dict]) -> None:
    for function, description in descriptions.items():
        text = json.dumps(description)
        for inside in ("/work", "/home", "/root", "/tmp", "127.0.0.1", "amazonaws", "src/", ".rs", "system#", "#state"):
            assert inside not in text, (function, inside)
        assert all(operation.path.startswith("/") for operation in operations(function, description))
