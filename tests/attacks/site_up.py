"""A running `absah`, its functions as the template names them, and callers of any kind.

    with up(folder) as site:
        site.call("GET", "audit", "/audit", site.token(permissions=["audit:read"]))
"""

import contextlib
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import jwt
import requests
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_DEADLINE_S = 45.0
STOP_DEADLINE_S = 10.0
POLL_S = 0.05
REQUEST_DEADLINE_S = 20.0
#: What people choose here.
PASSWORD = "Kemuning-Sore-2026!"
#: One address sends thousands of wrong tokens; that it may not has tests of its own.
UNLIMITED = json.dumps(dict.fromkeys(("auth", "read", "write", "tenant"), 1_000_000))


@dataclass
class Site:
    """How to reach what runs."""

    #: What `absah up` prints for clients, as variables of the environment.
    exports: dict[str, str]
    folder: pathlib.Path
    session: requests.Session = field(default_factory=requests.Session)
    #: The access token of the administrator of each office that has one.
    administrators: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """Where everything is."""
        return self.exports["AWS_ENDPOINT_URL"]

    def url(self, function: str) -> str:
        """Where a function is."""
        return f"{self.endpoint}/lambda-url/{function}"

    def call(
        self, method: str, function: str, path: str, token: str | None = None, **other: object
    ) -> requests.Response:
        """What a function answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= other.pop("headers", {})
        address = self.url(function) + path
        return self.session.request(method, address, headers=headers, timeout=REQUEST_DEADLINE_S, **other)

    def demo_token(self) -> str:
        """What `absah token` prints."""
        return self._absah("token")

    def person(self, tenant_id: str = "karo", **claims: object) -> str:
        """The token of the administrator of an office, who is signed in there, with rights and roles of any kind."""
        signed_in = self.claims_of(self.administrator(tenant_id))
        ours = self.claims()
        theirs = {name: value for name, value in signed_in.items() if name not in ours or name == "sub"}
        return self.token(tenant_id=tenant_id, **{**theirs, **claims})

    def administrator(self, tenant: str) -> str:
        """The access token of the administrator of an office, which begins to exist."""
        token = self.administrators.get(tenant)
        if token is None:
            self._begin(tenant)
        if token is None or self.claims_of(token)["exp"] < time.time() + REQUEST_DEADLINE_S:
            token = self.administrators[tenant] = self._log_in(tenant, PASSWORD)["access_token"]
        return token

    def _begin(self, tenant: str) -> None:
        username = f"pengelola.{tenant}"
        made = self._absah("admin", "create", tenant, "--username", username, "--email", f"{username}@contoh.example")
        chosen = {"token": self._log_in(tenant, made)["password_token"], "new_password": PASSWORD}
        assert self.call("POST", "session", "/auth/reset-password", json=chosen).status_code == requests.codes.no_content

    def _log_in(self, tenant: str, password: str) -> dict:
        body = {"tenant": tenant, "username": f"pengelola.{tenant}", "password": password}
        return self.call("POST", "session", "/auth/login", json=body).json()

    def _absah(self, *command: str) -> str:
        """What the program prints when it is run beside what runs."""
        run = [_absah(), *command, "--data", str(self.folder / "data")]
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.exports}
        return subprocess.run(run, env=variables, check=True, capture_output=True, text=True).stdout.strip()

    def claims(self, **other: object) -> dict:
        """The claims of somebody who may do everything, whom nobody has seen before: limits are per caller."""
        now = int(time.time())
        claims = {
            "sub": uuid.uuid4().hex,
            "name": "Contoh Penyerang",
            "tenant_id": "karo",
            "roles": ["admin", "head_of_office", "super_admin"],
            "permissions": permissions(),
            "aud": "absah",
            "iat": now,
            "exp": now + 600,
            "jti": uuid.uuid4().hex,
        }
        return {**claims, **other}

    def token(
        self, key: str | None = None, algorithm: str = "ES256", headers: dict | None = None, **claims: object
    ) -> str:
        """A token with other claims than usual, signed as usual unless said otherwise."""
        key = self.private_key if key is None else key
        return jwt.encode(self.claims(**claims), key, algorithm=algorithm, headers=headers)

    @staticmethod
    def claims_of(token: str) -> dict:
        """What a token says."""
        return jwt.decode(token, options={"verify_signature": False})

    @property
    def private_key(self) -> str:
        """The key of the installation's tokens."""
        return (self.folder / "data/keys/token.pem").read_text()

    @property
    def public_key(self) -> str:
        """What anybody may know of it."""
        return (self.folder / "data/keys/token.pub.pem").read_text()


@contextlib.contextmanager
def up(folder: pathlib.Path) -> Iterator[Site]:
    """Starts `absah` on a free port, in a folder of its own, and stops it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    command = [_absah(), "up", "--listen", "127.0.0.1:0", "--data", str(folder / "data"), "--rate-limits", UNLIMITED]
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, env=variables, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Site(_exports(child, log), folder)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def http_functions() -> list[str]:
    """The functions of the template that answer HTTP, by the name of their step."""
    resources = _template()["Resources"]
    named = [name for name, resource in resources.items() if "FunctionUrlConfig" in resource.get("Properties", {})]
    return sorted(re.sub(r"(?<!^)(?=[A-Z])", "-", name.removesuffix("Function")).lower() for name in named)


@functools.cache
def permissions() -> list[str]:
    """Every permission that a function may ask for: whatever is written like one."""
    asked = re.compile(r'"([a-z_]+:[a-z_]+)"')
    sources = (ROOT / "functions").rglob("*.rs")
    return sorted({permission for source in sources for permission in asked.findall(source.read_text())})


def described(site: Site, functions: Iterable[str]) -> dict[str, dict]:
    """What the functions say of themselves; those that say nothing are left out."""
    found = {}
    for function in functions:
        answer = site.call("GET", function, "/openapi.json", site.token())
        if answer.status_code == requests.codes.ok and "json" in answer.headers.get("content-type", ""):
            found[function] = json.loads(answer.text)
    return found


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's tags as what they tag."""


def _untagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _untagged)


def _template() -> dict:
    return yaml.load((ROOT / "template.yaml").read_text(), _Loader)  # noqa: S506: it is a safe loader


def _exports(child: subprocess.Popen[bytes], log: pathlib.Path) -> dict[str, str]:
    """The variables that `absah` prints when it serves."""
    ends = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < ends and child.poll() is None:
        text = log.read_text(errors="replace")
        printed = dict(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))
        if printed and "\nSiap." in text:
            return printed
        time.sleep(POLL_S)
    raise RuntimeError(f"absah does not serve\n{log.read_text(errors='replace')[-4000:]}")


def _absah() -> str:
    binary = pathlib.Path(os.environ.get("ABSAH_BIN", "ABSAH_BIN is not set"))
    if not binary.is_file():
        raise RuntimeError(f"{binary}: set ABSAH_BIN to the program `absah`")
    return str(binary.resolve())
