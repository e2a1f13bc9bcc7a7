"""What a session does at a moment, as one JSON object; made of values that never change, in any thread."""

from __future__ import annotations

from typing import Any

from statefocus import triggers
from statefocus.context import Context, Run
from statefocus.focusing import best_position
from statefocus.session import State
from statefocus.trace.times import show, zone_of


def status(state: State, runs: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Tell where a session stands, what is due, and what was done last."""
    context = state.context
    plan, facts = context.plan, context.triggers
    return {
        "rig": context.profile.name,
        "host": context.profile.host.kind,
        "at": _time(context, context.now),
        "state": state.leaves["session"],
        "paused": facts.paused,
        "due": list(triggers.due(context)),
        "waits_until": _waits_until(context),
        "triggers": {reading.name: _reading(reading) for reading in triggers.readings(context)},
        "question": facts.question == "asked",
        "plan": {
            "running": plan.running,
            "paused": plan.paused,
            "filter": plan.filter,
            "lights": plan.lights,
            "aids": sorted(plan.aids),
        },
        "position": _position(context),
        "verified_position": context.verified_position,
        "other_hand": _hand(context),
        "run": _under_way(context.run, context) if context.run is not None else None,
        "last_run": runs[-1] if runs else None,
        "ending": plan.ending,
    }


def _position(context: Context) -> int | None:
    """Where the focuser was last read or told to stand, be it by a run or by another hand; None where nobody knows."""
    run, hand = context.run, context.other_hand
    if run is not None and run.position is not None:
        return run.position
    if hand is not None:
        return hand.position
    return None if context.lost else context.stands_at


def _waits_until(context: Context) -> str | None:
    """When the next automatic run may begin after one that failed (T13); None where none has to wait."""
    retry_t = context.triggers.retry_t
    return None if retry_t is None or context.now >= retry_t else _time(context, retry_t)


def _hand(context: Context) -> dict[str, Any] | None:
    """Whoever else has moved the focuser: until a person resumes the triggers or focuses, nothing is moved."""
    hand = context.other_hand
    return None if hand is None else {"what": hand.what, "at_work": hand.at_work, "position": hand.position}


def _time(context: Context, t: float) -> str:
    return show(t, zone_of(context.profile.site.time_zone), date=True)


def _reading(reading: triggers.Reading) -> dict[str, Any]:
    value = round(reading.reading, 3) if isinstance(reading.reading, float) else reading.reading
    return {"due": reading.due, "reading": value, "limit": reading.limit, "text": reading.text}


def _under_way(run: Run, context: Context) -> dict[str, Any]:
    return {
        "number": run.number,
        "for": list(run.causes),
        "since": _time(context, run.started_t),
        "points": len(run.points),
        "of": len(run.sweep.positions),
        "outcome": run.outcome,
    }


def concluded(run: Run, context: Context) -> dict[str, Any]:
    """Tell of a run that has ended."""
    return {
        "number": run.number,
        "for": list(run.causes),
        "at": _time(context, context.now),
        "seconds": round(context.now - run.started_t, 1),
        "outcome": run.outcome,
        "position": run.position,
        "best_position": best_position(run),
        "filter": run.filter,
        "reason": run.reason,
    }
