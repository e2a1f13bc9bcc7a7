"""A relay between statefocus and the bus of a KStars: cut, or held up, while both ends live on."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from pathlib import Path


class Relay:
    """Listens at `address`, and passes everything on to the bus at `bus`.

    Attributes
    ----------
    held_up
        What statefocus says is passed on later.
    """

    def __init__(self, path: Path, bus: Path) -> None:
        self.address, self.held_up = f"unix:path={path}", False
        self._bus, self._closed = bus, False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(0.2)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End what is open; what is opened later is passed on again."""
        pairs, self._pairs = self._pairs, []
        for one in (one for pair in pairs for one in pair):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closed = True
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            with contextlib.suppress(OSError):
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._bus))
                self._pairs.append((near, far))
                threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError), near, far:
            while True:
                for one in select.select([far] if self.held_up else [near, far], [], [], 0.05)[0]:
                    if not (data := one.recv(65_536)):
                        return
                    (far if one is near else near).sendall(data)
