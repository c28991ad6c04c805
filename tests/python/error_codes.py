"""The error codes of the Rust sources, found by reading the sources as tokens.

The rule. A code is a string literal of the form `word.word` (lower case, digits, `_`; two or more words) that stands
outside of tests and
  1. in the body of a function named `code`, or
  2. in the value of something named `code`: `error.code = "x.y"`, `code: "x.y"`, also inside `Some(...)`, or
  3. as an argument of a call that takes a code: `Problem::new`, `quarantine`, `park`.
"""

import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
CALLS = {"quarantine", "park"}

_TOKEN = re.compile(
    r"""
      (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<other>b\#*"(?:\\.|[^"\\])*"|br(?P<braw>\#*)".*?"(?P=braw)|'(?:\\.[^']*|[^'\\])'|'[a-z_]\w*)
    | r(?P<raw>\#*)"(?P<rawtext>.*?)"(?P=raw)
    | "(?P<text>(?:\\.|[^"\\])*)"
    | (?P<word>\w+)
    | (?P<mark>\S)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A word, a mark of one character, or a string."""

    kind: str
    text: str
    line: int


def tokens(source: str) -> list[Token]:
    """The tokens of a Rust source without comments, byte strings, characters, lifetimes and `#[cfg(test)]` items."""
    found = []
    for match in _TOKEN.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        if match["word"] is not None:
            found.append(Token("word", match["word"], line))
        elif match["mark"] is not None:
            found.append(Token("mark", match["mark"], line))
        elif match["comment"] is None and match["other"] is None:
            found.append(Token("string", match["text"] if match["rawtext"] is None else match["rawtext"], line))
    return _without_tests(found)


def _without_tests(found: list[Token]) -> list[Token]:
    kept, place = [], 0
    while place < len(found):
        if [token.text for token in found[place : place + 7]] == list("#[") + ["cfg", "(", "test", ")", "]"]:
            place += 7
            # An item ends with its braces, or with a semicolon before any.
            while found[place].text not in ("{", ";") or found[place].kind != "mark":
                place += 1
            place = _closing(found, place) + 1 if found[place].text == "{" else place + 1
        else:
            kept.append(found[place])
            place += 1
    return kept


def _closing(found: list[Token], opening: int) -> int:
    """Where the bracket that opens at `opening` is closed."""
    depth = 0
    for place in range(opening, len(found)):
        if found[place].kind == "mark":
            depth += (found[place].text in "([{") - (found[place].text in ")]}")
            if depth == 0:
                return place
    raise ValueError(f"line {found[opening].line}: a bracket is not closed")


def _value_end(found: list[Token], start: int) -> int:
    """Where the value that starts at `start` ends: at a comma, semicolon or closing bracket of its own level."""
    place = start
    while place < len(found):
        token = found[place]
        if token.kind == "mark" and token.text in ",;)]}":
            break
        place = _closing(found, place) + 1 if token.kind == "mark" and token.text in "([{" else place + 1
    return place


def codes_of(source: str) -> set[str]:
    """The codes of one source, by the rule above."""
    found, codes = tokens(source), set()
    texts = [token.text for token in found]

    def take(start: int, end: int) -> None:
        strings = (token.text for token in found[start:end] if token.kind == "string")
        codes.update(text for text in strings if DOTTED.fullmatch(text))

    for place, token in enumerate(found[:-1]):
        if token.kind != "word":
            continue
        following = texts[place + 1]
        if token.text == "code" and texts[place - 1] == "fn":
            body = next(at for at in range(place, len(texts)) if texts[at] in "{;")
            if texts[body] == "{":
                take(body, _closing(found, body))
        elif token.text == "code" and following in "=:" and texts[place + 2] not in "=:":
            take(place + 2, _value_end(found, place + 2))
        elif following == "(" and (token.text in CALLS or texts[place - 3 : place + 1] == ["Problem", ":", ":", "new"]):
            take(place + 1, _closing(found, place + 1))
    return codes


def dotted_of(source: str) -> Iterator[Token]:
    """All strings of one source that look like a code."""
    return (token for token in tokens(source) if token.kind == "string" and DOTTED.fullmatch(token.text))


def sources(root: pathlib.Path) -> Iterator[pathlib.Path]:
    """The sources of what runs: packages' `src`, without modules that are named `tests`."""
    for folder in ("crates", "functions", "localstack"):
        for path in sorted((root / folder).rglob("*.rs")):
            inside = path.relative_to(root).parts
            if "src" in inside and "target" not in inside and path.stem != "tests" and "tests" not in inside:
                yield path
