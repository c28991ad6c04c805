"""Permits set by Typst: modern files with compressed objects, tagged text and embedded subsets of fonts."""

import datetime

import typst

import permits
from permits import Permit

_WHEN = datetime.datetime(2026, 1, 5, 2, 0, tzinfo=datetime.UTC)


def make(permit: Permit, standard: str | None = None) -> bytes:
    """One permit on A4; `standard` such as `a-2b` asks for an archival profile."""
    return typst.Compiler(_source(permit).encode()).compile(
        format="pdf", pdf_standards=[standard] if standard else [], timestamp=_WHEN
    )


def _source(permit: Permit) -> str:
    rows = "\n".join(f"  {_text(label)}, [:], {_text(value)}," for label, value in permit.rows)
    basis = "\n".join(f"  {_text(line)}," for line in permit.basis)
    clauses = "\n".join(f"  {_text(line)}," for line in permit.clauses)
    signer = permit.signer
    office = " \\ ".join(_plain(line) for line in signer.office.split("\n"))
    return f"""
#set document(title: "{permit.title}", author: "{permits.UNIT}")
#set page(paper: "a4", margin: (x: 22mm, top: 18mm, bottom: 22mm), footer: align(center, text(8pt, [{_plain(permit.number)}])))
#set text(font: "Libertinus Serif", size: 11pt, lang: "id")
#set par(justify: true)
#align(center)[
  #text(13pt)[{permits.GOVERNMENT}] \\
  #text(13pt, weight: "bold")[{permits.OFFICE}] \\
  #text(8.5pt)[{_plain(permits.ADDRESS)} \\ {_plain(permits.CONTACT)}]
]
#line(length: 100%, stroke: 2pt)
#v(-9pt)
#line(length: 100%, stroke: 0.5pt)
#align(center)[#text(13pt, weight: "bold")[#underline[{_plain(permit.kind)}]] \\ NOMOR: {_plain(permit.number)}]
Berdasarkan:
#enum(numbering: "a.",
{basis}
)
dengan ini memberikan izin kepada:
#grid(columns: (48mm, 4mm, 1fr), row-gutter: 6pt,
{rows}
)
Dengan ketentuan sebagai berikut:
#enum(
{clauses}
)
#v(6mm)
#grid(columns: (1fr, 76mm), [], [
  Ditetapkan di {permits.CITY} \\ pada tanggal {permit.date} \\ {office}
  #v(20mm)
  #underline[*{_plain(signer.name)}*] \\ {_plain(signer.rank)} \\ NIP {signer.number}
])
#place(bottom + left, link("https://dpmptsp.karo.example/izin")[#text(8pt)[dpmptsp.karo.example/izin]])
"""


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "#$*_`<>@\\[]~/" else c for c in text)


def _text(text: str) -> str:
    return f"[{_plain(text)}]"
