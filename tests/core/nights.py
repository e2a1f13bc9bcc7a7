"""Random nights: whatever host, devices and people may say, in any order, with answers that are right, failed or late.

Also an oracle that tells anew, from the events alone, what the guards must say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from statefocus import events
from statefocus.effects import Effect, MoveFocuser
from statefocus.events import Event
from statefocus.testing import Happening, SimulatedRig, failed

Act = tuple[str, Any]
"""What happens next: ("scene", events), ("wait", seconds), ("late", which of the former answers), ("wrong", for which
effect), or what the next few answers are: ("answers" | "fails" | "blurs", how many)."""

_FILTERS = st.sampled_from(["L", "R", "B"])
_TYPES = st.sampled_from(["Light", "Light", "Light", "Dark"])
_MAYBE = st.sampled_from([True, True, True, False, None])
_PLAIN = st.sampled_from(
    [
        events.FlipStarted(),
        events.FlipFinished(),
        events.PlanPaused(),
        events.PlanResumed(),
        events.PlanFinished(),
        events.ExposureEnded(number=1),
        events.ExposureStarted(number=1, exposure_s=60.0),
        events.AidOpened(aid="Bahtinov Aid"),
        events.AidClosed(aid="Bahtinov Aid"),
        events.RefocusRequested(),
        events.RefocusRequested(),
        events.RefocusRequested(),
        events.RunRequested(),
        events.RunRequested(again=True),
        events.CancelRequested(),
        events.CancelRequested(),
        events.UndoRequested(),
        events.TriggersPaused(),
        events.TriggersResumed(),
        events.SunRead(altitude_deg=-20.0),
        events.SunRead(altitude_deg=5.0),
        events.ConfirmationGiven(yes=True),
        events.ConfirmationGiven(yes=True),
        events.ConfirmationGiven(yes=False),
        events.CenteringFinished(),
        events.CenteringFinished(automatic=False),
        events.ExposureFailed(number=1),
    ]
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    _PLAIN,
    st.builds(events.PlanStarted, frame_type=_TYPES, filter=_FILTERS | st.none(), resumed=st.booleans()),
    st.builds(events.FramePreparing, number=st.just(1), frame_type=_TYPES),
    st.builds(
        events.FrameSaved,
        number=st.just(1),
        frame_type=_TYPES,
        next_frame_type=_TYPES | st.none(),
        filter=_FILTERS | st.none(),
        binning=st.sampled_from([1, 1, 2]),
        hfr_px=st.sampled_from([2.0, 2.0, 3.0, 9.0, 0.0, float("nan"), None]),
        stars=st.sampled_from([100, 100, 50, 0, None]),
        next_filter=st.none() | _FILTERS,
        flip_next=st.sampled_from([None, False, True]),
    ),
    st.builds(
        events.FocuserRead,
        position=st.sampled_from([10_000, 10_000, 10_300, None]),
        driver_compensation=st.sampled_from([False, False, False, True, None]),
    ),
    st.builds(events.HostRefocused, position=st.sampled_from([10_000, 10_200, None])),
    st.sampled_from([events.HostFocusing(), events.HostLost(sentence="No answer."), events.HostFound()]),
    st.sampled_from([events.GuidingPaused(), events.GuidingSettled(), events.GuidingFailed(sentence="Lost.")]),
    st.builds(events.FilterChanging, filter=_FILTERS),
    st.builds(events.FilterChanged, former=_FILTERS, filter=_FILTERS, by=st.sampled_from(["plan", "person"])),
    st.builds(
        events.MountRead,
        tracking=_MAYBE,
        parked=_MAYBE.map(lambda maybe: None if maybe is None else not maybe),
        flip_in_s=st.sampled_from([86_400.0, 86_400.0, 200.0, 10.0, None]),
        east=st.sampled_from([True, False, None]),
    ),
    st.builds(events.SafetyRead, safe=_MAYBE),
    st.builds(events.TemperatureRead, focuser_c=st.sampled_from([10.0, 9.0, 8.0, 12.0, float("nan"), None])),
)
WELL = (events.MountRead(tracking=True, parked=False, flip_in_s=86_400.0), events.SafetyRead(safe=True))
_FRAME = (
    *WELL,
    events.FramePreparing(number=1, frame_type="Light"),
    events.ExposureStarted(number=1, exposure_s=60.0),
    events.ExposureEnded(number=1),
    events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light"),
)


def _measured(hfr_px: float, stars: int) -> tuple[Event, ...]:
    saved = events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light", hfr_px=hfr_px, stars=stars)
    return (*_FRAME[:-1], saved)


SCENES = st.sampled_from(
    [
        WELL,
        _FRAME,
        (*WELL, events.PlanStarted(frame_type="Light")),
        (*WELL, events.SunRead(altitude_deg=-20.0), events.RefocusRequested()),
        (*WELL, events.RunRequested()),
        (*WELL, events.FlipStarted(), *WELL, events.FlipFinished()),
        (*WELL, events.UndoRequested()),
        (*WELL, events.TemperatureRead(focuser_c=10.0), events.TemperatureRead(focuser_c=9.0)),
        (*WELL, events.PlanStarted(frame_type="Light", filter="B")),
        (*WELL, events.PlanPaused(), *WELL, events.PlanResumed()),
        (*WELL, events.FilterChanged(former="L", filter="R", by="person"), *WELL, events.ConfirmationGiven(yes=True)),
        (*WELL, events.FilterChanging(filter="B"), *WELL, events.FilterChanged(former="L", filter="B")),
        (*WELL, events.FilterChanged(former="B", filter="R")),
        (*WELL, events.FlipStarted(), *WELL, events.CenteringFinished(), events.FlipFinished()),
        (*_measured(2.0, 100), *_measured(2.5, 60), *_measured(3.0, 50)),
    ]
)
_ANSWERS = st.tuples(st.sampled_from(["answers", "answers", "fails", "blurs", "late", "wrong"]), st.integers(1, 40))
ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.one_of(
        st.tuples(st.just("scene"), SCENES),
        _ANSWERS,
        _ANSWERS,
        st.tuples(st.just("scene"), EVENTS.map(lambda event: (event,))),
        st.tuples(st.just("wait"), st.sampled_from([1.0, 10.0, 100.0, 200.0, 1000.0])),
    ),
    min_size=20,
    max_size=60,
)
OFFSETS: dict[str, Any] = {
    "L": {"offset_steps": 100},
    "R": {"offset_steps": 130, "focus": "offset"},
    "B": {"offset_steps": 60, "focus": "via", "via": "L"},
}
"""One filter of each policy (O2)."""
_SOURCE = st.sampled_from(["device", "device", "device", "not_used"])
PROFILES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "triggers": st.fixed_dictionaries(
            {
                "temperature": st.just({"limit_c": 0.5, "min_readings": 2}),
                "count": st.sampled_from([{"frames": 1}, {"frames": 1}, {"enabled": False}]),
                "time": st.just({"minutes_min": 5.0}),
                "on_resume": st.booleans(),
                "after_centering": st.booleans(),
                "image_history": st.fixed_dictionaries(
                    {
                        "enabled": st.just(True),
                        "frames": st.integers(1, 2),
                        "metric": st.sampled_from(["hfr", "stars", "hfr_and_stars", "hfr_or_stars"]),
                        "judged": st.sampled_from(["average", "consecutive"]),
                        "only_east": st.booleans(),
                        "no_baseline": st.sampled_from(["wait", "refocus"]),
                    }
                ),
            }
        ),
        "filters": st.sampled_from(
            [{}, OFFSETS, OFFSETS, {"L": {"last_position": True}, "R": {"last_position": True}}]
        ),
        "guards": st.fixed_dictionaries(
            {
                "tracking": _SOURCE,
                "unparked": _SOURCE,
                "safe": _SOURCE,
                "flip_not_imminent": _SOURCE,
                "light_plan": st.sampled_from(["host", "host", "not_used"]),
                "astro_night": st.sampled_from(["ignore", "ignore", "require", "forbid"]),
            }
        ),
        "autofocus": st.fixed_dictionaries(
            {
                "points": st.just(5),
                "step_size_steps": st.just(30),
                "frames_per_point": st.sampled_from([1, 1, 1, 2]),
                "smart_points": st.integers(0, 3),
                "hold_after_focus_s": st.sampled_from([0.0, 0.0, 90.0]),
            }
        ),
        "failure": st.fixed_dictionaries(
            {
                "policy": st.sampled_from(["continue", "pause", "abort"]),
                "restore_retries": st.integers(0, 2),
                "retry_after_min": st.sampled_from([0.0, 5.0]),
            }
        ),
        "validation": st.fixed_dictionaries({"on_miss": st.sampled_from(["keep", "restore"])}),
        "compensation": st.fixed_dictionaries(
            {
                "enabled": st.booleans(),
                "mode": st.sampled_from(["real_time", "after_exposure"]),
                "steps_per_degree": st.just(12.0),
                "average_readings": st.just(1),
            }
        ),
    }
)


def play(profile: dict[str, Any], acts: list[Act]) -> SimulatedRig:
    """Play a night; effects that nobody answered wait."""
    rig = SimulatedRig(profile, best=10_015)
    answers: list[Event] = []
    for what, which in acts:
        if what == "scene":
            for event in which:
                rig.t += 10.0
                rig.send(event)
        elif what == "wait":
            rig.t += which
        elif what == "late" and answers:
            rig.send(answers[which % len(answers)])
        elif what == "wrong" and rig.waiting:
            rig.send(_wrong(rig.waiting[which % len(rig.waiting)]))
        elif what not in ("late", "wrong"):
            answers += _answered(rig, what, 1 + which // 6 if what == "fails" else which)
    return rig


def _wrong(effect: Effect) -> Event:
    """An answer of a kind that the effect does not have."""
    if effect.kind == "move_focuser":
        return events.PlanAborted(effect=effect.id)
    return events.FocuserMoved(effect=effect.id, position=3)


def _answered(rig: SimulatedRig, how: str, number: int) -> Iterator[Event]:
    """Answer the effects that wait longest: as they should be, with failures, or out of focus."""
    for _ in range(number):
        if not rig.waiting:
            return
        effect = rig.waiting.popleft()
        answer = failed(effect) if how == "fails" else rig.ideal(effect)
        if how == "blurs" and isinstance(answer, events.FrameMeasured):
            answer = replace(answer, value=5.0)
        rig.send(answer)
        yield answer


_SHUTTER_CLOSED = (
    *(events.PlanStarted, events.FramePreparing, events.ExposureFailed, events.FrameSaved),
    *(events.PlanFinished, events.PlanAborted),
)


_THEIR_FOCUS_ENDS = (events.HostRefocused, events.HostLost, events.ExposureStarted, events.TriggersResumed)


@dataclass
class Oracle:
    """What was said, and when; made from events only, by other means than the core's own."""

    guards: Any
    takes_s: float
    said: dict[str, tuple[Any, float]] = field(default_factory=dict)
    running: bool = False
    flipping: bool = False
    shutter: bool = False
    armed: bool = True
    paused: bool = False
    aids: int = 0
    turning: bool = False
    focusing: bool = False
    ahead: set[str] = field(default_factory=set)
    filter: str | None = None

    def hear(self, happening: Happening) -> None:
        """Take an event in."""
        t, event = happening.t, happening.event
        left = [effect for step in happening.steps for effect in step.effects if effect.kind == "leave_plan_paused"]
        self.paused = self.paused or bool(left)
        if isinstance(event, _THEIR_FOCUS_ENDS):
            self.focusing = False
        match event:
            case events.MountRead():
                self.said |= {
                    "tracking": (event.tracking, t),
                    "parked": (event.parked, t),
                    "flip": (event.flip_in_s, t),
                }
            case events.SafetyRead():
                self.said["safe"] = (event.safe, t)
            case events.SunRead():
                self.said["sun"] = (event.altitude_deg, t)
            case events.AidOpened() | events.AidClosed():
                self.aids = int(isinstance(event, events.AidOpened))
            case events.TriggersPaused() | events.TriggersResumed():
                self.armed = isinstance(event, events.TriggersResumed)
            case events.FlipStarted():
                self.flipping = True
            case events.HostFocusing():
                self.focusing = True
            case events.FilterSet() if happening.steps[0].outcome != "stale":
                self.filter = event.filter
            case _:
                self._hear_shutter(event)
                self._hear_wheel(event)
                self._hear_plan(event, t)

    def _hear_shutter(self, event: Event) -> None:
        if isinstance(event, events.ExposureStarted):
            self.flipping, self.shutter = False, True
        elif isinstance(event, _SHUTTER_CLOSED):
            self.shutter = False

    def _hear_wheel(self, event: Event) -> None:
        over = isinstance(event, events.PlanFinished | events.PlanAborted | events.HostLost)
        if isinstance(event, events.PlanStarted | events.FilterChanged):
            self.filter = event.filter or self.filter
        if isinstance(event, events.FilterChanging | events.FilterChanged | events.ExposureFailed) or over:
            self.turning = isinstance(event, events.FilterChanging)
        if over or isinstance(event, events.PlanStarted | events.FramePreparing):
            self.ahead = set()
        if isinstance(event, events.FilterChanged):
            self.ahead -= {"filter"}
        if isinstance(event, events.FlipFinished):
            self.ahead -= {"flip"}
        if isinstance(event, events.FrameSaved):
            turns = event.next_filter is not None and event.next_filter != self.filter
            self.ahead = {name for name, comes in (("filter", turns), ("flip", event.flip_next)) if comes}

    def _hear_plan(self, event: Event, t: float) -> None:
        if isinstance(event, events.FlipFinished):
            self.flipping, self.said["flip"] = False, (86_400.0, t)
        if isinstance(event, events.PlanStarted):
            self.running = True
        if isinstance(event, events.PlanStarted | events.PlanResumed | events.FramePreparing):
            self.paused = False
        if isinstance(event, events.PlanPaused):
            self.paused = True
        if isinstance(event, events.PlanFinished | events.PlanAborted | events.HostLost):
            self.running = self.flipping = False
        if isinstance(event, events.PlanStarted | events.FramePreparing):
            self.said["type"] = (event.frame_type, t)
        elif isinstance(event, events.FrameSaved):
            self.said["type"] = (event.next_frame_type, t)
        elif event.kind.split("_")[0] in ("exposure", "filter", "flip", "plan") and "type" in self.said:
            self.said["type"] = (self.said["type"][0], t)

    def forbids(self, t: float) -> list[str]:
        """Names of the guards that must block an automatic run now."""

        def heard(name: str) -> Any:
            value, since = self.said.get(name, (None, -1e9))
            stands = name == "type" and self.paused  # a paused plan stands still: what it said last still holds
            return value if stands or t - since <= self.guards.stale_after_s else None

        sun, flip = heard("sun"), heard("flip")
        night = None if sun is None else sun <= -18.0
        wanted = {"require": True, "forbid": False}.get(self.guards.astro_night)
        allowed = {
            "tracking": self.guards.tracking == "not_used" or heard("tracking") is True,
            "unparked": self.guards.unparked == "not_used" or heard("parked") is False,
            "safe": self.guards.safe == "not_used" or heard("safe") is True,
            "flip_not_imminent": self.guards.flip_not_imminent == "not_used" or (flip or 0.0) > self.takes_s,
            "light_plan": self.guards.light_plan == "not_used" or not self.running or heard("type") == "Light",
            "astro_night": wanted is None or night is wanted,
            "aids_closed": not self.aids,
            "triggers_armed": self.armed,
            "focuser_ours": not self.focusing,
        }
        return [name for name, passes in allowed.items() if not passes]


def restores_failed(log: list[Happening]) -> int:
    """How many of the last tries to move back failed in a row, up to the end of the log."""
    back = {
        effect.id
        for happening in log
        for step in happening.steps
        for effect in step.effects
        if isinstance(effect, MoveFocuser) and effect.purpose == "restore"
    }
    count = 0
    for happening in log:
        event = happening.event
        if isinstance(event, events.Answer) and event.effect in back and happening.steps[0].outcome != "stale":
            count = count + 1 if isinstance(event, events.EffectFailed) else 0
    return count
