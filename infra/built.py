"""Where what was built lies: cargo's target folder, and the packages that infra/package makes of it."""

import json
import pathlib
import platform
import re
import subprocess
from dataclasses import asdict, dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: Where template.yaml looks for the zips, below the repository; `functions` says of which functions.
CODE_URI = "target/lambda"
#: What Lambda calls the processors that the kernel calls otherwise.
_ARCHITECTURES = {"aarch64": "arm64", "x86_64": "x86_64"}
_RECORD = "package.json"


def target_directory() -> pathlib.Path:
    """Where cargo builds: what CARGO_TARGET_DIR or a configuration says, `target` otherwise."""
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(json.loads(told.stdout)["target_directory"])


def functions() -> list[str]:
    """The functions of template.yaml, by the names of their binaries."""
    names = re.findall(rf"CodeUri: {CODE_URI}/([a-z-]+)/bootstrap\.zip", (ROOT / "template.yaml").read_text())
    if not names:
        raise ValueError(f"template.yaml names no CodeUri below {CODE_URI}")
    return names


def own_architecture() -> str:
    """This machine's processor, as Lambda calls it."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


@dataclass(frozen=True)
class Package:
    """A folder of zips, and what they are for."""

    #: As template.yaml's parameter Architecture has it.
    architecture: str
    #: Built for this machine's own libraries. Lambda has older ones.
    host: bool

    @classmethod
    def of(cls, folder: pathlib.Path) -> "Package":
        """The package in a folder. ValueError: it is none, or it lacks a function of the template."""
        try:
            package = cls(**json.loads((folder / _RECORD).read_text()))
        except FileNotFoundError:
            raise ValueError(f"{folder} is no package; infra/package makes them") from None
        lacking = [name for name in functions() if not (folder / name / "bootstrap.zip").is_file()]
        if lacking:
            raise ValueError(f"{folder} lacks {', '.join(lacking)}; package again")
        return package

    def describe(self, folder: pathlib.Path) -> None:
        """Writes down what the zips in a folder are for."""
        (folder / _RECORD).write_text(json.dumps(asdict(self)) + "\n")
