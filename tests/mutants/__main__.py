"""Mutation testing (`make mutants`): breaks one thing at a time, and tells what no test notices.

Machine files lose a row, a guard, an event, a source, an action, an entry, or lead elsewhere; rules and triggers get a
comparison, a limit, a sign or a connective turned. Each mutant is tried in a process of its own by the core's tests,
which must fail. First the tests are run without a mutant, and it is noted what each of them sees, so that a mutant is
shown first to the tests that see the row, the state or the line that it has changed.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection

from tests.mutants.installing import install
from tests.mutants.making import Mutant, all_mutants
from tests.mutants.suite import PROOF, QUICK, SUITE, UNWATCHED, Seen, Watch, run, silence, witnesses

TIME_LIMIT_S = 1800
FIRST = 36
"""So many of the tests that see a place are asked first."""

_WORKERS = get_context("forkserver")
_WORKERS.set_forkserver_preload(
    ["numpy", "pydantic", "transitions.extensions.nesting", "hypothesis", "pytest", "scipy"]
)


def attempt(mutant: Mutant, tests: list[str]) -> None:
    """Run the suite against a mutant, in a process made for it; its exit code tells whether a test has failed."""
    silence()
    install(mutant)
    if tests and run(tests[:FIRST]):
        os._exit(1)
    if mutant.file.endswith(".py") and tests:
        os._exit(run([*tests[FIRST:], *UNWATCHED]))
    if run([PROOF]):
        os._exit(1)
    os._exit(run(SUITE))


def killed(mutant: Mutant, seen: Seen) -> bool:
    """Whether a test notices the mutant; one that hangs is noticed too."""
    process = _WORKERS.Process(target=attempt, args=(mutant, witnesses(seen, mutant.places)))
    process.start()
    process.join(TIME_LIMIT_S)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode != 0


def watch(tests: tuple[str, ...], told: Connection) -> None:
    """Run tests without a mutant, and tell what they see; nothing where one has failed."""
    silence()
    plugin = Watch()
    told.send(None if run(tests, plugin) else plugin.seen())


def look(*shares: tuple[str, ...]) -> Seen:
    """Run the tests without a mutant, in one process a share, and give what they see."""
    seen: Seen = {}
    ends = []
    for tests in shares:
        mine, theirs = _WORKERS.Pipe(duplex=False)
        _WORKERS.Process(target=watch, args=(tests, theirs)).start()
        ends.append(mine)
    for end in ends:
        told = end.recv()
        if told is None:
            sys.exit("The suite fails without any mutant: mend it first.")
        for place, tests in told.items():
            seen.setdefault(place, []).extend(tests)
    return seen


def main() -> None:
    """Try all, or those whose name holds an argument; list the survivors."""
    wanted = sys.argv[1:]
    mutants = [one for one in all_mutants() if not wanted or any(word in one.name for word in wanted)]
    seen = look(QUICK[::2], QUICK[1::2])
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        dead_ones = pool.map(lambda mutant: killed(mutant, seen), mutants)
        for number, (mutant, dead) in enumerate(zip(mutants, dead_ones, strict=True), 1):
            sys.stderr.write(f"\r{number} of {len(mutants)}, {survivors} survive ")
            if not dead:
                survivors += 1
                sys.stdout.write(f"survives: {mutant.name}\n")
                sys.stdout.flush()
    share = 100 * survivors / max(len(mutants), 1)
    sys.stdout.write(f"{survivors} of {len(mutants)} mutants survive ({share:.1f} %)\n")


if __name__ == "__main__":
    from tests.mutants.__main__ import main as begin  # under its own name, so that processes find what they are sent

    begin()
