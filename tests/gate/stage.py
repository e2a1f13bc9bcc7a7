"""The gate's host before the real core, in virtual time: scripts call, the core decides, a simulated rig focuses."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from statefocus import effects
from statefocus.clock import VirtualClock
from statefocus.crew import VirtualCrew
from statefocus.events import Event
from statefocus.hosts.gate import GateHost
from statefocus.hosts.gate.asking import Answer, Asking, GateCall
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.session import Step
from statefocus.testing import SimulatedRig

EXPOSURE_S = 60.0
QUIET: dict[str, Any] = {
    "temperature": {"enabled": False},
    "count": {"frames": 2},
    "time": {"enabled": False},
    "first_frame": False,
}
_OF_PLAN = {"pause_plan": "hold", "resume_plan": "release", "abort_plan": "abort"}


class Wheel:
    """A filter wheel that turns in three seconds."""

    def __init__(self, name: str) -> None:
        self.name, self.turns = name, 0
        self.names = [name]

    def current(self) -> str:
        if not self.names:
            raise RuntimeError("no slots")
        return self.name

    def turn_to(self, name: str) -> Any:
        self.turns += 1
        yield 3.0
        self.name = name


class Stage(SimulatedRig):
    """A session whose plan is taken by scripts."""

    MAKES: type[GateHost] = GateHost
    KIND = "gate"

    def __init__(
        self,
        triggers: Mapping[str, Any] | None = None,
        *,
        wheel: str | None = None,
        read: Callable[[Path], Kept] = Kept,
        **profile: Any,
    ) -> None:
        self.crew: VirtualCrew | None = None
        self.at: dict[str, Callable[[], object]] = {}
        host = {"kind": self.KIND, **profile.pop("host", {})}
        super().__init__({"triggers": {**QUIET, **(triggers or {})}, "host": host, **profile})
        self.clock = VirtualClock(self.t)
        self.crew = VirtualCrew(self.clock)
        self.wheel = Wheel(wheel) if wheel else None
        rig: Any = SimpleNamespace(
            filter_wheel=self.wheel, mount=None, focuser=SimpleNamespace(position=lambda: self.position)
        )
        self.host = self.MAKES(Surroundings(self.profile, rig, self.clock, self.crew, lambda *_: Kept(None), read=read))
        self.host.attend()
        self.settle()

    # --- the core, and what it asks of the host ---

    def send(self, event: Event) -> tuple[Step, ...]:
        """Work one event off, and do what a test wants to happen at this moment."""
        steps = super().send(event)
        for step in steps:
            if any(isinstance(effect, effects.LeavePlanPaused) for effect in step.effects):
                self.host.leave_paused()
        for effect in [one for one in self.waiting if one.kind in _OF_PLAN]:  # the shell carries these out at once
            self.waiting.remove(effect)
            getattr(self.host, _OF_PLAN[effect.kind])(effect.id)
        self.at.pop(event.kind, lambda: None)()
        return steps

    def tell(self, event: Event) -> tuple[Step, ...]:
        """Work one event off; what follows happens in `settle`, by turns with the host."""
        return super().tell(event) if self.crew is None else self.send(event)

    def ideal(self, effect: effects.Effect) -> Event:
        """Carry an effect out; of a run's own filter the wheel and the host know."""
        if isinstance(effect, effects.SetFilter):
            if self.wheel is not None:
                self.wheel.name = effect.filter
            self.host.filter_is(effect.filter)
        return super().ideal(effect)

    def settle(self) -> None:
        """Let everything happen that happens at once."""
        crew = self.crew
        assert crew is not None
        while True:
            self.clock.advance_to(self.t)
            if crew._inbox:
                self.send(crew._inbox.popleft())
            elif crew._awake and crew._awake[0].wake <= self.t:
                crew._go_on(heapq.heappop(crew._awake))
                self.t = max(self.t, self.clock.now())
            elif self.waiting:
                self.answer()
            else:
                return

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        until = self.t + seconds
        assert self.crew is not None
        while self.crew._awake and (wake := self.crew._awake[0].wake) <= until:
            self.t = max(self.t, wake)
            self.settle()
        self.t = max(self.t, until)
        self.read_facts()
        self.settle()

    # --- scripts ---

    def gate(
        self, frame: str = "Light", filter_: str | None = None, *, by: str = "one", exposure: float | None = EXPOSURE_S
    ) -> Asking:
        """Call the gate, and let everything happen that follows at once."""
        self.read_facts()
        asking = self.host.gate(GateCall(frame, filter_, exposure, by))
        self.settle()
        return asking

    def gate_call(self, by: str) -> GateCall:
        """A call for one more Light frame."""
        return GateCall("Light", None, EXPOSURE_S, by)

    def goes(self, frame: str = "Light", filter_: str | None = None, *, by: str = "one") -> int:
        """Call the gate, which must let the frame go, and expose it; gives the number of the run that it made, or 0."""
        before = len(self.runs)
        asking = self.gate(frame, filter_, by=by)
        if asking.answer is None:  # the wheel turns
            self.passes(5)
        answer = asking.answer
        assert answer is not None
        assert answer.word == "go", answer.why
        self.passes(EXPOSURE_S)
        return len(self.runs) if len(self.runs) > before else 0

    def notify(self, word: str, **told: Any) -> Answer:
        """Notify the session."""
        ticket = self.host.notify(word, told)
        self.settle()
        for _ in range(10):  # the wheel turns, for one call after the other
            if ticket.answer is None:
                self.passes(5)
        assert ticket.answer is not None
        return ticket.answer

    @property
    def kinds(self) -> list[str]:
        """What the core was told of the plan, in order."""
        world = ("mount_read", "safety_read", "session_started")
        answers = ("focuser", "frame_taken", "frame_measured", "curve", "timer", "driver")
        return [one.event.kind for one in self.log if not one.event.kind.startswith((*world, *answers))]

    def told(self, kind: type[Event]) -> list[Any]:
        """All events of a kind."""
        return [one.event for one in self.log if isinstance(one.event, kind)]

    @property
    def causes(self) -> list[tuple[str, ...]]:
        """What each run was made for."""
        return [run.causes for run in self.runs]
