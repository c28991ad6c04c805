"""Nobody comes in with a token that is not ours: every route of every function refuses it, and says nothing else."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from site_up import Site

#: Of the function that signs people in: anybody may ask.
OPEN = {"session"}
#: What stands for an id in a path.
ANY_ID = "AAAQEAYEAUDAOCAJBIFQYDIOB4"


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


def routes(description: dict) -> list[tuple[str, str]]:
    """Each method and path, with ids filled in."""
    found = []
    for path, methods in description["paths"].items():
        filled = "/".join(ANY_ID if part.startswith("{") else part for part in path.split("/"))
        found += [(method.upper(), filled) for method in methods if method in {"get", "put", "post", "patch", "delete"}]
    return found


def test_no_route_answers_without_a_token_that_is_ours(
    function: str, site: Site, descriptions: dict[str, dict], subtests: pytest.Subtests
) -> None:
    if function in OPEN:
        pytest.skip("people sign in here")
    bad = bad_tokens(site)
    for method, path in routes(descriptions[function]):
        with subtests.test(f"{method} {path}"):
            answers = {why: site.call(method, function, path, token) for why, token in {"none": None, **bad}.items()}
            let_in = {why: answer.status_code for why, answer in answers.items() if answer.status_code != 401}
            assert let_in == {}
            bodies = {json.dumps(answer.json(), sort_keys=True) for answer in answers.values()}
            assert len(bodies) == 1, "how a token is wrong is nobody's business"
            assert {answer.headers["www-authenticate"] for answer in answers.values()} == {"Bearer"}


def test_the_token_that_absah_prints_is_a_good_one(site: Site) -> None:
    claims = jwt.decode(site.demo_token(), site.public_key, algorithms=["ES256"], audience="absah")
    assert claims["exp"] > time.time()
