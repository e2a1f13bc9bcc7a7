"""One question over loopback HTTP; a session that is busy sends a sign of life every other second, then its answer."""

from __future__ import annotations

import json
import socket
import time

from statefocus.calling.places import Known

SILENCE_S = 12.0
"""A session that has said nothing for so long hangs, or is gone."""

BEAT_S = 2.0
"""A session that is busy gives a sign of life so often, and a caller waits for the first one at least."""

GRACE_S = 1.0
"""A session tells by itself that a caller's wait is over: so long it is given for that."""

LONGEST_LINE = 1 << 20


class Down(Exception):  # it is an answer, and often no error
    """The session cannot be reached, or does not answer; the message is a sentence for a person."""


class WaitedLong(Exception):
    """The session is there, and busy for longer than the caller can wait; the message is what it still waits for."""


class Misunderstood(Exception):
    """The session does not know what was asked; the message is its sentence."""


def ask(session: Known, path: str, body: dict[str, object], wait_s: float) -> dict[str, object]:
    """Ask, and wait for the answer: at least until the session's first word, which tells that it lives.

    Raises
    ------
    Down
        Where there is nobody, or no word in time.
    WaitedLong
        Where `wait_s` have passed, and the session has told that it is busy.
    Misunderstood
        Where the question is no question.
    """
    until = time.monotonic() + max(wait_s, BEAT_S) + GRACE_S
    try:
        with socket.create_connection(("127.0.0.1", session.port), SILENCE_S) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.sendall(_request(session, path, body, wait_s))
            return _answer(line, until)
    except ConnectionRefusedError:
        raise Down(f"The session of {session.rig} is gone without a word (port {session.port} is closed).") from None
    except TimeoutError:
        raise Down(f"The session of {session.rig} does not answer: it hangs, or something else has its port.") from None
    except (OSError, OverflowError) as error:
        raise Down(f"The session of {session.rig} cannot be reached ({error}).") from None


def _request(session: Known, path: str, body: dict[str, object], wait_s: float) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{session.port}\r\nAuthorization: Bearer {session.token}\r\n"
        f"X-Wait-S: {wait_s:g}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii", "replace") + content


def _answer(line: socket.socket, until: float) -> dict[str, object]:
    """Read status and head, then one JSON object a line, until one that is no sign of life."""
    received = b""
    head: bytes | None = None
    waits_for: str | None = None
    while True:
        if head is None and b"\r\n\r\n" in received:
            head, _, received = received.partition(b"\r\n\r\n")
            _check(head)
        while head is not None and b"\n" in received:
            text, _, received = received.partition(b"\n")
            told = _object(text)
            if told is not None and "waiting" not in told:
                return _understood(told)
            waits_for = waits_for if told is None else str(told["waiting"])
        left_s = SILENCE_S if waits_for is None else until - time.monotonic()
        if left_s <= 0:
            raise WaitedLong(waits_for)
        line.settimeout(min(left_s, SILENCE_S))
        try:
            more = line.recv(65536)
        except TimeoutError:
            if waits_for is not None and time.monotonic() >= until:
                raise WaitedLong(waits_for) from None
            raise
        if not more or len(received) > LONGEST_LINE:
            raise Down("The session ended before it answered.")
        received += more


def _check(head: bytes) -> None:
    status = head.split(None, 2)[1:2]
    if not head.startswith(b"HTTP/1.") or not status:
        raise Down("Something else than a session of statefocus has its port.")
    if status[0] in (b"401", b"403"):
        raise Down("The session refuses this call: its token is that of another session.")
    if status[0] not in (b"200", b"400"):
        raise Down(f"The session answered HTTP {status[0].decode('ascii', 'replace')}.")


def _object(text: bytes) -> dict[str, object] | None:
    """Read a line; None where it is the size of a chunk, or nothing."""
    if not text.startswith(b"{"):
        return None
    try:
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _understood(told: dict[str, object]) -> dict[str, object]:
    if "problem" in told:
        raise Misunderstood(str(told["problem"]))
    if told.get("answer") == "busy":
        raise WaitedLong(str(told.get("why", "")))
    return told
