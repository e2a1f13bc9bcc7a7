"""A run that was cut off is known to the next session with the same focuser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from statefocus import events
from statefocus.audience import Nobody
from statefocus.context import Context, Run, begin
from statefocus.focus.sweep import Sweep
from statefocus.left_behind import LeftBehind
from statefocus.profile import Profile
from statefocus.unfinished import FORGOTTEN_AFTER_S, Unfinished

FOCUSER = {"host": "127.0.0.1", "port": 11111, "number": 0}
DEVICES = {"kind": "real", "focuser": FOCUSER, "camera": FOCUSER, "telescope": FOCUSER, "safety": FOCUSER}


NOW = events.SafetyRead(safe=True)


def found(one: Unfinished, stands_at: int = 10_060) -> int | None:
    told = one.find(stands_at)
    return told.start if told is not None else None


def profile(name: str = "rig", overshoot: int = 60, tolerance: int = 5, **devices: Any) -> Profile:
    focuser = {"backlash": "overshoot", "overshoot_steps": overshoot, "tolerance_steps": tolerance}
    return Profile.model_validate({"name": name, "devices": {**DEVICES, **devices}, "focuser": focuser})


RUN = Run(
    number=1, causes=("count",), started_t=0.0, start_position=10_000, sweep=Sweep((10_100, 10_000, 9_900))
)  # fmt: skip


def running(run: Run | None = RUN, **more: Any) -> Context:
    context = begin(profile(), 0.0)
    return type(context)(**{**_fields(context), "run": run, **more})


def _fields(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in context.__struct_fields__}


def cut_off() -> None:
    """A session is cut off in a run that began at 10000."""
    Unfinished(profile()).saw(NOW, running(), Nobody())


def test_the_next_session_knows_where_it_had_begun_whatever_its_profile_is_called() -> None:
    cut_off()
    assert found(Unfinished(profile("another"))) == 10_000


@pytest.mark.parametrize(
    "next_one",
    [profile(focuser={**FOCUSER, "number": 1}), Profile()],
    ids=["another focuser", "a simulated one"],
)
def test_of_another_focuser_nothing_is_known(next_one: Profile) -> None:
    cut_off()
    assert found(Unfinished(next_one)) is None


def test_a_focuser_that_stands_where_it_had_stood_is_as_it_was() -> None:
    cut_off()
    assert found(Unfinished(profile()), 10_000) is None
    assert found(Unfinished(profile())) is None


def test_a_run_that_has_ended_is_not_unfinished() -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(replace(RUN, start_position=None)), Nobody())
    one.saw(NOW, running(), Nobody())
    one.saw(NOW, running(None), Nobody())
    assert found(Unfinished(profile())) is None


@pytest.mark.parametrize("how", ["lost", "astray"])
def test_a_run_whose_focuser_could_not_be_put_back_stays_unfinished(how: str) -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(), Nobody())
    one.saw(NOW, running(None, **{how: True}), Nobody())
    assert found(Unfinished(profile())) == 10_000


def test_what_the_next_session_has_put_right_is_over() -> None:
    cut_off()
    one = Unfinished(profile())
    found(one)
    one.saw(NOW, running(None, astray=True), Nobody())
    assert found(Unfinished(profile())) == 10_000
    one.saw(NOW, running(None), Nobody())
    assert found(Unfinished(profile())) is None


@pytest.mark.parametrize("text", ["", "[]", '{"start_position": "x", "at": 1}', '{"at": 1}', "0"])
def test_rubbish_in_the_note_is_no_run(text: str) -> None:
    note = _note()
    note.path.parent.mkdir(parents=True)
    note.path.write_text(text)
    assert found(Unfinished(profile())) is None


def test_what_was_cut_off_another_night_is_forgotten() -> None:
    cut_off()
    note = _note()
    told = json.loads(note.path.read_text())
    note.path.write_text(json.dumps({**told, "at": told["at"] - FORGOTTEN_AFTER_S - 1}))
    assert found(Unfinished(profile())) is None
    assert not note.path.exists()


def test_a_note_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    cut_off()
    assert found(Unfinished(profile())) is None


def _note() -> LeftBehind:
    return LeftBehind("run", "127.0.0.1:11111/0")


@pytest.mark.parametrize(
    ("outcome", "position"), [("validated", 10_020), ("unvalidated", 10_020), ("restored", 10_000)]
)
def test_a_run_whose_focuser_is_where_it_should_be_is_over_while_the_plan_still_waits(
    outcome: Any, position: int
) -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(), Nobody())
    one.saw(NOW, running(replace(RUN, outcome=outcome, position=position)), Nobody())
    assert found(Unfinished(profile())) is None


@pytest.mark.parametrize("outcome", ["failed", "cancelled", "restored"])
def test_a_run_that_is_being_put_back_is_not_over(outcome: Any) -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(replace(RUN, outcome=outcome, position=10_050)), Nobody())
    assert found(Unfinished(profile())) == 10_000


def test_the_end_of_a_session_forgets_a_run_but_not_where_it_began() -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(), Nobody())
    one.saw(events.SessionEnded(), running(None), Nobody())
    assert found(Unfinished(profile())) == 10_000


@pytest.mark.parametrize(("stands_at", "start"), [(10_165, 10_000), (10_166, None), (9_835, 10_000), (9_834, None)])
def test_a_focuser_beyond_the_reach_of_the_run_was_moved_by_something_else(stands_at: int, start: int | None) -> None:
    cut_off()
    told = Unfinished(profile(overshoot=60, tolerance=5)).find(stands_at)
    assert told is not None
    assert told.start == start
    assert ("something else has moved the focuser since" in told.sentence) is (start is None)


def test_a_clock_that_was_set_back_forgets_nothing() -> None:
    cut_off()
    note = _note()
    told = json.loads(note.path.read_text())
    note.path.write_text(json.dumps({**told, "at": told["at"] + 1800}))
    assert found(Unfinished(profile())) == 10_000


def test_a_way_back_reaches_from_where_the_focuser_stood() -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(replace(RUN, sweep=Sweep(()), outcome="cancelled", position=10_400)), Nobody())
    assert found(Unfinished(profile()), 10_200) == 10_000


def test_a_sweep_that_is_made_again_elsewhere_reaches_over_both() -> None:
    one = Unfinished(profile())
    one.saw(NOW, running(), Nobody())
    one.saw(NOW, running(replace(RUN, sweep=Sweep((10_500, 10_400, 10_300)))), Nobody())
    assert [found(Unfinished(profile()), place) for place in (9_860, 10_540)] == [10_000, 10_000]
