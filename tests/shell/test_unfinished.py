"""A run that was cut off is known to the next session with the same focuser."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statefocus.context import Context, Run, begin
from statefocus.left_behind import LeftBehind
from statefocus.profile import Profile
from statefocus.unfinished import FORGOTTEN_AFTER_S, Unfinished

FOCUSER = {"host": "127.0.0.1", "port": 11111, "number": 0}
DEVICES = {"kind": "real", "focuser": FOCUSER, "camera": FOCUSER, "telescope": FOCUSER, "safety": FOCUSER}


def profile(name: str = "rig", **devices: Any) -> Profile:
    return Profile.model_validate({"name": name, "devices": {**DEVICES, **devices}})


def running(start: int | None = 10_000, **more: Any) -> Context:
    context = begin(profile(), 0.0)
    run = Run(number=1, causes=("count",), started_t=0.0, start_position=start)
    return type(context)(**{**_fields(context), "run": run, **more})


def _fields(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in context.__struct_fields__}


def cut_off() -> None:
    """A session is cut off in a run that began at 10000."""
    Unfinished(profile()).saw(running())


def test_the_next_session_knows_where_it_had_begun_whatever_its_profile_is_called() -> None:
    cut_off()
    assert Unfinished(profile("another")).find(10_060) == 10_000


@pytest.mark.parametrize(
    "next_one",
    [profile(focuser={**FOCUSER, "number": 1}), Profile()],
    ids=["another focuser", "a simulated one"],
)
def test_of_another_focuser_nothing_is_known(next_one: Profile) -> None:
    cut_off()
    assert Unfinished(next_one).find(10_060) is None


def test_a_focuser_that_stands_where_it_had_stood_is_as_it_was() -> None:
    cut_off()
    assert Unfinished(profile()).find(10_000) is None
    assert Unfinished(profile()).find(10_060) is None


def test_a_run_that_has_ended_is_not_unfinished() -> None:
    one = Unfinished(profile())
    one.saw(running(None))
    one.saw(running())
    one.saw(running(run=None))
    assert Unfinished(profile()).find(10_060) is None


@pytest.mark.parametrize("how", ["lost", "astray"])
def test_a_run_whose_focuser_could_not_be_put_back_stays_unfinished(how: str) -> None:
    one = Unfinished(profile())
    one.saw(running())
    one.saw(running(run=None, **{how: True}))
    assert Unfinished(profile()).find(10_060) == 10_000


def test_what_the_next_session_has_put_right_is_over() -> None:
    cut_off()
    one = Unfinished(profile())
    one.find(10_060)
    one.saw(running(run=None, astray=True))
    assert Unfinished(profile()).find(10_060) == 10_000
    one.saw(running(run=None))
    assert Unfinished(profile()).find(10_060) is None


@pytest.mark.parametrize("text", ["", "[]", '{"start_position": "x", "at": 1}', '{"at": 1}', "0"])
def test_rubbish_in_the_note_is_no_run(text: str) -> None:
    note = _note()
    note.path.parent.mkdir(parents=True)
    note.path.write_text(text)
    assert Unfinished(profile()).find(10_060) is None


def test_what_was_cut_off_another_night_is_forgotten() -> None:
    cut_off()
    note = _note()
    told = json.loads(note.path.read_text())
    note.path.write_text(json.dumps({**told, "at": told["at"] - FORGOTTEN_AFTER_S - 1}))
    assert Unfinished(profile()).find(10_060) is None
    assert not note.path.exists()


def test_a_note_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    cut_off()
    assert Unfinished(profile()).find(10_060) is None


def _note() -> LeftBehind:
    return LeftBehind("run", "127.0.0.1:11111/0")
