"""Tells the answer in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from statefocus.trace.times import show, zone_of
from statefocus.what_if.answer import Pair, WhatIf
from statefocus.what_if.drifting import Drift
from statefocus.what_if.told import RunTold


def sentences(answer: WhatIf) -> Iterator[str]:
    """Give the lines of the answer."""
    zone = zone_of(answer.time_zone)
    for sentence in answer.misfits:
        yield f"Does not fit: {sentence}"
    for sentence in answer.assumptions:
        yield f"Assumed: {sentence}"
    counts = {name: len(answer.of(name)) for name in ("kept", "changed", "moved", "added", "removed")}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none on either side"
    yield f"Runs ({answer.time_zone}): {told}."
    for pair in answer.pairs:
        if pair.change != "kept":
            yield f"  {_pair(pair, zone)}"
    for missed in answer.missed:
        yield f"No focus: the supposed run of {show(missed.started_t, zone)} failed, since {missed.why}."
    yield from _minutes(answer, zone)
    yield from _drift(answer)
    yield from _inhibited(answer, zone)
    yield from answer.notes


def _minutes(answer: WhatIf, zone: ZoneInfo) -> Iterator[str]:
    before, after = answer.minutes
    if not answer.untimed:
        yield f"Focusing: {before:.1f} min as recorded, {after:.1f} min supposed ({_signed(after - before)} min)."
        return
    count = len(answer.untimed)
    without = f"without {count} run{'s' if count > 1 else ''} whose length nobody can tell"
    yield f"Focusing: {before:.1f} min as recorded, {without}; {after:.1f} min supposed."
    for run in answer.untimed:
        if run.begins:
            later = f"the log ends, or tells of another run, {(run.ended_t - run.started_t) / 60:.1f} min later"
            yield f"  The log does not tell how the run of {show(run.started_t, zone)} ended; {later}."
        else:
            yield f"  The log does not tell when the run that ended at {show(run.ended_t, zone)} had begun."


def _signed(value: float) -> str:
    """Show a number with its sign and one decimal; what rounds to nothing has none to lose.

    >>> _signed(-0.04), _signed(-0.06), _signed(2.0)
    ('+0.0', '-0.1', '+2.0')
    """
    return f"{round(value, 1) or 0.0:+.1f}"


def _pair(pair: Pair, zone: ZoneInfo) -> str:
    before, after = pair.before, pair.after
    if after is None and before is not None:
        return f"removed {_run(before, zone)}."
    if before is None and after is not None:
        why = f": {after.reason.rstrip('.')}" if after.reason else ""
        return f"added   {_run(after, zone)}{why}."
    if before is None or after is None:
        return ""
    if pair.change == "moved":
        minutes = (after.plan_t - before.plan_t) / 60
        apart = f": {abs(minutes):.1f} min {_side(minutes)}" if before.begins else ""
        return f"moved   {_run(before, zone)}, to {_run(after, zone)}{apart}."
    why = f": {after.reason.rstrip('.')}" if after.reason else ""
    return f"changed {_run(before, zone)}; now {after.outcome}{why}."


def _side(minutes: float) -> str:
    return "later" if minutes > 0 else "earlier"


def _run(run: RunTold, zone: ZoneInfo) -> str:
    where = f" at {run.position}" if run.position is not None else ""
    causes = run.why if run.causes == ("host",) or run.why else ", ".join(run.causes)
    took = "of unknown length" if run.seconds is None else f"{run.seconds:.0f} s"
    when = f"{'' if run.begins else 'ended '}{show(run.started_t, zone)}"
    return f"{when} {causes}: {run.outcome}{where} ({took})"


def _drift(answer: WhatIf) -> Iterator[str]:
    before, after = answer.drift
    can = f"recorded {before.judged} of {before.frames}, supposed {after.judged} of {after.frames}"
    if before.judged + after.judged == 0:
        yield "Drift: the trace cannot tell it: no Light frame lies between two focus points of its filter."
    elif before.compared == 0:
        yield f"Drift: no Light frame can be judged in both nights ({can})."
    else:
        yield f"Drift at the {before.compared} Light frames that can be judged in both nights ({can}):"
        yield f"  recorded: {_told(before, answer.cfz_steps)}"
        yield f"  supposed: {_told(after, answer.cfz_steps)}"


def _told(drift: Drift, cfz: float) -> str:
    mean, worst = drift.mean_steps or 0.0, drift.worst_steps or 0.0
    return (
        f"mean {mean:.1f} steps ({mean / cfz:.2f} CFZ), worst {worst:.1f} steps ({worst / cfz:.2f} CFZ), "
        f"{drift.outside} beyond half the CFZ."
    )


def _inhibited(answer: WhatIf, zone: ZoneInfo) -> Iterator[str]:
    for name, told in answer.inhibited.items():
        by = ", ".join(f"{guard} ({'once' if count == 1 else f'{count} times'})" for guard, count in told.by.items())
        until = f" to {show(told.last_t, zone)}" if told.times > 1 else ""
        yield f"Inhibited: {name} was due and held back, {show(told.first_t, zone)}{until}: {by}."
