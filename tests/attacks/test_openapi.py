"""Every function answers whatever is sent as its own description promises: no 5xx, no other status, type or shape."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from site_up import Site

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Requests of each kind for each operation: all functions together take less than two minutes.
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
            attempt(site, site.url(function), operation, mode)


def attempt(site: Site, base_url: str, operation: schemathesis.schemas.APIOperation, mode: GenerationMode) -> None:
    """Sends requests that the description allows, or forbids, each from a caller of its own."""

    @REPEATABLE
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case) -> None:
        call(site, base_url, case)

    try:
        send()
    except Unsatisfiable:
        # Some operations take nothing that could be wrong.
        assert mode is GenerationMode.NEGATIVE
    except schemathesis.errors.InvalidSchema as error:
        pytest.fail(f"{operation.label}: {error}")


def call(site: Site, base_url: str, case: schemathesis.Case) -> None:
    case.call_and_validate(
        base_url=base_url, headers={"Authorization": f"Bearer {site.token()}"}, checks=CHECKS, timeout=20
    )
