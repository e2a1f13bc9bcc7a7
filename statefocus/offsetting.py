"""The arithmetic of filters (O): how many steps lie between them, and which filter a run is made in.

The focuser's position is right for one filter, `right_for`. What is owed is the way from there to the filter in the
light path: the difference of their offsets, or the way to where that filter was last focused. So nothing is lost or
doubled, whatever came between; what lies beyond the focuser's travel is owed until there is room for it.
"""

from __future__ import annotations

from statefocus.context import Context, Run
from statefocus.profile import FilterSettings

_NOTHING_KNOWN = FilterSettings()


def settings(context: Context, name: str | None) -> FilterSettings:
    """What the profile says of a filter."""
    return context.profile.filters.get(name or "", _NOTHING_KNOWN)


def between(context: Context, former: str | None, now: str | None) -> int | None:
    """Steps from the focus in one filter to that in another (O1); None where an offset is not known."""
    if former == now:
        return 0
    first, second = settings(context, former).offset_steps, settings(context, now).offset_steps
    return None if first is None or second is None else second - first


def owed_steps(context: Context, target: str | None = None) -> int:
    """Steps from where the focuser stands to the focus in the filter in the light path, or in `target` (O1, O3)."""
    name = context.plan.filter if target is None else target
    offset = between(context, context.right_for.filter, name)
    if offset is not None:
        return offset + context.right_for.short_steps
    if not settings(context, name).last_position:
        return 0
    last, here = context.last_good.get(name or ""), context.verified_position
    return 0 if last is None or here is None else last - here


def move_steps(context: Context) -> int:
    """What is owed, as far as the focuser reaches."""
    here, last, steps = context.verified_position, context.max_step, owed_steps(context)
    if here is None:
        return 0
    return max(-here, steps if last is None else min(steps, last - here))


def is_owed(context: Context) -> bool:
    """Whether the focuser is to be moved for the filter, and no such move failed a short while ago."""
    return move_steps(context) != 0 and (context.offset_retry_t is None or context.now >= context.offset_retry_t)


def focus_filter(context: Context) -> str | None:
    """The filter that a run is to be made in, where it is another one than that in the light path (O2)."""
    own = settings(context, context.plan.filter)
    return own.via if own.focus == "via" else None


def focuses_on_change(context: Context) -> bool:
    """Whether a change to the present filter makes a refocus due (O2): not where its offset is all that it gets."""
    return settings(context, context.plan.filter).focus != "offset"


def run_offset_steps(context: Context, run: Run) -> int:
    """Steps from the focus that a run has found in its own filter to that in the plan's filter (O2)."""
    return between(context, run.filter, context.plan.filter) or 0
