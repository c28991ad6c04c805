"""Nobody comes in with a token that is not ours: every route of every function refuses it, and says nothing else."""

import base64
import json
import pathlib
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from operations import Operation, operations
from site_up import Site, up
from things import Things

#: What anybody may ask: how people come in who are not in yet. Each addition is a decision.
OPEN = {
    "session": {
        "GET /openapi.json",
        "GET /.well-known/jwks.json",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "POST /auth/forgot-password",
        "POST /auth/reset-password",
        "POST /auth/password-strength",
    }
}


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    """A private key as text."""
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, *form).decode()


def unsigned(claims: dict, algorithm: str) -> str:
    """A token whose signature is empty."""
    parts = [{"alg": algorithm, "typ": "JWT"}, claims]
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join([*encoded, ""])


def with_public_key_as_secret(site: Site) -> str:
    """Signed with what everybody knows, for whoever takes the header's word for the algorithm."""
    import hashlib
    import hmac

    head = unsigned(site.claims(), "HS256").rstrip(".")
    mac = hmac.new(site.public_key.encode(), head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def bad_tokens(site: Site) -> dict[str, str]:
    """Tokens that open nothing, by what is wrong with them."""
    now = int(time.time())
    stranger = pem(ec.generate_private_key(ec.SECP256R1()))
    good = site.token()
    message, signature = good.rsplit(".", 1)
    return {
        "nonsense": "nonsense",
        "ended": site.token(iat=now - 7200, exp=now - 3600),
        "of another issuer": site.token(key=stranger),
        "of another issuer with a key of ours by name": site.token(key=stranger, headers={"kid": "1"}),
        "with a key by path": site.token(headers={"kid": "../../keys/token.pem"}),
        "with a key of its own": site.token(key=stranger, headers={"jwk": {"kty": "EC"}, "jku": "http://127.0.0.1:1/"}),
        "for somebody else": site.token(aud="sikantik"),
        "unsigned": unsigned(site.claims(), "none"),
        "unsigned, in capitals": unsigned(site.claims(), "NONE"),
        "with its signature taken off": f"{message}.",
        "with another's signature": f"{message}.{site.token().rsplit('.', 1)[1]}",
        "with a changed claim": f"{changed(message)}.{signature}",
        "signed with the public key": with_public_key_as_secret(site),
        "of a reserved tenant": site.token(tenant_id="system"),
        "of a tenant that is a path": site.token(tenant_id="karo#user"),
        "of a guessed key": "absah_" + "A" * 16 + "_" + "A" * 52,
        "of half a key": "absah_" + "A" * 16,
    }


def changed(message: str) -> str:
    """The same header with another holder."""
    head, body = message.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | {"sub": "bupati"}
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}"


def test_no_route_answers_without_a_token_that_is_ours(
    function: str, site: Site, offered: list[Operation], subtests: pytest.Subtests
) -> None:
    bad = bad_tokens(site)
    for operation in offered:
        if operation.label in OPEN.get(function, ()):
            continue
        with subtests.test(operation.label):
            answers = {why: ask(site, operation, token) for why, token in {"none": None, **bad}.items()}
            let_in = {why: answer.status_code for why, answer in answers.items() if answer.status_code != 401}
            assert let_in == {}
            bodies = {json.dumps(answer.json(), sort_keys=True) for answer in answers.values()}
            assert len(bodies) == 1, "how a token is wrong is nobody's business"
            assert {answer.headers["www-authenticate"] for answer in answers.values()} == {"Bearer"}


def test_what_is_open_to_anybody_is_so_on_purpose(function: str, offered: list[Operation]) -> None:
    says_open = {operation.label for operation in offered if not operation.protected}
    is_open = OPEN.get(function, set())
    assert is_open <= {operation.label for operation in offered}
    if any(operation.protected for operation in offered):
        assert says_open == is_open


def test_where_people_sign_in_a_bad_token_is_no_better_than_none(
    site: Site, descriptions: dict[str, dict], subtests: pytest.Subtests
) -> None:
    for operation in operations("session", descriptions["session"]):
        if operation.label in OPEN["session"]:
            with subtests.test(operation.label):
                statuses = {why: ask(site, operation, token).status_code for why, token in bad_tokens(site).items()}
                assert set(statuses.values()) == {401}, statuses


def test_a_token_that_comes_from_no_sign_in_opens_no_sessions(
    site: Site, descriptions: dict[str, dict], things: Things, subtests: pytest.Subtests
) -> None:
    mine = site.claims_of(things.signed_in)
    strangers = {
        "no session": {},
        "a session that is none": {"sid": "AAAAAAAAAAAAAAAA"},
        "a session that is no id": {"sid": "../../state#"},
        "somebody else's session": {"sid": mine["sid"]},
        "somebody else in the own session": {"sid": mine["sid"], "sub": "a" * 26, "tenant_id": mine["tenant_id"]},
        "the person without the session": {"sub": mine["sub"], "tenant_id": mine["tenant_id"]},
        "the session in another office": {"sid": mine["sid"], "sub": mine["sub"], "tenant_id": "lain"},
        "claims of another kind": {"sub": mine["sub"], "sid": 7},
    }
    for operation in operations("session", descriptions["session"]):
        # Who asks is told what their token says, and nothing else.
        if operation.label in OPEN["session"] | {"GET /auth/session"}:
            continue
        with subtests.test(operation.label):
            tokens = {why: site.token(**claims) for why, claims in strangers.items()}
            address = things.name(operation)
            statuses = {why: ask(site, operation, token, address).status_code for why, token in tokens.items()}
            assert set(statuses.values()) == {401}, statuses
    assert site.call("GET", "session", "/auth/sessions", things.signed_in).status_code == 200


def test_a_stores_webhook_takes_its_own_token_and_no_other(site: Site) -> None:
    right = site.exports["ABSAH_WEBHOOK_TOKEN"]
    near = {None, "", "*", "null", right[:-1], f"{right}0", right.upper(), f"{right},{right}"}
    wrong = {*near, site.token(), site.demo_token(), *bad_tokens(site).values()}
    body = {"Records": []}
    for token in wrong:
        answer = site.call("POST", "detect", "/", token, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "detect.unauthorized"), token
    for scheme in ("Basic", "Digest", "Token"):
        answer = site.call("POST", "detect", "/", headers={"authorization": f"{scheme} {right}"}, json=body)
        assert answer.status_code == 401
    for address in (f"/?token={right}", f"/?authorization=Bearer%20{right}"):
        assert site.call("POST", "detect", address, json=body).status_code == 401
    assert site.call("POST", "detect", "/", right, json=body).status_code == 204


def test_nobody_keeps_those_out_who_just_signed_in_by_naming_keys(tmp_path: pathlib.Path) -> None:
    with up(tmp_path) as site:
        assert site.call("GET", "session", "/auth/session", site.token(headers={"kid": "1"})).status_code == 401
        assert site.call("GET", "session", "/auth/session", site.administrator("karo")).status_code == 200


def test_health_says_nothing_to_strangers(site: Site) -> None:
    for token in (None, *bad_tokens(site).values()):
        answer = site.call("GET", "health", "/", token)
        assert answer.status_code == 401
        assert "queues" not in answer.text


def ask(site: Site, operation: Operation, token: str | None, address: str | None = None) -> requests.Response:
    """Sends a request that is right but for its token."""
    address, body = address or operation.address(), operation.body()
    return site.call(operation.method, operation.function, address, token, data=body, headers=operation.headers())


def test_the_token_that_absah_prints_is_a_good_one(site: Site) -> None:
    claims = jwt.decode(site.demo_token(), site.public_key, algorithms=["ES256"], audience="absah")
    assert claims["exp"] > time.time()
