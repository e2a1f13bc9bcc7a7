"""The Ekos host without Ekos: what it says where it cannot begin, and what it answers while KStars is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.clock import VirtualClock
from statefocus.errors import Unreachable
from statefocus.hosts.ekos import EkosHost
from statefocus.hosts.ekos.bus import Bus, BusLost, Gone, Signal
from statefocus.hosts.ekos.guiding import Guided
from statefocus.hosts.ekos.own_autofocus import own_autofocus_of
from statefocus.hosts.ekos.sight import Capturing as State
from statefocus.hosts.ekos.wishes import Wish, grant_without_ekos
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.left_behind import LeftBehind
from statefocus.profile import Profile

from .beside import CONFIG
from .kstars import until
from .sequences import Frames, write_sequence
from .test_attendant import Ekos


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


@pytest.mark.parametrize("what", ["hold", "release", "abort"])
def test_where_ekos_may_live_on_nothing_is_granted(what: Any) -> None:
    answer = grant_without_ekos(Wish(what, 7), lives_on=True)
    assert isinstance(answer, events.EffectFailed)
    assert answer.reason == "unreachable"


def test_its_own_autofocus_is_read_from_a_sequence_file(tmp_path: Path) -> None:
    on = write_sequence(tmp_path / "on.esq", tmp_path, Frames(1), own_autofocus=True)
    off = write_sequence(tmp_path / "off.esq", tmp_path, Frames(1))
    assert own_autofocus_of(on.read_text()) == ["autofocus by HFR"]
    assert own_autofocus_of(off.read_text()) == []
    assert own_autofocus_of("no xml") is None


def test_the_profile_has_five_lines_to_edit() -> None:
    text = CONFIG.read_text()
    lines = [line for line in text.split("five lines to edit")[1].split("# ---")[0].splitlines()[1:] if line.strip()]
    assert len(lines) == 5


# --- the host's own thread, beside an Ekos whose bus can be cut ---


class Wire:
    """Buses that lead to one Ekos; `cut` ends those that are open, `process` is the KStars that is found."""

    def __init__(self, ekos: Ekos) -> None:
        self.ekos, self.process, self.open, self.fault = ekos, ":1.5 4711", 0, False
        self.reachable = True
        self.signals: list[Signal] = []

    def cut(self, *, for_good: bool = False) -> None:
        self.open += 1
        self.reachable = not for_good

    def __call__(self, _address: str | None, _timeout_s: float) -> WireBus:
        if not self.reachable:
            raise BusLost("no bus")
        return WireBus(self, self.open)


class WireBus:
    def __init__(self, wire: Wire, number: int) -> None:
        self._wire, self._number = wire, number

    def _check(self) -> None:
        if self._number != self._wire.open:
            raise BusLost("cut")

    def listen_to(self, _rule: str) -> None:
        self._check()

    def owner(self, _name: str) -> str:
        self._check()
        return self._wire.process

    def signal(self) -> Signal | None:
        self._check()
        if self._wire.fault:
            self._wire.fault = False
            message = "a bug"
            raise ZeroDivisionError(message)
        return self._wire.signals.pop(0) if self._wire.signals else None

    def wait(self, seconds: float, _woken: int) -> None:
        self._check()
        time.sleep(min(seconds, 0.02))

    def close(self) -> None:
        pass

    def get(self, *asked: Any) -> Any:
        self._check()
        return self._wire.ekos.get(*asked)

    def call(self, *asked: Any) -> Any:
        self._check()
        return self._wire.ekos.call(*asked)

    def tell(self, *told: Any) -> None:
        self._check()
        self._wire.ekos.tell(*told)


class Attended:
    """A host at work, and what it has told."""

    def __init__(self, wire: Wire, folder: Path, *, foresees: bool = False) -> None:
        self.wire, self.told = wire, []  # type: tuple[Wire, list[events.Event]]
        profile = Profile.model_validate(
            {
                "host": {"kind": "ekos", "ekos": {"resume_timeout_s": 1.0}, "guiding": {"timeout_s": 0.5}},
                "records": {"folder": str(folder)},
            }
        )
        crew: Any = SimpleNamespace(post=self.told.append, start=lambda _lane, task: task.close())
        rig: Any = SimpleNamespace(focuser=SimpleNamespace(position=lambda: 4711), mount=None)
        self.host = EkosHost(
            Surroundings(
                profile, rig, VirtualClock(0.0), crew, lambda *_told: Kept(None), foresees=lambda *_frame: foresees
            )
        )
        self.host.attend()

    def wait_for(self, kind: str) -> events.Event:
        found = until(lambda: [event for event in self.told if event.kind == kind], 10, kind)
        event: events.Event = found[-1]
        return event

    def has_granted(self) -> None:
        until(lambda: self.host._wishes.empty() and not self.host._open, 10, "what was wished is granted")

    def is_held(self) -> None:
        self.host.hold(5)
        assert self.wait_for("plan_held") == events.PlanHeld(effect=5, running=True)
        assert self.wire.ekos.status == State.SUSPENDED

    def goes_on(self) -> None:
        until(lambda: self.wire.ekos.status == State.CAPTURING, 10, "it goes on")


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    ekos = Ekos()
    ekos.status = State.WAITING
    one = Wire(ekos)
    monkeypatch.setattr("statefocus.hosts.ekos.host.Bus", one)
    monkeypatch.setattr("statefocus.hosts.ekos.keeper._MAY_WANT_S", 0.5)
    return one


@pytest.fixture
def attended(wire: Wire, tmp_path: Path) -> Iterator[Attended]:
    one = Attended(wire, tmp_path)
    yield one
    one.host.close()


@pytest.mark.parametrize("how", ["cut", "fault"])
def test_a_hold_outlasts_the_loss_of_the_bus(wire: Wire, attended: Attended, how: str) -> None:
    attended.is_held()
    if how == "cut":
        wire.cut()
    else:
        wire.fault = True
    attended.wait_for("host_found")
    assert wire.ekos.status == State.SUSPENDED
    attended.host.release(6)
    assert attended.wait_for("plan_released") == events.PlanReleased(effect=6)
    attended.goes_on()


def test_a_release_while_the_bus_is_lost_is_not_done_and_made_up_for(wire: Wire, attended: Attended) -> None:
    attended.is_held()
    wire.cut(for_good=True)
    attended.wait_for("host_lost")
    attended.host.release(6)
    failed = attended.wait_for("effect_failed")
    assert isinstance(failed, events.EffectFailed)
    assert (failed.effect, failed.reason) == (6, "unreachable")
    wire.reachable = True
    attended.goes_on()


@pytest.mark.parametrize("how", ["the bus is lost", "KStars is busy"])
def test_a_hold_is_not_told_while_ekos_may_expose_unseen(wire: Wire, tmp_path: Path, how: str) -> None:
    wire.ekos.status, wire.ekos.mute = State.CAPTURING, how == "KStars is busy"
    attended = Attended(wire, tmp_path)
    if how == "the bus is lost":
        attended.wait_for("plan_started")
        wire.cut(for_good=True)
    attended.host.hold(5)
    failed = attended.wait_for("effect_failed")
    assert isinstance(failed, events.EffectFailed)
    assert (failed.effect, failed.reason) == (5, "unreachable")
    wire.reachable, wire.ekos.mute = True, False
    until(lambda: "plan_started" in [event.kind for event in attended.told], 10, "it is seen")
    attended.host.close()
    assert wire.ekos.told == []


@pytest.mark.parametrize("how", ["no KStars", "no Ekos in it"])
def test_a_hold_is_told_at_once_where_surely_nothing_runs(wire: Wire, tmp_path: Path, how: str) -> None:
    wire.ekos.absent = how == "no Ekos in it"
    attended = Attended(wire, tmp_path)
    if how == "no KStars":
        attended.wait_for("plan_started")
        wire.signals.append(
            Signal("bus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", ("kstars", ":1.5", ""))
        )
        attended.wait_for("host_lost")
    attended.host.hold(5)
    assert attended.wait_for("plan_held") == events.PlanHeld(effect=5, running=False)
    attended.host.close()


def test_an_abort_while_the_bus_is_lost_is_not_done(wire: Wire, attended: Attended) -> None:
    attended.is_held()
    wire.cut(for_good=True)
    attended.wait_for("host_lost")
    attended.host.abort(6)
    assert isinstance(attended.wait_for("effect_failed"), events.EffectFailed)
    assert "plan_aborted" not in [event.kind for event in attended.told]
    wire.reachable = True
    attended.wait_for("host_found")
    attended.host.abort(7)
    assert attended.wait_for("plan_aborted") == events.PlanAborted(effect=7)
    assert wire.ekos.told == ["suspend", "abort"]


def test_what_was_given_up_while_the_bus_was_lost_is_let_go_once_it_is_back(wire: Wire, attended: Attended) -> None:
    attended.is_held()
    wire.cut(for_good=True)
    attended.wait_for("host_lost")
    attended.host.release(6)
    attended.wait_for("effect_failed")
    attended.host.leave_paused()
    attended.has_granted()
    wire.reachable = True
    attended.goes_on()
    until(lambda: not note().exists(), 10, "nothing is written down any more")
    wire.signals.append(
        Signal(":1.5", "/KStars/Ekos/Capture", "org.kde.kstars.Ekos.Capture", "newStatus", (State.CAPTURING,))
    )
    until(lambda: attended.told[-1].kind == "plan_started", 10, "it is told")


@pytest.mark.parametrize("asked", ["hold", "abort"])
def test_what_a_policy_leaves_paused_stays_so_when_the_bus_is_back(wire: Wire, attended: Attended, asked: str) -> None:
    attended.is_held()
    wire.cut(for_good=True)
    attended.wait_for("host_lost")
    if asked == "abort":
        attended.host.abort(6)
        attended.wait_for("effect_failed")
    attended.host.leave_paused()
    attended.has_granted()
    wire.reachable = True
    assert attended.wait_for("plan_paused") == events.PlanPaused(by="host")
    assert wire.ekos.told == ["suspend"]


def test_another_kstars_has_forgotten_what_was_held(wire: Wire, attended: Attended) -> None:
    attended.is_held()
    wire.cut(for_good=True)
    attended.wait_for("host_lost")
    attended.host.release(6)
    attended.wait_for("effect_failed")
    wire.process, wire.reachable = ":1.9 4712", True
    attended.wait_for("host_found")
    attended.host.release(7)
    assert attended.wait_for("plan_released") == events.PlanReleased(effect=7)
    assert wire.ekos.told == ["suspend"]


def test_what_is_held_at_the_end_is_let_go_once_kstars_answers(wire: Wire, attended: Attended) -> None:
    attended.is_held()
    wire.ekos.mute = True
    threading.Timer(0.4, setattr, (wire.ekos, "mute", False)).start()
    assert attended.host.failure == ""
    assert wire.ekos.status == State.CAPTURING


def test_what_cannot_be_let_go_at_the_end_is_told(wire: Wire, attended: Attended, tmp_path: Path) -> None:
    attended.is_held()
    wire.ekos.mute = True
    assert attended.host.failure == (
        "Ekos's sequence is still held, and could not be let go within 1 s: start it in Ekos's Capture module."
    )
    assert note().exists()


def test_what_is_held_at_the_end_is_let_go_though_ekos_answers_slowly(wire: Wire, attended: Attended) -> None:
    attended.is_held()
    wire.signals += [
        Signal(":1.5", "/KStars/Ekos/Capture", "org.kde.kstars.Ekos.Capture", "newStatus", (State.SUSPENDED,))
    ] * 20
    wire.ekos.answers_after_s = 0.3
    assert attended.host.failure == ""
    assert wire.ekos.status == State.CAPTURING


def test_what_is_still_held_when_the_time_is_over_is_told_though_an_answer_is_awaited(
    wire: Wire, attended: Attended
) -> None:
    attended.is_held()
    wire.ekos.answers_after_s = 4.0
    assert "Ekos's sequence is still held" in attended.host.failure
    attended.host.close()
    wire.ekos.answers_after_s = 0.0


def test_at_the_end_no_answer_is_waited_for_beyond_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(timeout: float) -> None:
        time.sleep(timeout)
        raise TimeoutError

    connection = SimpleNamespace(outgoing_serial=iter(range(1, 9)), send=lambda *_told: None, receive=receive)
    monkeypatch.setattr("statefocus.hosts.ekos.bus.open_dbus_connection", lambda _address: connection)
    bus, began = Bus(timeout_s=5.0), time.monotonic()
    bus.until = began + 0.2
    for _ in range(3):
        with pytest.raises(Gone):
            bus.get("org.kde.kstars", "/KStars/Ekos/Capture", "org.kde.kstars.Ekos.Capture", "status")
    assert time.monotonic() - began < 1.0


def test_an_end_with_nothing_held_is_quick(wire: Wire, attended: Attended) -> None:
    wire.ekos.mute = True
    began = time.monotonic()
    assert attended.host.failure == ""
    assert time.monotonic() - began < 1


# --- what a session that was killed has left held ---


def note() -> Path:
    """Where it is written down."""
    return LeftBehind("ekos", os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")).path


def left_by(wire: Wire, folder: Path) -> None:
    """A session holds the sequence, and is killed."""
    killed = Attended(wire, folder)
    killed.is_held()
    until(note().exists, 10, "it is written down")
    wire.ekos.deaf = True
    killed.host.close()
    wire.ekos.deaf = False
    wire.ekos.told.clear()


def test_what_a_killed_session_left_held_is_let_go_by_the_next_one(wire: Wire, tmp_path: Path) -> None:
    left_by(wire, tmp_path)
    after = Attended(wire, tmp_path)
    after.goes_on()
    assert after.wait_for("plan_paused") == events.PlanPaused(by="an earlier statefocus")
    until(lambda: not note().exists(), 10, "nothing is written down any more")
    after.host.close()
    assert wire.ekos.told == ["start"]


def test_what_a_killed_session_left_held_may_be_held_on_by_the_next_one(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by(wire, tmp_path)
    monkeypatch.setattr("statefocus.hosts.ekos.keeper._MAY_WANT_S", 5.0)
    after = Attended(wire, tmp_path)
    after.wait_for("plan_paused")
    after.is_held()
    assert wire.ekos.told == []
    after.host.release(6)
    after.goes_on()
    after.host.close()


def test_a_sequence_that_somebody_else_has_suspended_is_told(wire: Wire, tmp_path: Path) -> None:
    wire.ekos.status = State.SUSPENDED
    after = Attended(wire, tmp_path)
    assert after.wait_for("plan_paused") == events.PlanPaused(by="host")
    after.host.close()
    assert wire.ekos.told == []


def test_guiding_that_a_killed_session_left_suspended_goes_on_too(wire: Wire, tmp_path: Path) -> None:
    wire.ekos.guiding = Guided.GUIDING
    left_by(wire, tmp_path)
    assert wire.ekos.guiding == Guided.SUSPENDED
    after = Attended(wire, tmp_path)
    until(lambda: wire.ekos.guiding == Guided.GUIDING, 10, "it guides")
    after.host.close()
    assert wire.ekos.told == ["Guide resume", "start"]


def test_guiding_that_a_person_has_started_since_holds_nothing_up(wire: Wire, tmp_path: Path) -> None:
    wire.ekos.guiding = Guided.GUIDING
    left_by(wire, tmp_path)
    wire.ekos.guiding = Guided.GUIDING
    after = Attended(wire, tmp_path)
    after.goes_on()
    after.host.close()
    assert wire.ekos.told == ["start"]
    assert "guiding_failed" not in [event.kind for event in after.told]


def test_a_pause_that_was_planned_is_written_down_as_well(wire: Wire, tmp_path: Path) -> None:
    killed = Attended(wire, tmp_path, foresees=True)
    killed.wait_for("plan_started")
    wire.ekos.status = State.CAPTURING
    wire.signals.append(
        Signal(":1.5", "/KStars/Ekos/Capture", "org.kde.kstars.Ekos.Capture", "newStatus", (State.CAPTURING,))
    )
    until(note().exists, 10, "it is written down")
    assert wire.ekos.status == State.PAUSE_PLANNED
    wire.ekos.deaf = True
    killed.host.close()
    wire.ekos.deaf = False
    after = Attended(wire, tmp_path)
    after.goes_on()
    after.host.close()
    assert (wire.ekos.told[-1], note().exists()) == ("toggleSequence", False)


@pytest.mark.parametrize("how", ["another KStars", "more frames", "stopped", "no note"])
def test_what_is_suspended_otherwise_is_not_ours_to_start(wire: Wire, tmp_path: Path, how: str) -> None:
    left_by(wire, tmp_path)
    if how == "another KStars":
        wire.process = ":1.9 4712"
    elif how == "more frames":
        wire.ekos.done = 1
    elif how == "stopped":
        wire.ekos.status = State.ABORTED
    else:
        note().write_text("{")
    after = Attended(wire, tmp_path)
    time.sleep(0.5)
    after.host.close()
    assert wire.ekos.told == []
