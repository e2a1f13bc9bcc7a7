"""What the facts say against a run: a ruling on one of them, and in words what forbids a person's wish."""

from __future__ import annotations

from collections.abc import Iterator

from statefocus import focusing
from statefocus.context import REFOCUSED, Context
from statefocus.machine.vocabulary import Ruling, ruling

_PERSONS: tuple[tuple[str, str, bool, str], ...] = (
    ("unparked", "parked", False, "the mount is parked"),
    ("safe", "safe", True, "the safety monitor says that it is not safe"),
)
"""Guards of a person's run that go by a fact: guard, fact, what it must be, and what is so where it is the contrary."""

_AUTOMATIC: dict[str, tuple[str, str, str]] = {
    "tracking": ("tracking", "whether the mount tracks", "the mount does not track"),
    "unparked": ("parked", "whether the mount is parked", "the mount is parked"),
    "safe": ("safe", "whether it is safe", "the safety monitor says that it is not safe"),
    "astro_night": ("astro_night", "where the Sun is", "the Sun is not where the profile wants it"),
    "flip_not_imminent": (
        *("flip_leaves_time", "when the mount flips next"),
        "the next meridian flip leaves no time for a run",
    ),
    "light_plan": ("frame_type", "which frame comes next", "the plan takes no Light frame next"),
}
"""Guards of an automatic run that go by a fact: fact, what is not known without it, what is so where it forbids."""


def by_fact(context: Context, source: str, fact: str, *, wanted: bool) -> Ruling:
    """Rule on a fact: `source` is where the profile takes it from; one that is missing or stale is unknown."""
    if source == "not_used":
        return Ruling.NOT_USED
    value = context.known(fact)
    return Ruling.UNKNOWN if value is None else ruling(holds=value is wanted)


def against_wish(context: Context) -> tuple[str, ...]:
    """Tell what forbids the run, or the way back, that a person has just asked for: each in a clause, guards by name.

    Empty where all that is known here allows it; then a guard forbids it that only an edited machine asks.
    """
    return (*_under_way(context), *_guards(context))


def against_refocus(context: Context, guard: str, said: Ruling, doc: str) -> str:
    """Tell in a clause why a guard keeps a refocus waiting; `doc` is what it asks for, where nothing more is known."""
    if guard not in _AUTOMATIC:
        return f"{_standing(context).get(guard) or contrary_of(doc, said)} (`{guard}` {said})"
    fact, unknown, contrary = _AUTOMATIC[guard]
    told = _told(context, fact, contrary, "the host" if fact == "frame_type" else "the device")
    why = f"{unknown} is not known: {told}" if said is Ruling.UNKNOWN else told
    return f"{why} (`{guard}` {said})"


def contrary_of(doc: str, said: str) -> str:
    """Tell in a clause that what a guard asks for is not so, or that nobody knows whether it is."""
    return f"it is not {'known whether this is so' if said == Ruling.UNKNOWN else 'so'}: {doc}"


def _standing(context: Context) -> dict[str, str]:
    """What is so where a guard forbids that goes by what begins and ends."""
    plan, hand, aids = context.plan, context.other_hand, sorted(context.plan.aids)
    return {
        "triggers_armed": "the triggers are paused, until somebody resumes them",
        "aids_closed": f"{' and '.join(aids)} {'are' if len(aids) > 1 else 'is'} open" if aids else "",
        "focuser_ours": f"the focuser is not ours: {hand.what}" if hand is not None else "",
        "no_flip": "a meridian flip is under way",
        "between_frames": _unheard(context)
        or ("an exposure of the plan is being taken or read out" if plan.shutter_until else ""),
        "no_run": "a run is under way",
        "session_goes_on": "the session is being ended",
        "backoff_over": _backs_off(context),
        "nothing_ahead": _ahead(context),
    }


def _unheard(context: Context) -> str:
    """Tell that the host may be taking a frame that this session was not told of; empty where it was, or is silent."""
    until = context.plan.unheard_until
    if until is None or context.now >= until:
        return ""
    return (
        "an earlier session was cut off, and the host has not told yet what it does, so a frame may be under way: wait "
        f"for its next frame, or for another {until - context.now:.0f} s without a word"
    )


def _backs_off(context: Context) -> str:
    """After which run automatic ones wait, and how long still (T13)."""
    last, retry_t = context.last_run, context.triggers.retry_t
    if retry_t is None:
        return ""
    what = "an automatic run failed, or was cancelled,"
    if last is not None and last.automatic and last.outcome not in REFOCUSED:
        what = f"run {last.number} {'was cancelled' if last.outcome == 'cancelled' else 'failed'}"
    return f"{what} a short while ago, and automatic runs wait for another {retry_t - context.now:.0f} s"


def _ahead(context: Context) -> str:
    """What comes before the plan's next frame, and is served by the same run (T14)."""
    plan = context.plan
    if plan.filter_changing:
        return "the filter wheel turns, and a run after that serves both"
    if plan.filter_ahead or plan.flip_ahead:
        what = "another filter" if plan.filter_ahead else "a meridian flip"
        return f"{what} comes before the next frame, and a run after that serves both"
    return ""


def _under_way(context: Context) -> Iterator[str]:
    plan = context.plan
    if context.run is not None:
        yield f"run {context.run.number} is under way"
    if plan.exposing:
        yield "an exposure of the plan is being prepared, taken or read out"
    if unheard := _unheard(context):
        yield f"{unheard} (`between_frames` failed)"
    if plan.flip_under_way:
        yield "a meridian flip is under way (`no_flip` failed)"
    if plan.ending:
        yield "the session is being ended (`session_goes_on` failed)"


def _guards(context: Context) -> Iterator[str]:
    for guard, fact, wanted, contrary in _PERSONS:
        said = by_fact(context, getattr(context.profile.guards, guard), fact, wanted=wanted)
        if not said.passes:
            yield f"{_told(context, fact, contrary)} (`{guard}` {said})"
    if context.other_hand is not None and context.other_hand.at_work:
        yield "the focuser is not free: the host's own autofocus moves it (`focuser_free` failed)"
    if context.plan.aids:
        aids = sorted(context.plan.aids)
        yield f"{' and '.join(aids)} {'are' if len(aids) > 1 else 'is'} open (`aids_closed` failed)"
    if context.wish is None and focusing.undo_position(context) is None:
        yield "no run has left a position to return to (`undo_known` failed)"


def _told(context: Context, fact: str, contrary: str, source: str = "the device") -> str:
    """What a fact said last, and how long ago."""
    held, limit_s = context.facts.get(fact), context.profile.guards.stale_after_s
    if held is None:
        return "no device has told this yet" if source == "the device" else f"{source} has not told this yet"
    age_s = context.now - held.t
    if held.value is None:
        return f"{source} could not tell, {age_s:.0f} s ago"
    if age_s > limit_s:
        return f"{source} told it last {age_s:.0f} s ago, limit {limit_s:g} s"
    return f"{contrary}, told {age_s:.0f} s ago"
