"""Which tests a mutant is shown, and which of them see the place that it has changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from tests.mutants.making import MODULES, ROOT

if TYPE_CHECKING:  # loaded once a mutant is in its place
    from statefocus.events import Event
    from statefocus.session import Session, State, Step

CORE = (
    *("ownership", "late_holds", "thermometer", "image_history", "confirmation", "rows", "filters", "lookahead"),
    *("triggers", "guards", "focusing", "limits"),
    *("runs", "learned", "faults", "host_refocused", "compensation", "metrics"),
)
"""The core's tests, quick ones first."""

PROOF = "tests/machine/test_proving.py::test_the_machines_that_come_with_statefocus_are_proved"
"""What is asked about every machine file before the rest."""

QUICK = (*(f"tests/core/test_{name}.py" for name in CORE), "tests/nights")
UNWATCHED = ("tests/machine", "tests/core/test_properties.py")
"""What is asked last, since it sees nearly everything."""

SUITE = (*QUICK, *UNWATCHED)

LEFT_OUT = "not machines_of_today"
"""The test that compares the recorded nights with today's machine text would notice any edit, and prove nothing."""

SHARE = 12
"""So many of the tests that see a place are asked before those that see a wider one."""

STUCK_S = 120  # of one test, on a busy machine

Seen = dict[str, list[str]]
"""The tests that see a place (a row, a state, a line of a module), quick ones first."""


def run(tests: tuple[str, ...] | list[str], *plugins: object) -> int:
    """Run tests in this process, silently, up to the first that fails; gives pytest's exit code."""
    quietly = ["-x", "-q", "-p", "no:cacheprovider", "-n", "0", "--timeout", str(STUCK_S)]
    quietly += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-k", LEFT_OUT]
    return int(pytest.main([*quietly, *tests], plugins=list(plugins)))


def silence() -> None:
    """Let this process, which is made for one run, print nothing, and look for no more than one counterexample."""
    from hypothesis import Phase, settings

    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)
    settings.load_profile("mutants")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


class Watch:
    """A pytest plug-in that notes what each test sees: lines of the core, rows that are tried, states."""

    def __init__(self) -> None:
        self._files = {str(ROOT / f"statefocus/{module.replace('.', '/')}.py") for module in MODULES}
        self._places: dict[str, set[str]] = {}
        self._seconds: dict[str, float] = {}
        self._now: set[str] = set()

    def seen(self) -> Seen:
        """What was noted."""
        by_place: Seen = {}
        for test, places in self._places.items():
            for place in places:
                by_place.setdefault(place, []).append(test)
        return {
            place: sorted(tests, key=lambda test: self._seconds.get(test, 0.0)) for place, tests in by_place.items()
        }

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._now = self._places[item.nodeid] = set()
        sys.settrace(self._call)
        try:
            return (yield)
        finally:
            sys.settrace(None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionstart(self) -> None:
        from statefocus.session import Session

        step = Session.step

        def watched(session: Session, state: State, event: Event, t: float) -> Any:
            after, steps = step(session, state, event, t)
            for one in steps:
                self._note(one, event)
            return after, steps

        Session.step = watched  # type: ignore[method-assign, assignment]  # in a process made for this

    def _note(self, step: Step, event: Event) -> None:
        """Note the rows that were tried, the one that was taken, from where and on what, and the states."""
        self._now.update(f"row {tried.row}" for tried in step.tried)
        before, after = _with_those_around(step.before), _with_those_around(step.after)
        self._now.update(f"state {name}" for name in (*before, *after))
        if step.row is not None:
            taken = f"taken {step.row}"
            self._now.update((taken, f"{taken} on {event.kind}", *(f"{taken} from {name}" for name in before)))

    def _call(self, frame: FrameType, _event: str, _arg: object) -> Any:
        return self._line if frame.f_code.co_filename in self._files else None

    def _line(self, frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            self._now.add(f"{Path(frame.f_code.co_filename).relative_to(ROOT)}:{frame.f_lineno}")
        return self._line


def _with_those_around(leaf: str) -> list[str]:
    parts = leaf.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def witnesses(seen: Seen, places: tuple[str, ...]) -> list[str]:
    """Tests that see one of these places, those of the first ones first, a share of each among the first ones of all.

    A line that runs while modules are loaded has none of its own.
    """
    ranks = [seen.get(place, []) for place in places]
    first = [test for rank in ranks for test in rank[:SHARE]]
    return list(dict.fromkeys([*first, *(test for rank in ranks for test in rank)]))
