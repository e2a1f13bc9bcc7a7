"""Mutants: every single change of a machine file, and of a module's comparisons, limits, signs and connectives."""

from __future__ import annotations

import ast
import copy
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MACHINES = ("session", "flip", "autofocus", "confirmation", "offsets", "compensation")
MODULES = (
    *("rules.compensation", "rules.confirming", "rules.due", "rules.filters", "rules.refocusing", "rules.running"),
    *("triggers", "image_history", "thermometer", "compensating", "offsetting", "owning", "focusing"),
)


@dataclass(frozen=True)
class Mutant:
    """One change: the file, what was done to it, and its text afterwards.

    `places` are the row, state or line that it concerns, the most telling first: those that see a row taken by an event
    notice best that it does not listen to that event any more.
    """

    file: str
    said: str
    text: str
    places: tuple[str, ...] = ()

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
            mutated = "\n".join([*lines[:number], changed, *lines[number + 1 :]])
            yield Mutant(file, f"line {number + 1}: {said}", mutated, _places(lines[: number + 1], said))
    blocks = re.split(r"(?m)^(?=\[\[transition\]\])", text)
    for index in range(1, len(blocks)):
        name = re.search(r'^id\s*= "(.*)"', blocks[index], re.MULTILINE)
        said = name[1] if name else str(index)
        seen = (f"taken {said}", f"row {said}")
        yield Mutant(file, f"row {said} deleted", "".join(blocks[:index] + blocks[index + 1 :]), seen)
        if index + 1 < len(blocks) and _compete(blocks[index], blocks[index + 1]):
            swapped = [*blocks[:index], blocks[index + 1], blocks[index], *blocks[index + 2 :]]
            yield Mutant(file, f"row {said} after the next", "".join(swapped), seen)


def _places(lines: list[str], said: str) -> tuple[str, ...]:
    """Which row or state the last of these lines belongs to."""
    for line in reversed(lines):
        if found := re.match(r'id\s*= "(.*)"', line):
            left_out = re.match(r"(on|from) without (.*)", said)
            telling = (f"taken {found[1]} {left_out[1]} {left_out[2]}",) if left_out else ()
            return (*telling, f"taken {found[1]}", f"row {found[1]}")
        if found := re.match(r"\[states\.([\w.]+)\]", line):
            return (f"state {found[1]}",)
        if line.startswith("["):
            break
    return ()


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
                number_of_line = getattr(node, "lineno", 0)
                what = f"line {number_of_line}: {before} -> {ast.unparse(target)}"
                yield Mutant(file, what, ast.unparse(mutated), (f"{file}:{number_of_line}",))


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


def all_mutants() -> list[Mutant]:
    """Every mutant there is."""
    machines = [mutant for name in MACHINES for mutant in machine_mutants(f"machines/{name}.toml")]
    return machines + [mutant for module in MODULES for mutant in code_mutants(module)]
