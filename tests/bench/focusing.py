"""Error of the best focus in critical focus zones, and how often a wrong one is believed.

Sweeps come from GalSim, and what each program answers is kept (`Cache`): rendering and the programs of others are slow,
and change only with their own versions. Real sweeps of others follow in a table of their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from itertools import groupby, product, repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import statefocus.frames
from statefocus.focus import FocusPoint, find_focus
from statefocus.focus.learned import LearnedCurve
from statefocus.frames import measure_frame, read_frame, read_package
from tests.bench.bank import Label, MeasuredSweep, digest_of, measured
from tests.bench.ours import ON_POINTS, by_learned_curve
from tests.bench.peers import CURVES, ON_FRAMES, Answer, Peer, plain_hyperbola
from tests.bench.sweeps import CASES, RIGS, SEEINGS, Sweep, happens
from tests.bench.telling import Section
from tests.bench.timing import machine

HERE = Path(__file__).parent
RENDERING = (HERE / "light.py", HERE / "sweeps.py")
MEASURING = Path(statefocus.frames.__file__).parent
DATA = Path(os.environ.get("STATEFOCUS_DATA") or HERE.parents[1] / ".." / "shared" / "data")
LEARNED = "statefocus, two frames"
TEACHING, LESSONS = 100_000, 5  # seed and number of the sweeps that teach a V-curve
REAL_HEAD = ("data", "truth")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one program made of one sweep: the error in critical focus zones, whether accepted, whether wrongly so."""

    error_zones: float | None
    accepted: bool
    false_success: bool
    has_focus: bool


def outcome(answer: Answer, best_position: float, cfz_steps: float, *, has_focus: bool) -> Outcome:
    """Hold an answer against the truth: accepted without a focus in the sweep, or more than a zone off, is false."""
    error = None if answer.position is None else (answer.position - best_position) / cfz_steps
    wrong = not has_focus or error is None or abs(error) > 1.0
    return Outcome(error, answer.accepted, answer.accepted and wrong, has_focus)


@dataclass(frozen=True, slots=True)
class Cache:
    """Sweeps and answers in a folder, each under the digest or version of what made it."""

    root: Path

    @property
    def sweeps(self) -> Path:
        return self.root / f"sweeps-{digest_of(*RENDERING)}"

    @property
    def measures(self) -> Path:
        return self.sweeps / f"statefocus-{digest_of(MEASURING, HERE / 'bank.py')}"

    def of_peer(self, name: str, peer: Peer) -> Path:
        return self.sweeps / f"{name}-{peer.version}-{digest_of(HERE / 'peers.py')}"


def default_root() -> Path:
    """Return the folder that a cache is kept in unless another is named."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "statefocus-bench"


class Trial:
    """One sweep and the answers of all programs to it; the frames are rendered when first somebody asks for them."""

    def __init__(self, label: Label, cache: Cache) -> None:
        self.label, self.cache = label, cache

    @cached_property
    def sweep(self) -> Sweep:
        return self.label.render()

    @cached_property
    def measured(self) -> MeasuredSweep:
        path = self.cache.measures / f"{self.label.name}.json"
        return measured(self.cache.measures, self.label, None if path.exists() else self.sweep)

    def outcomes(self) -> Iterator[tuple[str, Outcome]]:
        """Tell the outcome of every program that is installed."""
        truth = self.measured
        answers = {name: find(truth) for name, find in ON_POINTS.items()}
        answers[LEARNED] = by_learned_curve(truth, taught(self.label.rig, self.cache))
        for name, answer in answers.items():
            yield name, outcome(answer, truth.best_position, truth.cfz_steps, has_focus=truth.has_focus)
        for name, peer in ON_FRAMES.items():
            if peer.version is not None:
                answer = self.answer(name, peer)
                yield name, outcome(answer, truth.best_position, truth.cfz_steps, has_focus=truth.has_focus)

    def answer(self, name: str, peer: Peer) -> Answer:
        """Return what a program of others answers, from the cache where it is there."""
        path = self.cache.of_peer(name, peer) / f"{self.label.name}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(peer.find(self.sweep))), "utf-8")
        return Answer(**json.loads(path.read_text("utf-8")))


@cache
def taught(rig: str, cache: Cache) -> LearnedCurve:
    """Return what whole sweeps of a rig in good seeing have taught, of seeds that no table holds."""
    learned = LearnedCurve()
    for seed in range(TEACHING, TEACHING + LESSONS):
        sweep = Trial(Label(rig, "good", "centred", seed), cache).measured
        learned = learned.taught(find_focus(sweep.points, model="joint", cfz_steps=sweep.cfz_steps))
    return learned


def section(runs: int, root: Path, jobs: int, cases: Sequence[str]) -> Section:
    """Return the table of rendered sweeps."""
    words = (
        f"{machine()}; {versions()}. {runs} sweeps of nine frames for each rig, seeing and case, rendered by GalSim "
        f"(seeds 0 to {runs - 1} of {digest_of(*RENDERING)}). Errors are in critical focus zones (4.88 lambda N^2): "
        "median / 95 % of those accepted that have a focus; then the share accepted, and how many were accepted "
        "wrongly: more than a zone off, or without a focus in the sweep. Two frames are those of a learned sweep, by "
        f"the slope that {LESSONS} other sweeps have taught, before its validation frame."
    )
    return Section("focus", words, ("case", *programs()), rows(runs, Cache(root), jobs, cases, summary))


def refusals_section(runs: int, root: Path, jobs: int) -> Section:
    """Return the table of sweeps in which any success would be false."""
    cases = [name for name, story in CASES.items() if not story.has_focus]
    words = (
        f"{machine()}; {versions()}. {runs} sweeps for each rig, seeing and case without a focus (seeds 0 to "
        f"{runs - 1} of {digest_of(*RENDERING)}): how many were accepted, which is wrong in each of them."
    )
    told = rows(runs, Cache(root), jobs, cases, believed)
    return Section("refusals", words, ("case", *programs()), told)


def programs() -> list[str]:
    """Name the programs that are installed."""
    return [*ON_POINTS, LEARNED, *(name for name, peer in ON_FRAMES.items() if peer.version is not None)]


def versions() -> str:
    """Name the programs of others and their versions, or that they are not installed."""
    return ", ".join(f"{name} {peer.version or 'not installed'}" for name, peer in ON_FRAMES.items())


def rows(
    runs: int, cache: Cache, jobs: int, cases: Sequence[str], told_as: Callable[[Sequence[Outcome]], str]
) -> Iterator[tuple[str, ...]]:
    """Tell each case of each rig and seeing, then all of them together; the sweeps are shared among processes."""
    everything: dict[str, list[Outcome]] = {name: [] for name in programs()}
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for rig, seeing, case in product(RIGS, SEEINGS, cases):
            if not happens(rig, case):
                continue
            labels = [Label(rig, seeing, case, seed) for seed in range(runs)]
            trials = list(pool.map(outcomes, labels, repeat(cache)))
            told = {name: [trial[name] for trial in trials] for name in everything}
            for name, group in told.items():
                everything[name] += group
            yield f"{rig}, {seeing} seeing, {case}", *map(told_as, told.values())
    yield "all", *map(told_as, everything.values())


def outcomes(label: Label, cache: Cache) -> dict[str, Outcome]:
    """Return the outcome of every program for one sweep."""
    return dict(Trial(label, cache).outcomes())


def summary(outcomes: Sequence[Outcome]) -> str:
    """Tell the errors of what was accepted, its share, and how often that was wrong."""
    accepted = [one for one in outcomes if one.accepted]
    errors = np.abs([one.error_zones for one in accepted if one.error_zones is not None and one.has_focus])
    median, most = (f"{quantile:.3f}" for quantile in np.quantile(errors, (0.5, 0.95))) if len(errors) else "--"
    wrong = sum(one.false_success for one in outcomes)
    return f"{median} / {most}; {100 * len(accepted) / len(outcomes):.0f} %; {wrong} wrong"


def believed(outcomes: Sequence[Outcome]) -> str:
    """Tell how many were accepted, of how many."""
    return f"{sum(one.accepted for one in outcomes)} of {len(outcomes)}"


@dataclass(frozen=True, slots=True)
class RealRun:
    """Points that others took, and the truth: a position and its tolerance, or None where all is to be refused."""

    name: str
    points: tuple[FocusPoint, ...]
    truth: float | None
    tolerance: float = 0.0


NINA = {
    "nina-tianwen-2025-12-17T23-06-56": 24270.750,
    "nina-tianwen-2025-12-17T23-27-02": 24267.872,
    "nina-tianwen-2025-12-18T01-36-05": 24187.700,
    "nina-tianwen-2025-12-18T02-26-57": 24175.488,
}
NINA_STEPS = 0.3  # within which N.I.N.A.'s own hyperbola is reproduced
LCO = {"lco-01": -1.6, "lco-02": 0.0, "lco-05": -2.17, "lco-08": None, "lco-09": 0.0}
LCO_MM = 0.15
NEWTONIAN, NEWTONIAN_STEPS = 603.5, 1.0


def real_runs() -> Iterator[RealRun]:
    """Read the sweeps of others: 62 frames of a Newtonian, N.I.N.A.'s reports and LCO's runs."""
    import csv

    folder = DATA / "sweeps" / "newtonian_62"
    if folder.exists():
        found = [(position, measure_frame(read_frame(path).pixels)) for path, position in read_package(folder)]
        points = tuple(FocusPoint(position, one.value, one.error, one.stars) for position, one in found)
        yield RealRun("newtonian_62, 62 frames", points, NEWTONIAN, NEWTONIAN_STEPS)
        for start in range(7):
            name = f"newtonian_62, nine frames from the {start + 1}."
            yield RealRun(name, points[start::7], NEWTONIAN, NEWTONIAN_STEPS)
    table = DATA / "autofocus_runs" / "points.csv"
    if not table.exists():
        return
    with table.open(newline="") as lines:
        for name, group in groupby(csv.DictReader(lines), key=lambda row: row["run_id"]):
            points = tuple(FocusPoint(float(r["position"]), number(r["measure"]), number(r["error"])) for r in group)
            if name in NINA:
                yield RealRun(name, points, NINA[name], NINA_STEPS)
            elif name in LCO:
                yield RealRun(name, points, LCO[name], LCO_MM)


def number(text: str) -> float | None:
    return float(text) if text else None


def real_section() -> Section:
    names = ["statefocus", "plain hyperbola", *(name for name, (peer, _) in CURVES.items() if peer.version)]
    words = (
        f"{machine()}; {versions()}. Sweeps that other people took: all programs fit the same points, those of the "
        "frames as statefocus measured them; best focus minus truth, in the data's own unit, **bold** where that is "
        "wrong and accepted. The truth of N.I.N.A.'s reports is its own weighted hyperbola, which favours those that "
        "weight the points by their errors."
    )
    words += "" if DATA.exists() else " The data is not here (set STATEFOCUS_DATA)."
    return Section("real", words, (*REAL_HEAD, *names), (real_row(run) for run in real_runs()))


def real_row(run: RealRun) -> tuple[str, ...]:
    fit = find_focus(run.points)
    answers = [Answer(fit.best_position, fit.accepted), plain_hyperbola(run.points)]
    answers += [curve(run.points) for peer, curve in CURVES.values() if peer.version is not None]
    truth = "to be refused" if run.truth is None else f"{run.truth:.8g} ± {run.tolerance:g}"
    return run.name, truth, *(verdict(answer, run) for answer in answers)


def verdict(answer: Answer, run: RealRun) -> str:
    """Tell an answer's distance from the truth, whether it was refused, and whether it is wrong."""
    if answer.position is None:
        return "no fit"
    refused = "" if answer.accepted else ", refused"
    if run.truth is None:
        return f"{answer.position:.2f}{refused or ', **accepted**'}"
    away = answer.position - run.truth
    told = f"{away:+.2f}"
    return (f"**{told}**" if abs(away) > run.tolerance and answer.accepted else told) + refused
