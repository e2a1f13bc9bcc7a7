"""Signals as they come over the wire, of this KStars and of newer ones; holds, and what may go wrong with them."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.clock import VirtualClock
from statefocus.crew import VirtualCrew
from statefocus.hosts.ekos import sight
from statefocus.hosts.ekos.attendant import Attendant
from statefocus.hosts.ekos.bus import Absent, Denied, Gone, Signal
from statefocus.hosts.ekos.guiding import Guided
from statefocus.hosts.ekos.holding import Stopped
from statefocus.hosts.ekos.sight import Capturing as State
from statefocus.hosts.ekos.wishes import Wish
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.profile import Profile


class Ekos:
    """What a bus answers for Ekos: one job of three Light frames."""

    def __init__(self) -> None:
        self.status: int = State.IDLE
        self.done = 0
        self.guiding: int | None = None
        self.scheduler: int | None = None
        self.exposure_s = 2.0
        self.answers_after_s = 0.0
        self.mute = self.deaf = self.deaf_guider = self.absent = False
        self.told: list[str] = []
        self.pause_lands: int = State.PAUSE_PLANNED
        self.sequence: str | None = "<SequenceQueue><Autofocus enabled='false'/></SequenceQueue>"

    def get(self, _name: str, path: str, _interface: str, member: str) -> Any:
        time.sleep(self.answers_after_s)
        if self.mute:
            raise Gone("no answer")
        if self.absent:
            raise Absent("no such object")
        known = {"/KStars/Ekos/Capture status": self.status, "/KStars/Ekos/Focus status": 0}
        if self.guiding is not None:
            known["/KStars/Ekos/Guide status"] = self.guiding
        if self.scheduler is not None:
            known["/KStars/Ekos/Scheduler status"] = self.scheduler
        if f"{path} {member}" not in known:
            raise Denied(member)
        return known[f"{path} {member}"]

    def call(self, _name: str, _path: str, _interface: str, member: str, _signature: str = "", *body: Any) -> Any:
        time.sleep(self.answers_after_s)
        if self.mute:
            raise Gone("no answer")
        if member == "saveSequenceQueue":
            if self.sequence:
                Path(body[0]).write_text(self.sequence)
            return self.sequence is not None
        return {
            "getJobCount": 1, "getActiveJobID": 0, "getJobFrameType": 0, "getJobFilterName": "--",
            "getJobExposureDuration": self.exposure_s, "getJobImageProgress": self.done, "getJobImageCount": 3,
        }[member]  # fmt: skip

    def tell(self, _name: str, path: str, _interface: str, member: str) -> None:
        module = path.rpartition("/")[2]
        self.told.append(member if module == "Capture" else f"{module} {member}")
        if self.deaf:
            return
        if module == "Guide" and self.deaf_guider:
            return
        if module == "Guide":
            self.guiding = Guided.SUSPENDED if member == "suspend" else Guided.GUIDING
            return
        match member:
            case "suspend":
                self.status = State.SUSPENDED
            case "start":
                self.status = State.CAPTURING
            case "pause" if self.status == State.CAPTURING:
                self.status = self.pause_lands
            case "toggleSequence" if self.status in (State.PAUSED, State.PAUSE_PLANNED):
                self.status = State.CAPTURING


class Beside:
    """An attendant, what it has told, and Ekos."""

    def __init__(self, *, foresees: bool = False, ekos: Ekos | None = None, **own: Any) -> None:
        self.ekos, clock = ekos or Ekos(), VirtualClock(0.0)
        self.crew = VirtualCrew(clock)
        rig: Any = SimpleNamespace(focuser=SimpleNamespace(position=lambda: 4711), mount=None)
        bus: Any = self.ekos
        given = Surroundings(
            Profile(), rig, clock, self.crew, lambda *_told: Kept(None), foresees=lambda *_frame: foresees
        )
        self.attendant = Attendant(bus, given, lambda: self.wish("gap is over"), **own)
        self.attendant.begin()

    def signal(self, module: str, member: str, *body: Any) -> None:
        if (module, member) == ("Capture", "newStatus"):
            self.ekos.status = body[0]
        self.attendant.hear(Signal(":1.5", f"/KStars/Ekos/{module}", f"org.kde.kstars.Ekos.{module}", member, body))
        self.attendant._work_off()

    def wish(self, what: Any, effect: int = 0) -> None:
        self.attendant.keeper.grant(Wish(what, effect))

    def go_on(self, times: int = 1) -> None:
        for _ in range(times):
            self.attendant.go_on()

    def expose(self) -> None:
        for state in (State.PROGRESS, State.CAPTURING):
            self.signal("Capture", "newStatus", state)
        self.stands()
        self.go_on()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.heard()]

    def heard(self) -> list[events.Event]:
        told = []
        while (event := self.crew.next_event()) is not None:
            told.append(event)
        return told

    def stands(self, seconds: float = 10.0) -> None:
        self.attendant._since -= seconds
        self.attendant.go_on()


@pytest.mark.parametrize("extra", [(), ("Primary",), ("Primary", 0)], ids=["3.6", "with the train", "and more"])
def test_arguments_beyond_those_that_are_known_are_passed_over(extra: tuple[Any, ...]) -> None:
    beside = Beside()
    for state in (State.PROGRESS, State.CAPTURING):
        beside.signal("Capture", "newStatus", state, *extra)
    beside.stands()
    beside.ekos.done = 1
    beside.signal("Capture", "captureComplete", {"filename": "/a/1.fits", "type": 0, "hfr": 2.5}, *extra)
    assert [event.kind for event in beside.heard()] == [
        "plan_started",
        "frame_preparing",
        "exposure_started",
        "frame_saved",
    ]
    for member in ("newSequenceImage", "newStatus", "captureComplete", "madeUpLater"):
        beside.signal("Camera", member, *extra)
        beside.signal("Capture", "newLog", "text", *extra)
    assert beside.heard() == []


@pytest.mark.parametrize(("end", "position", "failed"), [(1, 4711, False), (2, None, True), (3, None, True)])
def test_an_autofocus_of_ekos_is_told(end: int, position: int | None, failed: bool) -> None:
    beside = Beside()
    beside.signal("Focus", "newStatus", 5, "Primary")
    beside.signal("Focus", "newHFR", 1.75, 4700, "Primary")
    beside.signal("Focus", "newStatus", end)
    begun, ended = beside.heard()
    assert begun == events.HostFocusing()
    assert isinstance(ended, events.HostRefocused)
    assert (ended.position, ended.failed, ended.measure) == (position, failed, 1.75)


def test_an_hfr_of_ekos_that_is_no_number_is_none() -> None:
    beside = Beside()
    beside.signal("Focus", "newStatus", 5)
    beside.signal("Focus", "newHFR", float("nan"))
    beside.signal("Focus", "newStatus", 1)
    _, ended = beside.heard()
    assert isinstance(ended, events.HostRefocused)
    assert ended.measure is None


def test_an_exposure_that_is_no_number_is_not_told_as_such() -> None:
    ekos = Ekos()
    ekos.exposure_s = float("inf")
    beside = Beside(ekos=ekos)
    beside.expose()
    assert [event.exposure_s for event in beside.heard() if isinstance(event, events.ExposureStarted)] == [0.0]


def test_an_hour_angle_that_is_no_number_is_none() -> None:
    bus: Any = SimpleNamespace(get=lambda *asked: float("nan") if asked[-1] == "hourAngle" else 0)
    assert sight.Ekos(bus).mount() is None


@pytest.mark.parametrize("answer", [None, "far out"])
def test_a_focuser_that_answers_no_number_stops_nothing(answer: Any) -> None:
    beside = Beside()
    focuser: Any = beside.attendant._rig.focuser
    focuser.position = lambda: int(answer)
    beside.attendant.following.position = 4711
    beside.expose()
    beside.signal("Focus", "newStatus", 5)
    beside.signal("Focus", "newStatus", 1)
    assert "host_refocused" in beside.kinds()
    assert beside.attendant.following.position is None


def test_the_end_of_a_flip_is_told_though_the_mount_answers_no_reading() -> None:
    beside = Beside()
    mount: Any = SimpleNamespace(state=lambda: float("no number"))
    beside.crew.start("ekos flip", beside.attendant._flipped(mount, events.FlipFinished()))
    assert beside.heard() == [events.FlipFinished()]


CENTRED = (4, 5, 7, 4, 5, 1)
"""Alignment: it takes a frame, solves it, slews, looks again, and is content."""


@pytest.mark.parametrize(
    ("states", "capturing", "scheduler", "told"),
    [
        (CENTRED, State.ALIGNING, 0, [True]),
        (CENTRED, State.IDLE, 2, [True]),
        (CENTRED, State.IDLE, 0, [False]),
        (CENTRED, State.IDLE, None, [False]),
        ((4, 5, 6, 1), State.ALIGNING, 0, []),
        ((4, 7, 3, 4, 1), State.ALIGNING, 0, []),
        ((4, 7, 2, 1), State.ALIGNING, 0, []),
        ((1,), State.ALIGNING, 0, []),
        (CENTRED * 2, State.ALIGNING, 0, [True, True]),
    ],
    ids=["sequence", "scheduler", "person", "no scheduler", "no slew", "aborted", "failed", "no start", "twice"],
)
def test_an_alignment_that_has_centred_is_told(
    states: tuple[int, ...], capturing: int, scheduler: int | None, told: list[bool]
) -> None:
    beside = Beside()
    beside.ekos.scheduler = scheduler
    beside.signal("Capture", "newStatus", capturing)
    beside.heard()
    for state in states:
        beside.signal("Align", "newStatus", state, "Primary")
    assert [event.automatic for event in beside.heard() if isinstance(event, events.CenteringFinished)] == told


def test_a_hold_that_stood_when_kstars_went_holds_what_the_next_one_begins() -> None:
    beside = Beside(found_again=True, held=7)
    beside.signal("Capture", "newStatus", State.CAPTURING)
    beside.attendant.go_on()
    assert beside.ekos.told == ["suspend"]
    beside.attendant.keeper.grant(Wish("release", 8))
    beside.attendant.go_on()
    beside.attendant.go_on()
    assert beside.ekos.told == ["suspend", "start"]
    assert beside.heard() == [events.PlanReleased(effect=8)]
    beside.signal("Capture", "newStatus", State.CAPTURING)
    (started,) = beside.heard()
    assert isinstance(started, events.PlanStarted)
    assert started.resumed


def test_a_hold_that_an_ekos_without_answer_cannot_give_has_failed() -> None:
    beside = Beside()
    beside.ekos.mute = True
    beside.attendant.keeper.grant(Wish("hold", 7))
    (failed,) = beside.heard()
    assert isinstance(failed, events.EffectFailed)
    assert (failed.effect, failed.reason) == (7, "unreachable")


def test_the_end_of_the_session_leaves_a_hold_to_the_run_that_wanted_it() -> None:
    beside = Beside()
    beside.signal("Capture", "newStatus", State.CAPTURING)
    beside.wish("hold", 7)
    beside.go_on(2)
    beside.wish("let go")
    beside.go_on()
    assert beside.ekos.told == ["suspend"]
    beside.attendant.end()
    assert beside.ekos.told == ["suspend", "start"]


# --- the way in which it is held is remembered ---


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that has passed beside the real one; its first number is to be raised."""
    real, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed[0])
    return passed


def held(stopped: Stopped) -> Beside:
    """Held by `suspend`, for effect 5."""
    beside = Beside(stopped=stopped)
    beside.expose()
    beside.attendant._capturing_since = time.monotonic()
    beside.wish("hold", 5)
    beside.go_on(2)
    assert "plan_held" in beside.kinds()
    assert beside.ekos.status == State.SUSPENDED
    return beside


def arranged(stopped: Stopped | None = None, **own: Any) -> Beside:
    """A pause is planned for a hold that is foreseen."""
    ekos = Ekos()
    ekos.pause_lands = own.pop("pause_lands", State.PAUSE_PLANNED)
    beside = Beside(foresees=True, ekos=ekos, stopped=stopped, **own)
    beside.expose()
    assert beside.ekos.told == ["pause"]
    assert beside.attendant.keeper.arranged
    beside.heard()
    return beside


def test_a_hold_that_stood_when_the_bus_was_lost_is_let_go_by_the_next_attendant() -> None:
    stopped = Stopped()
    before = held(stopped)
    effect = before.attendant.keeper.gone("The bus is gone.", lives_on=True)
    after = Beside(ekos=before.ekos, found_again=True, held=effect, stopped=stopped)
    after.stands()
    after.wish("release", 6)
    after.go_on(2)
    assert after.ekos.told == ["suspend", "start"]
    assert after.heard() == [events.PlanReleased(effect=6)]
    after.signal("Capture", "newStatus", State.CAPTURING)
    started, *_ = after.heard()
    assert isinstance(started, events.PlanStarted)
    assert started.resumed
    assert stopped.way == ""


def test_what_was_released_while_the_bus_was_lost_goes_on_once_it_is_back() -> None:
    stopped = Stopped()
    before = held(stopped)
    before.wish("release", 6)
    assert before.attendant.keeper.gone("The bus is gone.", lives_on=True) is None
    assert before.heard() == [events.EffectFailed(effect=6, reason="unreachable", sentence="The bus is gone.")]
    after = Beside(ekos=before.ekos, found_again=True, stopped=stopped)
    after.go_on(2)
    assert after.ekos.status == State.CAPTURING
    assert stopped.way == ""


@pytest.mark.parametrize("state", [State.IDLE, State.ABORTED])
def test_what_a_person_stopped_meanwhile_is_not_started(state: int) -> None:
    stopped = Stopped()
    before = held(stopped)
    before.attendant.keeper.gone("The bus is gone.", lives_on=True)
    before.ekos.status = state
    after = Beside(ekos=before.ekos, found_again=True, stopped=stopped)
    after.go_on(2)
    assert after.ekos.told == ["suspend"]
    assert stopped.way == ""


def test_a_foreseen_pause_that_stood_when_the_bus_was_lost_goes_on_once_it_is_back() -> None:
    stopped = Stopped()
    before = arranged(stopped)
    before.attendant.keeper.gone("The bus is gone.", lives_on=True)
    before.ekos.status = State.PAUSED
    after = Beside(ekos=before.ekos, found_again=True, stopped=stopped)
    after.go_on(2)
    assert after.ekos.told == ["pause", "toggleSequence"]
    assert "plan_paused" not in after.kinds()


def test_a_kstars_that_ended_has_nothing_to_be_let_go() -> None:
    stopped = Stopped()
    before = held(stopped)
    before.wish("release", 6)
    before.attendant.keeper.gone("KStars has gone.")
    assert before.heard() == [events.PlanReleased(effect=6)]
    assert stopped.way == ""


def test_a_release_that_failed_is_tried_again_when_it_is_asked_for_again(later: list[float]) -> None:
    beside = held(Stopped())
    beside.ekos.deaf = True
    beside.wish("release", 6)
    for _ in range(20):
        later[0] += 1
        beside.go_on()
    (failed,) = beside.heard()
    assert isinstance(failed, events.EffectFailed)
    assert failed.reason == "timeout"
    beside.ekos.deaf = False
    beside.wish("release", 7)
    beside.go_on(2)
    assert beside.ekos.status == State.CAPTURING
    assert beside.heard() == [events.PlanReleased(effect=7)]


def test_a_release_that_failed_and_went_on_by_a_person_is_over(later: list[float]) -> None:
    stopped = Stopped()
    beside = held(stopped)
    beside.ekos.deaf = True
    beside.wish("release", 6)
    for _ in range(20):
        later[0] += 1
        beside.go_on()
    beside.heard()
    beside.signal("Capture", "newStatus", State.CAPTURING)
    later[0] += 2
    beside.go_on(2)
    assert stopped.way == ""
    beside.stands()
    assert "exposure_started" in beside.kinds()


def test_what_is_left_paused_is_not_let_go_any_more() -> None:
    stopped = Stopped()
    before = held(stopped)
    before.attendant.keeper.gone("The bus is gone.", lives_on=True)
    after = Beside(ekos=before.ekos, found_again=True, stopped=stopped)
    after.wish("leave paused")
    after.go_on(2)
    assert after.ekos.told == ["suspend"]
    assert stopped.way == ""


def test_a_release_that_was_given_up_is_done_once_ekos_answers(later: list[float]) -> None:
    beside = held(Stopped())
    beside.ekos.deaf = True
    beside.wish("release", 6)
    for _ in range(20):
        later[0] += 1
        beside.go_on()
    assert beside.kinds() == ["effect_failed"]
    beside.wish("release later")
    for _ in range(40):
        later[0] += 1
        beside.go_on()
    assert beside.heard() == []
    beside.ekos.deaf = False
    later[0] += 3
    beside.go_on(2)
    beside.signal("Capture", "newStatus", State.CAPTURING)
    beside.stands()
    assert beside.heard()[0] == events.PlanResumed(by="statefocus")


def mute_for(beside: Beside, seconds: float, later: list[float]) -> None:
    beside.ekos.mute = True
    for _ in range(int(seconds / 5)):
        later[0] += 5
        with pytest.raises(Gone):
            beside.go_on()


def test_a_release_that_a_mute_kstars_does_not_answer_has_failed(later: list[float]) -> None:
    stopped = Stopped()
    beside = held(stopped)
    beside.ekos.mute = True
    later[0] += 100  # mute since long before the wish
    beside.wish("release", 6)
    mute_for(beside, 25, later)
    assert beside.heard() == []
    mute_for(beside, 10, later)
    (failed,) = beside.heard()
    assert isinstance(failed, events.EffectFailed)
    assert (failed.effect, failed.reason, stopped.way) == (6, "unreachable", "suspend")
    beside.ekos.mute = False
    beside.wish("release", 7)
    beside.go_on(2)
    assert beside.ekos.told == ["suspend", "start"]
    assert beside.heard() == [events.PlanReleased(effect=7)]


def test_a_hold_that_a_mute_kstars_does_not_answer_is_let_go_when_it_answers(later: list[float]) -> None:
    beside = Beside(stopped=Stopped())
    beside.expose()
    beside.attendant._capturing_since = time.monotonic()
    beside.wish("hold", 5)
    beside.go_on()
    beside.heard()
    mute_for(beside, 35, later)
    assert beside.kinds() == ["effect_failed"]
    beside.ekos.mute = False
    beside.go_on(2)
    assert beside.ekos.told == ["suspend", "start"]


# --- signals that come while Ekos does not answer ---


def test_a_foreseen_hold_outlasts_an_unanswered_call() -> None:
    beside = arranged()
    beside.ekos.mute = True
    with pytest.raises(Gone):
        beside.signal("Capture", "newStatus", State.PAUSED)
    with pytest.raises(Gone):
        beside.go_on()
    beside.ekos.mute = False
    beside.go_on()
    assert beside.kinds() == ["frame_saved"]
    beside.go_on(2)
    assert beside.ekos.told == ["pause", "toggleSequence"]


def test_signals_that_came_while_ekos_was_mute_are_told_in_their_order() -> None:
    beside = Beside()
    beside.expose()
    beside.heard()
    beside.ekos.mute = True
    for member, body in (
        ("captureComplete", {"filename": "/a/1.fits", "type": 0, "hfr": 2.5}),
        ("meridianFlipStarted", None),
        ("newStatus", int(State.MERIDIAN_FLIP)),
    ):
        with pytest.raises(Gone):
            beside.signal("Capture", member, body)
    assert beside.heard() == []
    beside.ekos.mute = False
    beside.go_on()
    assert beside.kinds() == ["frame_saved", "flip_started"]


def test_what_stands_is_told_though_ekos_was_mute() -> None:
    beside = Beside()
    beside.signal("Capture", "newStatus", State.CAPTURING)
    beside.heard()
    beside.ekos.mute = True
    with pytest.raises(Gone):
        beside.stands()
    beside.ekos.mute = False
    beside.go_on()
    assert beside.kinds() == ["frame_preparing", "exposure_started"]


def test_a_signal_is_told_though_ekos_stays_mute(later: list[float]) -> None:
    beside = Beside()
    beside.expose()
    beside.heard()
    beside.ekos.mute = True
    with pytest.raises(Gone):
        beside.signal("Capture", "captureComplete", {"filename": "/a/1.fits", "type": 0})
    later[0] += 31
    beside.attendant._work_off()
    assert beside.kinds() == ["frame_saved"]


def test_a_pause_of_ours_of_which_nothing_was_heard_is_looked_after(later: list[float]) -> None:
    beside = arranged()
    beside.ekos.status = State.PAUSED
    for _ in range(6):
        later[0] += 1
        beside.go_on()
    assert beside.kinds() == ["frame_saved"]
    beside.go_on(2)
    assert beside.ekos.told == ["pause", "toggleSequence"]


# --- a pause that is arranged ---


def test_a_pause_that_lands_at_once_is_ours() -> None:
    beside = arranged(pause_lands=State.PAUSED)
    beside.signal("Capture", "newStatus", State.PAUSED)
    assert beside.kinds() == ["frame_saved"]
    beside.go_on(2)
    assert beside.ekos.told == ["pause", "toggleSequence"]


def test_a_person_s_stop_before_our_pause_leaves_nothing_arranged() -> None:
    beside = arranged()
    beside.signal("Capture", "newStatus", State.ABORTED)
    beside.stands()
    assert beside.kinds() == ["exposure_failed", "plan_finished"]
    assert not beside.attendant.keeper.keeps
    beside.expose()
    assert beside.kinds() == ["plan_started", "frame_preparing", "exposure_started"]


def test_a_person_who_ends_our_planned_pause_leaves_nothing_arranged(later: list[float]) -> None:
    beside = arranged()
    beside.signal("Capture", "newStatus", State.CAPTURING)
    later[0] += 2
    beside.go_on()
    assert not beside.attendant.keeper.keeps


# --- Ekos's own autofocus ---


@pytest.mark.parametrize("sequence", [None, "", "no xml", "<SequenceQueue/>"], ids=["not", "no file", "broken", "new"])
def test_a_hold_is_refused_where_ekos_does_not_tell_whether_it_focuses_by_itself(sequence: str | None) -> None:
    beside = Beside()
    beside.ekos.sequence = sequence
    beside.expose()
    beside.heard()
    beside.wish("hold", 7)
    (failed,) = beside.heard()
    assert isinstance(failed, events.EffectFailed)
    assert failed.reason == "refused"
    assert 'set own_autofocus = "tolerate"' in failed.sentence


# --- guiding ---


def guided(**own: Any) -> Beside:
    beside = Beside(**own)
    beside.ekos.guiding = Guided.GUIDING
    beside.signal("Capture", "newStatus", State.CAPTURING)
    beside.heard()
    return beside


def test_guiding_stands_still_before_a_hold_does_and_is_back_before_the_sequence() -> None:
    beside = guided()
    beside.wish("hold", 7)
    beside.go_on(3)
    assert beside.ekos.told == ["suspend", "Guide suspend"]
    assert [event.kind for event in beside.heard()] == ["guiding_paused", "plan_held"]
    beside.wish("release", 8)
    beside.go_on(3)
    assert beside.ekos.told[2:] == ["Guide resume"]
    beside.signal("Guide", "newAxisDelta", 0.3, -0.4)
    beside.attendant._unheard.append(
        (
            Signal(":1.5", "/KStars/Ekos/Guide", "org.kde.kstars.Ekos.Guide", "newAxisDelta", (0.0, 0.1)),
            time.monotonic() + 5,
        )
    )
    beside.go_on(3)
    assert beside.ekos.told[3:] == ["start"]
    assert [event.kind for event in beside.heard()][-2:] == ["guiding_settled", "plan_released"]


def test_at_the_end_the_sequence_goes_on_though_guiding_does_not() -> None:
    beside = guided()
    beside.wish("hold", 7)
    beside.go_on(3)
    beside.ekos.deaf_guider = True
    beside.attendant.end()
    beside.attendant.end()
    assert beside.ekos.told == ["suspend", "Guide suspend", "Guide resume", "start"]
    assert beside.ekos.status == State.CAPTURING


@pytest.mark.parametrize("body", [(), (0.1,), ("a", "b"), (float("nan"), 0.0), (0.1, None)])
def test_a_deviation_that_is_none_is_passed_over(body: tuple[Any, ...]) -> None:
    beside = guided()
    beside.wish("hold", 7)
    beside.go_on(3)
    beside.wish("release", 8)
    beside.go_on()
    for _ in range(3):
        beside.signal("Guide", "newAxisDelta", *body)
    beside.go_on(2)
    assert "start" not in beside.ekos.told


@pytest.mark.parametrize("wish", ["leave paused", "abort"])
def test_guiding_goes_on_where_the_plan_does_not(wish: str) -> None:
    beside = guided()
    beside.wish("hold", 7)
    beside.go_on(3)
    beside.wish(wish, 8)
    beside.go_on(2)
    assert beside.ekos.told[-1] == "Guide resume"
    assert "start" not in beside.ekos.told


def test_guiding_that_an_earlier_life_has_paused_goes_on() -> None:
    ekos = Ekos()
    ekos.guiding = Guided.SUSPENDED
    stopped = Stopped(guiding=True)
    beside = Beside(ekos=ekos, stopped=stopped)
    beside.go_on(2)
    assert (ekos.told, ekos.guiding) == (["Guide resume"], Guided.GUIDING)
