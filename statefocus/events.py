"""What happened: every input of the core, past tense, as immutable values.

An event is all that the core ever learns. It comes from the host (the imaging plan), from a device, from a person, or
is the answer to an effect (then it carries the effect's id). Numbers are SI or carry their unit in the name; a field
that could not be read is None, never a stand-in number.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happened; `kind` is its name in traces and in machine files."""

    kind: ClassVar[str] = "event"

    def __init_subclass__(cls, kind: str = "", **kwargs: Any) -> None:
        super(Event, cls).__init_subclass__(**kwargs)
        name = kind or cls.__dict__.get("kind", "")  # slots make a second class of the first: that one counts
        if name:
            cls.kind = name
            KINDS[name] = cls


# --- the host: the imaging session and its plan ---


@dataclass(frozen=True, slots=True)
class SessionStarted(Event, kind="session_started"):
    """statefocus attends from now on; `position` is where the focuser stands, in steps."""

    position: int | None = None


@dataclass(frozen=True, slots=True)
class SessionEnding(Event, kind="session_ending"):
    """The session is to be wound up: what is under way is put back, then it ends."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionEnded(Event, kind="session_ended"):
    """Nothing is under way any more; the last event of a trace that was closed properly."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlanStarted(Event, kind="plan_started"):
    """An imaging plan begins; `frame_type` is that of its first frame (Light, Dark, Flat, Bias)."""

    frame_type: str
    frames: int = 0
    filter: str | None = None


@dataclass(frozen=True, slots=True)
class PlanFinished(Event, kind="plan_finished"):
    """The imaging plan is done; `reason` tells why where it is not because all frames were taken."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlanPaused(Event, kind="plan_paused"):
    """Somebody else (a person, the host) paused the plan."""

    by: str = "person"


@dataclass(frozen=True, slots=True)
class PlanResumed(Event, kind="plan_resumed"):
    """Somebody else resumed the plan."""

    by: str = "person"


@dataclass(frozen=True, slots=True)
class FramePreparing(Event, kind="frame_preparing"):
    """The next exposure of the plan is being prepared."""

    number: int
    frame_type: str
    filter: str | None = None


@dataclass(frozen=True, slots=True)
class ExposureStarted(Event, kind="exposure_started"):
    """The plan's shutter opened."""

    number: int
    exposure_s: float


@dataclass(frozen=True, slots=True)
class ExposureEnded(Event, kind="exposure_ended"):
    """The plan's shutter closed; the frame is being downloaded."""

    number: int


@dataclass(frozen=True, slots=True)
class FrameSaved(Event, kind="frame_saved"):
    """The plan saved a frame; `next_frame_type` is what it takes next, None after the last one."""

    number: int
    frame_type: str
    filter: str | None = None
    position: int | None = None
    next_frame_type: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class ExposureFailed(Event, kind="exposure_failed"):
    """The plan's exposure gave no frame; the host may try it again."""

    number: int
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FilterChanging(Event, kind="filter_changing"):
    """The filter wheel begins to turn."""

    filter: str


@dataclass(frozen=True, slots=True)
class FilterChanged(Event, kind="filter_changed"):
    """The filter wheel turned; `by` is `plan` or `person`."""

    former: str | None
    filter: str
    by: str = "plan"


@dataclass(frozen=True, slots=True)
class FlipStarted(Event, kind="flip_started"):
    """A meridian flip begins."""


@dataclass(frozen=True, slots=True)
class FlipFinished(Event, kind="flip_finished"):
    """The mount has flipped and tracks again; the plan has not resumed yet."""

    pier_side: str | None = None


# --- readings of the world ---


@dataclass(frozen=True, slots=True)
class TemperatureRead(Event, kind="temperature_read"):
    """One reading of the temperature sensors, degrees Celsius; None where there is none or it failed."""

    focuser_c: float | None = None
    external_c: float | None = None


@dataclass(frozen=True, slots=True)
class MountRead(Event, kind="mount_read"):
    """The mount's state; `flip_in_s` is the time to the next meridian flip, a day where none is to come."""

    tracking: bool | None = None
    parked: bool | None = None
    flip_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class SafetyRead(Event, kind="safety_read"):
    """The safety monitor's word."""

    safe: bool | None = None


@dataclass(frozen=True, slots=True)
class SunRead(Event, kind="sun_read"):
    """The Sun's altitude above the site's horizon, degrees."""

    altitude_deg: float


@dataclass(frozen=True, slots=True)
class AidOpened(Event, kind="aid_opened"):
    """A person opened a focusing aid (Focusing Aid, Auto Focus Aid, Bahtinov Aid)."""

    aid: str


@dataclass(frozen=True, slots=True)
class AidClosed(Event, kind="aid_closed"):
    """A person closed a focusing aid."""

    aid: str


# --- a person's wishes ---


@dataclass(frozen=True, slots=True)
class RefocusRequested(Event, kind="refocus_requested"):
    """Refocus as soon as possible (T6)."""

    by: str = "person"


@dataclass(frozen=True, slots=True)
class RunRequested(Event, kind="run_requested"):
    """Run the autofocus now, by hand; `again` centres it on the last best position (A11), or else on `position`."""

    again: bool = False
    position: int | None = None


@dataclass(frozen=True, slots=True)
class CancelRequested(Event, kind="cancel_requested"):
    """Cancel the run under way (A12)."""

    by: str = "person"


@dataclass(frozen=True, slots=True)
class UndoRequested(Event, kind="undo_requested"):
    """Return to the last focus position after a run has ended (A12)."""

    position: int | None = None


@dataclass(frozen=True, slots=True)
class TriggersPaused(Event, kind="triggers_paused"):
    """A person paused all triggers (T12)."""


@dataclass(frozen=True, slots=True)
class TriggersResumed(Event, kind="triggers_resumed"):
    """A person resumed all triggers (T12)."""


# --- answers to effects ---


@dataclass(frozen=True, slots=True)
class Answer(Event):
    """The answer to the effect with that id."""

    effect: int


@dataclass(frozen=True, slots=True)
class EffectFailed(Answer, kind="effect_failed"):
    """The effect did not happen; `reason` is unreachable, timeout, protocol, refused or fault."""

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PlanHeld(Answer, kind="plan_held"):
    """The plan takes no exposure until it is released; `running` tells whether one was running at all."""

    running: bool = True


@dataclass(frozen=True, slots=True)
class PlanReleased(Answer, kind="plan_released"):
    """The plan goes on."""


@dataclass(frozen=True, slots=True)
class PlanAborted(Answer, kind="plan_aborted"):
    """The plan was given up."""


@dataclass(frozen=True, slots=True)
class FocuserPrepared(Answer, kind="focuser_prepared"):
    """The focuser's state, its driver's own temperature compensation switched off."""

    position: int
    max_step: int
    absolute: bool
    driver_compensation: bool = False


@dataclass(frozen=True, slots=True)
class FocuserMoved(Answer, kind="focuser_moved"):
    """The focuser arrived and was read again; `position` is what it reports."""

    position: int


@dataclass(frozen=True, slots=True)
class FocuserReleased(Answer, kind="focuser_released"):
    """The driver's own temperature compensation is as it was before."""


@dataclass(frozen=True, slots=True)
class DevicesHalted(Answer, kind="devices_halted"):
    """Focuser and camera stand still; `position` is None where it could not be read."""

    position: int | None = None


@dataclass(frozen=True, slots=True)
class TimerElapsed(Answer, kind="timer_elapsed"):
    """The time that was asked for has passed."""


@dataclass(frozen=True, slots=True)
class FrameTaken(Answer, kind="frame_taken"):
    """A focus frame is in hand, known by the name `frame`."""

    frame: str


@dataclass(frozen=True, slots=True)
class FrameMeasured(Answer, kind="frame_measured"):
    """The metric of a focus frame, px; None where no star was found (M8)."""

    value: float | None
    error: float | None = None
    stars: int = 0


@dataclass(frozen=True, slots=True)
class CurvePublished(Answer, kind="curve_published"):
    """The curve was shown to whoever watches."""


@dataclass(frozen=True, slots=True)
class DriverCompensationSwitched(Answer, kind="driver_compensation_switched"):
    """The driver's own temperature compensation is as asked; `former` is what it was."""

    former: bool


def field_types(cls: type[Event]) -> dict[str, Any]:
    """Give the resolved type of each field of an event class, by name."""
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}
