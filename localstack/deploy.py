"""Deploys to an endpoint that speaks AWS's interfaces but is not AWS. Run it as localstack/deploy."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

ROOT = pathlib.Path(__file__).resolve().parent.parent
NEEDED = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
PACKAGES = "absah-packages"


def main() -> int:
    """Deploys and prints the site."""
    parser = argparse.ArgumentParser(prog="localstack/deploy", description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default=_cache() / "deployed", help="folder of the development keys")
    parser.add_argument("--stack", default="absah", help="the stack's name (absah)")
    parser.add_argument("--json", action="store_true", help="print the site as one JSON object")
    arguments = parser.parse_args()
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        sys.exit(f"localstack/deploy: these variables are not set: {', '.join(missing)}\nStart a server first: eval \"$(localstack/up)\"")
    if not (ROOT / "target/lambda").is_dir():
        subprocess.run([ROOT / "infra/package", "--host"], check=True, stdout=sys.stderr)

    keys = _keys(arguments.data)
    outputs = _outputs(arguments.stack)
    if outputs is None:
        # The address of a function is only known once it is there.
        _deploy(arguments.stack, keys, "http://127.0.0.1")
        outputs = _outputs(arguments.stack) or {}
    urls = {name: _reachable(outputs[output]) for name, output in _URLS.items()}
    _deploy(arguments.stack, keys, urls["verify"])
    site = {
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


_URLS = {"verify": "VerifyUrl", "decide": "DecideUrl", "detect": "DetectUrl"}


def _cache() -> pathlib.Path:
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "absah"


def _keys(data: pathlib.Path) -> dict[str, str]:
    """The parameters that name keys. Made by `absah` at its first use of the folder."""
    built = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or _cache() / "target", "release/absah")
    absah = os.environ.get("ABSAH_BIN") or built
    if not pathlib.Path(absah).exists():
        sys.exit(f"localstack/deploy: {absah} is not there; build it with cargo build --release, or set ABSAH_BIN")
    subprocess.run([absah, "roots", "--data", data], check=True, stdout=subprocess.DEVNULL)
    folder = data.resolve() / "keys"
    return {
        "OfficialKeysFolder": str(folder / "officials"),
        "SealKeyFile": str(folder / "seal.pem"),
        "TokenPublicKey": (folder / "token.pub.pem").read_text(),
        "WebhookToken": json.loads((data / "secrets.json").read_text())["webhook_token"],
    }


def _deploy(stack: str, keys: dict[str, str], public_url: str) -> None:
    storage = boto3.client("s3")
    try:
        storage.head_bucket(Bucket=PACKAGES)
    except ClientError:
        storage.create_bucket(Bucket=PACKAGES, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]})
    parameters = {**keys, "PublicUrl": public_url}
    command = [pathlib.Path(sys.executable).with_name("sam"), "deploy", "--template-file", ROOT / "template.yaml", "--stack-name", stack]
    command += ["--s3-bucket", PACKAGES, "--capabilities", "CAPABILITY_IAM", "--region", os.environ["AWS_REGION"]]
    command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
    # Values with line breaks, such as PEM, go through quotation marks.
    command += ["--parameter-overrides", *(f'{name}="{value}"' for name, value in parameters.items())]
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
    urls, data = site["urls"], site["data"]
    return "\n".join(
        [
            f"Stack {site['stack']} is deployed to {site['endpoint']}.",
            f"  verify  {urls['verify']}",
            f"  decide  {urls['decide']}",
            f"  detect  {urls['detect']}",
            "Drop a permit, and list what awaits approval:",
            f"  aws s3 cp permit.pdf s3://{site['inbox']}/contoh/loket/permit.pdf",
            f"  aws s3 ls --recursive s3://{site['vault']}/contoh/documents/",
            "Approve it as the demo official:",
            f"  curl --fail -X POST {urls['decide']}/approvals/DOCUMENT_ID/decisions \\",
            f'    -H "Authorization: Bearer $(absah token --data {data})" -H "Idempotency-Key: 1" \\',
            """    -H 'Content-Type: application/json' -d '{"verdict":"approve"}'""",
            "The issued file:",
            f"  aws s3 cp s3://{site['vault']}/contoh/documents/DOCUMENT_ID/final.pdf .",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
