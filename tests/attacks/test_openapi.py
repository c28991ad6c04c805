"""Every function answers whatever is sent as its own description promises: no 5xx, no other status, type or shape."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from operations import Operation, operations
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from site_up import Site
from things import Things, device, make

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Requests of each kind for each operation: all functions together take some two minutes.
EXAMPLES = 25
#: The same requests in each run, so that a failure is one of the change at hand.
REPEATABLE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_function_of_integrators_describes_itself(function: str, descriptions: dict[str, dict]) -> None:
    assert function in descriptions
    assert descriptions[function]["openapi"].startswith("3.1")
    assert descriptions[function]["paths"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_sent_is_answered_as_described(
    function: str, mode: GenerationMode, site: Site, descriptions: dict[str, dict], subtests: pytest.Subtests
) -> None:
    if function not in descriptions:
        pytest.fail(f"{function} does not describe itself")
    schema = schemathesis.openapi.from_dict(descriptions[function])
    for result in schema.get_all_operations():
        operation = result.ok()
        with subtests.test(operation.label):
            # Whoever is signed in would be signed out at once.
            token = site.token() if function == "session" else site.person()
            headers = {"Authorization": f"Bearer {token}"}
            attempt(operation, mode, partial(validated, site, function, headers=headers))


def test_whatever_is_sent_about_what_there_is_is_answered_as_described(
    function: str, site: Site, descriptions: dict[str, dict], subtests: pytest.Subtests
) -> None:
    """With made-up ids, most of a function is out of reach: here they are those of an office whose people sign in."""
    offered = operations(function, descriptions[function])
    if function != "session" and not any(operation.in_path for operation in offered):
        pytest.skip("nothing has an id here")
    things = make(site, f"contoh-{function}")
    statuses: set[int] = set()
    found = {(operation.method, operation.path): operation for operation in offered}
    schema = schemathesis.openapi.from_dict(descriptions[function])
    described = [result.ok() for result in schema.get_all_operations()]

    def takes_away(operation: schemathesis.schemas.APIOperation) -> tuple[bool, int]:
        return operation.method.upper() == "DELETE", -len(operation.path)

    # What takes things away comes last, and of that what takes away most.
    for operation in sorted(described, key=takes_away):
        known = found[operation.method.upper(), operation.path]
        if not known.in_path and function != "session":
            continue
        with subtests.test(operation.label):
            token = None
            if function == "session":
                # Some of it ends the session.
                token = site.administrator(f"contoh-{uuid.uuid4().hex[:16]}")
                things.named["session", "/auth/sessions/"] = device(site, token)
            attempt(operation, GenerationMode.POSITIVE, With(site, things, known, statuses, token).send)
    assert statuses & {200, 201, 202, 204}


@dataclass
class With:
    """Puts what there is into requests that were made up, and notes how they are answered."""

    site: Site
    things: Things
    operation: Operation
    statuses: set[int]
    token: str | None

    def send(self, case: schemathesis.Case) -> None:
        """Sends one."""
        begin = self.operation.path.split("{", 1)[0]
        named = self.things.named.get((self.operation.function, begin), {})
        there = {name: named[name] for name in self.operation.in_path if name in named}
        case.path_parameters = {**(case.path_parameters or {}), **there}
        token = self.token or self.things.owner()
        headers = {"Authorization": f"Bearer {token}"}
        for name in self.operation.in_header:
            if name.lower() == "idempotency-key":
                headers[name] = uuid.uuid4().hex
            elif name.lower() == "if-match" and self.operation.in_path[0] in named:
                thing = begin + named[self.operation.in_path[0]]
                headers[name] = self.site.call("GET", self.operation.function, thing, token).headers.get("etag", '"1"')
        self.statuses.add(validated(self.site, self.operation.function, case, headers).status_code)


def attempt(
    operation: schemathesis.schemas.APIOperation, mode: GenerationMode, send: Callable[[schemathesis.Case], object]
) -> None:
    """Sends requests that the description allows, or forbids."""

    @REPEATABLE
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: schemathesis.Case) -> None:
        send(case)

    try:
        each()
    except Unsatisfiable:
        # Some operations take nothing that could be wrong.
        assert mode is GenerationMode.NEGATIVE
    except schemathesis.errors.InvalidSchema as error:
        pytest.fail(f"{operation.label}: {error}")


def validated(site: Site, function: str, case: schemathesis.Case, headers: dict[str, str]) -> requests.Response:
    """Sends one request, and compares the answer with what the function promises."""
    return case.call_and_validate(base_url=site.url(function), headers=headers, checks=CHECKS, timeout=20)
