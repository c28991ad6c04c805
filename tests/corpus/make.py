#!/usr/bin/env python3
"""Makes a corpus of varied permit PDFs, the way that many different programs would have written them.

Writes OUT/<name>.pdf, a sidecar OUT/<name>.json with the permit's description, and OUT/manifest.json:
[{"file", "sidecar", "producer", "traits": [...], "pages", "bytes", "qpdf"}], where "qpdf" is `clean` or `warnings`.
The same on every machine with the same versions of the producers, but for the AES-256 file, whose key is random.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

from catalogue import CATALOGUE, Item


def main() -> int:
    """Makes all files, or those asked for; 0 if qpdf can read every one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, nargs="?", help="folder to write to; made if it is missing")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="make these only")
    parser.add_argument("--list", action="store_true", help="print the names as JSON and make nothing")
    parser.add_argument("--times", action="store_true", help="print what each file took")
    arguments = parser.parse_args()
    if arguments.list:
        print(json.dumps([{"name": item.name, "producer": item.producer, "traits": item.traits} for item in CATALOGUE]))
        return 0
    if arguments.out is None:
        parser.error("say where to write")
    unknown = set(arguments.only or ()) - {item.name for item in CATALOGUE}
    if unknown:
        parser.error(f"no such file: {', '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    manifest = []
    for item in CATALOGUE:
        if arguments.only is None or item.name in arguments.only:
            begun = time.monotonic()
            manifest.append(_write(item, arguments.out))
            if arguments.times:
                print(f"{time.monotonic() - begun:6.2f} s  {item.name}", file=sys.stderr)
    (arguments.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    broken = [row["file"] for row in manifest if row["qpdf"] == "errors"]
    print(json.dumps({"files": len(manifest), "broken": broken}))
    return 1 if broken else 0


def _write(item: Item, out: pathlib.Path) -> dict:
    target = out / f"{item.name}.pdf"
    target.write_bytes(item.make())
    sidecar = out / f"{item.name}.json"
    sidecar.write_text(json.dumps(item.permit.sidecar(), ensure_ascii=False, indent=1) + "\n")
    check = subprocess.run(["qpdf", "--check", target], capture_output=True, text=True)
    pages = subprocess.run(["qpdf", "--show-npages", target], capture_output=True, text=True)
    return {
        "file": target.name,
        "sidecar": sidecar.name,
        "producer": item.producer,
        "traits": item.traits,
        "pages": int(pages.stdout or 0),
        "bytes": target.stat().st_size,
        "qpdf": {0: "clean", 3: "warnings"}.get(check.returncode, "errors"),
    }


if __name__ == "__main__":
    sys.exit(main())
