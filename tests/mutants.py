"""Mutation testing (`make mutants`): breaks one thing at a time, and tells what no test notices.

Machine files lose a row, a guard, an event, a source, an action, an entry, or lead elsewhere; rules and triggers get a
comparison, a limit, a sign or a connective turned. Each mutant is tried in a process of its own by the core's tests,
which must fail. The test that compares the recorded nights with today's machine text is left out: it would notice any
edit, and prove nothing.
"""

from __future__ import annotations

import ast
import copy
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MACHINES = ("session", "flip", "autofocus", "confirmation", "offsets", "compensation")
CORE = (
    *("ownership", "late_holds", "thermometer", "image_history", "confirmation", "rows", "filters", "lookahead"),
    *("triggers", "guards"),
    *("runs", "learned", "faults", "host_refocused", "compensation", "metrics"),
)
"""The core's tests, quick ones first."""
PROOF = "tests/machine/test_proving.py::test_the_machines_that_come_with_statefocus_are_proved"
"""What is asked about every machine file before the rest."""
SLOW = ("tests/core/test_properties.py",)
"""What is asked last."""
MODULES = (
    *("rules.compensation", "rules.confirming", "rules.due", "rules.filters", "rules.refocusing", "rules.running"),
    *("triggers", "image_history", "thermometer", "compensating", "offsetting", "owning", "focusing"),
)
SUITE = (
    *(f"tests/core/test_{name}.py" for name in CORE),
    "tests/machine/test_proving.py",
    "tests/nights",
    "tests/machine",
    *SLOW,
)
LIKELY = {
    "confirmation": "confirmation",
    "confirming": "confirmation",
    "offsets": "filters",
    "offsetting": "filters",
    "filters": "filters",
    "flip": "lookahead",
    "session": "rows",
    "image_history": "image_history",
    "thermometer": "thermometer",
    "compensation": "compensation",
    "compensating": "compensation",
    "autofocus": "runs",
    "owning": "ownership",
    "focusing": "runs",
}
"""Which test is asked first about a file, by itself; only what it does not notice is shown to all."""
LEFT_OUT = "not machines_of_today"
TIME_LIMIT_S = 1800
STUCK_S = 120  # of one test, on a busy machine

_WORKERS = get_context("forkserver")
_WORKERS.set_forkserver_preload(
    ["numpy", "pydantic", "transitions.extensions.nesting", "hypothesis", "pytest", "scipy"]
)


@dataclass(frozen=True)
class Mutant:
    """One change: the file, what was done to it, and its text afterwards."""

    file: str
    said: str
    text: str

    @property
    def name(self) -> str:
        """File and change, for the list."""
        return f"{self.file}: {self.said}"


# --- machine files ---


def machine_mutants(file: str) -> Iterator[Mutant]:
    """Every single change of a machine file."""
    text = (ROOT / file).read_text("utf-8")
    lines = text.split("\n")
    for number, line in enumerate(lines):
        for said, changed in _line_changes(line, text):
            yield Mutant(
                file, f"line {number + 1}: {said}", "\n".join([*lines[:number], changed, *lines[number + 1 :]])
            )
    blocks = re.split(r"(?m)^(?=\[\[transition\]\])", text)
    for index in range(1, len(blocks)):
        name = re.search(r'^id\s*= "(.*)"', blocks[index], re.MULTILINE)
        said = name[1] if name else str(index)
        yield Mutant(file, f"row {said} deleted", "".join(blocks[:index] + blocks[index + 1 :]))
        if index + 1 < len(blocks) and _compete(blocks[index], blocks[index + 1]):
            swapped = [*blocks[:index], blocks[index + 1], blocks[index], *blocks[index + 2 :]]
            yield Mutant(file, f"row {said} after the next", "".join(swapped))


def _compete(*blocks: str) -> bool:
    """Whether two rows are offered one event in one state; the order of any others cannot matter."""
    first, second = (tomllib.loads(block)["transition"][0] for block in blocks)

    def names(row: dict[str, Any], key: str) -> set[str]:
        return set(row[key] if isinstance(row[key], list) else [row[key]])

    return all(names(first, key) & names(second, key) for key in ("on", "from"))


def _line_changes(line: str, text: str) -> Iterator[tuple[str, str]]:
    key = re.match(r"(\w+)\s*=", line)
    if key is None or key[1] in ("id", "why", "doc", "schema", "machine", "part", "parts"):
        return
    names = re.findall(r'"([^"]+)"', line)
    if key[1] in ("to", "initial"):
        states = re.findall(r"^\[states\.([\w.]+)\]", text, re.MULTILINE)
        known = [state for state in states if state != names[0]]
        if key[1] == "initial" and known:
            known = [leaf for state in known if (leaf := state.rpartition(".")[2]) != names[0]]
        if known:
            other = known[sum(map(ord, line)) % len(known)]
            yield f"{names[0]} -> {other}", line.replace(names[0], other)
        if key[1] == "to":
            yield f"to {names[0]} left out", ""
        return
    for name in names:
        rest = [other for other in names if other != name]
        listed = ", ".join(f'"{other}"' for other in rest)
        yield f"{key[1]} without {name}", f"{key[1]} = [{listed}]"


# --- rules and triggers ---

_COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_RECKONED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Mod: ast.Add}


def code_mutants(module: str) -> Iterator[Mutant]:
    """Every single change of a module's comparisons, limits, signs and connectives."""
    file = f"statefocus/{module.replace('.', '/')}.py"
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    kept = _class_settings(tree)
    for number, node in enumerate(ast.walk(tree)):
        if node in kept:
            continue
        for kind in range(len(list(_changes(node)))):
            mutated = copy.deepcopy(tree)
            target = next(other for index, other in enumerate(ast.walk(mutated)) if index == number)
            said = list(_changes(target))[kind]
            before = ast.unparse(target)
            said(target)
            if ast.unparse(target) != before:
                what = f"line {getattr(node, 'lineno', 0)}: {before} -> {ast.unparse(target)}"
                yield Mutant(file, what, ast.unparse(mutated))


def _class_settings(tree: ast.AST) -> set[ast.AST]:
    """Keywords of classes, such as `frozen=True`: they forbid what nobody does, and change no decision."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {inner for one in classes for keyword in one.keywords for inner in ast.walk(keyword)}


def _changes(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield lambda found: setattr(found, "ops", [_COMPARED[type(found.ops[0])]()])
        case ast.BoolOp():
            yield lambda found: setattr(found, "op", ast.Or() if isinstance(found.op, ast.And) else ast.And())
        case ast.BinOp(op=op) if type(op) in _RECKONED:
            yield lambda found: setattr(found, "op", _RECKONED[type(found.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield _without_not
        case ast.Constant(value=bool()):
            yield lambda found: setattr(found, "value", not found.value)
        case ast.Constant(value=int() | float()):
            yield lambda found: setattr(found, "value", found.value + 1)


def _without_not(found: ast.UnaryOp) -> None:
    found.op, found.operand = ast.UAdd(), ast.Call(ast.Name("bool", ast.Load()), [found.operand], [])


# --- trying one ---


class _Swapped(SourceFileLoader):
    """Loads a module with another text."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self._text = text

    def get_code(self, fullname: str) -> Any:
        """Compile the mutant's text instead of the file's."""
        return compile(self._text, self.path, "exec")


class _Finder(MetaPathFinder):
    """Puts a mutant in the place of its module."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find the mutated module; every other one is somebody else's."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname == self._name else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Swapped(fullname, spec.origin, self._text)
        return spec


def install(mutant: Mutant) -> None:
    """Put a mutant into this process, before anything of statefocus is imported."""
    if mutant.file.endswith(".py"):
        name = mutant.file.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, _Finder(name, mutant.text))
        return
    original = Path.read_text

    def read_text(path: Path, *args: Any, **kwargs: Any) -> str:
        return mutant.text if str(path).endswith(mutant.file) else original(path, *args, **kwargs)

    Path.read_text = read_text  # type: ignore[assignment, method-assign]  # machine files are read by their path


def attempt(mutant: Mutant) -> None:
    """Run the suite against a mutant, in a process made for it; its exit code tells whether a test has failed."""
    import pytest
    from hypothesis import Phase, settings

    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)
    settings.load_profile("mutants")  # one counterexample is enough, however long
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    install(mutant)
    quietly = ["-x", "-q", "-p", "no:cacheprovider", "-n", "0", "--timeout", str(STUCK_S)]
    quietly += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    likely = LIKELY.get(Path(mutant.file).stem)
    if likely and pytest.main([*quietly, f"tests/core/test_{likely}.py"]):
        os._exit(1)
    if mutant.file.endswith(".toml") and pytest.main([*quietly, PROOF]):
        os._exit(1)
    os._exit(int(pytest.main([*quietly, "-k", LEFT_OUT, *SUITE])))


def killed(mutant: Mutant) -> bool:
    """Whether a test notices the mutant; one that hangs is noticed too."""
    process = _WORKERS.Process(target=attempt, args=(mutant,))
    process.start()
    process.join(TIME_LIMIT_S)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode != 0


def all_mutants() -> list[Mutant]:
    """Every mutant there is."""
    machines = [mutant for name in MACHINES for mutant in machine_mutants(f"machines/{name}.toml")]
    return machines + [mutant for module in MODULES for mutant in code_mutants(module)]


def main() -> None:
    """Try all, or those whose name holds an argument; list the survivors."""
    wanted = sys.argv[1:]
    mutants = [one for one in all_mutants() if not wanted or any(word in one.name for word in wanted)]
    unbroken = Mutant("unbroken", "nothing is changed", "")
    if killed(unbroken):
        sys.exit("The suite fails without any mutant: mend it first.")
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (mutant, dead) in enumerate(zip(mutants, pool.map(killed, mutants), strict=True), 1):
            sys.stderr.write(f"\r{number} of {len(mutants)}, {survivors} survive ")
            if not dead:
                survivors += 1
                sys.stdout.write(f"survives: {mutant.name}\n")
                sys.stdout.flush()
    share = 100 * survivors / max(len(mutants), 1)
    sys.stdout.write(f"{survivors} of {len(mutants)} mutants survive ({share:.1f} %)\n")


if __name__ == "__main__":
    from tests.mutants import main as run  # under its own name, so that the processes find what they are sent

    run()
