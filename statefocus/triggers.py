"""How far each trigger is from its limit (T). Nothing is decided here: `rules` reads the due flags, machines decide.

There is no priority; one run serves all that are due, and its log names them all.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from statefocus import offsetting
from statefocus.context import Context, TriggerState
from statefocus.image_history import Limits, channel_of


class Reading(Struct, frozen=True):
    """One trigger at a moment: its reading, its limit, and the text in brackets that people know."""

    name: str
    due: bool
    reading: float | bool | None
    limit: float | None
    text: str


def _temperature(context: Context) -> Reading:
    """T1: mean of the last readings against the temperature at the last refocus; never before a full block."""
    settings, thermometer = context.profile.triggers.temperature, context.triggers.thermometer
    difference = thermometer.difference_c
    reached = difference is not None and abs(difference) >= settings.limit_c
    due = settings.enabled and thermometer.full and reached
    return Reading("temperature", due, difference, settings.limit_c, thermometer.status)


def _count(context: Context) -> Reading:
    """T2: Light frames of the plan since the last refocus."""
    settings, lights = context.profile.triggers.count, context.triggers.lights
    return Reading("count", settings.enabled and lights >= settings.frames, lights, settings.frames, f"[{lights}]")


def _time(context: Context) -> Reading:
    """T3: minutes since the last refocus, or since the session's start."""
    settings, minutes = context.profile.triggers.time, (context.now - context.triggers.since_t) / 60
    due = settings.enabled and minutes >= settings.minutes_min
    return Reading("time", due, minutes, settings.minutes_min, f"[{minutes:.0f}]")


def _image_history(context: Context) -> Reading:
    """T10: the last Light frames against those right after the last validated refocus in this channel."""
    settings, history = context.profile.triggers.image_history, context.triggers.history
    channel = channel_of(context.plan.filter, context.plan.binning)
    limits = Limits(settings.metric, settings.hfr_percent, settings.stars_percent, settings.frames, settings.judged)
    east = not settings.only_east or context.known("east") is True
    uncompared = settings.no_baseline == "refocus" and history.without_baseline(channel) >= settings.frames
    due = settings.enabled and east and (uncompared or history.degraded(channel, limits))
    decline = history.decline(channel, limits)
    if decline is None:
        return Reading("image_history", due, None, settings.hfr_percent, "[-]")
    text = f"[HFR {decline.hfr_percent:+.0f} %, stars {-decline.stars_percent:+.0f} %]"
    by_stars = settings.metric == "stars"
    reading = decline.stars_percent if by_stars else decline.hfr_percent
    return Reading("image_history", due, reading, settings.stars_percent if by_stars else settings.hfr_percent, text)


def _flag(name: str, flag: Callable[[Context], bool]) -> Callable[[Context], Reading]:
    """Make the reading of a trigger that something made due, and that a refocus serves."""

    def read(context: Context) -> Reading:
        due = flag(context)
        return Reading(name, due, due, None, "[due]" if due else "[-]")

    return read


def _filter_matters(context: Context) -> bool:
    return context.profile.triggers.filter_change and offsetting.focuses_on_change(context)


_READERS: tuple[Callable[[Context], Reading], ...] = (
    _temperature,
    _count,
    _time,
    _flag("filter", lambda context: _filter_matters(context) and context.triggers.filter_changed),
    _flag("flip", lambda context: context.profile.triggers.meridian_flip and context.triggers.flipped),
    _flag("asap", lambda context: context.triggers.asap),
    _flag("first_frame", lambda context: context.profile.triggers.first_frame and context.triggers.first_frame),
    _flag("resume", lambda context: context.profile.triggers.on_resume and context.triggers.resumed),
    _flag("centering", lambda context: context.profile.triggers.after_centering and context.triggers.centered),
    _image_history,
)

NAMES = (
    "temperature",
    "count",
    "time",
    "filter",
    "flip",
    "asap",
    "first_frame",
    "resume",
    "centering",
    "image_history",
)


def readings(context: Context) -> tuple[Reading, ...]:
    """Read all triggers, in the order of `NAMES`."""
    return tuple(read(context) for read in _READERS)


def is_due(context: Context, name: str) -> bool:
    """Whether the named trigger has reached its limit."""
    return _READERS[NAMES.index(name)](context).due


def due(context: Context) -> tuple[str, ...]:
    """Names of all triggers that have reached their limit."""
    return tuple(reading.name for reading in readings(context) if reading.due)


def restart(triggers: TriggerState, now: float, *, filter_: str | None, validated: bool) -> TriggerState:
    """Begin all triggers anew after a refocus in a filter, whatever started it (T11)."""
    return TriggerState(
        since_t=now,
        thermometer=triggers.thermometer.restart(),
        history=triggers.history.refocused(filter_, validated=validated),
        paused=triggers.paused,
    )


def back_off(triggers: TriggerState, now: float, retry_after_min: float) -> TriggerState:
    """After a failed run, leave what was due as it is, and wait before the next automatic run (T13).

    Each further failure doubles the wait, up to eight times the first.
    """
    wait_s = 60 * retry_after_min * min(2**triggers.failures, 8)
    return replace(triggers, failures=triggers.failures + 1, retry_t=now + wait_s)
