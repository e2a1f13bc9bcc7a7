"""The arithmetic of an autofocus run outside the curve itself: what it returns to, what it predicts, what ends it."""

from __future__ import annotations

from statefocus.context import Context, Run
from statefocus.focus.learned import LearnedCurve
from statefocus.focus.limits import PastFocus
from statefocus.focus.optics import Telescope
from statefocus.focus.smart import Side, lowest_average, missing_side, next_position
from statefocus.focus.sweep import Sweep, Target, approach, plan_pair, plan_sweep
from statefocus.image_history import channel_of
from statefocus.profile import Profile

VALIDATION_FRAMES = 2
"""The frame at the new position is repeated once, then the profile decides (V2)."""

_GROUND: tuple[tuple[str, bool, str], ...] = (
    ("safe", False, "the safety monitor says that it is not safe"),
    ("parked", True, "the mount was parked"),
    ("tracking", False, "the mount stopped tracking"),
)


def ground_lost(context: Context) -> str | None:
    """Tell what was taken away from under a run, its filter too, or None; a run by hand needs no tracking."""
    if context.other_hand is not None and context.other_hand.at_work:
        return "the host began an autofocus of its own"
    sources = context.profile.guards
    used = {"safe": sources.safe, "parked": sources.unparked, "tracking": sources.tracking}
    for fact, bad, sentence in _GROUND:
        held = context.facts.get(fact)
        by_hand = fact == "tracking" and context.run is not None and not context.run.automatic
        if held is not None and held.value is bad and used[fact] != "not_used" and not by_hand:
            return sentence
    return f"the filter was changed to {context.plan.filter}" if filter_lost(context) else None


def filter_lost(context: Context) -> bool:
    """Whether the filter is another one than that of the run; the plan's own counts too until the wheel has turned."""
    run = context.run
    if run is None or context.plan.filter == run.filter:
        return False
    on_the_way = not run.filter_turned or any(one.kind == "set_filter" for one in context.pending.values())
    return not (on_the_way and context.plan.filter == run.home_filter)


def overshoot_steps(context: Context) -> int:
    """Steps to go beyond on an outward move; 0 where backlash is not compensated (A7)."""
    focuser = context.profile.focuser
    return 0 if focuser.backlash == "none" else focuser.overshoot_steps


def binning(context: Context) -> int:
    """Binning of a focus frame in the run's filter (A3)."""
    own = context.profile.autofocus.filters.get(run_filter(context) or "")
    return (own and own.binning) or context.profile.autofocus.binning


def run_filter(context: Context) -> str | None:
    """The filter of the run under way; else the one in the light path."""
    return context.run.filter if context.run else context.plan.filter


def comparable(context: Context) -> tuple[PastFocus, ...]:
    """The validated runs of the session in the run's filter and binning (F7)."""
    like = (run_filter(context), binning(context))
    return tuple(past.focus for past in context.history if (past.filter, past.binning) == like)


def sweep_around(context: Context, centre: int, max_step: int) -> Sweep:
    """Plan the profile's sweep around a position (A1)."""
    autofocus = context.profile.autofocus
    return plan_sweep(
        centre,
        points=autofocus.points,
        step_size=autofocus.step_size_steps,
        max_step=max_step,
        overshoot_steps=overshoot_steps(context),
    )


def telescope_of(profile: Profile) -> Telescope | None:
    """What the forward model must be told of the telescope; None where the profile does not ask for it."""
    if profile.fit.refine == "none":
        return None
    airy_steps = profile.optics.wavelength_um * profile.optics.f_ratio**2 / profile.focuser.um_per_step
    return Telescope(profile.optics.obstruction_percent / 100.0, airy_steps)


def first_sweep(context: Context, run: Run, centre: int) -> Sweep:
    """Plan the sweep that a run begins with: two frames where the profile says so and the curve is known, else all."""
    autofocus = context.profile.autofocus
    whole = sweep_around(context, centre, run.max_step)
    if autofocus.sweep == "full" or whole.refusal or not learned_curve(context, run).trusted:
        return whole
    pair = plan_pair(centre, points=autofocus.points, step_size=autofocus.step_size_steps, max_step=run.max_step)
    return pair or whole


def learned_curve(context: Context, run: Run) -> LearnedCurve:
    """What earlier runs have taught of the V-curve in a run's filter and binning."""
    return context.learned.get(channel_of(run.filter, binning(context)), LearnedCurve())


def move_to(context: Context, position: int) -> Target:
    """Plan a move from where the focuser was last known to stand, so that it ends in the sweep's own direction.

    A move that failed or was cut off may have come there from either side.
    """
    stands_at = context.verified_position if context.stands_at is None else context.stands_at
    current = context.run.position if context.run and context.run.position is not None else stands_at
    known = position if current is None else current
    limit = max(known, position) if context.max_step is None else context.max_step
    overshoot = overshoot_steps(context)
    return approach(known, position, overshoot_steps=overshoot, max_step=limit, from_inside=context.astray)


def further_position(context: Context) -> int | None:
    """The position that smart focus adds to the sweep (A9); None where it adds none."""
    run, autofocus = context.run, context.profile.autofocus
    side = _missing_side(context)
    if run is None or side is None or run.sweep.extended >= autofocus.smart_points:
        return None
    return next_position(run.sweep, side, autofocus.step_size_steps, run.max_step)


def other_centre(context: Context) -> int | None:
    """The position that a sweep that found nothing is made again around, once (A9); None where that is no use."""
    run = context.run
    if run is None or run.fit is None or not context.profile.smart_focus or run.sweep.recentred:
        return None
    lowest = lowest_average(run.points, run.fit)
    if _missing_side(context) or lowest is None:
        return None
    middle = (min(run.sweep.positions) + max(run.sweep.positions)) / 2
    moves_on = abs(lowest - middle) >= context.profile.autofocus.step_size_steps
    return round(lowest) if moves_on else None


def smart_refusal(context: Context) -> str:
    """Say why smart focus gives up on a sweep (A9); empty where it is not used."""
    run, most = context.run, context.profile.autofocus.smart_points
    if run is None or run.fit is None or not context.profile.smart_focus:
        return ""
    side = _missing_side(context)
    if side and run.sweep.extended >= most > 0:
        took = "one more point" if most == 1 else f"{most} more points"
        return f"Smart focus took {took} and still saw no minimum: begin nearer to focus, further {side}."
    if side and most:
        return f"Smart focus cannot take a point further {side}: the focuser's travel, 0 to {run.max_step}, ends there."
    if run.sweep.recentred:
        return "Smart focus swept once more around the lowest points, and found no focus there either."
    if all(point.measure is None for point in run.points):
        return "Smart focus has no star to go by: bring the telescope near focus by hand."
    return "" if side else "Smart focus saw no side on which the minimum could lie."


def _missing_side(context: Context) -> Side | None:
    run = context.run
    if run is None or run.fit is None or not context.profile.smart_focus:
        return None
    return missing_side(run.points, run.fit)


def best_position(run: Run) -> int | None:
    """The position that the curve found, to the nearest whole step; None without one.

    The one rule for rounding a position: first to a millionth of a step, so that the last bits of a processor decide
    nothing, then half away from zero.
    """
    if run.fit is None or run.fit.best_position is None:
        return None
    whole = int(round(abs(run.fit.best_position), 6) + 0.5)
    return whole if run.fit.best_position >= 0 else -whole


def predicted(run: Run) -> float | None:
    """The metric that the curve predicts at the whole step nearest to its minimum."""
    best = best_position(run)
    return None if best is None or run.fit is None else run.fit.predict(best)


def validation_passed(context: Context) -> bool:
    """Whether the last validation frame is within the tolerance of the prediction (V1)."""
    run = context.run
    if run is None or not run.validations:
        return False
    measured, expected = run.validations[-1], predicted(run)
    if measured is None or expected is None:
        return False
    return abs(measured - expected) <= expected * context.profile.validation.tolerance_percent / 100


def restore_position(context: Context) -> int | None:
    """Where a failed or cancelled run returns to (A12, A13)."""
    return context.run.start_position if context.run else None


def undo_position(context: Context) -> int | None:
    """Where a cancel after the run's end returns to (A12)."""
    return context.last_run.start_position if context.last_run else None
