"""The host of the gate: scripts call from any thread, and all of it is worked off in one lane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from statefocus import events
from statefocus.hosts.gate.answering import ENDED, Answering
from statefocus.hosts.gate.asking import Answer, Asking, GateCall, Ticket

OVERDUE_S = 1800.0
_LONG_S = 86_400.0


class GateHost(Answering):
    """Attends a program that calls scripts.

    Parameters
    ----------
    given
        What surrounds it; its `rig.filter_wheel` is turned where the profile allows it.

    Attributes
    ----------
    session_rests
        Set by whoever puts it within reach: whether nothing of the session is under way.
    tell
        Set likewise: tells a person, and keeps what was told.
    """

    resident = True
    total_frames = 0

    # --- what scripts ask, from any thread ---

    def gate(self, call: GateCall) -> Asking:
        """Ask whether the next frame may start; the ticket has the answer once there is one."""
        asking = Asking(call)
        self._begin(self._arrive(asking))
        return asking

    def leave(self, asking: Ticket) -> None:
        """Nobody waits for that answer any more, or nobody could be given it."""
        if isinstance(asking, Asking):
            asking.abandon()
            self._begin(self._gone(asking))

    def notify(self, word: str, told: Mapping[str, Any]) -> Ticket:
        """Tell what the host does; the ticket has what became of it."""
        ticket = Ticket()
        self._begin(self._take_notice(ticket, word, told))
        return ticket

    # --- what statefocus asks of it, on the session's thread ---

    def attend(self) -> None:
        """Nothing is to be done before the first call."""

    def hold(self, effect: int) -> None:
        """Hold the plan at the next gate call, or at once where nothing of it is under way."""
        self._held_for, self._hold_told = effect, False
        self._begin(self._go_on())

    def release(self, effect: int) -> None:
        """Let the plan go on; what a gap has to tell comes after it."""
        self._post(events.PlanReleased(effect=effect))
        self._held_for = None
        self._begin(self._go_on())

    def abort(self, effect: int) -> None:
        """Give the plan up: calls are told to stop until another one begins."""
        self._given_up, self._plan_runs, self._held_for = True, False, None
        self._post(events.PlanAborted(effect=effect))
        self._begin(self._go_on())

    def leave_paused(self) -> None:
        """Turn our hold into a pause that a person ends."""
        self._left_paused, self._held_for = True, None
        self._begin(self._go_on())

    def pause(self, *, paused: bool) -> None:
        """Let no frame go, or let them go again, as a person wants it."""
        self._here_paused = paused
        self._begin(self._go_on())

    def stop(self) -> None:
        """Answer whoever waits, once what is under way is put back: the session ends."""
        self._ended = True
        if not self._run_stands:
            self._held_for = None
        if self._is_at_rest():
            self.answer_all()
        else:
            self._begin(self._go_on())

    def answer_all(self) -> None:
        """Leave nobody who still waits without an answer: nothing moves any more."""
        self._ended = True
        asking = self._asking
        if asking is not None:
            asking.settle(Answer("down", ENDED))

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""
        self._filter = name

    def flip_in_s(self) -> float | None:
        """Time to the next meridian flip by the mount; None without one. One that is long overdue will not come."""
        if self._rig.mount is None:
            return None
        state = self._rig.mount.state()
        due_s = state.to_transit_s + 60 * self._settings.flip_after_meridian_min
        return due_s if state.west and due_s > -OVERDUE_S else _LONG_S

    def close(self) -> None:
        """Nobody who still waits is left without an answer."""
        self.answer_all()
