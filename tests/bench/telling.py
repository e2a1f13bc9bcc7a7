"""Tables: on the console while they are measured, and as Markdown between the markers of docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the page: its marker there, what is said above it, its head, and its rows as they are measured."""

    marker: str
    words: str
    head: tuple[str, ...]
    rows: Iterable[Sequence[str]]


def tell(section: Section, console: Console, *, page: Path | None = None) -> None:
    """Print a section row by row; then put it into the page, if one is given."""
    lines = [section.words, "", row_of(section.head), row_of(["---", *["---:"] * (len(section.head) - 1)])]
    for line in lines:
        show(console, line)
    for row in section.rows:
        lines.append(row_of(row))
        show(console, lines[-1])
    show(console, "")
    if page is not None:
        page.write_text(placed(page.read_text("utf-8"), section.marker, "\n".join(lines)), "utf-8")


def show(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def row_of(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def placed(text: str, marker: str, section: str) -> str:
    """Return a page with what stands between the two markers of a section replaced."""
    begin, end = f"<!-- bench: {marker} -->", f"<!-- end of {marker} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"The page needs one place between {begin} and {end}.")
    return pattern.sub(lambda _: f"{begin}\n{section}\n{end}", text)
