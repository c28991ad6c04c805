"""What an office keeps to itself: one of everything that has an id, each telling by its text whose it is."""

import datetime
import json
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import boto3
from botocore.config import Config
from operations import Operation
from site_up import ROOT, Site, http_functions

#: Stands in every text of the office; whoever reads it elsewhere has read too much.
SECRET = "Rahasia-7391"
_CODE = SECRET.upper().replace("-", "_")
_PERMIT = pathlib.Path("events/samples/permit.pdf")
_DEADLINE_S = 60.0
_POLL_S = 0.05


@dataclass
class Things:
    """The things of one office, and how to get at them."""

    site: Site
    tenant: str
    #: By what the address begins with: what stands for each parameter.
    named: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def fill(self, operation: Operation) -> dict[str, str]:
        """What the parameters of a path are to be, so that it names something of this office."""
        begin = operation.path.split("{", 1)[0]
        if (operation.function, begin) not in self.named:
            raise LookupError(
                f"{operation.function} {operation.path}: tests/attacks/things.py makes nothing for this address"
            )
        return self.named[operation.function, begin]

    def name(self, operation: Operation) -> str:
        """The address of something of this office, or of nothing where it has no such thing."""
        begin = operation.path.split("{", 1)[0]
        return operation.address(self.named.get((operation.function, begin), {}).get)

    def owner(self) -> str:
        """The token of somebody who may see all of it."""
        return self.site.person(self.tenant, name=SECRET)

    @property
    def signed_in(self) -> str:
        """The access token of somebody who has signed in there."""
        return self.site.administrator(self.tenant)

    @property
    def texts(self) -> set[str]:
        """What must stand in no answer to strangers."""
        return {SECRET, SECRET.lower(), SECRET.upper(), _CODE, _CODE.lower()}

    def shown(self) -> dict[str, object]:
        """All of it as the office sees it."""
        addresses = {
            ("users", f"/users/{self._id('users', '/users/')}"),
            ("users", f"/users/{self._id('users', '/users/')}/permissions"),
            ("users", f"/roles/{self._id('users', '/roles/', 'code')}"),
            ("users", f"/org-units/{self._id('users', '/org-units/', 'code')}"),
            ("users", "/api-keys"),
            ("decide", f"/approvals/{self._id('decide', '/approvals/')}"),
            ("decide", "/approvals/delegations?given=true"),
        }
        if ("letters", "/letters/") in self.named:
            addresses |= {
                ("letters", f"/letters/{self._id('letters', '/letters/')}"),
                ("letters", f"/letter-types/{self._id('letters', '/letter-types/', 'code')}"),
            }
        owner = self.owner()
        shown = {}
        for function, path in addresses:
            answer = self.site.call("GET", function, path, owner)
            assert answer.status_code == 200, (path, answer.text)
            shown[path] = answer.json()
        sessions = self.site.call("GET", "session", "/auth/sessions", self.signed_in)
        assert sessions.status_code == 200, sessions.text
        signed_in = {device["id"] for device in sessions.json()["items"]}
        return {**shown, "/auth/sessions": self._id("session", "/auth/sessions/") in signed_in}

    def _id(self, function: str, begin: str, name: str = "id") -> str:
        return self.named[function, begin][name]


def make(site: Site, tenant: str) -> Things:
    """Makes an office with one of everything."""
    things = Things(site, tenant)
    owner = things.owner()

    def create(function: str, path: str, body: dict) -> dict:
        answer = site.call("POST", function, path, owner, json=body, headers={"idempotency-key": "k-1"})
        assert answer.status_code == 201, (path, answer.text)
        return answer.json()

    named = things.named
    role = create("users", "/roles", {"code": _CODE.lower(), "name": SECRET, "permissions": ["user:read"]})
    unit = create("users", "/org-units", {"code": _CODE, "name": SECRET, "type": "bidang"})
    person = {
        "username": SECRET.lower(),
        "name": SECRET,
        "email": f"{SECRET}@contoh.example",
        "nik": "9900000000007391",
        "org_unit": unit["code"],
        "roles": [role["code"]],
    }
    user = create("users", "/users", person)["user"]
    key = create("users", "/api-keys", {"name": SECRET, "scopes": ["user:read"]})
    today = datetime.datetime.now(datetime.UTC).date()
    delegation = {
        "kind": "plh",
        "from": {"id": site.claims_of(owner)["sub"], "name": SECRET},
        "to": {"id": user["id"], "name": SECRET},
        "role": "super_admin",
        "valid_from": str(today),
        "valid_until": str(today + datetime.timedelta(days=7)),
    }
    delegation = _delegated(site, owner, delegation)
    named["users", "/users/"] = {"id": user["id"], "code": role["code"]}
    named["users", "/roles/"] = {"code": role["code"]}
    named["users", "/org-units/"] = {"code": unit["code"]}
    named["users", "/api-keys/"] = {"id": key["id"]}
    named["decide", "/approvals/delegations/"] = {"id": delegation["id"]}
    permit = {"id": _permit(site, tenant)}
    for begin in ("/approvals/", "/verifikator/approve/", "/verifikator/reject/", "/admin/approve/", "/admin/reject/"):
        named["decide", begin] = permit
    named["session", "/auth/sessions/"] = device(site, things.signed_in)
    if "letters" in http_functions():
        named |= _letter(create)
    return things


def _delegated(site: Site, owner: str, delegation: dict) -> dict:
    """Puts an office in other hands as soon as approvals have heard of the account."""
    ends = time.monotonic() + _DEADLINE_S
    while True:
        headers = {"idempotency-key": "k-1"}
        answer = site.call("POST", "decide", "/approvals/delegations", owner, json=delegation, headers=headers)
        is_early = answer.status_code == 422 and answer.json()["code"] == "approvals.not_active"
        if not is_early or time.monotonic() > ends:
            assert answer.status_code == 201, answer.text
            return answer.json()
        time.sleep(_POLL_S)


def _letter(create: Callable[[str, str, dict], dict]) -> dict[tuple[str, str], dict[str, str]]:
    """Makes a kind of letter, and a draft of one."""
    fields = {"keperluan": {"type": "string", "title": "Keperluan"}}
    kind = {
        "code": SECRET.upper(),
        "name": SECRET,
        "require_rt": False,
        "require_rw": False,
        "fields": {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False},
        "wording": {"opening": SECRET, "closing": SECRET},
    }
    code = {"code": create("letters", "/letter-types", kind)["code"]}
    draft = {"type": SECRET.upper(), "answers": {"keperluan": SECRET}}
    letter = {"id": create("letters", "/letters", draft)["id"]}
    begins = {"/letter-types/": code, "/letters/": letter, "/admin/generate-surat/": letter}
    return {("letters", begin): ids for begin, ids in begins.items()}


def device(site: Site, token: str) -> dict[str, str]:
    """Where somebody is signed in."""
    (only,) = site.call("GET", "session", "/auth/sessions", token).json()["items"]
    return {"id": only["id"]}


def _permit(site: Site, tenant: str) -> str:
    """Drops a permit with a description, and waits until it awaits its approval: its id."""
    keys = {
        "endpoint_url": site.endpoint,
        "aws_access_key_id": site.exports["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": site.exports["AWS_SECRET_ACCESS_KEY"],
        "region_name": site.exports["AWS_REGION"],
    }
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **keys)
    described = json.loads((ROOT / "events/samples/permit.json").read_text()) | {"subject": SECRET, "holder": SECRET}
    s3.put_object(
        Bucket="inbox", Key=f"{tenant}/loket/izin.json", Body=json.dumps(described), ContentType="application/json"
    )
    s3.put_object(
        Bucket="inbox",
        Key=f"{tenant}/loket/izin.pdf",
        Body=(ROOT / _PERMIT).read_bytes(),
        ContentType="application/pdf",
    )
    ends = time.monotonic() + _DEADLINE_S
    while time.monotonic() < ends:
        waiting = site.call("GET", "decide", "/approvals/pending", site.token(tenant_id=tenant)).json()
        if waiting["items"]:
            return waiting["items"][0]["id"]
        time.sleep(_POLL_S)
    raise RuntimeError(
        f"the permit of {tenant} does not await an approval\n{(site.folder / 'log').read_text()[-2000:]}"
    )
