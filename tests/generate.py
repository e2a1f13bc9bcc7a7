"""Writes what is generated: `python -m tests.generate` the pages of docs/, `... nights` the golden traces too.

Golden nights are profiles in tests/nights/, run over real HTTP on the embedded observatory; their traces are kept in
tests/traces/ under the same name. A trace is written anew only when a machine or a story has changed on purpose.
"""

from __future__ import annotations

import sys
from pathlib import Path

from statefocus.audience import Nobody
from statefocus.loading import load_machines, load_profile
from statefocus.machine.diagram import markdown
from statefocus.metrics import measurer
from statefocus.night import Night
from statefocus.profile.telling import reference
from statefocus.session import VOCABULARY

ROOT = Path(__file__).resolve().parent.parent
STORIES = ROOT / "tests" / "nights"
TRACES = ROOT / "tests" / "traces"


def pages() -> dict[Path, str]:
    """Every generated page, and what it should hold."""
    made = {ROOT / "docs" / "profile.md": reference()}
    for machine in load_machines():
        made[ROOT / "docs" / "machines" / f"{machine.name}.md"] = markdown(machine, VOCABULARY)
    return made


def record(story: Path, trace: Path) -> None:
    """Run a story's night, and keep its trace."""
    loaded = load_profile(story.relative_to(Path.cwd()) if story.is_relative_to(Path.cwd()) else story)
    trace.unlink(missing_ok=True)
    Night(loaded=loaded, trace=trace, measure=measurer(loaded.profile), audience=Nobody()).attend()


def main() -> None:
    """Write the pages, and the nights where they are asked for."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if "nights" in sys.argv[1:]:
        for story in sorted(STORIES.glob("*.toml")):
            record(story, TRACES / f"{story.stem}.jsonl")


if __name__ == "__main__":
    main()
