"""Random nights with one focuser: whatever moves it, ours or not, moves it, and it is looked at as a host looks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from statefocus import events, owning
from statefocus.effects import MoveFocuser
from statefocus.events import Event
from statefocus.session import Step
from statefocus.testing import SimulatedRig, failed

from .nights import EVENTS, PROFILES, SCENES, WELL, Act

_STEPS = st.sampled_from([-300, -40, 40, 300])
_WARMER = st.sampled_from([8.0, 9.0, 10.0, 11.0, 12.0])
_THEIRS: list[tuple[Event, ...]] = [
    (events.HostFocusing(),),
    (
        *(events.HostFocusing(), events.HostRefocused(position=None), *WELL),
        *(events.TemperatureRead(focuser_c=c) for c in (8.0, 12.0)),
    ),
    (events.AidOpened(aid="Bahtinov Aid"), events.AidClosed(aid="Bahtinov Aid")),
]
WATCHED_ACTS: st.SearchStrategy[list[Act]] = st.lists(
    st.one_of(
        st.tuples(st.just("scene"), SCENES),
        st.tuples(st.just("scene"), EVENTS.map(lambda event: (event,))),
        st.tuples(st.just("scene"), _WARMER.map(lambda c: (*WELL, events.TemperatureRead(focuser_c=c)))),
        st.tuples(st.just("scene"), st.sampled_from(_THEIRS)),
        st.tuples(st.sampled_from(["answers", "answers", "fails"]), st.integers(1, 6)),
        st.tuples(st.just("strays"), _WARMER),
        st.tuples(st.just("robbed"), _STEPS),
        st.tuples(st.just("answers"), st.just(1000)),
        st.tuples(st.just("hand"), _STEPS),
        st.tuples(st.just("look"), st.just(1)),
        st.tuples(st.just("wait"), st.sampled_from([10.0, 1000.0])),
    ),
    min_size=10,
    max_size=60,
)
"""As in other random nights, and ("hand", steps) by which a person or a program moves the focuser,
("look", 1), and ("strays", degrees): it gets as warm, and a correction that follows fails;
("robbed", steps): another hand is seen, and then the host focuses, in vain."""
WATCHED_PROFILES: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda profile, policy: {**profile, "focuser": {"other_hand": policy}},
    PROFILES,
    st.sampled_from(["refuse", "refuse", "hand_over"]),
)
_AWAY = 37
"""Steps by which the host's own autofocus leaves the focuser elsewhere, where it tells of no focus."""


class Watched:
    """A night, and what is amiss in it.

    Attributes
    ----------
    unseen
        Something else has moved the focuser, and nobody has looked since.
    failed
        A move of ours has failed, and nobody has looked since.
    taken
        Another hand was seen, and no person has taken the focuser back.
    """

    def __init__(self, profile: dict[str, Any]) -> None:
        self.rig = SimulatedRig(profile, best=10_015)
        self.rig.looks = False
        self.unseen = self.failed = self.taken = False
        self.amiss: list[str] = []

    def act(self, act: Act) -> None:
        """Let something happen."""
        what, which = act
        if what == "scene":
            self._scene(which)
        elif what == "wait":
            self.rig.t += which
        elif what == "look":
            self._look()
        elif what == "hand":
            self._turn(which)
        elif what == "robbed":
            self.act(("answers", 1000))
            self._turn(which)
            self._look()
            self._scene(_THEIRS[1])
        elif what == "strays":
            self.act(("answers", 1000))
            self.act(("scene", (events.TemperatureRead(focuser_c=which),)))
            self.act(("fails", sum(isinstance(effect, MoveFocuser) for effect in self.rig.waiting)))
        else:
            for _ in range(min(which, 1 + len(self.rig.waiting)) if what == "fails" else which):
                if self.rig.waiting:
                    self._answer(fails=what == "fails")

    def _scene(self, scene: tuple[Event, ...]) -> None:
        for event in scene:
            self.rig.t += 10.0
            self._happens(event)

    def _happens(self, event: Event) -> None:
        if isinstance(event, events.FocuserRead):
            return
        if isinstance(event, events.HostFocusing):
            self.rig.position, self.unseen = self.rig.position + _AWAY, True
        if isinstance(event, events.HostRefocused) and event.position is not None:
            self.rig.position, self.unseen, self.taken = event.position, False, False
        self._send(event)

    def _turn(self, steps: int) -> None:
        """Somebody moves the focuser while it stands still: as agreed where an aid is open."""
        context = self.rig.state.context
        moving = context.run is not None or any(one.kind == "move_focuser" for one in context.pending.values())
        if not moving:
            self.rig.position += steps
            self.unseen = self.unseen or not context.plan.aids

    def _answer(self, *, fails: bool) -> None:
        effect = self.rig.waiting.popleft()
        answer = failed(effect) if fails else self.rig.ideal(effect)
        if isinstance(effect, MoveFocuser):
            self.failed, self.unseen = fails, self.unseen and fails
            self.rig.position = (self.rig.position + effect.position) // 2 if fails else self.rig.position
        self._send(answer)

    def _look(self) -> None:
        expected = owning.expected(self.rig.state.context)
        if expected is None:
            return
        news = expected.position is None or self._apart(expected.position)
        hand = news and expected.position is not None and not self.failed
        self.unseen = self.failed = False
        if hand and self.rig.profile.focuser.other_hand == "refuse":
            self.taken = True
        if news:
            self._send(events.FocuserRead(position=self.rig.position, driver_compensation=False))

    def _apart(self, position: int) -> bool:
        return abs(position - self.rig.position) > self.rig.profile.focuser.tolerance_steps

    def _send(self, event: Event) -> None:
        before = self.rig.state.context
        steps = self.rig.send(event)
        now = self.rig.state.context
        begun = now.runs > before.runs
        by_person = isinstance(event, events.RunRequested | events.UndoRequested) and begun
        if by_person or isinstance(event, events.TriggersResumed):
            self.taken = False
        if self.taken and (begun or _moved_beside(steps)):
            self.amiss.append(f"{event.kind} lets the focuser be moved against another hand")
        expected = owning.expected(now)
        if expected is None or expected.position is None or self.unseen:
            return
        if self._apart(expected.position):
            self.amiss.append(f"{event.kind}: believed at {expected.position}, and stands at {self.rig.position}")


def _moved_beside(steps: tuple[Step, ...]) -> bool:
    """Whether a machine beside the session moves the focuser: no run does that."""
    emitted = [effect for step in steps if step.machine != "session" for effect in step.effects]
    return any(isinstance(effect, MoveFocuser) for effect in emitted)
