"""The guards that machine files may name: facts in, one ruling out. No arithmetic; that is done where facts are made.

A fact that has a source but is missing or stale is unknown, and blocks (G).
"""

from __future__ import annotations

from collections.abc import Callable

from statefocus import compensating, focusing, triggers
from statefocus.context import REFOCUSED, Context
from statefocus.machine.vocabulary import Guard, Ruling, ruling

GUARDS: dict[str, Guard] = {}

_Rule = Callable[[Context], Ruling]
_Test = Callable[[Context], bool]


def _rule(function: _Rule) -> _Rule:
    """Enter a function that gives a ruling into the vocabulary, under its own name."""
    GUARDS[function.__name__] = Guard(function.__name__, _first_line(function), function)
    return function


def _test(function: _Test) -> _Test:
    """Enter a function that gives a plain yes or no into the vocabulary, under its own name."""

    def rule(context: Context) -> Ruling:
        return ruling(holds=function(context))

    GUARDS[function.__name__] = Guard(function.__name__, _first_line(function), rule)
    return function


def _first_line(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").strip().splitlines()[0]


def _by_fact(context: Context, source: str, fact: str, *, wanted: bool) -> Ruling:
    if source == "not_used":
        return Ruling.NOT_USED
    value = context.known(fact)
    return Ruling.UNKNOWN if value is None else ruling(holds=value is wanted)


# --- what a refocus needs (G); together: may_refocus ---


@_test
def triggers_armed(context: Context) -> bool:
    """The triggers are not paused (T12)."""
    return not context.triggers.paused


@_rule
def tracking(context: Context) -> Ruling:
    """The mount tracks."""
    return _by_fact(context, context.profile.guards.tracking, "tracking", wanted=True)


@_rule
def unparked(context: Context) -> Ruling:
    """The mount is not parked."""
    return _by_fact(context, context.profile.guards.unparked, "parked", wanted=False)


@_rule
def light_plan(context: Context) -> Ruling:
    """The plan takes Light frames next, or no plan runs."""
    if context.profile.guards.light_plan == "not_used":
        return Ruling.NOT_USED
    if not context.plan.running:
        return Ruling.PASSED
    frame_type = context.known("frame_type")
    return Ruling.UNKNOWN if frame_type is None else ruling(holds=frame_type == "Light")


@_test
def aids_closed(context: Context) -> bool:
    """No Focusing Aid, Auto Focus Aid or Bahtinov Aid is open."""
    return not context.plan.aids


@_rule
def astro_night(context: Context) -> Ruling:
    """The Sun is where the profile wants it: 18 degrees below the horizon (require), or not (forbid)."""
    mode = context.profile.guards.astro_night
    if mode == "ignore":
        return Ruling.NOT_USED
    night = context.known("astro_night")
    return Ruling.UNKNOWN if night is None else ruling(holds=night is (mode == "require"))


@_rule
def safe(context: Context) -> Ruling:
    """The safety monitor says safe."""
    return _by_fact(context, context.profile.guards.safe, "safe", wanted=True)


@_rule
def flip_not_imminent(context: Context) -> Ruling:
    """A run would end before the next meridian flip."""
    return _by_fact(context, context.profile.guards.flip_not_imminent, "flip_leaves_time", wanted=True)


# --- which trigger is due (T) ---


@_test
def temperature_due(context: Context) -> bool:
    """T1: the averaged temperature has changed by the limit since the last refocus."""
    return triggers.is_due(context, "temperature")


@_test
def count_due(context: Context) -> bool:
    """T2: the plan has taken its number of Light frames since the last refocus."""
    return triggers.is_due(context, "count")


@_test
def time_due(context: Context) -> bool:
    """T3: the minutes since the last refocus are over."""
    return triggers.is_due(context, "time")


@_test
def filter_due(context: Context) -> bool:
    """T4: the plan has changed the filter since the last refocus."""
    return triggers.is_due(context, "filter")


@_test
def flip_due(context: Context) -> bool:
    """T5: the mount has flipped since the last refocus."""
    return triggers.is_due(context, "flip")


@_test
def asap_due(context: Context) -> bool:
    """T6: a person asked for a refocus as soon as possible."""
    return triggers.is_due(context, "asap")


@_test
def first_frame_due(context: Context) -> bool:
    """T7: a plan has begun, and it was not focused for it yet; stays due until it is."""
    return triggers.is_due(context, "first_frame")


@_test
def backoff_over(context: Context) -> bool:
    """T13: no automatic run failed a short while ago."""
    retry_t = context.triggers.retry_t
    return retry_t is None or context.now >= retry_t


# --- the plan ---


@_test
def plan_paused_by_other(context: Context) -> bool:
    """Somebody else has paused the plan, so it stays paused when a run is over."""
    return context.plan.paused


@_test
def flip_under_way(context: Context) -> bool:
    """A meridian flip has started and not finished."""
    return context.plan.flip_under_way


@_test
def session_goes_on(context: Context) -> bool:
    """The session is not being wound up."""
    return not context.plan.ending


@_test
def session_ends(context: Context) -> bool:
    """The session is being wound up."""
    return context.plan.ending


# --- the run ---


@_test
def sweep_refused(context: Context) -> bool:
    """The focuser cannot make the sweep: not absolute, or too little travel (A1, A2)."""
    return bool(context.run and context.run.reason)


@_test
def points_left(context: Context) -> bool:
    """The sweep has positions that were not measured yet."""
    return context.run is not None and len(context.run.points) < len(context.run.sweep.targets)


@_test
def exposure_retry_left(context: Context) -> bool:
    """The exposure that failed may be tried again."""
    return context.run is not None and context.run.retries < context.profile.autofocus.exposure_retries


@_test
def fit_accepted(context: Context) -> bool:
    """The curve passed all of its verdicts (F7), or all but those that a validation frame can still settle (F4, F5)."""
    fit = context.run.fit if context.run else None
    return fit is not None and (fit.accepted or fit.needs_validation)


@_test
def validation_passed(context: Context) -> bool:
    """The frame at the new position is as sharp as the curve predicts (V1)."""
    return focusing.validation_passed(context)


@_test
def validation_repeatable(context: Context) -> bool:
    """The frame at the new position has not been repeated yet (V2)."""
    return context.run is not None and len(context.run.validations) < focusing.VALIDATION_FRAMES


@_test
def miss_is_kept(context: Context) -> bool:
    """The profile keeps a position that was not validated (V2), and the curve itself passed all of its verdicts."""
    fit = context.run.fit if context.run else None
    return context.profile.validation.on_miss == "keep" and fit is not None and fit.accepted


@_test
def ground_lost(context: Context) -> bool:
    """What the run stands on was taken away: no longer safe, unparked or tracking."""
    return focusing.ground_lost(context) is not None


# --- after the run ---


@_test
def nothing_to_restore(context: Context) -> bool:
    """The focuser was not moved, or nobody ever knew where it stood."""
    return focusing.restore_position(context) is None


@_test
def put_back_retry_left(context: Context) -> bool:
    """Putting the focuser back, or the plan, may be tried again."""
    return context.run is not None and context.run.retries < context.profile.failure.restore_retries


@_test
def policy_pauses(context: Context) -> bool:
    """An automatic run failed, and the profile leaves the plan paused then (T13)."""
    return _failed(context) and context.profile.failure.policy == "pause"


@_test
def policy_aborts(context: Context) -> bool:
    """An automatic run failed, and the profile gives the plan up then (T13)."""
    return _failed(context) and context.profile.failure.policy == "abort"


def _failed(context: Context) -> bool:
    run = context.run
    return run is not None and run.automatic and run.outcome not in REFOCUSED and run.outcome != "cancelled"


@_test
def best_known(context: Context) -> bool:
    """A former run found a best position (A11)."""
    return context.last_run is not None and context.last_run.best_position is not None


@_test
def undo_known(context: Context) -> bool:
    """There is a position to return to (A12)."""
    return focusing.undo_position(context) is not None


# --- temperature compensation (C) ---


@_test
def compensation_enabled(context: Context) -> bool:
    """The profile wants temperature compensation."""
    return context.profile.compensation.enabled


@_test
def compensation_real_time(context: Context) -> bool:
    """Corrections are made also during an exposure (C1)."""
    return context.profile.compensation.mode == "real_time"


@_test
def shutter_closed(context: Context) -> bool:
    """The plan takes no exposure at this moment (C1)."""
    return not context.plan.exposing


@_test
def correction_due(context: Context) -> bool:
    """The rule wants the focuser at least one whole step from where it is (C4)."""
    return compensating.correction_steps(context) != 0


@_test
def no_run(context: Context) -> bool:
    """No autofocus run is under way (C6)."""
    return context.run is None


@_test
def no_flip(context: Context) -> bool:
    """No meridian flip is under way (C6)."""
    return not context.plan.flip_under_way


@_test
def focuser_known(context: Context) -> bool:
    """The focuser's position is known."""
    return context.verified_position is not None and not context.lost
