"""Over real HTTP and a real event socket: errors by name, rubbish, a server that goes and comes, focus frames."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from statefocus import events
from statefocus.clock import RealClock
from statefocus.crew import ThreadCrew
from statefocus.devices.values import Exposure
from statefocus.errors import DeviceError, Protocol, Refused, Timeout, Unreachable, UsageError
from statefocus.hosts.gate.answering import UNDER_WAY
from statefocus.hosts.gate.asking import GateCall
from statefocus.hosts.nina import guiding
from statefocus.hosts.nina.api import Api
from statefocus.hosts.nina.camera import NinaCamera
from statefocus.hosts.nina.host import GUIDES_AGAIN, NinaHost
from statefocus.hosts.nina.reading import TARGET, focusing_of, runs_sequence
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.hosts.registry import camera_of
from statefocus.loading import load_profile
from statefocus.profile import Profile
from tests.generate import ROOT
from tests.nina.server import Nina, free_port, opened, until

QUICK = {"connect_timeout_s": 2.0, "read_timeout_s": 2.0, "look_every_s": 1.0, "lost_after_s": 2.0}
SPEED = 10.0


@pytest.fixture
def nina() -> Iterator[Nina]:
    with opened() as nina:
        yield nina


def settings(port: int, guiding: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"host": {"kind": "nina", "nina": {"port": port, **QUICK, **more}, "guiding": guiding or {}}}


class Attended:
    """A host that attends N.I.N.A. in real time, in a hurry, and what it tells."""

    def __init__(self, port: int, *, guards: dict[str, str] | None = None, **more: Any) -> None:
        profile = Profile.model_validate({**settings(port, **more), "guards": guards or {}})
        clock = RealClock(None, SPEED)
        self.crew = ThreadCrew(clock)
        self.told: list[events.Event] = []
        self.crew.post = self.told.append  # type: ignore[method-assign, assignment]
        self.crew.wait_until_worked_off = lambda: None  # type: ignore[method-assign]
        rig: Any = SimpleNamespace(filter_wheel=None, mount=None, focuser=SimpleNamespace(position=lambda: 10_000))
        try:
            self.host = NinaHost(Surroundings(profile, rig, clock, self.crew, lambda *_: Kept(None)))
        except BaseException:
            self.crew.stop()
            raise

    def kinds(self, *wanted: str) -> list[str]:
        return [one.kind for one in self.told if not wanted or one.kind in wanted]


@contextmanager
def attending(port: int, **more: Any) -> Iterator[Attended]:
    attended = Attended(port, **more)
    try:
        attended.host.attend()
        yield attended
    finally:
        attended.host.close()
        attended.crew.stop()


# --- questions ---


def test_an_answer_is_taken_out_of_its_envelope(nina: Nina) -> None:
    api = Api(Profile.model_validate(settings(nina.port)).host.nina)
    assert api.check_version() == "2.2.15.0"
    assert api.table("/equipment/focuser/info")["Position"] == 10_000


@pytest.mark.parametrize(
    ("instead", "error", "said"),
    [
        ((200, b"<html>"), Protocol, "not N.I.N.A.'s Advanced API"),
        ((200, b'{"Response": "2.2"}'), Protocol, "not N.I.N.A.'s Advanced API"),
        ((404, b""), Protocol, "HTTP 404"),
        ((200, b"[" * 200_000), Protocol, "not N.I.N.A.'s Advanced API"),
        ((500, b'{"Response": "", "Error": "Unknown error", "Success": false}'), Refused, "Unknown error"),
        ((200, b'{"Response": "", "Error": "No way", "Success": false}'), Refused, "No way"),
        ((200, b'{"Response": "3.0.0.0", "Error": "", "Success": true}'), UsageError, "is version 3.0.0.0"),
        ((200, b'{"Response": null, "Error": "", "Success": true}'), UsageError, "no version"),
        (3.0, Timeout, "within 0.5 s"),
    ],
)
def test_what_is_amiss_with_an_answer_is_said(instead: Any, error: type[Exception], said: str) -> None:
    with opened() as nina:
        nina.instead["/version"] = instead
        api = Api(Profile.model_validate(settings(nina.port, read_timeout_s=0.5)).host.nina)
        with pytest.raises(error, match=said):
            api.check_version()


@pytest.mark.parametrize("address", ["127.0.0.1", "no such host", "\u2603" * 80])
def test_nobody_there(address: str) -> None:
    api = Api(Profile.model_validate(settings(free_port(), address=address)).host.nina)
    with pytest.raises(Unreachable, match="is it open"):
        api.check_version()


def test_an_answer_that_never_ends(nina: Nina) -> None:
    nina.instead["/version"] = (200, b" " * 3_000_000)
    api = Api(Profile.model_validate(settings(nina.port)).host.nina)
    with pytest.raises(Protocol, match="more than 1 MB"):
        api.get("/version", longest=1 << 20)


# --- attending ---


def test_a_session_begins_only_where_nina_is() -> None:
    with pytest.raises(Unreachable, match="is it open") as told:
        Attended(free_port())
    assert told.value.exit_code == 3


@pytest.mark.parametrize("policy", ["follow", "refuse"])
def test_an_autofocus_that_runs_at_the_start(nina: Nina, policy: str) -> None:
    nina.tell_later("AUTOFOCUS-STARTING")
    if policy == "refuse":
        with pytest.raises(UsageError, match="two programs cannot move one focuser"):
            Attended(nina.port, own_autofocus=policy)
        nina.tell_later("ERROR-AF")
    with attending(nina.port, own_autofocus=policy) as attended:
        until(lambda: nina.listeners)
        if policy == "follow":
            until(lambda: attended.kinds("host_focusing"))
        nina.tell("AUTOFOCUS-FINISHED")
        until(lambda: attended.kinds("host_refocused"))


@pytest.mark.parametrize("old", ["2020-01-01T20:00:00.1234567+01:00", "2020-01-01T20:00:00"])
def test_an_autofocus_of_long_ago_does_not_run(nina: Nina, old: str) -> None:
    nina.history.append({"Event": "AUTOFOCUS-STARTING", "Time": old})
    with attending(nina.port, own_autofocus="refuse"):
        until(lambda: nina.listeners)


def test_a_sequence_that_runs_already_is_noticed(nina: Nina) -> None:
    nina.sequence = "RUNNING"
    with attending(nina.port) as attended:
        until(lambda: attended.host._sequence_runs)
        assert not attended.host._stands_still(), "it may be exposing"


def deep(depth: int) -> list[Any]:
    tree: list[Any] = [{"Status": "RUNNING"}]
    for _ in range(depth):
        tree = [{"Status": "FINISHED", "Items": tree}]
    return tree


@pytest.mark.parametrize(
    ("tree", "runs"),
    [(deep(3), True), (deep(500), False), (None, False), ([{"Items": 7}, {"Status": None}, 3], False), ({}, False)],
)
def test_what_a_sequence_says_of_itself(tree: object, runs: bool) -> None:
    assert runs_sequence(tree) is runs


@pytest.mark.parametrize(
    ("history", "state"),
    [
        (None, ""),
        ([], ""),
        ([7, {"Event": "IMAGE-SAVE"}], ""),
        ([{"Event": "AUTOFOCUS-STARTING", "Time": "1970-01-01T00:16:40.1234567+00:00"}], "runs"),
        ([{"Event": "AUTOFOCUS-STARTING", "Time": "1970-01-01T00:00:40Z"}], ""),
        ([{"Event": "AUTOFOCUS-POINT-ADDED", "Time": "soon"}], "runs"),
        ([{"Event": "AUTOFOCUS-STARTING"}, {"Event": "AUTOFOCUS-FINISHED"}], "found"),
        ([{"Event": "AUTOFOCUS-STARTING"}, {"Event": "ERROR-AF"}, {"Event": "MOUNT-CENTER"}], "failed"),
    ],
)
def test_what_the_history_says_of_the_last_autofocus(history: object, state: str) -> None:
    assert focusing_of(history, now=1100.0, limit_s=300.0) == state


def test_a_nina_that_goes_and_comes_is_told(nina: Nina) -> None:
    with attending(nina.port) as attended:
        until(lambda: nina.listeners)
        for gone in (1, 2):
            nina.stop()
            until(lambda: attended.kinds("host_lost").__len__() == gone)  # noqa: B023
            nina.start()
            until(lambda: attended.kinds("host_found").__len__() == gone)  # noqa: B023
            until(lambda: nina.listeners)
        lost = next(one for one in attended.told if isinstance(one, events.HostLost))
        assert f"127.0.0.1:{nina.port} tells nothing any more" in lost.sentence
        nina.tell("AUTOFOCUS-STARTING")
        until(lambda: attended.kinds("host_focusing"))
    assert attended.kinds("host_lost", "host_found") == ["host_lost", "host_found"] * 2


@pytest.mark.parametrize(("then", "failed"), [("AUTOFOCUS-FINISHED", False), ("ERROR-AF", True), ("", True)])
def test_an_autofocus_that_ends_while_nina_is_lost_is_asked_for(nina: Nina, then: str, failed: bool) -> None:
    with attending(nina.port) as attended:
        until(lambda: nina.listeners)
        nina.tell("AUTOFOCUS-STARTING")
        until(lambda: attended.kinds("host_focusing"))
        nina.stop()
        until(lambda: attended.kinds("host_lost"))
        nina.history = [{"Event": then, "Time": "now"}] if then else []
        nina.start()
        until(lambda: attended.kinds("host_refocused"))
    told = ["host_focusing", "host_lost", "host_found", "host_focusing", "host_refocused"]
    assert attended.kinds(*told) == told
    (ended,) = (one for one in attended.told if isinstance(one, events.HostRefocused))
    assert ended.failed == failed


def test_a_short_gap_is_no_loss_and_what_happened_in_it_is_asked(nina: Nina) -> None:
    with attending(nina.port, lost_after_s=600.0) as attended:
        until(lambda: nina.listeners)
        nina.tell("AUTOFOCUS-STARTING")
        until(lambda: attended.kinds("host_focusing"))
        nina.stop()
        nina.tell_later("AUTOFOCUS-FINISHED")
        nina.start()
        until(lambda: attended.kinds("host_refocused"))
    assert attended.kinds("host_lost") == []


def test_a_server_that_listens_and_says_nothing_is_lost(nina: Nina) -> None:
    with attending(nina.port, read_timeout_s=0.2) as attended:
        until(lambda: nina.listeners)
        nina.instead["/version"] = 1.0
        nina.deaf = True
        until(lambda: attended.kinds("host_lost"))
        del nina.instead["/version"]
        nina.deaf = False
        until(lambda: attended.kinds("host_found"))


def test_rubbish_and_events_by_the_hundred(nina: Nina) -> None:
    with attending(nina.port) as attended:
        until(lambda: nina.listeners)
        for text in ("", "{", '{"Response": 7}', b"\xff\x00", "x" * 100_000):
            nina.say(text)
        for _ in range(300):
            nina.tell("GUIDER-DITHER")
            nina.tell("IMAGE-PREPARED")
        nina.tell("AUTOFOCUS-STARTING")
        until(lambda: attended.kinds("host_focusing"))


def test_facts_are_read_where_the_profile_asks_for_them(nina: Nina) -> None:
    nina.mount["TimeToMeridianFlip"] = 0.5
    guards = dict.fromkeys(("safe", "tracking", "unparked", "flip_not_imminent"), "host")
    with attending(nina.port, guards=guards) as attended:
        until(lambda: attended.kinds("safety_read") and attended.kinds("mount_read"))
        assert attended.host.flip_in_s() == 1800
        nina.safe = False
        until(lambda: events.SafetyRead(safe=False) in attended.told)
        nina.mount["AtPark"] = True
        until(lambda: any(isinstance(one, events.MountRead) and one.parked for one in attended.told))
    assert events.MountRead(tracking=True, parked=False, flip_in_s=1800.0) in attended.told


# --- guiding ---


@contextmanager
def held(nina: Nina, **guiding: Any) -> Iterator[Attended]:
    """Hold a N.I.N.A. whose plan stands still, and release it."""
    with attending(nina.port, guiding=guiding) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        yield attended
        attended.host.release(8)
        until(lambda: attended.kinds("plan_released"))


def test_guiding_stands_still_during_a_hold_and_is_back_before_the_release(nina: Nina) -> None:
    nina.guiding = "Guiding"
    with held(nina) as attended:
        assert nina.guiding == "Stopped"
    assert nina.guiding == "Guiding"
    told = ["guiding_paused", "plan_held", "guiding_settled", "plan_released"]
    assert attended.kinds(*told) == told
    assert ("/equipment/guider/start", {"calibrate": "false"}) in nina.asked


@pytest.mark.parametrize(("state", "during_runs"), [("Stopped", "pause"), ("Looping", "pause"), ("Guiding", "leave")])
def test_guiding_that_is_off_or_is_to_go_on_is_left_alone(nina: Nina, state: str, during_runs: str) -> None:
    nina.guiding = state
    with held(nina, during_runs=during_runs) as attended:
        pass
    assert [path for path, _ in nina.asked if path.endswith(("guider/stop", "guider/start"))] == []
    assert attended.kinds("guiding_paused", "guiding_settled", "guiding_failed") == []


@pytest.mark.parametrize(
    ("path", "instead", "again", "said"),
    [
        ("info", (500, b"{}"), "Guiding", "could not be paused"),
        ("stop", (500, b'{"Response": "", "Error": "Busy", "Success": false}'), "Guiding", "could not be paused"),
        ("start", 1.0, "Guiding", "has not settled within 0.5 s"),
        ("start", (409, b'{"Response": "", "Error": "Not connected", "Success": false}'), "Guiding", "Not connected"),
        ("start", None, "LostLock", "does not guide again after the run (it says 'LostLock')"),
    ],
)
def test_guiding_that_fails_is_told_and_holds_nothing_up(
    nina: Nina, path: str, instead: Any, again: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guiding, "ENDS_WITHIN_S", 1.0)
    nina.guiding, nina.guides_again = "Guiding", again
    if instead is not None:
        nina.instead[f"/equipment/guider/{path}"] = instead
    with held(nina, timeout_s=0.5) as attended:
        pass
    (failed,) = (one for one in attended.told if isinstance(one, events.GuidingFailed))
    assert said in failed.sentence


@pytest.mark.parametrize("how", ["abort", "leave_paused"])
def test_guiding_goes_on_where_the_plan_does_not(nina: Nina, how: str) -> None:
    nina.guiding = "Guiding"
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        attended.host.abort(8) if how == "abort" else attended.host.leave_paused()
        until(lambda: attended.kinds("guiding_settled"))
    assert nina.guiding == "Guiding"


@pytest.mark.parametrize("then", [[], ["SEQUENCE-STARTING", "SEQUENCE-FINISHED"]])
def test_a_hold_does_not_wait_for_a_silence_once_n_i_n_a_tells_that_nothing_runs(nina: Nina, then: list[str]) -> None:
    nina.instead["/sequence/json"] = (500, b"{}")
    attended = Attended(nina.port)
    try:
        attended.host.hold(7)
        until(lambda: ("/sequence/json", {}) in nina.asked)
        nina.instead.pop("/sequence/json")
        attended.host.attend()
        for name in then:
            attended.host.hear(json.dumps({"Response": {"Event": name}}))
        until(lambda: attended.kinds("plan_held"))
    finally:
        attended.host.close()
        attended.crew.stop()


def test_guiding_that_is_left_off_is_told_beside_an_older_fault_of_the_gate(
    nina: Nina, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guiding, "ENDS_WITHIN_S", 1.0)
    nina.guiding = "Guiding"
    nina.instead["/equipment/guider/start"] = (409, b'{"Response": "", "Error": "Not connected", "Success": false}')
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        attended.crew.stop()
        attended.host.failure = "The gate has a fault."
        attended.host.close()
        assert attended.host.failure == f"The gate has a fault. {guiding.LEFT_STOPPED}"


def test_a_session_that_ends_while_it_asks_whether_n_i_n_a_guides_stops_nothing_any_more(nina: Nina) -> None:
    nina.guiding = "Guiding"
    nina.instead["/equipment/guider/info"] = 1.0
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: ("/equipment/guider/info", {}) in nina.asked)
        attended.host.close()
    assert attended.host.failure == ""
    assert nina.guiding == "Guiding"
    assert not [path for path, _ in nina.asked if path.endswith("guider/stop")]


def test_a_hold_that_is_let_go_while_guiding_is_being_paused_leaves_it_on(nina: Nina) -> None:
    nina.guiding = "Guiding"
    nina.instead["/equipment/guider/stop"] = 0.3
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: ("/equipment/guider/stop", {}) in nina.asked)
        attended.host.release(8)
        until(lambda: attended.kinds("plan_released"))
    assert nina.guiding == "Guiding"
    assert attended.kinds("plan_held") == []


START = "/equipment/guider/start"
REFUSES = (500, b'{"Response": "", "Error": "Busy", "Success": false}')


def notes(state: Path) -> list[Path]:
    return list(state.rglob("nina-guiding-*.json"))


def starts(nina: Nina) -> int:
    return sum(path == START for path, _ in nina.asked)


def killed_in_a_hold(nina: Nina) -> None:
    """Have a session stop guiding, and end without a word."""
    nina.guiding = "Guiding"
    attended = Attended(nina.port)
    attended.host.attend()
    attended.host.hold(7)
    until(lambda: attended.kinds("plan_held"))
    attended.crew.stop()
    attended.host._link.stop()
    assert nina.guiding == "Stopped"


@pytest.mark.parametrize("now", ["Stopped", "Looping"])
def test_guiding_that_a_killed_session_left_stopped_is_brought_back(nina: Nina, state: Path, now: str) -> None:
    killed_in_a_hold(nina)
    nina.guiding = now
    with attending(nina.port) as attended:
        until(lambda: attended.kinds("guiding_settled"))
        assert nina.guiding == "Guiding"
    assert (starts(nina), notes(state)) == (1, [])


def test_guiding_that_a_killed_session_left_stopped_and_that_does_not_come_back_is_told(
    nina: Nina, state: Path
) -> None:
    killed_in_a_hold(nina)
    nina.instead[START] = REFUSES
    with attending(nina.port, guiding={"timeout_s": 8.0}) as attended:
        until(lambda: attended.kinds("guiding_failed"))
        assert (starts(nina) > 1, len(notes(state))) == (True, 1)
        del nina.instead[START]
    assert (nina.guiding, notes(state), attended.host.failure) == ("Guiding", [], "")


@pytest.mark.parametrize(
    ("now", "age_s"), [("Guiding", 0), ("LostLock", 0), ("Calibrating", 0), ("", 0), ("Stopped", 1900)]
)
def test_a_note_that_tells_nothing_any_more_is_dropped(nina: Nina, state: Path, now: str, age_s: float) -> None:
    killed_in_a_hold(nina)
    (note,) = notes(state)
    if age_s:
        note.write_text(f'{{"stopped_t": {time.time() - age_s}}}')
    nina.guiding = now
    with attending(nina.port) as attended:
        until(lambda: not notes(state))
    assert (starts(nina), nina.guiding, attended.host.failure) == (0, now, "")
    assert attended.kinds("guiding_settled", "guiding_failed") == []


@pytest.mark.parametrize("rubbish", ["", "[]", "{}", '{"stopped_t": "soon"}', "[" * 100_000])
def test_a_note_that_is_rubbish_is_dropped(nina: Nina, state: Path, rubbish: str) -> None:
    killed_in_a_hold(nina)
    notes(state)[0].write_text(rubbish)
    with attending(nina.port):
        until(lambda: not notes(state))
    assert starts(nina) == 0


def test_a_note_that_cannot_be_kept_holds_nothing_up(nina: Nina, state: Path) -> None:
    nina.guiding = "Guiding"
    state.write_text("no folder")
    with held(nina):
        assert nina.guiding == "Stopped"
    assert nina.guiding == "Guiding"


def test_guiding_that_is_refused_is_started_again_and_again(nina: Nina) -> None:
    nina.guiding = "Guiding"
    nina.instead[START] = REFUSES
    with held(nina) as attended:
        attended.host.release(8)
        until(lambda: starts(nina) > 2)
        assert attended.kinds("plan_released") == []
        del nina.instead[START]
    assert nina.guiding == "Guiding"
    assert attended.kinds("guiding_settled", "guiding_failed") == ["guiding_settled"]


def test_guiding_comes_back_with_a_nina_that_was_gone(nina: Nina) -> None:
    nina.guiding = "Guiding"
    with held(nina) as attended:
        nina.stop()
        attended.host.release(8)
        time.sleep(0.5)
        nina.start()
        until(lambda: attended.kinds("plan_released"))
    assert nina.guiding == "Guiding"
    assert attended.kinds("guiding_settled", "guiding_failed") == ["guiding_settled"]


def test_guiding_that_failed_for_good_is_tried_again_after_the_next_hold(nina: Nina, state: Path) -> None:
    nina.guiding = "Guiding"
    nina.instead[START] = REFUSES
    with held(nina, timeout_s=8.0) as attended:
        attended.host.release(8)
        until(lambda: attended.kinds("plan_released"))
        assert attended.kinds("guiding_settled", "guiding_failed") == ["guiding_failed"]
        assert (starts(nina) > 1, len(notes(state))) == (True, 1)
        del nina.instead[START]
        attended.host.hold(9)
        until(lambda: len(attended.kinds("plan_held")) == 2)
        attended.host.release(10)
        until(lambda: attended.kinds("guiding_settled"))
        assert nina.guiding == "Guiding"
    assert attended.kinds("guiding_paused", "guiding_failed") == ["guiding_paused", "guiding_failed"]
    assert notes(state) == []


def test_guiding_that_has_not_settled_in_time_and_goes_on_is_ours_no_more(nina: Nina, state: Path) -> None:
    nina.guiding = "Guiding"
    nina.instead[START] = 1.0
    with held(nina, timeout_s=0.5) as attended:
        nina.guiding = "Guiding"
    until(lambda: notes(state) == [])
    assert (starts(nina), attended.kinds("guiding_settled", "guiding_failed")) == (1, ["guiding_failed"])


@pytest.mark.parametrize("read", [False, True])
def test_a_session_that_is_given_up_in_a_hold_lets_guiding_go_on(nina: Nina, state: Path, read: bool) -> None:
    nina.guiding = "Guiding"
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        if read:
            attended.crew.stop()
            assert attended.host.failure == ""
            assert nina.guiding == "Guiding"
    assert (nina.guiding, notes(state)) == ("Guiding", [])


def test_a_session_that_is_given_up_while_guiding_is_starting_waits_for_it(nina: Nina, state: Path) -> None:
    nina.guiding = "Guiding"
    nina.instead[START] = 1.0
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        attended.host.release(8)
        until(lambda: starts(nina))
        assert attended.host.failure == ""
        assert (nina.guiding, notes(state), starts(nina)) == ("Guiding", [], 1)


def test_guiding_that_settles_still_when_the_session_is_given_up_is_back(
    nina: Nina, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guiding, "ENDS_WITHIN_S", 0.2)
    nina.guiding = "Guiding"
    nina.instead[START] = 2.0
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        attended.host.release(8)
        until(lambda: starts(nina))
        nina.guiding = "Guiding"
        assert (attended.host.failure, notes(state), starts(nina)) == ("", [], 1)


@pytest.mark.parametrize("amiss", [REFUSES, 2.0])
def test_guiding_that_is_left_stopped_at_the_end_is_said(
    nina: Nina, state: Path, amiss: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guiding, "ENDS_WITHIN_S", 1.0)
    nina.guiding = "Guiding"
    nina.instead[START] = amiss
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        attended.crew.stop()
        told: list[str] = []
        attended.host.tell = told.append
        since = time.monotonic()
        assert (attended.host.failure, attended.host.failure) == (guiding.LEFT_STOPPED, guiding.LEFT_STOPPED)
        assert time.monotonic() - since < 1.9
        assert told == [guiding.LEFT_STOPPED]
    assert len(notes(state)) == 1, "for the next session"


def test_a_call_that_waits_for_guiding_is_told_so(nina: Nina) -> None:
    nina.guiding = "Guiding"
    nina.instead[START] = 1.0
    with attending(nina.port) as attended:
        attended.host.hold(7)
        until(lambda: attended.kinds("plan_held"))
        asking = attended.host.gate(GateCall())
        until(lambda: asking.waits_for == UNDER_WAY)
        attended.host.release(8)
        until(lambda: asking.waits_for == GUIDES_AGAIN)
        until(lambda: asking.answer)
    assert asking.answer is not None
    assert asking.answer.word == "go"


# --- focus frames ---


def frame() -> bytes:
    content = io.BytesIO()
    pixels = np.arange(12, dtype=np.uint16).reshape(3, 4) + 40_000
    fits.PrimaryHDU(pixels).writeto(content)
    return content.getvalue()


def take(camera: Any, **told: Any) -> Exposure:
    taking = camera.expose(0.05, **told)
    while True:
        try:
            time.sleep(min(next(taking), 0.02))
        except StopIteration as done:
            exposure: Exposure = done.value
            return exposure


def the_camera(nina: Nina, **more: Any) -> NinaCamera:
    profile = Profile.model_validate({**settings(nina.port, **more), "camera": {"source": "host"}})
    camera = camera_of(profile, RealClock())
    assert isinstance(camera, NinaCamera)
    return camera


def test_a_focus_frame_comes_with_its_raw_pixels(nina: Nina) -> None:
    nina.fits = frame()
    nina.snapshots = [{}, {}]
    exposure = take(the_camera(nina), gain=100, binning=2)
    assert exposure.pixels.shape == (4, 3)
    assert exposure.pixels[1, 0] == 40_001
    assert (exposure.binning, nina.binning) == (2, 1)
    (capture,) = [query for path, query in nina.asked if path.endswith("/capture")]
    assert (capture["imageType"], capture["targetName"], capture["gain"]) == ("SNAPSHOT", TARGET, "100")
    assert nina.asked[-2][0] == "/image/2"


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"exposes": False}, Refused, "currently exposing"),
        ({"fits": None}, Refused, "not a FITS file"),
        ({"fits": b"nothing"}, Protocol, "cannot be read"),
        ({"instead": {"/image/0": (200, b'{"Response": "?", "Success": true}')}}, Protocol, "no base64"),
        ({"instead": {"/image-history": (200, b'{"Response": 0, "Success": true}')}}, Timeout, "had saved no frame"),
        ({"instead": {"/equipment/camera/info": (200, b'{"Response": {}, "Success": true}')}}, Refused, "no camera"),
    ],
)
def test_why_there_is_no_focus_frame(nina: Nina, change: dict[str, Any], error: type[DeviceError], said: str) -> None:
    nina.fits = frame()
    for name, value in change.items():
        setattr(nina, name, value)
    with pytest.raises(error, match=said):
        take(the_camera(nina, image_timeout_s=0.3), binning=2)
    assert nina.binning == 1, "set back, whatever happened"


def test_a_frame_that_is_given_up_is_ended(nina: Nina) -> None:
    taking = the_camera(nina).expose(60.0)
    assert next(taking) == 60.0
    taking.close()
    assert nina.asked[-1][0] == "/equipment/camera/abort-exposure"


def test_a_host_that_has_no_camera() -> None:
    assert camera_of(Profile.model_validate({"camera": {"source": "host"}}), RealClock()) is None
    assert camera_of(Profile.model_validate(settings(1)), RealClock()) is None


def test_the_example_profile_is_whole() -> None:
    profile = load_profile(ROOT / "config" / "nina.toml").profile
    assert (profile.host.kind, profile.camera.source, profile.guards.tracking) == ("nina", "host", "host")
    assert isinstance(camera_of(profile, RealClock()), NinaCamera)


# --- the tables of this folder, where the specification is there ---


def test_the_specification_says_what_the_tables_say() -> None:
    from tests.nina.specification import differences, folder

    where = folder()
    if where is None:
        pytest.skip("STATEFOCUS_NINA_SPEC names no folder with api_spec.yaml and websocket_spec.yaml")
    assert differences(Path(where)) == []


def test_a_hold_that_is_asked_for_before_anything_was_told_waits_for_a_sequence_that_runs(nina: Nina) -> None:
    nina.sequence = "RUNNING"
    attended = Attended(nina.port)
    attended.host.hold(7)  # before its events, and what it is asked when they begin to come
    attended.host.attend()
    try:
        until(lambda: attended.host._sequence_runs)
        time.sleep(0.3)
        assert not attended.kinds("plan_held")
    finally:
        attended.host.close()
        attended.crew.stop()


def test_where_no_sequence_runs_it_is_granted_at_once(nina: Nina) -> None:
    attended = Attended(nina.port)
    attended.host.hold(7)
    attended.host.attend()
    try:
        until(lambda: attended.kinds("plan_held"))
    finally:
        attended.host.close()
        attended.crew.stop()
