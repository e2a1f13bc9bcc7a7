"""Signals as they come over the wire, of this KStars and of newer ones; and a hold that outlasts KStars."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.clock import VirtualClock
from statefocus.crew import VirtualCrew
from statefocus.hosts.ekos.attendant import Attendant
from statefocus.hosts.ekos.bus import Gone, Signal
from statefocus.hosts.ekos.keeper import Wish
from statefocus.hosts.ekos.sight import Capturing as State
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.profile import Profile


class Ekos:
    """What a bus answers for Ekos: one job of three Light frames."""

    def __init__(self) -> None:
        self.status: int = State.IDLE
        self.done = 0
        self.mute = False
        self.told: list[str] = []

    def get(self, _name: str, path: str, _interface: str, member: str) -> Any:
        if self.mute:
            raise Gone("no answer")
        known = {"/KStars/Ekos/Capture status": self.status, "/KStars/Ekos/Focus status": 0}
        if f"{path} {member}" not in known:
            raise Gone(member)
        return known[f"{path} {member}"]

    def call(self, _name: str, _path: str, _interface: str, member: str, _signature: str = "", *_body: Any) -> Any:
        if self.mute:
            raise Gone("no answer")
        return {
            "getJobCount": 1, "getActiveJobID": 0, "getJobFrameType": 0, "getJobFilterName": "--",
            "getJobExposureDuration": 2.0, "getJobImageProgress": self.done, "getJobImageCount": 3,
            "saveSequenceQueue": False,
        }[member]  # fmt: skip

    def tell(self, _name: str, _path: str, _interface: str, member: str) -> None:
        self.told.append(member)
        self.status = {"suspend": State.SUSPENDED, "start": State.CAPTURING}.get(member, self.status)


class Beside:
    """An attendant, what it has told, and Ekos."""

    def __init__(self, **own: Any) -> None:
        self.ekos, clock = Ekos(), VirtualClock(0.0)
        self.crew = VirtualCrew(clock)
        rig: Any = SimpleNamespace(focuser=SimpleNamespace(position=lambda: 4711), mount=None)
        bus: Any = self.ekos
        given = Surroundings(Profile(), rig, clock, self.crew, lambda *_told: Kept(None))
        self.attendant = Attendant(bus, given, lambda: None, **own)

    def signal(self, module: str, member: str, *body: Any) -> None:
        if (module, member) == ("Capture", "newStatus"):
            self.ekos.status = body[0]
        self.attendant.hear(Signal(":1.5", f"/KStars/Ekos/{module}", f"org.kde.kstars.Ekos.{module}", member, body))

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
    beside.attendant.keeper.grant(Wish("hold", 7))
    beside.attendant.go_on()
    beside.attendant.go_on()
    beside.attendant.keeper.grant(Wish("let go"))
    beside.attendant.go_on()
    assert beside.ekos.told == ["suspend"]
    beside.attendant.keeper.let_go()
    assert beside.ekos.told == ["suspend", "start"]
