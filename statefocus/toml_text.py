"""TOML with line numbers: tomli knows no positions, so the line of a key is found by parsing growing prefixes.

Only the error path pays for it. Pure text in, values out; nobody here opens a file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import tomli

from statefocus.errors import Problem

Path = tuple[str | int, ...]


def parse(text: str, file: str) -> tuple[dict[str, Any], list[Problem]]:
    """Parse TOML; a syntax error comes back as the one problem of the file, not as an exception."""
    try:
        return tomli.loads(text), []
    except tomli.TOMLDecodeError as error:
        sentence = f"this is not TOML: {error.msg[:1].lower()}{error.msg[1:]} (column {error.colno})."
        return {}, [Problem("toml-syntax", file, error.lineno, sentence, "Mend this line; nothing else was checked.")]
    except RecursionError:
        deepest = max(enumerate(text.splitlines(), 1), key=lambda line: line[1].count("[") + line[1].count("{"))[0]
        sentence = "lists or tables are nested too deep here to be read."
        return {}, [Problem("toml-syntax", file, deepest, sentence, "Mend this line; nothing else was checked.")]


_HEADER = re.compile(r"^\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.-]+)\s*=")


def key_lines(text: str) -> dict[str, int]:
    """Find the line of each plain key of a file that has parsed, by dotted key (not those inside inline tables)."""
    table, lines = "", {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = header[1].strip()
        elif key := _KEY.match(line):
            lines[f"{table}.{key[1]}" if table else key[1]] = number
    return lines


def line_of(text: str, path: Path) -> int:
    """Find the line, from 1, on which the key or table at `path` first appears; 0 where it does not."""
    lines = text.splitlines(keepends=True)
    for number in range(1, len(lines) + 1):
        tree = _prefix("".join(lines[:number]))
        if tree is not None and _has(tree, path):
            return number
    return line_of(text, path[:-1]) if path else 0


def _prefix(text: str) -> dict[str, Any] | None:
    """Parse the beginning of a file, inside a list over several lines too."""
    for closing in ("", "]"):
        try:
            return tomli.loads(text + closing)
        except (tomli.TOMLDecodeError, RecursionError):
            continue
    return None


def _has(tree: Any, path: Path) -> bool:
    for key in path:
        inside = key in tree if isinstance(tree, dict) else isinstance(tree, list) and key in range(len(tree))
        if not inside:
            return False
        tree = tree[key]
    return True


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give a hint with the nearest known words, or with all of them where there are few; else an empty string."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"Allowed here: {', '.join(names)}." if 0 < len(names) <= 14 else ""
