"""The session's small web application: three questions, asked by programs of this machine that know its token.

A page in a browser can reach the loopback interface too: what has an `Origin`, or another `Host` than ours, is refused
before its token is looked at. Who is refused is told nothing, and a person is told that somebody was.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

from statefocus.calling.wire import BEAT_S
from statefocus.calling.words import CTL, EVENTS, GATE, Unsaid
from statefocus.context import REFOCUSED
from statefocus.hosts.gate.asking import GateCall, Ticket
from statefocus.resident.desk import WORLD, Desk

WAIT_HEADER = b"x-wait-s"
"""How long a caller waits for its answer, seconds: it is told `busy` then, and need not hang up."""

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
        self._ending = False

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
            waiting = _Waiting(scope["path"], told, answer, mark, begun, begun + _wait_s(scope))
            await self._when_settled(waiting, receive, send)
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
            return self._status() if word == "status" else self._wish(word, said)
        return self._notify(word, said)

    def _status(self) -> dict[str, Any]:
        """Tell what the session does; that it was told to end is known here before it has begun to."""
        told = self._desk.status()
        return {**told, "ending": True} if self._ending else told

    def _wish(self, word: str, said: dict[str, Any]) -> Ticket:
        self._ending = self._ending or word == "stop"
        return self._desk.wish(word, said)

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

    async def _when_settled(self, waiting: _Waiting, receive: Receive, send: Send) -> None:
        """Send a sign of life every other second, then the answer; a caller that has gone is not waited for."""
        settled, loop, ticket = asyncio.Event(), asyncio.get_running_loop(), waiting.ticket
        ticket.then(lambda: _wake(loop, settled))
        gone = asyncio.ensure_future(_until_gone(receive))
        waits = asyncio.ensure_future(settled.wait())
        try:
            await _begin(send)
            while not settled.is_set():
                timeout = min(BEAT_S, max(waiting.until - time.monotonic(), 0.0))
                await asyncio.wait({gone, waits}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                if settled.is_set() or gone.done() or self._gives_up(waiting):
                    break
                await _send_part(send, _line({"waiting": self._waits_for(ticket)}))
            if gone.done():
                self._left(waiting)
                return
            body = self._body(waiting)
            self._log({"call": waiting.path[1:], **waiting.told, **body})
            await _send_part(send, _line(body), last=True)
        except OSError:
            self._left(waiting)
        finally:
            for task in (gone, waits):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _gives_up(self, waiting: _Waiting) -> bool:
        """Whether the caller can wait no longer: then it is told so, and at the gate nobody waits for it any more."""
        if time.monotonic() < waiting.until:
            return False
        if self._gated is None or waiting.path != "/gate":
            return waiting.ticket.answer is None
        gives_up = waiting.ticket.abandon()
        if gives_up:
            self._gated.leave(waiting.ticket)
        return gives_up

    def _waits_for(self, ticket: Ticket) -> str:
        """Tell what an answer still waits for, also before the session has come to the question."""
        ends = self._status().get("ending")
        return ticket.waits_for or ("the session ends" if ends else "the session has not come to it yet")

    def _left(self, waiting: _Waiting) -> None:
        why = "Its caller was gone before it was answered."
        self._log({"call": waiting.path[1:], **waiting.told, "answer": None, "why": why})
        if self._gated is not None and waiting.path == "/gate":
            self._gated.leave(waiting.ticket)
            self._desk.notify("info", "A call of the gate was gone before it was answered; no frame counts for it.")

    def _body(self, waiting: _Waiting) -> dict[str, Any]:
        """What a caller is answered; `busy` where it can wait no longer."""
        answer, waited_s = waiting.ticket.answer, round(time.monotonic() - waiting.begun, 3)
        if answer is None:
            return {"answer": "busy", "why": self._waits_for(waiting.ticket), "waited_s": waited_s}
        if waiting.path != "/gate":
            return {"answer": answer.word, "why": answer.why}
        runs = self._desk.since(waiting.mark)
        why = answer.why if answer.word != "go" else " ".join(_why(runs, self._desk.held_back, self._desk.status()))
        body: dict[str, Any] = {"answer": answer.word, "why": why, "frame": answer.frame}
        return {**body, "waited_s": waited_s, "runs": list(runs)}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that waits for its answer since `begun`, and until `until` at most; `mark` is that of the runs then."""

    path: str
    told: dict[str, object]
    ticket: Ticket
    mark: int
    begun: float
    until: float


def _wait_s(scope: Scope) -> float:
    """How long a caller waits, which is at least until the first sign of life; one that does not tell hangs up."""
    try:
        return max(float(dict(scope["headers"])[WAIT_HEADER]), BEAT_S)
    except (KeyError, ValueError):
        return inf


def _why(runs: tuple[dict[str, Any], ...], held_back: tuple[str, ...], status: Mapping[str, Any]) -> Iterator[str]:
    """Tell why a frame may start: what the runs before it came to, and what is due all the same."""
    for run in runs:
        yield _came_to(run)
    waits = f"; the next run may begin at {status['waits_until'][-8:]}" if status.get("waits_until") else ""
    if runs and status.get("due"):
        yield f"Still due: {', '.join(status['due'])}{waits}."
    elif held_back and not runs:
        yield f"A refocus is due, and waits: {'; '.join(held_back)}{waits}."
    elif not runs:
        yield "Nothing is due."
    yield from _astray(status)


def _astray(status: Mapping[str, Any]) -> Iterator[str]:
    """Tell of a focuser that is not where it was last put on purpose: what is taken now may be out of focus."""
    position, verified = status.get("position"), status.get("verified_position")
    if status.get("state") != "beginning" and position is None:
        yield "Nobody knows where the focuser stands."
    elif position != verified:
        yield f"The focuser stands at {position}, and should at {verified}: this frame may be out of focus."


def _came_to(run: Mapping[str, Any]) -> str:
    """Tell how a run ended, and where that leaves the focuser."""
    name, position = f"Run {run['number']} ({', '.join(run['for'])})", run["position"]
    if run["outcome"] == "cancelled" and "undo" in run["for"]:
        return f"{name} has put the focuser back at {position}."
    if run["outcome"] in REFOCUSED:
        return f"{name} is {run['outcome']} at {position}."
    if run["outcome"] == "lost":
        return f"{name} failed, and nobody knows where the focuser stands: {run['reason']}"
    ended = "was cancelled" if run["outcome"] == "cancelled" else "found no focus"
    back = f"; the focuser is back at {position}, where it stood before" if position is not None else ""
    return f"{name} {ended}{back}: {run['reason']}"


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
