#!/usr/bin/env python3
"""Times pyHanko at sign + stamp, in process and single-threaded, without the start of the interpreter.

  pyhanko_peer.py permit.pdf 2000-pages.pdf --keys DIR [--repeats 20]

DIR holds root.pem, pejabat.key.pem, pejabat.chain.pem, segel.key.pem and segel.chain.pem, as tests/corpus/pki.py
writes them; single files can be named instead. Prints one JSON object:
{"peer", "version", "keep_key", "results": [{"file", "bytes", "repeats", "sign_ms", "stamp_ms", "total_ms"}]},
where each *_ms is {"median", "min", "p90"} in milliseconds. Garbage collection stays on, as in a service.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

_LINK = "HTTP://127.0.0.1:9000/V/1ABCDEFGHIJKLMNOPQRSTUVWXYZ/ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"


def main() -> int:
    """Times each file, after one run that is not counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=pathlib.Path, nargs="+", help="unsigned PDFs")
    parser.add_argument("--keys", type=pathlib.Path, help="folder with the PEM files of both signers")
    for who in ("official", "seal"):
        parser.add_argument(f"--{who}-key", type=pathlib.Path, help=f"PKCS #8 PEM of the {who}")
        parser.add_argument(f"--{who}-chain", type=pathlib.Path, help=f"PEM chain of the {who}, its own certificate first")
    parser.add_argument("--link", default=_LINK, help="text of the QR code")
    parser.add_argument("--repeats", type=int, default=20, help="counted runs per file (20)")
    parser.add_argument("--seconds", type=float, default=30.0, help="begin no further run of a file after this (30)")
    parser.add_argument("--keep-key", action="store_true", help="read each key once, which pyHanko as shipped does for every signature")
    parser.add_argument("--out", type=pathlib.Path, help="folder for <name>.final.pdf, to be validated")
    parser.add_argument("--json", action="store_true", help="accepted for clarity; the output is always JSON")
    arguments = parser.parse_args()
    pairs = {}
    for who, name in (("official", "pejabat"), ("seal", "segel")):
        key, chain = getattr(arguments, f"{who}_key"), getattr(arguments, f"{who}_chain")
        if arguments.keys:
            key, chain = key or arguments.keys / f"{name}.key.pem", chain or arguments.keys / f"{name}.chain.pem"
        if key is None or chain is None:
            parser.error(f"give --keys, or --{who}-key and --{who}-chain")
        pairs[who] = key, chain

    import pyhanko.version
    from peer import load_signer

    official, seal = (load_signer(*pairs[who], arguments.keep_key) for who in ("official", "seal"))
    results = [_time(file, official, seal, arguments) for file in arguments.files]
    print(json.dumps({"peer": "pyHanko", "version": pyhanko.version.__version__, "keep_key": arguments.keep_key, "results": results}))
    return 0


def _time(file: pathlib.Path, official, seal, arguments: argparse.Namespace) -> dict:
    from peer import sign, stamp

    pdf = file.read_bytes()
    final = stamp(sign(pdf, official), seal, arguments.link)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / f"{file.stem}.final.pdf").write_bytes(final)
    begun = time.perf_counter()
    signing, stamping = [], []
    while len(signing) < max(1, arguments.repeats):
        first = time.perf_counter()
        signed = sign(pdf, official)
        second = time.perf_counter()
        stamp(signed, seal, arguments.link)
        third = time.perf_counter()
        signing.append((second - first) * 1000)
        stamping.append((third - second) * 1000)
        if third - begun > arguments.seconds:
            break
    total = [a + b for a, b in zip(signing, stamping, strict=True)]
    return {
        "file": str(file),
        "bytes": len(pdf),
        "repeats": len(total),
        "sign_ms": _summary(signing),
        "stamp_ms": _summary(stamping),
        "total_ms": _summary(total),
    }


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p90 = ordered[min(len(ordered) - 1, round(0.9 * (len(ordered) - 1)))]
    return {"median": round(statistics.median(ordered), 3), "min": round(ordered[0], 3), "p90": round(p90, 3)}


if __name__ == "__main__":
    sys.exit(main())
