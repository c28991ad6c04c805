#!/usr/bin/env python3
"""Makes files that try to break, stall or deceive whoever opens them, and harmless ones that only look like it.

Writes OUT/<name>.pdf and OUT/manifest.json: [{"file", "group", "expect", "code", "judge", "why", "bytes"}]. `expect` is
  quarantined  the file must be refused, with this `code` and a sentence;
  issued       the file must go through, normalised where it has to be;
`judge` is true where validators must be content with the result if it is issued; false where the file as it is
stops a validator already, so that nothing follows from its opinion.
"""

import argparse
import json
import pathlib
import sys
import time

import hostile_actions
import hostile_bombs
import hostile_bytes
import hostile_signed
import hostile_structures
from hostile_case import Case

CASES: list[Case] = [
    *hostile_bytes.CASES,
    *hostile_structures.CASES,
    *hostile_actions.CASES,
    *hostile_bombs.CASES,
    *hostile_signed.CASES,
]


def main() -> int:
    """Makes all files, or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, nargs="?", help="folder to write to; made if it is missing")
    parser.add_argument("--only", metavar="NAME", nargs="+", help="make these only")
    parser.add_argument("--list", action="store_true", help="print name, group and expectation as JSON and make nothing")
    parser.add_argument("--times", action="store_true", help="print what each file took")
    arguments = parser.parse_args()
    if arguments.list:
        print(json.dumps([{"name": c.name, "group": c.group, "expect": c.expect} for c in CASES]))
        return 0
    if arguments.out is None:
        parser.error("say where to write")
    unknown = set(arguments.only or ()) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no such file: {', '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    manifest = []
    for case in CASES:
        if arguments.only is None or case.name in arguments.only:
            begun = time.monotonic()
            target = arguments.out / f"{case.name}.pdf"
            target.write_bytes(case.make())
            size = target.stat().st_size
            row = {"file": target.name, "group": case.group, "expect": case.expect, "code": case.code, "judge": case.judge}
            manifest.append({**row, "why": case.why, "bytes": size})
            if arguments.times:
                print(f"{time.monotonic() - begun:6.2f} s  {size:9}  {case.name}", file=sys.stderr)
    (arguments.out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(json.dumps({"files": len(manifest)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
