"""Nobody makes themselves somebody by writing more into a body, and no body is too large or too deep for us."""

import base64
import json
from collections.abc import Callable

import pytest
import requests
from operations import Operation, objects
from site_up import Site
from things import Things

#: What callers would like to decide themselves.
WISHES = {
    "id": "a" * 26,
    "sub": "a" * 26,
    "tenant": "lain",
    "tenant_id": "lain",
    "role": "super_admin",
    "roles": ["super_admin"],
    "permissions": ["user:create"],
    "scopes": ["user:create"],
    "is_admin": True,
    "system": True,
    "active": True,
    "version": 99,
    "status": "approved",
    "label": "disetujui",
    "actor": {"id": "a", "name": "b", "roles": ["super_admin"]},
    "decided_by": {"id": "a", "name": "b"},
    "submitted_by": "a",
    "created_by": "a",
    "created_at": "2020-01-01T00:00:00Z",
    "password": "Kemuning-Sore-2026!",
    "hash": "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
    "must_change_password": False,
    "generation": 0,
    "__proto__": {"roles": ["super_admin"]},
    "pk": "lain#user#a",
    "sk": "state",
}
#: The longest body of a route that takes more than others, in bytes.
CAPS = {("users", "/users/import"): 256 * 1024, ("letters", "/letterhead"): 256 * 1024}
USUAL_CAP = 64 * 1024
#: Both open twice what any parser here follows.
DEPTHS = (256, 20_000)


Send = Callable[[Operation, bytes], requests.Response]


@pytest.fixture
def send(site: Site, things: Things) -> Send:
    """Sends a body in the name of somebody who may do everything, to something that there is."""

    def one(operation: Operation, body: bytes) -> requests.Response:
        # Wrong passwords lock the door of whoever is asked for them.
        token = site.administrator("terkunci") if operation.function == "session" else site.person()
        address, headers = things.name(operation), operation.headers()
        return site.call(operation.method, operation.function, address, token, data=body, headers=headers)

    return one


def with_bodies(offered: list[Operation], media: str = "application/json") -> list[Operation]:
    """The operations that take a body of a type."""
    return [operation for operation in offered if operation.media == media]


def at(value: object, place: tuple) -> dict:
    """The object at a place within JSON."""
    for step in place:
        value = value[step]
    return value


def test_a_field_that_was_not_asked_for_is_refused_wherever_it_stands(
    function: str, send: Send, offered: list[Operation], subtests: pytest.Subtests
) -> None:
    for operation in with_bodies(offered):
        with subtests.test(operation.label):
            taken = {}
            for place in objects(operation.example()):
                for name, value in WISHES.items():
                    body = operation.example()
                    if name in at(body, place):
                        continue
                    at(body, place)[name] = value
                    answer = send(operation, json.dumps(body).encode())
                    if (answer.status_code, answer.json().get("code")) != (400, "request.malformed"):
                        taken[*place, name] = (answer.status_code, answer.text[:200])
            assert taken == {}


def test_a_field_that_stands_twice_is_not_taken(
    function: str, send: Send, offered: list[Operation], subtests: pytest.Subtests
) -> None:
    for operation in with_bodies(offered):
        with subtests.test(operation.label):
            body = operation.example()
            for name, value in body.items():
                twice = json.dumps(body)[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"
                assert 400 <= send(operation, twice.encode()).status_code < 500, name


def test_a_file_of_users_has_no_columns_but_its_own(site: Site) -> None:
    for column in ("tenant", "tenant_id", "id", "active", "password", "permissions", "username"):
        file = f"username,name,{column}\norang.{column},Orang,lain\n".encode()
        answer = site.call(
            "POST", "users", "/users/import", site.person(), data=file, headers={"content-type": "text/csv"}
        )
        assert 400 <= answer.status_code < 500, (column, answer.text)
    found = site.call("POST", "users", "/users/search", site.person(), json={"by": {"username": "orang."}})
    assert found.json()["items"] == []


def test_nobody_writes_for_another_office_by_address_or_header(site: Site) -> None:
    """A role is made by somebody of `karo`, whatever else the request says of offices."""
    other = site.person("lain")
    wishes = {
        "x-tenant-id": "lain",
        "x-user-id": "a",
        "x-roles": "super_admin",
        "x-amzn-oidc-identity": "a",
        "x-original-url": "/roles",
        "idempotency-key": "tulisan-kami",
    }
    body = {"code": "tulisan_kami", "name": "Tulisan kami", "permissions": ["user:read"]}
    query = {"tenant": "lain", "tenant_id": "lain", "role": "super_admin"}
    made = site.call("POST", "users", "/roles", site.person(), json=body, headers=wishes, params=query)
    assert made.status_code in {201, 409}, made.text
    assert site.call("GET", "users", "/roles/tulisan_kami", other, params=query).status_code == 404
    assert site.call("GET", "users", "/roles/tulisan_kami", other, headers={"x-tenant-id": "karo"}).status_code == 404


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_a_method_is_what_the_request_line_says(site: Site, method: str) -> None:
    """Headers and fields by which some frameworks take another one."""
    wishes = dict.fromkeys(("x-http-method-override", "x-http-method", "x-method-override"), method)
    body = {"code": f"tetap_{method.lower()}", "name": "Tetap", "permissions": ["user:read"]}
    once = {"idempotency-key": f"tetap-{method}"}
    assert site.call("POST", "users", "/roles", site.person(), json=body, headers=once).status_code == 201
    seen = site.call(
        "GET", "users", f"/roles/{body['code']}", site.person(), headers=wishes, params={"_method": method}
    )
    assert (seen.status_code, seen.json()["code"]) == (200, body["code"])
    assert site.call("GET", "users", f"/roles/{body['code']}", site.person()).json() == seen.json()


def test_no_body_is_read_beyond_its_cap(
    function: str, send: Send, offered: list[Operation], subtests: pytest.Subtests
) -> None:
    for operation in offered:
        if operation.media is None:
            continue
        with subtests.test(operation.label):
            cap = CAPS.get((function, operation.path), USUAL_CAP)
            # Space around JSON means nothing, so that only the length can be wrong.
            body = operation.body()
            fits = send(operation, body.ljust(cap))
            assert fits.status_code < 500, fits.text
            assert fits.status_code != 413, fits.text
            for size in (cap + 1, 10 * cap):
                answer = send(operation, body.ljust(size))
                assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large"), size


def test_a_long_text_within_the_cap_is_no_failure_of_ours(
    function: str, send: Send, offered: list[Operation], subtests: pytest.Subtests
) -> None:
    for operation in with_bodies(offered):
        with subtests.test(operation.label):
            for name, value in operation.example().items():
                if isinstance(value, str):
                    for text in ("x" * 60_000, "é" * 29_000, "\u0000" * 9_000, "\U0010ffff" * 4_000):
                        body = json.dumps({**operation.example(), name: text}, ensure_ascii=False).encode()
                        answer = send(operation, body)
                        assert answer.status_code < 500, (name, text[:1], answer.text)
                        assert text[:40] not in answer.text


def test_no_body_is_too_deep(function: str, send: Send, offered: list[Operation], subtests: pytest.Subtests) -> None:
    for operation in with_bodies(offered):
        with subtests.test(operation.label):
            names = list(operation.example())
            for depth in DEPTHS:
                deep = ["[" * depth + "]" * depth, "[" * depth]
                deep += ['{"a":' * min(depth, 9_000) + "1" + "}" * min(depth, 9_000)]
                deep += [json.dumps({name: None})[:-5] + deep[0] + "}" for name in names]
                for body in deep:
                    answer = send(operation, body.encode())
                    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed"), (depth, body[:40])


def test_no_token_or_cursor_is_too_deep(site: Site) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 5_000).rstrip(b"=").decode()
    for token in (f"{deep}.{deep}.{deep}", f"{site.person().split('.', 1)[0]}.{deep}.{deep}"):
        assert site.call("GET", "users", "/users", token).status_code == 401
    for function, path in (
        ("users", "/users"),
        ("users", "/api-keys"),
        ("decide", "/approvals/pending"),
        ("audit", "/audit"),
    ):
        for cursor in (deep, f"0.{deep}", "0." + "x" * 9_000):
            answer = site.call("GET", function, path, site.person(), params={"cursor": cursor})
            assert answer.status_code == 400, (path, answer.text)


def test_what_is_larger_than_any_function_takes_is_refused_by_the_door(site: Site) -> None:
    for function, path in (("users", "/users/import"), ("session", "/auth/login"), ("detect", "/")):
        answer = site.call("POST", function, path, site.person(), data=b" " * (33 * 1024 * 1024))
        assert answer.status_code == 413, answer.text


def test_the_webhook_reads_no_more_than_a_notification_and_keeps_what_is_too_deep_for_people(site: Site) -> None:
    token = site.exports["ABSAH_WEBHOOK_TOKEN"]
    notification = json.dumps({"Records": []}).encode()
    sizes = {1024 * 1024: 204, 1024 * 1024 + 1: 413, 10 * 1024 * 1024: 413}
    answers = {
        size: site.call("POST", "detect", "/", token, data=notification.ljust(size)).status_code for size in sizes
    }
    assert answers == sizes
    for depth in DEPTHS:
        assert site.call("POST", "detect", "/", token, data=b"[" * depth).status_code == 204
