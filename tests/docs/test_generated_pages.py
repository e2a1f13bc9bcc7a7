"""The generated pages of docs/ are what the code would write now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import ROOT, pages


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_generated_page_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == pages()[path], "run `make docs`"


def test_every_package_is_named_in_pyproject() -> None:
    named = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = {path.parent.relative_to(ROOT) for path in (ROOT / "statefocus").rglob("*.py")}
    missing = [str(path) for path in packages if f'"{".".join(path.parts)}"' not in named]
    assert missing == []
