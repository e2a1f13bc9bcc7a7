"""Runs inside the namespaces, as their first process: starts and kills programs as it is told, one JSON line each.

It ends, and everything in there with it, when its standard input does: however the tests end, nothing is left behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

_SET_FLAGS, _UP = 0x8914, 0x49
"""SIOCSIFFLAGS; IFF_UP, IFF_LOOPBACK and IFF_RUNNING."""


class Inside:
    """The programs that run in there, by name."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, name: str, argv: list[str], log: str) -> dict[str, Any]:
        with Path(log).open("ab") as out:
            self._running[name] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        return {"pid": self._running[name].pid}

    def kill(self, name: str, number: int) -> dict[str, Any]:
        one = self._running[name]
        if one.poll() is None:
            os.killpg(one.pid, number)
        return {}

    def kill_all(self, program: str) -> dict[str, Any]:
        """Kill a program that others have started in there; no process outside is seen from here."""
        for comm in Path("/proc").glob("[0-9]*/comm"):
            if comm.read_text().strip() == program:
                os.kill(int(comm.parent.name), signal.SIGKILL)
        return {}

    def wait(self, name: str, seconds: float) -> dict[str, Any]:
        try:
            return {"code": self._running[name].wait(seconds)}
        except subprocess.TimeoutExpired:
            return {"code": None}


def tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", _UP))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    inside = Inside()
    tell({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = getattr(inside, asked.pop("do"))(**asked)
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        tell(answer)


if __name__ == "__main__":
    main()
