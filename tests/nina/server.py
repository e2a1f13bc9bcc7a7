"""N.I.N.A.'s Advanced API as its specification has it: real HTTP and a real event socket, on the loopback interface.

What it sends is held against `tests.nina.facts`, unless a test wants it to send rubbish.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.nina.facts import ANSWERS, EVENTS, EXTRA, QUERIES, amiss

WITHIN_S = 10.0
BASE = "/v2/api"
NAMED = {"Name": "it", "DisplayName": "It", "DeviceId": "it.1"}
DRIVER = {**NAMED, "Description": "", "DriverInfo": "", "DriverVersion": "1"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Says(Exception):
    """N.I.N.A. says no."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


@dataclass
class Nina:
    """One N.I.N.A.; its state may be changed at any time.

    Attributes
    ----------
    instead
        What a path answers instead: status and bytes, or seconds of silence.
    shoots
        Makes each snapshot's FITS file; else `fits` is all of them.
    deaf
        Whether its event socket is refused.
    wrong
        What it sent against its specification.
    asked
        Each question: path and query.
    """

    port: int = field(default_factory=free_port)
    version: str = "2.2.15.0"
    focuser: int = 10_000
    safe: bool = True
    mount: dict[str, Any] = field(default_factory=lambda: {"TrackingEnabled": True, "AtPark": False})
    guiding: str = "Stopped"
    guides_again: str = "Guiding"
    report: dict[str, Any] | None = None
    sequence: str = "CREATED"
    exposes: bool = True
    binning: int = 1
    fits: bytes | None = None
    shoots: Callable[[], bytes] | None = None
    deaf: bool = False
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    instead: dict[str, tuple[int, bytes] | float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _sockets: set[WebSocket] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    # --- as a program ---

    def start(self) -> None:
        """Open; at the port that it had."""
        app = Starlette(
            routes=[
                Route(BASE + "/{path:path}", self._answer),
                WebSocketRoute("/v2/socket", self._socket),
            ]
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, ws="websockets-sansio", lifespan="off", log_config=None,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        server = self._server
        until(lambda: server.started)

    def stop(self) -> None:
        """Close, whoever listens."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(WITHIN_S)
            assert not self._thread.is_alive()
        self._server = None

    @property
    def listeners(self) -> int:
        return len(self._sockets)

    # --- its events ---

    def tell(self, name: str, *, extra: bool = False, **body: Any) -> None:
        """Tell an event to whoever listens."""
        known = EVENTS[name] if not extra else _with(EVENTS[name], EXTRA[name])
        self.wrong += amiss(body, known, name)
        self.tell_later(name)
        self.say(json.dumps(_envelope({"Event": name, **body}, kind="Socket")))

    def tell_later(self, name: str) -> None:
        """Note an event that nobody hears; the history has it."""
        self.history.append({"Event": name, "Time": datetime.now(UTC).isoformat()})

    def say(self, text: str | bytes) -> None:
        """Send this, whatever it is."""
        loop = self._loop
        assert loop is not None, "nobody listens"
        asyncio.run_coroutine_threadsafe(self._send(text), loop).result(WITHIN_S)

    async def _send(self, text: str | bytes) -> None:
        for one in list(self._sockets):
            with suppress(RuntimeError, WebSocketDisconnect):
                await (one.send_text(text) if isinstance(text, str) else one.send_bytes(text))

    def saves(self, file: str, exposure_s: float, **told: Any) -> None:
        """Tell of a frame that was saved, as the specification has it."""
        statistics = {"ExposureTime": exposure_s, "Filename": file, "Index": 1, **told}
        self.tell("IMAGE-SAVE", ImageStatistics=statistics)

    async def _socket(self, line: WebSocket) -> None:
        if self.deaf:
            return
        await line.accept()
        self._loop = asyncio.get_running_loop()
        self._sockets.add(line)
        try:
            while True:
                await line.receive_text()
        except (WebSocketDisconnect, KeyError):
            pass
        finally:
            self._sockets.discard(line)

    # --- its answers ---

    async def _answer(self, request: Request) -> Response:
        path, query = "/" + request.path_params["path"], dict(request.query_params)
        self.asked.append((path, query))
        instead = self.instead.get(path)
        if isinstance(instead, tuple):
            return Response(instead[1], instead[0])
        if instead is not None:
            await asyncio.sleep(instead)
        status, error, answer = 200, "", None
        known = "/image/{index}" if path.startswith("/image/") else path
        try:
            self._check_query(known, query)
            answer = self._told(path, query)
            self.wrong += amiss(answer, ANSWERS[known], path)
        except Says as no:
            status, error, answer = no.status, str(no), ""
        return Response(json.dumps(_envelope(answer, error, status)), status, media_type="application/json")

    def _check_query(self, path: str, query: dict[str, str]) -> None:
        unknown = sorted(set(query) - set(QUERIES.get(path, {})))
        if unknown:
            self.wrong.append(f"{path} was asked with {unknown}")

    def _told(self, path: str, query: dict[str, str]) -> Any:
        simple: dict[str, Any] = {
            "/version": self.version,
            "/event-history": self.history,
            "/sequence/json": [{"Name": "Targets_Container", "Status": self.sequence, "Items": []}],
            "/equipment/focuser/info": {**DRIVER, "Connected": True, "Position": self.focuser, "IsMoving": False},
            "/equipment/focuser/last-af": self.report,
            "/equipment/safetymonitor/info": {**DRIVER, "Connected": True, "IsSafe": self.safe},
            "/equipment/mount/info": {**NAMED, "Connected": True, **self.mount},
            "/image-history": len(self.snapshots),
        }
        if path in simple:
            if simple[path] is None:
                raise Says(500, "No AF available")
            return simple[path]
        if path.startswith("/equipment/guider/"):
            return self._guider(path.rpartition("/")[2])
        if path.startswith("/equipment/camera/"):
            return self._camera(path.rpartition("/")[2], query)
        if path.startswith("/image/"):
            return self._image(int(path.rpartition("/")[2]))
        raise Says(404, "Not found")

    def _guider(self, word: str) -> Any:
        match word:
            case "info":
                return {**DRIVER, "Connected": True, "CanClearCalibration": True, "CanSetShiftRate": True,
                        "CanGetLockPosition": True, "PixelScale": 1.0, "State": self.guiding}  # fmt: skip
            case "stop":
                self.guiding = "Stopped"
                return "Guiding stopped"
            case "start":
                self.guiding = self.guides_again
                return "Guiding started"
        raise Says(404, "Not found")

    def _image(self, index: int) -> str:
        if index >= len(self.snapshots):
            raise Says(400, "Index out of range")
        if self.fits is None:
            raise Says(400, "Image is not a FITS file")
        return base64.b64encode(self.fits).decode()

    def _camera(self, word: str, query: dict[str, str]) -> Any:
        match word:
            case "info":
                return {"Name": "it", "Connected": True, "BinX": self.binning, "BinY": self.binning}
            case "set-binning":
                self.binning = int(query["binning"].partition("x")[0])
                return "Binning set"
            case "abort-exposure":
                return "Exposure aborted"
            case "capture":
                if not self.exposes:
                    raise Says(409, "Camera currently exposing")
                if self.shoots is not None:
                    self.fits = self.shoots()
                self.snapshots.append(query)
                return "Capture started"
        raise Says(404, "Not found")


def _envelope(answer: Any, error: str = "", status: int = 200, kind: str = "API") -> dict[str, Any]:
    return {"Response": answer, "Error": error, "StatusCode": status, "Success": status == 200, "Type": kind}


def _with(fact: Any, extra: Any) -> Any:
    if not isinstance(fact, dict):
        return extra
    return {**fact, **{name: _with(fact.get(name), more) for name, more in extra.items()}}


def until(ready: Any, within_s: float = WITHIN_S) -> None:
    """Wait for something."""
    limit = time.monotonic() + within_s
    while not ready():
        assert time.monotonic() < limit, f"it did not happen within {within_s:g} s"
        time.sleep(0.01)


@contextmanager
def opened() -> Iterator[Nina]:
    """Give an open N.I.N.A.; what it sent is what its specification says."""
    nina = Nina()
    nina.start()
    try:
        yield nina
    finally:
        nina.stop()
    assert nina.wrong == []
