#!/usr/bin/env python3
"""Makes the benchmark's inputs: OUT/{permit,2000-pages,12-mb}.pdf, and OUT/keys with the PEM files of two RSA-2048 signers.

Prints {"files": [{"file", "bytes", "pages"}], "keys"}. Files that are there already are kept.
"""

import argparse
import json
import pathlib
import subprocess
import sys

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
_FILES = (("permit", 1), ("2000-pages", 2000), ("12-mb", 2))


def main() -> int:
    """Makes what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, help="folder to write to; made if it is missing")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, pages in _FILES:
        target = out / f"{name}.pdf"
        if not target.exists():
            fresh = target.with_suffix(".new")
            fresh.write_bytes(_make(name))
            fresh.rename(target)
        rows.append({"file": str(target), "bytes": target.stat().st_size, "pages": pages})
    if not (out / "keys" / "segel.chain.pem").exists():
        subprocess.run([sys.executable, CORPUS / "pki.py", out / "keys"], check=True)
    print(json.dumps({"files": rows, "keys": str(out / "keys")}, indent=1))
    return 0


def _make(name: str) -> bytes:
    sys.path.insert(0, str(CORPUS))
    import by_others
    import by_reportlab
    import permits
    import sample

    match name:
        case "permit":
            return sample.make()
        case "2000-pages":
            return by_reportlab.annexes(permits.BUSINESS, 2000)
        case _:
            return by_others.large(permits.BUILDING, 12)


if __name__ == "__main__":
    sys.exit(main())
