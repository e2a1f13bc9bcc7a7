"""What happened: every input of the core, past tense, as immutable values.

An event is all that the core ever learns. It comes from the host (the imaging plan), from a device, from a person, or
is the answer to an effect (then it carries the effect's id). Numbers are SI or carry their unit in the name; a field
that could not be read is None, never a stand-in number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from statefocus.stars import Growth, StarSize


class Event(Struct, frozen=True, tag_field="event", gc=False):
    """Anything that happened; `kind` is its name in traces and in machine files."""

    kind: ClassVar[str] = "event"


# --- the host: the imaging session and its plan ---


class SessionStarted(Event, frozen=True, tag="session_started"):
    """statefocus attends from now on; `position` is where the focuser stands, in steps.

    `learned` holds the slopes (HFR in px a step) that earlier sessions have measured, by filter and binning.
    `max_step` is how far the focuser reaches.
    `unfinished` is where the focuser stood before a run of an earlier session that was cut off in its midst.
    `driver_left_off` tells that one switched the driver's own temperature compensation off, and could not set it back.
    `by_hand` tells that the session is for what a person has asked for, and makes nothing else.
    """

    position: int | None = None
    learned: tuple[tuple[str, tuple[float, ...]], ...] = ()
    max_step: int | None = None
    unfinished: int | None = None
    driver_left_off: bool = False
    by_hand: bool = False


class SessionEnding(Event, frozen=True, tag="session_ending"):
    """The session is to be wound up: what is under way is put back, then it ends."""

    reason: str = ""


class SessionEnded(Event, frozen=True, tag="session_ended"):
    """Nothing is under way any more; the last event of a trace that was closed properly."""

    reason: str = ""


class PlanStarted(Event, frozen=True, tag="plan_started"):
    """An imaging plan begins; `frame_type` is that of its first frame (Light, Dark, Flat, Bias).

    `resumed` tells that it goes on where it was left, after a pause that statefocus did not see.
    """

    frame_type: str
    frames: int = 0
    filter: str | None = None
    resumed: bool = False


class PlanFinished(Event, frozen=True, tag="plan_finished"):
    """The imaging plan is done; `reason` tells why where it is not because all frames were taken."""

    reason: str = ""


class PlanPaused(Event, frozen=True, tag="plan_paused"):
    """Somebody else (a person, the host) paused the plan."""

    by: str = "person"


class PlanResumed(Event, frozen=True, tag="plan_resumed"):
    """Somebody else resumed the plan."""

    by: str = "person"


class FramePreparing(Event, frozen=True, tag="frame_preparing"):
    """The next exposure of the plan is being prepared."""

    number: int
    frame_type: str
    filter: str | None = None


class ExposureStarted(Event, frozen=True, tag="exposure_started"):
    """The plan's shutter opened."""

    number: int
    exposure_s: float


class ExposureEnded(Event, frozen=True, tag="exposure_ended"):
    """The plan's shutter closed; the frame is being downloaded."""

    number: int


class FrameSaved(Event, frozen=True, tag="frame_saved"):
    """The plan saved a frame; `next_frame_type` is what it takes next, None after the last one.

    `hfr_px` and `stars` are the frame's own, where somebody measured it. `next_filter` and `flip_next` tell what is
    known to come before the next frame: the filter that it wants, and whether the mount flips; None where the host
    cannot tell.
    """

    number: int
    frame_type: str
    filter: str | None = None
    position: int | None = None
    next_frame_type: str | None = None
    file: str | None = None
    binning: int = 1
    hfr_px: float | None = None
    stars: int | None = None
    next_filter: str | None = None
    flip_next: bool | None = None


class ExposureFailed(Event, frozen=True, tag="exposure_failed"):
    """The plan's exposure gave no frame; the host may try it again."""

    number: int
    sentence: str = ""


class FilterChanging(Event, frozen=True, tag="filter_changing"):
    """The filter wheel begins to turn."""

    filter: str


class FilterChanged(Event, frozen=True, tag="filter_changed"):
    """The filter wheel turned; `by` is `plan` or `person`."""

    former: str | None
    filter: str
    by: str = "plan"


class FlipStarted(Event, frozen=True, tag="flip_started"):
    """A meridian flip begins."""


class FlipFinished(Event, frozen=True, tag="flip_finished"):
    """The mount has flipped and tracks again; the plan has not resumed yet."""

    pier_side: str | None = None


class CenteringFinished(Event, frozen=True, tag="centering_finished"):
    """The mount has centred the target; `automatic` where no person asked for it."""

    automatic: bool = True


class HostLost(Event, frozen=True, tag="host_lost"):
    """The host cannot be reached any more; nobody knows what its plan does. `sentence` tells a person what is amiss."""

    sentence: str = ""


class HostFound(Event, frozen=True, tag="host_found"):
    """The host can be reached again; what its plan does is told by further events."""


class GuidingPaused(Event, frozen=True, tag="guiding_paused"):
    """The host's guiding stands still, as statefocus has asked, while a run defocuses the telescope (A17)."""


class GuidingSettled(Event, frozen=True, tag="guiding_settled"):
    """The host guides again, and the star is where it should be; `seconds` is how long that took (A17)."""

    seconds: float = 0.0


class GuidingFailed(Event, frozen=True, tag="guiding_failed"):
    """The host's guiding could not be paused, or did not come back as it should; the run and the plan go on (A17)."""

    sentence: str = ""


class HostFocusing(Event, frozen=True, tag="host_focusing"):
    """Another program's autofocus moves the focuser from now on; `host_refocused` tells how that ended."""


class HostRefocused(Event, frozen=True, tag="host_refocused"):
    """Another program ran its own autofocus; `position` is None where it found no focus, or nobody told where.

    `failed` tells that it found none. `seconds` is how long it took, `measure` the metric it reports at the focus
    point, `trigger` its own words for why. `points` are the positions and measures of its curve, in the order in which
    it took them.
    """

    position: int | None
    seconds: float = 0.0
    measure: float | None = None
    filter: str | None = None
    temperature_c: float | None = None
    trigger: str = ""
    sentence: str = ""
    points: tuple[tuple[float, float], ...] = ()
    failed: bool = False


# --- readings of the world ---


class TemperatureRead(Event, frozen=True, tag="temperature_read"):
    """One reading of the temperature sensors, degrees Celsius; None where there is none or it failed."""

    focuser_c: float | None = None
    external_c: float | None = None


class MountRead(Event, frozen=True, tag="mount_read"):
    """The mount's state; `flip_in_s` is the time to the next meridian flip, a day where none is to come.

    `east` tells whether the telescope looks east of the meridian.
    """

    tracking: bool | None = None
    parked: bool | None = None
    flip_in_s: float | None = None
    east: bool | None = None


class FocuserRead(Event, frozen=True, tag="focuser_read"):
    """Where the focuser stands while nothing of ours moves it, steps, twice the same in a row.

    `driver_compensation` tells whether its driver's own temperature compensation is on.
    """

    position: int | None = None
    driver_compensation: bool | None = None


class SafetyRead(Event, frozen=True, tag="safety_read"):
    """The safety monitor's word."""

    safe: bool | None = None


class SunRead(Event, frozen=True, tag="sun_read"):
    """The Sun's altitude above the site's horizon, degrees."""

    altitude_deg: float


class AidOpened(Event, frozen=True, tag="aid_opened"):
    """A person opened a focusing aid (Focusing Aid, Auto Focus Aid, Bahtinov Aid)."""

    aid: str


class AidClosed(Event, frozen=True, tag="aid_closed"):
    """A person closed a focusing aid."""

    aid: str


# --- a person's wishes ---


class RefocusRequested(Event, frozen=True, tag="refocus_requested"):
    """Refocus as soon as possible (T6)."""

    by: str = "person"


class RunRequested(Event, frozen=True, tag="run_requested"):
    """Run the autofocus now, by hand; `again` centres it on the last best position (A11), or else on `position`."""

    again: bool = False
    position: int | None = None


class CancelRequested(Event, frozen=True, tag="cancel_requested"):
    """Cancel the run under way (A12)."""

    by: str = "person"


class UndoRequested(Event, frozen=True, tag="undo_requested"):
    """Return to the last focus position after a run has ended (A12)."""

    position: int | None = None


class TriggersPaused(Event, frozen=True, tag="triggers_paused"):
    """A person paused all triggers (T12)."""


class TriggersResumed(Event, frozen=True, tag="triggers_resumed"):
    """A person resumed all triggers (T12)."""


class ConfirmationGiven(Event, frozen=True, tag="confirmation_given"):
    """A person answered the question that was asked last (T4)."""

    yes: bool
    by: str = "person"


# --- answers to effects ---


class Answer(Event, frozen=True):
    """The answer to the effect with that id."""

    effect: int


class EffectFailed(Answer, frozen=True, tag="effect_failed"):
    """The effect did not happen; `reason` is unreachable, timeout, protocol, refused or fault."""

    reason: str
    sentence: str


class PlanHeld(Answer, frozen=True, tag="plan_held"):
    """The plan takes no exposure until it is released; `running` tells whether one was running at all."""

    running: bool = True


class PlanReleased(Answer, frozen=True, tag="plan_released"):
    """The plan goes on."""


class PlanAborted(Answer, frozen=True, tag="plan_aborted"):
    """The plan was given up."""


class FocuserPrepared(Answer, frozen=True, tag="focuser_prepared"):
    """The focuser's state, its driver's own temperature compensation switched off."""

    position: int
    max_step: int
    absolute: bool
    driver_compensation: bool = False


class FocuserMoved(Answer, frozen=True, tag="focuser_moved"):
    """The focuser arrived and was read again; `position` is what it reports."""

    position: int


class FocuserReleased(Answer, frozen=True, tag="focuser_released"):
    """The driver's own temperature compensation is as it was before."""


class DevicesHalted(Answer, frozen=True, tag="devices_halted"):
    """Focuser and camera stand still; `position` is None where it could not be read."""

    position: int | None = None


class TimerElapsed(Answer, frozen=True, tag="timer_elapsed"):
    """The time that was asked for has passed."""


class FilterSet(Answer, frozen=True, tag="filter_set"):
    """The filter wheel stands at the filter that was asked for."""

    filter: str


class FrameTaken(Answer, frozen=True, tag="frame_taken"):
    """A focus frame is in hand, known by the name `frame`."""

    frame: str


class FrameMeasured(Answer, frozen=True, tag="frame_measured"):
    """The metric of a focus frame, or its reciprocal where larger is better; None where no star was found (M8).

    `table` holds its brightest stars, where the metric is their half-flux radius, and `growth` their shape, where the
    profile has the forward model use it.
    `remark` tells a person what was amiss with it, such as a dark frame that is missing (A5).
    """

    value: float | None
    error: float | None = None
    stars: int = 0
    table: tuple[StarSize, ...] = ()
    growth: Growth | None = None
    remark: str = ""


class CurvePublished(Answer, frozen=True, tag="curve_published"):
    """The curve was shown to whoever watches."""


class DriverCompensationSwitched(Answer, frozen=True, tag="driver_compensation_switched"):
    """The driver's own temperature compensation is as asked; `former` is what it was."""

    former: bool


def answered(event: Event) -> int | None:
    """Id of the effect that an event answers; None for an event that is no answer."""
    return getattr(event, "effect", None)


def _named(base: type[Event]) -> Iterator[type[Event]]:
    """All kinds of events below a class; each gets its name from its tag."""
    for cls in base.__subclasses__():
        if isinstance(cls.__struct_config__.tag, str) and cls is not Answer:
            cls.kind = cls.__struct_config__.tag
            yield cls
        yield from _named(cls)


KINDS: dict[str, type[Event]] = {cls.kind: cls for cls in _named(Event)}


def field_types(cls: type[Event]) -> dict[str, Any]:
    """Give the resolved type of each field of an event class, by name."""
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}
