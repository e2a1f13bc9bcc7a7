"""A rig without glass, wire or clock, for testing machine files, profiles and one's own hosts against the core.

It feeds a session its events, carries out the effects in their order, ideally or as a script says, and keeps all that
happened. The metric follows the curve of a perfect telescope: HFR = sqrt(sharpest^2 + (slope (position - best))^2).

>>> rig = SimulatedRig({"triggers": {"count": {"frames": 2}}}, best=10_020)
>>> rig.start_plan()
>>> rig.take_frames(2)
>>> [(run.causes, run.outcome, run.position) for run in rig.runs]
[(('first_frame',), 'validated', 10020), (('count',), 'validated', 10020)]
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from math import hypot
from typing import Any, NamedTuple

from statefocus import effects, events, owning
from statefocus.context import Run
from statefocus.effects import Effect
from statefocus.events import Event
from statefocus.machine.checking import load
from statefocus.machine.definition import Definition, Source
from statefocus.machine.reading import part_names
from statefocus.profile import Profile
from statefocus.session import MACHINES, VOCABULARY, Session, State, Step

START_T = 1_773_516_600.0
"""When a simulated session begins: 2026-03-14 20:30 in Vienna."""

MOST_ANSWERS = 10_000
"""Effects that are carried out after one event, before it is called a circle."""

Reply = Callable[[Effect], Event | None]
"""Answers an effect otherwise than ideally; None leaves it unanswered."""


class Happening(NamedTuple):
    """One event, and what it did."""

    t: float
    event: Event
    steps: tuple[Step, ...]
    state: State


@cache
def machines() -> tuple[Definition, ...]:
    """Read the machines that come with statefocus, in the order in which they see each event."""
    return tuple(load([main, *map(_shipped, part_names(main))], VOCABULARY) for main in map(_shipped, MACHINES))


def _shipped(name: str) -> Source:
    text = resources.files("statefocus.machines").joinpath(f"{name}.toml").read_text("utf-8")
    return Source(f"machines/{name}.toml", text)


def failed(effect: Effect) -> Event:
    """Answer that an effect did not happen."""
    return events.EffectFailed(effect=effect.id, reason="timeout", sentence=f"{effect.kind} failed on purpose.")


class SimulatedRig:
    """A telescope, its plan and its session.

    Parameters
    ----------
    profile
        What differs from the defaults, as the tables of a profile.
    position, max_step
        Where the focuser stands, and how far it goes, steps.
    best
        Position of best focus, steps; may be set at any time, as may `sharpest` (px) and `slope` (px a step).
    """

    def __init__(
        self,
        profile: Mapping[str, Any] | None = None,
        *,
        position: int = 10_000,
        max_step: int = 50_000,
        best: float = 10_000.0,
    ) -> None:
        self.profile = Profile.model_validate(dict(profile or {}))
        self.session = Session(machines(), self.profile)
        self.t = START_T
        self.position, self.max_step, self.absolute, self.driver_compensation = position, max_step, True, False
        self.best, self.sharpest, self.slope = best, 2.0, 0.06
        self.held, self.looks = False, True
        self.frames = 0
        self.facts: dict[str, Any] = {"tracking": True, "parked": False, "flip_in_s": 86_400.0, "safe": True}
        self.state = self.session.begin(self.t)
        self.log: list[Happening] = []
        self.waiting: deque[Effect] = deque()
        self._script: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self.tell(events.SessionStarted(position=position))
        self.read_facts()

    # --- what happened ---

    @property
    def leaf(self) -> str:
        """State that the session is in."""
        return self.state.leaves["session"]

    @property
    def steps(self) -> list[Step]:
        """All steps of all machines."""
        return [step for happening in self.log for step in happening.steps]

    def emitted(self, kind: str) -> list[Any]:
        """All effects of a kind, in their order."""
        return [effect for step in self.steps for effect in step.effects if effect.kind == kind]

    @property
    def moves(self) -> list[int]:
        """Where the focuser was sent."""
        return [move.position for move in self.emitted("move_focuser")]

    @property
    def runs(self) -> list[Run]:
        """All runs that have ended."""
        return [run for happening in self.log if (run := happening.state.context.concluded) is not None]

    # --- events and answers ---

    def script(self, kind: str, *replies: Reply) -> None:
        """Give the next effects of a kind these replies, one each; after that they are ideal again."""
        self._script[kind].extend(replies)

    def send(self, event: Event) -> tuple[Step, ...]:
        """Work one event off; its effects wait."""
        self.state, steps = self.session.step(self.state, event, self.t)
        self.log.append(Happening(self.t, event, steps, self.state))
        emitted = [effect for step in steps for effect in step.effects]
        dropped = {timer for effect in emitted if isinstance(effect, effects.DropTimer) for timer in effect.timers}
        self.waiting = deque(given for given in self.waiting if given.id not in dropped)
        for effect in (effect for effect in emitted if effect.answer):
            if isinstance(effect, effects.HaltDevices):
                self.waiting = deque(given for given in self.waiting if given.id not in effect.gives_up)
            self.waiting.append(effect)
        return steps

    def answer(self) -> None:
        """Carry the oldest waiting effect out."""
        effect = self.waiting.popleft()
        replies = self._script[effect.kind]
        event = replies.popleft()(effect) if replies else self.ideal(effect)
        if event is not None:
            self.send(event)

    def ideal(self, effect: Effect) -> Event:
        """Carry an effect out, and make the event that answers it."""
        carry_out: Callable[[Effect], dict[str, Any] | None] = getattr(self, f"_{effect.kind}", lambda _effect: None)
        return events.KINDS[str(effect.answer)](**{"effect": effect.id, **(carry_out(effect) or {})})

    def tell(self, event: Event) -> tuple[Step, ...]:
        """Work one event off, and carry out all that follows; gives the steps of the event itself.

        The focuser is read where nobody knows any more where it stands.
        """
        steps = self.send(event)
        self.until("")
        if owning.expected(self.state.context) == owning.Expected(None) and self.looks:
            self.send(events.FocuserRead(position=self.position))
            self.until("")
        return steps

    def until(self, leaf: str) -> None:
        """Carry effects out until the session is in a state (an error where it never is), or until none waits.

        Raises
        ------
        RuntimeError
            Where the session goes round in circles.
        """
        for _ in range(MOST_ANSWERS):
            if not self.waiting if not leaf else self.leaf.startswith(leaf):
                return
            self.answer()
        raise RuntimeError(f"after {MOST_ANSWERS} answers the session still asks for more, now in {self.leaf}")

    # --- the night ---

    def read_facts(self, **changes: Any) -> None:
        """Change what mount and safety monitor say (tracking, parked, flip_in_s, safe), and read them."""
        self.facts |= changes
        self.tell(events.MountRead(**{name: value for name, value in self.facts.items() if name != "safe"}))
        self.tell(events.SafetyRead(safe=self.facts["safe"]))

    def read_temperature(self, *celsius: float | None, every_s: float = 10.0) -> None:
        """Read both sensors, one reading after the other."""
        for value in celsius:
            self.t += every_s
            self.tell(events.TemperatureRead(focuser_c=value, external_c=value))

    def start_plan(self, frame_type: str = "Light") -> None:
        """Begin an imaging plan."""
        self.tell(events.PlanStarted(frame_type=frame_type))

    def take_frames(self, number: int = 1, frame_type: str = "Light") -> None:
        """Take frames of the plan, one minute each, with fresh facts before each ends."""
        for _ in range(number):
            self.open_shutter(frame_type)
            self.close_shutter(frame_type, frame_type)

    def open_shutter(self, frame_type: str = "Light") -> None:
        """Prepare and begin a frame of the plan; an error where the plan is held."""
        if self.held:
            raise RuntimeError("the plan is held: it takes no frame")
        self.frames += 1
        self.tell(events.FramePreparing(number=self.frames, frame_type=frame_type))
        self.tell(events.ExposureStarted(number=self.frames, exposure_s=60.0))

    def close_shutter(self, frame_type: str = "Light", next_frame_type: str | None = "Light") -> tuple[Step, ...]:
        """End the frame, and save it; gives the steps of its being saved."""
        self.t += 60.0
        self.read_facts()
        self.tell(events.ExposureEnded(number=self.frames))
        return self.tell(events.FrameSaved(number=self.frames, frame_type=frame_type, next_frame_type=next_frame_type))

    # --- what devices and host do, and what their answers tell ---

    def _pause_plan(self, _effect: effects.PausePlan) -> dict[str, Any]:
        self.held = True
        return {"running": self.state.context.plan.running}

    def _resume_plan(self, _effect: effects.ResumePlan) -> None:
        self.held = False

    def _abort_plan(self, _effect: effects.AbortPlan) -> None:
        self.held = False

    def _prepare_focuser(self, _effect: effects.PrepareFocuser) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in ("position", "max_step", "absolute", "driver_compensation")}
        self.driver_compensation = False
        return told

    def _move_focuser(self, effect: effects.MoveFocuser) -> dict[str, Any]:
        self.t, self.position = self.t + 1.0 + effect.settle_s, effect.position
        return {"position": self.position}

    def _release_focuser(self, effect: effects.ReleaseFocuser) -> None:
        if effect.driver_compensation is not None:
            self.driver_compensation = effect.driver_compensation

    def _switch_driver_compensation(self, effect: effects.SwitchDriverCompensation) -> dict[str, Any]:
        former, self.driver_compensation = self.driver_compensation, effect.on
        return {"former": former}

    def _set_filter(self, effect: effects.SetFilter) -> dict[str, Any]:
        return {"filter": effect.filter}

    def _halt_devices(self, _effect: effects.HaltDevices) -> dict[str, Any]:
        return {"position": self.position}

    def _start_timer(self, effect: effects.StartTimer) -> None:
        self.t += effect.seconds

    def _take_frame(self, effect: effects.TakeFrame) -> dict[str, Any]:
        self.t += effect.exposure_s
        return {"frame": f"focus-{effect.id:06d}"}

    def _measure_frame(self, _effect: effects.MeasureFrame) -> dict[str, Any]:
        value = hypot(self.sharpest, self.slope * (self.position - self.best))
        return {"value": value, "error": 0.02 * value, "stars": 100}
