"""`make bench`: speed and accuracy, as ratios beside what else was measured in the same run. Never part of a test.

`python -m tests.bench` measures everything in some minutes, `python -m tests.bench --write` puts it into
docs/benchmarks.md too. One part alone: `frames`, `focus --runs 200` (sweeps a case), `refusals --runs 50` (sweeps
without a focus), `real`, `refocus`, `nights`, `gate`, `replay 1000000` (events). `bank FOLDER 20` keeps 20 measured
sweeps a case in a folder, to try estimators on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from statefocus.focus import FocusPoint, find_focus
from statefocus.frames import warm_up
from tests.bench import bank, calls, focusing, frames, nights, replaying
from tests.bench.sweeps import CASES
from tests.bench.telling import PAGE, Section, tell
from tests.bench.timing import BUDGET_S, machine, timed

RUNS = 2  # sweeps a case, quickly
SEASON_EVENTS = 100_000
PARTS = ("fit", "frames", "focus", "refusals", "real", "refocus", "nights", "gate", "replay")
BY_GALSIM = {"frames", "focus", "refusals", "bank"}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--runs", type=int, default=RUNS, help="sweeps a case")
    parser.add_argument("--cache", type=Path, default=focusing.default_root(), help="where rendered sweeps are kept")
    parser.add_argument("--jobs", type=int, default=1, help="processes that sweeps are shared among")
    parser.add_argument("--cases", type=cases, default=tuple(CASES), help="of a sweep, as outside,no stars")
    parser.add_argument("--sizes", type=sizes, default=tuple(frames.SIZES), help="megapixels, as 16,26,61")
    parser.add_argument("--seconds", type=float, default=BUDGET_S, help="for the rounds of one program on one frame")
    parser.add_argument("part", nargs="?", choices=(*PARTS, "bank"), help="one part alone")
    parser.add_argument("rest", nargs="*", help="events of a replay; folder and sweeps a case of a bank")
    return parser.parse_args()


def sizes(text: str) -> tuple[int, ...]:
    chosen = tuple(int(word) for word in text.split(","))
    if unknown := set(chosen) - set(frames.SIZES):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)} not among {sorted(frames.SIZES)}")
    return chosen


def cases(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(CASES):
        raise argparse.ArgumentTypeError(f"{sorted(unknown)} not among {sorted(CASES)}")
    return chosen


def fit_section() -> Section:
    """Time of one fit of nine points with all of its verdicts."""
    points = [FocusPoint(x, (4 + (0.03 * (x - 1907)) ** 2) ** 0.5, 0.05) for x in range(1700, 2101, 50)]

    def rows() -> Iterator[tuple[str, ...]]:
        yield "one curve of nine points, fitted and judged", timed(lambda: find_focus(points), 25).told(2)

    return Section("fit", f"{machine()}.", ("what", "ms"), rows())


def sections(asked: argparse.Namespace) -> dict[str, Callable[[], Section]]:
    """Return the parts, each of which begins to measure when its rows are read."""
    events = int(asked.rest[0]) if asked.part == "replay" and asked.rest else SEASON_EVENTS
    return {
        "fit": fit_section,
        "frames": lambda: frames.section(asked.sizes, asked.seconds),
        "focus": lambda: focusing.section(asked.runs, asked.cache, asked.jobs, asked.cases),
        "refusals": lambda: focusing.refusals_section(asked.runs, asked.cache, asked.jobs),
        "real": focusing.real_section,
        "refocus": nights.refocus_section,
        "nights": nights.section,
        "gate": calls.section,
        "replay": lambda: replaying.section(events),
    }


def main() -> None:
    """Measure, print, and write where asked to."""
    asked, console = parse(), Console()
    lacking = find_spec("galsim") is None
    if asked.part == "bank":
        folder, number = asked.rest
        for label in bank.fill(Path(folder), int(number)):
            console.print(label.name)
        return
    warm_up()
    for part, section in sections(asked).items():
        if asked.part not in (None, part):
            continue
        if lacking and part in BY_GALSIM:
            console.print(f"{part}: left out, GalSim is not installed (make bench installs it).")
            continue
        tell(section(), console, page=PAGE if asked.write else None)


if __name__ == "__main__":
    main()
