"""Deploys to an endpoint that speaks AWS's interfaces but is not AWS. Run it as localstack/deploy."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError
from keys import Keys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "infra"))
from built import CODE_URI, Package, own_architecture, target_directory  # noqa: E402

NEEDED = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
PACKAGES = "absah-packages"


def main() -> int:
    """Deploys and prints the site."""
    parser = argparse.ArgumentParser(prog="localstack/deploy", description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default=_cache() / "deployed", help="folder of the development keys")
    parser.add_argument("--stack", default="absah", help="the stack's name (absah)")
    parser.add_argument("--package", type=pathlib.Path, help="folder that infra/package has filled; made afresh otherwise")
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", type=_pair, help="of the template; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print the site as one JSON object")
    arguments = parser.parse_args()
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(f"localstack/deploy: these variables are not set: {', '.join(missing)}\nStart a server first: eval \"$(localstack/up)\"")
    kind = _kind(os.environ["AWS_ENDPOINT_URL"])
    folder = (arguments.package or _packaged(kind)).resolve()
    package = _fitting(folder, kind)

    keys = Keys.made_by(_absah(), arguments.data)
    parameters = {**keys.parameters(), "Architecture": package.architecture, "DeletionProtection": "false"}
    if kind == "ministack":
        parameters |= keys.as_folder()
    else:
        parameters |= keys.as_layer(f"{arguments.stack}-keys")
    parameters |= dict(arguments.parameter)
    outputs = _outputs(arguments.stack)
    if outputs is None:
        # The address of a function is only known once it is there.
        _deploy(arguments.stack, folder, {"PublicUrl": "http://127.0.0.1"} | parameters)
        outputs = _outputs(arguments.stack) or {}
    urls = {name: _reachable(outputs[output]) for name, output in _URLS.items()}
    _deploy(arguments.stack, folder, {"PublicUrl": urls["verify"], "AccountsUrl": urls["session"]} | parameters)
    site = {
        "kind": kind,
        "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "region": os.environ["AWS_REGION"],
        "access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "stack": arguments.stack,
        "table": f"{arguments.stack}-main-table",
        "inbox": outputs["Inbox"],
        "vault": outputs["Vault"],
        "urls": urls,
        "data": str(arguments.data.resolve()),
    }
    print(json.dumps(site, indent=1) if arguments.json else _in_words(site))
    return 0


_URLS = {
    "verify": "VerifyUrl",
    "decide": "DecideUrl",
    "detect": "DetectUrl",
    "session": "SessionUrl",
    "users": "UsersUrl",
    "letters": "LettersUrl",
    "audit": "AuditUrl",
    "health": "HealthUrl",
}


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError("it is NAME=VALUE")
    return name, value


def _quoted(value: str) -> str:
    """As sam reads a value that may have line breaks, such as PEM, or quotation marks, such as JSON."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _cache() -> pathlib.Path:
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "absah"


def _kind(endpoint: str) -> str:
    """`ministack`, which runs functions as processes of this machine, or `other`, which may run them in containers."""
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=10):
            return "ministack"
    except urllib.error.HTTPError:
        return "other"
    except OSError as error:
        sys.exit(f"localstack/deploy: {endpoint} does not answer: {error}")


def _packaged(kind: str) -> pathlib.Path:
    """What the sources are now: a package that was made of other sources would be deployed without a word."""
    what = ["--host"] if kind == "ministack" else ["--arch", own_architecture()]
    subprocess.run([ROOT / "infra/package", *what], check=True, stdout=sys.stderr)
    return ROOT / "target/lambda-host" if kind == "ministack" else ROOT / f"target/lambda-{own_architecture()}"


def _fitting(folder: pathlib.Path, kind: str) -> Package:
    """The package in a folder, if the endpoint can run it."""
    try:
        package = Package.of(folder)
    except ValueError as error:
        sys.exit(f"localstack/deploy: {error}")
    if kind == "ministack" and package.architecture != own_architecture():
        sys.exit(f"localstack/deploy: {folder} is for {package.architecture}, and functions run on this {own_architecture()}")
    if kind != "ministack" and package.host:
        sys.exit(f"localstack/deploy: {folder} is for processes of this machine; package with --arch")
    return package


def _absah() -> pathlib.Path:
    absah = pathlib.Path(os.environ.get("ABSAH_BIN") or target_directory() / "release/absah")
    if not absah.exists():
        sys.exit(f"localstack/deploy: {absah} is not there; build it with cargo build --release, or set ABSAH_BIN")
    return absah


def _deploy(stack: str, package: pathlib.Path, parameters: dict[str, str]) -> None:
    storage = boto3.client("s3")
    try:
        storage.head_bucket(Bucket=PACKAGES)
    except ClientError:
        storage.create_bucket(Bucket=PACKAGES, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]})
    with tempfile.TemporaryDirectory(prefix="absah-deploy-") as scratch:
        # The template that was given names the package that was given: target/lambda is what AWS gets.
        template = pathlib.Path(scratch, "template.yaml")
        text = (ROOT / "template.yaml").read_text()
        template.write_text(text.replace(f"CodeUri: {CODE_URI}/", f"CodeUri: {package}/"))
        command = [pathlib.Path(sys.executable).with_name("sam"), "deploy", "--template-file", template, "--stack-name", stack]
        command += ["--s3-bucket", PACKAGES, "--capabilities", "CAPABILITY_IAM", "--region", os.environ["AWS_REGION"]]
        command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
        command += ["--parameter-overrides", *(f"{name}={_quoted(value)}" for name, value in parameters.items())]
        environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nlocalstack/deploy: sam deploy failed")


def _outputs(stack: str) -> dict[str, str] | None:
    """What the stack gives out; none before it was deployed."""
    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError:
        return None
    if not found["StackStatus"].endswith("_COMPLETE") or found["StackStatus"].startswith("DELETE"):
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])} or None


def _reachable(url: str) -> str:
    """A function URL as this machine reaches it: servers that are not AWS answer for its host name at their own port."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(".on.aws"):
        return url.rstrip("/")
    endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    host = parts.hostname.removesuffix(".on.aws")
    return f"http://{host}.localhost:{endpoint.port or 80}"


def _in_words(site: dict) -> str:
    urls, data, endpoint = site["urls"], site["data"], site["endpoint"]
    return "\n".join(
        [
            f"Stack {site['stack']} is deployed to {endpoint}.",
            *(f"  {name:<7} {url}" for name, url in urls.items()),
            "Drop a permit, and list what awaits approval:",
            f"  aws --endpoint-url {endpoint} s3 cp permit.pdf s3://{site['inbox']}/contoh/loket/permit.pdf",
            f"  aws --endpoint-url {endpoint} s3 ls --recursive s3://{site['vault']}/contoh/documents/",
            "Approve it as the demo official:",
            f"  curl --fail -X POST {urls['decide']}/approvals/DOCUMENT_ID/decisions \\",
            f'    -H "Authorization: Bearer $({_absah()} token --data {data})" -H "Idempotency-Key: 1" \\',
            """    -H 'Content-Type: application/json' -d '{"verdict":"approve"}'""",
            "The issued file:",
            f"  aws --endpoint-url {endpoint} s3 cp s3://{site['vault']}/contoh/documents/DOCUMENT_ID/final.pdf .",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
