"""Puts a session within reach of callers, for as long as it is attended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from statefocus.audience import Audience
from statefocus.hosts.gate import GateHost
from statefocus.hosts.protocol import Host, Surroundings
from statefocus.left_behind import RUN, note_on_focuser
from statefocus.loopback import listening, serving_app
from statefocus.resident.calls import Calls
from statefocus.resident.desk import Desk
from statefocus.resident.front import Front
from statefocus.resident.rendezvous import Rendezvous, alone, told


@contextmanager
def within_reach(host: Host, given: Surroundings, audience: Audience, trace: Path) -> Iterator[Desk | None]:
    """Give the desk of a session whose host is resident, its server running; None for any other.

    Callers find it once `Desk.open` is called, when the first readings are on their way to the core: the guards of a
    call that came before them would know nothing.

    Raises
    ------
    UsageError
        Where the rig has a session already, or where callers could not find this one.
    OSError
        Where the profile's port is taken.
    """
    if not host.resident:
        yield None
        return
    profile, desk = given.profile, Desk(audience, given.crew, trace)
    gate, token = profile.host.gate, secrets.token_urlsafe(32)
    with (
        alone(profile.name) as path,
        Calls(trace.with_name("calls.jsonl"), given.clock, audience.notify) as calls,
        listening(gate.port, "the session") as listener,
    ):
        port = listener.getsockname()[1]
        front = Front(desk, host if isinstance(host, GateHost) else None, token, port, calls.write)
        note = note_on_focuser(RUN, profile)
        where = Rendezvous(
            profile.name, port, token, os.getpid(), gate.when_down, 60 * gate.wait_min,
            trace=str(trace.resolve()), left=str(note.path.resolve()) if note is not None else "",
        )  # fmt: skip
        if isinstance(host, GateHost):
            host.session_rests = desk.rests
            host.tell = _telling(desk, calls)
        with serving_app(front, listener, "session", "h11"), ExitStack() as found:
            desk.open = lambda: found.enter_context(told(where, path))
            try:
                yield desk
            finally:
                host.stop()
                if isinstance(host, GateHost):
                    host.answer_all()


def _telling(desk: Desk, calls: Calls) -> Callable[[str], None]:
    """Give what tells a person of a host's trouble, and keeps it among the calls."""

    def tell(sentence: str) -> None:
        calls.write({"told": sentence})
        desk.notify("warning", sentence)

    return tell
