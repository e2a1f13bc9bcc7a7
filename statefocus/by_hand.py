"""One autofocus run, now: the same machines as in a night, with nobody running a plan (A11, A12)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from statefocus import events, owning
from statefocus.audience import Audience, Steadfast
from statefocus.context import Run
from statefocus.crew import Crew
from statefocus.devices.rig import open_rig
from statefocus.errors import UsageError
from statefocus.hands import Hands
from statefocus.hosts.readings import Readings
from statefocus.hosts.registry import camera_of
from statefocus.kept import Positions, keep_learned, positions_file, read_learned
from statefocus.loading import LoadedProfile, load_machines
from statefocus.metrics import Measure
from statefocus.packing import saving_runs
from statefocus.preparing import preparer
from statefocus.runner import Runner
from statefocus.session import Session, State, Step
from statefocus.telescope import devices_of, standing, time_of
from statefocus.trace.header import header_body
from statefocus.trace.writing import TraceWriter
from statefocus.unfinished import Unfinished

Choice = Literal["accept", "again", "cancel"]
Wish = Literal["run", "again", "undo"]


class HandHost:
    """A host without a plan: there is nothing to hold."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def hold(self, effect: int) -> None:
        """Nothing runs."""
        self._crew.post(events.PlanHeld(effect=effect, running=False))

    def release(self, effect: int) -> None:
        """Nothing runs."""
        self._crew.post(events.PlanReleased(effect=effect))

    def leave_paused(self) -> None:
        """Nothing runs."""

    def abort(self, effect: int) -> None:
        """Nothing runs."""
        self._crew.post(events.PlanAborted(effect=effect))

    def filter_is(self, name: str) -> None:
        """Nothing runs in it."""


@dataclass
class HandRun:
    """Watches a run by hand, asks what to do with its result, and ends the session.

    Attributes
    ----------
    audience
        Sees everything.
    wish
        What to do first.
    ask
        Asks a person after each run; `accept` where nobody is there.
    unfinished
        Knows of a run that was cut off, and writes this one down.
    """

    audience: Audience
    crew: Crew
    wish: Wish
    positions: Positions
    ask: Callable[[Run], Choice]
    unfinished: Unfinished
    runner: Runner | None = None
    concluded: list[Run] = field(default_factory=list)
    refusal: str = ""

    def first_wish(self) -> events.Event:
        """The event that begins it."""
        if self.wish == "undo":
            return events.UndoRequested(position=self.positions.start)
        return events.RunRequested(again=self.wish == "again", position=self.positions.best)

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        self.audience.saw(event, steps, state)
        self.unfinished.saw(event, state.context, self.audience)
        if self.runner is None:
            return
        if isinstance(event, events.SessionEnding) and self.runner.ending:
            self.audience.notify("info", self.runner.ending)
        if isinstance(event, events.RunRequested | events.UndoRequested) and state.context.run is None:
            self.refusal = _refusal(steps)
            self.runner.end("refused")
        if state.context.concluded is not None:
            self._after(state.context.concluded, state)

    def _after(self, run: Run, state: State) -> None:
        self.concluded.append(run)
        keep_learned(state.context.profile, state.context.learned, self.audience)
        last = state.context.last_run
        if run.outcome in ("validated", "unvalidated") and last is not None:
            self.positions = Positions(start=run.start_position, best=last.best_position)
        choice: Choice = "accept" if run.causes == ("undo",) or state.context.plan.ending else self.ask(run)
        if choice == "again":
            self.crew.post(events.RunRequested(again=True))
        elif choice == "cancel":
            self.crew.post(events.UndoRequested())
        elif self.runner is not None:
            self.runner.end("done")


def _refusal(steps: tuple[Step, ...]) -> str:
    from statefocus.rules import GUARDS

    said = [
        f"`{name}` is {ruling}, and must be so: {GUARDS[name].doc}"
        for step in steps
        for tried in step.tried
        for name, ruling in tried.guards.items()
        if not ruling.passes
    ]
    return " ".join(dict.fromkeys(said)) or "A run by hand is not possible now."


@dataclass(frozen=True, slots=True)
class Focused:
    """How a run by hand went: the runs it made, why it was refused, and where everything lies."""

    runs: tuple[Run, ...]
    refusal: str
    trace: Path


def focus_now(
    loaded: LoadedProfile,
    *,
    wish: Wish,
    trace: Path,
    measure: Measure,
    audience: Audience,
    ask: Callable[[Run], Choice],
    interruptible: Callable[[Callable[[], None]], None],
    seed: int = 1,
    speed: float = 0.0,
) -> Focused:
    """Make one autofocus run, or return to where the last one began.

    Raises
    ------
    StatefocusError
        Where it cannot even begin.
    """
    positions = Positions.read(positions_file(loaded.profile))
    if wish == "undo":
        undo_is_possible(positions)
    clock, crew = time_of(loaded.profile, speed)
    with (
        devices_of(loaded.profile, clock, seed) as (profile, _),
        saving_runs(loaded.profile, trace, Steadfast(audience)) as audience,
        ExitStack() as opened,
    ):
        rig = open_rig(profile, clock, camera_of(profile, clock))
        opened.callback(rig.close)
        opened.callback(crew.stop)
        writer = opened.enter_context(closing(TraceWriter(trace)))  # a rig that is refused leaves no empty one
        machines = load_machines(loaded)
        hands = Hands(rig, HandHost(crew), crew, clock, measure, audience, preparer(profile.autofocus))
        header = header_body(loaded.profile, loaded.origins, machines, seed=seed, speed=f"{speed:g}")
        started = round(clock.now(), 3)
        writer.write("header", started, header)
        unfinished = Unfinished(loaded.profile, by_hand=True)
        watcher = HandRun(audience, crew, wish, positions, ask, unfinished)
        runner = Runner(Session(machines, loaded.profile), writer, crew, clock, hands.carry_out, watcher, started)
        watcher.runner = runner
        runner.farewell = lambda run: hands.left_behind(run, driver_off=unfinished.driver_off)
        hands.about_to_move = lambda move: unfinished.moves(move, runner.state.context, audience)
        interruptible(runner.interrupt)
        audience.begin(loaded.profile, 0, trace)
        readings = Readings(
            profile, rig, crew, clock, lambda: 86_400.0, lambda: owning.expected(runner.state.context), audience.notify
        )
        readings.start()
        crew.post(watcher.first_wish())
        runner.run(unfinished.started(standing(rig, audience), read_learned(loaded.profile)))
        if runner.left:
            audience.notify("error", runner.left)
    if watcher.positions != positions:
        watcher.positions.write(positions_file(loaded.profile))
    return Focused(tuple(watcher.concluded), watcher.refusal, trace)


def undo_is_possible(positions: Positions) -> None:
    """See to it that there is a position to return to.

    Raises
    ------
    UsageError
        Where there is none.
    """
    if positions.start is None:
        raise UsageError("There is nothing to undo: no run by hand has been recorded for this profile.")
