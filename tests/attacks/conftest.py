"""One running site for all attacks."""

from collections.abc import Iterator

import pytest
from operations import Operation, operations
from site_up import Site, described, http_functions, up
from things import Things, make

#: Functions that are no interface of integrators: a webhook, and the public page.
UNDESCRIBED = {"detect", "verify"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """What is attacked."""
    with up(tmp_path_factory.mktemp("site")) as running:
        # The first sign-in publishes the keys of tokens.
        running.administrator("karo")
        yield running


@pytest.fixture(scope="session")
def descriptions(site: Site) -> dict[str, dict]:
    """The OpenAPI document of each function that has one."""
    return described(site, http_functions())


@pytest.fixture
def offered(function: str, descriptions: dict[str, dict]) -> list[Operation]:
    """Everything that `function` offers."""
    return operations(function, descriptions[function])


@pytest.fixture(scope="session")
def things(site: Site) -> Things:
    """What another office than the attackers' keeps to itself. Nothing of it is ever changed."""
    return make(site, "karo")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that asks for `function` with each function of integrators."""
    if "function" in metafunc.fixturenames:
        metafunc.parametrize("function", [name for name in http_functions() if name not in UNDESCRIBED])
