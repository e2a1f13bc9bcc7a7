"""Tells what the tests have proved, at the end of the run."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What sessions leave behind lies in a folder of each test's own."""
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path_factory.getbasetemp() / "state" / uuid.uuid4().hex))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, said in report.user_properties:
            if name == "proved":
                terminalreporter.write_line(f"Proved: {said}.")
