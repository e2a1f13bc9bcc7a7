from __future__ import annotations

from pathlib import Path

import pytest

from .tapes import scripted_night, write


@pytest.fixture(scope="session")
def _pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("trace") / "night.jsonl", scripted_night())


@pytest.fixture
def trace(_pristine: Path, tmp_path: Path) -> Path:
    """A fresh copy of one scripted night's trace."""
    copy = tmp_path / "night.jsonl"
    copy.write_bytes(_pristine.read_bytes())
    return copy
