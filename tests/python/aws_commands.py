"""Tells which calls of `aws` and `sam` name an operation or option that does not exist. Needs botocore and sam.

Standard input: a JSON list of calls, each a list of words. Standard output: a JSON list of what is wrong.
"""

import functools
import json
import pathlib
import re
import subprocess
import sys

import botocore.session
from botocore import xform_name

EVERYWHERE = {"query", "output", "region", "endpoint-url", "cli-binary-format", "max-items", "no-paginate"}
#: Commands and options that the AWS command line has beyond the services' own.
S3 = {"cp": {"metadata-directive", "metadata", "recursive"}, "ls": {"recursive"}, "mb": set(), "sync": {"delete"}}
BEYOND = {("lambda", "publish-layer-version"): {"zip-file"}}
SERVICES = {"s3api": "s3"}
SESSION = botocore.session.get_session()


def main() -> None:
    """Reads calls, prints complaints."""
    complaints = []
    for program, *words in json.load(sys.stdin):
        complaint = (_aws if program == "aws" else _sam)(words)
        if complaint:
            complaints.append(f"{program} {' '.join(words)[:80]}: {complaint}")
    json.dump(complaints, sys.stdout)


def _options(words: list[str]) -> set[str]:
    return {word[2:].split("=")[0] for word in words if re.fullmatch(r"--[a-z0-9-]+(=.*)?", word)}


def _aws(words: list[str]) -> str | None:
    if words[0] == "--endpoint-url":
        words = words[2:]
    service, operation, *rest = words
    options = _options(rest) - EVERYWHERE
    if service == "s3":
        return _extra(options - S3[operation]) if operation in S3 else "no such command"
    model = SESSION.get_service_model(SERVICES.get(service, service))
    if operation == "wait":
        waiters = SESSION.get_waiter_model(model.service_name).waiter_names
        waiting = {xform_name(name, "-"): name for name in waiters}
        if rest[0] not in waiting:
            return "no such waiter"
        operation = xform_name(SESSION.get_waiter_model(model.service_name).get_waiter(waiting[rest[0]]).operation, "-")
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in operations:
        return "no such operation"
    shape = model.operation_model(operations[operation]).input_shape
    members = shape.members if shape else {}
    names = {xform_name(name, "-"): member for name, member in members.items()}
    allowed = set(names) | {f"no-{name}" for name, member in names.items() if member.type_name == "boolean"}
    missing = {xform_name(name, "-") for name in (shape.required_members if shape else [])} - options
    # Those that the command line takes in another way.
    missing -= {"content"} if (service, operation) in BEYOND else set()
    return _extra(options - allowed - BEYOND.get((service, operation), set())) or _lacking(missing)


@functools.cache
def _help(command: str) -> str:
    program = pathlib.Path(sys.executable).with_name("sam")
    done = subprocess.run([program, command, "--help"], capture_output=True, text=True, env={"SAM_CLI_TELEMETRY": "0"})
    return done.stdout if done.returncode == 0 else ""


def _sam(words: list[str]) -> str | None:
    text = _help(words[0])
    if not text:
        return "no such command"
    return _extra({option for option in _options(words) if not re.search(rf"--{option}\b", text)})


def _extra(options: set[str]) -> str | None:
    return f"no such option: {', '.join(sorted(options))}" if options else None


def _lacking(options: set[str]) -> str | None:
    return f"option is missing: {', '.join(sorted(options))}" if options else None


if __name__ == "__main__":
    main()
