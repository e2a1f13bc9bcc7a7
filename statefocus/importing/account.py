"""What a log has told so far, as events: the plan, its frames, focus runs, flips and readings, each made whole.

The modules of the programs say what a line means; here it becomes the events that a host would have told live.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from statefocus import events
from statefocus.errors import UsageError
from statefocus.events import Event
from statefocus.importing.parts import FocusRun, OpenFrame, foreseen
from statefocus.trace.focus_log import NO_BEGINNING, NO_END

MOST_EVENTS = 500_000
"""A whole winter's nights have fewer."""

COLDEST_C, HOTTEST_C = -80.0, 60.0
_ONE_CENTERING_S = 30.0


@dataclass
class Account:
    """Gathers a night's events, in any order of time; `night` gives them in theirs.

    Attributes
    ----------
    position
        Where the focuser was last told to stand.
    first_position
        Where it stood when the log begins; None unless the log tells it before anything has moved it.
    filter
        In the light path, as far as told.
    focus
        The other program's own autofocus run under way.
    """

    told: list[tuple[float, Event]] = field(default_factory=list)
    position: int | None = None
    first_position: int | None = None
    filter: str | None = None
    frame: OpenFrame | None = None
    focus: FocusRun | None = None
    paused_target: str | None = None
    running: bool = False
    flipping: bool = False
    frames: int = 0
    _moved: bool = False
    _last_saved: int | None = None
    _mount: dict[str, Any] = field(default_factory=dict)
    _frame_type: str = "Light"
    _centered_t: float = float("-inf")

    def tell(self, t: float, event: Event) -> None:
        """Add an event."""
        if len(self.told) >= MOST_EVENTS:
            raise UsageError(f"The log tells of more than {MOST_EVENTS} events: split it, and import night by night.")
        self.told.append((round(t, 3), event))

    # --- the plan ---

    def plan_starts(self, t: float, frame_type: str, *, frames: int = 0, target: str | None = None) -> None:
        """A plan, or the next part of one, begins."""
        resumed = self.paused_target is not None and self.paused_target == target
        if self.paused_target is not None and not resumed:
            self.tell(t, events.PlanFinished(reason="another target follows"))
        self.paused_target, self.running, self._frame_type = None, True, frame_type
        self.tell(t, events.PlanStarted(frame_type=frame_type, frames=frames, filter=self.filter, resumed=resumed))

    def plan_pauses(self, t: float, target: str) -> None:
        """A person, or the other program, pauses the plan."""
        self.frame_fails(t, "The plan was paused.")
        if self.running:
            self.tell(t, events.PlanPaused(by="host"))
            self.running, self.paused_target = False, target

    def plan_ends(self, t: float, reason: str = "") -> None:
        """The plan is over."""
        self.frame_fails(t, reason or "The plan ended.")
        if self.running or self.paused_target is not None:
            self.tell(t, events.PlanFinished(reason=reason))
        self.running, self.paused_target, self.flipping = False, None, False

    # --- its frames ---

    def frame_starts(
        self, t: float, exposure_s: float, *, frame_type: str | None = None, binning: int = 1, settled: bool = True
    ) -> None:
        """The shutter opens; with `settled`, an earlier frame that is still open has failed."""
        if settled:
            self.frame_fails(t, "The log does not tell that it was saved.")
        kind = frame_type or self._frame_type
        if not self.running:
            self.plan_starts(t, kind, target=self.paused_target)
        self.frames += 1
        self._frame_type = kind
        self.frame = OpenFrame(self.frames, t, exposure_s, kind, self.filter, binning)
        self.tell(t, events.FramePreparing(number=self.frames, frame_type=kind, filter=self.filter))
        self.tell(t, events.ExposureStarted(number=self.frames, exposure_s=exposure_s))

    def frame_is_due(self, t: float, slack_s: float = 0.0) -> bool:
        """Whether the open frame's exposure is over at that time."""
        return self.frame is not None and t >= self.frame.started_t + self.frame.exposure_s - slack_s

    def frame_ends(
        self, ended_t: float, saved_t: float, *, hfr: float | None = None, stars: int | None = None, file: str = ""
    ) -> None:
        """The frame was exposed and saved."""
        frame, self.frame = self.frame, None
        if frame is None:
            return
        self.tell(ended_t, events.ExposureEnded(number=frame.number))
        self._last_saved = len(self.told)
        self.tell(
            max(ended_t, saved_t),
            events.FrameSaved(
                number=frame.number,
                frame_type=frame.frame_type,
                filter=frame.filter,
                position=self.position,
                file=file or None,
                binning=frame.binning,
                hfr_px=hfr,
                stars=stars,
            ),
        )

    def frame_shows(self, t: float, hfr: float, stars: int | None, *, within_s: float) -> None:
        """The frame saved last was measured, a short while after it was saved."""
        if self._last_saved is None:
            return
        saved_t, saved = self.told[self._last_saved]
        if isinstance(saved, events.FrameSaved) and 0 <= t - saved_t <= within_s:
            self.told[self._last_saved] = (saved_t, replace(saved, hfr_px=hfr, stars=stars))
        self._last_saved = None

    def frame_fails(self, t: float, sentence: str) -> None:
        """The open frame came to nothing."""
        if self.frame is not None:
            self.tell(max(t, self.frame.started_t), events.ExposureFailed(self.frame.number, sentence))
            self.frame = None

    # --- focusing ---

    def focuser_at(self, position: int) -> None:
        """The focuser is sent there."""
        self.position = position
        self._moved = True

    def focuser_stands(self, position: int) -> None:
        """The focuser was read there, and nobody had sent it since it was told last."""
        self.position = position
        if not self._moved:
            self.first_position = position
            self._moved = True

    def focuser_moves(self) -> None:
        """The focuser is sent somewhere, and the log does not tell where."""
        self._moved = True

    def focus_begins(
        self, t: float, trigger: str, *, temperature_c: float | None = None, filter_: str | None = None
    ) -> None:
        """The other program begins an autofocus run of its own."""
        self.focus_ends(t, None, sentence=NO_END, known=False)
        if temperature_c is not None:
            self.temperature(t, temperature_c)
        self.focus = FocusRun(t, trigger, temperature_c, filter_ or self.filter)

    def focus_has_begun(self, trigger: str, *, filter_: str | None = None) -> None:
        """A run is under way whose beginning the log lacks."""
        self.focus = FocusRun(None, trigger, None, filter_ or self.filter)

    def focus_point(self, position: float, measure: float) -> None:
        """A point of its curve was measured."""
        if self.focus is not None:
            self.focus.points.append((float(position), measure))

    def focus_ends(
        self,
        t: float,
        position: int | None,
        *,
        measure: float | None = None,
        temperature_c: float | None = None,
        sentence: str = "",
        known: bool = True,
    ) -> None:
        """The run is over; without a position it failed, unless the log does not tell how it ended."""
        run, self.focus = self.focus, None
        if run is None:
            return
        if temperature_c is not None:
            self.temperature(t, temperature_c)
        self.focuser_moves()
        if position is not None:
            self.focuser_at(position)
        said = [sentence] if position is None and sentence else []
        if run.started_t is None:
            said.append(NO_BEGINNING)
        self.tell(
            t,
            events.HostRefocused(
                position=position,
                seconds=0.0 if run.started_t is None else round(max(t - run.started_t, 0.0), 3),
                measure=measure,
                filter=run.filter,
                temperature_c=run.temperature_c if temperature_c is None else temperature_c,
                trigger=run.trigger,
                sentence=" ".join(said),
                points=tuple(run.points),
                failed=known and position is None,
            ),
        )

    # --- the world ---

    def temperature(self, t: float, celsius: float) -> None:
        """The focuser's sensor was read; what no air is was no reading."""
        if COLDEST_C <= celsius <= HOTTEST_C:
            self.tell(t, events.TemperatureRead(focuser_c=celsius))

    def mount(self, t: float, **changes: Any) -> None:
        """The mount's state changed; what is not named is as it was."""
        self._mount |= changes
        self.tell(t, events.MountRead(**self._mount))
        self._mount.pop("flip_in_s", None)

    def filter_turns(self, t: float, name: str) -> None:
        """The wheel begins to turn."""
        if name != self.filter:
            self.tell(t, events.FilterChanging(filter=name))

    def filter_is(self, t: float, name: str) -> None:
        """The wheel has turned."""
        if name != self.filter:
            self.tell(t, events.FilterChanged(former=self.filter, filter=name, by="plan"))
            self.filter = name

    def flip_begins(self, t: float) -> None:
        """The mount begins to flip."""
        if not self.flipping:
            self.frame_fails(t, "A meridian flip began.")
            self.tell(t, events.FlipStarted())
        self.flipping = True

    def flip_ends(self, t: float, failure: str = "") -> None:
        """The flip is over; after one that failed, the plan has ended as far as can be told."""
        if not self.flipping:
            return
        self.flipping = False
        if failure:
            self.plan_ends(t, failure)
        else:
            self.tell(t, events.FlipFinished())

    def centered(self, t: float) -> None:
        """The target was centred; several lines about one centering are one."""
        if t - self._centered_t > _ONE_CENTERING_S:
            self.tell(t, events.CenteringFinished())
        self._centered_t = t

    # --- the end ---

    def night(self, first_t: float, last_t: float) -> list[tuple[float, Event]]:
        """Close what is open, and give all events in the order of their times, from the session's start to its end."""
        end = max([last_t, *(t for t, _ in self.told)])
        self.focus_ends(end, None, sentence=NO_END, known=False)
        self.frame_fails(end, "The log ends in this exposure.")
        told = sorted(self.told, key=lambda one: one[0])
        told = foreseen(told)
        start = min([first_t, *(t for t, _ in told)])
        return [
            (start, events.SessionStarted(position=self.first_position)),
            *told,
            (end, events.SessionEnded(reason="the log ends")),
        ]
