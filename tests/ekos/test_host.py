"""The Ekos host without Ekos: what it says where it cannot begin, and what it answers while KStars is gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.clock import VirtualClock
from statefocus.errors import Unreachable
from statefocus.hosts.ekos import EkosHost
from statefocus.hosts.ekos.keeper import Wish, grant_without_ekos
from statefocus.hosts.ekos.sight import own_autofocus_of
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.profile import Profile

from .beside import CONFIG
from .sequences import Frames, write_sequence


def given(bus: str) -> Surroundings:
    nothing: Any = None
    crew: Any = SimpleNamespace(post=lambda _event: None)
    profile = Profile.model_validate({"host": {"kind": "ekos", "ekos": {"bus": bus}}})
    return Surroundings(profile, nothing, VirtualClock(0.0), crew, lambda *_told: Kept(None))


def test_without_a_bus_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="KStars cannot be reached: there is no bus at unix:path="):
        EkosHost(given(f"unix:path={tmp_path / 'none'}"))


def test_without_a_session_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    with pytest.raises(Unreachable, match="there is no session bus"):
        EkosHost(given(""))


def test_without_jeepney_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['jeepney'] = None\nimport statefocus.hosts.ekos"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "The host ekos needs jeepney: pip install 'statefocus[ekos]'." in told.stderr


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("hold", events.PlanHeld(effect=7, running=False)),
        ("release", events.PlanReleased(effect=7)),
        ("abort", events.PlanAborted(effect=7)),
        ("pause", None),
        ("let go", None),
    ],
)
def test_while_kstars_is_gone_nothing_runs(what: Any, answer: events.Event | None) -> None:
    assert grant_without_ekos(Wish(what, 7)) == answer


def test_its_own_autofocus_is_read_from_a_sequence_file(tmp_path: Path) -> None:
    on = write_sequence(tmp_path / "on.esq", tmp_path, Frames(1), own_autofocus=True)
    off = write_sequence(tmp_path / "off.esq", tmp_path, Frames(1))
    assert own_autofocus_of(on.read_text()) == ["autofocus by HFR"]
    assert own_autofocus_of(off.read_text()) == []
    assert own_autofocus_of("no xml") == []


def test_the_profile_has_five_lines_to_edit() -> None:
    text = CONFIG.read_text()
    lines = [line for line in text.split("five lines to edit")[1].split("# ---")[0].splitlines()[1:] if line.strip()]
    assert len(lines) == 5
