"""What is another office's, or beyond one's rights, is not there: nobody reads, changes or even notices it."""

import codecs
import json
import time

import pytest
import requests
from operations import NOTHING, Operation, operations
from site_up import Site
from things import Things

#: The office of the attacker, who may do everything there.
OTHER = "lain"


def strangers(site: Site, function: str) -> dict[str, str]:
    """Tokens of people whom the things of `karo` do not concern."""
    nothing = {"tenant_id": "karo", "permissions": []}
    return {
        "of another office": site.token(tenant_id=OTHER) if function == "session" else site.person(OTHER),
        "without rights": site.token(**nothing, roles=[]),
        "with a role that nobody gave them rights for": site.token(**nothing, roles=["warga"], rw="003", rt="001"),
    }


def ask(site: Site, operation: Operation, token: str, ids: dict[str, str]) -> requests.Response:
    """Sends a request that is right but for who sends it."""
    address = operation.address(ids.__getitem__)
    body, headers = operation.body(), operation.headers()
    return site.call(operation.method, operation.function, address, token, data=body, headers=headers)


def said(answer: requests.Response) -> str:
    """All that an answer says."""
    return "\n".join([answer.text, *(f"{name}: {value}" for name, value in answer.headers.items())])


def test_an_id_of_another_office_is_an_id_of_nothing(
    function: str, site: Site, offered: list[Operation], things: Things, subtests: pytest.Subtests
) -> None:
    before = things.shown()
    for operation in offered:
        if not operation.in_path:
            continue
        with subtests.test(operation.label):
            ids = things.fill(operation)
            for who, token in strangers(site, function).items():
                # Only those who signed in have sessions, and in an office where one has no account nothing is there either.
                expected = {401} if function == "session" else {404} if who == "of another office" else {401, 403, 404}
                answer = ask(site, operation, token, ids)
                assert answer.status_code in expected, (who, answer.text)
                # An id of the same shape, which names nothing. Its last sign has fewer bits than the others, and stays.
                nothing = {name: codecs.encode(value[:-1], "rot13") + value[-1] for name, value in ids.items()}
                other = ask(site, operation, token, nothing)
                assert answer.json() == other.json(), f"{who} is told that there is something"
                leaked = {text for text in [*things.texts, *ids.values()] if text in answer.text}
                assert leaked == set(), who
    assert things.shown() == before


def test_one_device_does_not_sign_out_anothers(site: Site, things: Things) -> None:
    before = things.shown()
    elsewhere = site.administrator(OTHER)
    for name in ("/auth/sessions/" + things.named["session", "/auth/sessions/"]["id"], f"/auth/sessions/{NOTHING}"):
        answer = site.call("DELETE", "session", name, elsewhere)
        assert (answer.status_code, answer.json()["code"]) == (404, "request.unknown")
    assert things.shown() == before


def test_no_list_tells_of_another_office(
    function: str, site: Site, offered: list[Operation], things: Things, subtests: pytest.Subtests
) -> None:
    owner = things.owner()
    told = 0
    wanted = {
        "username": "",
        "actor": site.claims_of(owner)["sub"],
        "given": "true",
        "limit": "100",
        "tenant": "karo",
        "tenant_id": "karo",
    }
    for operation in offered:
        if operation.method != "GET" or operation.in_path:
            continue
        known = {name: value for name, value in wanted.items() if name in operation.in_query}
        answer = site.call("GET", function, operation.path, owner, params=known)
        told += any(text in said(answer) for text in things.texts)
        with subtests.test(operation.label):
            for who, token in strangers(site, function).items():
                for query in ({}, known, {**known, "tenant": "karo", "tenant_id": "karo"}):
                    answer = site.call("GET", function, operation.path, token, params=query)
                    assert answer.status_code < 500
                    assert [text for text in things.texts if text in said(answer)] == [], (who, query)
    if any(of == function for of, _ in things.named) and function != "session":
        assert told, "not even the owner is told anything: the test looks for the wrong texts"


#: What some lists must be asked with.
_ASKED = {"format": "json", "status": "menunggu_admin"}


def test_where_one_list_goes_on_no_other_does(
    site: Site, descriptions: dict[str, dict], things: Things, subtests: pytest.Subtests
) -> None:
    lists = [
        operation
        for function, description in descriptions.items()
        for operation in operations(function, description)
        if "cursor" in operation.in_query and not operation.in_path
    ]
    cursors = {}
    owner = things.owner()
    for operation in lists:
        asker = things.signed_in if operation.function == "session" else owner
        shape = {name: value for name, value in _ASKED.items() if name in operation.in_query}
        answer = site.call("GET", operation.function, operation.path, asker, params={"limit": 1, **shape})
        assert answer.status_code == 200, (operation.label, answer.text)
        if following := answer.json().get("next"):
            cursors[operation.function, operation.path] = following
    assert len(cursors) >= 2, "there is nothing to go on with"
    for operation in lists:
        shape = {name: value for name, value in _ASKED.items() if name in operation.in_query}
        with subtests.test(operation.label):
            for place, cursor in cursors.items():
                token = things.signed_in if operation.function == "session" else site.person(OTHER)
                for tried in (cursor, "0." + cursor, cursor.split(".", 1)[-1]):
                    answer = site.call("GET", operation.function, operation.path, token, params={"cursor": tried, **shape})
                    assert answer.status_code in {200, 400}, (place, answer.text)
                    assert [text for text in things.texts if text in said(answer)] == [], place


def test_bodies_that_name_things_of_another_office_name_nothing(
    site: Site, things: Things, subtests: pytest.Subtests
) -> None:
    before = things.shown()
    token = site.person(OTHER)
    user, role = things.named["users", "/users/"].values()
    unit = things.named["users", "/org-units/"]["code"]
    permit = things.named["decide", "/approvals/"]["id"]

    def post(function: str, path: str, body: dict) -> requests.Response:
        answer = site.call(
            "POST", function, path, token, json=body, headers={"idempotency-key": str(time.monotonic_ns())}
        )
        assert [
            text
            for text in things.texts - {text for text in things.texts if text in json.dumps(body)}
            if text in said(answer)
        ] == []
        return answer

    with subtests.test("a decision among many"):
        answer = post("decide", "/approvals/decisions", {"items": [{"id": permit, "verdict": "approve"}]})
        assert [(item["status"], item["code"]) for item in answer.json()["items"]] == [(404, "approvals.unknown")]
    with subtests.test("a user's role"):
        answer = post("users", "/users", {"username": "orang.lain", "name": "Orang", "roles": [role]})
        assert 400 <= answer.status_code < 500
    with subtests.test("a user's unit"):
        answer = post("users", "/users", {"username": "orang.lain", "name": "Orang", "org_unit": unit})
        assert 400 <= answer.status_code < 500
    with subtests.test("a unit's parent"):
        answer = post("users", "/org-units", {"code": "ANAK", "name": "Anak", "type": "bidang", "parent": unit})
        assert 400 <= answer.status_code < 500
    for criterion in ({"nik": "9900000000007391"}, {"username": "rahasia"}, {"name": "Rahasia"}, {"email": "rahasia"}):
        with subtests.test(f"a search by {next(iter(criterion))}"):
            assert post("users", "/users/search", {"by": criterion}).json()["items"] == []
    with subtests.test("names that are taken elsewhere are free here"):
        taken = {
            "username": "rahasia-7391",
            "name": "Orang",
            "nik": "9900000000007391",
            "email": "Rahasia-7391@contoh.example",
        }
        assert post("users", "/users", taken).status_code == 201
    assert user
    assert things.shown() == before
