"""Calls of the gate, as whole processes, beside a Python that does nothing: one session, many calls by turns."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.bench.telling import Section
from tests.bench.timing import Spread, machine, milliseconds
from tests.gate.session import Session, serving

CALLS = 40
FAST = 100.0  # of the session's clock: a frame is over before the next call
EXPOSURE_S = "5"
HEAD = ("whole process", "ms", "times a bare Python")
BARE = "`python -c pass`"


def section() -> Section:
    """Return the table of calls that find nothing to do."""
    words = (
        f"{machine()}. Median (least - most) of {CALLS} calls each, by turns; the session attends the embedded "
        "observatory, and nothing is due."
    )
    return Section("gate", words, HEAD, rows())


def rows() -> Iterator[tuple[str, ...]]:
    """Call by turns, since the machine's own speed drifts."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), speed=FAST, frames=100_000) as (session, _):
        run(session, "-m", "statefocus", "gate", "--exposure", EXPOSURE_S)  # the run before the first frame
        taken: dict[str, list[float]] = {name: [] for name in calls(session)}
        for _ in range(CALLS):
            for name, call in calls(session).items():
                taken[name].append(milliseconds(call))
    bare = taken[BARE]
    for name, ms in taken.items():
        ratio = Spread.of([one / other for one, other in zip(ms, bare, strict=True)])
        yield name, Spread.of(ms).told(), ratio.told()


def calls(session: Session) -> dict[str, Callable[[], None]]:
    """Return what is called, by its name in the table."""
    statefocus = str(Path(sys.executable).with_name("statefocus"))
    return {
        BARE: partial(run, session, "-c", "pass"),
        "`statefocus gate`, nothing is due": partial(run, session, statefocus, "gate", "--exposure", EXPOSURE_S),
        "`statefocus notify frame-saved`": partial(run, session, statefocus, "notify", "frame-saved"),
        "`statefocus ctl status`": partial(run, session, statefocus, "ctl", "status"),
    }


def run(session: Session, *words: str) -> None:
    """Run Python to its end; an error where the call did not do what is measured."""
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=session.folder, env=session.environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command}: exit {done.returncode}: {done.stdout}{done.stderr}")
