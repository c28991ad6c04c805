#!/usr/bin/env python3
"""Opens a page in headless Chromium as a phone would, chooses a file in its file field, and prints what the page then says.

  choose_file.py URL FILE [--field '#file'] [--result '#result'] [--until TEXT] [--seconds 30]

Prints {"class", "text"} of the result as soon as it is shown and its text no longer is TEXT (default: "Memeriksa"
at its beginning). Speaks the Chrome DevTools Protocol over --remote-debugging-pipe.
"""

import argparse
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=390,844",
    "--remote-debugging-pipe",
)


class Browser:
    """A Chromium of one's own, driven over two pipes."""

    def __init__(self, profile: str, deadline: float) -> None:
        self._deadline = deadline
        self._buffer = b""
        self._last = 0
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def wire() -> None:
            # Chromium reads commands from descriptor 3 and answers on 4.
            commands, answers = os.dup(to_browser), os.dup(from_browser)
            os.dup2(commands, 3)
            os.dup2(answers, 4)

        command = ("chromium", *_FLAGS, f"--user-data-dir={profile}", "about:blank")
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, close_fds=False, preexec_fn=wire)
        os.close(to_browser)
        os.close(from_browser)

    def ask(self, method: str, session: str | None = None, **parameters) -> dict:
        """Sends a command and returns its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _read(self) -> dict:
        while b"\0" not in self._buffer:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self._in, 65536)
            if not chunk:
                raise RuntimeError("the browser has ended")
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)


def main() -> int:
    """Chooses the file and waits for the page's answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--field", default="#file")
    parser.add_argument("--result", default="#result")
    parser.add_argument("--until", default="Memeriksa", help="what the result begins with while it is not there yet")
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.seconds
    # Its helpers may still write while it ends.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile, deadline)
        try:
            print(json.dumps(_choose(browser, arguments)))
        finally:
            browser.process.kill()
            browser.process.wait()
    return 0


def _choose(browser: Browser, arguments: argparse.Namespace) -> dict:
    target = browser.ask("Target.createTarget", url=arguments.url)["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def evaluate(expression: str):
        return browser.ask("Runtime.evaluate", session, expression=expression, returnByValue=True)["result"].get("value")

    ready = f"location.href == {arguments.url!r} && document.readyState == 'complete' && !!document.querySelector({arguments.field!r})"
    while not evaluate(ready):
        pass
    document = browser.ask("DOM.getDocument", session)["root"]["nodeId"]
    field = browser.ask("DOM.querySelector", session, nodeId=document, selector=arguments.field)["nodeId"]
    browser.ask("DOM.setFileInputFiles", session, nodeId=field, files=[str(arguments.file.resolve())])
    shown = f"(e => e.hidden ? null : {{class: e.className, text: e.innerText}})(document.querySelector({arguments.result!r}))"
    while not (result := evaluate(shown)) or result["text"].startswith(arguments.until):
        pass
    return result


if __name__ == "__main__":
    sys.exit(main())
