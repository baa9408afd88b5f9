# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A headless Chromium that opens local files, driven by its DevTools protocol."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

from tools import debian_programs

PROGRAM = "chromium-headless-shell"
# Seconds. The first start reads a program of 220 MB from the disk.
ANSWERS_WITHIN = 120
OPTIONS = (
    "--no-sandbox",  # which does not work as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
    # No name and no address is reached. A request that leaves the file is still noted.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


class Tab:
    """One page.

    Args:
        connection: connection to the browser.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._number = 0
        self._session: dict[str, str] = {}
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Network"):
            self._call(f"{domain}.enable")

    def open(self, path: Path) -> None:
        """Load a file, and wait until it and all that it needs are loaded."""
        self.requests.clear()
        self._call("Page.navigate", url=path.as_uri())
        while self._receive().get("method") != "Page.loadEventFired":
            pass

    def show(self, width: int, height: int, *, dark: bool = False, media: str = "screen") -> None:
        """Set the size of the window, and what the user prefers."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        done = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def screenshot(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def pdf(self) -> bytes:
        """Print the page on A4."""
        return base64.b64decode(self._call("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters, **self._session}))
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv())
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        return message


@contextmanager
def running(folder: Path) -> Iterator[Tab]:
    """Start the browser with its files in a folder, and yield a page."""
    debian_programs.ensure(PROGRAM)
    command = [str(debian_programs.program(PROGRAM)), *OPTIONS, f"--user-data-dir={folder}"]
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, env=debian_programs.environment(PROGRAM), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
        )
    try:
        connection = websocket.create_connection(_address(log, process), timeout=ANSWERS_WITHIN, suppress_origin=True)
        try:
            yield Tab(connection)
        finally:
            connection.close()
    finally:
        process.terminate()
        process.wait()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """The address of the DevTools, which the browser logs."""
    for _attempt in range(ANSWERS_WITHIN * 10):
        found = re.search(r"DevTools listening on (\S+)", log.read_text(errors="replace"))
        if found:
            return found[1]
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"Chromium did not start: {log.read_text(errors='replace')}")
