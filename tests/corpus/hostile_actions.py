"""Files that act: scripts, programs, attachments, media. And files that merely speak of such things."""

import io

import pikepdf

from hostile_case import Case, letter
from rawpdf import object_stream

_JS = "/S /JavaScript /JS (app.alert\\('halo'\\))"


def _open_action(action: str) -> bytes:
    return letter(catalog=f"/OpenAction << {action} >>").write()


def _annotation(entries: str) -> bytes:
    pdf = letter(page="/Annots [6 0 R]")
    pdf.add(f"<< /Type /Annot /Rect [60 700 160 720] {entries} >>")
    return pdf.write()


def _objects(catalog: str, *bodies: str, page: str = "") -> bytes:
    pdf = letter(catalog=catalog, page=page)
    for body in bodies:
        pdf.add(body)
    return pdf.write()


def _in_object_stream() -> bytes:
    pdf = letter(catalog="/OpenAction 6 0 R")
    pdf.add(f"<< {_JS} >>")
    return pdf.write_hybrid({6})


def _script_in_a_stream() -> bytes:
    pdf = letter(catalog="/OpenAction << /S /JavaScript /JS 6 0 R >>")
    pdf.stream(b"app.alert('halo')", deflate=True)
    return pdf.write()


def _attachment() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter().write())) as pdf:
        pdf.attachments["tagihan.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ" + bytes(200), filename="tagihan.exe")
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _unused_script() -> bytes:
    pdf = letter()
    pdf.add(f"<< {_JS} >>")
    return pdf.write()


def _hidden_in_unreferenced_stream() -> bytes:
    pdf = letter()
    pdf.add(object_stream({7: f"<< {_JS} >>".encode()}))
    return pdf.write()


_FIELD = "/FT /Tx /T (nama) /Subtype /Widget /DA (/F1 10 Tf)"
_FORM = "/AcroForm << /Fields [6 0 R] >>"
CASES = [
    Case("js-open", "script", "pdf.active_content", "a script that runs on opening", lambda: _open_action(_JS)),
    Case("js-names", "script", "pdf.active_content", "a script in the name tree", lambda: _objects(f"/Names << /JavaScript << /Names [(a) << {_JS} >>] >> >>")),
    Case("js-catalog-aa", "script", "pdf.active_content", "a script before printing", lambda: letter(catalog=f"/AA << /WP << {_JS} >> >>").write()),
    Case("js-page-aa", "script", "pdf.active_content", "a script when the page is shown", lambda: letter(page=f"/AA << /O << {_JS} >> >>").write()),
    Case("js-annotation", "script", "pdf.active_content", "a script behind a link", lambda: _annotation(f"/Subtype /Link /A << {_JS} >>")),
    Case("js-annotation-aa", "script", "pdf.active_content", "a script when the mouse passes", lambda: _annotation(f"/Subtype /Link /AA << /E << {_JS} >> >>")),
    Case("js-field", "script", "pdf.active_content", "a script at each keystroke", lambda: _objects(_FORM, f"<< {_FIELD} /Rect [0 0 9 9] /AA << /K << {_JS} >> >> >>", page="/Annots [6 0 R]")),
    Case("js-outline", "script", "pdf.active_content", "a script behind a bookmark", lambda: _objects("/Outlines 6 0 R", "<< /First 7 0 R /Last 7 0 R /Count 1 >>", f"<< /Title (a) /Parent 6 0 R /A << {_JS} >> >>")),
    Case("js-next", "script", "pdf.active_content", "a script after a harmless action", lambda: _open_action(f"/S /GoTo /D [3 0 R /Fit] /Next [<< {_JS} >>]")),
    Case("js-escaped", "script", "pdf.active_content", "the word JavaScript spelt with number signs", lambda: _open_action("/S /J#61va#53cript /JS (app.alert\\(1\\))")),
    Case("js-escaped-key", "script", "pdf.active_content", "the key S spelt with a number sign too", lambda: _open_action("/#53 /#4a#61vaScript /#4aS (app.alert\\(1\\))")),
    Case("js-hex-string", "script", "pdf.active_content", "a script as a hexadecimal string", lambda: _open_action("/S /JavaScript /JS <6170702E616C657274283129>")),
    Case("js-stream", "script", "pdf.active_content", "a script as a compressed stream", _script_in_a_stream),
    Case("js-indirect-kind", "script", "pdf.active_content", "the kind of the action stands in another object", lambda: _objects("/OpenAction << /S 6 0 R /JS (app.alert\\(1\\)) >>", "/JavaScript")),
    Case("js-object-stream", "script", "pdf.active_content", "a script in an object stream of a hybrid file", _in_object_stream),
    Case("js-unused", "script", "pdf.active_content", "a script that nothing leads to", _unused_script),
    Case("js-loose-object-stream", "script", "issued", "a script in an object stream that no entry leads to", _hidden_in_unreferenced_stream),
    Case("launch-open", "launch", "pdf.active_content", "starts a program on opening", lambda: _open_action("/S /Launch /F (cmd.exe)")),
    Case("launch-win", "launch", "pdf.active_content", "starts a program with parameters", lambda: _open_action("/S /Launch /Win << /F (cmd.exe) /P (/c calc) >>")),
    Case("launch-link", "launch", "pdf.active_content", "starts a program behind a link", lambda: _annotation("/Subtype /Link /A << /S /Launch /F (calc.exe) >>")),
    Case("launch-escaped", "launch", "pdf.active_content", "the word Launch spelt with a number sign", lambda: _open_action("/S /Laun#63h /F (cmd.exe)")),
    Case("attachment", "attachment", "pdf.active_content", "carries a program", _attachment),
    Case("attachment-annotation", "attachment", "pdf.active_content", "carries a file behind a pin", lambda: _annotation("/Subtype /FileAttachment /FS << /Type /Filespec /F (a.exe) /EF << /F 4 0 R >> >>")),
    Case("go-to-remote", "action", "pdf.active_content", "opens another file on a server", lambda: _open_action("/S /GoToR /F (\\\\\\\\10.0.0.1\\\\a.pdf) /D [0 /Fit]")),
    Case("go-to-embedded", "action", "pdf.active_content", "opens a file inside", lambda: _open_action("/S /GoToE /T << /R /C /N (a.pdf) >> /D [0 /Fit]")),
    Case("submit-form", "action", "pdf.active_content", "sends the form away", lambda: _open_action("/S /SubmitForm /F (http://example.org/) /Fields []")),
    Case("import-data", "action", "pdf.active_content", "fills the form from a file", lambda: _open_action("/S /ImportData /F (data.fdf)")),
    Case("rich-media", "media", "pdf.active_content", "plays media", lambda: _annotation("/Subtype /RichMedia /RichMediaContent << >>")),
    Case("movie", "media", "pdf.active_content", "plays a film", lambda: _open_action("/S /Movie /T (film)")),
    Case("rendition", "media", "pdf.active_content", "plays media with a script", lambda: _open_action("/S /Rendition /OP 0 /JS (app.alert\\(1\\))")),
    Case("xfa", "action", "pdf.active_content", "a form that replaces the pages", lambda: _objects("/AcroForm << /Fields [] /XFA 6 0 R >>", "[(template) 4 0 R]")),
    Case("uri", "lookalike", "issued", "an ordinary link to a web page", lambda: _annotation("/Subtype /Link /A << /S /URI /URI (https://karo.example/izin) >>")),
    Case("uri-script", "action", "issued", "a link with the javascript scheme", lambda: _annotation("/Subtype /Link /A << /S /URI /URI (javascript:alert\\(1\\)) >>")),
    Case("speaks-of-scripts", "lookalike", "issued", "a page that is about scripts and programs", lambda: letter(lines=["Makalah: bahaya /JavaScript dan /Launch dalam PDF", "/S /JavaScript /JS \\(app.alert\\)"]).write()),
    Case("titled-with-script", "lookalike", "issued", "a title that names /JavaScript", lambda: _titled("(/OpenAction << /S /JavaScript >>)")),
    Case("go-to", "lookalike", "issued", "an ordinary jump to a page", lambda: _open_action("/S /GoTo /D [3 0 R /Fit]")),
    Case("named-action", "lookalike", "issued", "an ordinary next-page button", lambda: _annotation("/Subtype /Link /A << /S /Named /N /NextPage >>")),
]


def _titled(title: str) -> bytes:
    pdf = letter()
    return pdf.write(info=pdf.add(f"<< /Title {title} >>"))
