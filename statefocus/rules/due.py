"""Which trigger is due (T), and whether its time has come; the arithmetic is in `triggers`."""

from __future__ import annotations

from statefocus import triggers
from statefocus.context import Context
from statefocus.rules.registry import test


@test
def temperature_due(context: Context) -> bool:
    """T1: the averaged temperature has changed by the limit since the last refocus."""
    return triggers.is_due(context, "temperature")


@test
def count_due(context: Context) -> bool:
    """T2: the plan has taken its number of Light frames since the last refocus."""
    return triggers.is_due(context, "count")


@test
def time_due(context: Context) -> bool:
    """T3: the minutes since the last refocus are over."""
    return triggers.is_due(context, "time")


@test
def filter_due(context: Context) -> bool:
    """T4: the plan has changed the filter since the last refocus."""
    return triggers.is_due(context, "filter")


@test
def flip_due(context: Context) -> bool:
    """T5: the mount has flipped since the last refocus."""
    return triggers.is_due(context, "flip")


@test
def asap_due(context: Context) -> bool:
    """T6: a person asked for a refocus as soon as possible."""
    return triggers.is_due(context, "asap")


@test
def first_frame_due(context: Context) -> bool:
    """T7: a plan has begun, and it was not focused for it yet; stays due until it is."""
    return triggers.is_due(context, "first_frame")


@test
def resume_due(context: Context) -> bool:
    """T8: a paused plan was resumed, and it was not focused for it yet."""
    return triggers.is_due(context, "resume")


@test
def centering_due(context: Context) -> bool:
    """T9: the target was centred automatically since the last refocus."""
    return triggers.is_due(context, "centering")


@test
def image_history_due(context: Context) -> bool:
    """T10: the last Light frames are worse by the limit than those right after the last validated refocus."""
    return triggers.is_due(context, "image_history")


@test
def nothing_ahead(context: Context) -> bool:
    """T14: no filter change and no flip comes before the next frame, as far as known, which the run could serve too."""
    plan = context.plan
    return not (plan.filter_ahead or plan.filter_changing or plan.flip_ahead)


@test
def backoff_over(context: Context) -> bool:
    """T13: the wait after an automatic run that failed, or that a person cancelled, is over."""
    retry_t = context.triggers.retry_t
    return retry_t is None or context.now >= retry_t
