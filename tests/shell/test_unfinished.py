"""A run that was cut off is known to the next session with the same focuser."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from statefocus import actions, events
from statefocus.audience import Nobody
from statefocus.calling.places import FORGOTTEN_AFTER_S
from statefocus.context import Context, Pending, Run, begin
from statefocus.devices.owner import name_of
from statefocus.devices.values import FocuserState
from statefocus.effects import MoveFocuser
from statefocus.focus.sweep import Sweep
from statefocus.hands import Hands
from statefocus.left_behind import LeftBehind
from statefocus.profile import Profile
from statefocus.unfinished import Unfinished
from tests.core.rigs import begin_run, quiet_rig
from tests.core.test_faults import broken

FOCUSER = {"host": "127.0.0.1", "port": 11111, "number": 0}
DEVICES = {"kind": "real", "focuser": FOCUSER, "camera": FOCUSER, "telescope": FOCUSER, "safety": FOCUSER}


NOW = events.SafetyRead(safe=True)


def found(one: Unfinished, stands_at: int = 10_060) -> int | None:
    told = one.find(stands_at, 50_000)
    return told.start if told is not None else None


def profile(name: str = "rig", backlash: str = "overshoot", **devices: Any) -> Profile:
    focuser = {"backlash": backlash, "tolerance_steps": 5, "backlash_in_steps": 20, "backlash_out_steps": 30}
    return Profile.model_validate({"name": name, "devices": {**DEVICES, **devices}, "focuser": focuser})


RUN = Run(
    number=1, causes=("count",), started_t=0.0, start_position=10_000, sweep=Sweep((10_100, 10_000, 9_900))
)  # fmt: skip


def running(run: Run | None = RUN, **more: Any) -> Context:
    context = begin(profile(), 0.0)
    return type(context)(**{**_fields(context), "run": run, **more})


def _fields(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in context.__struct_fields__}


class Told(Nobody):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def notify(self, level: str, sentence: str) -> None:
        self.sentences.append(sentence)


def sent(one: Unfinished, target: int, *via: int, **run: Any) -> None:
    """The focuser is being sent somewhere by a run that began at 10000."""
    move = MoveFocuser(1, position=target, via=via)
    moving = running(replace(RUN, **run), pending={1: Pending("move_focuser", "session")})
    one.moves(move, moving, Nobody())
    one.saw(NOW, moving, Nobody())


def arrived(one: Unfinished, position: int) -> None:
    """It is there."""
    moved = events.FocuserMoved(effect=1, position=position)
    one.saw(moved, running(replace(RUN, position=position)), Nobody())


def cut_off() -> None:
    """A session is cut off in a run that began at 10000, and has moved the focuser to 10060."""
    one = Unfinished(profile())
    sent(one, 10_060, 10_120)
    arrived(one, 10_060)


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
    sent(one, 10_100)
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
    sent(one, 10_000, outcome=outcome, position=10_100)
    assert found(Unfinished(profile())) == 10_000


def test_the_end_of_a_session_forgets_a_run_but_not_where_it_began() -> None:
    one = Unfinished(profile())
    sent(one, 10_100)
    one.saw(events.SessionEnded(), running(None), Nobody())
    assert found(Unfinished(profile())) == 10_000


@pytest.mark.parametrize(
    ("stands_at", "start"), [(10_065, 10_000), (10_066, None), (10_055, 10_000), (10_054, None), (10_018, None)]
)
def test_a_focuser_that_stands_elsewhere_than_the_run_had_left_it_was_moved_by_something_else(
    stands_at: int, start: int | None
) -> None:
    """Also within the sweep: another program's focus lies there too."""
    cut_off()
    told = Unfinished(profile()).find(stands_at, 50_000)
    assert told is not None
    assert told.start == start
    assert ("something else has moved the focuser since" in told.sentence) is (start is None)
    assert found(Unfinished(profile()), stands_at) == start, "what was moved since is over"


@pytest.mark.parametrize(("stands_at", "start"), [(9_994, None), (10_050, 10_000), (10_165, 10_000), (10_166, None)])
def test_a_focuser_that_was_on_its_way_may_stand_anywhere_on_it(stands_at: int, start: int | None) -> None:
    one = Unfinished(profile())
    sent(one, 10_100, 10_160)
    assert found(Unfinished(profile()), stands_at) == start


def test_after_a_move_that_failed_it_may_stand_on_that_way_or_on_the_next() -> None:
    one = Unfinished(profile())
    sent(one, 10_100)
    sent(one, 9_950, outcome="restored", position=None)
    assert [found(Unfinished(profile()), place) for place in (9_950, 10_090, 10_110)] == [10_000, 10_000, None]


def test_steps_that_were_added_against_backlash_do_not_make_it_another_position() -> None:
    cut_off()
    absolute = profile(backlash="absolute")
    assert [found(Unfinished(absolute), place) for place in (10_095, 10_096)] == [10_000, None]


def test_the_note_is_there_before_the_focuser_moves() -> None:
    """The power may go in that very moment."""
    rig, one = quiet_rig(), Unfinished(profile())
    moved: list[dict[str, Any]] = []
    nobody: Any = None
    crew: Any = SimpleNamespace(start=lambda *_, **__: moved.append(_note().read()))
    hands = Hands(nobody, nobody, crew, nobody, nobody, nobody)
    hands.about_to_move = lambda move: one.moves(move, rig.state.context, Nobody())
    begin_run(rig, "Refocusing.Moving")
    (move,) = rig.emitted("move_focuser")
    hands.carry_out(move)
    assert [(told["start_position"], told["low"], told["high"]) for told in moved] == [
        (10_000, 10_000, max(move.position, *move.via))
    ]


def test_a_clock_that_was_set_back_forgets_nothing() -> None:
    cut_off()
    note = _note()
    told = json.loads(note.path.read_text())
    note.path.write_text(json.dumps({**told, "at": told["at"] + 1800}))
    assert found(Unfinished(profile())) == 10_000


def test_a_note_that_cannot_be_written_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    one, told = Unfinished(profile()), Told()
    for position in (10_100, 10_080):
        one.moves(MoveFocuser(1, position=position), running(), told)
    (sentence,) = told.sentences
    assert sentence.startswith("It cannot be written down that a run moves the focuser (")


def test_a_session_that_ends_before_the_run_was_made_again_tells_so() -> None:
    cut_off()
    one, told = Unfinished(profile()), Told()
    found(one)
    one.saw(NOW, running(None, astray=True), told)
    assert told.sentences == []
    one.saw(events.SessionEnded(), running(None, astray=True), told)
    (sentence,) = told.sentences
    assert "before it, it stood at 10000" in sentence
    assert found(Unfinished(profile())) == 10_000


# --- what was switched for a run ---


def switched(one: Unfinished, *happened: events.Event, **more: Any) -> None:
    for event in happened:
        one.saw(event, running(None, **more), Nobody())


def starts(one: Unfinished) -> tuple[events.SessionStarted, list[str]]:
    """The event that the next session begins with, and what a person is told."""
    told = Told()
    started = one.started(FocuserState(10_000, 50_000, absolute=True, driver_compensation=False), ())
    one.saw(started, running(None), told)
    return started, told.sentences


PREPARED = events.FocuserPrepared(effect=1, position=10_000, max_step=50_000, absolute=True, driver_compensation=True)
OFF_BY_US = events.DriverCompensationSwitched(effect=1, former=True)


@pytest.mark.parametrize("event", [PREPARED, OFF_BY_US])
def test_a_drivers_own_compensation_that_was_left_off_is_known_and_told(event: events.Event) -> None:
    switched(Unfinished(profile()), event)
    started, told = starts(Unfinished(profile()))
    assert started.driver_left_off
    assert "has left the driver's own temperature compensation off" in told[0]
    assert starts(Unfinished(profile()))[0].driver_left_off, "until it is set back"


def test_one_that_was_set_back_is_not_left_off() -> None:
    switched(Unfinished(profile()), PREPARED, events.FocuserReleased(effect=2))
    assert not starts(Unfinished(profile()))[0].driver_left_off
    ending = replace(begin(profile(), 0.0).plan, ending=True)
    one = Unfinished(profile())
    switched(one, OFF_BY_US)
    switched(one, events.DriverCompensationSwitched(effect=2, former=False), plan=ending)
    assert not starts(Unfinished(profile()))[0].driver_left_off


def test_the_end_of_a_run_does_not_set_back_what_the_session_has_taken_over() -> None:
    one = Unfinished(profile())
    taken_over = replace(begin(profile(), 0.0).compensation, driver_was_on=True)
    switched(one, OFF_BY_US, events.FocuserReleased(effect=2), compensation=taken_over)
    assert starts(Unfinished(profile()))[0].driver_left_off


def test_a_filter_that_was_turned_for_a_run_is_told_once() -> None:
    run = replace(RUN, filter="L", home_filter="Ha", filter_turned=True)
    Unfinished(profile()).saw(NOW, running(run), Nobody())
    _, told = starts(Unfinished(profile()))
    (sentence,) = told
    assert "with the filter wheel turned to L for a run, while the plan was in Ha: look at the wheel." in sentence
    assert starts(Unfinished(profile()))[1] == []


@pytest.mark.parametrize(
    ("by_hand", "kind", "further"),
    [
        (False, "embedded", "A refocus is made as soon as possible."),
        (False, "gate", "A refocus is made before the host's next frame, or when it has said nothing for 900 s"),
        (True, "gate", "stood at 10000 before it."),
    ],
)
def test_what_follows_is_told(by_hand: bool, kind: str, further: str) -> None:
    cut_off()
    attended = Profile.model_validate({**profile().model_dump(exclude_defaults=True), "host": {"kind": kind}})
    told = Unfinished(attended, by_hand=by_hand).find(10_060, 50_000)
    assert told is not None
    assert further in told.sentence
    assert ("refocus is made" in told.sentence) is not by_hand


def test_a_way_back_reaches_from_where_the_focuser_stood() -> None:
    one = Unfinished(profile())
    sent(one, 10_000, sweep=Sweep(()), outcome="cancelled", position=10_400)
    assert found(Unfinished(profile()), 10_200) == 10_000


def test_a_fault_does_not_forget_the_run_before_the_focuser_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(actions.ACTIONS, "fit_curve", replace(actions.ACTIONS["fit_curve"], call=broken))
    rig, one = quiet_rig(), Unfinished(profile())
    begin_run(rig, "Refocusing.Measuring")
    while rig.steps[-1].outcome != "fault":
        rig.answer()
        one.saw(rig.log[-1].event, rig.state.context, Nobody())
    assert _note().path.exists()
    (move,) = (effect for effect in rig.steps[-1].effects if isinstance(effect, MoveFocuser))
    rig.send(events.EffectFailed(effect=move.id, reason="timeout", sentence="It stopped at 10100."))
    one.saw(rig.log[-1].event, rig.state.context, Nobody())
    assert _note().path.exists()
    rig.send(events.FocuserRead(position=10_000))
    one.saw(rig.log[-1].event, rig.state.context, Nobody())
    assert not _note().path.exists()


@pytest.mark.parametrize(
    "told",
    [
        {"at": math.nan},
        {"at": time.time() + 86_400},
        {"start_position": -5},
        {"start_position": 99_999_999},
        {"low": 10_061, "high": 10_059},
        {"start_position": None},
    ],
)
def test_a_note_that_cannot_be_true_is_none(told: dict[str, Any]) -> None:
    note = LeftBehind("run", name_of(profile().devices.focuser))  # type: ignore[arg-type]
    sound: dict[str, Any] = {"start_position": 10_000, "low": 10_050, "high": 10_070, "at": time.time()}
    note.write(**sound)
    assert found(Unfinished(profile())) == 10_000
    note.write(**{**sound, **told})
    assert found(Unfinished(profile())) is None
