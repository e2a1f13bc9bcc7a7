"""What a person follows while a night goes on: one line a frame, one a point of the V-curve, one a thing to know."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from statefocus import effects, events, triggers
from statefocus.context import Context, Run
from statefocus.devices.values import Exposure
from statefocus.focus.sweep import Sweep
from statefocus.profile import Profile
from statefocus.scales import SCALES, Scale
from statefocus.session import State, Step
from statefocus.trace.times import show, zone_of

_LEVELS = {"info": "cyan", "warning": "yellow", "error": "bold red"}
_BAR_PX = 8.0
"""Of a star size; a measure of another kind is held against the largest of its run."""

_BAR_WIDTH = 32


class Progress:
    """Prints a night's progress.

    Parameters
    ----------
    console
        Where to; colours only where it is a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._zone: ZoneInfo = zone_of("UTC")
        self._scale: Scale = SCALES["hfr"]
        self._total = 0
        self._now = 0.0
        self._points = self._number = self._told = 0
        self._began: float | None = None
        self._sweep = Sweep(())
        self._last = self._failed = ""

    def begin(self, profile: Profile, total_frames: int, trace: Path) -> None:
        """The night begins."""
        self._zone, self._total = zone_of(profile.site.time_zone), total_frames
        self._scale = profile.scale
        self._console.print(f"statefocus attends [bold]{escape(profile.name)}[/]; trace {escape(str(trace))}")
        self._console.print(f"critical focus zone {profile.cfz_um:.0f} um = {profile.cfz_steps:.1f} steps")

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        context = self._context = state.context
        self._now = context.now
        self._began = context.triggers.since_t if self._began is None else self._began
        self._event(event, state)
        if context.run is not None:
            self._run(context.run)
        for step in steps:
            self._step(step, context)
        result = context.concluded or context.run  # one that is held in view is told before it is concluded (A14)
        if result is not None and (result is context.concluded or result.shown_t is not None):
            self._result(result)

    def _event(self, event: events.Event, state: State) -> None:
        match event:
            case events.FrameSaved():
                self._frame(event, state)
            case events.FilterChanged():
                self._line(f"filter {event.former} -> {event.filter}")
            case events.ExposureFailed():
                self._line(f"frame {event.number} failed: {event.sentence}", "yellow")
            case events.FlipStarted():
                self._line("meridian flip begins", "magenta")
            case events.FlipFinished():
                side = f", mount on the {event.pier_side} side" if event.pier_side else ""
                self._line(f"meridian flip done{side}", "magenta")
            case events.FrameMeasured() if state.context.profile.autofocus.frames_per_point > 1:
                self._line(f"    frame: {self._measured(event.value, event.error, event.stars)}")
            case events.EffectFailed() if event.reason != "halted":
                if event.sentence not in self._last:
                    self._line(event.sentence, "yellow")
                    self._failed = event.sentence
            case events.PlanFinished():
                self._line(f"plan finished{': ' + event.reason if event.reason else ''}")

    def curve(self, effect: effects.PublishCurve) -> None:
        """A curve was fitted."""
        run = self._context.run
        if run is None or run.fit is None:
            return
        fit = run.fit
        if fit.best_position is None:
            self._line("  no curve", "yellow")
            return
        sigma = "?" if fit.sigma_position is None else f"{fit.sigma_position:.2f}"
        said = "accepted" if effect.accepted else "rejected"
        least = "" if fit.predicted_measure is None else f", {self._extreme} {self._scale.text(fit.predicted_measure)}"
        self._line(f"  {fit.model}: best focus {fit.best_position:.1f} ± {sigma} steps{least}: {said}", "green")
        if fit.refinement is not None:
            self._line(f"    {fit.refinement.sentence}", "" if fit.refinement.used else "yellow")
        for rejected in fit.rejected:
            self._line(f"    point at {rejected.position:.0f} left out: {rejected.why}", "yellow")

    @property
    def _extreme(self) -> str:
        return "maximum" if self._scale.larger_is_better else "minimum"

    def notify(self, level: str, sentence: str) -> None:
        """A person should know; the failure of a device that was told right before is not told again."""
        if self._failed:
            sentence = sentence.replace(self._failed, "see above.")
        self._line(sentence, _LEVELS.get(level, ""))

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken; its point is shown when it is measured."""

    def _line(self, text: str, style: str = "") -> None:
        self._last, self._failed = text, ""
        self._console.print(f"{show(self._now, self._zone)}  {text}", style=style, markup=False, highlight=False)

    def _frame(self, event: events.FrameSaved, state: State) -> None:
        told = {reading.name: reading.text for reading in triggers.readings(state.context)}
        since = "session's start" if state.context.triggers.since_t == self._began else "refocus"
        minutes, lights = told["time"].strip("[]"), int(told["count"].strip("[]"))
        of_all = f" of {self._total}" if self._total else ""
        self._line(
            f"{state.leaves['session']:<18} {event.frame_type:<5} {event.filter or '-':<4} "
            f"frame {event.number:3d}{of_all}  focuser {event.position}  "
            f"T {told['temperature']}  since {since}: {minutes} min, {lights} frame{'' if lights == 1 else 's'}"
        )

    def _run(self, run: Run) -> None:
        if run.number != self._number:
            self._number, self._points = run.number, 0
            self._line(f"Refocusing, run {run.number}: {', '.join(run.causes)}", "bold blue")
        if run.sweep != self._sweep:
            self._further(self._sweep, run.sweep)
        if len(run.points) > self._points:
            self._points = len(run.points)
            self._point(run)

    def _further(self, before: Sweep, after: Sweep) -> None:
        """Tell what smart focus adds (A9), and that a learned sweep was not believed."""
        self._sweep = after
        if before.learned and not after.learned and self._points:
            self._points = 0
            self._line("  what the two frames told did not hold: the whole sweep", "cyan")
        if after.extended > before.extended:
            self._line(f"  the minimum was not swept: one more point, at {after.positions[-1]}", "cyan")
        elif after.recentred and not before.recentred:
            self._points = 0
            self._line("  nothing found: once more around the lowest points", "cyan")

    def _point(self, run: Run) -> None:
        point = run.points[-1]
        place = f"  point {len(run.points)} of {len(run.sweep.positions)} at {point.position:.0f}"
        if point.measure is None:
            self._line(f"{place}: no star", "yellow")
            return
        full = _BAR_PX if self._scale.unit == "px" else max(other.measure or 0.0 for other in run.points)
        bar = "=" * max(1, min(_BAR_WIDTH, round(point.measure / full * _BAR_WIDTH)))
        self._line(f"{place}: {self._measured(point.measure, point.error, point.stars)} {bar}", "blue")

    def _measured(self, value: float | None, error: float | None, stars: int | None) -> str:
        if value is None:
            return "no star"
        return f"{self._scale.title} {self._scale.text(value, error or 0.0, width=5)}, {stars or 0:3d} stars"

    def _step(self, step: Step, context: Context) -> None:
        if step.outcome == "fault":
            self._line(f"FAULT: {step.fault}", "bold red")
        if step.outcome == "inhibited" and step.triggers:
            said = sorted({name for tried in step.tried if tried.inhibited for name in _blocking(tried.guards)})
            due = ", ".join(reading.name for reading in step.triggers if reading.due)
            self._line(f"{due} due, inhibited by {', '.join(said)}", "yellow")
        for effect in step.effects:
            if isinstance(effect, effects.MoveFocuser) and effect.purpose == "compensation":
                self._line(f"TempCompensating: focuser to {effect.position}, T {context.triggers.thermometer.status}")

    def _result(self, run: Run) -> None:
        """Tell how a run ended, once."""
        if run.number == self._told:
            return
        self._told = run.number
        style = "green" if run.outcome == "validated" else "yellow"
        shown = ", ".join("no star" if value is None else self._scale.text(value) for value in run.validations)
        seen = f" (validation frame: {shown})" if run.validations else ""
        why = f": {run.reason}" if run.outcome == "cancelled" else ""  # the others were told as a notification
        self._line(f"run {run.number} {run.outcome}, focuser at {run.position}{seen}{why}", style)


def _blocking(guards: object) -> list[str]:
    table = dict(guards) if isinstance(guards, dict) else {}
    return [f"{name} ({ruling})" for name, ruling in table.items() if not ruling.passes]
