"""The shell of a session: stamps events, steps the core, writes the trace, has effects carried out.

One event at a time, one owner thread; `post` is all that another thread may call. It never looks at a state's name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from statefocus import effects, events
from statefocus.clock import Clock
from statefocus.context import Run
from statefocus.crew import Crew
from statefocus.effects import Effect
from statefocus.events import Event
from statefocus.session import Session, State, Step
from statefocus.trace.encoding import encode_event
from statefocus.trace.telling import derived, run_of
from statefocus.trace.writing import TraceWriter

WIND_UP_S = 900.0
"""Session time that winding up may take, before it is given up."""

CTRL_C = "Ctrl-C"
"""The one wish to end that, said again, gives up even the winding up: a person at the console sees what that leaves."""

_TAKE_TIME = frozenset({effects.MoveFocuser.kind, effects.ResumePlan.kind})


class Watcher(Protocol):
    """Whoever wants to see each event and what it did."""

    def saw(self, event: Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""


@dataclass
class _WindingUp:
    """Since when, and why, the session is being ended."""

    reason: str
    since: float


class Runner:
    """Runs one session from its first event to its last.

    Parameters
    ----------
    session
        The core.
    writer
        The trace.
    crew, clock
        Where events come from, and what time it is.
    carry_out
        Starts an effect.
    watcher
        Sees everything.
    began
        When the session began, unix seconds: the time of the trace's header, since replay begins there too.

    Attributes
    ----------
    farewell
        Set by whoever knows the devices: tells what a run leaves behind that is cut off.
    left
        What that was, as a sentence, where even the winding up of a run was given up; else empty.
    """

    def __init__(
        self,
        session: Session,
        writer: TraceWriter,
        crew: Crew,
        clock: Clock,
        carry_out: Callable[[Effect], None],
        watcher: Watcher,
        began: float,
    ) -> None:
        self._session, self._writer, self._crew, self._clock = session, writer, crew, clock
        self._carry_out, self._watcher = carry_out, watcher
        self.state = session.begin(began)
        self._events = 0
        self._ending: _WindingUp | None = None
        self._wish = ""
        self._gives_up = False
        self.farewell: Callable[[Run], str] = lambda run: f"The session was cut off in the middle of run {run.number}."
        self.left = ""

    def interrupt(self, reason: str = CTRL_C) -> None:
        """Take a wish to end: the first winds the session up; a Ctrl-C after it gives even that up.

        `ctl stop`, a polite kill and a closed terminal may come one after the other, and give nothing up. Safe in a
        signal handler, and in another thread.
        """
        self._gives_up = self._gives_up or (bool(self._wish) and reason == CTRL_C)
        self._wish = self._wish or reason

    def end(self, reason: str) -> None:
        """Wind the session up: what is under way is put back first."""
        if self._ending is None:
            self._ending = _WindingUp(reason, self._clock.now())
            self._crew.post(events.SessionEnding(reason=reason))

    @property
    def ending(self) -> str:
        """What keeps the session that is being ended, as a sentence; empty where that is over at once."""
        context = self.state.context
        if context.run is None and _TAKE_TIME.isdisjoint(waiting.kind for waiting in context.pending.values()):
            return ""
        further = "; Ctrl-C once more gives that up" if self._wish else ""
        return f"Ending: what is under way is put back first, which may take a minute{further}."

    def run(self, first: Event) -> str:
        """Work events off until the session has ended; gives the reason."""
        self._work_off(first)
        while not self._over():
            event = self._crew.next_event()
            if event is not None:
                self._work_off(event)
            if self._wish:
                self.end(self._wish)
        reason = self._ending.reason if self._ending else ""
        self._crew.stop()
        if (run := self.state.context.run) is not None:
            self.left = self.farewell(run)
        self._work_off(events.SessionEnded(reason=f"{reason}. {self.left}" if self.left else reason))
        return reason

    def _over(self) -> bool:
        if self._ending is None:
            return False
        too_long = self._clock.now() - self._ending.since > WIND_UP_S
        wound_up = self.state.context.plan.ending and self.state.at_rest
        return wound_up or too_long or self._gives_up

    def _stamp(self) -> float:
        return round(self._clock.now(), 3)

    def _work_off(self, event: Event) -> None:
        t = self._stamp()
        run = run_of(None, self.state)
        seq = self._writer.write("event", t, encode_event(event), run)
        self.state, steps = self._session.step(self.state, event, t)
        self._events += 1
        run = run_of(run, self.state)
        for kind, body in derived(seq, self._events, steps, self.state):
            self._writer.write(kind, t, body, run)
        for step in steps:
            for effect in step.effects:
                self._carry_out(effect)
        self._watcher.saw(event, steps, self.state)
