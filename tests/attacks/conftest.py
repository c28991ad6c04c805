"""One running site for all attacks."""

from collections.abc import Iterator

import pytest
from site_up import Site, described, http_functions, up

#: Functions that are no interface of integrators: a webhook, and the public page.
UNDESCRIBED = {"detect", "verify"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """What is attacked."""
    with up(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def descriptions(site: Site) -> dict[str, dict]:
    """The OpenAPI document of each function that has one."""
    return described(site, http_functions())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that asks for `function` with each function of integrators."""
    if "function" in metafunc.fixturenames:
        metafunc.parametrize("function", [name for name in http_functions() if name not in UNDESCRIBED])
