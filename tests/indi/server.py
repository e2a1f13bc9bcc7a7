"""INDI servers for tests: the real indiserver with its simulators, and a tiny one that says what a test wants."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRIVERS = ("focus", "ccd", "wheel", "telescope", "weather")
START_S = 10.0

STARS = r"""#!{python} -ES
# Stars for the simulated camera, which asks: gsc -c RA DEC -r RADIUS -m 0 FAINTEST -n MOST
import random, sys
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt

at = sys.argv.index("-c")
ra0, dec0 = radians(float(sys.argv[at + 1])), radians(float(sys.argv[at + 2]))
dice = random.Random(7)
for number in range(70):
    xi, eta = radians(dice.uniform(-13, 13) / 60), radians(dice.uniform(-11, 11) / 60)
    length = sqrt(1 + xi * xi + eta * eta)
    x = (cos(dec0) - eta * sin(dec0)) / length
    y, z = xi / length, (sin(dec0) + eta * cos(dec0)) / length
    ra, dec = degrees(ra0 + atan2(y, x)) % 360, degrees(asin(z))
    told = (0, number, ra, dec, 0.2, dice.uniform(3.0, 6.0), 0.2, 1, 0, "A0", "N", degrees(hypot(xi, eta)) * 60, 0)
    print("%05d%05d %9.5f %+9.5f %4.1f %5.2f %4.2f %2d %2d %4s %2s %6.2f %3d" % told)
"""


def missing() -> str:
    """Tell what is missing for the real server; nothing where all is there."""
    programs = ("indiserver", *(f"indi_simulator_{name}" for name in DRIVERS))
    return ", ".join(name for name in programs if shutil.which(name) is None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class IndiServer:
    """indiserver with the simulators, in a folder of its own, at a port of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        catalogue = self.folder / "bin" / "gsc"
        catalogue.parent.mkdir(exist_ok=True)
        catalogue.write_text(STARS.replace("{python}", sys.executable), "utf-8")
        catalogue.chmod(0o755)
        drivers = [f"indi_simulator_{name}" for name in DRIVERS]
        path = f"{catalogue.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["indiserver", "-u", str(self.folder / "socket"), "-p", str(self.port), *drivers],
                env={**os.environ, "HOME": str(self.folder), "TMPDIR": str(self.folder), "PATH": path},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise TimeoutError(f"indiserver did not start: {(self.folder / 'log').read_text(errors='replace')[-500:]}")

    def kill(self) -> None:
        """End the server, and its drivers, at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
            self._process = None


Answer = Callable[[ET.Element], str]


class TinyServer:
    """Tells of what a test defines, and answers new values as the test says.

    Parameters
    ----------
    definitions
        XML that is sent to whoever asks for properties.
    answer
        Gives the XML that answers a new value.
    """

    def __init__(self, definitions: str, answer: Answer = lambda _: "") -> None:
        self._definitions, self._answer = definitions, answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.heard: list[str] = []
        self._open = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        self._listener.settimeout(0.1)
        while self._open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                continue
            with connection:
                self._attend(connection)

    def _attend(self, connection: socket.socket) -> None:
        connection.settimeout(0.1)
        parser: Any = ET.XMLPullParser(["start", "end"])
        parser.feed("<root>")
        depth = 0
        while self._open:
            try:
                content = connection.recv(65536)
            except TimeoutError:
                continue
            if not content:
                return
            parser.feed(content)
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                if event == "end" and depth == 1:
                    connection.sendall(self._reply(element).encode())

    def _reply(self, element: ET.Element) -> str:
        if element.tag == "getProperties":
            return self._definitions
        if element.tag.startswith("new"):
            self.heard.append(element.get("name", ""))
            return self._answer(element)
        return ""

    def close(self) -> None:
        self._open = False
        self._thread.join(5)
        self._listener.close()


@contextmanager
def tiny(definitions: str, answer: Answer = lambda _: "") -> Iterator[TinyServer]:
    server = TinyServer(definitions, answer)
    try:
        yield server
    finally:
        server.close()


def defined(kind: str, name: str, *, state: str = "Idle", device: str = "Toy", **members: object) -> str:
    """Write the definition of a property."""
    more = ' rule="OneOfMany"' if kind == "Switch" else ""
    limits = ' format="%g" min="0" max="60000" step="1"' if kind == "Number" else ""
    inner = "".join(f'<def{kind} name="{key}"{limits}>{value}</def{kind}>' for key, value in members.items())
    head = f'device="{device}" name="{name}" label="" group="" state="{state}" perm="rw"{more}'
    return f"<def{kind}Vector {head}>{inner}</def{kind}Vector>"


def echoed(element: ET.Element, state: str = "Ok", message: str = "") -> str:
    """Write an answer that takes the new values over."""
    kind = element.tag.removeprefix("new").removesuffix("Vector")
    inner = "".join(f'<one{kind} name="{one.get("name")}">{one.text or ""}</one{kind}>' for one in element)
    told = f' message="{message}"' if message else ""
    head = f'device="{element.get("device")}" name="{element.get("name")}" state="{state}"{told}'
    return f"<set{kind}Vector {head}>{inner}</set{kind}Vector>"


CONNECTED = defined("Switch", "CONNECTION", state="Ok", CONNECT="On", DISCONNECT="Off")
