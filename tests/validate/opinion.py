"""Puts the witnesses together into one verdict."""

import pathlib
import subprocess

import scan
import signatures
from scan import SECONDS

_HARMLESS = {"NONE", "LTA_UPDATES", "FORM_FILLING"}


def judge(job: dict) -> dict:
    """What every witness says about `job["file"]`, and whether that makes an issued document."""
    file = pathlib.Path(job["file"])
    if not file.is_file():
        return {"file": job["file"], "ok": False, "problems": ["the file is not there"]}
    try:
        seen = signatures.inspect(file, pathlib.Path(job["roots"]))
        unreadable = None
    except Exception as error:  # A witness that cannot read the file has given its opinion.
        seen, unreadable = [], f"{type(error).__name__}: {error}"
    second = pdfsig(file)
    structure = qpdf(file)
    qr = scan.decode(file, job["dpi"], job["max_pages"], job["link_prefix"]) if job["link_prefix"] else None
    problems = [f"pyHanko cannot read the file: {unreadable}"] if unreadable else _about_signatures(seen, job["min_signatures"])
    if second["valid"] != second["signatures"] or second["signatures"] != len(seen):
        problems.append(f"pdfsig finds {second['valid']} of {second['signatures']} signatures valid, pyHanko sees {len(seen)}")
    if not structure["clean"]:
        problems.append(f"qpdf: {structure['said'][:300]}")
    if qr is not None and qr["link"] is None:
        problems.append(f"no QR code with {job['link_prefix']} among {qr['texts']}")
    return {
        "file": job["file"],
        "ok": not problems,
        "problems": problems,
        "signatures": seen,
        "pdfsig": second,
        "qpdf": structure,
        "qr": qr,
    }


def pdfsig(file: pathlib.Path) -> dict:
    """How many signatures poppler sees, and how many of those it calls valid. Trust is pyHanko's part."""
    done = _run("pdfsig", "-nocert", file)
    said = done.stdout + done.stderr
    # Fields that wait for a signature are listed too.
    signatures = said.count("Signature #") - said.count("The signature form field is not signed.")
    return {"signatures": signatures, "valid": said.count("Signature is Valid."), "said": said.strip()}


def qpdf(file: pathlib.Path) -> dict:
    """Whether `qpdf --check` passes without a warning."""
    done = _run("qpdf", "--check", file)
    return {"clean": done.returncode == 0, "said": (done.stderr or done.stdout).strip()}


def _about_signatures(seen: list[dict], wanted: int) -> list[str]:
    problems = [f"{s['field']}: {s['error']}" for s in seen if s["error"]]
    ours = [s for s in seen if s["trusted"]]
    if len(ours) < wanted:
        problems.append(f"{len(ours)} signatures are trusted, {wanted} are wanted")
    for each in seen:
        if not (each["intact"] and each["valid"]):
            problems.append(f"{each['field']}: the signature is broken")
    for each in ours:
        if not each["bottom_line"]:
            problems.append(f"{each['field']}: the bottom line is false")
        if each["modification_level"] not in _HARMLESS:
            problems.append(f"{each['field']}: changed afterwards ({each['modification_level']})")
    if not seen:
        return [*problems, "there is no signature"]
    last = seen[-1]
    if not last["trusted"]:
        problems.append(f"{last['field']}: the last signature is not ours")
    if last["coverage"] != "ENTIRE_FILE":
        problems.append(f"{last['field']}: the last signature covers {last['coverage']}")
    return problems


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 124, "", f"{words[0]} takes longer than {SECONDS} seconds")
