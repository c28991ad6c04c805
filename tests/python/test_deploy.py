"""What is deployed is what was meant: the template, the package, and the server."""

import json
import os
import pathlib
import platform
import shutil
import subprocess
import tomllib
import urllib.request
import zipfile

import pytest
from foreign_server import Server

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMIT_S = 120
#: Nobody listens there.
NOWHERE = "http://127.0.0.1:1"
#: The byte of an ELF file that names its processor, by Lambda's name for it.
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
HERE, ELSEWHERE = ("arm64", "x86_64") if platform.machine() == "aarch64" else ("x86_64", "arm64")


def call(*command: object, status: int = 0, **variables: str) -> str:
    """What a program says, of which this is the exit status. Nothing else points it to a server."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ran = [str(word) for word in command]
    done = subprocess.run(ran, cwd=ROOT, env=outside | variables, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_sam_deploys_the_template_of_this_repository(name: str) -> None:
    config = tomllib.loads((ROOT / "infra/samconfig.toml").read_text())[name]
    assert (ROOT / config["deploy"]["parameters"]["template_file"]).resolve() == ROOT / "template.yaml"
    venv = call(ROOT / "tests/setup/venv.sh", "sam", ROOT / "infra/requirements-deploy.txt").splitlines()[-1]
    nowhere = {"AWS_ENDPOINT_URL": NOWHERE, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_MAX_ATTEMPTS": "1"}
    command = [f"{venv}/bin/sam", "deploy", "--config-file", "infra/samconfig.toml", "--config-env", name]
    said = call(*command, status=1, SAM_CLI_TELEMETRY="0", **nowhere)
    # It has read the template, and got as far as the first request.
    assert f'Could not connect to the endpoint URL: "{NOWHERE}/' in said


class Checkout:
    """A copy of what packages functions, so that what this checkout has packaged stays."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "template.yaml", folder)
        lines = (line.split() for line in (ROOT / "template.yaml").read_text().splitlines() if "CodeUri:" in line)
        self.functions = [pathlib.Path(uri).parent.name for _, uri in lines]

    def binaries(self, architecture: str) -> pathlib.Path:
        """A program for each function: no more of it than says for which processor."""
        folder = self.folder / f"binaries-{architecture}"
        folder.mkdir()
        for name in self.functions:
            (folder / name).write_bytes(b"\x7fELF" + bytes(14) + bytes([MACHINES[architecture]]) + name.encode())
        return folder

    def package(self, *arguments: object, status: int = 0) -> str:
        """What infra/package says."""
        return call(self.folder / "infra/package", *arguments, status=status)


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> Checkout:
    """A checkout where nothing was packaged."""
    return Checkout(tmp_path / "checkout")


def test_a_package_of_this_machine_says_what_it_is_for_and_is_not_where_sam_looks(checkout: Checkout) -> None:
    binaries = checkout.binaries(HERE)
    checkout.package("--host", "--binaries", binaries)
    packaged = checkout.folder / "target/lambda-host"
    assert json.loads((packaged / "package.json").read_text()) == {"architecture": HERE, "host": True}
    assert not (checkout.folder / "target/lambda").exists()
    with zipfile.ZipFile(packaged / "import/bootstrap.zip") as archive:
        assert [(entry.filename, entry.external_attr >> 16) for entry in archive.infolist()] == [("bootstrap", 0o755)]
        assert archive.read("bootstrap") == (binaries / "import").read_bytes()
    zips = [(packaged / name / "bootstrap.zip").read_bytes() for name in checkout.functions]
    checkout.package("--host", "--binaries", binaries)
    assert [(packaged / name / "bootstrap.zip").read_bytes() for name in checkout.functions] == zips


def test_programs_for_another_processor_are_not_packaged(checkout: Checkout) -> None:
    said = checkout.package("--host", "--binaries", checkout.binaries(ELSEWHERE), status=1)
    assert f"is no program for {HERE}" in said
    assert "--binaries goes with --host" in checkout.package("--binaries", checkout.folder, status=2)


def test_only_a_package_that_the_server_can_run_is_deployed(server: Server, checkout: Checkout, tmp_path: pathlib.Path) -> None:
    checkout.package("--host", "--binaries", checkout.binaries(HERE))
    packaged = checkout.folder / "target/lambda-host"
    variables = {name: value for name, value in server.environment.items() if name.startswith("AWS_")}

    def refusal(folder: pathlib.Path) -> str:
        return call(ROOT / "localstack/deploy", "--package", folder, status=1, **variables)

    assert "is no package" in refusal(tmp_path)
    (packaged / "sign/bootstrap.zip").rename(packaged / "sign/elsewhere.zip")
    assert "lacks sign; package again" in refusal(packaged)
    (packaged / "sign/elsewhere.zip").rename(packaged / "sign/bootstrap.zip")
    (packaged / "package.json").write_text(json.dumps({"architecture": ELSEWHERE, "host": True}))
    assert f"is for {ELSEWHERE}, and functions run on this {HERE}" in refusal(packaged)


#: Deploys to a server that only writes down what it is asked, first where nothing is and then over what is there.
RECORDED = """
import contextlib, io, json, pathlib, sys
import deploy

outputs = {name: f"http://{function}.localhost/" for function, name in deploy._URLS.items()} | {"Inbox": "i", "Vault": "v"}
stack, deployed = [], []

def record(name, package, parameters):
    deployed.append({name: parameters.get(name) for name in ("PublicUrl", "AccountsUrl")})
    stack[:] = [outputs]

deploy._kind = lambda endpoint: "ministack"
deploy._fitting = lambda folder, kind: deploy.Package(deploy.own_architecture(), host=True)
deploy._absah = lambda: "absah"
deploy.Keys.made_by = lambda absah, data: deploy.Keys(data)
deploy._outputs = lambda name: stack[0] if stack else None
deploy._deploy = record
with contextlib.redirect_stdout(io.StringIO()):
    deploy.main()
    deploy.main()
print(json.dumps(deployed))
"""


@pytest.mark.parametrize("given", [{}, {"PublicUrl": "https://s.contoh.example", "AccountsUrl": "https://akun.contoh.example"}])
def test_codes_lead_to_the_public_site_and_mailed_links_to_where_people_sign_in_or_to_what_is_given(
    tmp_path: pathlib.Path, given: dict[str, str]
) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/token.pub.pem").write_text("PEM")
    (tmp_path / "secrets.json").write_text('{"webhook_token": "rahasia-untuk-pengujian"}')
    venv = call(ROOT / "tests/setup/venv.sh", "sam", ROOT / "infra/requirements-deploy.txt").splitlines()[-1]
    aws = {f"AWS_{name}": "test" for name in ("REGION", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
    parameters = [word for name, value in given.items() for word in ("--parameter", f"{name}={value}")]
    command = [f"{venv}/bin/python", "-c", RECORDED, "--data", tmp_path, "--package", tmp_path, *parameters]
    said = call(*command, PYTHONPATH=str(ROOT / "localstack"), AWS_ENDPOINT_URL=NOWHERE, **aws)
    first = {"PublicUrl": "http://127.0.0.1", "AccountsUrl": None} | given
    known = {"PublicUrl": "http://verify.localhost", "AccountsUrl": "http://session.localhost"} | given
    assert json.loads(said) == [first, known, known]


def test_a_server_that_is_gone_is_started_again_if_it_was_ours(tmp_path: pathlib.Path) -> None:
    first = Server(tmp_path)
    endpoint = first.environment["AWS_ENDPOINT_URL"]
    up = [ROOT / "localstack/up", "--port", endpoint.rsplit(":", 1)[1], "--folder", tmp_path]
    try:
        assert f"AWS_ENDPOINT_URL={endpoint}\n" in call(ROOT / "localstack/up", AWS_ENDPOINT_URL=endpoint)
        forget = call(ROOT / "localstack/down", "--folder", tmp_path)
        assert forget == "unset AWS_ENDPOINT_URL AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n"
        assert "unset it to have MiniStack started" in call(*up, status=1, AWS_ENDPOINT_URL=NOWHERE)
        assert f"AWS_ENDPOINT_URL={endpoint}\n" in call(*up, AWS_ENDPOINT_URL=endpoint)
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=LIMIT_S) as answer:
            assert answer.status == 200
    finally:
        first.stop()
