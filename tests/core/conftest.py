"""A bug in the core raises in its tests; that it ends in a safe state is for test_faults to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest

from statefocus.session import Session


def _raise(_session: Session, _state: object, _event: object, _t: float, error: Exception) -> NoReturn:
    raise error


@pytest.fixture(autouse=True, scope="module")
def _no_silent_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if not request.module.__name__.endswith("test_faults"):
            patch.setattr(Session, "_fault", _raise)
        yield
