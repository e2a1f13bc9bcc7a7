"""Compares the supposed night with the recorded one: runs added, removed and moved, minutes, and drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from statefocus.loading import load_machines
from statefocus.machine.definition import Definition
from statefocus.profile import Profile
from statefocus.session import Session
from statefocus.what_if.drifting import Drift, drifts
from statefocus.what_if.fitting import fitted, misfits, same_rig, world_of
from statefocus.what_if.oracle import Oracle, Truth
from statefocus.what_if.reaching import Missed
from statefocus.what_if.recorded import read
from statefocus.what_if.supposing import Inhibited, Supposing
from statefocus.what_if.told import RunTold

SAME_S = 30.0
"""Runs that begin this close to each other in plan time are the same run."""
MOVED_AT_MOST_S = 1800.0
"""Runs further apart are one run less and one more."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A run of the recorded night and what became of it; None on the side where there is none."""

    before: RunTold | None
    after: RunTold | None

    @property
    def change(self) -> str:
        """`kept`, `changed` (another outcome), `moved`, `added` or `removed`."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if abs(self.after.plan_t - self.before.plan_t) > SAME_S:
            return "moved"
        good = {"host": "validated", "host failed": "restored", "host, untold": "restored"}
        same = good.get(self.before.outcome, self.before.outcome) == self.after.outcome
        return "kept" if same else "changed"


@dataclass
class WhatIf:
    """The answer; `minutes` of focusing, before and after, count no run of unknown length (`untimed`)."""

    time_zone: str
    pairs: list[Pair]
    minutes: tuple[float, float]
    drift: tuple[Drift, Drift]
    cfz_steps: float
    inhibited: dict[str, Inhibited]
    assumptions: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)

    def of(self, change: str) -> list[Pair]:
        """The runs with one kind of change."""
        return [pair for pair in self.pairs if pair.change == change]

    @property
    def untimed(self) -> list[RunTold]:
        """The recorded runs whose length nobody can tell."""
        return [pair.before for pair in self.pairs if pair.before is not None and not pair.before.timed]

    @property
    def unchanged(self) -> bool:
        """Whether the profile would have made no difference."""
        return all(pair.change == "kept" for pair in self.pairs)

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "unchanged": self.unchanged,
            "runs": [
                {"change": pair.change, "before": _plain(pair.before), "after": _plain(pair.after)}
                for pair in self.pairs
            ],
            "minutes_focusing": {"before": round(self.minutes[0], 3), "after": round(self.minutes[1], 3)},
            "runs_of_unknown_length": len(self.untimed),
            "drift": {"before": asdict(self.drift[0]), "after": asdict(self.drift[1])},
            "cfz_steps": self.cfz_steps,
            "inhibited": {name: asdict(told) for name, told in self.inhibited.items()},
            "assumptions": self.assumptions,
            "misfits": self.misfits,
            "notes": self.notes,
            "missed": [asdict(one) for one in self.missed],
        }


def _plain(run: RunTold | None) -> dict[str, Any] | None:
    if run is None:
        return None
    told = asdict(run)
    del told["points"], told["stars"]
    return {**told, "seconds": None if run.seconds is None else round(run.seconds, 3)}


def what_if(path: Path, profile: Profile, machines: Sequence[Definition] | None = None) -> WhatIf:
    """Run a recorded night under another profile.

    Parameters
    ----------
    path
        The trace.
    profile
        The profile to be tried.
    machines
        The machines to be tried; those that come with statefocus without any.

    Raises
    ------
    TraceError
        Where the trace cannot be read, or was changed.
    UsageError
        Where the profile is that of another rig.
    """
    night = read(path)
    same_rig(night, profile, path)
    wrong = list(misfits(night, profile))
    used, about_facts = fitted(night, profile)
    oracle = Oracle(night, used)
    world, about_world = world_of(night, used)
    session = Session(machines or load_machines(), used)
    supposed = Supposing(night, session, oracle, world).run()
    truth = oracle.truth
    return WhatIf(
        time_zone=night.time_zone,
        pairs=match(night.runs, supposed.runs),
        minutes=(_minutes(night.runs), _minutes(supposed.runs)),
        drift=drifts(night.frames, supposed.frames, truth, used.cfz_steps),
        cfz_steps=used.cfz_steps,
        inhibited=supposed.inhibited,
        assumptions=[*about_facts, *about_world, *oracle.told, *_about_drift(truth)],
        misfits=wrong,
        notes=supposed.notes,
        missed=supposed.missed,
    )


def _minutes(runs: Sequence[RunTold]) -> float:
    return sum(run.seconds or 0.0 for run in runs) / 60


def _about_drift(truth: Truth) -> list[str]:
    if len(truth.anchors) < 2:  # a line needs two points
        return ["The trace holds fewer than two successful runs, so nobody can tell how focus drifted in that night."]
    return [
        (
            "Best focus is taken as linear in time between the focus points of the recorded runs, per filter, which "
            "flatters the recorded night at each of them; frames outside are not judged."
        )
    ]


def match(before: Sequence[RunTold], after: Sequence[RunTold]) -> list[Pair]:
    """Pair the runs of two nights in their order, so that the moves in plan time are as small as they can be.

    >>> one, other = (RunTold(t, t + 60, t, ("count",), "validated", 5, None, "") for t in (0.0, 600.0))
    >>> [pair.change for pair in match([one], [one, other])]
    ['kept', 'added']
    """
    costs = _costs(before, after)
    left, right, pairs = 0, 0, []
    while left < len(before) or right < len(after):
        here = costs[left, right]
        if (left + 1, right + 1) in costs and here == costs[left + 1, right + 1] + _apart(before[left], after[right]):
            pairs.append(Pair(before[left], after[right]))
            left, right = left + 1, right + 1
        elif left < len(before) and here == costs[left + 1, right] + MOVED_AT_MOST_S:
            pairs.append(Pair(before[left], None))
            left += 1
        else:
            pairs.append(Pair(None, after[right]))
            right += 1
    return pairs


def _costs(before: Sequence[RunTold], after: Sequence[RunTold]) -> dict[tuple[int, int], float]:
    """The least cost of pairing what is left, from each place on, in seconds."""
    costs = {(len(before), len(after)): 0.0}
    for left in range(len(before), -1, -1):
        for right in range(len(after), -1, -1):
            ways = [costs[left, right]] if (left, right) in costs else []
            if left < len(before) and right < len(after):
                ways.append(costs[left + 1, right + 1] + _apart(before[left], after[right]))
            if left < len(before):
                ways.append(costs[left + 1, right] + MOVED_AT_MOST_S)
            if right < len(after):
                ways.append(costs[left, right + 1] + MOVED_AT_MOST_S)
            costs[left, right] = min(ways)
    return costs


def _apart(one: RunTold, other: RunTold) -> float:
    apart = abs(one.plan_t - other.plan_t)
    return apart if apart <= MOVED_AT_MOST_S else inf
