"""Listens to N.I.N.A.'s event socket in a thread of its own, and reaches it again where it was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

from statefocus.errors import UsageError
from statefocus.profile import Nina

try:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import ClientConnection, connect
except ImportError as error:  # pragma: no cover  # it is an extra
    raise UsageError("The host `nina` needs one more package: pip install 'statefocus[nina]'.") from error

PATH = "/v2/socket"
LOOK_S = 0.5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 10.0
CLOSE_S = 1.0
LONGEST_MESSAGE = 1 << 22


class Link:
    """The event socket.

    Parameters
    ----------
    settings
        Where it is.
    hear
        Takes each message; it must not raise.
    up, down
        Told each time it is reached, and each time it is lost or could not be reached, with a sentence.
    """

    def __init__(
        self,
        settings: Nina,
        hear: Callable[[str | bytes], None],
        up: Callable[[], None],
        down: Callable[[str], None],
    ) -> None:
        self._settings, self._hear, self._up, self._down = settings, hear, up, down
        self._stopped = threading.Event()
        self._line: ClientConnection | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._work, name="statefocus nina events", daemon=True)
        self._thread.start()

    def drop(self) -> None:
        """Hang up on a socket behind which nobody answers any more; it is reached anew."""
        line = self._line
        if line is not None:
            line.close()

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self.drop()
        if self._thread is not None:
            self._thread.join(LOOK_S + CLOSE_S + self._settings.connect_timeout_s)

    def _work(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._stopped.is_set():
            try:
                with self._connected() as line:
                    self._line, wait_s = line, FIRST_WAIT_S
                    self._up()
                    self._listen(line)
                said = "its events have ended"
            except (OSError, WebSocketException, ValueError) as error:
                said = str(error) or type(error).__name__
            self._line = None
            if not self._stopped.is_set():
                self._down(said)
            self._stopped.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _connected(self) -> ClientConnection:
        host = f"[{self._settings.address}]" if ":" in self._settings.address else self._settings.address
        limit_s = self._settings.connect_timeout_s
        return connect(
            f"ws://{host}:{self._settings.port}{PATH}",
            open_timeout=limit_s,
            close_timeout=CLOSE_S,
            ping_interval=None,  # whether it is still there is asked over HTTP: no program is lost for a missing pong
            compression=None,
            proxy=None,
            max_size=LONGEST_MESSAGE,
        )

    def _listen(self, line: ClientConnection) -> None:
        while not self._stopped.is_set():
            try:
                message = line.recv(timeout=LOOK_S)
            except TimeoutError:
                continue
            self._hear(message)
