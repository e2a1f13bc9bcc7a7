"""The session's small web application: three questions, asked by programs of this machine that know its token.

A page in a browser can reach the loopback interface too: what has an `Origin`, or another `Host` than ours, is refused
before its token is looked at. Who is refused is told nothing, and a person is told that somebody was.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from statefocus.calling.words import CTL, EVENTS, GATE, Unsaid
from statefocus.hosts.gate.asking import Answer, GateCall, Ticket
from statefocus.resident.desk import WORLD, Desk

BEAT_S = 2.0
LONGEST_BODY = 1 << 16
REFUSALS_EVERY_S = 30.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Log = Callable[[dict[str, Any]], None]


class Gated(Protocol):
    """A host that is asked at a gate."""

    def gate(self, call: GateCall) -> Ticket:
        """Ask whether the next frame may start."""

    def leave(self, asking: Ticket) -> None:
        """Wait for that answer no longer."""

    def notify(self, word: str, told: dict[str, Any]) -> Ticket:
        """Tell what the host does."""


class Refused(Exception):  # it says what happened to a request
    """A request is refused, with an HTTP status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Front:
    """The application.

    Parameters
    ----------
    desk
        Answers for the session.
    gated
        The host, where it is asked at a gate; None where it knows its own frames.
    token, port
        What a request has to show.
    log
        Takes a line for each call that was answered.
    """

    def __init__(self, desk: Desk, gated: Gated | None, token: str, port: int, log: Log) -> None:
        self._desk, self._gated, self._log = desk, gated, log
        self._bearer = f"Bearer {token}".encode()
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        self._refused_t = -REFUSALS_EVERY_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            self._admit(scope)
            told = await _body(receive)
            begun, mark = time.monotonic(), self._desk.mark()
            answer = self._asked(scope["path"], told)
        except Refused as refused:
            self._tell_refused(refused)
            await _send_whole(send, refused.status, b"")
            return
        except Unsaid as error:
            await _send_whole(send, 400, _line({"problem": str(error)}))
            return
        if isinstance(answer, Ticket):
            await self._when_settled(scope["path"], told, answer, mark, begun, receive, send)
        else:
            await _send_whole(send, 200, _line(answer))

    # --- who may ask ---

    def _admit(self, scope: Scope) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if headers.get(b"host") not in self._hosts or b"origin" in headers or b"sec-fetch-site" in headers:
            raise Refused(403, "A web page, or a program that takes this for another server, called the session")
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._bearer):
            raise Refused(401, "A program without the session's token called it")
        if scope["method"] != "POST" or scope["path"] not in ("/gate", "/notify", "/ctl"):
            raise Refused(404, "A program called the session for what it does not offer")

    def _tell_refused(self, refused: Refused) -> None:
        self._log({"refused": refused.status, "why": str(refused)})
        if time.monotonic() - self._refused_t >= REFUSALS_EVERY_S:
            self._refused_t = time.monotonic()
            self._desk.notify("warning", f"{refused}; it was refused.")

    # --- what is asked ---

    def _asked(self, path: str, told: dict[str, object]) -> Ticket | dict[str, Any]:
        if path == "/gate":
            return self._gate(GATE.check(told))
        word, said = told.get("word"), told.get("told", {})
        known = EVENTS if path == "/notify" else CTL
        if not isinstance(word, str) or word not in known or not isinstance(said, dict):
            raise Unsaid(f"This session does not know {str(word)[:60]!r}.")
        said = known[word].check(said)
        if path == "/ctl":
            return self._desk.status() if word == "status" else self._desk.wish(word, said)
        return self._notify(word, said)

    def _gate(self, said: dict[str, Any]) -> Ticket:
        if self._gated is None:
            raise Unsaid("This session's host tells its frames itself: it needs no gate.")
        call = GateCall(said.get("frame", "Light"), said.get("filter"), said.get("exposure"), said.get("host", ""))
        return self._gated.gate(call)

    def _notify(self, word: str, said: dict[str, Any]) -> Ticket:
        if word in WORLD:
            return self._desk.world(word, said)
        if self._gated is not None:
            return self._gated.notify(word, said)
        if word == "filter-changed" and said.get("by") == "hand":
            return self._desk.by_hand(said["filter"])
        raise Unsaid(f"This session's host tells `{word}` itself.")

    # --- answers that take their time ---

    async def _when_settled(
        self, path: str, told: dict[str, object], ticket: Ticket, mark: int, begun: float, receive: Receive, send: Send
    ) -> None:
        """Send a sign of life every other second, then the answer; a caller that has gone is not waited for."""
        settled, loop = asyncio.Event(), asyncio.get_running_loop()
        ticket.then(lambda: _wake(loop, settled))
        gone = asyncio.ensure_future(_until_gone(receive))
        waits = asyncio.ensure_future(settled.wait())
        try:
            await _begin(send)
            while not settled.is_set():
                await asyncio.wait({gone, waits}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() and not settled.is_set():
                    break
                if not settled.is_set():
                    await _send_part(send, _line({"waiting": ticket.waits_for}))
            answer = ticket.answer
            if answer is None or gone.done():
                self._left(path, told, ticket)
                return
            body = self._told(path, answer, mark, time.monotonic() - begun)
            self._log({"call": path[1:], **told, **body})
            await _send_part(send, _line(body), last=True)
        except OSError:
            self._left(path, told, ticket)
        finally:
            for task in (gone, waits):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _left(self, path: str, told: dict[str, object], ticket: Ticket) -> None:
        self._log({"call": path[1:], **told, "answer": None, "why": "Its caller was gone before it was answered."})
        if self._gated is not None and path == "/gate":
            self._gated.leave(ticket)
            self._desk.notify("info", "A call of the gate was gone before it was answered; no frame counts for it.")

    def _told(self, path: str, answer: Answer, mark: int, waited_s: float) -> dict[str, Any]:
        if path != "/gate":
            return {"answer": answer.word, "why": answer.why}
        runs = self._desk.since(mark)
        why = answer.why if answer.word != "go" else " ".join(_why(runs, self._desk.held_back))
        body: dict[str, Any] = {"answer": answer.word, "why": why, "frame": answer.frame}
        return {**body, "waited_s": round(waited_s, 3), "runs": list(runs)}


def _why(runs: tuple[dict[str, Any], ...], held_back: tuple[str, ...]) -> Iterator[str]:
    """Tell why a frame may start."""
    for run in runs:
        at = f" at {run['position']}" if run["position"] is not None else ""
        yield f"Run {run['number']} ({', '.join(run['for'])}) is {run['outcome']}{at}."
    if held_back and not runs:
        yield f"A refocus is due, and waits: {'; '.join(held_back)}."
    elif not runs:
        yield "Nothing is due."


def _wake(loop: asyncio.AbstractEventLoop, settled: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the server has stopped, and nobody waits any more
        loop.call_soon_threadsafe(settled.set)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> dict[str, object]:
    content = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "A caller was gone before it had said what it wanted")
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > LONGEST_BODY:
            raise Refused(413, "A program sent the session far more than a question")
    try:
        told = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        raise Unsaid("What was sent is no JSON.") from None
    if not isinstance(told, dict):
        raise Unsaid("What was sent is no JSON object.")
    return told


def _line(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"


async def _begin(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/x-ndjson")]})


async def _send_part(send: Send, body: bytes, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not last})


async def _send_whole(send: Send, status: int, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/x-ndjson"), (b"content-length", length), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
