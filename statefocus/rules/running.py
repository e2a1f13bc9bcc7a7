"""The guards of a run, of its end, and of the plan."""

from __future__ import annotations

from statefocus import focusing, triggers
from statefocus.context import REFOCUSED, Context
from statefocus.rules.registry import test


@test
def plan_paused_by_other(context: Context) -> bool:
    """Somebody else has paused the plan, so it stays paused when a run is over."""
    return context.plan.paused


@test
def yes_unserved(context: Context) -> bool:
    """A person said yes to a refocus after a filter change by hand, and no run has begun since (T4)."""
    return context.triggers.confirmed


@test
def between_frames(context: Context) -> bool:
    """No frame of the plan is being exposed or downloaded."""
    return all(
        until is None or context.now >= until for until in (context.plan.shutter_until, context.plan.unheard_until)
    )


@test
def asked_by_person(context: Context) -> bool:
    """A person asked for the run under way, or for the way back (A11, A12)."""
    return context.run is not None and not context.run.automatic


@test
def flip_under_way(context: Context) -> bool:
    """A meridian flip has started and not finished."""
    return context.plan.flip_under_way


@test
def session_goes_on(context: Context) -> bool:
    """The session is not being wound up."""
    return not context.plan.ending


@test
def session_ends(context: Context) -> bool:
    """The session is being wound up."""
    return context.plan.ending


@test
def run_given_up(context: Context) -> bool:
    """The run was cancelled or interrupted while its focuser was being read, or never wanted more than to return."""
    return context.run is not None and context.run.outcome != "running"


@test
def sweep_refused(context: Context) -> bool:
    """The focuser cannot make the sweep: not absolute, or too little travel (A1, A2)."""
    return bool(context.run and context.run.reason)


@test
def frames_left(context: Context) -> bool:
    """The position under way wants more frames before it is a point (A16)."""
    return context.run is not None and bool(context.run.frames)


@test
def points_left(context: Context) -> bool:
    """The sweep has positions that were not measured yet."""
    return context.run is not None and len(context.run.points) < len(context.run.sweep.positions)


@test
def exposure_retry_left(context: Context) -> bool:
    """The exposure that failed may be tried again."""
    return context.run is not None and context.run.retries < context.profile.autofocus.exposure_retries


@test
def fit_accepted(context: Context) -> bool:
    """The curve passed all of its verdicts (F7), or all but those that a validation frame can still settle (F4, F5).

    A sweep that was made again has to pass them all: clouds do not get a second chance of a lucky curve (A9).
    """
    run = context.run
    if run is None or run.fit is None:
        return False
    return run.fit.accepted or (run.fit.needs_validation and not run.sweep.recentred)


@test
def full_sweep_left(context: Context) -> bool:
    """The sweep under way is a learned one of two frames, so a whole one can still be made."""
    return context.run is not None and context.run.sweep.learned


@test
def sweep_to_extend(context: Context) -> bool:
    """The minimum lies on one side of the points, and smart focus may take one more point there (A9)."""
    return not fit_accepted(context) and focusing.further_position(context) is not None


@test
def sweep_to_recentre(context: Context) -> bool:
    """The sweep found nothing, and smart focus may sweep once more around its lowest points (A9)."""
    return not fit_accepted(context) and focusing.other_centre(context) is not None


@test
def validation_passed(context: Context) -> bool:
    """The frame at the new position is as sharp as the curve predicts (V1)."""
    return focusing.validation_passed(context)


@test
def validation_repeatable(context: Context) -> bool:
    """The frame at the new position has not been repeated yet (V2)."""
    return context.run is not None and len(context.run.validations) < focusing.VALIDATION_FRAMES


@test
def miss_is_kept(context: Context) -> bool:
    """The profile keeps a position that was not validated (V2), and the curve itself passed all of its verdicts."""
    fit = context.run.fit if context.run else None
    return context.profile.validation.on_miss == "keep" and fit is not None and fit.accepted


@test
def ground_lost(context: Context) -> bool:
    """What the run stands on was taken away: no longer safe, unparked or tracking."""
    return focusing.ground_lost(context) is not None


@test
def filter_lost(context: Context) -> bool:
    """The filter is another one than that of the run, whose points could not be compared any more."""
    return focusing.filter_lost(context)


@test
def flip_missed(context: Context) -> bool:
    """A flip interrupted the run, not a person or the session's end, and its own refocus is still to be made (T5)."""
    run = context.run
    if run is None or run.outcome != "cancelled" or "undo" in run.causes or run.by_person:
        return False
    return triggers.is_due(context, "flip") and not context.plan.ending


@test
def nothing_to_restore(context: Context) -> bool:
    """The focuser was not moved, or nobody ever knew where it stood."""
    return focusing.restore_position(context) is None


@test
def put_back_retry_left(context: Context) -> bool:
    """Putting the focuser back, or the plan, may be tried again."""
    return context.run is not None and context.run.retries < context.profile.failure.restore_retries


@test
def policy_pauses(context: Context) -> bool:
    """An automatic run failed, and the profile leaves the plan paused then (T13)."""
    return _failed(context) and context.profile.failure.policy == "pause"


@test
def policy_aborts(context: Context) -> bool:
    """An automatic run failed, and the profile gives the plan up then (T13)."""
    return _failed(context) and context.profile.failure.policy == "abort"


def _failed(context: Context) -> bool:
    run = context.run
    return run is not None and run.automatic and run.outcome not in REFOCUSED and run.outcome != "cancelled"


@test
def undo_known(context: Context) -> bool:
    """There is a position to return to (A12)."""
    return focusing.undo_position(context) is not None
