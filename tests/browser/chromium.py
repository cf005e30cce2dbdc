"""A page in headless Chromium, driven by the DevTools protocol over its websocket."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
)


def found() -> str | None:
    """Return the chromium that is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """One page."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._numbers = count(1)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def go(self, address: str) -> None:
        """Show another address, as a fresh page."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)

    def text(self) -> str:
        """Return the words that a person sees."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def shows(self, *words: str, seconds: float = 60) -> str:
        """Wait until all `words` are on the page; return its text."""
        give_up = time.monotonic() + seconds
        while True:
            text = self.text()
            missing = [one for one in words if one not in text]
            if not missing:
                return text
            assert time.monotonic() < give_up, f"{missing} not in: {text}"
            time.sleep(0.3)

    def size(self, width: int, height: int) -> None:
        """Make the window so large, in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def settle(self, seconds: float = 20) -> None:
        """Wait until two pictures in a row are the same: a graph is drawn, not written."""
        give_up, before = time.monotonic() + seconds, b""
        while (now := self._picture()) != before and time.monotonic() < give_up:
            before = now
            time.sleep(1)

    def picture(self, file: Path) -> None:
        """Write what is in the window as PNG."""
        file.write_bytes(self._picture())

    def _picture(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])


@contextmanager
def page(address: str, profile: Path, *, width: int, height: int) -> Iterator[Page]:
    """Yield a page that shows `address`; `profile` is a directory for the browser alone."""
    program = found()
    assert program
    command = [program, *FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile}"]
    browser = subprocess.Popen([*command, "about:blank"], stderr=subprocess.DEVNULL)
    try:
        with connect(_socket_address(profile), max_size=None) as socket:
            opened = Page(socket)
            opened.size(width, height)
            opened.go(address)
            yield opened
    finally:
        browser.terminate()
        browser.wait(30)


def _socket_address(profile: Path) -> str:
    port_file = profile / "DevToolsActivePort"
    give_up = time.monotonic() + 60
    while not (port_file.exists() and port_file.read_text().strip()):
        assert time.monotonic() < give_up, "chromium does not start"
        time.sleep(0.1)
    port = port_file.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
        pages = [one for one in json.load(answer) if one["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
