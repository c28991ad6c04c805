#!/usr/bin/env python3
"""An independent opinion on issued documents: pyHanko, poppler's pdfsig, qpdf, and a scan of the printed page.

  validate.py FINAL.pdf --roots roots.pem --expect-link-prefix http://127.0.0.1:9000/V/
  validate.py --batch LIST.json [--roots ...] [--expect-link-prefix ...]

LIST.json holds [{"file", "roots"?, "expect_link_prefix"?}, ...]; what a row lacks comes from the command line.
A `link` is compared without regard to case, because QR codes are smaller in capitals.

Prints one JSON object per run, `{"file", "ok", "problems", "signatures", "pdfsig", "qpdf", "qr"}`, for a batch
`{"ok", "results": [...]}`. A document is `ok` when its last signature is ours and covers the entire file, the one
before it is ours, is intact and saw form filling at most, every other signature is intact, pdfsig finds all of them
valid, qpdf has nothing to say, and a page at --sample-dpi shows a QR code with the expected link.
Exit status: 0 all ok, 1 not ok, 2 wrong usage or an unreadable list.
"""

import argparse
import json
import pathlib
import sys
from concurrent.futures import ProcessPoolExecutor


def main() -> int:
    """Judges one document or a list of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path, nargs="?", help="the issued document")
    parser.add_argument("--batch", type=pathlib.Path, metavar="LIST.json", help="a list of documents")
    parser.add_argument("--roots", type=pathlib.Path, help="PEM file with the trusted root certificates")
    parser.add_argument("--expect-link-prefix", help="how the text of the QR code begins; without it, no QR code is wanted")
    parser.add_argument("--sample-dpi", type=int, default=150, help="resolution of the rendering that is scanned (150)")
    parser.add_argument("--max-pages", type=int, default=50, help="how many pages are scanned at most, the last first (50)")
    parser.add_argument("--min-signatures", type=int, default=2, help="2: official and seal; 1: a seal alone is enough")
    parser.add_argument("--processes", type=int, default=2, help="for --batch (2)")
    parser.add_argument("--json", action="store_true", help="accepted for clarity; the output is always JSON")
    arguments = parser.parse_args()
    if (arguments.file is None) == (arguments.batch is None):
        parser.error("give either a file or --batch")
    if arguments.file is not None:
        jobs = [_job({"file": str(arguments.file)}, arguments)]
    else:
        try:
            jobs = [_job(row, arguments) for row in json.loads(arguments.batch.read_text())]
        except (OSError, ValueError, TypeError, KeyError) as error:
            parser.error(f"{arguments.batch}: {error}")
    if any(job["roots"] is None for job in jobs):
        parser.error("--roots is missing")

    from opinion import judge

    if arguments.file is not None:
        result = judge(jobs[0])
        print(json.dumps(result, ensure_ascii=False, indent=1))
        return 0 if result["ok"] else 1
    with ProcessPoolExecutor(max_workers=max(1, arguments.processes)) as pool:
        results = list(pool.map(judge, jobs))
    verdict = {"ok": bool(results) and all(result["ok"] for result in results), "results": results}
    print(json.dumps(verdict, ensure_ascii=False, indent=1))
    return 0 if verdict["ok"] else 1


def _job(row: dict, arguments: argparse.Namespace) -> dict:
    roots = row.get("roots", arguments.roots)
    return {
        "file": row["file"],
        "roots": None if roots is None else str(roots),
        "link_prefix": row.get("expect_link_prefix", arguments.expect_link_prefix),
        "dpi": arguments.sample_dpi,
        "max_pages": arguments.max_pages,
        "min_signatures": arguments.min_signatures,
    }


if __name__ == "__main__":
    sys.exit(main())
